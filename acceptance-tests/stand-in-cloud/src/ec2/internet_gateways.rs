//! Internet gateways and network interfaces.

use std::net::Ipv4Addr;

use super::filter::{Filters, page};
use super::objects::{InternetGateway, NetworkInterface, Subnet};
use super::refusals::parse;
use super::region::{Answer, Region};
use super::tags::{done, not_found, requested};
use super::xml::Xml;
use crate::error::ApiError;
use crate::params::Params;

/// Addresses at the start of each subnet, and one at its end, that the cloud keeps.
const KEPT_AT_START: usize = 4;

impl Region {
    pub(crate) fn create_internet_gateway(&mut self, params: &Params) -> Answer {
        let tags = requested(params, "internet-gateway")?;
        let id = self.register("igw", tags);
        self.internet_gateways.insert(id.clone(), InternetGateway::default());
        let mut xml = Xml::new();
        xml.element("internetGateway", |xml| self.write_internet_gateway(xml, &id, &self.internet_gateways[&id]));
        Ok(xml)
    }

    pub(crate) fn attach_internet_gateway(&mut self, params: &Params) -> Answer {
        let (id, vpc) = (params.required("InternetGatewayId")?, params.required("VpcId")?);
        let gateway = self.visible(&self.internet_gateways, id).ok_or_else(|| not_found(id))?;
        if self.visible(&self.vpcs, vpc).is_none() {
            return Err(not_found(vpc));
        }
        if let Some(other) = &gateway.vpc {
            let message = format!("resource {id} is already attached to network {other}");
            return Err(ApiError::new("Resource.AlreadyAssociated", message));
        }
        if self.internet_gateway_of(vpc).is_some() {
            let message = format!("Network {vpc} already has an internet gateway attached");
            return Err(ApiError::invalid(message));
        }
        self.internet_gateways.insert(id.to_owned(), InternetGateway { vpc: Some(vpc.to_owned()) });
        Ok(done())
    }

    pub(crate) fn detach_internet_gateway(&mut self, params: &Params) -> Answer {
        let (id, vpc) = (params.required("InternetGatewayId")?, params.required("VpcId")?);
        let gateway = self.visible(&self.internet_gateways, id).ok_or_else(|| not_found(id))?;
        if gateway.vpc.as_deref() != Some(vpc) {
            let message = format!("resource {id} is not attached to network {vpc}");
            return Err(ApiError::new("Gateway.NotAttached", message));
        }
        let mapped = self.nat_gateways.values().any(|nat| nat.vpc == vpc && nat.public && nat.state.exists());
        if mapped {
            let message = format!(
                "Network {vpc} has some mapped public address(es). Please unmap those public address(es) before detaching the gateway."
            );
            return Err(ApiError::dependency(message));
        }
        self.internet_gateways.insert(id.to_owned(), InternetGateway::default());
        Ok(done())
    }

    pub(crate) fn delete_internet_gateway(&mut self, params: &Params) -> Answer {
        let id = params.required("InternetGatewayId")?;
        let gateway = self.visible(&self.internet_gateways, id).ok_or_else(|| not_found(id))?;
        if gateway.vpc.is_some() {
            return Err(ApiError::dependency(format!(
                "The internetGateway '{id}' has dependencies and cannot be deleted."
            )));
        }
        self.internet_gateways.remove(id);
        self.forget(id);
        Ok(done())
    }

    pub(crate) fn describe_internet_gateways(&self, params: &Params) -> Answer {
        let filters =
            Filters::parse(params, &["attachment.state", "attachment.vpc-id", "internet-gateway-id", "owner-id"])?;
        let ids = params.list("InternetGatewayId");
        if let Some(id) = ids.iter().find(|id| self.visible(&self.internet_gateways, id).is_none()) {
            return Err(not_found(id));
        }
        let found = self.internet_gateways.iter().filter(|(id, gateway)| {
            self.is_visible(id)
                && (ids.is_empty() || ids.contains(&id.as_str()))
                && filters.accept(self.tags_of(id), |name| match name {
                    "internet-gateway-id" => vec![(*id).clone()],
                    "owner-id" => vec![self.account.clone()],
                    "attachment.vpc-id" => gateway.vpc.iter().cloned().collect(),
                    _ => gateway.vpc.iter().map(|_| "available".to_owned()).collect(),
                })
        });
        let page = page(params, (5, 1000), found.collect())?;
        let mut xml = Xml::new();
        xml.items("internetGatewaySet", page.items, |xml, (id, gateway)| self.write_internet_gateway(xml, id, gateway));
        xml.optional("nextToken", page.next);
        Ok(xml)
    }

    fn write_internet_gateway(&self, xml: &mut Xml, id: &str, gateway: &InternetGateway) {
        xml.text("internetGatewayId", id);
        xml.text("ownerId", &self.account);
        xml.items("attachmentSet", &gateway.vpc, |xml, vpc| {
            xml.text("vpcId", vpc);
            xml.text("state", "available");
        });
        self.write_tags(xml, id);
    }

    /// The private addresses in use in a subnet.
    pub(crate) fn private_ips_in(&self, subnet: &str) -> Vec<Ipv4Addr> {
        let inside = self.network_interfaces.values().filter(|interface| interface.subnet.as_deref() == Some(subnet));
        inside.flat_map(|interface| interface.private_ips.iter().copied()).collect()
    }

    /// How many private addresses a subnet has left.
    pub(crate) fn free_private_ips(&self, subnet: &str) -> usize {
        let Some(found) = self.subnets.get(subnet) else { return 0 };
        let size = 1_usize << (32 - u32::from(found.cidr.prefix_len()));
        (size - KEPT_AT_START - 1).saturating_sub(self.private_ips_in(subnet).len())
    }

    /// Gives an interface the address wanted, or the first that is free.
    pub(crate) fn take_private_ip(&mut self, interface: &str, wanted: Option<Ipv4Addr>) -> Option<Ipv4Addr> {
        let subnet = self.network_interfaces.get(interface)?.subnet.clone()?;
        let (cidr, used) = (self.subnets.get(&subnet)?.cidr, self.private_ips_in(&subnet));
        // hosts() leaves out the network's own address already.
        let mut free = cidr.hosts().skip(KEPT_AT_START - 1).filter(|ip| !used.contains(ip));
        let ip = wanted.or_else(|| free.next())?;
        self.network_interfaces.get_mut(interface)?.private_ips.push(ip);
        Some(ip)
    }

    pub(crate) fn create_network_interface(&mut self, params: &Params) -> Answer {
        let subnet = params.required("SubnetId")?;
        if self.visible(&self.subnets, subnet).is_none() {
            return Err(not_found(subnet));
        }
        let wanted = params.get("PrivateIpAddress").map(|ip| parse("PrivateIpAddress", ip)).transpose()?;
        if self.free_private_ips(subnet) == 0 {
            let message = "The specified subnet does not have enough free addresses to satisfy the request.";
            return Err(ApiError::new("InsufficientFreeAddressesInSubnet", message));
        }
        let tags = requested(params, "network-interface")?;
        let id = self.register("eni", tags);
        let description = params.get("Description").unwrap_or_default().to_owned();
        let (subnet, private_ips) = (Some(subnet.to_owned()), Vec::new());
        let interface = NetworkInterface { subnet, private_ips, nat_gateway: None, description };
        self.network_interfaces.insert(id.clone(), interface);
        self.take_private_ip(&id, wanted);
        let mut xml = Xml::new();
        xml.element("networkInterface", |xml| self.write_network_interface(xml, &id, &self.network_interfaces[&id]));
        Ok(xml)
    }

    pub(crate) fn delete_network_interface(&mut self, params: &Params) -> Answer {
        let id = params.required("NetworkInterfaceId")?;
        let interface = self.visible(&self.network_interfaces, id).ok_or_else(|| not_found(id))?;
        if interface.nat_gateway.is_some() {
            let message = format!("Network interface '{id}' is currently in use.");
            return Err(ApiError::new("InvalidNetworkInterface.InUse", message));
        }
        self.network_interfaces.remove(id);
        self.forget(id);
        for address in self.addresses.values_mut() {
            address.claim.take_if(|claim| claim.network_interface.as_deref() == Some(id));
        }
        Ok(done())
    }

    pub(crate) fn describe_network_interfaces(&self, params: &Params) -> Answer {
        const FILTERS: [&str; 9] = [
            "association.allocation-id",
            "addresses.private-ip-address",
            "attachment.status",
            "description",
            "interface-type",
            "network-interface-id",
            "status",
            "subnet-id",
            "vpc-id",
        ];
        let filters = Filters::parse(params, &FILTERS)?;
        let ids = params.list("NetworkInterfaceId");
        if let Some(id) = ids.iter().find(|id| self.visible(&self.network_interfaces, id).is_none()) {
            return Err(not_found(id));
        }
        let found = self.network_interfaces.iter().filter(|(id, interface)| {
            self.is_visible(id)
                && (ids.is_empty() || ids.contains(&id.as_str()))
                && filters.accept(self.tags_of(id), |name| match name {
                    "addresses.private-ip-address" => interface.private_ips.iter().map(ToString::to_string).collect(),
                    "association.allocation-id" => self.allocations_on(id),
                    "attachment.status" => interface.nat_gateway.iter().map(|_| "attached".to_owned()).collect(),
                    "description" => vec![interface.description.clone()],
                    "interface-type" => vec![interface_type(interface).to_owned()],
                    "network-interface-id" => vec![(*id).clone()],
                    "status" => vec![interface_status(interface).to_owned()],
                    "subnet-id" => interface.subnet.iter().cloned().collect(),
                    _ => self.subnet_of(interface).map(|subnet| subnet.vpc.clone()).into_iter().collect(),
                })
        });
        let page = page(params, (5, 1000), found.collect())?;
        let mut xml = Xml::new();
        xml.items("networkInterfaceSet", page.items, |xml, (id, interface)| {
            self.write_network_interface(xml, id, interface);
        });
        xml.optional("nextToken", page.next);
        Ok(xml)
    }

    pub(crate) fn subnet_of(&self, interface: &NetworkInterface) -> Option<&Subnet> {
        self.subnets.get(interface.subnet.as_ref()?)
    }

    fn allocations_on(&self, interface: &str) -> Vec<String> {
        let on = |address: &super::objects::Address| {
            self.shown_claim(address).is_some_and(|claim| claim.network_interface.as_deref() == Some(interface))
        };
        self.addresses.iter().filter(|(_, address)| on(address)).map(|(id, _)| id.clone()).collect()
    }

    fn write_network_interface(&self, xml: &mut Xml, id: &str, interface: &NetworkInterface) {
        xml.text("networkInterfaceId", id);
        xml.optional("subnetId", interface.subnet.as_ref());
        if let Some(subnet) = self.subnet_of(interface) {
            xml.text("vpcId", &subnet.vpc);
            xml.text("availabilityZone", &subnet.zone);
        }
        xml.text("description", &interface.description);
        xml.text("ownerId", &self.account);
        xml.text("requesterManaged", interface.nat_gateway.is_some());
        xml.text("status", interface_status(interface));
        xml.text("interfaceType", interface_type(interface));
        xml.optional("privateIpAddress", interface.private_ips.first());
        xml.items("privateIpAddressesSet", interface.private_ips.iter().enumerate(), |xml, (position, ip)| {
            xml.text("privateIpAddress", ip);
            xml.text("primary", position == 0);
            let held = self.addresses.iter().find(|(_, address)| {
                let claim = self.shown_claim(address);
                claim.is_some_and(|claim| {
                    claim.network_interface.as_deref() == Some(id) && claim.private_ip == Some(*ip)
                })
            });
            if let Some((allocation, address)) = held {
                xml.element("association", |xml| {
                    xml.text("publicIp", address.public_ip);
                    xml.text("allocationId", allocation);
                    xml.optional("associationId", address.claim.as_ref().map(|claim| &claim.association));
                    xml.text("ipOwnerId", &self.account);
                });
            }
        });
        self.write_tags(xml, id);
    }

    /// There are no instances; the action is there for clients that look for them.
    pub(crate) fn describe_instances(params: &Params) -> Answer {
        if let Some(id) = params.list("InstanceId").first() {
            let message = format!("The instance ID '{id}' does not exist");
            return Err(ApiError::new("InvalidInstanceID.NotFound", message));
        }
        let mut xml = Xml::new();
        xml.items("reservationSet", std::iter::empty::<()>(), |_, ()| ());
        Ok(xml)
    }
}

fn interface_type(interface: &NetworkInterface) -> &'static str {
    if interface.nat_gateway.is_some() { "nat_gateway" } else { "interface" }
}

fn interface_status(interface: &NetworkInterface) -> &'static str {
    if interface.nat_gateway.is_some() { "in-use" } else { "available" }
}
