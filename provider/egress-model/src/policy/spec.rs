//! A policy as written: texts and numbers that nothing has looked at yet. Field names are those that users write.

use std::collections::BTreeMap;

/// A policy as written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spec {
    /// The policy's name.
    pub name: String,
    /// The namespace of the selected pods.
    pub namespace: String,
    /// Labels for the objects.
    pub labels: BTreeMap<String, String>,
    /// Annotations for the objects.
    pub annotations: BTreeMap<String, String>,
    /// Which pods; all of the namespace where there is none.
    pub pods: Option<SelectorSpec>,
    /// Only pods that run as one of these service accounts; whatever account where there is none.
    pub service_accounts: Option<Vec<String>>,
    /// The allow rules.
    pub allow: BTreeMap<String, RuleSpec>,
    /// The deny rules.
    pub deny: BTreeMap<String, RuleSpec>,
    /// Name resolution.
    pub dns: DnsSpec,
    /// The cluster's ranges.
    pub cluster_cidrs: ClusterSpec,
    /// `enforce` or `audit`.
    pub mode: Option<String>,
}

/// A label selector as written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SelectorSpec {
    /// Labels that must be there with these values.
    pub match_labels: BTreeMap<String, String>,
    /// Further demands.
    pub match_expressions: Vec<ExpressionSpec>,
}

/// A selector of namespaces as written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamespaceSelectorSpec {
    /// The namespaces' names; any where there is none.
    pub names: Option<Vec<String>>,
    /// Labels that must be there with these values.
    pub match_labels: BTreeMap<String, String>,
    /// Further demands.
    pub match_expressions: Vec<ExpressionSpec>,
}

/// An expression of a selector as written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExpressionSpec {
    /// The label.
    pub key: String,
    /// `In`, `NotIn`, `Exists` or `DoesNotExist`.
    pub operator: String,
    /// The values, for `In` and `NotIn`.
    pub values: Vec<String>,
}

/// A rule as written. Exactly one kind of destination must be there; `to_pods` and `to_namespaces` together are one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleSpec {
    /// Pods: of the policy's namespace, or of `to_namespaces`.
    pub to_pods: Option<SelectorSpec>,
    /// Namespaces.
    pub to_namespaces: Option<NamespaceSelectorSpec>,
    /// Addresses.
    pub to_cidrs: Option<Vec<String>>,
    /// Parts of `to_cidrs` that are not meant.
    pub except_cidrs: Option<Vec<String>>,
    /// Everything outside the cluster.
    pub to_external: Option<bool>,
    /// Names.
    pub to_domains: Option<Vec<String>>,
    /// Services.
    pub to_services: Option<Vec<ServiceSpec>>,
    /// Parts of every cluster.
    pub to_entities: Option<Vec<String>>,
    /// The ports; every port of every protocol where there is none.
    pub ports: Option<Vec<PortSpec>>,
    /// HTTP requests.
    pub http: Option<Vec<HttpSpec>>,
    /// TLS server names.
    pub sni: Option<Vec<String>>,
}

/// A Service as written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceSpec {
    /// Its name.
    pub name: String,
    /// Its namespace; the policy's where there is none.
    pub namespace: Option<String>,
}

/// A port as written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PortSpec {
    /// The number, or the first of a range.
    pub port: Option<i64>,
    /// The last of a range.
    pub end_port: Option<i64>,
    /// The name of a container port.
    pub name: Option<String>,
    /// `TCP` where there is none.
    pub protocol: Option<String>,
    /// The ICMP type.
    pub icmp_type: Option<i64>,
    /// The ICMP code.
    pub icmp_code: Option<i64>,
}

/// A rule about HTTP requests as written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpSpec {
    /// The method.
    pub method: Option<String>,
    /// The exact path.
    pub path: Option<String>,
    /// What the path begins with.
    pub path_prefix: Option<String>,
    /// Headers that must be there.
    pub headers: Vec<HeaderSpec>,
}

/// A header as written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeaderSpec {
    /// Its name.
    pub name: String,
    /// Its exact value.
    pub value: String,
}

/// Name resolution as written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DnsSpec {
    /// Whether the pods may ask the resolver; they may where nothing is said.
    pub allow: Option<bool>,
    /// The namespace of the resolver's pods.
    pub namespace: Option<String>,
    /// The labels of the resolver's pods.
    pub match_labels: Option<BTreeMap<String, String>>,
    /// The ports of the resolver's pods.
    pub ports: Option<Vec<i64>>,
    /// Addresses of a cache on the nodes.
    pub node_local_ips: Option<Vec<String>>,
}

/// The cluster's ranges as written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClusterSpec {
    /// Of pods.
    pub pods: Vec<String>,
    /// Of Services.
    pub services: Vec<String>,
    /// Of nodes.
    pub nodes: Vec<String>,
    /// Of the API server's endpoints.
    pub api_server: Vec<String>,
}
