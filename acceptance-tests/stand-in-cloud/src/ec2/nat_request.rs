//! What `CreateNatGateway` may ask for, and why it will not get it.

use std::net::Ipv4Addr;

use super::objects::Placement;
use super::refusals::parse;
use super::region::Region;
use super::settings::Quotas;
use crate::error::ApiError;
use crate::params::Params;

/// A gateway as asked for, all parameters checked, nothing taken yet.
pub(crate) struct Request {
    pub(crate) vpc: String,
    pub(crate) placement: Placement,
    pub(crate) public: bool,
    /// Elastic IP addresses with the zone of each, for a regional gateway; the first is the primary one.
    pub(crate) allocations: Vec<(String, Option<String>)>,
    pub(crate) primary_ip: Option<Ipv4Addr>,
    pub(crate) secondary_ips: Vec<Ipv4Addr>,
    pub(crate) secondary_count: usize,
}

impl Region {
    pub(crate) fn nat_gateway_request(&self, params: &Params) -> Result<Request, ApiError> {
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

    pub(crate) fn check_nat_gateway_quota(&self, request: &Request) -> Result<(), ApiError> {
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

    /// Why the gateway will fail, as far as can be known now; the caller learns it only when it is `failed`.
    pub(crate) fn reason_to_fail(
        &self,
        request: &Request,
        allocations: &[(String, Option<String>)],
    ) -> Option<(String, String)> {
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
}
