//! Which resource instances a run plans, makes and removes, by what they stand for.
//!
//! Terraform tells a provider neither the address of a resource nor what else it plans. Two instances can stand for the same objects: a
//! block that was renamed without `moved`, two blocks of one name, or the two halves of a replacement. Each is noted here with what is
//! done about it, so that no removal takes what the same run makes, adopts or keeps, whichever comes first.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use egress_model::identity::{Holder, ResourceType};
use tfplugin::cty::Value;
use tokio::sync::OwnedMutexGuard;

use crate::clouds::Place;

/// What an instance stands for. In one place there is one set of objects with one identity.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Spot {
    /// Where. A process has one account and one cluster.
    pub(crate) place: Where,
    /// What.
    pub(crate) resource_type: ResourceType,
    /// The namespace in which its name is unique, where it has one.
    pub(crate) namespace: Option<String>,
    /// What it is called.
    pub(crate) name: String,
}

/// Where objects with an identity are.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Where {
    /// In a cloud.
    Cloud(Place),
    /// In the cluster.
    Cluster,
}

impl From<Place> for Where {
    fn from(place: Place) -> Self {
        Self::Cloud(place)
    }
}

/// In words, such as `AWS in eu-west-1`.
impl fmt::Display for Where {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cloud(place) => place.fmt(f),
            Self::Cluster => f.write_str("the cluster"),
        }
    }
}

/// What a plan does with an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// It is to be made: where Terraform knows none, or in place of one that it knows.
    Made,
    /// It stays, changed or not.
    Kept,
    /// It is to be removed.
    Leaving,
}

/// Why plans cannot stand beside each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clash {
    /// One instance is destroyed and another made that stands for the same.
    Renamed,
    /// Two instances are to stand for the same.
    Twice,
}

/// What is known of the instances that stand for the same.
#[derive(Debug, Default)]
struct Entry {
    /// Those that the state has, as the refresh showed it, with how many have that holder.
    seen: BTreeMap<Holder, usize>,
    /// What is planned for each.
    planned: BTreeMap<Holder, Role>,
    /// Those that were made, or are being made.
    made: BTreeSet<Holder>,
    /// The state of an instance that was removed while its objects stay for the one that takes its place.
    handed_over: Option<Value>,
    /// Held while one of them is changed or removed.
    change: Arc<tokio::sync::Mutex<()>>,
}

/// The instances of a run.
#[derive(Debug, Default)]
pub(crate) struct Register(Mutex<BTreeMap<Spot, Entry>>);

impl Register {
    fn with<T>(&self, spot: &Spot, act: impl FnOnce(&mut Entry) -> T) -> T {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        act(entries.entry(spot.clone()).or_default())
    }

    /// Notes an instance of the state.
    pub(crate) fn note_seen(&self, spot: &Spot, holder: &Holder) {
        self.with(spot, |entry| *entry.seen.entry(holder.clone()).or_default() += 1);
    }

    /// Notes a plan. The answer is what it clashes with. The half of a replacement that makes the new instance is noted for the one that
    /// it replaces.
    pub(crate) fn plan(&self, spot: &Spot, holder: &Holder, role: Role) -> Option<Clash> {
        self.with(spot, |entry| {
            entry.planned.insert(holder.clone(), role);
            entry.clash(holder)
        })
    }

    /// Whether the state has an instance of it, or had one in this run: what carries its identity is then no surprise.
    pub(crate) fn knows(&self, spot: &Spot) -> bool {
        self.with(spot, |entry| {
            let was_there = entry.planned.values().any(|role| *role != Role::Made);
            entry.handed_over.is_some() || !entry.seen.is_empty() || was_there
        })
    }

    /// Waits until no instance of it is changed or removed, and keeps it so.
    pub(crate) async fn change(&self, spot: &Spot) -> OwnedMutexGuard<()> {
        let change = self.with(spot, |entry| Arc::clone(&entry.change));
        change.lock_owned().await
    }

    /// Notes that an instance is made; `false` when another one was made in this run.
    pub(crate) fn make(&self, spot: &Spot, holder: &Holder) -> bool {
        self.with(spot, |entry| {
            let is_first = entry.made.iter().all(|other| other == holder);
            if is_first {
                entry.made.insert(holder.clone());
            }
            is_first
        })
    }

    /// Whether another instance is planned and not made yet.
    pub(crate) fn awaits_another(&self, spot: &Spot, holder: Option<&Holder>) -> bool {
        self.with(spot, |entry| {
            let mut planned = entry.planned.iter();
            planned.any(|(other, role)| *role == Role::Made && Some(other) != holder && !entry.made.contains(other))
        })
    }

    /// Notes that an instance goes and its objects stay, for the one that takes its place.
    pub(crate) fn hand_over(&self, spot: &Spot, state: Value) {
        self.with(spot, |entry| entry.handed_over = Some(state));
    }

    /// The other instances that were made in this run: what carries one of them is its own, whoever had it before.
    pub(crate) fn made_beside(&self, holder: &Holder) -> BTreeSet<Holder> {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let made = entries.values().flat_map(|entry| &entry.made);
        made.filter(|other| *other != holder).cloned().collect()
    }

    /// The state of the instance that has handed its objects over.
    pub(crate) fn taken_over(&self, spot: &Spot) -> Option<Value> {
        self.with(spot, |entry| entry.handed_over.clone())
    }
}

impl Entry {
    fn is_leaving(&self, holder: &Holder) -> bool {
        self.planned.get(holder) == Some(&Role::Leaving)
    }

    fn clash(&self, holder: &Holder) -> Option<Clash> {
        // Of what an apply makes, the plan was judged before.
        let is_new = |(other, role): &(&Holder, &Role)| {
            **role == Role::Made && !self.seen.contains_key(*other) && !self.made.contains(*other)
        };
        let new = self.planned.iter().filter(is_new).count();
        // Terraform does not refresh what it destroys because its block is gone.
        let leaves = self.planned.values().any(|role| *role == Role::Leaving);
        // A tainted instance is planned as if it were new; Terraform does not say that it is replaced.
        let tainted = self.seen.keys().filter(|seen| !self.planned.contains_key(*seen)).count();
        if leaves && new > tainted + usize::from(self.handed_over.is_some()) {
            return Some(Clash::Renamed);
        }
        let wanted = self.planned.values().filter(|role| **role != Role::Leaving).count();
        let is_in_two_places = self.seen.get(holder).is_some_and(|count| *count > 1);
        (!self.is_leaving(holder) && (wanted > 1 || is_in_two_places)).then_some(Clash::Twice)
    }
}

impl fmt::Display for Spot {
    /// `egress_policy "backend" in the namespace "production"`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "egress_{} {:?}", self.resource_type.as_str().replace('-', "_"), self.name)?;
        match &self.namespace {
            Some(namespace) => write!(f, " in the namespace {namespace:?}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clouds::aws;

    fn spot() -> Spot {
        Spot {
            place: aws::place("eu-west-1").into(),
            resource_type: ResourceType::IpPool,
            namespace: None,
            name: "partners".to_owned(),
        }
    }

    fn holder(name: &str) -> Holder {
        name.parse().expect("a holder")
    }

    /// The clash that each plan meets, of instances that the refresh showed and plans in this order.
    fn clashes(seen: &[&str], plans: &[(&str, Role)]) -> Vec<Option<Clash>> {
        let register = Register::default();
        for seen in seen {
            register.note_seen(&spot(), &holder(seen));
        }
        plans.iter().map(|(name, role)| register.plan(&spot(), &holder(name), *role)).collect()
    }

    #[test]
    fn a_renamed_block_is_found_whichever_half_is_planned_first() {
        let (made, leaving) = (("new", Role::Made), ("old", Role::Leaving));
        for seen in [&["old"][..], &[]] {
            assert_eq!(clashes(seen, &[made, leaving]), [None, Some(Clash::Renamed)], "{seen:?}");
            assert_eq!(clashes(seen, &[leaving, made]), [None, Some(Clash::Renamed)], "{seen:?}");
        }
    }

    #[test]
    fn a_destroy_alone_and_a_replacement_are_no_renamed_block() {
        assert_eq!(clashes(&["old"], &[("old", Role::Leaving)]), [None]);
        // -replace: the plan of the change, and that of the new instance.
        assert_eq!(clashes(&["old"], &[("old", Role::Kept), ("old", Role::Made)]), [None, None]);
        // A tainted instance.
        assert_eq!(clashes(&["old"], &[("new", Role::Made)]), [None]);
        // What is left of a replacement that stopped halfway: a deposed instance beside the current one.
        assert_eq!(clashes(&["old", "now"], &[("old", Role::Leaving), ("now", Role::Kept)]), [None, None]);
        assert_eq!(clashes(&["old", "now"], &[("now", Role::Kept), ("old", Role::Leaving)]), [None, None]);
        assert_eq!(
            clashes(&["old", "now"], &[("old", Role::Leaving), ("new", Role::Made)]),
            [None, None],
            "now is tainted"
        );
    }

    #[test]
    fn in_an_apply_a_destroy_after_the_creation_is_that_of_a_replacement() {
        let register = Register::default();
        assert_eq!(register.plan(&spot(), &holder("new"), Role::Made), None);
        assert!(register.awaits_another(&spot(), Some(&holder("old"))), "a removal before it hands over");
        assert!(!register.awaits_another(&spot(), Some(&holder("new"))));
        assert!(register.make(&spot(), &holder("new")));
        assert!(!register.make(&spot(), &holder("third")), "another resource of the name");
        assert!(!register.awaits_another(&spot(), Some(&holder("old"))), "a removal after it goes by the holders");
        assert_eq!(register.plan(&spot(), &holder("old"), Role::Leaving), None);
        // The other order, with what an earlier replacement has left.
        let register = Register::default();
        register.hand_over(&spot(), Value::Null);
        assert_eq!(register.plan(&spot(), &holder("new"), Role::Made), None);
        assert_eq!(register.plan(&spot(), &holder("older"), Role::Leaving), None);
    }

    #[test]
    fn what_the_state_has_or_had_is_known() {
        let register = Register::default();
        register.plan(&spot(), &holder("new"), Role::Made);
        assert!(!register.knows(&spot()));
        register.hand_over(&spot(), Value::from("state"));
        assert!(register.knows(&spot()));
        assert_eq!(register.taken_over(&spot()), Some(Value::from("state")));
        let register = Register::default();
        register.note_seen(&spot(), &holder("old"));
        assert!(register.knows(&spot()));
        let register = Register::default();
        register.plan(&spot(), &holder("old"), Role::Kept);
        assert!(register.knows(&spot()), "without a refresh, the first plan of a replacement");
    }

    #[test]
    fn two_instances_clash_and_one_in_two_places_does_not() {
        let two = [("a", Role::Made), ("b", Role::Made)];
        assert_eq!(clashes(&[], &two), [None, Some(Clash::Twice)]);
        assert_eq!(clashes(&["a"], &[("a", Role::Kept), ("b", Role::Made)]), [None, Some(Clash::Twice)]);
        assert_eq!(clashes(&["a", "b"], &[("a", Role::Kept), ("b", Role::Kept)]), [None, Some(Clash::Twice)]);
        assert_eq!(clashes(&["a", "a"], &[("a", Role::Kept)]), [Some(Clash::Twice)], "imported twice");
        let register = Register::default();
        let elsewhere = Spot { place: aws::place("us-east-1").into(), ..spot() };
        assert_eq!(register.plan(&spot(), &holder("a"), Role::Made), None);
        assert_eq!(register.plan(&elsewhere, &holder("b"), Role::Made), None);
    }

    #[test]
    fn a_removal_waits_for_a_change_and_the_other_way_round() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let register = Register::default();
            let held = register.change(&spot()).await;
            let spot = spot();
            let mut next = Box::pin(register.change(&spot));
            let waits = std::future::poll_fn(|cx| std::task::Poll::Ready(next.as_mut().poll(cx).is_pending()));
            assert!(waits.await, "it waits");
            drop(held);
            next.await;
        });
    }

    #[test]
    fn an_instance_is_named_as_its_resource() {
        assert_eq!(spot().to_string(), "egress_ip_pool \"partners\"");
        let policy = Spot { resource_type: ResourceType::Policy, namespace: Some("production".to_owned()), ..spot() };
        assert_eq!(policy.to_string(), "egress_policy \"partners\" in the namespace \"production\"");
    }
}
