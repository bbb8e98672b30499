//! What exists in a region. Tags and visibility are kept by [`super::region::Region`], for all kinds alike.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use ipnet::Ipv4Net;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A network.
#[derive(Debug, Clone)]
pub(crate) struct Vpc {
    pub(crate) cidr: Ipv4Net,
}

/// A part of a network in one zone.
#[derive(Debug, Clone)]
pub(crate) struct Subnet {
    pub(crate) vpc: String,
    pub(crate) cidr: Ipv4Net,
    pub(crate) zone: String,
}

/// The way to the internet, of the one network it is attached to.
#[derive(Debug, Clone, Default)]
pub(crate) struct InternetGateway {
    pub(crate) vpc: Option<String>,
}

/// A named list of CIDR blocks.
#[derive(Debug, Clone)]
pub(crate) struct PrefixList {
    pub(crate) name: String,
    pub(crate) family: String,
    pub(crate) max_entries: u32,
}

/// An interface in a subnet: a zonal NAT gateway's, or one that a test made. A regional NAT gateway's is in no subnet.
#[derive(Debug, Clone)]
pub(crate) struct NetworkInterface {
    pub(crate) subnet: Option<String>,
    pub(crate) private_ips: Vec<Ipv4Addr>,
    pub(crate) nat_gateway: Option<String>,
    pub(crate) description: String,
}

/// An Elastic IP address.
#[derive(Debug, Clone)]
pub(crate) struct Address {
    pub(crate) public_ip: Ipv4Addr,
    pub(crate) pool: String,
    pub(crate) border_group: String,
    pub(crate) allocated: Timestamp,
    pub(crate) claim: Option<Claim>,
    /// Until then the address's last interface, which is gone, still stands in the way of its release.
    pub(crate) stale_interface: Option<(String, Timestamp)>,
    /// Set by a regional NAT gateway that manages its own addresses.
    pub(crate) service_managed: bool,
}

/// Who holds an address.
#[derive(Debug, Clone)]
pub(crate) struct Claim {
    pub(crate) association: String,
    pub(crate) nat_gateway: Option<String>,
    pub(crate) network_interface: Option<String>,
    pub(crate) private_ip: Option<Ipv4Addr>,
    /// From when on `DescribeAddresses` shows it; none while the gateway is not available.
    pub(crate) shown_from: Option<Timestamp>,
}

/// The states of a NAT gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NatGatewayState {
    /// Being made.
    Pending,
    /// Could not be made; says why.
    Failed,
    /// Works.
    Available,
    /// Being deleted; still holds its addresses.
    Deleting,
    /// Gone, and listed for a while.
    Deleted,
}

impl NatGatewayState {
    /// The API's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Failed => "failed",
            Self::Available => "available",
            Self::Deleting => "deleting",
            Self::Deleted => "deleted",
        }
    }

    /// Whether it counts against the quota, blocks its subnet, and holds addresses.
    pub fn exists(self) -> bool {
        matches!(self, Self::Pending | Self::Available | Self::Deleting)
    }
}

/// The states of one address of a NAT gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NatAddressStatus {
    /// A private address being added.
    Assigning,
    /// A private address draining.
    Unassigning,
    /// An Elastic IP address being added.
    Associating,
    /// An Elastic IP address draining.
    Disassociating,
    /// In use.
    Succeeded,
    /// Could not be added.
    Failed,
}

impl NatAddressStatus {
    /// The API's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Assigning => "assigning",
            Self::Unassigning => "unassigning",
            Self::Associating => "associating",
            Self::Disassociating => "disassociating",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
        }
    }

    /// Whether a change of this address is under way.
    pub fn is_changing(self) -> bool {
        !matches!(self, Self::Succeeded | Self::Failed)
    }
}

/// One address of a NAT gateway.
#[derive(Debug, Clone)]
pub(crate) struct NatAddress {
    pub(crate) association: Option<String>,
    pub(crate) allocation: Option<String>,
    pub(crate) public_ip: Option<Ipv4Addr>,
    pub(crate) private_ip: Option<Ipv4Addr>,
    pub(crate) network_interface: Option<String>,
    pub(crate) zone: Option<String>,
    pub(crate) primary: bool,
    pub(crate) status: NatAddressStatus,
    pub(crate) failure: Option<String>,
}

/// Whether a NAT gateway lives in one subnet or in the whole region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Placement {
    Zonal { subnet: String },
    Regional { automatic: bool, route_table: String },
}

/// A NAT gateway.
#[derive(Debug, Clone)]
pub(crate) struct NatGateway {
    pub(crate) vpc: String,
    pub(crate) placement: Placement,
    pub(crate) public: bool,
    pub(crate) state: NatGatewayState,
    pub(crate) failure: Option<(String, String)>,
    pub(crate) addresses: Vec<NatAddress>,
    pub(crate) created: Timestamp,
    pub(crate) deleted: Option<Timestamp>,
}

/// The table and destination of a route: its identity within the table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Destination {
    Cidr(String),
    Ipv6Cidr(String),
    PrefixList(String),
}

impl Destination {
    /// The destination as the API's messages name it.
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Cidr(value) | Self::Ipv6Cidr(value) | Self::PrefixList(value) => value,
        }
    }
}

/// What takes a route's traffic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) kind: TargetKind,
    pub(crate) id: String,
}

/// The kinds of targets, each with a parameter of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TargetKind {
    /// An internet gateway, a virtual private gateway, or `local`.
    Gateway,
    NatGateway,
    Instance,
    NetworkInterface,
    EgressOnlyInternetGateway,
    TransitGateway,
    VpcPeeringConnection,
    VpcEndpoint,
    LocalGateway,
    CarrierGateway,
    CoreNetwork,
}

/// One route.
#[derive(Debug, Clone)]
pub(crate) struct Route {
    pub(crate) target: Target,
    pub(crate) origin: &'static str,
}

/// A route table.
#[derive(Debug, Clone)]
pub(crate) struct RouteTable {
    pub(crate) vpc: String,
    pub(crate) main: Option<String>,
    /// Subnets by association.
    pub(crate) subnets: BTreeMap<String, String>,
    pub(crate) routes: BTreeMap<Destination, Route>,
    /// The regional NAT gateway that owns the table.
    pub(crate) owner: Option<String>,
}
