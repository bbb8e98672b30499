//! Networks, subnets, zones and prefix lists: what tests and users put gateways into.

use std::collections::BTreeMap;

use ipnet::Ipv4Net;

use super::filter::{Filters, page};
use super::objects::{PrefixList, Subnet, Vpc};
use super::refusals::parse;
use super::region::{Answer, Region};
use super::tags::{done, not_found, requested};
use super::xml::Xml;
use crate::error::ApiError;
use crate::params::Params;

impl Region {
    pub(crate) fn create_vpc(&mut self, params: &Params) -> Answer {
        let cidr: Ipv4Net = parse("cidrBlock", params.required("CidrBlock")?)?;
        if !(16..=28).contains(&cidr.prefix_len()) {
            return Err(ApiError::new("InvalidVpc.Range", format!("The CIDR '{cidr}' is invalid.")));
        }
        let tags = requested(params, "vpc")?;
        let id = self.register("vpc", tags);
        self.vpcs.insert(id.clone(), Vpc { cidr: cidr.trunc() });
        let main = self.add_route_table(&id, None);
        let association = self.new_id("rtbassoc");
        if let Some(table) = self.route_tables.get_mut(&main) {
            table.main = Some(association);
        }
        let mut xml = Xml::new();
        xml.element("vpc", |xml| self.write_vpc(xml, &id, &self.vpcs[&id], "pending"));
        Ok(xml)
    }

    pub(crate) fn describe_vpcs(&self, params: &Params) -> Answer {
        let filters =
            Filters::parse(params, &["cidr", "cidr-block", "is-default", "isDefault", "owner-id", "state", "vpc-id"])?;
        let ids = params.list("VpcId");
        if let Some(id) = ids.iter().find(|id| self.visible(&self.vpcs, id).is_none()) {
            return Err(not_found(id));
        }
        let found = self.vpcs.iter().filter(|(id, vpc)| {
            self.is_visible(id)
                && (ids.is_empty() || ids.contains(&id.as_str()))
                && filters.accept(self.tags_of(id), |name| {
                    vec![match name {
                        "vpc-id" => (*id).clone(),
                        "state" => "available".to_owned(),
                        "owner-id" => self.account.clone(),
                        "is-default" | "isDefault" => "false".to_owned(),
                        _ => vpc.cidr.to_string(),
                    }]
                })
        });
        let page = page(params, (5, 1000), found.collect())?;
        let mut xml = Xml::new();
        xml.items("vpcSet", page.items, |xml, (id, vpc)| self.write_vpc(xml, id, vpc, "available"));
        xml.optional("nextToken", page.next);
        Ok(xml)
    }

    fn write_vpc(&self, xml: &mut Xml, id: &str, vpc: &Vpc, state: &str) {
        xml.text("vpcId", id);
        xml.text("ownerId", &self.account);
        xml.text("state", state);
        xml.text("cidrBlock", vpc.cidr);
        xml.items("cidrBlockAssociationSet", [vpc.cidr], |xml, cidr| {
            xml.text("cidrBlock", cidr);
            xml.text("associationId", id.replacen("vpc", "vpc-cidr-assoc", 1));
            xml.element("cidrBlockState", |xml| xml.text("state", "associated"));
        });
        xml.text("dhcpOptionsId", "dopt-0a1b2c3d4e5f60718");
        xml.text("instanceTenancy", "default");
        xml.text("isDefault", false);
        self.write_tags(xml, id);
    }

    pub(crate) fn delete_vpc(&mut self, params: &Params) -> Answer {
        let id = params.required("VpcId")?;
        if self.visible(&self.vpcs, id).is_none() {
            return Err(not_found(id));
        }
        let in_use = self.subnets.values().any(|subnet| subnet.vpc == id)
            || self.internet_gateway_of(id).is_some()
            || self.route_tables.values().any(|table| table.vpc == id && table.main.is_none())
            || self.nat_gateways.values().any(|gateway| gateway.vpc == id && gateway.state.exists());
        if in_use {
            return Err(ApiError::dependency(format!("The vpc '{id}' has dependencies and cannot be deleted.")));
        }
        let main = self.route_tables.iter().find(|(_, table)| table.vpc == id).map(|(main, _)| main.clone());
        if let Some(main) = main {
            self.route_tables.remove(&main);
            self.forget(&main);
        }
        self.vpcs.remove(id);
        self.forget(id);
        Ok(done())
    }

    pub(crate) fn create_subnet(&mut self, params: &Params) -> Answer {
        let vpc = params.required("VpcId")?;
        let cidr: Ipv4Net = parse("cidrBlock", params.required("CidrBlock")?)?;
        let within = self.visible(&self.vpcs, vpc).ok_or_else(|| not_found(vpc))?.cidr;
        if !within.contains(&cidr) || !(16..=28).contains(&cidr.prefix_len()) {
            return Err(ApiError::new("InvalidSubnet.Range", format!("The CIDR '{cidr}' is invalid.")));
        }
        let overlaps =
            |subnet: &Subnet| subnet.vpc == vpc && (subnet.cidr.contains(&cidr) || cidr.contains(&subnet.cidr));
        if self.subnets.values().any(overlaps) {
            let message = format!("The CIDR '{cidr}' conflicts with another subnet");
            return Err(ApiError::new("InvalidSubnet.Conflict", message));
        }
        let zone = self.zone(params.get("AvailabilityZone"), params.get("AvailabilityZoneId"))?;
        let zone = zone.unwrap_or_else(|| format!("{}a", self.name));
        let tags = requested(params, "subnet")?;
        let id = self.register("subnet", tags);
        self.subnets.insert(id.clone(), Subnet { vpc: vpc.to_owned(), cidr: cidr.trunc(), zone });
        let mut xml = Xml::new();
        xml.element("subnet", |xml| self.write_subnet(xml, &id, &self.subnets[&id]));
        Ok(xml)
    }

    pub(crate) fn describe_subnets(&self, params: &Params) -> Answer {
        const FILTERS: [&str; 10] = [
            "availability-zone",
            "availability-zone-id",
            "availabilityZone",
            "cidr",
            "cidr-block",
            "default-for-az",
            "owner-id",
            "state",
            "subnet-id",
            "vpc-id",
        ];
        let filters = Filters::parse(params, &FILTERS)?;
        let ids = params.list("SubnetId");
        if let Some(id) = ids.iter().find(|id| self.visible(&self.subnets, id).is_none()) {
            return Err(not_found(id));
        }
        let found = self.subnets.iter().filter(|(id, subnet)| {
            self.is_visible(id)
                && (ids.is_empty() || ids.contains(&id.as_str()))
                && filters.accept(self.tags_of(id), |name| {
                    vec![match name {
                        "subnet-id" => (*id).clone(),
                        "vpc-id" => subnet.vpc.clone(),
                        "availability-zone" | "availabilityZone" => subnet.zone.clone(),
                        "availability-zone-id" => self.zone_id(&subnet.zone).unwrap_or_default(),
                        "state" => "available".to_owned(),
                        "owner-id" => self.account.clone(),
                        "default-for-az" => "false".to_owned(),
                        _ => subnet.cidr.to_string(),
                    }]
                })
        });
        let page = page(params, (5, 1000), found.collect())?;
        let mut xml = Xml::new();
        xml.items("subnetSet", page.items, |xml, (id, subnet)| self.write_subnet(xml, id, subnet));
        xml.optional("nextToken", page.next);
        Ok(xml)
    }

    fn write_subnet(&self, xml: &mut Xml, id: &str, subnet: &Subnet) {
        xml.text("subnetId", id);
        xml.text("subnetArn", self.arn("subnet", id));
        xml.text("state", "available");
        xml.text("ownerId", &self.account);
        xml.text("vpcId", &subnet.vpc);
        xml.text("cidrBlock", subnet.cidr);
        xml.text("availableIpAddressCount", self.free_private_ips(id));
        xml.text("availabilityZone", &subnet.zone);
        xml.optional("availabilityZoneId", self.zone_id(&subnet.zone));
        xml.text("defaultForAz", false);
        xml.text("mapPublicIpOnLaunch", false);
        xml.text("assignIpv6AddressOnCreation", false);
        self.write_tags(xml, id);
    }

    pub(crate) fn delete_subnet(&mut self, params: &Params) -> Answer {
        let id = params.required("SubnetId")?;
        if self.visible(&self.subnets, id).is_none() {
            return Err(not_found(id));
        }
        if self.network_interfaces.values().any(|interface| interface.subnet.as_deref() == Some(id)) {
            return Err(ApiError::dependency(format!("The subnet '{id}' has dependencies and cannot be deleted.")));
        }
        for table in self.route_tables.values_mut() {
            table.subnets.retain(|_, subnet| subnet != id);
        }
        self.subnets.remove(id);
        self.forget(id);
        Ok(done())
    }

    pub(crate) fn describe_availability_zones(&self, params: &Params) -> Answer {
        let filters = Filters::parse(
            params,
            &["group-name", "region-name", "state", "zone-id", "zone-name", "zone-type", "opt-in-status"],
        )?;
        let (names, ids) = (params.list("ZoneName"), params.list("ZoneId"));
        for name in &names {
            self.zone(Some(name), None)?;
        }
        for id in &ids {
            self.zone(None, Some(id))?;
        }
        let zones = self.zones().into_iter().map(|zone| (self.zone_id(&zone).unwrap_or_default(), zone));
        let found = zones.filter(|(id, zone)| {
            (names.is_empty() || names.contains(&zone.as_str()))
                && (ids.is_empty() || ids.contains(&id.as_str()))
                && filters.accept(&BTreeMap::new(), |name| {
                    vec![match name {
                        "zone-id" => id.clone(),
                        "zone-name" => zone.clone(),
                        "state" => "available".to_owned(),
                        "zone-type" => "availability-zone".to_owned(),
                        "opt-in-status" => "opt-in-not-required".to_owned(),
                        _ => self.name.clone(),
                    }]
                })
        });
        let mut xml = Xml::new();
        xml.items("availabilityZoneInfo", found, |xml, (id, zone)| {
            xml.text("zoneName", zone);
            xml.text("zoneId", id);
            xml.text("zoneState", "available");
            xml.text("zoneType", "availability-zone");
            xml.text("regionName", &self.name);
            xml.text("groupName", format!("{}-zg-1", self.name));
            xml.text("networkBorderGroup", &self.name);
            xml.text("optInStatus", "opt-in-not-required");
            xml.items("messageSet", std::iter::empty::<()>(), |_, ()| ());
        });
        Ok(xml)
    }

    pub(crate) fn create_managed_prefix_list(&mut self, params: &Params) -> Answer {
        let list = PrefixList {
            name: params.required("PrefixListName")?.to_owned(),
            family: params.required("AddressFamily")?.to_owned(),
            max_entries: params.number("MaxEntries")?.ok_or_else(|| ApiError::missing("MaxEntries"))?,
        };
        let tags = requested(params, "prefix-list")?;
        let id = self.register("pl", tags);
        self.prefix_lists.insert(id.clone(), list);
        let mut xml = Xml::new();
        xml.element("prefixList", |xml| self.write_prefix_list(xml, &id, &self.prefix_lists[&id]));
        Ok(xml)
    }

    pub(crate) fn describe_managed_prefix_lists(&self, params: &Params) -> Answer {
        let filters = Filters::parse(params, &["owner-id", "prefix-list-id", "prefix-list-name"])?;
        let ids = params.list("PrefixListId");
        if let Some(id) = ids.iter().find(|id| self.visible(&self.prefix_lists, id).is_none()) {
            return Err(not_found(id));
        }
        let found = self.prefix_lists.iter().filter(|(id, list)| {
            self.is_visible(id)
                && (ids.is_empty() || ids.contains(&id.as_str()))
                && filters.accept(self.tags_of(id), |name| {
                    vec![match name {
                        "owner-id" => self.account.clone(),
                        "prefix-list-id" => (*id).clone(),
                        _ => list.name.clone(),
                    }]
                })
        });
        let page = page(params, (1, 100), found.collect())?;
        let mut xml = Xml::new();
        xml.items("prefixListSet", page.items, |xml, (id, list)| self.write_prefix_list(xml, id, list));
        xml.optional("nextToken", page.next);
        Ok(xml)
    }

    fn write_prefix_list(&self, xml: &mut Xml, id: &str, list: &PrefixList) {
        xml.text("prefixListId", id);
        xml.text("addressFamily", &list.family);
        xml.text("state", "create-complete");
        xml.text("prefixListArn", self.arn("prefix-list", id));
        xml.text("prefixListName", &list.name);
        xml.text("maxEntries", list.max_entries);
        xml.text("version", 1);
        xml.text("ownerId", &self.account);
        self.write_tags(xml, id);
    }
}
