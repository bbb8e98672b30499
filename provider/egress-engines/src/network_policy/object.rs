//! The spec of a `networking.k8s.io/v1` `NetworkPolicy`, as far as egress needs it.
//!
//! Source: the Kubernetes API reference, `NetworkPolicy` v1 (1.37).

use std::collections::BTreeMap;

use egress_model::labels::{Operator, Selector};
use serde::Serialize;

/// What a `NetworkPolicy` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NetworkPolicySpec {
    /// The pods of the namespace that it is about; the empty selector means all.
    pub pod_selector: LabelSelector,
    /// Always `Egress` alone: what the policy says about egress isolates, and it says nothing about ingress.
    pub policy_types: [PolicyType; 1],
    /// What may leave. Empty means nothing; an element without fields means everything.
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

/// A port number or the name of a container port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum IntOrString {
    /// A number.
    Int(u16),
    /// A name.
    String(String),
}

/// A label selector.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LabelSelector {
    /// Labels that must be there.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub match_labels: BTreeMap<String, String>,
    /// Further demands.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub match_expressions: Vec<LabelSelectorRequirement>,
}

/// A demand of a label selector.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LabelSelectorRequirement {
    /// The label.
    pub key: String,
    /// `In`, `NotIn`, `Exists` or `DoesNotExist`.
    pub operator: &'static str,
    /// The values, for `In` and `NotIn`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
}

impl From<&Selector> for LabelSelector {
    fn from(selector: &Selector) -> Self {
        let pairs = selector.match_labels.iter();
        let expressions = selector.match_expressions.iter().map(|requirement| {
            let (operator, values) = match &requirement.operator {
                Operator::In(values) => ("In", values.iter().map(ToString::to_string).collect()),
                Operator::NotIn(values) => ("NotIn", values.iter().map(ToString::to_string).collect()),
                Operator::Exists => ("Exists", Vec::new()),
                Operator::DoesNotExist => ("DoesNotExist", Vec::new()),
            };
            LabelSelectorRequirement { key: requirement.key.to_string(), operator, values }
        });
        Self {
            match_labels: pairs.map(|(key, value)| (key.to_string(), value.to_string())).collect(),
            match_expressions: expressions.collect(),
        }
    }
}
