//! The specs of `policy.networking.k8s.io/v1alpha1` `AdminNetworkPolicy` and `BaselineAdminNetworkPolicy`, as far as egress
//! needs them.
//!
//! Source: the CRDs of network-policy-api 0.1.7.

use serde::Serialize;

use crate::manifest::Kind;
use crate::tiers::{Peer, Subject, TierPort};

/// What an `AdminNetworkPolicy` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AdminNetworkPolicySpec {
    /// 0 to 1000, in OVN-Kubernetes 0 to 99; the lowest is asked first.
    pub priority: u16,
    /// The pods that it is about.
    pub subject: Subject,
    /// The rules for what leaves them; the first that matches decides. At most 100.
    pub egress: Vec<EgressRule>,
}

/// What the cluster's one `BaselineAdminNetworkPolicy` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BaselineSpec {
    /// The pods that it is about.
    pub subject: Subject,
    /// The rules for what leaves them; the first that matches decides. At most 100.
    pub egress: Vec<EgressRule>,
}

/// What happens to what leaves for one of these destinations on one of these ports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EgressRule {
    /// For people; at most 100 characters.
    pub name: String,
    /// What happens.
    pub action: Action,
    /// Where to; 1 to 100.
    pub to: Vec<Peer>,
    /// To which ports, 1 to 100; absent means every port of every protocol.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<PolicyPort>,
}

/// What a rule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Action {
    /// The traffic passes, and nothing else is asked.
    Allow,
    /// The traffic is dropped, and nothing else is asked.
    Deny,
}

/// Ports. Also what the EKS `ClusterNetworkPolicy` writes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum PolicyPort {
    /// One.
    PortNumber(PortNumber),
    /// Several.
    PortRange(PortRange),
    /// The port that the destination pod's containers call so.
    NamedPort(String),
}

/// One port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PortNumber {
    /// `TCP`, `UDP` or `SCTP`.
    pub protocol: &'static str,
    /// The port of the destination.
    pub port: u16,
}

/// A range of ports with both ends; the first must be below the last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PortRange {
    /// `TCP`, `UDP` or `SCTP`.
    pub protocol: &'static str,
    /// The first port.
    pub start: u16,
    /// The last port.
    pub end: u16,
}

impl From<&TierPort> for PolicyPort {
    fn from(port: &TierPort) -> Self {
        match port {
            TierPort::Number(protocol, port) => {
                Self::PortNumber(PortNumber { protocol: protocol.as_str(), port: *port })
            }
            TierPort::Range(protocol, start, end) => {
                Self::PortRange(PortRange { protocol: protocol.as_str(), start: *start, end: *end })
            }
            TierPort::Named(name) => Self::NamedPort(name.clone()),
        }
    }
}

pub(super) const API_VERSION: &str = "policy.networking.k8s.io/v1alpha1";

pub(super) const ADMIN: Kind =
    Kind { api_version: API_VERSION, kind: "AdminNetworkPolicy", plural: "adminnetworkpolicies", accepted: None };

pub(super) const BASELINE: Kind = Kind {
    api_version: API_VERSION,
    kind: "BaselineAdminNetworkPolicy",
    plural: "baselineadminnetworkpolicies",
    accepted: None,
};
