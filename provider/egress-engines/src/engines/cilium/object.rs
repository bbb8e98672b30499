//! The spec of a `cilium.io/v2` `CiliumNetworkPolicy` or `CiliumClusterwideNetworkPolicy`, as far as egress needs it.
//!
//! Source: the CRDs of Cilium 1.16 to 1.20 and the documentation, "Layer 3 Policies" to "Layer 7 Policies" and "Deny Policies".
//! What Cilium refuses cannot be built from these types where a type can say so: a rule has one kind of destination, ICMP never
//! stands beside ports, and a rule about ports has rules of one protocol.

use serde::Serialize;

use crate::acceptance::{Accepted, Refusal};
use crate::label_selector::LabelSelector;
use crate::manifest::Kind;

/// What a policy says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicySpec {
    /// The pods that it is about: in the policy's namespace, or of the whole cluster in a clusterwide policy.
    pub endpoint_selector: LabelSelector,
    /// What may leave. An element without fields allows nothing and denies by default everything that is not allowed.
    pub egress: Vec<EgressRule>,
    /// What may not leave, whatever is allowed anywhere.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub egress_deny: Vec<EgressRule>,
}

/// Traffic to one kind of destination; the elements of the destination's list are alternatives.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct EgressRule {
    /// Where to.
    #[serde(flatten)]
    pub to: Option<Destination>,
    /// What traffic; absent means every port of every protocol.
    #[serde(flatten)]
    pub traffic: Option<Traffic>,
}

/// A kind of destination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Destination {
    /// Pods by labels; those of namespaces have prefixes of Cilium's.
    #[serde(rename = "toEndpoints")]
    Endpoints(Vec<LabelSelector>),
    /// Addresses outside the cluster: pods and nodes never match.
    #[serde(rename = "toCIDRSet")]
    CidrSet(Vec<CidrRule>),
    /// Parts of every cluster, and the world outside it.
    #[serde(rename = "toEntities")]
    Entities(Vec<Entity>),
    /// Addresses that DNS gave to the policy's pods for these names.
    #[serde(rename = "toFQDNs")]
    Fqdns(Vec<FqdnSelector>),
    /// What is behind Services.
    #[serde(rename = "toServices")]
    Services(Vec<Service>),
}

impl Destination {
    /// The same kind with only these elements of the list.
    pub(super) fn only(&self, indices: &[usize]) -> Self {
        fn chosen<T: Clone>(all: &[T], indices: &[usize]) -> Vec<T> {
            indices.iter().filter_map(|index| all.get(*index)).cloned().collect()
        }
        match self {
            Self::Endpoints(all) => Self::Endpoints(chosen(all, indices)),
            Self::CidrSet(all) => Self::CidrSet(chosen(all, indices)),
            Self::Entities(all) => Self::Entities(chosen(all, indices)),
            Self::Fqdns(all) => Self::Fqdns(chosen(all, indices)),
            Self::Services(all) => Self::Services(chosen(all, indices)),
        }
    }
}

/// A block of addresses and the parts of it that are not meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CidrRule {
    /// The block.
    pub cidr: String,
    /// Blocks inside it, of the same address family.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub except: Vec<String>,
}

/// An entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Entity {
    /// Everything.
    All,
    /// Everything that is neither a pod nor a node.
    World,
    /// The node that the pod is on.
    Host,
    /// The other nodes.
    RemoteNode,
    /// The API server, on a node or not.
    KubeApiserver,
}

/// Domain names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum FqdnSelector {
    /// One name.
    #[serde(rename = "matchName")]
    Name(String),
    /// `*` is any number of characters of one label; a leading `**.` is one or more labels (1.19 and later).
    #[serde(rename = "matchPattern")]
    Pattern(String),
}

/// A Service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Service {
    /// By name.
    pub k8s_service: ServiceName,
}

/// A Service by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceName {
    /// Its namespace; any where there is none.
    pub namespace: String,
    /// Its name.
    pub service_name: String,
}

/// What traffic to a destination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Traffic {
    /// To ports.
    #[serde(rename = "toPorts")]
    Ports(Vec<PortRule>),
    /// ICMP messages.
    #[serde(rename = "icmps")]
    Icmp(Vec<IcmpRule>),
}

/// Ports, and what may be said in connections to them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PortRule {
    /// At most 40.
    pub ports: Vec<PortProtocol>,
    /// TLS server names, one of which a connection must ask for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub server_names: Vec<String>,
    /// Rules of the application protocol, one of which a request must meet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rules: Option<L7Rules>,
}

/// A port of a protocol.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PortProtocol {
    /// A number, or the name of a container port; `0` means every port of the protocol. Always a text.
    pub port: String,
    /// The last port of a range.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_port: Option<u16>,
    /// `TCP`, `UDP` or `SCTP`.
    pub protocol: &'static str,
}

/// Rules of an application protocol.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum L7Rules {
    /// HTTP requests that are not in TLS.
    Http(Vec<HttpRule>),
    /// DNS queries.
    Dns(Vec<FqdnSelector>),
}

/// A demand on HTTP requests; all that is given must match.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HttpRule {
    /// A regular expression for the whole method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// A regular expression for the whole path with its query.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Headers that must be there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub header_matches: Vec<HeaderMatch>,
}

/// A header that must be there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HeaderMatch {
    /// Its name.
    pub name: String,
    /// Its exact value; without it, any.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub value: String,
}

/// Types of ICMP messages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct IcmpRule {
    /// At most 40.
    pub fields: Vec<IcmpField>,
}

/// A type of ICMP message, whatever its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct IcmpField {
    /// `IPv4` or `IPv6`.
    pub family: &'static str,
    /// The type.
    #[serde(rename = "type")]
    pub number: u8,
}

pub(super) const EGRESS_GATEWAY_POLICY: Kind = Kind {
    api_version: "cilium.io/v2",
    kind: "CiliumEgressGatewayPolicy",
    plural: "ciliumegressgatewaypolicies",
    accepted: None,
};

/// The spec of a `CiliumEgressGatewayPolicy`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GatewayPolicySpec {
    /// Whose traffic.
    pub selectors: Vec<SourceSelector>,
    /// To where. What is in the cluster never goes through the gateway.
    #[serde(rename = "destinationCIDRs")]
    pub destination_cidrs: Vec<String>,
    /// Parts of these that are not meant.
    #[serde(rename = "excludedCIDRs", skip_serializing_if = "Vec::is_empty")]
    pub excluded_cidrs: Vec<String>,
    /// The gateway. The schema requires it, also where the next field is what counts.
    pub egress_gateway: EgressGateway,
    /// The gateways, where there are several (1.18 and later).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub egress_gateways: Vec<EgressGateway>,
}

/// Pods whose traffic goes through a gateway: those that match all that is given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceSelector {
    /// By the labels of their namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace_selector: Option<LabelSelector>,
    /// By their own labels, and the one with their namespace's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod_selector: Option<LabelSelector>,
}

/// A gateway: a node, and which of its addresses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EgressGateway {
    /// The node: of several that match, the first by name.
    pub node_selector: LabelSelector,
    /// The address, which the node must have.
    #[serde(rename = "egressIP", skip_serializing_if = "Option::is_none")]
    pub egress_ip: Option<String>,
    /// The interface whose first address is taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interface: Option<String>,
}

/// How Cilium's operator says whether a policy can be read (`--validate-network-policy`, on by default).
pub(super) const ACCEPTED: Option<Accepted> = Some(Accepted::Condition { name: "Valid", refusal: Refusal::Final });

pub(super) const NAMESPACED: Kind = Kind {
    api_version: "cilium.io/v2",
    kind: "CiliumNetworkPolicy",
    plural: "ciliumnetworkpolicies",
    accepted: ACCEPTED,
};

pub(super) const CLUSTERWIDE: Kind = Kind {
    api_version: "cilium.io/v2",
    kind: "CiliumClusterwideNetworkPolicy",
    plural: "ciliumclusterwidenetworkpolicies",
    accepted: ACCEPTED,
};
