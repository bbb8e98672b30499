//! What a user wants of NAT gateways on AWS.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

use egress_model::identity::{HOLDER_TAG, Holder, Identity, KEY_TAG, Key, SHOWN_NAME_TAG};
use ipnet::IpNet;

/// The most addresses of a zonal gateway, the primary included ([Amazon VPC quotas]: 1 primary and 7 secondary).
///
/// [Amazon VPC quotas]: https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
pub const MAX_ADDRESSES: usize = 8;

/// How many public addresses a zonal gateway may have where the account's quota was never raised.
pub const DEFAULT_ADDRESS_QUOTA: usize = 2;

/// How many gateways a zone may have where the account's quota was never raised, those being deleted included ([Amazon VPC
/// quotas], "NAT gateways per Availability Zone", L-FE5A380F).
///
/// [Amazon VPC quotas]: https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
pub const DEFAULT_ZONE_QUOTA: usize = 5;

/// The key of the one gateway of a resource in regional mode.
pub const REGIONAL_KEY: &str = "regional";

/// Everything that one resource is to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Desired {
    /// Whose gateways these are; written on them as tags.
    pub identity: Identity,
    /// The resource instance that has them; written on them too. `None` where it is not known.
    pub holder: Option<Holder>,
    /// Whether it takes the place of the instance that [`Self::recorded`] is of: what that one holds is then its own.
    pub takes_over: bool,
    /// The gateways: by availability zone, or the one of [`REGIONAL_KEY`].
    pub gateways: BTreeMap<Key, Gateway>,
    /// What is routed to the gateways, in each of their route tables.
    pub destinations: BTreeSet<Destination>,
    /// Targets (`igw-...`, `eni-...`, `nat-...`) from which an existing route may be taken over.
    pub take_over: BTreeSet<String>,
    /// How long connections may stay on an address that leaves a gateway.
    pub drain: Drain,
    /// The user's tags.
    pub tags: BTreeMap<String, String>,
    /// What the state knows to be ours.
    pub recorded: Recorded,
    /// What is not known before the apply. Only a plan has such.
    pub unknown: Unknown,
}

/// What of the desired state depends on what the same apply makes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a part of its own, in any combination")]
pub struct Unknown {
    /// Which gateways there are to be.
    pub gateways: bool,
    /// Something of these gateways.
    pub of: BTreeMap<Key, Open>,
    /// What is routed to the gateways.
    pub destinations: bool,
    /// Tags.
    pub tags: bool,
    /// Something that decides nothing of what a plan shows, such as how long connections may drain.
    pub others: bool,
}

/// What is known of a gateway of which something is not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Open {
    /// Whether what cannot change in place is known: the subnet, the network, the mode, the primary address. The gateway is among those
    /// of [`Desired`] then, with those of its addresses and tables that are known.
    pub kind_is_known: bool,
    /// Its public addresses, where each is known.
    pub addresses: Option<BTreeSet<String>>,
    /// Its route tables, where each is known.
    pub route_tables: Option<BTreeSet<String>>,
}

impl Unknown {
    /// Whether there is nothing unknown.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// One gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gateway {
    /// What it is.
    pub kind: Kind,
    /// The route tables that send their traffic to it.
    pub route_tables: BTreeSet<String>,
    /// Its own tags, which go before those of all.
    pub tags: BTreeMap<String, String>,
}

/// What a gateway is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// In one zone, with public addresses.
    Public {
        /// The (public) subnet that it stands in.
        subnet: String,
        /// The private address of its primary address; AWS chooses otherwise.
        private_ip: Option<Ipv4Addr>,
        /// Allocation ids, 1 to [`MAX_ADDRESSES`].
        addresses: BTreeSet<String>,
        /// Which of them must be the primary address; any may be otherwise.
        primary: Option<String>,
    },
    /// In one zone, towards other private networks.
    Private {
        /// The subnet that it stands in.
        subnet: String,
        /// Its primary address; AWS chooses otherwise.
        private_ip: Option<Ipv4Addr>,
        /// Its secondary addresses.
        secondary: Secondary,
    },
    /// In every zone listed, with public addresses for each.
    RegionalManual {
        /// The network that it serves.
        vpc: String,
        /// Allocation ids by zone; at least one zone, and one address in each.
        zones: BTreeMap<String, BTreeSet<String>>,
    },
    /// In every zone where AWS sees a need, with public addresses that AWS takes and releases.
    RegionalAutomatic {
        /// The network that it serves.
        vpc: String,
    },
}

/// The secondary addresses of a private gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Secondary {
    /// These.
    Addresses(BTreeSet<Ipv4Addr>),
    /// This many, which AWS chooses.
    Count(usize),
}

/// Where packets go that a route sends on.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Destination {
    /// Addresses.
    Cidr(IpNet),
    /// The addresses of a managed prefix list, by id (`pl-...`).
    PrefixList(String),
}

/// Seconds that connections may stay on an address that leaves a gateway (`MaxDrainDurationSeconds`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drain(u16);

/// One route: a table and a destination in it.
pub type RouteKey = (String, Destination);

/// A route as a state writes it: `rtb-0123_203.0.113.0/24`.
pub fn route_text((table, destination): &RouteKey) -> String {
    format!("{table}_{destination}")
}

/// Reads what [`route_text`] writes; `None` for anything else.
pub fn parse_route(text: &str) -> Option<RouteKey> {
    let (table, destination) = text.split_once('_')?;
    Some((table.to_owned(), destination.parse().ok()?))
}

/// What the state knows to be ours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// Gateways by id, also those whose tags somebody removed.
    pub gateways: BTreeMap<String, Key>,
    /// Routes that this resource made or took over. Others that point to our gateways are somebody else's.
    pub routes: BTreeSet<RouteKey>,
    /// Keys of tags that this resource has set.
    pub tags: BTreeSet<String>,
    /// Keys of tags that it has set on the gateway of one key alone.
    pub own_tags: BTreeMap<Key, BTreeSet<String>>,
}

impl Drain {
    /// What the API takes, in seconds (`DrainSeconds` in the EC2 API).
    pub const RANGE: std::ops::RangeInclusive<u16> = 1..=4000;

    /// This many seconds, if the API takes it.
    pub fn new(seconds: u16) -> Option<Self> {
        Self::RANGE.contains(&seconds).then_some(Self(seconds))
    }

    /// In seconds.
    pub fn seconds(self) -> u16 {
        self.0
    }
}

/// The fixed idle timeout of a gateway, which also is the API's default.
impl Default for Drain {
    fn default() -> Self {
        Self(350)
    }
}

impl Desired {
    /// Every route that should be, and to which gateway it should point.
    pub fn routes(&self) -> BTreeMap<RouteKey, &Key> {
        let mut routes = BTreeMap::new();
        for (key, gateway) in &self.gateways {
            for table in &gateway.route_tables {
                for destination in &self.destinations {
                    routes.insert((table.clone(), destination.clone()), key);
                }
            }
        }
        routes
    }

    /// Every allocation id that a gateway should have, as far as they are known.
    pub fn addresses(&self) -> BTreeSet<&str> {
        let open = self.unknown.of.values().filter_map(|open| open.addresses.as_ref()).flatten().map(String::as_str);
        self.gateways.values().flat_map(|gateway| gateway.kind.addresses().into_keys()).chain(open).collect()
    }

    /// Every route table that should route to a gateway, as far as they are known.
    pub fn route_tables(&self) -> BTreeSet<&str> {
        let open = self.unknown.of.values().filter_map(|open| open.route_tables.as_ref()).flatten();
        self.gateways.values().flat_map(|gateway| &gateway.route_tables).chain(open).map(String::as_str).collect()
    }

    /// The tags that the user wants on the gateway of a key.
    pub fn user_tags_of(&self, key: &Key) -> BTreeMap<String, String> {
        let own = self.gateways.get(key).map(|gateway| gateway.tags.clone()).unwrap_or_default();
        self.tags.clone().into_iter().chain(own).collect()
    }

    /// The tags of the gateway of a key, beside the time of its creation.
    pub fn tags_of(&self, key: &Key) -> BTreeMap<String, String> {
        let ours = self.identity.tags().map(|(name, value)| (name.to_owned(), value.to_owned()));
        let part = (KEY_TAG.to_owned(), key.to_string());
        let holder = self.holder.as_ref().map(|holder| (HOLDER_TAG.to_owned(), holder.to_string()));
        self.user_tags_of(key).into_iter().chain(ours).chain([part]).chain(holder).collect()
    }

    /// Those with which the gateway of a key is made: also a name to show, where the user gives none.
    pub fn tags_of_new(&self, key: &Key) -> BTreeMap<String, String> {
        let mut tags = self.tags_of(key);
        tags.entry(SHOWN_NAME_TAG.to_owned()).or_insert_with(|| self.identity.shown_name(key));
        tags
    }
}

impl Kind {
    /// The allocation ids, with the zone that each serves where a gateway has more than one.
    pub fn addresses(&self) -> BTreeMap<&str, Option<&str>> {
        match self {
            Self::Public { addresses, .. } => addresses.iter().map(|id| (id.as_str(), None)).collect(),
            Self::RegionalManual { zones, .. } => {
                let in_zone = |(zone, ids)| {
                    let ids: &BTreeSet<String> = ids;
                    let zone: &String = zone;
                    ids.iter().map(|id| (id.as_str(), Some(zone.as_str())))
                };
                zones.iter().flat_map(in_zone).collect()
            }
            Self::Private { .. } | Self::RegionalAutomatic { .. } => BTreeMap::new(),
        }
    }

    /// The subnet that it stands in, in zonal mode.
    pub fn subnet(&self) -> Option<&str> {
        match self {
            Self::Public { subnet, .. } | Self::Private { subnet, .. } => Some(subnet),
            Self::RegionalManual { .. } | Self::RegionalAutomatic { .. } => None,
        }
    }
}

impl Destination {
    /// Whether a route of this destination takes every packet of another, where no longer prefix does.
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Cidr(wide), Self::Cidr(narrow)) => wide.contains(narrow),
            (Self::PrefixList(one), Self::PrefixList(other)) => one == other,
            _ => false,
        }
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cidr(cidr) => cidr.fmt(f),
            Self::PrefixList(id) => f.write_str(id),
        }
    }
}

/// Why a text is no destination.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DestinationError {
    /// Neither a CIDR nor the id of a prefix list.
    #[error("is neither a CIDR block such as 0.0.0.0/0 nor the id of a prefix list such as pl-0123456789abcdef0")]
    Syntax,
    /// A CIDR with bits set behind its prefix.
    #[error("has bits set behind its prefix; EC2 would store it as {0}")]
    HostBits(IpNet),
}

impl FromStr for Destination {
    type Err = DestinationError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.starts_with("pl-") {
            return Ok(Self::PrefixList(text.to_owned()));
        }
        let cidr: IpNet = text.parse().map_err(|_| DestinationError::Syntax)?;
        if cidr != cidr.trunc() {
            return Err(DestinationError::HostBits(cidr.trunc()));
        }
        Ok(Self::Cidr(cidr))
    }
}
