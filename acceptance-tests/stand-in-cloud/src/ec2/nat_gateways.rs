//! NAT gateways: create, describe, delete, and what becomes of them.

use std::net::Ipv4Addr;

use super::filter::{Filters, page};
use super::objects::{Claim, NatAddress, NatAddressStatus, NatGateway, NatGatewayState, NetworkInterface, Placement};
use super::region::{Answer, Event, Region, Token};
use super::tags::requested;
use crate::error::ApiError;
use crate::params::{Params, parse};
use crate::settings::Quotas;
use crate::xml::Xml;

const FILTERS: [&str; 4] = ["nat-gateway-id", "state", "subnet-id", "vpc-id"];

/// A gateway as asked for, all parameters checked, nothing taken yet.
struct Request {
    vpc: String,
    placement: Placement,
    public: bool,
    /// Elastic IP addresses with the zone of each, for a regional gateway; the first is the primary one.
    allocations: Vec<(String, Option<String>)>,
    primary_ip: Option<Ipv4Addr>,
    secondary_ips: Vec<Ipv4Addr>,
    secondary_count: usize,
}

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
                return Ok(self.created_nat_gateway(&known.nat_gateway.clone(), Some(token)));
            }
        }
        let tags = requested(params, "natgateway")?;
        let request = self.nat_gateway_request(params)?;
        self.check_nat_gateway_quota(&request)?;
        let id = self.register("nat", tags);
        self.insert_nat_gateway(&id, request);
        if let Some(token) = &token {
            let forgotten = self.after(self.settings.timings.token_ms);
            let request = params.without("ClientToken");
            self.tokens.insert(token.clone(), Token { request, nat_gateway: id.clone(), forgotten });
        }
        self.later(self.settings.timings.nat_create_ms, Event::NatGatewayReady(id.clone()));
        Ok(self.created_nat_gateway(&id, token.as_deref()))
    }

    fn created_nat_gateway(&self, id: &str, token: Option<&str>) -> Xml {
        let mut xml = Xml::new();
        if let Some(gateway) = self.nat_gateways.get(id) {
            xml.element("natGateway", |xml| self.write_nat_gateway(xml, id, gateway));
        }
        xml.optional("clientToken", token);
        xml
    }

    fn nat_gateway_request(&self, params: &Params) -> Result<Request, ApiError> {
        let public = match params.get("ConnectivityType").unwrap_or("public") {
            "public" => true,
            "private" => false,
            other => return Err(ApiError::invalid(format!("Invalid value '{other}' for connectivityType"))),
        };
        match params.get("AvailabilityMode").unwrap_or("zonal") {
            "zonal" => self.zonal_request(params, public),
            "regional" if public => self.regional_request(params),
            "regional" => Err(ApiError::combination("A regional NAT gateway must have the connectivity type public.")),
            other => Err(ApiError::invalid(format!("Invalid value '{other}' for availabilityMode"))),
        }
    }

    fn zonal_request(&self, params: &Params, public: bool) -> Result<Request, ApiError> {
        for name in ["VpcId", "AvailabilityZoneAddress"] {
            if params.has(name) {
                return Err(ApiError::combination(format!("{name} is not valid for a zonal NAT gateway.")));
            }
        }
        let subnet = params.required("SubnetId")?;
        let Some(found) = self.visible(&self.subnets, subnet) else {
            let message = format!("The subnet ID '{subnet}' does not exist");
            return Err(ApiError::new("InvalidSubnetID.NotFound", message));
        };
        let (vpc, range) = (found.vpc.clone(), found.cidr);
        let primary_ip = params.get("PrivateIpAddress").map(|ip| parse("PrivateIpAddress", ip)).transpose()?;
        let secondary_ips = params.list("SecondaryPrivateIpAddress");
        let secondary_ips: Vec<Ipv4Addr> =
            secondary_ips.into_iter().map(|ip| parse("SecondaryPrivateIpAddress", ip)).collect::<Result<_, _>>()?;
        let secondary_count = params.number("SecondaryPrivateIpAddressCount")?.unwrap_or(0);
        let secondary_allocations = params.list("SecondaryAllocationId");
        for ip in primary_ip.iter().chain(&secondary_ips) {
            if !range.contains(ip) {
                return Err(ApiError::invalid(format!("Address {ip} does not fall within the subnet's address range")));
            }
            if self.private_ips_in(subnet).contains(ip) {
                return Err(ApiError::new("InvalidIPAddress.InUse", format!("Address {ip} is in use.")));
            }
        }
        let mut allocations = Vec::new();
        if public {
            let primary = params.get("AllocationId").ok_or_else(|| ApiError::missing("AllocationId"))?;
            allocations.extend([primary].iter().chain(&secondary_allocations).map(|id| ((*id).to_owned(), None)));
            if secondary_count > 0 || (!secondary_ips.is_empty() && secondary_ips.len() != secondary_allocations.len())
            {
                let message =
                    "A public NAT gateway needs one secondary allocation ID for each secondary private address.";
                return Err(ApiError::combination(message));
            }
        } else if params.has("AllocationId") || !secondary_allocations.is_empty() {
            return Err(ApiError::combination(
                "An Elastic IP address cannot be associated with a private NAT gateway.",
            ));
        } else if secondary_count > 0 && !secondary_ips.is_empty() {
            let message = "SecondaryPrivateIpAddressCount and SecondaryPrivateIpAddresses exclude each other.";
            return Err(ApiError::combination(message));
        }
        self.check_allocations(&allocations)?;
        let total = if public { allocations.len() } else { 1 + secondary_ips.len() + secondary_count };
        self.check_addresses_of_nat_gateway(total, public)?;
        let placement = Placement::Zonal { subnet: subnet.to_owned() };
        Ok(Request { vpc, placement, public, allocations, primary_ip, secondary_ips, secondary_count })
    }

    fn regional_request(&self, params: &Params) -> Result<Request, ApiError> {
        let zonal_only = ["SubnetId", "AllocationId", "SecondaryAllocationId", "PrivateIpAddress"];
        if let Some(name) = zonal_only.iter().find(|name| params.has(name)) {
            return Err(ApiError::combination(format!("{name} is not valid for a regional NAT gateway.")));
        }
        let vpc = params.required("VpcId")?;
        if self.visible(&self.vpcs, vpc).is_none() {
            return Err(super::tags::not_found(vpc));
        }
        let mut allocations = Vec::new();
        for zone in params.structures("AvailabilityZoneAddress") {
            let name = self.zone(zone.get("AvailabilityZone"), zone.get("AvailabilityZoneId"))?;
            let name = name.ok_or_else(|| ApiError::missing("AvailabilityZone"))?;
            let ids = zone.list("AllocationId");
            if ids.is_empty() || ids.len() > Quotas::ADDRESSES_PER_ZONE_OF_REGIONAL_NAT_GATEWAY {
                return Err(ApiError::invalid(format!("The number of addresses in {name} must be between 1 and 32.")));
            }
            allocations.extend(ids.into_iter().map(|id| (id.to_owned(), Some(name.clone()))));
        }
        self.check_allocations(&allocations)?;
        let placement = Placement::Regional { automatic: allocations.is_empty(), route_table: String::new() };
        Ok(Request {
            vpc: vpc.to_owned(),
            placement,
            public: true,
            allocations,
            primary_ip: None,
            secondary_ips: Vec::new(),
            secondary_count: 0,
        })
    }

    /// All addresses must be known to the front end; whether they are free turns out when the gateway is made.
    fn check_allocations(&self, allocations: &[(String, Option<String>)]) -> Result<(), ApiError> {
        for (position, (id, _)) in allocations.iter().enumerate() {
            if self.visible(&self.addresses, id).is_none() {
                let message = format!("The elasticIp ID '{id}' does not exist");
                return Err(ApiError::new("InvalidElasticIpID.NotFound", message));
            }
            if allocations.iter().take(position).any(|(other, _)| other == id) {
                return Err(ApiError::invalid(format!("Duplicate allocation ID {id}.")));
            }
        }
        Ok(())
    }

    /// Refuses more addresses than a zonal gateway may have.
    pub(crate) fn check_addresses_of_nat_gateway(&self, total: usize, public: bool) -> Result<(), ApiError> {
        let hard = Quotas::HARD_ADDRESSES_PER_NAT_GATEWAY;
        let limit = if public { self.settings.quotas.addresses_per_nat_gateway.min(hard) } else { hard };
        if total > limit {
            let message =
                format!("Performing this operation would exceed the limit of {limit} addresses per NAT gateway.");
            return Err(ApiError::new("NatGatewayAddressLimitExceeded", message));
        }
        Ok(())
    }

    fn check_nat_gateway_quota(&self, request: &Request) -> Result<(), ApiError> {
        let Placement::Zonal { subnet } = &request.placement else { return Ok(()) };
        let zone = |subnet: &str| self.subnets.get(subnet).map(|subnet| subnet.zone.clone());
        let wanted = zone(subnet);
        let counted = self.nat_gateways.values().filter(|gateway| {
            let same = matches!(&gateway.placement, Placement::Zonal { subnet } if zone(subnet) == wanted);
            same && gateway.state.exists()
        });
        let limit = self.settings.quotas.nat_gateways_per_zone;
        if counted.count() >= limit {
            let message = format!("Performing this operation would exceed the limit of {limit} NAT gateways");
            return Err(ApiError::new("NatGatewayLimitExceeded", message));
        }
        Ok(())
    }

    fn insert_nat_gateway(&mut self, id: &str, request: Request) {
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
        gateway.failure = self.reason_to_fail(&request, &allocations);
        let doomed = gateway.failure.is_some();
        let zonal = matches!(request.placement, Placement::Zonal { .. });
        let interface = match &request.placement {
            Placement::Zonal { subnet } if !doomed => Some(self.add_nat_interface(id, subnet)),
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
            let private_ip = match (&interface, asked.next().flatten()) {
                (Some(interface), wanted) if position < private_count => self.take_private_ip(interface, wanted),
                _ => None,
            };
            let (allocation, zone) = allocations.get(position).cloned().unzip();
            let mut address = NatAddress {
                association: None,
                public_ip: None,
                allocation,
                private_ip,
                network_interface: interface.clone(),
                zone: zone.flatten(),
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

    /// Why the gateway will fail, as far as can be known now; the caller learns it only when it is `failed`.
    fn reason_to_fail(&self, request: &Request, allocations: &[(String, Option<String>)]) -> Option<(String, String)> {
        let reason = |code: &str, message: String| Some((code.to_owned(), message));
        if request.public && self.internet_gateway_of(&request.vpc).is_none() {
            let message = format!("Network {} has no Internet gateway attached", request.vpc);
            return reason("Gateway.NotAttached", message);
        }
        for (id, _) in allocations {
            let address = &self.addresses[id];
            if address.claim.is_some() {
                return reason(
                    "Resource.AlreadyAssociated",
                    format!("Elastic IP address [{id}] is already associated"),
                );
            }
            if address.border_group != self.name {
                let message = format!("Elastic IP address {id} is not in the network border group {}", self.name);
                return reason("InvalidParameterValue", message);
            }
        }
        let Placement::Zonal { subnet } = &request.placement else { return None };
        let wanted =
            if request.public { allocations.len() } else { 1 + request.secondary_ips.len() + request.secondary_count };
        if self.free_private_ips(subnet) < wanted {
            let message = "Subnet has insufficient free addresses to create this NAT gateway".to_owned();
            return reason("InsufficientFreeAddressesInSubnet", message);
        }
        None
    }

    fn add_nat_interface(&mut self, nat_gateway: &str, subnet: &str) -> String {
        let id = self.new_id("eni");
        let interface = NetworkInterface {
            subnet: subnet.to_owned(),
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
            let gone = gateway.addresses.iter().filter_map(|address| address.allocation.as_ref());
            let gone = gone.filter(|id| !self.addresses.contains_key(*id)).cloned().next();
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
        self.later(self.settings.timings.tombstone_ms, Event::NatGatewayForgotten(id.to_owned()));
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
            self.later(self.settings.timings.nat_delete_ms, Event::NatGatewayDeleted(id.clone()));
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
        self.later(self.settings.timings.tombstone_ms, Event::NatGatewayForgotten(id.to_owned()));
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
