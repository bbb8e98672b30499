//! Spidernet's `EgressGateway` and `EgressClusterPolicy`.
//!
//! Source: the CRDs and webhooks of `EgressGateway` 0.6.9.

use std::net::IpAddr;

use serde::Serialize;

use crate::acceptance::Accepted;
use crate::label_selector::LabelSelector;
use crate::manifest::Kind;

pub(super) const EGRESS_GATEWAY: Kind = Kind {
    api_version: "egressgateway.spidernet.io/v1beta1",
    kind: "EgressGateway",
    plural: "egressgateways",
    accepted: None,
};

pub(super) const EGRESS_CLUSTER_POLICY: Kind = Kind {
    api_version: "egressgateway.spidernet.io/v1beta1",
    kind: "EgressClusterPolicy",
    plural: "egressclusterpolicies",
    // The node that carries the address.
    accepted: Some(Accepted::Filled { field: "node" }),
};

/// What an `EgressGateway` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GatewaySpec {
    pub(super) node_selector: NodeSelector,
    #[serde(skip_serializing_if = "Pools::is_empty")]
    pub(super) ippools: Pools,
}

/// The nodes that may carry addresses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct NodeSelector {
    /// Never empty: the webhook refuses that.
    pub(super) selector: LabelSelector,
}

/// The addresses, and which of them policies get that ask for none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Pools {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) ipv4: Vec<IpAddr>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) ipv6: Vec<IpAddr>,
    /// Set here, because otherwise the webhook picks one at random.
    #[serde(rename = "ipv4DefaultEIP", skip_serializing_if = "Option::is_none")]
    pub(super) ipv4_default: Option<IpAddr>,
    #[serde(rename = "ipv6DefaultEIP", skip_serializing_if = "Option::is_none")]
    pub(super) ipv6_default: Option<IpAddr>,
}

impl Pools {
    fn is_empty(&self) -> bool {
        self.ipv4.is_empty() && self.ipv6.is_empty()
    }
}

/// What an `EgressClusterPolicy` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PolicySpec {
    pub(super) egress_gateway_name: String,
    #[serde(rename = "egressIP")]
    pub(super) egress_ip: EgressIp,
    pub(super) applied_to: AppliedTo,
    /// Only traffic to these; absent means everything outside the cluster.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) dest_subnet: Vec<String>,
}

/// The address that traffic leaves from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EgressIp {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ipv4: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ipv6: Option<IpAddr>,
    /// The node's own address instead.
    #[serde(rename = "useNodeIP")]
    pub(super) use_node_ip: bool,
    pub(super) allocator_policy: &'static str,
}

/// The pods whose traffic it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AppliedTo {
    /// In which namespaces; absent means all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) namespace_selector: Option<LabelSelector>,
    /// Which pods. Never empty: the webhook refuses that.
    pub(super) pod_selector: LabelSelector,
}
