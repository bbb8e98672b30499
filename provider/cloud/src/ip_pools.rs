//! The seam for pools of public addresses.

pub mod memory;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use async_trait::async_trait;
use egress_model::identity::{Holder, Identity, Key};
use egress_model::ip_pool::{self, Address, AddressId, Desired, Observed, Operation, Plan, Source, State, User};

use crate::marks::new_identity_tags;
use crate::{Error, Freshness, Limits, Reached, Reconcile, Stages};

/// Pools of public addresses on one cloud, in one place of it.
///
/// Tags or labels are the identity. On a cloud where objects have names, a name only locks the call that creates ([`crate::names`]): a pool
/// has two objects of one key while one takes the other's place, and what it gives up keeps its name.
#[async_trait]
pub trait IpPools: Send + Sync {
    /// Where addresses come from.
    type Source: Source;

    /// The id that a text of the user, of a configuration or of a state stands for, in the one form that all answers of this cloud are
    /// brought into. The error says what is wrong with it, and completes "it ...".
    fn address_id(text: &str) -> Result<AddressId, String>;

    /// The addresses that carry the identity, and those with these ids that exist; also those that have no public IP yet. Whoever changes
    /// something asks for what is there now: what a snapshot says may be minutes old.
    async fn observe(
        &self,
        identity: &Identity,
        ids: &[AddressId],
        freshness: Freshness,
    ) -> Result<Observed<Self::Source>, Error>;

    /// Does one operation of the pool, and says what that changed, also when there was nothing to do. Operations of one pool run side by
    /// side.
    async fn execute(
        &self,
        identity: &Identity,
        operation: &Operation<Self::Source>,
        limits: &Limits,
    ) -> Result<Effect<Self::Source>, Error>;

    /// How many tags an address can have, those of the identity among them.
    fn most_tags(&self) -> usize;

    /// The limits of the account that another address counts towards.
    async fn quotas(&self) -> Result<Vec<Quota>, Error>;

    /// What uses each of these addresses, in words for the user, such as `NAT gateway nat-0123`.
    async fn describe_users(
        &self,
        users: &BTreeMap<AddressId, Vec<User>>,
    ) -> Result<BTreeMap<AddressId, String>, Error>;

    /// The id of an address that is unique among all places and accounts, such as an ARN; the id itself where that is. `None` where the
    /// place of it is not known.
    async fn global_id(&self, id: &AddressId) -> Option<String>;
}

#[async_trait]
impl<C: IpPools> IpPools for Arc<C> {
    type Source = C::Source;

    fn address_id(text: &str) -> Result<AddressId, String> {
        C::address_id(text)
    }

    async fn observe(
        &self,
        identity: &Identity,
        ids: &[AddressId],
        freshness: Freshness,
    ) -> Result<Observed<Self::Source>, Error> {
        C::observe(self, identity, ids, freshness).await
    }

    async fn execute(
        &self,
        identity: &Identity,
        operation: &Operation<Self::Source>,
        limits: &Limits,
    ) -> Result<Effect<Self::Source>, Error> {
        C::execute(self, identity, operation, limits).await
    }

    fn most_tags(&self) -> usize {
        C::most_tags(self)
    }

    async fn quotas(&self) -> Result<Vec<Quota>, Error> {
        C::quotas(self).await
    }

    async fn describe_users(
        &self,
        users: &BTreeMap<AddressId, Vec<User>>,
    ) -> Result<BTreeMap<AddressId, String>, Error> {
        C::describe_users(self, users).await
    }

    async fn global_id(&self, id: &AddressId) -> Option<String> {
        C::global_id(self, id).await
    }
}

/// What an operation changed, or found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect<S: Source> {
    /// The addresses in their new state.
    pub present: Vec<Address<S>>,
    /// The addresses that do not exist.
    pub gone: Vec<AddressId>,
}

impl<S: Source> Default for Effect<S> {
    fn default() -> Self {
        Self { present: Vec::new(), gone: Vec::new() }
    }
}

impl<S: Source> Effect<S> {
    /// These addresses, in their new state.
    pub fn present(addresses: Vec<Address<S>>) -> Self {
        Self { present: addresses, gone: Vec::new() }
    }

    /// This address does not exist.
    pub fn gone(id: AddressId) -> Self {
        Self { present: Vec::new(), gone: vec![id] }
    }
}

/// What an observation shows of all addresses of a place: those that carry the identity, and those with these ids.
pub fn shown<S: Source>(
    all: impl IntoIterator<Item = Address<S>>,
    identity: &Identity,
    ids: &[AddressId],
) -> Observed<S> {
    let is_own = |address: &Address<S>| address.mark.as_ref().is_some_and(|mark| mark.identity == *identity);
    all.into_iter().filter(|address| ids.contains(&address.id) || is_own(address)).collect()
}

/// An address that is asked for: the fields of [`Operation::Allocate`], for the pool with this identity.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "those of the operation")]
pub struct Allocation<'a, S: Source> {
    pub identity: &'a Identity,
    pub key: &'a Key,
    pub source: &'a S,
    pub settings: &'a S::Settings,
    pub recover: Option<IpAddr>,
    pub tags: &'a BTreeMap<String, String>,
    pub holder: Option<&'a Holder>,
    pub except: &'a BTreeSet<AddressId>,
}

impl<S: Source> Allocation<'_, S> {
    /// Whether an address is what is asked for. Only one that is there to stay may be asked about.
    pub fn is_met_by(&self, address: &Address<S>) -> bool {
        let is_marked =
            address.mark.as_ref().is_some_and(|mark| mark.identity == *self.identity && mark.key == *self.key);
        is_marked
            && !self.except.contains(&address.id)
            && self.source.admits(&address.source)
            && self.recover.is_none_or(|ip| address.public_ips.may_be(ip))
    }

    /// All tags of the address: those of its identity, its time, and the user's.
    pub fn all_tags(&self) -> BTreeMap<String, String> {
        let mut tags = self.tags.clone();
        tags.extend(new_identity_tags(self.identity, self.key, self.holder));
        tags
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

/// What is wanted of a pool, and what its state says that it has.
#[derive(Clone, Debug)]
pub struct Request<S: Source> {
    /// What is wanted.
    pub desired: Desired<S>,
    /// What the state says.
    pub state: State,
}

/// Pools as something to reconcile: their operations are the same on every cloud, and so is their plan.
pub struct Pools<'a, C>(pub &'a C);

#[async_trait]
impl<C: IpPools> Reconcile for Pools<'_, C> {
    type Desired = Request<C::Source>;
    type Observed = Observed<C::Source>;
    type Operation = Operation<C::Source>;
    type Plan = Plan<C::Source>;
    type Effect = Effect<C::Source>;

    async fn observe(&self, request: &Self::Desired, freshness: Freshness) -> Result<Self::Observed, Error> {
        self.0.observe(&request.desired.identity, &request.ids(), freshness).await
    }

    fn plan(request: &Self::Desired, observed: &Self::Observed) -> Self::Plan {
        ip_pool::plan(&request.desired, &request.state, observed)
    }

    async fn execute(
        &self,
        request: &Self::Desired,
        operation: &Self::Operation,
        _observed: &Self::Observed,
        limits: &Limits,
    ) -> Reached<Self::Effect> {
        self.0.execute(&request.desired.identity, operation, limits).await.into()
    }

    fn fold(observed: &mut Self::Observed, effect: Self::Effect) {
        effect.present.into_iter().for_each(|address| observed.put(address));
        effect.gone.iter().for_each(|id| observed.remove(id));
    }
}

impl<S: Source> From<Plan<S>> for Stages<Operation<S>> {
    fn from(plan: Plan<S>) -> Self {
        Self::of([plan.take, plan.give_up])
    }
}

impl<S: Source> Request<S> {
    /// The ids that an observation must ask for: those in the state, and those that the user named.
    fn ids(&self) -> Vec<AddressId> {
        let named = self.desired.addresses.values().filter_map(|wanted| match &wanted.origin {
            ip_pool::Origin::Existing(id) => Some(id),
            ip_pool::Origin::Allocated { .. } => None,
        });
        let mut ids: Vec<_> = self.state.keys().chain(named).cloned().collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }
}
