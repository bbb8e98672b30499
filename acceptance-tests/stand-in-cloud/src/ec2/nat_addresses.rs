//! The secondary addresses of NAT gateways.

use std::net::Ipv4Addr;

use super::objects::{NatAddress, NatAddressStatus, NatGateway, NatGatewayState, Placement};
use super::refusals::parse;
use super::region::{Answer, Event, Region};
use super::settings::Quotas;
use super::xml::Xml;
use crate::error::ApiError;
use crate::params::Params;

/// The longest drain that a caller may ask for, and the one it gets without asking, in seconds.
const LONGEST_DRAIN_SECONDS: u64 = 4000;
const DEFAULT_DRAIN_SECONDS: u64 = 350;

impl Region {
    pub(crate) fn associate_nat_gateway_address(&mut self, params: &Params) -> Answer {
        let (id, gateway) = self.changeable_nat_gateway(params)?;
        if !gateway.public {
            return Err(ApiError::combination(
                "An Elastic IP address cannot be associated with a private NAT gateway.",
            ));
        }
        let zone = self.zone(params.get("AvailabilityZone"), params.get("AvailabilityZoneId"))?;
        let wanted = params.list("AllocationId");
        if wanted.is_empty() {
            return Err(ApiError::missing("AllocationId"));
        }
        for allocation in &wanted {
            let Some(address) = self.visible(&self.addresses, allocation) else {
                let message = format!("The elasticIp ID '{allocation}' does not exist");
                return Err(ApiError::new("InvalidElasticIpID.NotFound", message));
            };
            if address.claim.is_some() {
                let message = format!("Elastic IP address [{allocation}] is already associated");
                return Err(ApiError::new("Resource.AlreadyAssociated", message));
            }
            if address.border_group != self.name {
                let message =
                    format!("Elastic IP address {allocation} is not in the network border group {}", self.name);
                return Err(ApiError::invalid(message));
            }
        }
        self.check_zone(&gateway, zone.as_deref(), wanted.len())?;
        let ips = self.private_ips_to_add(&gateway, &params.list("PrivateIpAddress"), wanted.len())?;
        let interface = match &zone {
            Some(zone) => Some(self.interface_in_zone(&id, &gateway, zone)),
            None => gateway.addresses.first().and_then(|address| address.network_interface.clone()),
        };
        let mut ips = ips.into_iter();
        let mut added = Vec::new();
        for allocation in wanted {
            let mut address = NatAddress {
                association: None,
                allocation: Some(allocation.to_owned()),
                public_ip: None,
                private_ip: interface
                    .as_deref()
                    .and_then(|interface| self.take_private_ip(interface, ips.next().flatten())),
                network_interface: interface.clone(),
                zone: zone.clone(),
                primary: false,
                status: NatAddressStatus::Associating,
                failure: None,
            };
            self.claim_address(&id, &mut address);
            added.push(address);
        }
        Ok(self.add_nat_addresses(&id, added))
    }

    pub(crate) fn assign_private_nat_gateway_address(&mut self, params: &Params) -> Answer {
        let (id, gateway) = self.changeable_nat_gateway(params)?;
        if gateway.public {
            let message = "Private addresses can be assigned to private NAT gateways only.";
            return Err(ApiError::combination(message));
        }
        let asked = params.list("PrivateIpAddress");
        let count = match (params.number("PrivateIpAddressCount")?, asked.len()) {
            (None, 0) => return Err(ApiError::missing("PrivateIpAddressCount")),
            (Some(_), 1..) => {
                let message = "PrivateIpAddressCount and PrivateIpAddresses exclude each other.";
                return Err(ApiError::combination(message));
            }
            (count, asked) => count.unwrap_or(asked),
        };
        self.check_addresses_of_nat_gateway(gateway.addresses.len() + count, false)?;
        let interface = gateway.addresses.first().and_then(|address| address.network_interface.clone());
        let ips = self.private_ips_to_add(&gateway, &asked, count)?;
        let added = ips.into_iter().map(|wanted| NatAddress {
            association: None,
            allocation: None,
            public_ip: None,
            private_ip: interface.as_deref().and_then(|interface| self.take_private_ip(interface, wanted)),
            network_interface: interface.clone(),
            zone: None,
            primary: false,
            status: NatAddressStatus::Assigning,
            failure: None,
        });
        let added = added.collect();
        Ok(self.add_nat_addresses(&id, added))
    }

    /// A gateway that can take a change: available, and with no other change of its addresses under way.
    fn changeable_nat_gateway(&self, params: &Params) -> Result<(String, NatGateway), ApiError> {
        let id = self.existing_nat_gateway(params.required("NatGatewayId")?)?;
        let gateway = &self.nat_gateways[&id];
        match gateway.state {
            NatGatewayState::Available => {}
            NatGatewayState::Deleted | NatGatewayState::Failed => return Err(super::tags::not_found(&id)),
            state => {
                let message = format!("NAT gateway {id} is in state {} and cannot be changed", state.as_str());
                return Err(ApiError::new("InvalidState", message));
            }
        }
        let changing = gateway.addresses.iter().filter(|address| address.status.is_changing());
        let names: Vec<String> = changing.clone().map(name_of).collect();
        if let Some(first) = changing.into_iter().next() {
            let verb = first.status.as_str().to_uppercase();
            let message = format!("Service is currently {verb} the following EIPs: [{}].", names.join(", "));
            return Err(ApiError::new("OperationInProgress", message));
        }
        Ok((id.clone(), gateway.clone()))
    }

    fn check_zone(&self, gateway: &NatGateway, zone: Option<&str>, more: usize) -> Result<(), ApiError> {
        match (&gateway.placement, zone) {
            (Placement::Zonal { .. }, None) => {
                self.check_addresses_of_nat_gateway(gateway.addresses.len() + more, gateway.public)
            }
            (Placement::Zonal { .. }, Some(_)) => {
                Err(ApiError::combination("AvailabilityZone is not valid for a zonal NAT gateway."))
            }
            (Placement::Regional { automatic: true, .. }, _) => Err(ApiError::new(
                "OperationNotPermitted",
                "The addresses of a regional NAT gateway in automatic mode are managed by the service.",
            )),
            (Placement::Regional { .. }, None) => Err(ApiError::missing("AvailabilityZone")),
            (Placement::Regional { .. }, Some(zone)) => {
                let there = gateway.addresses.iter().filter(|address| address.zone.as_deref() == Some(zone)).count();
                if there + more > Quotas::ADDRESSES_PER_ZONE_OF_REGIONAL_NAT_GATEWAY {
                    let message = format!("The number of addresses in {zone} must be between 1 and 32.");
                    return Err(ApiError::new("NatGatewayAddressLimitExceeded", message));
                }
                Ok(())
            }
        }
    }

    /// The private addresses to add, where asked for, with as many unspecified ones as are missing.
    fn private_ips_to_add(
        &self,
        gateway: &NatGateway,
        asked: &[&str],
        count: usize,
    ) -> Result<Vec<Option<Ipv4Addr>>, ApiError> {
        let Placement::Zonal { subnet } = &gateway.placement else { return Ok(vec![None; count]) };
        if asked.len() > count {
            return Err(ApiError::combination("There are more private addresses than Elastic IP addresses."));
        }
        let mut ips = Vec::new();
        for ip in asked {
            let ip: Ipv4Addr = parse("PrivateIpAddress", ip)?;
            if !self.subnets.get(subnet).is_some_and(|subnet| subnet.cidr.contains(&ip)) {
                return Err(ApiError::invalid(format!("Address {ip} does not fall within the subnet's address range")));
            }
            if self.private_ips_in(subnet).contains(&ip) {
                return Err(ApiError::new("InvalidIPAddress.InUse", format!("Address {ip} is in use.")));
            }
            ips.push(Some(ip));
        }
        ips.resize(count, None);
        if self.free_private_ips(subnet) < count {
            let message = "The specified subnet does not have enough free addresses to satisfy the request.";
            return Err(ApiError::new("InsufficientFreeAddressesInSubnet", message));
        }
        Ok(ips)
    }

    fn add_nat_addresses(&mut self, id: &str, added: Vec<NatAddress>) -> Xml {
        let xml = self.nat_addresses_reply(id, &added);
        for address in &added {
            self.later(self.settings.timings.nat_address_ms, Event::AddressReady(id.to_owned(), name_of(address)));
        }
        if let Some(gateway) = self.nat_gateways.get_mut(id) {
            gateway.addresses.extend(added);
        }
        xml
    }

    fn nat_addresses_reply(&self, id: &str, addresses: &[NatAddress]) -> Xml {
        let mut xml = Xml::new();
        xml.text("natGatewayId", id);
        xml.items("natGatewayAddressSet", addresses, |xml, address| self.write_nat_address(xml, address, false));
        xml
    }

    /// A secondary address works.
    pub(crate) fn nat_address_ready(&mut self, id: &str, name: &str) {
        let Some(gateway) = self.nat_gateways.get_mut(id) else { return };
        let added = |address: &&mut NatAddress| name_of(address) == name && address.status.is_changing();
        let Some(address) = gateway.addresses.iter_mut().find(added) else { return };
        let mut changed = address.clone();
        self.address_works(&mut changed);
        if let Some(gateway) = self.nat_gateways.get_mut(id)
            && let Some(address) = gateway.addresses.iter_mut().find(|address| name_of(address) == name)
        {
            *address = changed;
        }
    }

    pub(crate) fn disassociate_nat_gateway_address(&mut self, params: &Params) -> Answer {
        let associations = params.list("AssociationId");
        if associations.is_empty() {
            return Err(ApiError::missing("AssociationId"));
        }
        let picked = |address: &NatAddress| address.association.clone();
        self.drain(params, &associations, picked, "InvalidAssociationID.NotFound", NatAddressStatus::Disassociating)
    }

    pub(crate) fn unassign_private_nat_gateway_address(&mut self, params: &Params) -> Answer {
        let ips = params.list("PrivateIpAddress");
        if ips.is_empty() {
            return Err(ApiError::missing("PrivateIpAddress"));
        }
        let picked = |address: &NatAddress| address.private_ip.map(|ip| ip.to_string());
        self.drain(params, &ips, picked, "InvalidParameterValue", NatAddressStatus::Unassigning)
    }

    fn drain(
        &mut self,
        params: &Params,
        names: &[&str],
        picked: impl Fn(&NatAddress) -> Option<String>,
        missing: &str,
        status: NatAddressStatus,
    ) -> Answer {
        let (id, mut gateway) = self.changeable_nat_gateway(params)?;
        let longest = params.number("MaxDrainDurationSeconds")?.unwrap_or(DEFAULT_DRAIN_SECONDS);
        if !(1..=LONGEST_DRAIN_SECONDS).contains(&longest) {
            let message = format!("Value ({longest}) for parameter MaxDrainDurationSeconds is invalid: 1 to 4000.");
            return Err(ApiError::invalid(message));
        }
        let mut drained = Vec::new();
        for name in names {
            let found = gateway.addresses.iter_mut().find(|address| picked(address).as_deref() == Some(*name));
            let Some(address) = found else {
                let message = format!("The address '{name}' does not exist on NAT gateway {id}");
                return Err(ApiError::new(missing, message));
            };
            if address.primary {
                return Err(ApiError::invalid(format!("The primary address of NAT gateway {id} cannot be removed")));
            }
            address.status = status;
            drained.push(address.clone());
        }
        if gateway.addresses.iter().all(|address| address.status == status) {
            let message = format!("NAT gateway {id} must keep at least one address");
            return Err(ApiError::invalid(message));
        }
        let delay = self.settings.timings.nat_drain_ms.min(longest.saturating_mul(1000));
        for address in &drained {
            self.later(delay, Event::AddressGone(id.clone(), name_of(address)));
        }
        self.nat_gateways.insert(id.clone(), gateway);
        Ok(self.nat_addresses_reply(&id, &drained))
    }

    /// A drained address is off its gateway, which no longer lists it, nor a zone's interface with its last address; reads of the address
    /// show it there for a little longer, and it is not free before.
    pub(crate) fn nat_address_gone(&mut self, id: &str, name: &str) {
        let Some(gateway) = self.nat_gateways.get_mut(id) else { return };
        let Some(position) = gateway.addresses.iter().position(|address| name_of(address) == name) else { return };
        let gone = gateway.addresses.remove(position);
        let shares = |address: &NatAddress| address.network_interface == gone.network_interface;
        let was_last = !gateway.addresses.iter().any(shares);
        if let (Some(allocation), Some(association)) = (gone.allocation, gone.association) {
            self.later(self.settings.timings.release_lag_ms, Event::AddressFree(allocation, association));
        }
        let Some(interface) = gone.network_interface else { return };
        if was_last {
            self.network_interfaces.remove(&interface);
        } else if let Some(interface) = self.network_interfaces.get_mut(&interface) {
            interface.private_ips.retain(|ip| Some(*ip) != gone.private_ip);
        }
    }

    /// An address that left its gateway can be used again.
    pub(crate) fn nat_address_free(&mut self, id: &str, association: &str) {
        if let Some(address) = self.addresses.get_mut(id) {
            address.claim.take_if(|claim| claim.association == association);
        }
    }
}

/// What tells one address of a gateway from another.
fn name_of(address: &NatAddress) -> String {
    let allocation = address.allocation.clone();
    allocation.unwrap_or_else(|| address.private_ip.map_or_else(String::new, |ip| ip.to_string()))
}
