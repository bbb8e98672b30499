//! What plans decide, by example and by property.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::simulation::*;
use super::*;

fn operations(desired: &Desired<From>, state: &State, observed: &Observed<From>) -> Vec<Operation<From>> {
    plan(desired, state, observed).into_operations().collect()
}

fn texts(desired: &Desired<From>, state: &State, addresses: Vec<Address<From>>) -> Vec<String> {
    let observed = addresses.into_iter().collect();
    operations(desired, state, &observed).iter().map(ToString::to_string).collect()
}

#[test]
fn allocates_what_is_missing_and_leaves_the_rest() {
    let desired = desired([("a", allocated()), ("b", allocated())]);
    let observed = vec![address(1).marked("partners", "a", 1)];
    assert_eq!(texts(&desired, &state([(1, "a")]), observed), ["allocate the address of key \"b\""]);
}

#[test]
fn finds_what_an_interrupted_run_allocated() {
    let desired = desired([("a", allocated())]);
    assert_eq!(texts(&desired, &State::new(), vec![address(1).marked("partners", "a", 1)]), [""; 0]);
}

#[test]
fn takes_nothing_that_is_not_exactly_its_own() {
    let desired = desired([("a", allocated())]);
    let others = vec![address(1), address(2).marked("others", "a", 1), address(3).marked("partners", "b", 1)];
    assert_eq!(texts(&desired, &State::new(), others), ["allocate the address of key \"a\""]);
}

#[test]
fn gives_back_the_younger_of_two_and_never_one_in_use() {
    let desired = desired([("a", allocated())]);
    let old = || address(1).marked("partners", "a", 1);
    let young = || address(2).marked("partners", "a", 2);
    assert_eq!(texts(&desired, &State::new(), vec![old(), young()]), ["release 203.0.113.2 (ip-2)"]);
    assert_eq!(texts(&desired, &State::new(), vec![old(), young().used()]), [""; 0]);
}

#[test]
fn keeps_what_the_state_says_though_an_older_one_turns_up() {
    let desired = desired([("a", allocated())]);
    let observed = vec![address(1).marked("partners", "a", 1), address(2).marked("partners", "a", 2)];
    assert_eq!(texts(&desired, &state([(2, "a")]), observed), ["release 203.0.113.1 (ip-1)"]);
}

#[test]
fn releases_by_the_policy_of_the_key() {
    let observed = || vec![address(1).marked("partners", "a", 1), address(2)];
    let mut held = state([(1, "a"), (2, "b")]);
    assert_eq!(texts(&desired([]), &held, observed()), ["release 203.0.113.1 (ip-1)", "release 203.0.113.2 (ip-2)"]);
    for held in held.values_mut() {
        held.on_leave = ReleasePolicy::Retain;
    }
    assert_eq!(texts(&desired([]), &held, observed()), ["remove the tags of the pool from 203.0.113.1 (ip-1)"]);
}

#[test]
fn postpones_what_is_in_use_but_not_when_the_pool_goes() {
    let mut desired = desired([]);
    let held = state([(1, "a")]);
    let observed: Observed<_> = [address(1).marked("partners", "a", 1).used()].into_iter().collect();
    assert_eq!(operations(&desired, &held, &observed), []);
    assert_eq!(postponed(&desired, &held, &observed).len(), 1);
    desired.in_use = InUse::Wait;
    assert_eq!(operations(&desired, &held, &observed).len(), 1);
    assert_eq!(postponed(&desired, &held, &observed).len(), 0);
}

#[test]
fn takes_the_new_address_before_it_gives_up_the_old() {
    let mut wanted = allocated();
    wanted.origin = Origin::Allocated { source: From(Some(7)), recover: None };
    let observed = vec![address(1).marked("partners", "a", 1)];
    assert_eq!(
        texts(&desired([("a", wanted)]), &state([(1, "a")]), observed),
        ["allocate the address of key \"a\"", "release 203.0.113.1 (ip-1)"]
    );
}

#[test]
fn a_key_that_comes_back_gets_its_address_back() {
    let mut held = state([(1, "a")]);
    for held in held.values_mut() {
        held.current = false;
    }
    let observed = vec![address(1).marked("partners", "a", 1).used()];
    assert_eq!(texts(&desired([("a", allocated())]), &held, observed), [""; 0]);
}

#[test]
fn a_renamed_key_keeps_its_address() {
    let observed = vec![address(1).marked("partners", "a", 1)];
    assert_eq!(
        texts(&desired([("b", existing(1))]), &state([(1, "a")]), observed),
        ["tag ip-1, the address of key \"b\""]
    );
}

#[test]
fn a_renamed_pool_keeps_its_addresses() {
    let observed = || vec![address(1).marked("partners", "a", 1), address(2).marked("partners", "b", 1)];
    let mut desired = desired([("a", allocated()), ("b", existing(2))]);
    desired.identity = identity("customers");
    desired.former = Some(identity("partners"));
    let held = state([(1, "a"), (2, "b")]);
    assert_eq!(
        texts(&desired, &held, observed()),
        ["tag ip-1, the address of key \"a\"", "tag ip-2, the address of key \"b\""]
    );
}

#[test]
fn what_carries_another_identity_is_left_alone_and_said() {
    let desired = desired([]);
    let held = state([(1, "a"), (2, "b")]);
    let observed: Observed<_> =
        [address(1).marked("others", "a", 1), address(2).marked("partners", "b", 1)].into_iter().collect();
    assert_eq!(operations(&desired, &held, &observed).len(), 1);
    let assignment = assign(&desired, &held, &observed);
    let foreign: Vec<_> = assignment.foreign.iter().map(|(address, policy)| (&address.id, *policy)).collect();
    assert_eq!(foreign, [(&id(1), ReleasePolicy::Release)]);
}

#[test]
fn what_another_instance_has_adopted_is_its_own() {
    let held_by = |holder: &str| {
        let mut address = address(1).marked("partners", "a", 1);
        address.mark.as_mut().expect("a mark").holder = Some(holder.parse().expect("a holder"));
        address
    };
    let gone = Desired { holder: Some("old".parse().expect("a holder")), in_use: InUse::Wait, ..desired([]) };
    let had = state([(1, "a")]);
    assert_eq!(texts(&gone, &had, vec![held_by("old")]), ["release 203.0.113.1 (ip-1)"]);
    assert_eq!(texts(&gone, &had, vec![held_by("new")]), [""; 0]);
    assert_eq!(
        texts(&Desired { holder: None, ..gone.clone() }, &had, vec![held_by("new")]).len(),
        1,
        "as before holders"
    );
    let takes_over = Desired { takes_over: true, ..gone.clone() };
    assert_eq!(texts(&takes_over, &had, vec![held_by("new")]).len(), 1, "of the instance whose place it takes");
    let observed = [held_by("new")].into_iter().collect();
    assert_eq!(assign(&gone, &had, &observed).held.len(), 1);
    // The one that adopts it, or takes it back, writes that down.
    let new = Desired { holder: Some("new".parse().expect("a holder")), ..desired([("a", allocated())]) };
    assert_eq!(texts(&new, &State::new(), vec![held_by("old")]), ["tag ip-1, the address of key \"a\""]);
    assert_eq!(texts(&new, &State::new(), vec![held_by("new")]), [""; 0]);
    assert_eq!(texts(&new, &had, vec![held_by("old")]).len(), 1);
}

#[test]
fn an_adopted_address_is_not_touched() {
    let mut wanted = existing(1);
    wanted.tags = BTreeMap::from([("team".to_owned(), "a".to_owned())]);
    assert_eq!(texts(&desired([("a", wanted.clone())]), &State::new(), vec![address(1)]), [""; 0]);
    assert_eq!(texts(&desired([("a", wanted)]), &State::new(), vec![]), ["adopt ip-1 as the address of key \"a\""]);
}

#[test]
fn heals_tags_and_leaves_those_of_others() {
    let mut wanted = allocated();
    wanted.tags = BTreeMap::from([("team".to_owned(), "a".to_owned())]);
    wanted.stale_tags = BTreeSet::from(["old".to_owned()]);
    let mut there = address(1);
    there.tags = BTreeMap::from([("old".to_owned(), "1".to_owned()), ("theirs".to_owned(), "1".to_owned())]);
    let observed = [there].into_iter().collect();
    let operations = operations(&desired([("a", wanted)]), &state([(1, "a")]), &observed);
    let [Operation::Update { tags, stale_tags, .. }] = operations.as_slice() else { panic!("{operations:?}") };
    assert_eq!((tags.len(), stale_tags.len()), (1, 1));
    assert!(stale_tags.contains("old"));
}

#[test]
fn settings_are_changed_in_place_and_only_those_that_are_set() {
    let wants = |speed| Wanted { settings: Speed(speed), ..allocated() };
    let there = || vec![address(1).marked("partners", "a", 1)];
    let of = |speed| texts(&desired([("a", wants(speed))]), &state([(1, "a")]), there());
    assert_eq!(of(None), [""; 0], "what the user did not set is left as it is");
    assert_eq!(of(Some(1)), [""; 0]);
    assert_eq!(of(Some(2)), ["set ip-1, the address of key \"a\""]);
    let adopted = Wanted { settings: Speed(Some(2)), ..existing(1) };
    assert_eq!(texts(&desired([("a", adopted)]), &state([(1, "a")]), vec![address(1)]), [""; 0], "it is only used");
}

#[test]
fn an_address_without_its_ip_is_waited_for_and_not_taken_again() {
    let pending = || Address { public_ips: PublicIps::Pending, ..address(1).marked("partners", "a", 1) };
    let waits = ["wait for the public IP of ip-1, the address of key \"a\""];
    assert_eq!(texts(&desired([("a", allocated())]), &State::new(), vec![pending()]), waits);
    let recover = Some("203.0.113.9".parse().expect("an address"));
    let wanted = Wanted { origin: Origin::Allocated { source: From(None), recover }, ..allocated() };
    assert_eq!(texts(&desired([("a", wanted)]), &State::new(), vec![pending()]), waits, "it may be that one");
    assert_eq!(texts(&desired([]), &state([(1, "a")]), vec![pending()]), ["release an address without IP yet (ip-1)"]);
}

#[test]
fn public_ips_are_shown_as_they_are_written() {
    let shown = |text: &str| PublicIps::Block(text.parse().expect("a block")).to_string();
    assert_eq!((shown("203.0.113.7/32"), shown("203.0.113.8/29")), ("203.0.113.7".into(), "203.0.113.8/29".into()));
    assert_eq!((shown("2001:db8::1/128"), shown("2001:db8::/124")), ("2001:db8::1".into(), "2001:db8::/124".into()));
}

const KEYS: [&str; 4] = ["a", "b", "c", "d"];

fn policy() -> impl Strategy<Value = ReleasePolicy> {
    prop_oneof![Just(ReleasePolicy::Release), Just(ReleasePolicy::Retain)]
}

prop_compose! {
    fn some_address(number: u8)(
        mark in proptest::option::of((prop_oneof![Just("partners"), Just("others")], 0..KEYS.len(), 0..5_u64)),
        used in any::<bool>(),
        pool in 0..2_u8,
        tag in proptest::option::of(0..2_u8),
        pending in proptest::bool::weighted(0.2),
    ) -> Address<From> {
        let mut address = address(number).from(pool);
        if pending {
            address.public_ips = PublicIps::Pending;
        }
        if let Some((name, at, created)) = mark {
            address = address.marked(name, KEYS[at], created);
        }
        if used {
            address = address.used();
        }
        address.tags.extend(tag.map(|value| ("team".to_owned(), value.to_string())));
        address
    }
}

fn some_cloud() -> impl Strategy<Value = Vec<Address<From>>> {
    (0..6_u8).prop_flat_map(|count| (1..=count).map(some_address).collect::<Vec<_>>())
}

prop_compose! {
    fn some_wanted()(
        existing in proptest::option::weighted(0.2, 1..6_u8),
        pool in proptest::option::of(0..2_u8),
        tag in proptest::option::of(0..2_u8),
        stale in any::<bool>(),
        speed in proptest::option::of(1..3_u8),
        release_policy in policy(),
    ) -> Wanted<From> {
        let origin = match existing {
            Some(number) => Origin::Existing(id(number)),
            None => Origin::Allocated { source: From(pool), recover: None },
        };
        let stale = stale && tag.is_none();
        Wanted {
            origin,
            settings: Speed(speed),
            tags: tag.map(|value| ("team".to_owned(), value.to_string())).into_iter().collect(),
            stale_tags: stale.then(|| "team".to_owned()).into_iter().collect(),
            release_policy,
        }
    }
}

/// Desired with every named address named once and present, and a state in which every key has at most one address.
fn some_case() -> impl Strategy<Value = (Desired<From>, State, Vec<Address<From>>)> {
    let wanted = proptest::collection::btree_map(0..KEYS.len(), some_wanted(), 0..4);
    let held = proptest::collection::btree_map(1..6_u8, (0..KEYS.len(), any::<bool>(), policy()), 0..4);
    (wanted, held, some_cloud()).prop_map(|(wanted, held, cloud)| {
        let mut named = BTreeSet::new();
        let addresses = wanted.into_iter().filter(|(_, wanted)| match &wanted.origin {
            Origin::Existing(id) => named.insert(id.clone()) && cloud.iter().any(|address| address.id == *id),
            Origin::Allocated { .. } => true,
        });
        let desired = Desired {
            identity: identity("partners"),
            former: None,
            holder: None,
            takes_over: false,
            addresses: addresses.map(|(at, wanted)| (key(KEYS[at]), wanted)).collect(),
            in_use: InUse::Postpone,
        };
        let mut keys = BTreeSet::new();
        let held = held.into_iter().map(|(number, (at, current, on_leave))| {
            (id(number), Held { key: key(KEYS[at]), current: current && keys.insert(at), on_leave })
        });
        (desired, held.collect(), cloud)
    })
}

proptest! {
    /// Whatever is there and wherever the run is cut, running again ends where an uncut run ends: every key has an address
    /// that it may have, and nothing remains to be done.
    #[test]
    fn settles_after_a_cut_anywhere((desired, state, cloud) in some_case(), cut in 0..8_usize) {
        let mut observed: Observed<_> = cloud.into_iter().collect();
        for operation in operations(&desired, &state, &observed).iter().take(cut) {
            execute(&mut observed, &desired.identity, operation).map_err(TestCaseError::fail)?;
        }
        for _ in 0..2 {
            for operation in operations(&desired, &state, &observed) {
                execute(&mut observed, &desired.identity, &operation).map_err(TestCaseError::fail)?;
            }
        }
        prop_assert_eq!(operations(&desired, &state, &observed), vec![]);
        let assignment = assign(&desired, &state, &observed);
        prop_assert_eq!(assignment.kept.len(), desired.addresses.len());
        let ids: BTreeSet<_> = assignment.kept.values().map(|address| &address.id).collect();
        prop_assert_eq!(ids.len(), assignment.kept.len());
    }

    /// No plan allocates for a key that has an address which fits, or releases what is in use, what carries another
    /// identity, or what neither the state nor a wanted key has anything to do with.
    #[test]
    fn never_takes_or_gives_up_needlessly((desired, state, cloud) in some_case()) {
        let observed: Observed<_> = cloud.into_iter().collect();
        let assignment = assign(&desired, &state, &observed);
        for operation in operations(&desired, &state, &observed) {
            match operation {
                Operation::Allocate { key, .. } => prop_assert!(!assignment.kept.contains_key(&key)),
                Operation::Release { id, .. } => {
                    let address = observed.get(&id).expect("an address that is there");
                    prop_assert!(address.users.is_empty());
                    prop_assert!(!assignment.kept.values().any(|kept| kept.id == id));
                    let ours = address.mark.as_ref().is_some_and(|mark| mark.identity == desired.identity);
                    prop_assert!(ours || address.mark.is_none() && state.contains_key(&id));
                }
                Operation::Settle { .. } | Operation::Forget { .. } | Operation::Adopt { .. } | Operation::Update { .. } => {}
            }
        }
    }

    /// Another key changes nothing for those that were there.
    #[test]
    fn another_key_touches_no_other((desired, state, cloud) in some_case()) {
        let observed: Observed<_> = cloud.into_iter().collect();
        let before = assign(&desired, &state, &observed);
        let mut more = desired.clone();
        more.addresses.insert(key("z"), allocated());
        let after = assign(&more, &state, &observed);
        prop_assert_eq!(before.kept, after.kept);
    }
}
