//! Routes that send some destinations to NAT gateways of another resource.
//!
//! A route has no tags: its identity is its table and destination, and of two routes of one destination a table has only one. So
//! a route that is there and points to the right gateway is taken as made; one that points elsewhere belongs to somebody else,
//! unless the state records it; and a route is deleted only while it points to one of the gateways.

mod plan;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use cloud::steering::{Record, Stage};
use cloud::{Error, Freshness, Limits, Reached, Reconcile, Stages, Steering};
use egress_model::identity::Owner;

use crate::Region;
use crate::nat_gateways::desired::{Destination, RouteKey, route_text};
use crate::nat_gateways::observed::Route;
use crate::routes::Routes;

pub use plan::{Conflict, Plan, plan};

/// The routes that one resource is to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Desired {
    /// Whose resource it is; looks of one owner share one reading.
    pub owner: Owner,
    /// The route tables, each with the gateway that its routes are to point to.
    pub tables: BTreeMap<String, Gateway>,
    /// What is to be sent there.
    pub destinations: BTreeSet<Destination>,
    /// What the gateways' own resource sends to them in each of these tables.
    pub covered: BTreeSet<Destination>,
    /// Targets (`igw-...`, `eni-...`, `nat-...`) from which an existing route may be taken over.
    pub take_over: BTreeSet<String>,
    /// The ids of the gateways, also of former ones: a route that points to one of them may be pointed elsewhere or deleted.
    pub gateways: BTreeSet<String>,
    /// The routes that the state knows to be ours.
    pub recorded: BTreeSet<RouteKey>,
    /// Recorded routes that another resource has by now, and that stay where they are.
    pub ceded: BTreeSet<RouteKey>,
    /// What of it is to be done now.
    pub stage: Stage,
}

/// The gateway of a route table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gateway {
    /// Its key: a zone, or `regional`.
    pub key: String,
    /// Its id (`nat-...`); `None` while it is not known.
    pub id: Option<String>,
}

/// What there is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// The route tables that exist, of those that are wanted or recorded.
    pub tables: BTreeSet<String>,
    /// Their routes.
    pub routes: Routes,
}

/// One idempotent step. Its text completes "could not ...".
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// `CreateRoute`.
    Create {
        /// Table and destination.
        route: RouteKey,
        /// The id of the gateway.
        gateway: String,
    },
    /// `ReplaceRoute`: atomic, no packet is lost by it.
    Replace {
        /// Table and destination.
        route: RouteKey,
        /// Where it pointed; the route is left alone if it points elsewhere by now.
        from: String,
        /// The id of the gateway.
        gateway: String,
    },
    /// `DeleteRoute`.
    Delete {
        /// Table and destination.
        route: RouteKey,
        /// Where it pointed; the route is left alone if it points elsewhere by now.
        from: String,
    },
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create { route: (table, destination), gateway } => {
                write!(f, "route {destination} in {table} to {gateway}")
            }
            Self::Replace { route: (table, destination), from, gateway } => {
                write!(f, "swap the route of {destination} in {table} from {from} to {gateway}")
            }
            Self::Delete { route: (table, destination), from } => {
                write!(f, "delete the route of {destination} in {table} to {from}")
            }
        }
    }
}

impl Desired {
    /// The tables that matter: those with a route that is wanted or recorded.
    fn named_tables(&self) -> BTreeSet<String> {
        self.tables.keys().chain(self.recorded.iter().map(|(table, _)| table)).cloned().collect()
    }
}

impl Region {
    /// What there is for a resource.
    pub async fn observe_steering(&self, desired: &Desired, freshness: Freshness) -> Result<Observed, Error> {
        let mut observed = Observed::default();
        for table in self.tables(&desired.named_tables(), freshness).await? {
            observed.routes.extend(table.routes.into_iter().map(|(to, route)| ((table.id.clone(), to), route)));
            observed.tables.insert(table.id);
        }
        Ok(observed)
    }
}

/// Routes on EC2 in a region.
#[derive(Clone, Debug)]
pub struct Ec2Routes(pub Arc<Region>);

/// A route as a step left it; `None` where there is none.
#[derive(Debug)]
pub struct RouteNow(RouteKey, Option<Route>);

impl Operation {
    fn route(&self) -> &RouteKey {
        match self {
            Self::Create { route, .. } | Self::Replace { route, .. } | Self::Delete { route, .. } => route,
        }
    }
}

impl From<Plan> for Stages<Operation> {
    /// What is no longer wanted goes when all that is wanted is there.
    fn from(plan: Plan) -> Self {
        let goes = |operation: &Operation| matches!(operation, Operation::Delete { .. });
        let (old, new): (Vec<_>, Vec<_>) = plan.operations.into_iter().partition(goes);
        Self::of([new, old])
    }
}

#[async_trait]
impl Reconcile for Ec2Routes {
    type Desired = Desired;
    type Observed = Observed;
    type Operation = Operation;
    type Plan = Plan;
    type Effect = RouteNow;

    async fn observe(&self, desired: &Desired, freshness: Freshness) -> Result<Observed, Error> {
        self.0.observe_steering(desired, freshness).await
    }

    fn plan(desired: &Desired, observed: &Observed) -> Plan {
        plan(desired, observed)
    }

    async fn execute(
        &self,
        _desired: &Desired,
        operation: &Operation,
        observed: &Observed,
        limits: &Limits,
    ) -> Reached<RouteNow> {
        let key = operation.route();
        let mut routes: Routes =
            observed.routes.get_key_value(key).map(|(key, now)| (key.clone(), now.clone())).into_iter().collect();
        let result = match operation {
            Operation::Create { route, gateway } => self.0.create_route(route, gateway, &mut routes, limits).await,
            Operation::Replace { route, from, gateway } => {
                self.0.replace_route(route, from, gateway, &mut routes, limits).await
            }
            Operation::Delete { route, from } => self.0.delete_route(route, from, &mut routes, limits).await,
        };
        Reached::with(RouteNow(key.clone(), routes.remove(key)), result)
    }

    fn fold(observed: &mut Observed, RouteNow(route, now): RouteNow) {
        match now {
            Some(now) => _ = observed.routes.insert(route, now),
            None => _ = observed.routes.remove(&route),
        }
    }
}

impl Steering for Ec2Routes {
    fn record(desired: &Desired, observed: &Observed) -> Record {
        plan::recorded_now(desired, observed)
            .iter()
            .map(|(route, now)| (route_text(route), now.target.clone()))
            .collect()
    }
}
