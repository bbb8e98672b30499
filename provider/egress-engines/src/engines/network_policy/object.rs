//! The spec of a `networking.k8s.io/v1` `NetworkPolicy`, as far as egress needs it.
//!
//! Source: the Kubernetes API reference, `NetworkPolicy` v1 (1.37).

use serde::Serialize;

use crate::label_selector::{IntOrString, LabelSelector};
use crate::manifest::Kind;

/// What a `NetworkPolicy` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NetworkPolicySpec {
    /// The pods of the namespace that it is about; the empty selector means all.
    pub pod_selector: LabelSelector,
    /// Always `Egress` alone: what the policy says about egress isolates, and it says nothing about ingress.
    pub policy_types: [PolicyType; 1],
    /// What may leave. None means nothing, and is left out because the API server drops an empty list; an element without fields
    /// means everything.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub egress: Vec<EgressRule>,
}

/// A direction of traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum PolicyType {
    /// From the pods.
    Egress,
}

/// What may leave: to one of these peers, on one of these ports.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct EgressRule {
    /// Where to; absent means anywhere.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<Peer>,
    /// To which ports; absent means every port of every protocol.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<PolicyPort>,
}

/// A destination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Peer {
    /// Addresses.
    #[serde(rename_all = "camelCase")]
    Block {
        /// The addresses.
        ip_block: IpBlock,
    },
    /// Pods: those that match both selectors.
    #[serde(rename_all = "camelCase")]
    Pods {
        /// In which namespaces; absent means the policy's own, empty means all.
        #[serde(skip_serializing_if = "Option::is_none")]
        namespace_selector: Option<LabelSelector>,
        /// Which pods; absent and empty mean all.
        #[serde(skip_serializing_if = "Option::is_none")]
        pod_selector: Option<LabelSelector>,
    },
}

/// A block of addresses and the parts of it that are not meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct IpBlock {
    /// The block.
    pub cidr: String,
    /// Blocks strictly inside it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub except: Vec<String>,
}

/// Ports of a protocol.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyPort {
    /// `TCP`, `UDP` or `SCTP`.
    pub protocol: &'static str,
    /// The port of the destination pod; absent means all of the protocol.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<IntOrString>,
    /// The last port of a range that begins at a numeric `port`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_port: Option<u16>,
}

pub(crate) const KIND: Kind =
    Kind { api_version: "networking.k8s.io/v1", kind: "NetworkPolicy", plural: "networkpolicies", accepted: None };
