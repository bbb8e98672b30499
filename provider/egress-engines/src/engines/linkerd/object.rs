//! The objects that Linkerd reads: its own `EgressNetwork`, and routes of the Gateway API that are attached to one.
//!
//! Sources: the CRD of `policy.linkerd.io/v1alpha1` `EgressNetwork` (Linkerd 2.20, chart `linkerd-crds`); the Gateway API's
//! reference. Linkerd 2.20 reads `TLSRoute` and `TCPRoute` as `v1alpha2`, which the experimental channel
//! of the Gateway API serves up to 1.5 and the standard channel of 1.6.1 does not (its CRDs; release notes of 1.5.0).

use serde::Serialize;

use crate::acceptance::{Accepted, Refusal};
use crate::engines::network_policy;
use crate::manifest::Kind;

/// The group of Linkerd's own kinds that concern policies.
pub(super) const GROUP: &str = "policy.linkerd.io";

pub(super) const EGRESS_NETWORK: Kind = Kind {
    api_version: "policy.linkerd.io/v1alpha1",
    kind: "EgressNetwork",
    plural: "egressnetworks",
    accepted: Some(Accepted::Condition { name: "Accepted", refusal: Refusal::Final }),
};

pub(super) const HTTP_ROUTE: Kind =
    Kind { api_version: "gateway.networking.k8s.io/v1", kind: "HTTPRoute", plural: "httproutes", accepted: None };

pub(super) const TLS_ROUTE: Kind =
    Kind { api_version: "gateway.networking.k8s.io/v1alpha2", kind: "TLSRoute", plural: "tlsroutes", accepted: None };

pub(super) const TCP_ROUTE: Kind =
    Kind { api_version: "gateway.networking.k8s.io/v1alpha2", kind: "TCPRoute", plural: "tcproutes", accepted: None };

/// What policies become.
pub(super) const KINDS: &[&Kind] = &[&EGRESS_NETWORK, &HTTP_ROUTE, &TLS_ROUTE, &TCP_ROUTE, &network_policy::KIND];

/// What an `EgressNetwork` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EgressNetworkSpec {
    /// What becomes of connections that no route describes.
    pub(super) traffic_policy: TrafficPolicy,
    /// The addresses that it is about; none overlaps the mesh's `clusterNetworks`, or Linkerd does not accept it.
    pub(super) networks: Vec<Network>,
}

/// What becomes of connections that no route describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) enum TrafficPolicy {
    /// They pass.
    Allow,
    /// They are refused: HTTP with status 403, all else by closing the connection.
    Deny,
}

/// A block of addresses and the parts of it that are not meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Network {
    /// The block.
    pub(super) cidr: String,
    /// Blocks strictly inside it; Linkerd takes them to be disjoint.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) except: Vec<String>,
}

/// What a route of any kind says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RouteSpec {
    /// The network and port that it is about.
    pub(super) parent_refs: [NetworkRef; 1],
    /// The hosts, of `HTTPRoute` and `TLSRoute`; absent means any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) hostnames: Vec<String>,
    /// What passes. Linkerd takes one rule of a `TLSRoute` or `TCPRoute`.
    pub(super) rules: [RouteRule; 1],
}

/// An `EgressNetwork` that a route refers to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct NetworkRef {
    /// Linkerd's group.
    pub(super) group: &'static str,
    /// `EgressNetwork`.
    pub(super) kind: &'static str,
    /// Its name, in the route's namespace.
    pub(super) name: String,
    /// The port. Linkerd ignores a route whose parent is an `EgressNetwork` without one; where traffic goes on to, it keeps its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) port: Option<u16>,
    /// Where traffic goes on to, its share of the traffic. The API server would add this default inside the list, and a plan would show it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) weight: Option<u16>,
}

/// What passes, to where it was going.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RouteRule {
    /// Requests, one of them; only an `HTTPRoute` has them, and it always does: the API server would add the default, and a plan would
    /// show it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) matches: Vec<RequestMatch>,
    /// The network again, which means the destination that the client chose.
    pub(super) backend_refs: [NetworkRef; 1],
}

/// What a request must be; all that is given must match.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct RequestMatch {
    /// The method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) method: Option<String>,
    /// The path; written out also where it is any, for the same reason.
    pub(super) path: PathValue,
    /// Headers with exactly these values.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) headers: Vec<HeaderValue>,
}

/// What a path must be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct PathValue {
    /// `Exact` or `PathPrefix`; a prefix ends at a `/`.
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    /// The path.
    pub(super) value: String,
}

/// A header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct HeaderValue {
    /// `Exact`.
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    /// Its name.
    pub(super) name: String,
    /// Its value.
    pub(super) value: String,
}
