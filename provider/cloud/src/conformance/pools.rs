//! What pools of addresses must do on every cloud.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use egress_model::identity::{Key, ResourceType, SHOWN_NAME_TAG};
use egress_model::ip_pool::{
    Address, AddressId, Desired, Held, InUse, Observed, Operation, Origin, PublicIps, ReleasePolicy, Settings as _,
    Source as _, State, Wanted, assign,
};

use super::{Dying, MANY, World, apply, identity, key, limits, settle, stops};
use crate::ip_pools::{IpPools, Pools, Request};
use crate::{Class, End, Freshness};

/// A cloud under test.
#[async_trait]
pub trait Subject: World {
    /// The implementor.
    type Cloud: IpPools;

    /// The implementor as another process has it, with nothing remembered.
    fn cloud(&self) -> Self::Cloud;

    /// Where addresses come from.
    fn source(&self) -> Source<Self>;

    /// Two sources of which neither admits what comes from the other, or from [`Self::source`], where the cloud has such.
    fn exclusive_sources(&self) -> Option<[Source<Self>; 2]>;

    /// Settings that are not those of a new address, where the cloud has any.
    fn other_settings(&self) -> Option<Settings<Self>>;
}

/// Where the addresses of a subject come from.
pub type Source<S> = <<S as Subject>::Cloud as IpPools>::Source;

/// How the addresses of a subject can be set.
pub type Settings<S> = <Source<S> as egress_model::ip_pool::Source>::Settings;

/// Runs the whole suite. Nothing of ours may exist before; nothing is left behind.
pub async fn suite<S: Subject>(subject: &S) {
    marks_what_it_allocates(Check::new(subject, "marks").await).await;
    finds_what_a_lost_run_allocated(Check::new(subject, "finds").await).await;
    grows_and_shrinks_by_key(Check::new(subject, "grows").await).await;
    takes_from_another_source(Check::new(subject, "sources").await).await;
    sets_in_place(Check::new(subject, "sets").await).await;
    tags_and_forgets(Check::new(subject, "tags").await).await;
    keeps_addresses_under_another_name(Check::new(subject, "before").await).await;
    adopts_without_touching(Check::new(subject, "adopts").await, Check::new(subject, "adopted").await).await;
    says_what_is_missing(Check::new(subject, "misses").await).await;
    survives_a_lost_answer(Check::new(subject, "lost").await).await;
    survives_a_refused_create(Check::new(subject, "refused").await).await;
    survives_the_death_of_the_process(subject).await;
    two_pools_at_once(Check::new(subject, "one").await, Check::new(subject, "other").await).await;
    let check = Check::new(subject, "stops").await.want("a");
    stops(&Pools(&subject.cloud()), &check.request).await;
    check.destroy().await;
}

/// A pool under test. Each check has a pool of its own, so that they disturb each other in nothing.
struct Check<'a, S: Subject> {
    subject: &'a S,
    request: Request<Source<S>>,
    /// What exists before the check and after it.
    empty: BTreeSet<String>,
}

impl<'a, S: Subject> Check<'a, S> {
    async fn new(subject: &'a S, name: &str) -> Self {
        let desired = Desired {
            identity: identity(ResourceType::IpPool, name),
            former: None,
            holder: None,
            takes_over: false,
            addresses: BTreeMap::new(),
            in_use: InUse::Wait,
        };
        Self { subject, request: Request { desired, state: State::new() }, empty: subject.inventory().await }
    }

    fn want(mut self, text: &str) -> Self {
        self.request.desired.addresses.insert(key(text), self.allocated());
        self
    }

    fn allocated(&self) -> Wanted<Source<S>> {
        Wanted {
            origin: Origin::Allocated { source: self.subject.source(), recover: None },
            settings: Settings::<S>::default(),
            tags: BTreeMap::new(),
            stale_tags: BTreeSet::new(),
            release_policy: ReleasePolicy::Release,
        }
    }

    fn wanted(&mut self, text: &str) -> &mut Wanted<Source<S>> {
        self.request.desired.addresses.get_mut(&key(text)).expect("a key that is wanted")
    }

    async fn observe(&self) -> Observed<Source<S>> {
        let cloud = self.subject.cloud();
        let observed = crate::Reconcile::observe(&Pools(&cloud), &self.request, Freshness::Now).await;
        observed.expect("it can be observed")
    }

    /// The addresses of the keys.
    fn addresses(&self, observed: &Observed<Source<S>>) -> BTreeMap<Key, Address<Source<S>>> {
        let assignment = assign(&self.request.desired, &self.request.state, observed);
        assignment.kept.into_iter().map(|(key, address)| (key.clone(), address.clone())).collect()
    }

    /// Applies as another process does, to the end, and records the result as the state.
    async fn apply(&mut self) -> BTreeMap<Key, Address<Source<S>>> {
        let (cloud, another) = (self.subject.cloud(), self.subject.cloud());
        let observed = settle(&Pools(&cloud), &self.request, &Pools(&another)).await;
        let addresses = self.addresses(&observed);
        assert_eq!(addresses.len(), self.request.desired.addresses.len());
        assert!(addresses.values().all(|address| address.public_ips != PublicIps::Pending), "{addresses:?}");
        let held = |key: &Key| Held { key: key.clone(), current: true, on_leave: ReleasePolicy::Release };
        self.request.state = addresses.iter().map(|(key, address)| (address.id.clone(), held(key))).collect();
        addresses
    }

    /// An apply that need not end well.
    async fn try_to_apply(&self) -> End {
        apply(&Pools(&self.subject.cloud()), &self.request, &limits()).await.end
    }

    async fn execute(&self, operation: &Operation<Source<S>>) -> Vec<Address<Source<S>>> {
        let effect = self.subject.cloud().execute(&self.request.desired.identity, operation, &limits()).await;
        effect.unwrap_or_else(|error| panic!("could not {operation}: {error}")).present
    }

    async fn destroy(mut self) {
        self.request.desired.addresses.clear();
        self.apply().await;
        assert_eq!(self.observe().await.iter().count(), 0, "destroying leaves nothing");
        assert_eq!(self.subject.inventory().await, self.empty, "and what others have is as it was");
    }
}

fn ids<S: egress_model::ip_pool::Source>(addresses: &BTreeMap<Key, Address<S>>) -> BTreeMap<Key, AddressId> {
    addresses.iter().map(|(key, address)| (key.clone(), address.id.clone())).collect()
}

async fn marks_what_it_allocates<S: Subject>(check: Check<'_, S>) {
    let mut check = check.want("a").want("b");
    let before = check.subject.cloud().quotas().await.expect("quotas");
    for (at, address) in check.apply().await {
        let mark = address.mark.as_ref().expect("an identity");
        assert_eq!((&mark.identity, &mark.key), (&check.request.desired.identity, &at));
        assert!(mark.created.is_some(), "the time is known");
        assert_eq!(address.users, []);
        let text = address.id.as_str();
        assert_eq!(S::Cloud::address_id(text), Ok(address.id.clone()), "an id is in its one form");
        assert!(check.subject.cloud().global_id(&address.id).await.is_some_and(|id| id.contains(text)));
    }
    let after = check.subject.cloud().quotas().await.expect("quotas");
    for (before, after) in before.iter().zip(&after) {
        assert_eq!((&after.name, after.used, after.limit), (&before.name, before.used + 2, before.limit));
    }
    check.destroy().await;
}

async fn finds_what_a_lost_run_allocated<S: Subject>(check: Check<'_, S>) {
    let mut check = check.want("a");
    let first = ids(&check.apply().await);
    check.request.state = State::new();
    assert_eq!(ids(&check.apply().await), first, "without its state the pool is found again");
    let again = Operation::Allocate {
        key: key("a"),
        source: check.subject.source(),
        settings: Settings::<S>::default(),
        recover: None,
        tags: BTreeMap::new(),
        holder: None,
        except: BTreeSet::new(),
    };
    let found = check.execute(&again).await;
    assert_eq!(found.iter().map(|address| &address.id).collect::<Vec<_>>(), first.values().collect::<Vec<_>>());
    check.destroy().await;
}

async fn grows_and_shrinks_by_key<S: Subject>(check: Check<'_, S>) {
    let mut check = check.want("a").want("b");
    let first = ids(&check.apply().await);
    let mut check = check.want("c");
    let grown = ids(&check.apply().await);
    assert!(first.iter().all(|(at, id)| grown[at] == *id));
    check.request.desired.addresses.remove(&key("a"));
    let shrunk = ids(&check.apply().await);
    assert!(shrunk.len() == 2 && shrunk.iter().all(|(at, id)| grown[at] == *id));
    let (cloud, gone) = (check.subject.cloud(), first[&key("a")].clone());
    let observed = cloud.observe(&check.request.desired.identity, std::slice::from_ref(&gone), Freshness::Now).await;
    assert_eq!(observed.expect("an observation").iter().count(), 2, "the released address is not shown");
    let again = Operation::Release { id: gone, public_ips: PublicIps::Pending };
    assert_eq!(check.execute(&again).await, [], "releasing twice is no error");
    // A key that comes back has an address again, though its first one had its name.
    let mut check = check.want("a");
    check.apply().await;
    check.destroy().await;
}

/// For a while there are two addresses of one key.
async fn takes_from_another_source<S: Subject>(check: Check<'_, S>) {
    let Some([one, another]) = check.subject.exclusive_sources() else { return check.destroy().await };
    assert!(!another.admits(&one) && !one.admits(&another));
    let mut check = check.want("a");
    let mut before = ids(&check.apply().await);
    // There and back, and there again: each time the name of what was given up may be taken or free.
    for source in [one.clone(), another, one] {
        check.wanted("a").origin = Origin::Allocated { source: source.clone(), recover: None };
        let after = check.apply().await;
        assert!(after.values().all(|address| source.admits(&address.source)), "{after:?}");
        assert_ne!(ids(&after), before);
        before = ids(&after);
    }
    check.destroy().await;
}

async fn sets_in_place<S: Subject>(check: Check<'_, S>) {
    let Some(settings) = check.subject.other_settings() else { return check.destroy().await };
    let mut check = check.want("a");
    let before = check.apply().await;
    assert!(before.values().all(|address| !settings.are_met_by(&address.settings)));
    check.wanted("a").settings = settings.clone();
    let after = check.apply().await;
    assert!(after.values().all(|address| settings.are_met_by(&address.settings)), "{after:?}");
    assert_eq!(ids(&after), ids(&before));
    let mut check = check.want("b");
    check.wanted("b").settings = settings.clone();
    let both = check.apply().await;
    assert!(both.values().all(|address| settings.are_met_by(&address.settings)), "of a new one from the start: {both:?}");
    check.destroy().await;
}

/// The tags of an address without the one that a cloud gives to what it shows in a console.
async fn tags_of<S: Subject>(check: &Check<'_, S>, id: &AddressId) -> Option<BTreeMap<String, String>> {
    let mut tags = check.observe().await.get(id)?.tags.clone();
    tags.remove(SHOWN_NAME_TAG);
    Some(tags)
}

async fn tags_and_forgets<S: Subject>(check: Check<'_, S>) {
    let mut check = check.want("a");
    let tag = |value: &str| BTreeMap::from([("team".to_owned(), value.to_owned())]);
    check.wanted("a").tags = tag("x");
    let id = ids(&check.apply().await)[&key("a")].clone();
    assert_eq!(tags_of(&check, &id).await, Some(tag("x")));
    check.wanted("a").tags = tag("y");
    check.apply().await;
    assert_eq!(tags_of(&check, &id).await, Some(tag("y")));
    (check.wanted("a").tags, check.wanted("a").stale_tags) = (BTreeMap::new(), BTreeSet::from(["team".to_owned()]));
    check.apply().await;
    assert_eq!(tags_of(&check, &id).await, Some(BTreeMap::new()));

    let state = check.request.state.clone();
    check.request.state.values_mut().for_each(|held| held.on_leave = ReleasePolicy::Retain);
    check.request.desired.addresses.clear();
    check.apply().await;
    let cloud = check.subject.cloud();
    let there = cloud.observe(&check.request.desired.identity, std::slice::from_ref(&id), Freshness::Now).await;
    let there = there.expect("an observation");
    assert_eq!(there.get(&id).map(|address| address.mark.clone()), Some(None), "it stays, without the identity");
    // Its name is still taken, and it is not the pool's any more.
    let mut check = check.want("a");
    assert_ne!(ids(&check.apply().await)[&key("a")], id, "what was given up is not adopted again");
    // A retained address is the user's to release; a state that says that the pool may is as good as one.
    check.request.state.extend(state);
    check.destroy().await;
}

async fn keeps_addresses_under_another_name<S: Subject>(check: Check<'_, S>) {
    let mut check = check.want("a").want("b");
    let before = ids(&check.apply().await);
    let former = std::mem::replace(&mut check.request.desired.identity, identity(ResourceType::IpPool, "after"));
    check.request.desired.former = Some(former);
    let after = check.apply().await;
    assert_eq!(ids(&after), before);
    let carry = |address: &Address<_>| address.mark.as_ref().map(|mark| mark.identity.clone());
    assert!(after.values().all(|address| carry(address).as_ref() == Some(&check.request.desired.identity)));
    check.request.desired.former = None;
    // Found by the new name alone, and a new pool of the old name has addresses of its own.
    check.request.state = State::new();
    assert_eq!(ids(&check.apply().await), before);
    let mut again = Check::new(check.subject, "before").await.want("a");
    let taken = ids(&again.apply().await);
    assert!(taken.values().all(|id| !before.values().any(|before| before == id)));
    again.destroy().await;
    check.destroy().await;
}

async fn adopts_without_touching<S: Subject>(maker: Check<'_, S>, mut adopter: Check<'_, S>) {
    let mut maker = maker.want("a");
    let made = maker.apply().await[&key("a")].clone();
    maker.execute(&Operation::Forget { id: made.id.clone(), public_ips: made.public_ips }).await;
    let wanted = Wanted { origin: Origin::Existing(made.id.clone()), ..adopter.allocated() };
    adopter.request.desired.addresses.insert(key("z"), wanted);
    let before = adopter.observe().await;
    assert_eq!(ids(&adopter.apply().await), BTreeMap::from([(key("z"), made.id)]));
    assert_eq!(adopter.observe().await, before, "adoption changes nothing");
    maker.destroy().await;
}

async fn says_what_is_missing<S: Subject>(mut check: Check<'_, S>) {
    let mut known = Check::new(check.subject, "misses-too").await.want("a");
    let id = known.apply().await[&key("a")].id.clone();
    known.destroy().await;
    let wanted = Wanted { origin: Origin::Existing(id), ..check.allocated() };
    check.request.desired.addresses.insert(key("a"), wanted);
    let end = check.try_to_apply().await;
    let End::Failed { error, .. } = end else { panic!("{end:?}") };
    assert_eq!(error.class, Class::NotFound, "{error}");
}

async fn survives_a_lost_answer<S: Subject>(check: Check<'_, S>) {
    let mut check = check.want("a");
    check.subject.lose_next_answer().await;
    let end = check.try_to_apply().await;
    assert!(matches!(end, End::Done | End::Failed { .. }), "{end:?}");
    check.apply().await;
    check.wanted("a").tags.insert("team".to_owned(), "x".to_owned());
    check.subject.lose_next_answer().await;
    check.try_to_apply().await;
    check.apply().await;
    check.request.desired.addresses.clear();
    check.subject.lose_next_answer().await;
    check.try_to_apply().await;
    check.destroy().await;
}

async fn survives_a_refused_create<S: Subject>(check: Check<'_, S>) {
    let mut check = check.want("a");
    check.subject.refuse_next_create().await;
    let end = check.try_to_apply().await;
    let End::Failed { error, .. } = end else { panic!("{end:?}") };
    assert_eq!(error.class, Class::QuotaExceeded, "{error}");
    check.apply().await;
    check.destroy().await;
}

/// Cuts the run after each of its operations, and goes on with the state of before. The next one ends where an uncut run ends.
async fn survives_the_death_of_the_process<S: Subject>(subject: &S) {
    for operations in 0.. {
        assert!(operations < MANY, "it does not end");
        let mut check = Check::new(subject, "dies").await.want("a").want("b");
        check.apply().await;
        check.request.desired.addresses.remove(&key("b"));
        let mut check = check.want("c");
        if let Some([source, _]) = subject.exclusive_sources() {
            check.wanted("a").origin = Origin::Allocated { source, recover: None };
        }
        let died = Dying::apply(&Pools(&subject.cloud()), &check.request, operations).await;
        check.apply().await;
        check.destroy().await;
        if !died {
            break;
        }
    }
}

async fn two_pools_at_once<S: Subject>(one: Check<'_, S>, other: Check<'_, S>) {
    let (mut one, mut other) = (one.want("a").want("b"), other.want("a").want("b"));
    let cloud = one.subject.cloud();
    let (pools, limits) = (Pools(&cloud), limits());
    let (made, too) = tokio::join!(apply(&pools, &one.request, &limits), apply(&pools, &other.request, &limits));
    assert!(matches!((&made.end, &too.end), (End::Done, End::Done)), "{:?} {:?}", made.end, too.end);
    let (ours, theirs) = (ids(&one.apply().await), ids(&other.apply().await));
    assert!(ours.values().all(|id| !theirs.values().any(|other| other == id)));
    // What exists before a check is what the others have left then.
    other.request.desired.addresses.clear();
    other.apply().await;
    one.destroy().await;
}
