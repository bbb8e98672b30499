//! The specs of the EKS kinds, as far as egress needs them.
//!
//! Source: the CRDs of the Amazon network policy controller (`networking.k8s.aws`).

use serde::Serialize;

use crate::engines::admin_network_policy::object::PolicyPort as TierPolicyPort;
use crate::engines::cluster_network_policy::object::{Action, Tier};
use crate::engines::network_policy::{EgressRule, Peer as NetworkPeer, PolicyPort, PolicyType};
use crate::label_selector::LabelSelector;
use crate::manifest::Kind;
use crate::tiers::{Peer, Subject};

/// What an `ApplicationNetworkPolicy` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ApplicationNetworkPolicySpec {
    /// The pods of the namespace that it is about; the empty selector means all.
    pub pod_selector: LabelSelector,
    /// Always `Egress` alone.
    pub policy_types: [PolicyType; 1],
    /// What may leave. Empty means nothing.
    pub egress: Vec<ApplicationRule>,
}

/// What may leave: to one of these peers, on one of these ports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ApplicationRule {
    /// Where to; absent means anywhere.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<ApplicationPeer>,
    /// To which ports; absent means every port of every protocol.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<PolicyPort>,
}

/// A destination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum ApplicationPeer {
    /// As a `NetworkPolicy` has it.
    Network(NetworkPeer),
    /// Addresses that DNS gave for names; `*.` stands for one or more labels.
    #[serde(rename_all = "camelCase")]
    Domains {
        /// The names.
        domain_names: Vec<String>,
    },
}

impl From<EgressRule> for ApplicationRule {
    fn from(rule: EgressRule) -> Self {
        Self { to: rule.to.into_iter().map(ApplicationPeer::Network).collect(), ports: rule.ports }
    }
}

/// What a `ClusterNetworkPolicy` of EKS says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClusterNetworkPolicySpec {
    /// Whether it comes before or after the policies of namespaces.
    pub tier: Tier,
    /// 0 to 1000 in its tier; the lowest is asked first.
    pub priority: u16,
    /// The pods that it is about.
    pub subject: Subject,
    /// The rules for what leaves them; the first that matches decides. At most 100.
    pub egress: Vec<ClusterRule>,
}

/// What happens to what leaves for one of these destinations on one of these ports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClusterRule {
    /// For people; at most 100 characters.
    pub name: String,
    /// What happens.
    pub action: Action,
    /// Where to; 1 to 100.
    pub to: Vec<Peer>,
    /// To which ports, 1 to 100; absent means every port of every protocol.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<TierPolicyPort>,
}

pub(super) const API_VERSION: &str = "networking.k8s.aws/v1alpha1";

pub(super) const APPLICATION: Kind = Kind {
    api_version: API_VERSION,
    kind: "ApplicationNetworkPolicy",
    plural: "applicationnetworkpolicies",
    accepted: None,
};

pub(super) const CLUSTER: Kind =
    Kind { api_version: API_VERSION, kind: "ClusterNetworkPolicy", plural: "clusternetworkpolicies", accepted: None };
