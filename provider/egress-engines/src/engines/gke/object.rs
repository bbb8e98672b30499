//! The spec of a `networking.gke.io/v1alpha1` `FQDNNetworkPolicy`.
//!
//! Source: the CRD that GKE installs.

use serde::Serialize;

use crate::label_selector::LabelSelector;
use crate::manifest::Kind;

/// What an `FQDNNetworkPolicy` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FqdnNetworkPolicySpec {
    /// The pods of the namespace that it is about; the empty selector means all.
    pub pod_selector: LabelSelector,
    /// What may leave; at least one.
    pub egress: Vec<FqdnRule>,
}

/// What may leave: to one of these names, on one of these ports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FqdnRule {
    /// The names; at least one.
    pub matches: Vec<FqdnMatch>,
    /// To which ports; absent means every port of every protocol.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<FqdnPort>,
}

/// One name or several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum FqdnMatch {
    /// This name.
    Name(String),
    /// Names of this form; each `*` stands for any characters but a dot.
    Pattern(String),
}

/// Ports of a protocol.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FqdnPort {
    /// `TCP` or `UDP`.
    pub protocol: &'static str,
    /// The port; absent means all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
}

pub(super) const FQDN: Kind = Kind {
    api_version: "networking.gke.io/v1alpha1",
    kind: "FQDNNetworkPolicy",
    plural: "fqdnnetworkpolicies",
    accepted: None,
};
