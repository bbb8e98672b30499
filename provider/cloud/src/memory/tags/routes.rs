//! Steering on a cloud of tags: a route per table and destination. A route has no tags; where it is and what it matches is what it is.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use async_trait::async_trait;

use super::api::Api;
use crate::calls::none_passes;
use crate::memory::process::{Process, error, look};
use crate::steering::Record;
use crate::{Class, Error, Freshness, Limits, Reached, Reconcile, Stages, Steering};

/// A process that steers.
#[derive(Debug)]
pub struct Steers(pub Process<Api>);

/// What is wanted of one policy.
#[derive(Clone, Debug)]
pub struct Desired {
    /// The route table.
    pub table: String,
    /// The gateway.
    pub target: String,
    /// What is to go there.
    pub destinations: BTreeSet<String>,
    /// What the state says that this policy has made.
    pub recorded: BTreeSet<String>,
}

/// Where the destinations of a table go.
pub(super) type Observed = BTreeMap<String, String>;

/// What is to be done, and what stands in the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The steps.
    pub steps: Stages<Operation>,
    /// Destinations that go elsewhere by a route that this policy has not made, and where: they stay.
    pub conflicts: BTreeMap<String, String>,
}

impl From<Plan> for Stages<Operation> {
    fn from(plan: Plan) -> Self {
        plan.steps
    }
}

/// One step, for a destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    Route(String),
    Unroute(String),
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Route(destination) => write!(f, "route {destination}"),
            Self::Unroute(destination) => write!(f, "delete the route to {destination}"),
        }
    }
}

#[async_trait]
impl Reconcile for Steers {
    type Desired = Desired;
    type Observed = Observed;
    type Operation = Operation;
    type Plan = Plan;
    type Effect = Option<Observed>;

    async fn observe(&self, desired: &Desired, _: Freshness) -> Result<Observed, Error> {
        self.0.destinations(&desired.table, &look()).await
    }

    fn plan(desired: &Desired, observed: &Observed) -> Plan {
        let mut conflicts = BTreeMap::new();
        let mut add = Vec::new();
        for destination in &desired.destinations {
            match observed.get(destination) {
                Some(target) if *target == desired.target => {}
                // To another gateway than it was made for: the gateway was replaced.
                Some(_) if desired.recorded.contains(destination) => add.push(Operation::Route(destination.clone())),
                Some(target) => drop(conflicts.insert(destination.clone(), target.clone())),
                None => add.push(Operation::Route(destination.clone())),
            }
        }
        let stale = desired.recorded.difference(&desired.destinations);
        let stale = stale.filter(|destination| observed.get(*destination) == Some(&desired.target));
        let remove = stale.map(|destination| Operation::Unroute(destination.clone())).collect();
        Plan { steps: Stages::of([add, remove]), conflicts }
    }

    async fn execute(
        &self,
        desired: &Desired,
        operation: &Operation,
        _: &Observed,
        limits: &Limits,
    ) -> Reached<Self::Effect> {
        let (table, target) = (&desired.table, &desired.target);
        let result = match operation {
            Operation::Route(destination) => self.0.route(table, destination, target, limits).await,
            Operation::Unroute(destination) => self.0.unroute(table, destination, target, limits).await,
        };
        Reached::with(self.0.destinations(table, &look()).await.ok(), result)
    }

    fn fold(observed: &mut Observed, effect: Option<Observed>) {
        if let Some(now) = effect {
            *observed = now;
        }
    }
}

impl Steering for Steers {
    fn record(desired: &Desired, observed: &Observed) -> Record {
        let own = desired.destinations.union(&desired.recorded);
        let there = own.filter_map(|destination| observed.get_key_value(destination));
        there
            .filter(|(_, target)| **target == desired.target)
            .map(|(to, target)| (to.clone(), target.clone()))
            .collect()
    }
}

impl Process<Api> {
    async fn destinations(&self, table: &str, limits: &Limits) -> Result<Observed, Error> {
        let all = self.read("DescribeRouteTables", limits, || self.api.describe_routes()).await?;
        let here = all.into_iter().filter(|((of, _), _)| of == table);
        Ok(here.map(|((_, destination), target)| (destination, target)).collect())
    }

    /// Makes or swaps a route, in one call.
    pub(super) async fn route(
        &self,
        table: &str,
        destination: &str,
        target: &str,
        limits: &Limits,
    ) -> Result<(), Error> {
        let look = || async {
            let now = self.destinations(table, limits).await?;
            Ok(now.get(destination).filter(|now| *now == target).map(|_| ()))
        };
        let call = || async {
            let now = self.destinations(table, limits).await?;
            let answer = match now.get(destination) {
                Some(now) if now == target => Ok(()),
                Some(_) => self.api.replace_route(table, destination, target).await,
                None => self.api.create_route(table, destination, target).await,
            };
            answer.map_err(|fault| error::<Api>("ReplaceRoute", fault))
        };
        self.calls(limits).write_once("ReplaceRoute", none_passes, call, look).await
    }

    /// Deletes a route while it points here.
    pub(super) async fn unroute(
        &self,
        table: &str,
        destination: &str,
        target: &str,
        limits: &Limits,
    ) -> Result<(), Error> {
        if self.destinations(table, limits).await?.get(destination).is_none_or(|now| now != target) {
            return Ok(());
        }
        match self.write("DeleteRoute", limits, || self.api.delete_route(table, destination)).await {
            Err(error) if error.class == Class::NotFound => Ok(()),
            answer => answer,
        }
    }
}
