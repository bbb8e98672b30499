//! Pools of public IP addresses and prefixes.

mod convert;
mod execute;
mod source;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use cloud::ip_pools::{Allocation, Effect, Quota, shown};
use cloud::{Error, Freshness, IpPools, Limits};
use egress_model::identity::Identity;
use egress_model::ip_pool::{Address, AddressId, Observed, Operation, User, UserKind};

pub(crate) use convert::public_ips;
pub use source::{Ddos, Extent, IpVersion, Settings, Sku, Source};

use crate::MAX_TAGS;
use crate::id::{Kind, ResourceId};
use crate::place::Place;

const USAGES: &str = "GET usages";

impl Place {
    /// All addresses and prefixes here, whoever's.
    async fn addresses(&self, freshness: Freshness, limits: &Limits) -> Result<Vec<Address<Source>>, Error> {
        let addresses = self.list(Kind::Address, freshness, limits);
        let prefixes = self.list(Kind::Prefix, freshness, limits);
        let (addresses, prefixes) = tokio::try_join!(addresses, prefixes)?;
        Ok(addresses.iter().chain(prefixes.iter()).filter_map(convert::address).collect())
    }
}

#[async_trait]
impl IpPools for Place {
    type Source = Source;

    fn address_id(text: &str) -> Result<AddressId, String> {
        let id = ResourceId::parse(Kind::Address, text).or_else(|_| ResourceId::parse(Kind::Prefix, text));
        let must = "must be the resource id of a public IP address or of a public IP prefix";
        id.map(|id| convert::address_id(&id)).map_err(|_| must.to_owned())
    }

    async fn observe(
        &self,
        identity: &Identity,
        ids: &[AddressId],
        freshness: Freshness,
    ) -> Result<Observed<Source>, Error> {
        let limits = self.look();
        let mut all = self.addresses(freshness, &limits).await?;
        // Of another group, gone, or younger than what was read.
        let listed: BTreeSet<AddressId> = all.iter().map(|address| address.id.clone()).collect();
        for id in ids.iter().filter(|id| !listed.contains(*id)) {
            let Some(id) = ResourceId::of_any(id.as_str()) else { continue };
            all.extend(self.get(&id, &limits).await?.as_ref().and_then(convert::address));
        }
        Ok(shown(all, identity, ids))
    }

    async fn execute(
        &self,
        identity: &Identity,
        operation: &Operation<Source>,
        limits: &Limits,
    ) -> Result<Effect<Source>, Error> {
        match operation {
            Operation::Adopt { id, .. } | Operation::Settle { id, .. } => self.settle_address(id, limits).await,
            Operation::Allocate { key, source, settings, recover, tags, holder, except } => {
                let (recover, holder) = (*recover, holder.as_ref());
                let asked = Allocation { identity, key, source, settings, recover, tags, holder, except };
                self.allocate(&asked, limits).await
            }
            Operation::Update { key, id, tags, holder, stale_tags, settings } => {
                let own = cloud::marks::identity_tags(identity, key, holder.as_ref());
                let change = |object: &mut crate::object::Object| {
                    let mut all = object.tags();
                    all.extend(tags.clone());
                    all.extend(own.clone());
                    all.retain(|name, _| !stale_tags.contains(name));
                    object.set_tags(&all);
                    if let Some(settings) = settings {
                        settings.write(object);
                    }
                };
                self.change_address(id, change, limits).await
            }
            Operation::Release { id, .. } => self.release(id, limits).await,
            Operation::Forget { id, .. } => self.forget(id, limits).await,
        }
    }

    fn most_tags(&self) -> usize {
        MAX_TAGS
    }

    async fn quotas(&self) -> Result<Vec<Quota>, Error> {
        let (subscription, location) = (&self.subscription, &self.location);
        let path = format!("/subscriptions/{subscription}/providers/Microsoft.Network/locations/{location}/usages");
        let limits = self.look();
        let usages = self.calls(&limits).read(USAGES, || self.client.list(USAGES, &path)).await?;
        // Every address that this crate makes is static, and counts towards both.
        let counts = ["PublicIPAddresses", "StaticPublicIPAddresses"];
        let quota = |usage: &serde_json::Value| {
            let name = usage["name"]["value"].as_str().filter(|name| counts.contains(name))?;
            let (limit, used) = (usage["limit"].as_u64()?, usage["currentValue"].as_u64()?);
            Some(Quota { limit, used, name: name.to_owned() })
        };
        Ok(usages.iter().filter_map(quota).collect())
    }

    async fn describe_users(
        &self,
        users: &BTreeMap<AddressId, Vec<User>>,
    ) -> Result<BTreeMap<AddressId, String>, Error> {
        let words = |user: &User| match user.kind {
            UserKind::NatGateway => format!("NAT gateway {}", user.id),
            UserKind::Interface => format!("network interface {}", user.id),
            UserKind::Instance | UserKind::Other => user.id.clone(),
        };
        let all = |users: &[User]| users.iter().map(words).collect::<Vec<_>>().join(", ");
        Ok(users.iter().map(|(id, users)| (id.clone(), all(users))).collect())
    }

    async fn global_id(&self, id: &AddressId) -> Option<String> {
        Some(id.to_string())
    }
}
