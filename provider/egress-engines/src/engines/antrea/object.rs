//! The specs of Antrea's policies and of the groups that they name, as far as egress needs them.
//!
//! Source: the CRDs of `crd.antrea.io/v1beta1` of Antrea 2.7.

use std::net::IpAddr;

use serde::Serialize;

use crate::acceptance::{Accepted, Refusal};
use crate::engines::network_policy::IpBlock;
use crate::label_selector::{IntOrString, LabelSelector};
use crate::manifest::Kind;

/// What a `NetworkPolicy` or `ClusterNetworkPolicy` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicySpec {
    /// The tier; all its policies are asked before those of the next one.
    pub tier: Tier,
    /// Where in its tier, 1 (asked first) to 10000; policies with the same number are asked in no order.
    pub priority: u16,
    /// The pods that it is about: those of any element.
    pub applied_to: Vec<AppliedTo>,
    /// The rules; the first that matches decides. Traffic that none matches goes on to the next policy.
    pub egress: Vec<Rule>,
}

/// One of the tiers that every installation has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// The last before the `NetworkPolicy` objects of Kubernetes.
    Application,
    /// After them.
    Baseline,
}

/// The pods that a policy is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum AppliedTo {
    /// Those that match both selectors.
    #[serde(rename_all = "camelCase")]
    Pods {
        /// In which namespaces; absent in a policy of one namespace, empty means all.
        #[serde(skip_serializing_if = "Option::is_none")]
        namespace_selector: Option<LabelSelector>,
        /// Which pods; absent and empty mean all.
        #[serde(skip_serializing_if = "Option::is_none")]
        pod_selector: Option<LabelSelector>,
    },
    /// Those that run as a service account; only in a `ClusterNetworkPolicy`, and beside no other field.
    #[serde(rename_all = "camelCase")]
    ServiceAccount {
        /// The service account.
        service_account: NamespacedName,
    },
}

/// An object by namespace and name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NamespacedName {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// What happens to what traffic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rule {
    /// The rule's name in logs, unique in the policy.
    pub name: String,
    /// What happens.
    pub action: Action,
    /// Where to: any of these; absent means anywhere.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<Peer>,
    /// To which ports; absent means every port of every protocol.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<RulePort>,
    /// Of which protocols without ports.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub protocols: Vec<RuleProtocol>,
    /// What must be inside: one of these. What matches the rest of the rule and none of these is dropped.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub l7_protocols: Vec<L7Protocol>,
    /// Whether the first packet of each connection is logged.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub enable_logging: bool,
}

/// What happens to traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Action {
    /// It passes.
    Allow,
    /// It is dropped without an answer.
    Drop,
    /// The `NetworkPolicy` objects of Kubernetes and then the baseline tier decide.
    Pass,
}

/// A destination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Peer {
    /// Addresses, also those of pods and nodes.
    #[serde(rename_all = "camelCase")]
    Block {
        /// The addresses.
        ip_block: IpBlock,
    },
    /// Pods that match both selectors.
    #[serde(rename_all = "camelCase")]
    Pods {
        /// In which namespaces; absent means the policy's own, in a policy of the whole cluster all.
        #[serde(skip_serializing_if = "Option::is_none")]
        namespace_selector: Option<LabelSelector>,
        /// Which pods; absent and empty mean all.
        #[serde(skip_serializing_if = "Option::is_none")]
        pod_selector: Option<LabelSelector>,
    },
    /// Addresses that DNS gave for a name; `*` stands for any characters.
    Fqdn {
        /// The name.
        fqdn: String,
    },
    /// What a `Group` or `ClusterGroup` holds.
    Group {
        /// Its name.
        group: String,
    },
    /// The addresses of nodes.
    #[serde(rename_all = "camelCase")]
    Nodes {
        /// Which nodes; empty means all.
        node_selector: LabelSelector,
    },
}

/// Ports of a protocol.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RulePort {
    /// `TCP`, `UDP` or `SCTP`.
    pub protocol: &'static str,
    /// The port of the destination; absent means all of the protocol.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<IntOrString>,
    /// The last port of a range that begins at a numeric `port`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_port: Option<u16>,
}

/// A protocol without ports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleProtocol {
    /// ICMP, and `ICMPv6` with the same numbers.
    pub icmp: Icmp,
}

/// ICMP messages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Icmp {
    /// Of this type; absent means of every type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub icmp_type: Option<u8>,
    /// With this code; absent means with any code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub icmp_code: Option<u8>,
}

/// What is inside a connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum L7Protocol {
    /// HTTP requests.
    Http(HttpMatch),
    /// TLS handshakes.
    Tls {
        /// The server name; `*` stands for any characters.
        sni: String,
    },
}

/// HTTP requests.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct HttpMatch {
    /// The method; absent means any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The path; `*` stands for any characters, absent means any path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

/// What a `Group` or `ClusterGroup` holds: the pods that a Service selects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GroupSpec {
    /// The Service.
    pub service_reference: NamespacedName,
}

pub(super) const EGRESS: Kind = Kind {
    api_version: "crd.antrea.io/v1beta1",
    kind: "Egress",
    plural: "egresses",
    // `False` while no node carries the address, which passes when a node comes up.
    accepted: Some(Accepted::Condition { name: "IPAssigned", refusal: Refusal::MayPass { at_work: &[] } }),
};

pub(super) const EXTERNAL_IP_POOL: Kind =
    Kind { api_version: "crd.antrea.io/v1beta1", kind: "ExternalIPPool", plural: "externalippools", accepted: None };

/// What an `ExternalIPPool` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PoolSpec {
    /// The addresses: one. A block would never give its first address out.
    pub(super) ip_ranges: [IpRange; 1],
    /// The nodes that may carry them; empty means all.
    pub(super) node_selector: LabelSelector,
    /// Their subnet, where it is not the nodes' own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) subnet_info: Option<SubnetInfo>,
}

/// Addresses from one to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct IpRange {
    pub(super) start: IpAddr,
    pub(super) end: IpAddr,
}

/// The subnet of egress addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SubnetInfo {
    pub(super) gateway: IpAddr,
    pub(super) prefix_length: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) vlan: Option<u16>,
}

/// What an `Egress` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EgressSpec {
    /// Whose traffic. Without any selector it would be nobody's.
    pub(super) applied_to: EgressAppliedTo,
    /// The address.
    #[serde(rename = "egressIP")]
    pub(super) egress_ip: IpAddr,
    /// The pool that it is taken from.
    #[serde(rename = "externalIPPool")]
    pub(super) external_ip_pool: String,
}

/// The pods whose traffic it is: those that match both selectors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EgressAppliedTo {
    pub(super) namespace_selector: LabelSelector,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) pod_selector: Option<LabelSelector>,
}

/// How Antrea's controller says whether its agents can do what a policy says (API reference, `NetworkPolicyCondition`).
pub(super) const REALIZABLE: Option<Accepted> =
    Some(Accepted::Condition { name: "Realizable", refusal: Refusal::Final });

pub(super) const NETWORK_POLICY: Kind = Kind {
    api_version: "crd.antrea.io/v1beta1",
    kind: "NetworkPolicy",
    plural: "networkpolicies",
    accepted: REALIZABLE,
};

pub(super) const CLUSTER_NETWORK_POLICY: Kind = Kind {
    api_version: "crd.antrea.io/v1beta1",
    kind: "ClusterNetworkPolicy",
    plural: "clusternetworkpolicies",
    accepted: REALIZABLE,
};

pub(super) const GROUP: Kind =
    Kind { api_version: "crd.antrea.io/v1beta1", kind: "Group", plural: "groups", accepted: None };

pub(super) const CLUSTER_GROUP: Kind =
    Kind { api_version: "crd.antrea.io/v1beta1", kind: "ClusterGroup", plural: "clustergroups", accepted: None };
