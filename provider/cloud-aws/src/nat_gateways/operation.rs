//! The steps that a plan is made of.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::Ipv4Addr;

use egress_model::identity::Key;

use super::desired::{Drain, Kind, RouteKey, Secondary};

/// A gateway, which may not exist yet; or whatever else a route points to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// By its id.
    Id(String),
    /// The gateway that this run makes for a key.
    Made(Key),
}

/// One idempotent step. Its text completes "could not ...".
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// `CreateNatGateway`, with the addresses that are free by then.
    Create {
        /// Its key.
        key: Key,
        /// What it is; holds the addresses that it is created with, not all that it will have.
        kind: Kind,
        /// The primary address of a public zonal gateway.
        primary: Option<String>,
        /// All its tags but the time.
        tags: BTreeMap<String, String>,
    },
    /// Waits until the gateway carries traffic.
    AwaitAvailable(Target),
    /// `AssociateNatGatewayAddress`.
    Associate {
        /// The gateway.
        gateway: Target,
        /// The zone that the addresses serve, in regional mode.
        zone: Option<String>,
        /// Allocation ids.
        addresses: BTreeSet<String>,
    },
    /// `AssignPrivateNatGatewayAddress`, until the gateway has these.
    Assign {
        /// The gateway.
        gateway: Target,
        /// All secondary addresses that it should have at least.
        secondary: Secondary,
    },
    /// `DisassociateNatGatewayAddress`.
    Disassociate {
        /// The gateway.
        gateway: Target,
        /// Allocation ids.
        addresses: BTreeSet<String>,
        /// How long their connections may stay.
        drain: Drain,
    },
    /// `UnassignPrivateNatGatewayAddress`.
    Unassign {
        /// The gateway.
        gateway: Target,
        /// Secondary addresses.
        addresses: BTreeSet<Ipv4Addr>,
        /// How long their connections may stay.
        drain: Drain,
    },
    /// Waits until no address of the gateway is coming or going.
    AwaitSettled(Target),
    /// `CreateRoute`.
    CreateRoute {
        /// Table and destination.
        route: RouteKey,
        /// Where it points.
        gateway: Target,
    },
    /// `ReplaceRoute`: atomic, no packet is lost by it.
    ReplaceRoute {
        /// Table and destination.
        route: RouteKey,
        /// Where it pointed; the route is left alone if it points elsewhere by now.
        from: Target,
        /// Where it points.
        gateway: Target,
    },
    /// `DeleteRoute`.
    DeleteRoute {
        /// Table and destination.
        route: RouteKey,
        /// Where it pointed; the route is left alone if it points elsewhere by now.
        from: Target,
    },
    /// `DeleteNatGateway`.
    Delete {
        /// The gateway's id.
        gateway: String,
        /// Whether it never came to be, and so holds nothing.
        failed: bool,
    },
    /// Waits until the gateway is gone and its addresses can be used again.
    AwaitDeleted(String),
    /// `CreateTags` and `DeleteTags`.
    Tag {
        /// The gateway's id.
        gateway: String,
        /// Tags to set.
        set: BTreeMap<String, String>,
        /// Keys of tags to remove.
        remove: BTreeSet<String>,
    },
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => f.write_str(id),
            Self::Made(key) => write!(f, "the new gateway of {key}"),
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let join = |set: &BTreeSet<String>| set.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        match self {
            Self::Create { key, kind, primary, .. } => {
                write!(f, "create the gateway of {key}")?;
                match kind {
                    Kind::Public { subnet, .. } | Kind::Private { subnet, .. } => write!(f, " in {subnet}")?,
                    Kind::RegionalManual { vpc, .. } | Kind::RegionalAutomatic { vpc } => write!(f, " in {vpc}")?,
                }
                let others: BTreeSet<String> = kind
                    .addresses()
                    .into_keys()
                    .filter(|id| primary.as_deref() != Some(*id))
                    .map(str::to_owned)
                    .collect();
                match (primary, others.is_empty()) {
                    (Some(primary), true) => write!(f, " with {primary}"),
                    (Some(primary), false) => write!(f, " with {primary} and {}", join(&others)),
                    (None, false) => write!(f, " with {}", join(&others)),
                    (None, true) => Ok(()),
                }
            }
            Self::AwaitAvailable(gateway) => write!(f, "wait until {gateway} is available"),
            Self::Associate { gateway, zone, addresses } => {
                write!(f, "associate {} with {gateway}", join(addresses))?;
                zone.as_ref().map_or(Ok(()), |zone| write!(f, " for {zone}"))
            }
            Self::Assign { gateway, secondary: Secondary::Count(count) } => {
                write!(f, "assign private addresses to {gateway} until it has {count} secondary ones")
            }
            Self::Assign { gateway, secondary: Secondary::Addresses(ips) } => {
                let ips = ips.iter().map(ToString::to_string).collect();
                write!(f, "assign the private addresses {} to {gateway}", join(&ips))
            }
            Self::Disassociate { gateway, addresses, drain } => {
                write!(f, "disassociate {} from {gateway}, draining for {} s", join(addresses), drain.seconds())
            }
            Self::Unassign { gateway, addresses, drain } => {
                let ips = addresses.iter().map(ToString::to_string).collect();
                write!(f, "unassign {} from {gateway}, draining for {} s", join(&ips), drain.seconds())
            }
            Self::AwaitSettled(gateway) => write!(f, "wait until the addresses of {gateway} have come and gone"),
            Self::CreateRoute { route: (table, destination), gateway } => {
                write!(f, "route {destination} in {table} to {gateway}")
            }
            Self::ReplaceRoute { route: (table, destination), from, gateway } => {
                write!(f, "swap the route of {destination} in {table} from {from} to {gateway}")
            }
            Self::DeleteRoute { route: (table, destination), from } => {
                write!(f, "delete the route of {destination} in {table} to {from}")
            }
            Self::Delete { gateway, failed: false } => write!(f, "delete {gateway}"),
            Self::Delete { gateway, failed: true } => write!(f, "delete {gateway}, which failed"),
            Self::AwaitDeleted(gateway) => write!(f, "wait until {gateway} is gone and its addresses are free"),
            Self::Tag { gateway, set, remove } => {
                let set = set.keys().cloned().collect::<BTreeSet<_>>();
                match (set.is_empty(), remove.is_empty()) {
                    (false, true) => write!(f, "tag {gateway} with {}", join(&set)),
                    (true, _) => write!(f, "remove the tags {} of {gateway}", join(remove)),
                    (false, false) => write!(f, "tag {gateway} with {} and without {}", join(&set), join(remove)),
                }
            }
        }
    }
}
