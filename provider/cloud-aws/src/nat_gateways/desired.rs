//! What a user wants of NAT gateways on AWS.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

use egress_model::identity::{HOLDER_TAG, Holder, Identity, KEY_TAG, Key};
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
}

/// One gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gateway {
    /// What it is.
    pub kind: Kind,
    /// The route tables that send their traffic to it.
    pub route_tables: BTreeSet<String>,
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

/// What the state knows to be ours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// Gateways by id, also those whose tags somebody removed.
    pub gateways: BTreeMap<String, Key>,
    /// Routes that this resource made or took over. Others that lead to our gateways are somebody else's.
    pub routes: BTreeSet<RouteKey>,
    /// Keys of tags that this resource has set.
    pub tags: BTreeSet<String>,
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
    /// Every route that should be, and to which gateway it should lead.
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

    /// Every allocation id that a gateway should have.
    pub fn addresses(&self) -> BTreeSet<&str> {
        self.gateways.values().flat_map(|gateway| gateway.kind.addresses().into_keys()).collect()
    }

    /// The tags of the gateway of a key, beside the time of its creation.
    pub fn tags_of(&self, key: &Key) -> BTreeMap<String, String> {
        let ours = self.identity.tags().map(|(name, value)| (name.to_owned(), value.to_owned()));
        let key = (KEY_TAG.to_owned(), key.to_string());
        let holder = self.holder.as_ref().map(|holder| (HOLDER_TAG.to_owned(), holder.to_string()));
        self.tags.clone().into_iter().chain(ours).chain([key]).chain(holder).collect()
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

    /// Whether it leads to the internet.
    pub fn is_public(&self) -> bool {
        !matches!(self, Self::Private { .. })
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
