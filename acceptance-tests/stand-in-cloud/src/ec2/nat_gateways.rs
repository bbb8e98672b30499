//! NAT gateways: create, describe, delete, and what becomes of them.

use super::filter::{Filters, page};
use super::nat_request::Request;
use super::objects::{Claim, NatAddress, NatAddressStatus, NatGateway, NatGatewayState, NetworkInterface, Placement};
use super::region::{Answer, Event, Region, Token};
use super::tags::requested;
use super::xml::Xml;
use crate::error::ApiError;
use crate::params::Params;

const FILTERS: [&str; 4] = ["nat-gateway-id", "state", "subnet-id", "vpc-id"];

impl Region {
    pub(crate) fn create_nat_gateway(&mut self, params: &Params) -> Answer {
        let token = params.get("ClientToken").map(str::to_owned);
        if let Some(token) = &token {
            if token.len() > 64 || !token.is_ascii() {
                return Err(ApiError::invalid(
                    "Value for parameter clientToken is invalid: at most 64 ASCII characters.",
                ));
            }
            if let Some(known) = self.tokens.get(token) {
                if known.request != params.without("ClientToken") {
                    let message = "The client token has already been used with other parameters.";
                    return Err(ApiError::new("IdempotentParameterMismatch", message));
                }
                // One that is not listed any more is only known as it was answered then.
                let listed = self.nat_gateways.contains_key(&known.nat_gateway);
                let answer = || self.created_nat_gateway(&known.nat_gateway, Some(token));
                return Ok(if listed { answer() } else { known.answer.clone() });
            }
        }
        let tags = requested(params, "natgateway")?;
        let request = self.nat_gateway_request(params)?;
        self.check_nat_gateway_quota(&request)?;
        let id = self.register("nat", tags);
        self.insert_nat_gateway(&id, &request);
        let answer = self.created_nat_gateway(&id, token.as_deref());
        if let Some(token) = token {
            let forgotten = self.after(self.settings.timings.token_ms);
            let request = params.without("ClientToken");
            let answer = answer.clone();
            self.tokens.insert(token, Token { request, nat_gateway: id.clone(), answer, forgotten });
        }
        self.later(self.settings.timings.nat_create_ms, Event::GatewayReady(id));
        Ok(answer)
    }

    fn created_nat_gateway(&self, id: &str, token: Option<&str>) -> Xml {
        let mut xml = Xml::new();
        if let Some(gateway) = self.nat_gateways.get(id) {
            xml.element("natGateway", |xml| self.write_nat_gateway(xml, id, gateway));
        }
        xml.optional("clientToken", token);
        xml
    }

    fn insert_nat_gateway(&mut self, id: &str, request: &Request) {
        let mut gateway = NatGateway {
            vpc: request.vpc.clone(),
            placement: request.placement.clone(),
            public: request.public,
            state: NatGatewayState::Pending,
            failure: None,
            addresses: Vec::new(),
            created: self.now,
            deleted: None,
        };
        let allocations = match &request.placement {
            Placement::Regional { automatic: true, .. } => self.managed_allocations(&request.vpc),
            _ => request.allocations.clone(),
        };
        gateway.failure = self.reason_to_fail(request, &allocations);
        let doomed = gateway.failure.is_some();
        let zonal = matches!(request.placement, Placement::Zonal { .. });
        let own_interface = match &request.placement {
            Placement::Zonal { subnet } if !doomed => Some(self.add_nat_interface(id, Some(subnet))),
            _ => None,
        };
        let private_count = match (&request.placement, request.public) {
            (Placement::Regional { .. }, _) => 0,
            (_, true) => allocations.len(),
            (_, false) => 1 + request.secondary_ips.len() + request.secondary_count,
        };
        let asked = [request.primary_ip].into_iter().chain(request.secondary_ips.iter().copied().map(Some));
        let mut asked = asked.chain(std::iter::repeat(None));
        for position in 0..private_count.max(allocations.len()) {
            let private_ip = match (&own_interface, asked.next().flatten()) {
                (Some(interface), wanted) if position < private_count => self.take_private_ip(interface, wanted),
                _ => None,
            };
            let (allocation, zone) = allocations.get(position).cloned().unzip();
            let zone = zone.flatten();
            let interface = match &zone {
                Some(zone) if !doomed => Some(self.interface_in_zone(id, &gateway, zone)),
                _ => own_interface.clone(),
            };
            let mut address = NatAddress {
                association: None,
                public_ip: None,
                allocation,
                private_ip,
                network_interface: interface,
                zone,
                primary: position == 0 && zonal,
                status: if request.public { NatAddressStatus::Associating } else { NatAddressStatus::Assigning },
                failure: None,
            };
            if !doomed {
                self.claim_address(id, &mut address);
            }
            gateway.addresses.push(address);
        }
        if let Placement::Regional { route_table, .. } = &mut gateway.placement {
            *route_table = self.add_route_table(&request.vpc, Some(id));
        }
        self.nat_gateways.insert(id.to_owned(), gateway);
    }

    /// Amazon's own addresses for a gateway in automatic mode: one in each zone where the network has a subnet.
    fn managed_allocations(&mut self, vpc: &str) -> Vec<(String, Option<String>)> {
        let zones: std::collections::BTreeSet<String> =
            self.subnets.values().filter(|subnet| subnet.vpc == vpc).map(|subnet| subnet.zone.clone()).collect();
        zones.into_iter().map(|zone| (self.allocate_managed(), Some(zone))).collect()
    }

    /// The interface of a regional gateway in a zone: the one that its addresses there have, or a new one.
    pub(crate) fn interface_in_zone(&mut self, id: &str, gateway: &NatGateway, zone: &str) -> String {
        let mut there = gateway.addresses.iter().filter(|address| address.zone.as_deref() == Some(zone));
        let known = there.find_map(|address| address.network_interface.clone());
        known.unwrap_or_else(|| self.add_nat_interface(id, None))
    }

    fn add_nat_interface(&mut self, nat_gateway: &str, subnet: Option<&str>) -> String {
        let id = self.new_id("eni");
        let interface = NetworkInterface {
            subnet: subnet.map(str::to_owned),
            private_ips: Vec::new(),
            nat_gateway: Some(nat_gateway.to_owned()),
            description: format!("Interface for NAT Gateway {nat_gateway}"),
        };
        self.network_interfaces.insert(id.clone(), interface);
        id
    }

    /// Ties an Elastic IP address to a gateway's address; reads do not show it yet.
    pub(crate) fn claim_address(&mut self, nat_gateway: &str, address: &mut NatAddress) {
        let Some(allocation) = address.allocation.clone() else { return };
        let association = self.new_id("eipassoc");
        address.association = Some(association.clone());
        let claim = Claim {
            association,
            nat_gateway: Some(nat_gateway.to_owned()),
            network_interface: address.network_interface.clone(),
            private_ip: address.private_ip,
            shown_from: None,
        };
        if let Some(own) = self.addresses.get_mut(&allocation) {
            own.claim = Some(claim);
            address.public_ip = Some(own.public_ip);
        }
    }

    /// A pending gateway becomes available, or fails.
    pub(crate) fn nat_gateway_ready(&mut self, id: &str) {
        let Some(mut gateway) = self.nat_gateways.remove(id) else { return };
        if gateway.state == NatGatewayState::Pending {
            let mut allocations = gateway.addresses.iter().filter_map(|address| address.allocation.as_ref());
            let gone = allocations.find(|id| !self.addresses.contains_key(*id)).cloned();
            if let (None, Some(gone)) = (&gateway.failure, gone) {
                let message = format!("Elastic IP address {gone} could not be associated with this NAT gateway");
                gateway.failure = Some(("InvalidAllocationID.NotFound".to_owned(), message));
            }
            if gateway.failure.is_some() {
                self.nat_gateway_fails(id, &mut gateway);
            } else {
                gateway.state = NatGatewayState::Available;
                for address in &mut gateway.addresses {
                    self.address_works(address);
                }
            }
        }
        self.nat_gateways.insert(id.to_owned(), gateway);
    }

    /// An address of a gateway carries traffic; `DescribeAddresses` shows it later still.
    pub(crate) fn address_works(&mut self, address: &mut NatAddress) {
        address.status = NatAddressStatus::Succeeded;
        let shown_from = Some(self.after(self.settings.timings.association_lag_ms));
        let claimed = address.allocation.as_ref().and_then(|id| self.addresses.get_mut(id));
        if let Some(claim) = claimed.and_then(|claimed| claimed.claim.as_mut()) {
            claim.shown_from = shown_from;
        }
    }

    /// Marks a gateway as failed, and gives back what it held.
    pub(crate) fn nat_gateway_fails(&mut self, id: &str, gateway: &mut NatGateway) {
        gateway.state = NatGatewayState::Failed;
        gateway.deleted = Some(self.now);
        let message = gateway.failure.as_ref().map(|(_, message)| message.clone());
        for address in &mut gateway.addresses {
            address.status = NatAddressStatus::Failed;
            address.failure.clone_from(&message);
        }
        self.free_addresses_of(id, 0);
        self.later(self.settings.timings.tombstone_ms, Event::GatewayForgotten(id.to_owned()));
    }

    pub(crate) fn delete_nat_gateway(&mut self, params: &Params) -> Answer {
        let id = self.existing_nat_gateway(params.required("NatGatewayId")?)?;
        let state = self.nat_gateways[&id].state;
        if state == NatGatewayState::Deleted {
            return Err(super::tags::not_found(&id));
        }
        if state != NatGatewayState::Deleting {
            if let Some(gateway) = self.nat_gateways.get_mut(&id) {
                gateway.state = NatGatewayState::Deleting;
            }
            self.later(self.settings.timings.nat_delete_ms, Event::GatewayDeleted(id.clone()));
        }
        let mut xml = Xml::new();
        xml.text("natGatewayId", id);
        Ok(xml)
    }

    /// A gateway that was being deleted is gone: its interface too, and its addresses are free, if not at once.
    pub(crate) fn nat_gateway_deleted(&mut self, id: &str) {
        let Some(gateway) = self.nat_gateways.get_mut(id) else { return };
        gateway.state = NatGatewayState::Deleted;
        gateway.deleted = Some(self.now);
        if let Placement::Regional { route_table, .. } = &gateway.placement {
            let route_table = route_table.clone();
            self.route_tables.remove(&route_table);
            self.forget(&route_table);
        }
        self.free_addresses_of(id, self.settings.timings.release_lag_ms);
        self.later(self.settings.timings.tombstone_ms, Event::GatewayForgotten(id.to_owned()));
    }

    fn free_addresses_of(&mut self, id: &str, release_lag_ms: u64) {
        let until = self.after(release_lag_ms);
        for address in self.addresses.values_mut() {
            let held = address.claim.take_if(|claim| claim.nat_gateway.as_deref() == Some(id));
            address.stale_interface =
                held.and_then(|claim| Some((claim.network_interface?, until))).or(address.stale_interface.take());
        }
        let managed = |address: &super::objects::Address| address.service_managed && address.claim.is_none();
        self.addresses.retain(|_, address| !managed(address));
        self.network_interfaces.retain(|_, interface| interface.nat_gateway.as_deref() != Some(id));
    }

    /// A gateway that a caller can see.
    pub(crate) fn existing_nat_gateway(&self, id: &str) -> Result<String, ApiError> {
        let well_formed =
            |rest: &str| matches!(rest.len(), 8 | 17) && rest.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !id.strip_prefix("nat-").is_some_and(well_formed) {
            return Err(ApiError::new("NatGatewayMalformed", format!("The Nat Gateway ID '{id}' is malformed")));
        }
        self.visible(&self.nat_gateways, id).map(|_| id.to_owned()).ok_or_else(|| super::tags::not_found(id))
    }

    pub(crate) fn describe_nat_gateways(&self, params: &Params) -> Answer {
        let filters = Filters::parse(params, &FILTERS)?;
        let ids = params.list("NatGatewayId");
        for id in &ids {
            self.existing_nat_gateway(id)?;
        }
        let found = self.nat_gateways.iter().filter(|(id, gateway)| {
            self.is_visible(id)
                && (ids.is_empty() || ids.contains(&id.as_str()))
                && filters.accept(self.tags_of(id), |name| nat_gateway_values(id, gateway, name))
        });
        let page = page(params, (5, 1000), found.collect())?;
        let mut xml = Xml::new();
        xml.items("natGatewaySet", page.items, |xml, (id, gateway)| self.write_nat_gateway(xml, id, gateway));
        xml.optional("nextToken", page.next);
        Ok(xml)
    }

    fn write_nat_gateway(&self, xml: &mut Xml, id: &str, gateway: &NatGateway) {
        xml.text("natGatewayId", id);
        match &gateway.placement {
            Placement::Zonal { subnet } => {
                xml.text("subnetId", subnet);
                xml.text("availabilityMode", "zonal");
            }
            Placement::Regional { automatic, route_table } => {
                let setting = if *automatic { "enabled" } else { "disabled" };
                xml.text("availabilityMode", "regional");
                xml.text("autoScalingIps", setting);
                xml.text("autoProvisionZones", setting);
                xml.text("routeTableId", route_table);
            }
        }
        xml.text("vpcId", &gateway.vpc);
        xml.text("state", gateway.state.as_str());
        xml.text("connectivityType", if gateway.public { "public" } else { "private" });
        xml.text("createTime", format!("{:.3}", gateway.created));
        xml.optional("deleteTime", gateway.deleted.map(|at| format!("{at:.3}")));
        if let Some((code, message)) = gateway.failure.as_ref().filter(|_| gateway.state != NatGatewayState::Pending) {
            xml.text("failureCode", code);
            xml.text("failureMessage", message);
        }
        let pending = gateway.state == NatGatewayState::Pending;
        xml.items("natGatewayAddressSet", &gateway.addresses, |xml, address| {
            self.write_nat_address(xml, address, pending);
        });
        self.write_tags(xml, id);
    }

    /// Writes one address of a gateway; of one not yet in use, only what the caller gave.
    pub(crate) fn write_nat_address(&self, xml: &mut Xml, address: &NatAddress, pending: bool) {
        xml.optional("allocationId", address.allocation.as_ref());
        if !pending {
            xml.optional("associationId", address.association.as_ref());
            xml.optional("networkInterfaceId", address.network_interface.as_ref());
            xml.optional("privateIp", address.private_ip);
            xml.optional("publicIp", address.public_ip);
        }
        xml.optional("availabilityZone", address.zone.as_ref());
        xml.optional("availabilityZoneId", address.zone.as_ref().and_then(|zone| self.zone_id(zone)));
        xml.text("isPrimary", address.primary);
        xml.optional("failureMessage", address.failure.as_ref());
        xml.text("status", address.status.as_str());
    }
}

fn nat_gateway_values(id: &str, gateway: &NatGateway, name: &str) -> Vec<String> {
    let value = match (name, &gateway.placement) {
        ("nat-gateway-id", _) => Some(id.to_owned()),
        ("state", _) => Some(gateway.state.as_str().to_owned()),
        ("vpc-id", _) => Some(gateway.vpc.clone()),
        ("subnet-id", Placement::Zonal { subnet }) => Some(subnet.clone()),
        _ => None,
    };
    value.into_iter().collect()
}
