//! From what is wanted and what there is to an ordered list of operations. Pure.
//!
//! The order keeps traffic flowing: what takes over is made and ready before a route is swapped to it, and what a route
//! points to is removed after. What AWS cannot change (subnet, network, connectivity, mode, primary address) is replaced by
//! a new gateway beside the old one, with the same addresses. An address can be on one gateway only, and a gateway's
//! primary address leaves only with the gateway; so a new gateway starts with an address that is free, or that the old one
//! can give up, and gets the others later. Where not even one can be had, the traffic goes through another gateway of the
//! resource meanwhile, and only where there is none it is interrupted: the plan says so.

pub mod forecast;
mod steps;
mod unblock;
mod work;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt;
use std::net::Ipv4Addr;

use egress_model::identity::Key;

use super::desired::{Desired, Kind, RouteKey};
use super::observed::{Gateway, Mode, Observed};
use super::operation::Operation;
use work::Work;

/// What is to be done, and what the user should know about it beforehand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The steps, in order.
    pub operations: Vec<Operation>,
    /// Gateways that are replaced, by key.
    pub replacements: Vec<Replacement>,
    /// Routes that are taken over from another target.
    pub taken_over: Vec<TakenOver>,
    /// Foreign routes to a gateway that goes: they are not deleted, and will point nowhere.
    pub stranded: BTreeSet<(RouteKey, String)>,
    /// Routes that carry no traffic for a few minutes.
    pub interrupted: BTreeSet<RouteKey>,
    /// Routes to a gateway that are deleted where nothing else in the table takes their traffic, with that gateway.
    pub lost: BTreeSet<(RouteKey, String)>,
    /// Gateways that are not removed, because another resource instance has adopted them.
    pub held: BTreeSet<String>,
    /// What stands in the way. With conflicts the operations do not reach what is wanted.
    pub conflicts: BTreeSet<Conflict>,
}

/// A gateway that gives way to a new one of the same key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replacement {
    /// The key.
    pub key: Key,
    /// The old gateway's id.
    pub gateway: String,
    /// Why it cannot be changed in place.
    pub reasons: Vec<Reason>,
    /// What becomes of the traffic meanwhile. Open connections are cut in any case: the new gateway does not know them.
    pub traffic: Traffic,
}

/// Why a gateway cannot be changed into what is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It stands in another subnet.
    Subnet(String, String),
    /// It serves another network.
    Network(String, String),
    /// It has another mode or connectivity.
    Mode(Mode, Mode),
    /// Its primary address is to leave, and can leave only with it.
    PrimaryLeaves(String),
    /// Another address is to be its primary.
    Primary(String, String),
    /// Its primary private address is to be another.
    PrivateIp(Option<Ipv4Addr>, Ipv4Addr),
}

/// What becomes of traffic while a gateway is replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Traffic {
    /// The new gateway is there before the old one goes.
    Kept,
    /// It leaves through another gateway of the resource, and so from that one's addresses.
    Detour(Key),
    /// There is no egress between the deletion of the old gateway and the new one being available, a few minutes.
    Interrupted,
}

/// A route that pointed elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenOver {
    /// Table and destination.
    pub route: RouteKey,
    /// Where it points now.
    pub from: String,
    /// Whose gateway it will point to.
    pub key: Key,
}

/// What stands in the way of what is wanted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Conflict {
    /// An address is tied to something foreign; it is never taken from there.
    AddressInUse {
        /// The gateway that should have it.
        key: Key,
        /// The allocation id.
        address: String,
        /// An instance or network interface.
        by: String,
    },
    /// There is no such address in this region and account.
    AddressNotFound {
        /// The gateway that should have it.
        key: Key,
        /// The allocation id.
        address: String,
    },
    /// A route has a foreign target, from which the user has not said that it may be taken over.
    RouteTaken {
        /// The gateway that it should point to.
        key: Key,
        /// Table and destination.
        route: RouteKey,
        /// Where it points.
        target: String,
    },
    /// There is no such route table in this region and account.
    TableNotFound {
        /// The gateway that it should point to.
        key: Key,
        /// The table.
        table: String,
    },
}

/// What has to be done so that what there is becomes what is wanted; no operations when it already is.
pub fn plan(desired: &Desired, observed: &Observed) -> Plan {
    let mut work = Work::new(desired, observed);
    work.clean_up_failed();
    work.settle();
    // Each round deletes a gateway, makes one, or moves an address or route to its final place, except that one detour can
    // come before each deletion; so the rounds are bounded by what there is.
    let bound = 4 + 3 * (observed.gateways.len() + desired.gateways.len()) + 2 * desired.addresses().len();
    for _ in 0..bound {
        let before = work.plan.operations.len();
        work.create();
        work.grow();
        work.route();
        work.retire();
        work.shrink();
        if work.plan.operations.len() == before && !work.unblock() {
            break;
        }
    }
    work.tag();
    work.note_lost_routes();
    work.plan
}

/// What stands in the way of the routes alone, for a plan in which not all is known yet.
pub fn route_conflicts(desired: &Desired, observed: &Observed) -> BTreeSet<Conflict> {
    let mut work = Work::new(desired, observed);
    for (route, key) in &forecast::known_routes(desired) {
        if observed.tables.contains_key(&route.0) {
            let taken = work.routes.get(route).and_then(|now| work.taken(route, now, key));
            work.plan.conflicts.extend(taken);
        } else {
            work.plan.conflicts.insert(Conflict::TableNotFound { key: key.clone(), table: route.0.clone() });
        }
    }
    work.plan
        .conflicts
        .retain(|conflict| matches!(conflict, Conflict::RouteTaken { .. } | Conflict::TableNotFound { .. }));
    work.plan.conflicts
}

/// Why a gateway cannot become what is wanted by changes that AWS allows; empty when it can.
pub fn reasons_to_replace(gateway: &Gateway, wanted: &Kind) -> Vec<Reason> {
    let mode = match wanted {
        Kind::Public { .. } => Mode::Public,
        Kind::Private { .. } => Mode::Private,
        Kind::RegionalManual { .. } => Mode::RegionalManual,
        Kind::RegionalAutomatic { .. } => Mode::RegionalAutomatic,
    };
    if gateway.mode != mode {
        return vec![Reason::Mode(gateway.mode, mode)];
    }
    let mut reasons = Vec::new();
    match wanted {
        Kind::Public { subnet, private_ip, .. } | Kind::Private { subnet, private_ip, .. } => {
            let now = gateway.subnet.as_deref().unwrap_or_default();
            if now != subnet {
                reasons.push(Reason::Subnet(now.to_owned(), subnet.clone()));
            } else if let (Some(wanted), Some(primary)) = (private_ip, gateway.primary())
                && primary.private_ip != Some(*wanted)
            {
                // Compared within one subnet only: in another the address has to be another.
                reasons.push(Reason::PrivateIp(primary.private_ip, *wanted));
            }
        }
        Kind::RegionalManual { vpc, .. } | Kind::RegionalAutomatic { vpc } => {
            if gateway.vpc != *vpc {
                reasons.push(Reason::Network(gateway.vpc.clone(), vpc.clone()));
            }
        }
    }
    if let Kind::Public { addresses, primary: wanted, .. } = wanted
        && let Some(primary) = gateway.primary().and_then(|address| address.allocation.as_ref())
    {
        match wanted {
            _ if !addresses.contains(primary) => reasons.push(Reason::PrimaryLeaves(primary.clone())),
            Some(wanted) if wanted != primary => reasons.push(Reason::Primary(primary.clone(), wanted.clone())),
            _ => {}
        }
    }
    reasons
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Public => "zonal and public",
            Self::Private => "zonal and private",
            Self::RegionalManual => "regional with listed zones",
            Self::RegionalAutomatic => "regional with automatic zones",
        })
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Subnet(from, to) => write!(f, "the subnet of a gateway is fixed ({from} -> {to})"),
            Self::Network(from, to) => write!(f, "the VPC of a gateway is fixed ({from} -> {to})"),
            Self::Mode(from, to) => write!(f, "a gateway is made to be {from} and cannot become {to}"),
            Self::PrimaryLeaves(address) => {
                write!(f, "the primary address of a gateway leaves only with the gateway ({address})")
            }
            Self::Primary(from, to) => write!(f, "the primary address of a gateway is fixed ({from} -> {to})"),
            Self::PrivateIp(Some(from), to) => {
                write!(f, "the primary private address of a gateway is fixed ({from} -> {to})")
            }
            Self::PrivateIp(None, to) => write!(f, "the primary private address of a gateway is fixed (-> {to})"),
        }
    }
}
