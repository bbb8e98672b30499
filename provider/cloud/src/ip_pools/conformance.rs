//! What pools of addresses must do on every cloud, as checks that fail by panicking: the same on the cloud in memory and on
//! each back end against its stand-in.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use egress_model::identity::{Identity, Key, Owner, ResourceType, SHOWN_NAME_TAG};
use egress_model::ip_pool::{
    Address, AddressId, Desired, Held, InUse, Observed, Operation, Origin, ReleasePolicy, State, Wanted, assign,
};
use tokio_util::sync::CancellationToken;

use crate::ip_pools::{self, IpPools};
use crate::{Class, End, Freshness, Limits};

/// A pool under test. Each check has a pool of its own, so that they disturb each other in nothing.
struct Check<'a, C: IpPools> {
    cloud: &'a C,
    desired: Desired<C::Source>,
    state: State,
}

/// What an apply reached.
struct Reached<S> {
    observed: Observed<S>,
    ids: BTreeMap<Key, AddressId>,
    end: End,
}

fn key(text: &str) -> Key {
    text.parse().expect("a key")
}

impl<'a, C: IpPools> Check<'a, C>
where
    C::Source: Default,
{
    fn new(cloud: &'a C, owner: &str, name: &str) -> Self {
        let owner: Owner = owner.parse().expect("an owner");
        let name = name.parse().expect("a name");
        let identity = Identity { owner, resource_type: ResourceType::IpPool, name };
        let desired = Desired {
            identity,
            former: None,
            holder: None,
            takes_over: false,
            addresses: BTreeMap::new(),
            in_use: InUse::Wait,
        };
        Self { cloud, desired, state: State::new() }
    }

    fn want(mut self, text: &str) -> Self {
        self.desired.addresses.insert(key(text), Self::allocated());
        self
    }

    fn allocated() -> Wanted<C::Source> {
        Wanted {
            origin: Origin::Allocated { source: C::Source::default(), recover: None },
            tags: BTreeMap::new(),
            stale_tags: BTreeSet::new(),
            release_policy: ReleasePolicy::Release,
        }
    }

    async fn observe(&self) -> Observed<C::Source> {
        let ids = ip_pools::ids(&self.desired, &self.state);
        self.cloud.observe(&self.desired.identity, &ids, Freshness::Now).await.expect("an observation")
    }

    fn limits() -> Limits {
        Limits::within(CancellationToken::new(), Duration::from_secs(30))
    }

    async fn run(&self, limits: &Limits) -> Reached<C::Source> {
        let observed = self.observe().await;
        let outcome = ip_pools::apply(self.cloud, &self.desired, &self.state, observed, limits).await;
        let assignment = assign(&self.desired, &self.state, &outcome.observed);
        let ids = assignment.kept.iter().map(|(key, address)| ((*key).clone(), address.id.clone())).collect();
        Reached { ids, observed: outcome.observed, end: outcome.end }
    }

    /// Applies, requires success, and records the result as the state.
    async fn apply(&mut self) -> Reached<C::Source> {
        let reached = self.run(&Self::limits()).await;
        assert!(matches!(reached.end, End::Done), "{:?}", reached.end);
        self.state = reached
            .ids
            .iter()
            .map(|(key, id)| (id.clone(), Held { key: key.clone(), current: true, on_leave: ReleasePolicy::Release }))
            .collect();
        reached
    }

    async fn execute(&self, operation: &Operation<C::Source>) -> Vec<Address<C::Source>> {
        let effect = self.cloud.execute(&self.desired.identity, operation, &Self::limits()).await;
        effect.unwrap_or_else(|error| panic!("could not {operation}: {error}")).present
    }

    async fn destroy(mut self) {
        self.desired.addresses.clear();
        self.apply().await;
        assert_eq!(self.observe().await.iter().count(), 0, "destroying leaves nothing");
    }
}

/// Checks pools of addresses. The owner must be one that has none; nothing is left behind.
pub async fn suite<C: IpPools>(cloud: &C, owner: &str)
where
    C::Source: Default,
{
    marks_what_it_allocates(Check::new(cloud, owner, "marks")).await;
    finds_what_a_lost_run_allocated(Check::new(cloud, owner, "finds")).await;
    grows_and_shrinks_by_key(Check::new(cloud, owner, "grows")).await;
    tags_and_forgets(Check::new(cloud, owner, "tags")).await;
    adopts_without_touching(Check::new(cloud, owner, "adopts"), Check::new(cloud, owner, "adopted")).await;
    says_what_is_missing(Check::new(cloud, owner, "misses")).await;
    starts_nothing_when_interrupted(Check::new(cloud, owner, "stops")).await;
}

async fn marks_what_it_allocates<C: IpPools>(check: Check<'_, C>)
where
    C::Source: Default,
{
    let mut check = check.want("a").want("b");
    let before = check.cloud.quota().await.expect("a quota");
    let reached = check.apply().await;
    for (at, id) in &reached.ids {
        let address = reached.observed.get(id).expect("an address");
        let mark = address.mark.as_ref().expect("an identity");
        assert_eq!((&mark.identity, &mark.key), (&check.desired.identity, at));
        assert!(mark.created.is_some(), "the time is known");
        assert_eq!(address.association, None);
    }
    assert_eq!(check.observe().await, reached.observed, "what was reached is what is there");
    if let (Some(before), Some(after)) = (before, check.cloud.quota().await.expect("a quota")) {
        assert_eq!((after.used, after.limit), (before.used + 2, before.limit));
    }
    check.destroy().await;
}

async fn finds_what_a_lost_run_allocated<C: IpPools>(check: Check<'_, C>)
where
    C::Source: Default,
{
    let mut check = check.want("a");
    let first = check.apply().await;
    check.state = State::new();
    assert_eq!(check.apply().await.ids, first.ids, "without its state the pool is found again");
    let again = Operation::Allocate {
        key: key("a"),
        source: C::Source::default(),
        recover: None,
        tags: BTreeMap::new(),
        holder: None,
        except: BTreeSet::new(),
    };
    let found = check.execute(&again).await;
    assert_eq!(found.iter().map(|address| &address.id).collect::<Vec<_>>(), first.ids.values().collect::<Vec<_>>());
    check.destroy().await;
}

async fn grows_and_shrinks_by_key<C: IpPools>(check: Check<'_, C>)
where
    C::Source: Default,
{
    let mut check = check.want("a").want("b");
    let first = check.apply().await;
    let mut check = check.want("c");
    let grown = check.apply().await;
    assert!(first.ids.iter().all(|kept| grown.ids.contains_key(kept.0) && grown.ids[kept.0] == *kept.1));
    assert_eq!(grown.ids.len(), 3);
    check.desired.addresses.remove(&key("a"));
    let shrunk = check.apply().await;
    assert_eq!(shrunk.ids.len(), 2);
    assert!(shrunk.ids.iter().all(|(at, id)| grown.ids[at] == *id));
    let gone = check.cloud.observe(&check.desired.identity, &[first.ids[&key("a")].clone()], Freshness::Now).await;
    assert_eq!(gone.expect("an observation").iter().count(), 2, "the released address is not shown");
    let released = Operation::Release { id: first.ids[&key("a")].clone(), public_ip: [203, 0, 113, 1].into() };
    assert_eq!(check.execute(&released).await, [], "releasing twice is no error");
    check.destroy().await;
}

/// The tags of an address without the one that a cloud gives to what it shows in a console.
async fn tags_of<C: IpPools>(check: &Check<'_, C>, id: &AddressId) -> Option<BTreeMap<String, String>>
where
    C::Source: Default,
{
    let observed = check.observe().await;
    let mut tags = observed.get(id)?.tags.clone();
    tags.remove(SHOWN_NAME_TAG);
    Some(tags)
}

async fn tags_and_forgets<C: IpPools>(check: Check<'_, C>)
where
    C::Source: Default,
{
    let mut check = check.want("a");
    let tag = |value: &str| BTreeMap::from([("team".to_owned(), value.to_owned())]);
    let set = |check: &mut Check<'_, C>, tags, stale: &[&str]| {
        let wanted = check.desired.addresses.get_mut(&key("a")).expect("an address");
        (wanted.tags, wanted.stale_tags) = (tags, stale.iter().map(|tag| (*tag).to_owned()).collect());
    };
    set(&mut check, tag("x"), &[]);
    let id = check.apply().await.ids[&key("a")].clone();
    assert_eq!(tags_of(&check, &id).await, Some(tag("x")));
    set(&mut check, tag("y"), &[]);
    check.apply().await;
    assert_eq!(tags_of(&check, &id).await, Some(tag("y")));
    set(&mut check, BTreeMap::new(), &["team"]);
    check.apply().await;
    assert_eq!(tags_of(&check, &id).await, Some(BTreeMap::new()));
    let state = check.state.clone();
    for held in check.state.values_mut() {
        held.on_leave = ReleasePolicy::Retain;
    }
    check.desired.addresses.clear();
    check.apply().await;
    let there = check
        .cloud
        .observe(&check.desired.identity, std::slice::from_ref(&id), Freshness::Now)
        .await
        .expect("an observation");
    assert_eq!(there.get(&id).map(|address| address.mark.clone()), Some(None), "it stays, without the identity");
    // A retained address is the user's to release; a state that says that the pool may is as good as one.
    check.state = state;
    check.destroy().await;
}

async fn adopts_without_touching<C: IpPools>(maker: Check<'_, C>, mut adopter: Check<'_, C>)
where
    C::Source: Default,
{
    let mut maker = maker.want("a");
    let id = maker.apply().await.ids[&key("a")].clone();
    let public_ip = maker.observe().await.get(&id).expect("an address").public_ip;
    maker.execute(&Operation::Forget { id: id.clone(), public_ip }).await;
    let wanted = Wanted { origin: Origin::Existing(id.clone()), ..Check::<C>::allocated() };
    adopter.desired.addresses.insert(key("z"), wanted);
    let before = adopter.observe().await;
    let reached = adopter.apply().await;
    assert_eq!(reached.ids, BTreeMap::from([(key("z"), id)]));
    assert_eq!(adopter.observe().await, before, "adoption changes nothing");
    maker.destroy().await;
}

async fn says_what_is_missing<C: IpPools>(mut check: Check<'_, C>)
where
    C::Source: Default,
{
    let mut known = Check::new(check.cloud, check.desired.identity.owner.as_str(), "misses-too").want("a");
    let id = known.apply().await.ids[&key("a")].clone();
    known.destroy().await;
    let wanted = Wanted { origin: Origin::Existing(id), ..Check::<C>::allocated() };
    check.desired.addresses.insert(key("a"), wanted);
    let reached = check.run(&Check::<C>::limits()).await;
    let End::Failed { error, .. } = reached.end else { panic!("{:?}", reached.end) };
    assert_eq!(error.class, Class::NotFound, "{error}");
}

async fn starts_nothing_when_interrupted<C: IpPools>(check: Check<'_, C>)
where
    C::Source: Default,
{
    let check = check.want("a");
    let limits = Check::<C>::limits();
    limits.stop.cancel();
    let reached = check.run(&limits).await;
    assert!(matches!(reached.end, End::Stopped(_)), "{:?}", reached.end);
    assert_eq!(check.observe().await.iter().count(), 0);
}
