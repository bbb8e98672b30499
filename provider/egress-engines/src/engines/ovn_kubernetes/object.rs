//! OVN-Kubernetes' `EgressFirewall` and `EgressIP`.
//!
//! Source: the CRDs of OVN-Kubernetes 1.3.

use serde::Serialize;

use crate::acceptance::Accepted;
use crate::label_selector::LabelSelector;
use crate::manifest::Kind;

/// What an `EgressFirewall` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EgressFirewallSpec {
    /// The rules; the first that matches decides, and what none matches passes.
    pub egress: Vec<FirewallRule>,
}

/// A rule about what leaves for one destination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FirewallRule {
    /// What happens.
    #[serde(rename = "type")]
    pub rule_type: RuleType,
    /// Where to.
    pub to: Target,
    /// To which ports; absent means every port of every protocol.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<FirewallPort>,
}

/// What a rule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum RuleType {
    /// The traffic passes.
    Allow,
    /// The traffic is dropped.
    Deny,
}

/// A destination that is not a pod.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Target {
    /// Addresses.
    CidrSelector(String),
    /// The addresses of a name; `*.` stands for exactly one part of it.
    DnsName(String),
    /// The addresses of nodes; the empty selector means all nodes.
    NodeSelector(LabelSelector),
}

/// One port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FirewallPort {
    /// `TCP`, `UDP` or `SCTP`.
    pub protocol: &'static str,
    /// The port of the destination.
    pub port: u16,
}

pub(super) const EGRESS_IP: Kind =
    Kind { api_version: "k8s.ovn.org/v1", kind: "EgressIP", plural: "egressips", accepted: Some(Accepted::NodePerIp) };

/// What an `EgressIP` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EgressIpSpec {
    /// The addresses, each on a node of its own.
    #[serde(rename = "egressIPs")]
    pub(super) egress_ips: Vec<String>,
    /// In which namespaces the pods are; empty means all.
    pub(super) namespace_selector: LabelSelector,
    /// Which pods; absent means all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) pod_selector: Option<LabelSelector>,
}

pub(super) const EGRESS_FIREWALL: Kind = Kind {
    api_version: "k8s.ovn.org/v1",
    kind: "EgressFirewall",
    plural: "egressfirewalls",
    // What OVN-Kubernetes' cluster manager makes of the messages of all zones.
    accepted: Some(Accepted::Text {
        taken: "EgressFirewall Rules applied",
        refused: "EgressFirewall Rules not correctly",
    }),
};
