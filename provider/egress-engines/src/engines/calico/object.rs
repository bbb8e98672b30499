//! The specs of Calico's policy kinds in `projectcalico.org/v3`, as far as egress needs them.
//!
//! Source: Calico open source v3.32 and Calico Enterprise v3.23, reference of `NetworkPolicy`, `GlobalNetworkPolicy`,
//! `StagedNetworkPolicy` and `StagedGlobalNetworkPolicy`, and their CRDs. Fields that only one kind or edition has are absent
//! elsewhere.

use serde::{Serialize, Serializer};

use super::selector::Expression;
use crate::label_selector::IntOrString;
use crate::manifest::Kind;

pub(super) const API_VERSION: &str = "projectcalico.org/v3";

/// What a policy says. The same for all four kinds, but for the fields that say otherwise.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicySpec {
    /// How a staged policy would change what is in force; only of staged kinds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub staged_action: Option<StagedAction>,
    /// Where the policy stands among those of its tier, the lowest first. Without one it would stand last.
    pub order: Order,
    /// Of which namespaces the pods are; only of kinds of the whole cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace_selector: Option<Expression>,
    /// Which endpoints.
    pub selector: Expression,
    /// Which service accounts the pods run as.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_account_selector: Option<Expression>,
    /// Always `Egress` alone. It isolates the selected endpoints whatever rules follow; left out, an empty list of rules would
    /// mean ingress.
    pub types: [PolicyType; 1],
    /// What happens to what leaves: the first rule that matches decides.
    pub egress: Vec<EgressRule>,
}

/// How a staged policy would change what is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum StagedAction {
    /// It would be added or replaced.
    Set,
}

/// A direction of traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum PolicyType {
    /// From the endpoints.
    Egress,
}

/// A policy's place in its tier, in quarters: Calico takes any number, and its own translation of Kubernetes' `NetworkPolicy`
/// stands at 1000, so that what has to come before it needs places between whole numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Order(u16);

impl Order {
    /// A place, in quarters.
    pub const fn quarters(quarters: u16) -> Self {
        Self(quarters)
    }
}

impl Serialize for Order {
    /// A whole number wherever it is one, because `1000.0` comes back from the API server as `1000`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_multiple_of(4) {
            serializer.serialize_u16(self.0 / 4)
        } else {
            serializer.serialize_f64(f64::from(self.0) / 4.0)
        }
    }
}

/// A rule: what it does to traffic that matches everything that is given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EgressRule {
    /// What happens.
    pub action: Action,
    /// Of which IP version; absent means both.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip_version: Option<Family>,
    /// Of which protocol; absent means all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<&'static str>,
    /// Which messages; only with `ICMP` and `ICMPv6`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub icmp: Option<Icmp>,
    /// Where to; absent means anywhere.
    #[serde(skip_serializing_if = "Destination::is_empty")]
    pub destination: Destination,
}

/// What happens to traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Action {
    /// It passes; no later policy of the tier is asked.
    Allow,
    /// It is dropped.
    Deny,
}

/// A version of the Internet Protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Family {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::V4, Self::V6];
}

impl Serialize for Family {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(match self {
            Self::V4 => 4,
            Self::V6 => 6,
        })
    }
}

/// A type of message and, optionally, its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Icmp {
    /// The type, 0 to 254: Calico refuses 255.
    #[serde(rename = "type")]
    pub number: u8,
    /// The code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<u8>,
}

/// Where to: everything that is given must match.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Destination {
    /// In which namespaces the endpoints of `selector` are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace_selector: Option<Expression>,
    /// Which endpoints and network sets; with one, nothing else matches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selector: Option<Expression>,
    /// A Service: its endpoints on its ports. Stands alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub services: Option<ServiceMatch>,
    /// Names; only in Calico Enterprise, and only to allow.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub domains: Vec<String>,
    /// In one of these blocks, all of one IP version.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub nets: Vec<String>,
    /// In none of these blocks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_nets: Vec<String>,
    /// On one of these ports: a number, a range such as `8000:8099`, or a name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<IntOrString>,
}

impl Destination {
    /// Whether it is anywhere.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A Service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ServiceMatch {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
}

pub(super) const KINDS: &[&Kind] =
    &[&NETWORK_POLICY, &GLOBAL_NETWORK_POLICY, &STAGED_NETWORK_POLICY, &STAGED_GLOBAL_NETWORK_POLICY];

pub(super) const NETWORK_POLICY: Kind =
    Kind { api_version: API_VERSION, kind: "NetworkPolicy", plural: "networkpolicies", accepted: None };

pub(super) const GLOBAL_NETWORK_POLICY: Kind =
    Kind { api_version: API_VERSION, kind: "GlobalNetworkPolicy", plural: "globalnetworkpolicies", accepted: None };

pub(super) const STAGED_NETWORK_POLICY: Kind =
    Kind { api_version: API_VERSION, kind: "StagedNetworkPolicy", plural: "stagednetworkpolicies", accepted: None };

pub(super) const STAGED_GLOBAL_NETWORK_POLICY: Kind = Kind {
    api_version: API_VERSION,
    kind: "StagedGlobalNetworkPolicy",
    plural: "stagedglobalnetworkpolicies",
    accepted: None,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_a_whole_number_where_it_can_be() {
        for (quarters, text) in [(0, "0"), (4000, "1000"), (3998, "999.5"), (3997, "999.25")] {
            assert_eq!(serde_json::to_string(&Order::quarters(quarters)).expect("a number"), text);
        }
    }
}
