//! Pools on a cloud of names and labels.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use egress_model::identity::{Identity, RESERVED_TAGS};
use egress_model::ip_pool::{self, Address, AddressId, Observed, Operation, PublicIps, User, UserKind};

use super::api::{ADDRESSES, Api, Labels, UsedAddress};
use crate::calls::Sharing;
use crate::ip_pools::{Allocation, Effect, IpPools, Quota, shown};
use crate::marks::{Tags, identity_tags, mark_of, without_identity};
use crate::memory::process::{Process, describe, error, look};
use crate::names::{self, Created, object_name};
use crate::{Class, Error, Freshness, Limits};

/// The network tier of an address. It cannot be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tier(pub u8);

impl ip_pool::Source for Tier {
    type Settings = ();

    fn admits(&self, actual: &Self) -> bool {
        self == actual
    }
}

/// Labels have a fingerprint: the cloud refuses what was made from others.
const FINGERPRINT: Sharing = Sharing { fresh: Duration::MAX, settle: Duration::ZERO };

const PREFIX: &str = "projects/p1/regions/r1/addresses/";

/// The one form of an id: the relative resource name.
pub(super) fn id_of(name: &str) -> String {
    format!("{PREFIX}{name}")
}

/// The name in an id.
pub(super) fn name_of(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or_default()
}

fn convert((address, users): UsedAddress) -> Address<Tier> {
    let used = |id: String| User { id, kind: UserKind::NatGateway, association: None, private_ip: None };
    Address {
        id: AddressId::new(id_of(&address.name)),
        public_ips: address.ip.map_or(PublicIps::Pending, PublicIps::from),
        source: Tier(address.tier),
        settings: (),
        mark: mark_of(&address.labels.labels),
        tags: without_identity(&address.labels.labels),
        users: users.into_iter().map(used).collect(),
    }
}

impl Process<Api> {
    async fn addresses(&self, limits: &Limits) -> Result<Observed<Tier>, Error> {
        let all = self.read("addresses.list", limits, || self.api.list_addresses()).await?;
        Ok(all.into_iter().map(convert).collect())
    }

    async fn address(&self, name: &str, limits: &Limits) -> Result<UsedAddress, Error> {
        let all = self.read("addresses.get", limits, || self.api.list_addresses()).await?;
        let missing = || Error::new(Class::NotFound, "addresses.get", format!("there is no address {name}"));
        all.into_iter().find(|(address, _)| address.name == name).ok_or_else(missing)
    }

    /// Waits until the address is reserved.
    async fn reserved(&self, name: &str, limits: &Limits) -> Result<Effect<Tier>, Error> {
        let look = || async { Ok(Some(self.address(name, limits).await?).filter(|(address, _)| address.ip.is_some())) };
        let address = self.wait("addresses.get", limits, look).await?;
        Ok(Effect::present(vec![convert(address)]))
    }

    /// The name locks the call: of two processes one creates, and the other takes what it made.
    async fn allocate(&self, asked: &Allocation<'_, Tier>, limits: &Limits) -> Result<Effect<Tier>, Error> {
        let all = self.addresses(limits).await?;
        let found = all.marked(asked.identity, asked.key).find(|address| asked.is_met_by(address));
        if let Some(found) = found {
            return self.reserved(name_of(found.id.as_str()), limits).await;
        }
        let labels = &asked.all_tags();
        let create = |name: String| async move {
            let insert = || self.api.insert_address(&name, asked.source.0, labels.clone());
            match self.write("addresses.insert", limits, insert).await {
                Ok(()) => Ok(Created::New(name)),
                Err(error) if error.code == "alreadyExists" => Ok(Created::Exists),
                Err(error) => Err(error),
            }
        };
        let get = |name: String| async move {
            let there = self.addresses(limits).await?;
            let there = there.get(&AddressId::new(id_of(&name))).cloned();
            Ok(there.filter(|address| asked.is_met_by(address)).map(|_| name))
        };
        let name = |generation| object_name(asked.identity, Some(asked.key), generation);
        let name = names::create("addresses.insert", name, create, get, |_| true).await?;
        self.reserved(&name, limits).await
    }

    /// Gives an address the labels that `change` makes of those that it has.
    async fn label(
        &self,
        id: &AddressId,
        limits: &Limits,
        change: impl Fn(&mut Tags) + Send + Sync,
    ) -> Result<Effect<Tier>, Error> {
        let name = name_of(id.as_str());
        let read = || async { Ok(self.address(name, limits).await?.0.labels) };
        let part = |now: &Labels| {
            let mut changed = now.clone();
            change(&mut changed.labels);
            (changed != *now).then_some(changed)
        };
        let write = |labels: Labels| async {
            self.api.set_labels(name, labels).await.map_err(|fault| error::<Api>("addresses.setLabels", fault))
        };
        self.calls(limits).rewrite("addresses.setLabels", FINGERPRINT, read, part, write).await?;
        Ok(Effect::present(vec![convert(self.address(name, limits).await?)]))
    }
}

#[async_trait]
impl IpPools for Process<Api> {
    type Source = Tier;

    /// A self link, a relative resource name, or a name.
    fn address_id(text: &str) -> Result<AddressId, String> {
        let id = match text.find("projects/") {
            Some(at) => text[at..].to_owned(),
            None => id_of(text),
        };
        if id.strip_prefix(PREFIX).is_some_and(|name| !name.is_empty() && !name.contains('/')) {
            return Ok(AddressId::new(id));
        }
        Err("must be the name or the link of an address of this region".to_owned())
    }

    async fn observe(&self, identity: &Identity, ids: &[AddressId], _: Freshness) -> Result<Observed<Tier>, Error> {
        Ok(shown(self.addresses(&look()).await?.iter().cloned(), identity, ids))
    }

    async fn execute(
        &self,
        identity: &Identity,
        operation: &Operation<Tier>,
        limits: &Limits,
    ) -> Result<Effect<Tier>, Error> {
        match operation {
            Operation::Adopt { id, .. } | Operation::Settle { id, .. } => {
                self.reserved(name_of(id.as_str()), limits).await
            }
            Operation::Allocate { key, source, settings, recover, tags, holder, except } => {
                let (recover, holder) = (*recover, holder.as_ref());
                let asked = Allocation { identity, key, source, settings, recover, tags, holder, except };
                self.allocate(&asked, limits).await
            }
            Operation::Update { key, id, tags, holder, stale_tags, .. } => {
                let own = identity_tags(identity, key, holder.as_ref());
                let change = |labels: &mut Tags| {
                    labels.extend(tags.clone());
                    labels.extend(own.clone());
                    labels.retain(|name, _| !stale_tags.contains(name));
                };
                self.label(id, limits, change).await
            }
            Operation::Release { id, .. } => {
                let name = name_of(id.as_str());
                self.remove("addresses.delete", limits, || self.api.delete_address(name)).await?;
                Ok(Effect::gone(id.clone()))
            }
            Operation::Forget { id, .. } => {
                let forget = |labels: &mut Tags| labels.retain(|name, _| !RESERVED_TAGS.contains(&name.as_str()));
                self.label(id, limits, forget).await
            }
        }
    }

    fn most_tags(&self) -> usize {
        64
    }

    async fn quotas(&self) -> Result<Vec<Quota>, Error> {
        let used = self.addresses(&look()).await?.iter().count() as u64;
        Ok(vec![Quota { limit: ADDRESSES as u64, used, name: "STATIC_ADDRESSES".to_owned() }])
    }

    async fn describe_users(
        &self,
        users: &BTreeMap<AddressId, Vec<User>>,
    ) -> Result<BTreeMap<AddressId, String>, Error> {
        Ok(describe(users))
    }

    async fn global_id(&self, id: &AddressId) -> Option<String> {
        Some(id.to_string())
    }
}
