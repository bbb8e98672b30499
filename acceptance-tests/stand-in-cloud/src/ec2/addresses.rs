//! Elastic IP addresses.

use std::net::Ipv4Addr;

use super::filter::Filters;
use super::objects::{Address, Claim, NatGatewayState};
use super::refusals::parse;
use super::region::{Answer, Region};
use super::tags::{done, requested};
use super::xml::Xml;
use crate::error::ApiError;
use crate::params::Params;

const AMAZON_POOL: &str = "amazon";
/// Pools that every account of the stand-in has, so that both kinds can be tried.
const BYOIP_POOL: &str = "ipv4pool-ec2-0a1b2c3d4e5f60718";
const IPAM_POOL: &str = "ipam-pool-0a1b2c3d4e5f60718";
const SIZE_OF_POOL: u8 = 16;

const FILTERS: [&str; 10] = [
    "allocation-id",
    "association-id",
    "domain",
    "instance-id",
    "network-border-group",
    "network-interface-id",
    "network-interface-owner-id",
    "private-ip-address",
    "public-ip",
    "public-ipv4-pool",
];

/// The n-th address that Amazon's own pool gives: the documentation ranges first, then the range for benchmarks.
fn amazon_ip(serial: u32) -> Ipv4Addr {
    match serial {
        0..=253 => Ipv4Addr::from(u32::from(Ipv4Addr::new(203, 0, 113, 1)) + serial),
        254..=507 => Ipv4Addr::from(u32::from(Ipv4Addr::new(198, 51, 100, 1)) + serial - 254),
        _ => Ipv4Addr::from(u32::from(Ipv4Addr::new(198, 18, 0, 1)) + serial - 508),
    }
}

fn not_allocated(id: &str) -> ApiError {
    ApiError::new("InvalidAllocationID.NotFound", format!("The allocation ID '{id}' does not exist"))
}

fn no_permission() -> ApiError {
    ApiError::new("AuthFailure", "You do not have permission to access the specified resource.")
}

impl Region {
    pub(crate) fn allocate_address(&mut self, params: &Params) -> Answer {
        if params.get("Domain").is_some_and(|domain| domain != "vpc") {
            return Err(ApiError::invalid("Invalid value for domain: only 'vpc' is supported."));
        }
        let tags = requested(params, "elastic-ip")?;
        let border_group = params.get("NetworkBorderGroup").unwrap_or(&self.name).to_owned();
        if border_group != self.name && !border_group.starts_with(&format!("{}-", self.name)) {
            return Err(ApiError::invalid(format!("Invalid network border group: {border_group}")));
        }
        let wanted: Option<Ipv4Addr> = params.get("Address").map(|value| parse("Address", value)).transpose()?;
        let (pool, public_ip) = self.take_ip(params, wanted)?;
        let id = self.register("eipalloc", tags);
        self.released.retain(|ip| *ip != public_ip);
        let address = self.new_address(public_ip, pool, border_group);
        let mut xml = Xml::new();
        xml.text("allocationId", &id);
        xml.text("publicIp", address.public_ip);
        xml.text("publicIpv4Pool", &address.pool);
        xml.text("domain", "vpc");
        xml.text("networkBorderGroup", &address.border_group);
        self.addresses.insert(id, address);
        Ok(xml)
    }

    fn new_address(&self, public_ip: Ipv4Addr, pool: String, border_group: String) -> Address {
        let allocated = self.now;
        Address { public_ip, pool, border_group, allocated, claim: None, stale_interface: None, service_managed: false }
    }

    /// An address that a regional NAT gateway brings for itself.
    pub(crate) fn allocate_managed(&mut self) -> String {
        let id = self.register("eipalloc", std::collections::BTreeMap::new());
        let public_ip = self.next_amazon_ip();
        let mut address = self.new_address(public_ip, AMAZON_POOL.to_owned(), self.name.clone());
        address.service_managed = true;
        self.addresses.insert(id.clone(), address);
        id
    }

    /// The pool and the address of an allocation.
    fn take_ip(&mut self, params: &Params, wanted: Option<Ipv4Addr>) -> Result<(String, Ipv4Addr), ApiError> {
        let pool = params.get("IpamPoolId").or(params.get("PublicIpv4Pool")).unwrap_or(AMAZON_POOL);
        let network = match pool {
            AMAZON_POOL => return Ok((pool.to_owned(), self.take_amazon_ip(wanted)?)),
            BYOIP_POOL => Ipv4Addr::new(192, 0, 2, 0),
            IPAM_POOL => Ipv4Addr::new(192, 0, 2, 16),
            other => {
                let message = format!("The pool ID '{other}' does not exist");
                return Err(ApiError::new("InvalidPublicIpv4PoolID.NotFound", message));
            }
        };
        let mut candidates = (0..SIZE_OF_POOL).map(|host| Ipv4Addr::from(u32::from(network) + u32::from(host)));
        let free = candidates.find(|ip| wanted.is_none_or(|wanted| wanted == *ip) && !self.is_allocated(*ip));
        match (free, wanted) {
            (Some(ip), _) => Ok((pool.to_owned(), ip)),
            (None, Some(ip)) => Err(no_such_ip(ip)),
            (None, None) => Err(ApiError::new("InsufficientAddressCapacity", "Insufficient address capacity.")),
        }
    }

    fn take_amazon_ip(&mut self, wanted: Option<Ipv4Addr>) -> Result<Ipv4Addr, ApiError> {
        let counted = self.addresses.values().filter(|address| address.pool == AMAZON_POOL && !address.service_managed);
        if counted.count() >= self.settings.quotas.addresses {
            let message = "The maximum number of addresses has been reached.";
            return Err(ApiError::new("AddressLimitExceeded", message));
        }
        match wanted {
            None => Ok(self.next_amazon_ip()),
            Some(ip) if self.released.contains(&ip) && !self.is_allocated(ip) => Ok(ip),
            Some(ip) => Err(no_such_ip(ip)),
        }
    }

    /// An address that nobody had before.
    fn next_amazon_ip(&mut self) -> Ipv4Addr {
        self.given_ips += 1;
        amazon_ip(self.given_ips - 1)
    }

    fn is_allocated(&self, ip: Ipv4Addr) -> bool {
        self.addresses.values().any(|address| address.public_ip == ip)
    }

    pub(crate) fn describe_addresses(&self, params: &Params) -> Answer {
        let filters = Filters::parse(params, &FILTERS)?;
        let (ids, ips) = (params.list("AllocationId"), params.list("PublicIp"));
        if let Some(id) = ids.iter().find(|id| self.visible(&self.addresses, id).is_none()) {
            return Err(not_allocated(id));
        }
        let shown = |ip: &str| {
            self.addresses.iter().any(|(id, address)| address.public_ip.to_string() == ip && self.is_visible(id))
        };
        if let Some(ip) = ips.iter().find(|ip| !shown(ip)) {
            return Err(ApiError::new("InvalidAddress.NotFound", format!("Address '{ip}' not found.")));
        }
        let found = self.addresses.iter().filter(|(id, address)| {
            self.is_visible(id)
                && (ids.is_empty() || ids.contains(&id.as_str()))
                && (ips.is_empty() || ips.contains(&address.public_ip.to_string().as_str()))
                && filters.accept(self.tags_of(id), |name| self.address_values(id, address, name))
        });
        let mut xml = Xml::new();
        xml.items("addressesSet", found, |xml, (id, address)| self.write_address(xml, id, address));
        Ok(xml)
    }

    fn address_values(&self, id: &str, address: &Address, name: &str) -> Vec<String> {
        let claim = self.shown_claim(address);
        let value = match name {
            "allocation-id" => Some(id.to_owned()),
            "association-id" => claim.map(|claim| claim.association.clone()),
            "domain" => Some("vpc".to_owned()),
            "network-border-group" => Some(address.border_group.clone()),
            "network-interface-id" => claim.and_then(|claim| claim.network_interface.clone()),
            "network-interface-owner-id" => claim.map(|_| self.account.clone()),
            "private-ip-address" => claim.and_then(|claim| claim.private_ip).map(|ip| ip.to_string()),
            "public-ip" => Some(address.public_ip.to_string()),
            "public-ipv4-pool" => Some(address.pool.clone()),
            _ => None,
        };
        value.into_iter().collect()
    }

    /// The claim on an address as far as reads show it yet.
    pub(crate) fn shown_claim<'a>(&self, address: &'a Address) -> Option<&'a Claim> {
        address.claim.as_ref().filter(|claim| claim.shown_from.is_some_and(|from| from <= self.now))
    }

    fn write_address(&self, xml: &mut Xml, id: &str, address: &Address) {
        xml.text("publicIp", address.public_ip);
        xml.text("allocationId", id);
        xml.text("domain", "vpc");
        if let Some(claim) = self.shown_claim(address) {
            xml.text("associationId", &claim.association);
            xml.optional("networkInterfaceId", claim.network_interface.as_ref());
            xml.text("networkInterfaceOwnerId", &self.account);
            xml.optional("privateIpAddress", claim.private_ip);
        }
        self.write_tags(xml, id);
        xml.text("publicIpv4Pool", &address.pool);
        xml.text("networkBorderGroup", &address.border_group);
        xml.optional("serviceManaged", address.service_managed.then_some("rnat"));
    }

    pub(crate) fn describe_addresses_attribute(&self, params: &Params) -> Answer {
        let ids = params.list("AllocationId");
        if let Some(id) = ids.iter().find(|id| self.visible(&self.addresses, id).is_none()) {
            return Err(not_allocated(id));
        }
        let found = self
            .addresses
            .iter()
            .filter(|(id, _)| self.is_visible(id) && (ids.is_empty() || ids.contains(&id.as_str())));
        let mut xml = Xml::new();
        xml.items("addressSet", found, |xml, (id, address)| {
            xml.text("publicIp", address.public_ip);
            xml.text("allocationId", id);
        });
        Ok(xml)
    }

    pub(crate) fn release_address(&mut self, params: &Params) -> Answer {
        let id = self.named_address(params)?;
        let address = &self.addresses[&id];
        if address.service_managed {
            return Err(no_permission());
        }
        if let Some(claim) = &address.claim {
            let holder = claim.nat_gateway.as_ref().and_then(|id| self.nat_gateways.get(id));
            // The code that real users meet when they release an address while its gateway is being deleted.
            return Err(if holder.is_some_and(|gateway| gateway.state == NatGatewayState::Deleting) {
                no_permission()
            } else {
                ApiError::new("InvalidIPAddress.InUse", format!("Address {} is in use.", address.public_ip))
            });
        }
        if let Some((interface, until)) = &address.stale_interface
            && *until > self.now
        {
            let message = format!("The networkInterface ID '{interface}' does not exist");
            return Err(ApiError::new("InvalidNetworkInterfaceID.NotFound", message));
        }
        self.remove_address(&id);
        Ok(done())
    }

    /// Takes an address out of the account, which may recover it later.
    pub(crate) fn remove_address(&mut self, id: &str) {
        if let Some(address) = self.addresses.remove(id) {
            if address.pool == AMAZON_POOL && !address.service_managed {
                self.released.push(address.public_ip);
            }
            self.forget(id);
        }
    }

    /// The address that `AllocationId` or `PublicIp` names.
    fn named_address(&self, params: &Params) -> Result<String, ApiError> {
        if let Some(ip) = params.get("PublicIp").filter(|_| params.get("AllocationId").is_none()) {
            let found = self.addresses.iter().find(|(_, address)| address.public_ip.to_string() == ip);
            return found
                .map(|(id, _)| id.clone())
                .ok_or_else(|| ApiError::new("InvalidAddress.NotFound", format!("Address '{ip}' not found.")));
        }
        let id = params.required("AllocationId")?;
        self.visible(&self.addresses, id).map(|_| id.to_owned()).ok_or_else(|| not_allocated(id))
    }

    pub(crate) fn associate_address(&mut self, params: &Params) -> Answer {
        let id = self.named_address(params)?;
        if let Some(instance) = params.get("InstanceId") {
            let message = format!("The instance ID '{instance}' does not exist");
            return Err(ApiError::new("InvalidInstanceID.NotFound", message));
        }
        let interface = params.required("NetworkInterfaceId")?;
        let Some(found) = self.visible(&self.network_interfaces, interface) else {
            return Err(super::tags::not_found(interface));
        };
        if found.nat_gateway.is_some() {
            return Err(no_permission());
        }
        let private_ip = match params.get("PrivateIpAddress") {
            Some(value) => Some(parse("PrivateIpAddress", value)?),
            None => found.private_ips.first().copied(),
        };
        let claim = self.addresses[&id].claim.as_ref();
        if let Some(claim) = claim {
            let same = claim.network_interface.as_deref() == Some(interface) && claim.private_ip == private_ip;
            if same {
                let mut xml = done();
                xml.text("associationId", &claim.association);
                return Ok(xml);
            }
            if claim.nat_gateway.is_some() {
                return Err(no_permission());
            }
            if !params.flag("AllowReassociation") {
                let message = format!("resource {id} is already associated with associate-id {}", claim.association);
                return Err(ApiError::new("Resource.AlreadyAssociated", message));
            }
        }
        let association = self.new_id("eipassoc");
        let claim = Claim {
            association: association.clone(),
            nat_gateway: None,
            network_interface: Some(interface.to_owned()),
            private_ip,
            shown_from: Some(self.now),
        };
        if let Some(address) = self.addresses.get_mut(&id) {
            address.claim = Some(claim);
        }
        let mut xml = done();
        xml.text("associationId", association);
        Ok(xml)
    }

    pub(crate) fn disassociate_address(&mut self, params: &Params) -> Answer {
        let ip = params.get("PublicIp");
        let association = if ip.is_some() { "" } else { params.required("AssociationId")? };
        let claimed = |address: &Address| {
            Some(address.public_ip.to_string()).as_deref() == ip
                || address.claim.as_ref().is_some_and(|claim| claim.association == association)
        };
        let Some(address) = self.addresses.values_mut().find(|address| claimed(address)) else {
            let message = format!("The association ID '{association}' does not exist");
            return Err(ApiError::new("InvalidAssociationID.NotFound", message));
        };
        if address.claim.as_ref().is_some_and(|claim| claim.nat_gateway.is_some()) {
            return Err(no_permission());
        }
        address.claim = None;
        Ok(done())
    }

    pub(crate) fn describe_public_ipv4_pools(&self, params: &Params) -> Answer {
        Filters::parse(params, &[])?;
        let ids = params.list("PoolId");
        let pools = [(BYOIP_POOL, "brought by the caller"), (IPAM_POOL, "of the address manager")];
        let found = pools.into_iter().filter(|(id, _)| ids.is_empty() || ids.contains(id));
        let mut xml = Xml::new();
        xml.items("publicIpv4PoolSet", found, |xml, (id, description)| {
            let used = self.addresses.values().filter(|address| address.pool == id).count();
            let available = usize::from(SIZE_OF_POOL) - used;
            let first = if id == BYOIP_POOL { 0 } else { SIZE_OF_POOL };
            xml.text("poolId", id);
            xml.text("description", description);
            xml.items("poolAddressRangeSet", [first], |xml, first| {
                xml.text("firstAddress", Ipv4Addr::new(192, 0, 2, first));
                xml.text("lastAddress", Ipv4Addr::new(192, 0, 2, first + SIZE_OF_POOL - 1));
                xml.text("addressCount", SIZE_OF_POOL);
                xml.text("availableAddressCount", available);
            });
            xml.text("totalAddressCount", SIZE_OF_POOL);
            xml.text("totalAvailableAddressCount", available);
            xml.text("networkBorderGroup", &self.name);
            xml.items("tagSet", std::iter::empty::<()>(), |_, ()| ());
        });
        Ok(xml)
    }

    pub(crate) fn describe_account_attributes(&self, params: &Params) -> Answer {
        let all = [
            ("max-elastic-ips", self.settings.quotas.addresses.to_string()),
            ("vpc-max-elastic-ips", self.settings.quotas.addresses.to_string()),
            ("supported-platforms", "VPC".to_owned()),
            ("default-vpc", "none".to_owned()),
            ("max-instances", "20".to_owned()),
            ("vpc-max-security-groups-per-interface", "5".to_owned()),
        ];
        let names = params.list("AttributeName");
        if let Some(unknown) = names.iter().find(|name| !all.iter().any(|(known, _)| known == *name)) {
            return Err(ApiError::invalid(format!("Invalid value '{unknown}' for attributeName")));
        }
        let found = all.iter().filter(|(name, _)| names.is_empty() || names.contains(name));
        let mut xml = Xml::new();
        xml.items("accountAttributeSet", found, |xml, (name, value)| {
            xml.text("attributeName", name);
            xml.items("attributeValueSet", [value], |xml, value| xml.text("attributeValue", value));
        });
        Ok(xml)
    }
}

fn no_such_ip(ip: Ipv4Addr) -> ApiError {
    ApiError::new("InvalidAddress.NotFound", format!("Address '{ip}' not found."))
}
