//! A gateway as written: texts and numbers that nothing has looked at yet. Field names are those that users write.

use std::collections::BTreeMap;

use crate::policy::{NamespaceSelectorSpec, SelectorSpec};

/// A gateway as written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GatewaySpec {
    /// The gateway's name.
    pub name: String,
    /// Where its objects and pods are.
    pub namespace: String,
    /// Labels for the objects.
    pub labels: BTreeMap<String, String>,
    /// Annotations for the objects.
    pub annotations: BTreeMap<String, String>,
    /// Whose traffic, by a name of the user's choice.
    pub sources: BTreeMap<String, SourceSpec>,
    /// Traffic to where; everything outside the cluster where there is none.
    pub to: Option<DestinationsSpec>,
    /// Addresses on the cluster's network.
    pub ips: Vec<String>,
    /// Public addresses.
    pub public_ips: Vec<String>,
    /// Which nodes.
    pub nodes: Option<SelectorSpec>,
    /// The network interface of the nodes.
    pub interface: Option<String>,
    /// How many gateways at a time.
    pub replicas: Option<i64>,
    /// `best-effort` or `required`.
    pub failover: Option<String>,
}

/// Pods whose traffic goes through a gateway, as written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceSpec {
    /// Which pods; must be there.
    pub pods: Option<SelectorSpec>,
    /// In which namespaces; must be there.
    pub namespaces: Option<NamespaceSelectorSpec>,
}

/// Where traffic through a gateway goes, as written: to addresses or to names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DestinationsSpec {
    /// Addresses; those with `!` before them are left out of the others.
    pub cidrs: Option<Vec<String>>,
    /// Names.
    pub domains: Option<Vec<String>>,
}
