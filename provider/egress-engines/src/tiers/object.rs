//! The parts that the cluster-wide kinds with tiers write in the same way.
//!
//! Source: the CRDs of network-policy-api 0.1.7 and 0.2.0, and of EKS (`networking.k8s.aws`).

use serde::Serialize;

use crate::label_selector::LabelSelector;

/// The pods that a policy is about. Pods on the nodes' own network are never among them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Subject {
    /// All pods of these namespaces.
    Namespaces(LabelSelector),
    /// Some pods of some namespaces.
    Pods(PodsPeer),
}

/// A destination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Peer {
    /// All pods of these namespaces.
    Namespaces(LabelSelector),
    /// Some pods of some namespaces.
    Pods(PodsPeer),
    /// Addresses, whoever has them. Only blocks that differ: the list is a set.
    Networks(Vec<String>),
    /// Addresses of nodes.
    Nodes(LabelSelector),
    /// Addresses that DNS gave for names; `*.` stands for one or more labels.
    DomainNames(Vec<String>),
}

/// Pods: those that match both selectors; an empty one matches all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PodsPeer {
    /// In which namespaces.
    pub namespace_selector: LabelSelector,
    /// Which of their pods.
    pub pod_selector: LabelSelector,
}
