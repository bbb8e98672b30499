//! Carries out one step: looks whether its effect is there, causes it, and waits until it is reached.

use std::collections::BTreeSet;

use cloud::marks::{identity_tags, mark_of};
use cloud::names::object_name;
use cloud::{Class, Error, Freshness, Limits};
use egress_model::identity::Key;
use serde_json::{Value, json};

use super::observe::SOURCES;
use super::{Desired, Fixed, Operation, Wanted};
use crate::client::Condition;
use crate::id::{Kind, ResourceId};
use crate::ip_pools::{IpVersion, Sku};
use crate::object::{Object, Provisioning, list_of, reference};
use crate::place::{Place, put_call};
use crate::write::missing;

impl Place {
    pub(super) async fn step(&self, desired: &Desired, operation: &Operation, limits: &Limits) -> Result<(), Error> {
        match operation {
            Operation::Put { key, gateway, addresses } => {
                let wanted = desired.gateways.get(key);
                let id = match (gateway, wanted) {
                    (Some(id), _) => id.clone(),
                    (None, Some(wanted)) => {
                        // One that this run has made, or another: a name that is free says nothing, for what had it may be gone.
                        let observed = self.see(desired, Freshness::Now).await?;
                        match observed.current(key, &wanted.fixed) {
                            Some((id, _)) => id.clone(),
                            None => self.create_gateway(desired, key, wanted, addresses, limits).await?,
                        }
                    }
                    (None, None) => return Ok(()),
                };
                self.become_like(desired, key, &id, addresses, limits).await
            }
            Operation::Attach { subnet, key } => {
                let observed = self.see(desired, Freshness::Now).await?;
                let current = desired.gateways.get(key).and_then(|wanted| observed.current(key, &wanted.fixed));
                let gone = || Error::new(Class::NotFound, "GET natGateways", "the gateway is gone");
                let (gateway, _) = current.ok_or_else(gone)?;
                let attach = |there: &Object| {
                    let is_attached = there.references("natGateway").first() == Some(gateway);
                    let mut attached = there.clone();
                    attached.set_property("natGateway", reference(gateway));
                    (!is_attached || there.provisioning() == Provisioning::Failed).then_some(attached)
                };
                self.rewrite_subnet(subnet, attach, limits).await
            }
            Operation::Detach { subnet, gateway } => {
                let detach = |there: &Object| {
                    let mut detached = there.clone();
                    detached.set_property("natGateway", Value::Null);
                    there.references("natGateway").contains(gateway).then_some(detached)
                };
                self.rewrite_subnet(subnet, detach, limits).await
            }
            Operation::Delete { gateway } => self.delete(gateway, limits).await,
        }
    }

    /// The new gateway, or the one that another run has created.
    async fn create_gateway(
        &self,
        desired: &Desired,
        key: &Key,
        wanted: &Wanted,
        addresses: &BTreeSet<ResourceId>,
        limits: &Limits,
    ) -> Result<ResourceId, Error> {
        let mut body = Object::new(&self.location);
        wanted.fixed.write(&mut body);
        self.write_gateway(desired, key, addresses, &mut body, limits).await?;
        let will_do = |there: &Object| {
            let mark = mark_of(&there.tags());
            let is_marked = mark.is_some_and(|mark| mark.identity == desired.identity && mark.key == *key);
            is_marked && wanted.fixed.are_of(there)
        };
        let name = |generation| object_name(&desired.identity, Some(key), generation);
        self.create(Kind::Gateway, name, &body, will_do, limits).await
    }

    /// Waits for the operation under way, and writes what is not like this or has failed. The tags that others have set stay.
    async fn become_like(
        &self,
        desired: &Desired,
        key: &Key,
        id: &ResourceId,
        addresses: &BTreeSet<ResourceId>,
        limits: &Limits,
    ) -> Result<(), Error> {
        let _held = self.locks.hold(id.as_str(), put_call(id), limits).await?;
        let look = || async {
            let there = self.get(id, limits).await?.ok_or_else(|| missing(id))?;
            if there.provisioning() == Provisioning::Updating {
                return Ok(None);
            }
            let mut changed = there.clone();
            self.write_gateway(desired, key, addresses, &mut changed, limits).await?;
            let listed: BTreeSet<ResourceId> = SOURCES.iter().flat_map(|list| there.references(list)).collect();
            let idle = |object: &Object| object.property("idleTimeoutInMinutes").as_u64();
            let is_like = listed == *addresses && idle(&there) == idle(&changed) && there.tags() == changed.tags();
            match there.provisioning() {
                Provisioning::Succeeded if is_like => Ok(Some(())),
                _ => self.put(id, &changed, &Condition::Any, limits).await.map(|()| None),
            }
        };
        limits.until(self.poll, look).await?.map_err(|ended| ended.error(put_call(id)))
    }

    /// Writes what the resource says of a gateway into its body. Which list an address belongs to is its own to say.
    async fn write_gateway(
        &self,
        desired: &Desired,
        key: &Key,
        addresses: &BTreeSet<ResourceId>,
        body: &mut Object,
        limits: &Limits,
    ) -> Result<(), Error> {
        let mut lists: [Vec<&ResourceId>; SOURCES.len()] = Default::default();
        for address in addresses {
            let there = self.get(address, limits).await?.ok_or_else(|| missing(address))?;
            let is_prefix = usize::from(address.kind() == Some(Kind::Prefix));
            let is_v6 = usize::from(IpVersion::of(&there) == IpVersion::V6);
            lists[is_prefix * 2 + is_v6].push(address);
        }
        for (list, ids) in SOURCES.iter().zip(lists) {
            body.set_property(list, list_of(ids));
        }
        let mut tags = body.tags();
        if let Some(wanted) = desired.gateways.get(key) {
            tags.extend(wanted.tags.clone());
            if let Some(minutes) = wanted.idle_timeout {
                body.set_property("idleTimeoutInMinutes", json!(minutes));
            }
        }
        tags.extend(identity_tags(&desired.identity, key, None));
        body.set_tags(&tags);
        Ok(())
    }

    /// A network takes one operation at a time, so the lock is the network's: the resources of this process do not make each other wait
    /// for a refusal.
    async fn rewrite_subnet(
        &self,
        subnet: &ResourceId,
        part: impl Fn(&Object) -> Option<Object> + Send + Sync,
        limits: &Limits,
    ) -> Result<(), Error> {
        let operation = put_call(subnet);
        let _held = self.locks.hold(subnet.whole(), operation, limits).await?;
        let read = || async { self.get(subnet, limits).await?.ok_or_else(|| missing(subnet)) };
        let write = |body: Object| async move {
            self.forget_what_was_read();
            let condition = body.etag().map_or(Condition::Any, |etag| Condition::Is(etag.to_owned()));
            match self.client.put(operation, subnet.as_str(), &body, &condition).await {
                Ok(accepted) => self.finish(operation, accepted, limits).await,
                // Somebody else has written it since: it is read again.
                Err(error) if error.code == "PreconditionFailed" => Err(Error { class: Class::Busy, ..error }),
                Err(error) => Err(error),
            }
        };
        self.calls(limits).rewrite(operation, self.sharing(), read, part, write).await?;
        self.settled(subnet, limits).await.map(drop)
    }
}

impl Fixed {
    fn write(&self, body: &mut Object) {
        body.set_member("sku", json!({ "name": self.sku.as_str() }));
        if let Some(zone) = &self.zone {
            body.set_member("zones", json!([zone]));
        }
        body.set_property("sourceVirtualNetwork", self.network.as_ref().map_or(Value::Null, reference));
    }

    fn are_of(&self, there: &Object) -> bool {
        let network = there.references("sourceVirtualNetwork").into_iter().next();
        Sku::of(there) == Some(self.sku) && there.zones().into_iter().next() == self.zone && network == self.network
    }
}
