//! The cloud's side.
//!
//! Rules, from the EC2 API reference (`AllocateAddress`, `CreateNatGateway`, `AssociateNatGatewayAddress`,
//! `DisassociateNatGatewayAddress`, `ReplaceRoute`) and from what public clients meet:
//!
//! - The addresses of an account are limited (`AddressLimitExceeded`). One that a gateway holds is not released (`InvalidIPAddress.InUse`).
//! - `CreateNatGateway` answers with a gateway in `pending`, and what is wrong with it shows later, in `failed` with a code. A token
//!   answers with what it made, also after that failed or was deleted; with other parameters it is refused
//!   (`IdempotentParameterMismatch`).
//! - The first address leaves only with the gateway. The others come (`associating`) and go (`disassociating`) one by one, and a second
//!   association of an address is refused (`Resource.AlreadyAssociated`).
//! - A deleted gateway holds its addresses while it is `deleting`, and is listed as `deleted` for an hour.
//! - A route is known by its table and destination, and is swapped in one call. It stays when its target goes.

mod outside;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use tokio::time::Instant;

use crate::Class;
use crate::marks::Tags;
use crate::memory::process::Codes;
use crate::memory::served::{Answer, Served, State, refuse};

/// How long a gateway is `pending` or `deleting`.
const GATEWAY: Duration = Duration::from_millis(1500);
/// How long an address is coming or going.
const ADDRESS: Duration = Duration::from_millis(400);
/// How many addresses an account may have.
pub(super) const ADDRESSES: usize = 100;

/// The cloud.
#[derive(Debug)]
pub struct Api(Served<Region>);

#[derive(Debug, Default)]
struct Region {
    addresses: BTreeMap<String, Address>,
    gateways: BTreeMap<String, NatGateway>,
    tokens: BTreeMap<String, (Create, String)>,
    routes: BTreeMap<(String, String), String>,
    /// Counts all that was ever made: ids and public IPs are not used again.
    made: u16,
    fails_next_gateway: bool,
}

/// A public address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) id: String,
    pub(super) ip: IpAddr,
    pub(super) pool: u8,
    pub(super) tags: Tags,
    /// The gateway that holds it.
    pub(super) user: Option<String>,
}

/// What `CreateNatGateway` sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Create {
    pub(super) subnet: String,
    pub(super) allocation: String,
    pub(super) tags: Tags,
}

/// A gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NatGateway {
    pub(super) id: String,
    pub(super) subnet: String,
    pub(super) state: Phase,
    /// The first is the one that stays.
    pub(super) addresses: Vec<Association>,
    pub(super) tags: Tags,
    due: Option<Instant>,
    /// What will be wrong with it.
    flaw: Option<&'static str>,
}

/// The state of a gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Pending,
    Available,
    Failed(&'static str),
    Deleting,
    Deleted,
}

/// An address of a gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Association {
    pub(super) allocation: String,
    pub(super) ip: IpAddr,
    pub(super) status: Status,
    due: Instant,
}

/// The state of an address of a gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Associating,
    Succeeded,
    Disassociating,
}

impl State for Region {
    fn pass(&mut self, now: Instant) {
        for gateway in self.gateways.values_mut() {
            if gateway.due.is_some_and(|due| due <= now) {
                gateway.due = None;
                gateway.state = match (gateway.state, gateway.flaw) {
                    (Phase::Deleting, _) => Phase::Deleted,
                    (_, Some(code)) => Phase::Failed(code),
                    (_, None) => Phase::Available,
                };
            }
            if matches!(gateway.state, Phase::Failed(_) | Phase::Deleted) {
                gateway.addresses.clear();
            }
            gateway.addresses.retain(|address| address.status != Status::Disassociating || address.due > now);
            for address in gateway.addresses.iter_mut().filter(|address| address.due <= now) {
                address.status = Status::Succeeded;
            }
        }
        let users: BTreeMap<&str, &str> = self.gateways.values().flat_map(NatGateway::holds).collect();
        for address in self.addresses.values_mut() {
            address.user = users.get(address.id.as_str()).map(|user| (*user).to_owned());
        }
    }
}

impl NatGateway {
    /// What it holds: allocation and gateway.
    fn holds(&self) -> impl Iterator<Item = (&str, &str)> {
        let is_sound = self.flaw.is_none();
        self.addresses.iter().filter(move |_| is_sound).map(|address| (address.allocation.as_str(), self.id.as_str()))
    }
}

impl Region {
    fn id(&mut self, kind: &str) -> String {
        self.made += 1;
        format!("{kind}-{:05}", self.made)
    }

    fn address(&mut self, id: &str) -> Answer<&mut Address> {
        match self.addresses.get_mut(id) {
            Some(address) => Ok(address),
            None => refuse("InvalidAllocationID.NotFound", format!("The allocation ID '{id}' does not exist")),
        }
    }

    fn gateway(&mut self, id: &str) -> Answer<&mut NatGateway> {
        match self.gateways.get_mut(id).filter(|gateway| gateway.state != Phase::Deleted) {
            Some(gateway) => Ok(gateway),
            None => refuse("NatGatewayNotFound", format!("NatGateway {id} was not found")),
        }
    }

    fn allocate(&mut self, pool: u8, ip: Option<IpAddr>, tags: Tags) -> Answer<Address> {
        if self.addresses.len() >= ADDRESSES {
            return refuse("AddressLimitExceeded", "The maximum number of addresses has been reached.");
        }
        if ip.is_some_and(|ip| self.addresses.values().any(|address| address.ip == ip)) {
            return refuse("InvalidAddress.NotFound", "Address is not available");
        }
        let id = self.id("eipalloc");
        let [high, low] = self.made.to_be_bytes();
        let ip = ip.unwrap_or(IpAddr::V4(Ipv4Addr::new(198, 18, high, low)));
        let address = Address { id: id.clone(), ip, pool, tags, user: None };
        self.addresses.insert(id, address.clone());
        Ok(address)
    }

    fn create(&mut self, token: String, create: Create, now: Instant) -> Answer<NatGateway> {
        if let Some((before, id)) = self.tokens.get(&token) {
            if *before != create {
                return refuse("IdempotentParameterMismatch", "The parameters are not those of the token");
            }
            return Ok(self.gateways[id].clone());
        }
        let (id, fails) = (self.id("nat"), std::mem::take(&mut self.fails_next_gateway));
        let address = self.address(&create.allocation)?;
        let flaw = match &address.user {
            Some(_) => Some("Resource.AlreadyAssociated"),
            None => fails.then_some("InternalError"),
        };
        let (ip, due) = (address.ip, now + GATEWAY);
        let first = Association { allocation: create.allocation.clone(), ip, status: Status::Associating, due };
        let gateway = NatGateway {
            id: id.clone(),
            subnet: create.subnet.clone(),
            state: Phase::Pending,
            addresses: vec![first],
            tags: create.tags.clone(),
            due: Some(due),
            flaw,
        };
        self.tokens.insert(token, (create, id.clone()));
        self.gateways.insert(id, gateway.clone());
        Ok(gateway)
    }

    fn associate(&mut self, gateway: &str, allocation: &str, now: Instant) -> Answer<()> {
        let address = self.address(allocation)?;
        if address.user.is_some() {
            return refuse("Resource.AlreadyAssociated", format!("{allocation} is already associated"));
        }
        let ip = address.ip;
        let gateway = self.gateway(gateway)?;
        if gateway.state != Phase::Available {
            return refuse("InvalidState", "The gateway is not available");
        }
        let (allocation, due) = (allocation.to_owned(), now + ADDRESS);
        gateway.addresses.push(Association { allocation, ip, status: Status::Associating, due });
        Ok(())
    }

    fn disassociate(&mut self, gateway: &str, allocation: &str, now: Instant) -> Answer<()> {
        let gateway = self.gateway(gateway)?;
        match gateway.addresses.iter().position(|address| address.allocation == allocation) {
            Some(0) => refuse("InvalidParameter", "The primary address cannot be disassociated"),
            Some(position) => {
                let address = &mut gateway.addresses[position];
                (address.status, address.due) = (Status::Disassociating, now + ADDRESS);
                Ok(())
            }
            None => refuse("InvalidAssociationID.NotFound", "The address is not associated"),
        }
    }

    fn delete(&mut self, gateway: &str, now: Instant) -> Answer<()> {
        let gateway = self.gateway(gateway)?;
        (gateway.state, gateway.due) = (Phase::Deleting, gateway.due.or(Some(now + GATEWAY)));
        Ok(())
    }
}

impl Api {
    /// A cloud without anything. The seed decides how long each call takes.
    pub fn new(seed: u64) -> Self {
        Self(Served::new(Region::default(), seed))
    }

    pub(super) async fn allocate_address(&self, pool: u8, ip: Option<IpAddr>, tags: Tags) -> Answer<Address> {
        self.0.create("AddressLimitExceeded", |region| region.allocate(pool, ip, tags)).await
    }

    pub(super) async fn describe_addresses(&self) -> Answer<Vec<Address>> {
        Ok(self.0.read(|region| region.addresses.values().cloned().collect()).await)
    }

    pub(super) async fn release_address(&self, id: &str) -> Answer<()> {
        let release = |region: &mut Region| {
            if region.address(id)?.user.is_some() {
                return refuse("InvalidIPAddress.InUse", format!("Address {id} is in use"));
            }
            region.addresses.remove(id);
            Ok(())
        };
        self.0.write(release).await
    }

    /// Sets the first and removes the second tags of an address or gateway.
    pub(super) async fn change_tags(&self, id: &str, set: Tags, unset: &BTreeSet<String>) -> Answer<()> {
        let change = |region: &mut Region| {
            let tags = match region.gateways.get_mut(id) {
                Some(gateway) => &mut gateway.tags,
                None => &mut region.address(id)?.tags,
            };
            tags.extend(set);
            tags.retain(|name, _| !unset.contains(name));
            Ok(())
        };
        self.0.write(change).await
    }

    pub(super) async fn create_nat_gateway(&self, token: String, create: Create) -> Answer<NatGateway> {
        self.0.create("NatGatewayLimitExceeded", |region| region.create(token, create, Instant::now())).await
    }

    pub(super) async fn describe_nat_gateways(&self) -> Answer<Vec<NatGateway>> {
        Ok(self.0.read(|region| region.gateways.values().cloned().collect()).await)
    }

    pub(super) async fn associate_nat_gateway_address(&self, gateway: &str, allocation: &str) -> Answer<()> {
        self.0.write(|region| region.associate(gateway, allocation, Instant::now())).await
    }

    pub(super) async fn disassociate_nat_gateway_address(&self, gateway: &str, allocation: &str) -> Answer<()> {
        self.0.write(|region| region.disassociate(gateway, allocation, Instant::now())).await
    }

    pub(super) async fn delete_nat_gateway(&self, id: &str) -> Answer<()> {
        self.0.write(|region| region.delete(id, Instant::now())).await
    }

    pub(super) async fn describe_routes(&self) -> Answer<BTreeMap<(String, String), String>> {
        Ok(self.0.read(|region| region.routes.clone()).await)
    }

    pub(super) async fn create_route(&self, table: &str, destination: &str, target: &str) -> Answer<()> {
        let route = (table.to_owned(), destination.to_owned());
        let create = |region: &mut Region| match region.routes.get(&route) {
            Some(_) => refuse("RouteAlreadyExists", format!("{route:?} exists")),
            None => {
                region.routes.insert(route, target.to_owned());
                Ok(())
            }
        };
        self.0.write(create).await
    }

    pub(super) async fn replace_route(&self, table: &str, destination: &str, target: &str) -> Answer<()> {
        let route = (table.to_owned(), destination.to_owned());
        let replace = |region: &mut Region| match region.routes.get_mut(&route) {
            Some(now) => {
                target.clone_into(now);
                Ok(())
            }
            None => refuse("InvalidParameterValue", format!("There is no {route:?}")),
        };
        self.0.write(replace).await
    }

    pub(super) async fn delete_route(&self, table: &str, destination: &str) -> Answer<()> {
        let route = (table.to_owned(), destination.to_owned());
        let delete = |region: &mut Region| match region.routes.remove(&route) {
            Some(_) => Ok(()),
            None => refuse("InvalidRoute.NotFound", format!("There is no {route:?}")),
        };
        self.0.write(delete).await
    }
}

impl Codes for Api {
    fn class(code: &str) -> Class {
        match code {
            "InvalidAllocationID.NotFound"
            | "NatGatewayNotFound"
            | "InvalidAssociationID.NotFound"
            | "InvalidRoute.NotFound"
            | "InvalidAddress.NotFound" => Class::NotFound,
            "AddressLimitExceeded" | "NatGatewayLimitExceeded" => Class::QuotaExceeded,
            "InvalidIPAddress.InUse" => Class::InUse,
            "Resource.AlreadyAssociated" | "RouteAlreadyExists" => Class::Conflict,
            _ => Class::Other,
        }
    }
}
