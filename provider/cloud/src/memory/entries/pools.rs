//! Pools on a cloud of busy states.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use egress_model::identity::{Identity, RESERVED_TAGS};
use egress_model::ip_pool::{self, Address, AddressId, Mark, Observed, Operation, User, UserKind};

use super::api::{ADDRESSES, Api, Eip, Status};
use crate::ip_pools::{Allocation, Effect, IpPools, Quota, shown};
use crate::marks::{Tags, identity_tags, mark_of, without_identity};
use crate::memory::process::{Process, describe, look};
use crate::token::client_token;
use crate::{Class, Error, Freshness, Limits};

/// The line that an address is reached by. It cannot be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line(pub u8);

impl ip_pool::Source for Line {
    type Settings = Settings;

    fn admits(&self, actual: &Self) -> bool {
        self == actual
    }
}

/// How an address is set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// In Mbit/s; what the cloud has where it is `None`.
    pub bandwidth: Option<u32>,
}

impl ip_pool::Settings for Settings {
    fn are_met_by(&self, actual: &Self) -> bool {
        self.bandwidth.is_none() || self.bandwidth == actual.bandwidth
    }
}

/// What the cloud sets where nothing is chosen, in Mbit/s.
const BANDWIDTH: u32 = 5;

/// How many addresses of one part may have come and gone.
const GENERATIONS: u32 = 32;

/// The time is the cloud's own: one in a tag would be another in each run, and the token would not be good for it.
fn convert(address: Eip) -> Address<Line> {
    let used = |id: String| User { id, kind: UserKind::NatGateway, association: None, private_ip: None };
    Address {
        id: AddressId::new(address.id),
        public_ips: address.ip.into(),
        source: Line(address.line),
        settings: Settings { bandwidth: Some(address.bandwidth) },
        mark: mark_of(&address.tags).map(|mark| Mark { created: Some(address.allocated), ..mark }),
        tags: without_identity(&address.tags),
        users: address.gateway.map(used).into_iter().collect(),
    }
}

impl Process<Api> {
    async fn addresses(&self, limits: &Limits) -> Result<Observed<Line>, Error> {
        let all = self.read("DescribeEipAddresses", limits, || self.api.describe_eip_addresses()).await?;
        Ok(all.into_iter().map(convert).collect())
    }

    async fn address(&self, id: &AddressId, limits: &Limits) -> Result<Effect<Line>, Error> {
        let missing = || Error::new(Class::NotFound, "DescribeEipAddresses", format!("there is no address {id}"));
        let address = self.addresses(limits).await?.get(id).cloned().ok_or_else(missing)?;
        Ok(Effect::present(vec![address]))
    }

    /// The token is made of all that the call sends, and finds again what another run made with it. One that answers with what is gone, or
    /// was given up, is followed by the next.
    async fn allocate(&self, asked: &Allocation<'_, Line>, limits: &Limits) -> Result<Effect<Line>, Error> {
        let there = self.addresses(limits).await?;
        if let Some(found) = there.marked(asked.identity, asked.key).find(|address| asked.is_met_by(address)) {
            return Ok(Effect::present(vec![found.clone()]));
        }
        let bandwidth = asked.settings.bandwidth.unwrap_or(BANDWIDTH);
        let mut tags = asked.tags.clone();
        tags.extend(identity_tags(asked.identity, asked.key, asked.holder));
        let (line, speed) = (asked.source.0.to_string(), bandwidth.to_string());
        let tag = |(name, value): (&'_ String, &'_ String)| format!("{name}={value}");
        let all = tags.iter().map(tag).collect::<Vec<_>>().join(",");
        let parameters = [("ISP", line.as_str()), ("Bandwidth", &speed), ("Tag", &all)];
        for generation in 0..GENERATIONS {
            let token = client_token(asked.identity, Some(asked.key), &parameters, generation);
            let call = || self.api.allocate_eip_address(token.clone(), asked.source.0, bandwidth, tags.clone());
            let id = AddressId::new(self.write("AllocateEipAddress", limits, call).await?);
            let made = self.addresses(limits).await?.get(&id).cloned();
            if let Some(made) = made.filter(|address| asked.is_met_by(address)) {
                return Ok(Effect::present(vec![made]));
            }
        }
        let message = format!("{GENERATIONS} addresses of this part came and went");
        Err(Error::new(Class::Conflict, "AllocateEipAddress", message))
    }

    async fn tag(
        &self,
        id: &AddressId,
        set: &Tags,
        unset: &BTreeSet<String>,
        limits: &Limits,
    ) -> Result<Effect<Line>, Error> {
        self.write("TagResources", limits, || self.api.change_tags(id.as_str(), set.clone(), unset)).await?;
        self.address(id, limits).await
    }

    /// A bound address is refused with the code of one that is about to be unbound, so it is waited for; its status says for what.
    async fn release(&self, id: &AddressId, limits: &Limits) -> Result<Effect<Line>, Error> {
        let release = || self.api.release_eip_address(id.as_str());
        match self.remove("ReleaseEipAddress", limits, release).await {
            Ok(()) => Ok(Effect::gone(id.clone())),
            Err(error) if error.class == Class::Busy && self.is_bound(id).await => {
                Err(Error { class: Class::InUse, ..error })
            }
            Err(error) => Err(error),
        }
    }

    async fn is_bound(&self, id: &AddressId) -> bool {
        let all = self.read("DescribeEipAddresses", &look(), || self.api.describe_eip_addresses()).await;
        let is_bound = |address: &Eip| address.id == id.as_str() && address.status == Status::There;
        all.is_ok_and(|all| all.iter().any(is_bound))
    }
}

#[async_trait]
impl IpPools for Process<Api> {
    type Source = Line;

    fn address_id(text: &str) -> Result<AddressId, String> {
        if text.starts_with("eip-") { Ok(AddressId::new(text)) } else { Err("must begin with eip-".to_owned()) }
    }

    async fn observe(&self, identity: &Identity, ids: &[AddressId], _: Freshness) -> Result<Observed<Line>, Error> {
        Ok(shown(self.addresses(&look()).await?.iter().cloned(), identity, ids))
    }

    async fn execute(
        &self,
        identity: &Identity,
        operation: &Operation<Line>,
        limits: &Limits,
    ) -> Result<Effect<Line>, Error> {
        match operation {
            Operation::Adopt { id, .. } | Operation::Settle { id, .. } => self.address(id, limits).await,
            Operation::Allocate { key, source, settings, recover, tags, holder, except } => {
                let (recover, holder) = (*recover, holder.as_ref());
                let asked = Allocation { identity, key, source, settings, recover, tags, holder, except };
                self.allocate(&asked, limits).await
            }
            Operation::Update { key, id, tags, holder, stale_tags, settings } => {
                if let Some(bandwidth) = settings.as_ref().and_then(|settings| settings.bandwidth) {
                    let modify = || self.api.modify_eip_address(id.as_str(), bandwidth);
                    self.write("ModifyEipAddressAttribute", limits, modify).await?;
                }
                let mut set = tags.clone();
                set.extend(identity_tags(identity, key, holder.as_ref()));
                self.tag(id, &set, stale_tags, limits).await
            }
            Operation::Release { id, .. } => self.release(id, limits).await,
            Operation::Forget { id, .. } => {
                self.tag(id, &Tags::new(), &RESERVED_TAGS.map(str::to_owned).into(), limits).await
            }
        }
    }

    fn most_tags(&self) -> usize {
        20
    }

    async fn quotas(&self) -> Result<Vec<Quota>, Error> {
        let used = self.addresses(&look()).await?.iter().count() as u64;
        Ok(vec![Quota { limit: ADDRESSES as u64, used, name: "eip_quota_instances_num".to_owned() }])
    }

    async fn describe_users(
        &self,
        users: &BTreeMap<AddressId, Vec<User>>,
    ) -> Result<BTreeMap<AddressId, String>, Error> {
        Ok(describe(users))
    }

    async fn global_id(&self, id: &AddressId) -> Option<String> {
        Some(format!("acs:memory:{id}"))
    }
}
