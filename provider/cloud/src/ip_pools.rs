//! The seam for pools of public addresses.

pub mod conformance;
pub mod memory;

use std::collections::BTreeMap;

use async_trait::async_trait;
use egress_model::identity::Identity;
use egress_model::ip_pool::{self, Address, AddressId, Association, Desired, Observed, Operation, Source, State};

use crate::{Error, Freshness, Limits, Outcome, Work, drive};

/// Pools of public addresses on one cloud, in one place (region) of it.
#[async_trait]
pub trait IpPools: Send + Sync {
    /// Where addresses come from.
    type Source: Source;

    /// The addresses that carry the identity, and those with these ids that exist. Whoever changes something asks for what is there
    /// now: what a snapshot says may be minutes old.
    async fn observe(
        &self,
        identity: &Identity,
        ids: &[AddressId],
        freshness: Freshness,
    ) -> Result<Observed<Self::Source>, Error>;

    /// Does one operation of the pool, and says what that changed, also when there was nothing to do.
    async fn execute(
        &self,
        identity: &Identity,
        operation: &Operation<Self::Source>,
        limits: &Limits,
    ) -> Result<Effect<Self::Source>, Error>;

    /// How many tags an address can have, those of the identity among them.
    fn most_tags(&self) -> usize;

    /// How many more addresses the account may allocate here.
    async fn quota(&self) -> Result<Option<Quota>, Error>;

    /// What uses each of these addresses, in words for the user, such as `NAT gateway nat-0123`.
    async fn users(
        &self,
        associations: &BTreeMap<AddressId, Association>,
    ) -> Result<BTreeMap<AddressId, String>, Error>;

    /// The name of an address that is unique among all accounts, where the cloud has one beside its id, such as an ARN.
    async fn global_name(&self, id: &AddressId) -> Option<String>;
}

/// What an operation changed, or found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect<S> {
    /// The addresses in their new state.
    pub present: Vec<Address<S>>,
    /// The addresses that do not exist.
    pub gone: Vec<AddressId>,
}

impl<S> Effect<S> {
    /// These addresses, in their new state.
    pub fn present(addresses: Vec<Address<S>>) -> Self {
        Self { present: addresses, gone: Vec::new() }
    }

    /// This address does not exist.
    pub fn gone(id: AddressId) -> Self {
        Self { present: Vec::new(), gone: vec![id] }
    }
}

/// A limit of the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quota {
    /// How many objects the account may have.
    pub limit: u64,
    /// How many count towards it now.
    pub used: u64,
    /// What the cloud calls the limit, for the user's request to raise it.
    pub name: String,
}

struct Pool<'a, C: IpPools> {
    cloud: &'a C,
    desired: &'a Desired<C::Source>,
    state: &'a State,
}

#[async_trait]
impl<C: IpPools> Work for Pool<'_, C> {
    type Observed = Observed<C::Source>;
    type Operation = Operation<C::Source>;

    fn plan(&self, observed: &Self::Observed) -> Vec<Self::Operation> {
        ip_pool::plan(self.desired, self.state, observed)
    }

    async fn execute(
        &self,
        operation: &Self::Operation,
        observed: &mut Self::Observed,
        limits: &Limits,
    ) -> Result<(), Error> {
        let effect = self.cloud.execute(&self.desired.identity, operation, limits).await?;
        effect.present.into_iter().for_each(|address| observed.put(address));
        effect.gone.iter().for_each(|id| observed.remove(id));
        Ok(())
    }
}

/// The ids that a pool's observation must ask for: those in the state, and those that the user named.
pub fn ids<S: Source>(desired: &Desired<S>, state: &State) -> Vec<AddressId> {
    let named = desired.addresses.values().filter_map(|wanted| match &wanted.origin {
        ip_pool::Origin::Existing(id) => Some(id),
        ip_pool::Origin::Allocated { .. } => None,
    });
    let mut ids: Vec<_> = state.keys().chain(named).cloned().collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// Makes a pool what is wanted, starting from an observation of [`ids()`].
pub async fn apply<C: IpPools>(
    cloud: &C,
    desired: &Desired<C::Source>,
    state: &State,
    observed: Observed<C::Source>,
    limits: &Limits,
) -> Outcome<Observed<C::Source>> {
    drive(&Pool { cloud, desired, state }, observed, limits).await
}
