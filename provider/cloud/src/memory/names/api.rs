//! The cloud's side.
//!
//! Rules, from the descriptions of `Microsoft.Network` (`PublicIPAddresses`, `NatGateways`, `Subnets`) and from what public clients meet:
//!
//! - A PUT answers at once with the object in `Updating`. It ends in `Succeeded`, or in `Failed` with the object alive. Meanwhile another
//!   change is refused (409 `AnotherOperationInProgress`, with `Retry-After`).
//! - `If-None-Match: *` makes a PUT create only (412 `PreconditionFailed`). Nothing else locks an object.
//! - An address has no `ipAddress` before it has succeeded, and no other object can refer to it (429 `RetryableError`, within it
//!   `ReferencedResourceNotProvisioned`). It is on one gateway only (`PublicIPAddressInUse`), and is not deleted while it is on one
//!   (`PublicIPAddressCannotBeDeleted`).
//! - A PUT of a subnet replaces all of it: what is left out is removed. A network takes one operation at a time.
//! - A gateway is not deleted while a subnet names it (`CannotDeleteNatGatewayAssociatedToSubnet`).
//! - Ids come back in whatever case a part of the service likes.

mod outside;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use tokio::time::Instant;

use crate::Class;
use crate::marks::Tags;
use crate::memory::process::Codes;
use crate::memory::served::{Answer, Served, State, refuse, refuse_for_now};

/// How long an operation goes on.
const OPERATION: Duration = Duration::from_millis(1200);
/// How many addresses a subscription may have.
pub(super) const ADDRESSES: usize = 20;
/// The property of a subnet that names its gateway.
pub(super) const NAT_GATEWAY: &str = "natGateway";

/// The cloud.
#[derive(Debug)]
pub struct Api(Served<Group>);

/// A resource group with one virtual network.
#[derive(Debug, Default)]
struct Group {
    addresses: BTreeMap<String, Object<AddressBody>>,
    gateways: BTreeMap<String, Object<GatewayBody>>,
    subnets: BTreeMap<String, SubnetBody>,
    /// Until when the network is busy.
    network: Option<Instant>,
    made: u16,
    fails_next_operation: bool,
}

/// What a create asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    /// `If-None-Match: *`.
    IsAbsent,
    /// None.
    Any,
}

/// An object as a GET shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Object<B> {
    pub(super) id: String,
    pub(super) body: B,
    pub(super) provisioning: Provisioning,
    /// The address that it got, where it is one.
    pub(super) ip: Option<IpAddr>,
    /// The body before the operation under way.
    before: Option<B>,
    due: Option<Instant>,
    will_fail: bool,
}

/// The `provisioningState`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Provisioning {
    Updating,
    Succeeded,
    Failed,
    Deleting,
}

/// A public IP address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AddressBody {
    /// Cannot be changed.
    pub(super) zone: u8,
    pub(super) ddos: String,
    pub(super) tags: Tags,
}

/// A NAT gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct GatewayBody {
    pub(super) addresses: BTreeSet<String>,
    pub(super) tags: Tags,
}

/// A subnet: its properties, of which a client knows a few.
pub(super) type SubnetBody = BTreeMap<String, String>;

impl State for Group {
    fn pass(&mut self, now: Instant) {
        self.network = self.network.filter(|until| *until > now);
        self.addresses.retain(|_, address| address.pass(now));
        self.gateways.retain(|_, gateway| gateway.pass(now));
        let done = |address: &&mut Object<AddressBody>| address.provisioning == Provisioning::Succeeded;
        for address in self.addresses.values_mut().filter(done).filter(|address| address.ip.is_none()) {
            self.made += 1;
            let [high, low] = self.made.to_be_bytes();
            address.ip = Some(IpAddr::V4(Ipv4Addr::new(198, 19, high, low)));
        }
    }
}

impl<B: Clone> Object<B> {
    /// What becomes of it; whether it is still there.
    fn pass(&mut self, now: Instant) -> bool {
        if self.due.is_none_or(|due| due > now) {
            return true;
        }
        (self.due, self.before) = (None, None);
        let is_there = self.provisioning != Provisioning::Deleting;
        self.provisioning = if self.will_fail { Provisioning::Failed } else { Provisioning::Succeeded };
        is_there
    }

    fn is_busy(&self) -> bool {
        self.due.is_some()
    }
}

/// A PUT of an object: what is there, or will be.
fn put<B: Clone>(
    objects: &mut BTreeMap<String, Object<B>>,
    id: String,
    body: B,
    condition: Condition,
    will_fail: bool,
) -> Answer<Object<B>> {
    let name = name_of(&id);
    let now = objects.get(&name);
    if now.is_some() && condition == Condition::IsAbsent {
        return refuse("PreconditionFailed", format!("{name} exists"));
    }
    if now.is_some_and(Object::is_busy) {
        return refuse_for_now("AnotherOperationInProgress", format!("Another operation on {name} is in progress."));
    }
    let object = Object {
        id,
        body,
        provisioning: Provisioning::Updating,
        ip: now.and_then(|now| now.ip),
        before: now.map(|now| now.body.clone()),
        due: Some(Instant::now() + OPERATION),
        will_fail,
    };
    objects.insert(name, object.clone());
    Ok(object)
}

fn delete<B: Clone>(objects: &mut BTreeMap<String, Object<B>>, id: &str) -> Answer<()> {
    match objects.get_mut(&name_of(id)) {
        None => refuse("NotFound", format!("Resource {id} not found.")),
        Some(object) if object.provisioning == Provisioning::Deleting => Ok(()),
        Some(object) if object.is_busy() => {
            refuse_for_now("AnotherOperationInProgress", format!("Another operation on {id} is in progress."))
        }
        Some(object) => {
            (object.provisioning, object.due) = (Provisioning::Deleting, Some(Instant::now() + OPERATION));
            Ok(())
        }
    }
}

/// The name in an id.
fn name_of(id: &str) -> String {
    id.rsplit('/').next().unwrap_or_default().to_ascii_lowercase()
}

/// An id, in the case that the service writes it in.
fn id_of(kind: &str, name: &str) -> String {
    format!("/subscriptions/s1/resourceGroups/Egress/providers/Microsoft.Network/{kind}/{name}")
}

impl Group {
    fn put_address(&mut self, name: &str, body: AddressBody, condition: Condition) -> Answer<Object<AddressBody>> {
        let now = self.addresses.get(name);
        if now.is_none() && self.addresses.len() >= ADDRESSES {
            return refuse("PublicIPCountLimitReached", "Cannot create more public IP addresses.");
        }
        if now.is_some_and(|now| now.body.zone != body.zone) && condition == Condition::Any {
            return refuse("ResourceAvailabilityZonesCannotBeModified", "The zone cannot be modified.");
        }
        let will_fail = std::mem::take(&mut self.fails_next_operation);
        put(&mut self.addresses, id_of("publicIPAddresses", name), body, condition, will_fail)
    }

    fn put_gateway(&mut self, name: &str, body: GatewayBody, condition: Condition) -> Answer<Object<GatewayBody>> {
        for id in &body.addresses {
            let address = self.addresses.get(&name_of(id));
            match address.map(|address| address.provisioning) {
                Some(Provisioning::Succeeded) => {}
                Some(_) => return refuse_for_now("RetryableError", format!("{id} is not in Succeeded state.")),
                None => return refuse("NotFound", format!("Resource {id} not found.")),
            }
            if self.user_of(&name_of(id)).is_some_and(|user| name_of(&user) != name) {
                return refuse("PublicIPAddressInUse", format!("{id} is already allocated to another resource."));
            }
        }
        let will_fail = std::mem::take(&mut self.fails_next_operation);
        put(&mut self.gateways, id_of("natGateways", name), body, condition, will_fail)
    }

    /// The gateway that has an address, or had it before the operation under way.
    fn user_of(&self, address: &str) -> Option<String> {
        let has = |body: &GatewayBody| body.addresses.iter().any(|id| name_of(id) == address);
        let user = |gateway: &&Object<GatewayBody>| has(&gateway.body) || gateway.before.as_ref().is_some_and(has);
        self.gateways.values().find(user).map(|gateway| gateway.id.clone())
    }

    fn delete_address(&mut self, id: &str) -> Answer<()> {
        if let Some(user) = self.user_of(&name_of(id)) {
            return refuse("PublicIPAddressCannotBeDeleted", format!("{id} is still allocated to {user}."));
        }
        delete(&mut self.addresses, id)
    }

    fn delete_gateway(&mut self, id: &str) -> Answer<()> {
        let names = |subnet: &SubnetBody| subnet.get(NAT_GATEWAY).is_some_and(|names| name_of(names) == name_of(id));
        if self.subnets.values().any(names) {
            return refuse("CannotDeleteNatGatewayAssociatedToSubnet", format!("{id} is still configured on subnets."));
        }
        delete(&mut self.gateways, id)
    }

    fn put_subnet(&mut self, name: &str, body: SubnetBody) -> Answer<()> {
        if self.network.is_some() {
            return refuse_for_now("AnotherOperationInProgress", "Another operation on the network is in progress.");
        }
        if let Some(gateway) = body.get(NAT_GATEWAY) {
            match self.gateways.get(&name_of(gateway)) {
                None => return refuse("NotFound", format!("Resource {gateway} not found.")),
                Some(there) if there.is_busy() => {
                    return refuse_for_now("RetryableError", format!("{gateway} is not in Succeeded state."));
                }
                Some(_) => {}
            }
        }
        self.network = Some(Instant::now() + OPERATION);
        self.subnets.insert(name.to_owned(), body);
        Ok(())
    }
}

/// An address, and the gateway that has it.
pub(super) type UsedAddress = (Object<AddressBody>, Option<String>);

impl Api {
    pub(super) async fn put_address(&self, name: &str, body: AddressBody, condition: Condition) -> Answer<()> {
        let put = |group: &mut Group| group.put_address(name, body, condition).map(drop);
        match condition {
            Condition::IsAbsent => self.0.create("PublicIPCountLimitReached", put).await,
            Condition::Any => self.0.write(put).await,
        }
    }

    pub(super) async fn list_addresses(&self) -> Answer<Vec<UsedAddress>> {
        let list = |group: &mut Group| {
            let used = |(name, address): (&String, &Object<AddressBody>)| (address.clone(), group.user_of(name));
            group.addresses.iter().map(used).collect()
        };
        Ok(self.0.read(list).await)
    }

    pub(super) async fn delete_address(&self, id: &str) -> Answer<()> {
        self.0.write(|group| group.delete_address(id)).await
    }

    pub(super) async fn put_gateway(&self, name: &str, body: GatewayBody, condition: Condition) -> Answer<()> {
        let put = |group: &mut Group| group.put_gateway(name, body, condition).map(drop);
        match condition {
            Condition::IsAbsent => self.0.create("NatGatewayCountLimitReached", put).await,
            Condition::Any => self.0.write(put).await,
        }
    }

    pub(super) async fn list_gateways(&self) -> Answer<Vec<Object<GatewayBody>>> {
        Ok(self.0.read(|group| group.gateways.values().cloned().collect()).await)
    }

    pub(super) async fn delete_gateway(&self, id: &str) -> Answer<()> {
        self.0.write(|group| group.delete_gateway(id)).await
    }

    pub(super) async fn list_subnets(&self) -> Answer<BTreeMap<String, SubnetBody>> {
        Ok(self.0.read(|group| group.subnets.clone()).await)
    }

    pub(super) async fn put_subnet(&self, name: &str, body: SubnetBody) -> Answer<()> {
        self.0.write(|group| group.put_subnet(name, body)).await
    }
}

impl Codes for Api {
    fn class(code: &str) -> Class {
        match code {
            "NotFound" => Class::NotFound,
            "AnotherOperationInProgress" | "RetryableError" => Class::Busy,
            "PublicIPAddressInUse" | "PublicIPAddressCannotBeDeleted" | "CannotDeleteNatGatewayAssociatedToSubnet" => {
                Class::InUse
            }
            "PublicIPCountLimitReached" | "NatGatewayCountLimitReached" => Class::QuotaExceeded,
            "PreconditionFailed" => Class::Conflict,
            _ => Class::Other,
        }
    }
}
