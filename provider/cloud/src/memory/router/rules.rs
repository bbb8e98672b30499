//! Steering on a router: rules inside the NAT that another resource has. A rule is known by what it matches.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use super::api::{Api, Nat, Rule};
use super::gateways::changed;
use crate::memory::process::{Process, look};
use crate::steering::Record;
use crate::{Class, Error, Freshness, Limits, Reached, Reconcile, Stages, Steering};

/// A process that steers. It shares its locks with what else changes the router in this process.
#[derive(Debug)]
pub struct Steers(pub Arc<Process<Api>>);

/// What is wanted of one policy.
#[derive(Clone, Debug)]
pub struct Desired {
    /// The NAT.
    pub nat: String,
    /// What is matched, and the names of the addresses from which it leaves.
    pub rules: BTreeMap<String, BTreeSet<String>>,
    /// The matches of the rules that the state says that this policy has made.
    pub recorded: BTreeSet<String>,
}

/// The addresses of the rules of a NAT, by what they match.
pub(super) type Observed = BTreeMap<String, BTreeSet<String>>;

/// One step: all rules of the policy in one patch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    set: BTreeMap<String, BTreeSet<String>>,
    remove: BTreeSet<String>,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "set {} and remove {} rules of the NAT", self.set.len(), self.remove.len())
    }
}

/// Sets the rules of a policy in the list of NATs, with everything else as it was. Pure; `None` where nothing is left to change.
pub(super) fn with_rules(nats: &[Nat], name: &str, operation: &Operation) -> Option<Vec<Nat>> {
    changed(nats, name, |nat| {
        let is_stale = |rule: &Rule| {
            operation.remove.contains(&rule.matches)
                || operation.set.get(&rule.matches).is_some_and(|ips| *ips != rule.active_ips)
        };
        nat.rules.retain(|_, rule| !is_stale(rule));
        for (matches, ips) in &operation.set {
            if nat.rules.values().all(|rule| rule.matches != *matches) {
                // Numbers say nothing but which is which.
                let number = (1..=65_000).find(|number| !nat.rules.contains_key(number)).unwrap_or_default();
                nat.rules.insert(number, Rule { matches: matches.clone(), active_ips: ips.clone() });
            }
        }
    })
}

impl Steers {
    async fn see(&self, desired: &Desired, limits: &Limits) -> Result<Observed, Error> {
        let nats = self.0.read("routers.get", limits, || self.0.api.get_router()).await?;
        let missing = || Error::new(Class::NotFound, "routers.get", format!("there is no NAT {}", desired.nat));
        let nat = nats.into_iter().find(|nat| nat.name == desired.nat).ok_or_else(missing)?;
        Ok(nat.rules.into_values().map(|rule| (rule.matches, rule.active_ips)).collect())
    }
}

#[async_trait]
impl Reconcile for Steers {
    type Desired = Desired;
    type Observed = Observed;
    type Operation = Operation;
    type Plan = Stages<Operation>;
    type Effect = Option<Observed>;

    async fn observe(&self, desired: &Desired, _: Freshness) -> Result<Observed, Error> {
        self.see(desired, &look()).await
    }

    fn plan(desired: &Desired, observed: &Observed) -> Stages<Operation> {
        let is_missing = |(matches, ips): &(&String, &BTreeSet<String>)| observed.get(*matches) != Some(ips);
        let set = desired.rules.iter().filter(is_missing).map(|(matches, ips)| (matches.clone(), ips.clone()));
        let stale = desired.recorded.iter().filter(|matches| !desired.rules.contains_key(*matches));
        let remove = stale.filter(|matches| observed.contains_key(*matches)).cloned();
        let operation = Operation { set: set.collect(), remove: remove.collect() };
        let is_needed = !operation.set.is_empty() || !operation.remove.is_empty();
        Stages::one_by_one(is_needed.then_some(operation))
    }

    async fn execute(
        &self,
        desired: &Desired,
        operation: &Operation,
        _: &Observed,
        limits: &Limits,
    ) -> Reached<Option<Observed>> {
        let result = self.0.patch(|nats| with_rules(nats, &desired.nat, operation), limits).await;
        Reached::with(self.see(desired, &look()).await.ok(), result.map(drop))
    }

    fn fold(observed: &mut Observed, effect: Option<Observed>) {
        if let Some(now) = effect {
            *observed = now;
        }
    }
}

impl Steering for Steers {
    fn record(desired: &Desired, observed: &Observed) -> Record {
        let own = |matches: &&String| desired.rules.contains_key(*matches) || desired.recorded.contains(*matches);
        let rules = observed.iter().filter(|(matches, _)| own(matches));
        rules.map(|(matches, ips)| (matches.clone(), ips.iter().cloned().collect::<Vec<_>>().join(","))).collect()
    }
}
