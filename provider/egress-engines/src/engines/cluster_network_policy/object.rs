//! The spec of a `policy.networking.k8s.io/v1alpha2` `ClusterNetworkPolicy`, as far as egress needs it.
//!
//! Source: the CRDs of network-policy-api 0.2.0.

use serde::Serialize;

use crate::manifest::Kind;
use crate::tiers::{Peer, Subject, TierPort};

/// What a `ClusterNetworkPolicy` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClusterNetworkPolicySpec {
    /// Whether it comes before or after the `NetworkPolicy` objects.
    pub tier: Tier,
    /// 0 to 1000 in its tier; the lowest is asked first.
    pub priority: u16,
    /// The pods that it is about.
    pub subject: Subject,
    /// The rules for what leaves them; the first that matches decides. At most 25.
    pub egress: Vec<EgressRule>,
}

/// A group of policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Tier {
    /// Before every `NetworkPolicy`.
    Admin,
    /// After every `NetworkPolicy`, for what none of them decided.
    Baseline,
}

/// What happens to what leaves for one of these destinations on one of these ports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EgressRule {
    /// For people; at most 100 characters.
    pub name: String,
    /// What happens.
    pub action: Action,
    /// Where to; 1 to 25.
    pub to: Vec<Peer>,
    /// To which ports, 1 to 25; absent means every port of every protocol.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub protocols: Vec<Protocol>,
}

/// What a rule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Action {
    /// The traffic passes, and nothing else is asked.
    Accept,
    /// The traffic is dropped, and nothing else is asked.
    Deny,
}

/// Ports of a protocol.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Protocol {
    /// Of TCP.
    Tcp(PortOf),
    /// Of UDP.
    Udp(PortOf),
    /// Of SCTP.
    Sctp(PortOf),
    /// The port that the destination pod's containers call so.
    DestinationNamedPort(String),
}

/// What is matched of a protocol.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PortOf {
    /// The port of the destination.
    pub destination_port: DestinationPort,
}

/// One port or several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum DestinationPort {
    /// One.
    Number(u16),
    /// Several.
    Range(PortRange),
}

/// A range of ports with both ends; the first must be below the last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PortRange {
    /// The first port.
    pub start: u16,
    /// The last port.
    pub end: u16,
}

impl From<&TierPort> for Protocol {
    fn from(port: &TierPort) -> Self {
        use egress_model::policy::Protocol as Transport;
        let (protocol, destination_port) = match port {
            TierPort::Number(protocol, number) => (protocol, DestinationPort::Number(*number)),
            TierPort::Range(protocol, start, end) => {
                (protocol, DestinationPort::Range(PortRange { start: *start, end: *end }))
            }
            TierPort::Named(name) => return Self::DestinationNamedPort(name.clone()),
        };
        let port = PortOf { destination_port };
        match protocol {
            Transport::Tcp => Self::Tcp(port),
            Transport::Udp => Self::Udp(port),
            Transport::Sctp => Self::Sctp(port),
        }
    }
}

pub(super) const KIND: Kind = Kind {
    api_version: "policy.networking.k8s.io/v1alpha2",
    kind: "ClusterNetworkPolicy",
    plural: "clusternetworkpolicies",
    accepted: None,
};
