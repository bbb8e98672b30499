//! The specs of the kinds that Calico's gateways consist of.
//!
//! Sources: CRDs of Calico v3.32 (`IPPool`), of Calico Enterprise v3.23 (`IPPool`, `EgressGatewayPolicy`) and of the Tigera
//! operator v1.42 (`EgressGateway`), with the reference of the last two and "Configure egress gateways, on-premises" and "on AWS".

use std::collections::BTreeMap;

use egress_model::cidr::Cidr;
use serde::Serialize;

use super::super::selector::Expression;
use crate::label_selector::{LabelSelector, LabelSelectorRequirement};

/// A `projectcalico.org/v3` `IPPool`. Its block cannot be changed once it is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct IpPoolSpec {
    /// The addresses.
    pub cidr: String,
    /// The prefix length of the parts that nodes take: of one address, so that any node can take any that is free.
    pub block_size: u8,
    /// To pods of which nodes addresses are given unasked; `!all()` gives them only to pods that name the pool.
    pub node_selector: &'static str,
    /// What for.
    pub allowed_uses: [&'static str; 1],
    /// Whether nodes replace these addresses by their own on the way out.
    pub nat_outgoing: bool,
}

/// An `operator.tigera.io/v1` `EgressGateway`: a Deployment of pods that traffic leaves from, each with an address of its own.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EgressGatewaySpec {
    /// How many pods.
    pub replicas: u16,
    /// Where their addresses are from.
    pub ip_pools: Vec<PoolReference>,
    /// On AWS, public addresses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aws: Option<Aws>,
    /// The pods.
    pub template: Template,
}

/// An `IPPool`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PoolReference {
    /// Its name.
    pub name: String,
}

/// Elastic IPs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Aws {
    /// `Enabled` says that the pools are of a subnet of the VPC, as Elastic IPs need.
    #[serde(rename = "nativeIP")]
    pub native_ip: &'static str,
    /// The addresses, of which each pod gets one.
    #[serde(rename = "elasticIPs")]
    pub elastic_ips: Vec<String>,
}

/// The pods of a gateway.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Template {
    /// Their labels.
    pub metadata: TemplateMetadata,
    /// Where they run.
    #[serde(skip_serializing_if = "TemplateSpec::is_empty")]
    pub spec: TemplateSpec,
}

/// The metadata of a gateway's pods.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TemplateMetadata {
    /// The labels.
    pub labels: BTreeMap<String, String>,
}

/// Where a gateway's pods run.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TemplateSpec {
    /// Labels of the nodes.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub node_selector: BTreeMap<String, String>,
    /// Further demands on the nodes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub affinity: Option<Affinity>,
    /// How they are spread over nodes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub topology_spread_constraints: Vec<TopologySpreadConstraint>,
}

impl TemplateSpec {
    /// Whether they run anywhere.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Demands on nodes, as Kubernetes' `Affinity`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Affinity {
    /// The demands.
    pub node_affinity: NodeAffinity,
}

/// Kubernetes' `NodeAffinity`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeAffinity {
    /// What a node must be when a pod is placed.
    pub required_during_scheduling_ignored_during_execution: NodeSelector,
}

/// Kubernetes' `NodeSelector`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeSelector {
    /// Of which one must match.
    pub node_selector_terms: Vec<NodeSelectorTerm>,
}

/// Kubernetes' `NodeSelectorTerm`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeSelectorTerm {
    /// Which must all match.
    pub match_expressions: Vec<LabelSelectorRequirement>,
}

/// Kubernetes' `TopologySpreadConstraint`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TopologySpreadConstraint {
    /// By how many the places may differ.
    pub max_skew: u8,
    /// The node label that tells places apart.
    pub topology_key: &'static str,
    /// What happens to a pod that would make them differ more.
    pub when_unsatisfiable: &'static str,
    /// The pods that are counted.
    pub label_selector: LabelSelector,
}

/// A `projectcalico.org/v3` `EgressGatewayPolicy`: for each destination the gateway, the longest prefix first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EgressGatewayPolicySpec {
    /// For each destination; no two rules have the same.
    pub rules: Vec<GatewayRule>,
}

/// Through which gateway traffic goes to a destination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GatewayRule {
    /// What the rule is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<&'static str>,
    /// The destination.
    pub destination: GatewayDestination,
    /// The gateway; without one, traffic leaves from the pod's own node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateway: Option<GatewayMatch>,
    /// Which of the gateway's pods: `None` means any. The API server would add this default inside the list, and a plan would show it.
    pub gateway_preference: &'static str,
}

impl GatewayRule {
    /// A rule for a destination, with none of its gateway's pods preferred.
    pub fn new(to: &Cidr, gateway: Option<GatewayMatch>) -> Self {
        let destination = GatewayDestination { cidr: to.to_string() };
        Self { description: None, destination, gateway, gateway_preference: "None" }
    }
}

/// Where to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GatewayDestination {
    /// The addresses.
    pub cidr: String,
}

/// The pods that are a gateway. Calico refuses one selector without the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GatewayMatch {
    /// In which namespaces.
    pub namespace_selector: Expression,
    /// Which pods.
    pub selector: Expression,
}
