//! What a cloud does for the resource, without the cloud's own types.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use async_trait::async_trait;
use cloud::ip_pools::{self, Quota, Request};
use cloud::{Class, DefaultTags, End, Error, Freshness, IpPools, Limits, Reconcile as _, drive};
use egress_model::identity::{Holder, Identity, Key, SHOWN_NAME_TAG, shows_given_name};
use egress_model::ip_pool::{
    self, Address, AddressId, Desired, InUse, Mark, Observed, Operation, Origin, PublicIps, ReleasePolicy, Source,
    State, User, Wanted,
};
use tfplugin::Diagnostics;
use tfplugin::cty::Value;
use tfplugin::schema::{Attribute, NestedBlock};

use crate::clouds::{Cloud, Parts, Place};
use crate::session::{Configured, Failure};

/// A cloud behind the resource. Values are those of the whole resource.
#[async_trait]
pub(super) trait Backend: Send + Sync {
    /// The cloud.
    fn cloud(&self) -> &'static Cloud;

    /// The block that chooses it.
    fn block(&self) -> NestedBlock;

    /// What the cloud adds to an address, in an attribute of the same name.
    fn address_attribute(&self) -> Attribute;

    /// Which attributes in that one say where an address comes from.
    fn address_sources(&self) -> &'static [&'static str];

    /// Checks a configuration, in which values may be unknown, without the cloud.
    fn validate(&self, config: &Value) -> Diagnostics;

    /// The place in the cloud where the pool is; `None` when that is not known yet.
    async fn open(&self, configured: &Configured, value: &Value) -> Result<Option<Box<dyn Pools>>, Failure>;

    /// The id that a text of the user stands for. The error completes "it ...".
    fn address_id(&self, text: &str) -> Result<AddressId, String>;

    /// The keys of which it is not known yet where their address comes from.
    fn undecided(&self, value: &Value) -> Vec<Key>;

    /// The place with these parts, to look for a pool. `None` while it is not known how the cloud is reached.
    async fn open_place(&self, configured: &Configured, parts: &Parts) -> Result<Option<Box<dyn Pools>>, Failure>;

    /// The block that chooses this cloud, for a pool that is imported, without the parts of its place.
    fn imported(&self) -> Value;
}

/// One wanted address.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) existing: Option<AddressId>,
    pub(super) recover: Option<IpAddr>,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) tags_known: bool,
    pub(super) stale_tags: BTreeSet<String>,
    pub(super) release_policy: ReleasePolicy,
}

/// A pool as it is wanted, and as the state says it is.
#[derive(Clone, Debug)]
pub(super) struct Pool {
    pub(super) identity: Identity,
    /// The identity that the state has, where the pool is being renamed.
    pub(super) former: Option<Identity>,
    /// The resource instance; `None` where it is not known.
    pub(super) holder: Option<Holder>,
    /// Whether it takes the place of the instance that the state is of.
    pub(super) takes_over: bool,
    pub(super) entries: BTreeMap<Key, Entry>,
    pub(super) in_use: InUse,
    pub(super) state: State,
}

impl Pool {
    /// A pool that is only looked at: nothing is wanted of it.
    pub(super) fn looked_at(identity: Identity, state: State) -> Self {
        let (former, holder, entries) = (None, None, BTreeMap::new());
        Self { identity, former, holder, takes_over: false, entries, in_use: InUse::Postpone, state }
    }
}

/// An address as the cloud shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) id: AddressId,
    pub(super) public_ips: PublicIps,
    pub(super) mark: Option<Mark>,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) users: Vec<User>,
}

impl Row {
    /// Its tags without the name that the provider gave it to be shown, because the user gave it none.
    pub(super) fn tags_of_users(&self) -> BTreeMap<String, String> {
        let given = |mark: &Mark| shows_given_name(&self.tags, &mark.identity.name, &mark.key);
        let is_given = self.mark.as_ref().is_some_and(given);
        self.tags.clone().into_iter().filter(|(name, _)| !is_given || name != SHOWN_NAME_TAG).collect()
    }
}

/// An address that no key has any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Leaving {
    pub(super) row: Row,
    pub(super) fate: Fate,
}

/// What becomes of an address that no key has any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is released.
    Released,
    /// It is to be released, but something uses it: that is left for a later run.
    Postponed,
    /// It stays, but the pool's tags are removed.
    Forgotten,
    /// It stays as it is.
    Retained,
}

impl Pool {
    /// Whether an address carries the pool's identity, or the one that it had.
    pub(super) fn is_own(&self, row: &Row) -> bool {
        let own = |identity: &Identity| self.identity == *identity || self.former.as_ref() == Some(identity);
        row.mark.as_ref().is_some_and(|mark| own(&mark.identity))
    }
}

impl Leaving {
    /// Whether the pool gives the address up: after it, or after a later apply, it is somebody else's.
    pub(super) fn is_given_up(&self) -> bool {
        matches!(self.fate, Fate::Released | Fate::Postponed)
    }

    /// How the state records what remains to be done; `None` when nothing does.
    pub(super) fn recorded(&self) -> Option<ReleasePolicy> {
        match self.fate {
            Fate::Released | Fate::Postponed => Some(ReleasePolicy::Release),
            Fate::Forgotten => Some(ReleasePolicy::Retain),
            Fate::Retained => None,
        }
    }
}

/// What is there, and what is to be done.
#[derive(Clone, Debug, Default)]
pub(super) struct Picture {
    /// The address of each wanted key that has one.
    pub(super) kept: BTreeMap<Key, Row>,
    /// The addresses that leave.
    pub(super) leaving: Vec<Leaving>,
    /// The addresses that should leave but carry the tags of others by now, with what should become of them: they are left
    /// alone.
    pub(super) foreign: Vec<(Row, ReleasePolicy)>,
    /// The addresses that another resource instance has adopted.
    pub(super) held: Vec<Row>,
    /// Everything that was observed.
    pub(super) all: BTreeMap<AddressId, Row>,
    /// The keys for which an address will be allocated.
    pub(super) allocates: BTreeSet<Key>,
    /// The keys that name an address which does not exist.
    pub(super) missing: BTreeSet<Key>,
    /// The keys whose address gets other tags, or is set in another way.
    pub(super) updates: BTreeSet<Key>,
}

/// Pools in one place of a cloud.
#[async_trait]
pub(super) trait Pools: Send + Sync {
    /// Where they are.
    fn place(&self) -> &Place;

    /// The provider's tags for everything it makes there.
    fn default_tags(&self) -> &DefaultTags;

    /// What is there, and what an apply would do.
    async fn picture(&self, pool: &Pool, freshness: Freshness) -> Result<Picture, Error>;

    /// Makes the pool what is wanted. The error is that of the first look; later ones are in the end.
    async fn apply(&self, pool: &Pool, limits: &Limits) -> Result<(Picture, End), Error>;

    /// How many tags an address can have there, the provider's own among them.
    fn most_tags(&self) -> usize;

    /// The id that a text of the user stands for, where it can be one.
    fn address_id(&self, text: &str) -> Option<AddressId>;

    /// The limits of the account.
    async fn quotas(&self) -> Result<Vec<Quota>, Error>;

    /// What uses these addresses, in words.
    async fn describe_users(
        &self,
        users: &BTreeMap<AddressId, Vec<User>>,
    ) -> Result<BTreeMap<AddressId, String>, Error>;

    /// The id of an address that is unique among all places and accounts.
    async fn global_id(&self, id: &AddressId) -> Option<String>;
}

/// Pools in one place of a cloud of one kind.
pub(super) struct Opened<C: IpPools> {
    pub(super) cloud: Arc<C>,
    /// See [`Pools::place`].
    pub(super) place: Place,
    /// Where the address of each key comes from, and how it is set.
    pub(super) terms: BTreeMap<Key, Terms<C::Source>>,
    pub(super) default_tags: DefaultTags,
}

/// What a new address of a key is asked for with.
pub(super) struct Terms<S: Source> {
    pub(super) source: S,
    pub(super) settings: S::Settings,
}

impl<C: IpPools> Opened<C> {
    fn request(&self, pool: &Pool) -> Result<Request<C::Source>, Error> {
        let addresses = pool.entries.iter().map(|(key, entry)| Ok((key.clone(), self.wanted(key, entry)?)));
        let desired = Desired {
            identity: pool.identity.clone(),
            former: pool.former.clone(),
            holder: pool.holder.clone(),
            takes_over: pool.takes_over,
            addresses: addresses.collect::<Result<_, Error>>()?,
            in_use: pool.in_use,
        };
        Ok(Request { desired, state: pool.state.clone() })
    }

    fn wanted(&self, key: &Key, entry: &Entry) -> Result<Wanted<C::Source>, Error> {
        let terms = self.terms.get(key);
        let origin = match (&entry.existing, terms) {
            (Some(id), _) => Origin::Existing(id.clone()),
            (None, Some(terms)) => Origin::Allocated { source: terms.source.clone(), recover: entry.recover },
            (None, None) => {
                let message = format!("it is not known where the address of key \"{key}\" comes from");
                return Err(Error::new(Class::Other, "The request", message));
            }
        };
        Ok(Wanted {
            origin,
            settings: terms.map(|terms| terms.settings.clone()).unwrap_or_default(),
            tags: entry.tags.clone(),
            stale_tags: entry.stale_tags.clone(),
            release_policy: entry.release_policy,
        })
    }
}

fn row<S: Source>(address: &Address<S>) -> Row {
    Row {
        id: address.id.clone(),
        public_ips: address.public_ips,
        mark: address.mark.clone(),
        tags: address.tags.clone(),
        users: address.users.clone(),
    }
}

fn picture<S: Source>(Request { desired, state }: &Request<S>, observed: &Observed<S>) -> Picture {
    let assignment = ip_pool::assign(desired, state, observed);
    let postponed: BTreeSet<_> = ip_pool::postponed(desired, state, observed).into_iter().map(|a| &a.id).collect();
    let operations = ip_pool::plan(desired, state, observed);
    let mut picture = Picture {
        kept: assignment.kept.into_iter().map(|(key, address)| (key.clone(), row(address))).collect(),
        leaving: assignment
            .leaving
            .into_iter()
            .map(|(address, policy)| {
                let marked = address.mark.as_ref().is_some_and(|mark| desired.is_own(&mark.identity));
                let fate = match policy {
                    ReleasePolicy::Release if postponed.contains(&address.id) => Fate::Postponed,
                    ReleasePolicy::Release => Fate::Released,
                    ReleasePolicy::Retain if marked => Fate::Forgotten,
                    ReleasePolicy::Retain => Fate::Retained,
                };
                Leaving { row: row(address), fate }
            })
            .collect(),
        foreign: assignment.foreign.into_iter().map(|(address, policy)| (row(address), policy)).collect(),
        held: assignment.held.into_iter().map(row).collect(),
        all: observed.iter().map(|address| (address.id.clone(), row(address))).collect(),
        ..Picture::default()
    };
    for operation in operations.into_operations() {
        match operation {
            Operation::Allocate { key, .. } => _ = picture.allocates.insert(key),
            Operation::Adopt { key, .. } => _ = picture.missing.insert(key),
            Operation::Update { key, .. } => _ = picture.updates.insert(key),
            Operation::Settle { .. } | Operation::Release { .. } | Operation::Forget { .. } => {}
        }
    }
    picture
}

#[async_trait]
impl<C: IpPools> Pools for Opened<C> {
    fn place(&self) -> &Place {
        &self.place
    }

    fn default_tags(&self) -> &DefaultTags {
        &self.default_tags
    }

    async fn picture(&self, pool: &Pool, freshness: Freshness) -> Result<Picture, Error> {
        let request = self.request(pool)?;
        let observed = ip_pools::Pools(&*self.cloud).observe(&request, freshness).await?;
        Ok(picture(&request, &observed))
    }

    async fn apply(&self, pool: &Pool, limits: &Limits) -> Result<(Picture, End), Error> {
        let (request, pools) = (self.request(pool)?, ip_pools::Pools(&*self.cloud));
        let observed = pools.observe(&request, Freshness::Now).await?;
        let outcome = drive(&pools, &request, observed, limits).await;
        Ok((picture(&request, &outcome.observed), outcome.end))
    }

    fn most_tags(&self) -> usize {
        self.cloud.most_tags()
    }

    fn address_id(&self, text: &str) -> Option<AddressId> {
        C::address_id(text).ok()
    }

    async fn quotas(&self) -> Result<Vec<Quota>, Error> {
        self.cloud.quotas().await
    }

    async fn describe_users(
        &self,
        users: &BTreeMap<AddressId, Vec<User>>,
    ) -> Result<BTreeMap<AddressId, String>, Error> {
        self.cloud.describe_users(users).await
    }

    async fn global_id(&self, id: &AddressId) -> Option<String> {
        self.cloud.global_id(id).await
    }
}
