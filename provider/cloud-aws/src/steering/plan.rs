//! What remains to be done, from what is wanted and what there is.

use std::collections::{BTreeMap, BTreeSet};

use cloud::steering::Stage;

use super::{Desired, Gateway, Observed, Operation};
use crate::nat_gateways::desired::{Destination, RouteKey};
use crate::nat_gateways::observed::Route;
use crate::routes::Routes;

/// The target of the routes inside a VPC (Amazon VPC user guide, "Route tables", "Local gateway route").
const LOCAL: &str = "local";

/// What is to be done, and what of it the user should know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The steps, in order.
    pub operations: Vec<Operation>,
    /// What stands in the way. Nothing is done about these routes.
    pub conflicts: BTreeSet<Conflict>,
    /// Every route that should be, with the id of the gateway that it points to where that is known.
    pub routes: BTreeMap<RouteKey, Option<String>>,
    /// Routes that are there, point to the gateway and were not recorded.
    pub found: BTreeSet<RouteKey>,
    /// Routes of others that are swapped to a gateway, with where they point now.
    pub taken_over: BTreeMap<RouteKey, String>,
}

/// What stands in the way of a route.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Conflict {
    /// It has a foreign target and may not be taken over.
    RouteTaken {
        /// Table and destination.
        route: RouteKey,
        /// Where it points.
        target: String,
    },
    /// The table is not there.
    TableNotFound {
        /// Its id.
        table: String,
        /// The key of the gateway that it belongs to.
        key: String,
    },
    /// The destination is inside the network: its traffic never leaves.
    WithinNetwork {
        /// The destination.
        destination: Destination,
        /// The network's addresses.
        network: Destination,
    },
}

/// Compares what is wanted with what there is.
pub fn plan(desired: &Desired, observed: &Observed) -> Plan {
    let mut plan = Plan::default();
    for (table, gateway) in &desired.tables {
        if desired.destinations.is_empty() {
            break;
        }
        if !observed.tables.contains(table) {
            plan.conflicts.insert(Conflict::TableNotFound { table: table.clone(), key: gateway.key.clone() });
            continue;
        }
        for destination in &desired.destinations {
            point(&mut plan, desired, observed, (table.clone(), destination.clone()), gateway);
        }
    }
    if desired.stage == Stage::MakeAndRemove {
        let surplus = desired.recorded.iter().filter(|route| !plan.routes.contains_key(*route));
        let removed = surplus.filter_map(|route| {
            let now = observed.routes.get(route).filter(|now| may_go(desired, route, now))?;
            Some(Operation::Delete { route: route.clone(), from: now.target.clone() })
        });
        plan.operations.extend(removed);
    }
    plan
}

fn point(plan: &mut Plan, desired: &Desired, observed: &Observed, route: RouteKey, gateway: &Gateway) {
    if let Some(network) = network_of(&route, observed) {
        plan.conflicts.insert(Conflict::WithinNetwork { destination: route.1, network });
        return;
    }
    if is_covered(desired, observed, &route, gateway) {
        return;
    }
    plan.routes.insert(route.clone(), gateway.id.clone());
    let recorded = desired.recorded.contains(&route);
    match (observed.routes.get(&route), &gateway.id) {
        (None, Some(id)) => plan.operations.push(Operation::Create { route, gateway: id.clone() }),
        (Some(now), Some(id)) if now.target == *id => {
            if !recorded {
                plan.found.insert(route);
            }
        }
        (Some(now), id) => {
            let from = now.target.clone();
            let known = recorded || desired.gateways.contains(&from) || now.is_lost();
            // A gateway that is not known yet may be the one that the route points to.
            let undecided = id.is_none() && from.starts_with("nat-");
            if !known && !undecided {
                if !desired.take_over.contains(&from) {
                    plan.conflicts.insert(Conflict::RouteTaken { route, target: from });
                    return;
                }
                plan.taken_over.insert(route.clone(), from.clone());
            }
            if let Some(id) = id {
                plan.operations.push(Operation::Replace { route, from, gateway: id.clone() });
            }
        }
        (None, None) => {}
    }
}

/// Whether a recorded route that is not wanted is ours to delete.
fn may_go(desired: &Desired, route: &RouteKey, now: &Route) -> bool {
    let ours = desired.gateways.contains(&now.target) || now.is_lost();
    ours && !desired.ceded.contains(route) && !is_of_the_gateways(desired, route)
}

/// Whether the gateways' own resource has the route: it took it over, and needs it.
fn is_of_the_gateways(desired: &Desired, (table, destination): &RouteKey) -> bool {
    desired.tables.contains_key(table) && desired.covered.contains(destination)
}

/// The addresses of the table's network, if the destination is among them.
fn network_of((table, destination): &RouteKey, observed: &Observed) -> Option<Destination> {
    let Destination::Cidr(wanted) = destination else { return None };
    let local = observed.routes.iter().filter(|((of, _), route)| of == table && route.target == LOCAL);
    local.map(|((_, network), _)| network).find(|network| holds(network, &Destination::Cidr(*wanted))).cloned()
}

/// Whether traffic to the destination goes to the gateway already, by what the gateways' own resource routes: by the same
/// destination, or by a wider one with no narrower route in between. The longest prefix decides (Amazon VPC user guide,
/// "Route priority").
fn is_covered(desired: &Desired, observed: &Observed, (table, destination): &RouteKey, gateway: &Gateway) -> bool {
    if desired.covered.contains(destination) {
        return true;
    }
    let aside = |wider: &Destination| {
        observed.routes.iter().any(|((of, other), now)| {
            let between = of == table && holds(wider, other) && other != wider && holds(other, destination);
            let harmless = gateway.id.as_ref() == Some(&now.target)
                || (other == destination
                    && (desired.recorded.contains(&(of.clone(), other.clone()))
                        || desired.gateways.contains(&now.target)));
            between && !harmless
        })
    };
    desired.covered.iter().any(|wider| holds(wider, destination) && !aside(wider))
}

/// Whether all addresses of a block are in another. What a prefix list holds is not known.
fn holds(wide: &Destination, narrow: &Destination) -> bool {
    match (wide, narrow) {
        (Destination::Cidr(wide), Destination::Cidr(narrow)) => wide.contains(narrow),
        _ => false,
    }
}

/// The routes that the state is to record: those wanted that point to their gateway, and those recorded before that are still
/// there and ours; each with where it points now.
pub(super) fn recorded_now(desired: &Desired, observed: &Observed) -> Routes {
    let wanted = plan(desired, observed).routes;
    let there = |route: &RouteKey| Some((route.clone(), observed.routes.get(route)?.clone()));
    let reached = wanted.iter().filter_map(|(route, id)| {
        let (route, now) = there(route)?;
        (desired.recorded.contains(&route) || id.as_ref() == Some(&now.target)).then_some((route, now))
    });
    let left = desired.recorded.iter().filter(|route| !wanted.contains_key(*route)).filter_map(|route| {
        let (route, now) = there(route)?;
        may_go(desired, &route, &now).then_some((route, now))
    });
    reached.chain(left).collect()
}
