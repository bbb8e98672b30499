//! Pools on a cloud of tags.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use egress_model::identity::{Identity, RESERVED_TAGS};
use egress_model::ip_pool::{self, Address, AddressId, Observed, Operation, User, UserKind};

use super::api::{self, ADDRESSES, Api};
use crate::calls::none_passes;
use crate::ip_pools::{Allocation, Effect, IpPools, Quota, shown};
use crate::marks::{Tags, identity_tags, mark_of, without_identity};
use crate::memory::process::{Process, describe, error, look};
use crate::{Class, Error, Freshness, Limits};

/// A pool of the cloud's or of the user's own addresses; any where it is not chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pool(pub Option<u8>);

impl ip_pool::Source for Pool {
    type Settings = ();

    fn admits(&self, actual: &Self) -> bool {
        self.0.is_none() || self.0 == actual.0
    }
}

fn convert(address: api::Address) -> Address<Pool> {
    let used = |id: String| User { id, kind: UserKind::NatGateway, association: None, private_ip: None };
    Address {
        id: AddressId::new(address.id),
        public_ips: address.ip.into(),
        source: Pool(Some(address.pool)),
        settings: (),
        mark: mark_of(&address.tags),
        tags: without_identity(&address.tags),
        users: address.user.map(used).into_iter().collect(),
    }
}

impl Process<Api> {
    async fn addresses(&self, limits: &Limits) -> Result<Observed<Pool>, Error> {
        let all = self.read("DescribeAddresses", limits, || self.api.describe_addresses()).await?;
        Ok(all.into_iter().map(convert).collect())
    }

    async fn address(&self, id: &AddressId, limits: &Limits) -> Result<Effect<Pool>, Error> {
        let missing = || Error::new(Class::NotFound, "DescribeAddresses", format!("there is no address {id}"));
        let address = self.addresses(limits).await?.get(id).cloned().ok_or_else(missing)?;
        Ok(Effect::present(vec![address]))
    }

    /// There is no token: what an interrupted run or a lost answer made is found by its tags, before the call and after it.
    async fn allocate(&self, asked: &Allocation<'_, Pool>, limits: &Limits) -> Result<Effect<Pool>, Error> {
        let marked = || async {
            let all = self.addresses(limits).await?;
            Ok::<Vec<_>, Error>(all.marked(asked.identity, asked.key).cloned().collect())
        };
        let found = marked().await?;
        if found.iter().any(|address| asked.is_met_by(address)) {
            return Ok(Effect::present(found));
        }
        let tags = asked.all_tags();
        let call = || async {
            let made = self.api.allocate_address(asked.source.0.unwrap_or(0), asked.recover, tags.clone()).await;
            made.map(convert).map_err(|fault| error::<Api>("AllocateAddress", fault))
        };
        let find = || async { Ok(marked().await?.into_iter().find(|address| asked.is_met_by(address))) };
        self.calls(limits).write_once("AllocateAddress", none_passes, call, find).await?;
        // With what another run made meanwhile: the plan keeps the older one.
        Ok(Effect::present(marked().await?))
    }

    async fn tag(
        &self,
        id: &AddressId,
        set: &Tags,
        unset: &BTreeSet<String>,
        limits: &Limits,
    ) -> Result<Effect<Pool>, Error> {
        self.write("CreateTags", limits, || self.api.change_tags(id.as_str(), set.clone(), unset)).await?;
        self.address(id, limits).await
    }
}

#[async_trait]
impl IpPools for Process<Api> {
    type Source = Pool;

    fn address_id(text: &str) -> Result<AddressId, String> {
        if text.starts_with("eipalloc-") {
            Ok(AddressId::new(text))
        } else {
            Err("must begin with eipalloc-".to_owned())
        }
    }

    async fn observe(&self, identity: &Identity, ids: &[AddressId], _: Freshness) -> Result<Observed<Pool>, Error> {
        Ok(shown(self.addresses(&look()).await?.iter().cloned(), identity, ids))
    }

    async fn execute(
        &self,
        identity: &Identity,
        operation: &Operation<Pool>,
        limits: &Limits,
    ) -> Result<Effect<Pool>, Error> {
        match operation {
            Operation::Adopt { id, .. } | Operation::Settle { id, .. } => self.address(id, limits).await,
            Operation::Allocate { key, source, settings, recover, tags, holder, except } => {
                let (recover, holder) = (*recover, holder.as_ref());
                let asked = Allocation { identity, key, source, settings, recover, tags, holder, except };
                self.allocate(&asked, limits).await
            }
            Operation::Update { key, id, tags, holder, stale_tags, .. } => {
                let mut set = tags.clone();
                set.extend(identity_tags(identity, key, holder.as_ref()));
                self.tag(id, &set, stale_tags, limits).await
            }
            Operation::Release { id, .. } => {
                self.remove("ReleaseAddress", limits, || self.api.release_address(id.as_str())).await?;
                Ok(Effect::gone(id.clone()))
            }
            Operation::Forget { id, .. } => {
                let identity = RESERVED_TAGS.map(str::to_owned).into();
                self.tag(id, &Tags::new(), &identity, limits).await
            }
        }
    }

    fn most_tags(&self) -> usize {
        50
    }

    async fn quotas(&self) -> Result<Vec<Quota>, Error> {
        let used = self.addresses(&look()).await?.iter().count() as u64;
        Ok(vec![Quota { limit: ADDRESSES as u64, used, name: "EC2-VPC Elastic IPs".to_owned() }])
    }

    async fn describe_users(
        &self,
        users: &BTreeMap<AddressId, Vec<User>>,
    ) -> Result<BTreeMap<AddressId, String>, Error> {
        Ok(describe(users))
    }

    async fn global_id(&self, id: &AddressId) -> Option<String> {
        Some(format!("arn:memory:{id}"))
    }
}
