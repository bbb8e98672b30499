//! Kube-OVN's `VpcEgressGateway`.
//!
//! Source: the CRD.

use serde::Serialize;

use crate::acceptance::{Accepted, Refusal};
use crate::label_selector::LabelSelector;
use crate::manifest::Kind;

pub(super) const VPC_EGRESS_GATEWAY: Kind = Kind {
    api_version: "kubeovn.io/v1",
    kind: "VpcEgressGateway",
    plural: "vpc-egress-gateways",
    // Kube-OVN's controller: `Processing` while the Deployment of the gateway's pods comes up.
    accepted: Some(Accepted::Condition { name: "Ready", refusal: Refusal::MayPass { at_work: &["Processing"] } }),
};

/// What a `VpcEgressGateway` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GatewaySpec {
    pub(super) replicas: u16,
    /// The VPC of the pods; absent means the cluster's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) vpc: Option<String>,
    pub(super) external_subnet: String,
    /// The addresses, at least one per replica; of dual stack an IPv4 and an IPv6 address each, with a comma between.
    #[serde(rename = "externalIPs", skip_serializing_if = "Vec::is_empty")]
    pub(super) external_ips: Vec<String>,
    /// Whether the router tests every second whether each pod of the gateway answers.
    pub(super) bfd: Bfd,
    pub(super) selectors: Vec<SourceSelector>,
    /// The nodes for the gateway's pods: any of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) node_selector: Vec<LabelSelector>,
}

/// Bidirectional forwarding detection (RFC 5880). All fields are written: the API server would add what is left out, and a plan would
/// show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Bfd {
    pub(super) enabled: bool,
    /// The least time between two packets that is taken, in milliseconds.
    #[serde(rename = "minRX")]
    pub(super) min_rx: u32,
    /// The time between two packets that are sent, in milliseconds.
    #[serde(rename = "minTX")]
    pub(super) min_tx: u32,
    /// After how many lost packets the other side counts as gone.
    pub(super) multiplier: u32,
}

impl Bfd {
    /// With the times that the definition has as defaults.
    pub(super) const fn new(enabled: bool) -> Self {
        Self { enabled, min_rx: 1000, min_tx: 1000, multiplier: 3 }
    }
}

/// The pods whose traffic it is; each selector says something where it is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SourceSelector {
    /// In which namespaces; absent means all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) namespace_selector: Option<LabelSelector>,
    /// Which pods; absent means all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) pod_selector: Option<LabelSelector>,
}
