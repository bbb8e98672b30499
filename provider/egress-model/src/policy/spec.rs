//! A policy as written: texts and numbers that nothing has looked at yet. Field names are those that users write.

use std::collections::BTreeMap;

/// A policy as written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spec {
    /// The policy's name.
    pub name: String,
    /// The namespace of the selected pods; of the whole cluster where there is none.
    pub namespace: Option<String>,
    /// Of a policy of the whole cluster, the namespaces of the selected pods; all where there is none.
    pub namespaces: Option<NamespaceSelectorSpec>,
    /// Namespaces that a policy of the whole cluster leaves alone; [`SYSTEM_NAMESPACES`] where there is none.
    pub exempt_namespaces: Option<Vec<String>>,
    /// Labels for the objects.
    pub labels: BTreeMap<String, String>,
    /// Annotations for the objects.
    pub annotations: BTreeMap<String, String>,
    /// Which pods; all of the scope where there is none.
    pub pods: Option<SelectorSpec>,
    /// Only pods that run as one of these service accounts; whatever account where there is none.
    pub service_accounts: Option<Vec<String>>,
    /// The allow rules.
    pub allow: BTreeMap<String, RuleSpec>,
    /// The deny rules.
    pub deny: BTreeMap<String, RuleSpec>,
    /// Whether the pods may ask the resolver; they may where nothing is said.
    pub allow_dns: Option<bool>,
    /// For which names they may ask; for any where there is none.
    pub dns_queries: Option<Vec<String>>,
    /// `enforce`, `audit` or `staged`.
    pub mode: Option<String>,
    /// Where the policy stands among others.
    pub priority: Option<i64>,
    /// The cluster that it is for.
    pub cluster: ClusterSpec,
}

/// The namespaces of what makes a cluster work, which policies of the whole cluster leave alone unless told otherwise: those that
/// Kubernetes makes itself.
pub const SYSTEM_NAMESPACES: [&str; 3] = ["kube-system", "kube-public", "kube-node-lease"];

/// A label selector as written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SelectorSpec {
    /// Labels that must be there with these values.
    pub match_labels: BTreeMap<String, String>,
    /// Further demands, such as `tier in (web, api)`.
    pub match_expressions: Vec<String>,
}

/// A selector of namespaces as written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamespaceSelectorSpec {
    /// The namespaces' names; any where there is none.
    pub names: Option<Vec<String>>,
    /// Labels that must be there with these values.
    pub match_labels: BTreeMap<String, String>,
    /// Further demands.
    pub match_expressions: Vec<String>,
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
    /// Services: `name` in the policy's namespace, or `namespace/name`.
    pub to_services: Option<Vec<String>>,
    /// Parts of every cluster.
    pub to_entities: Option<Vec<String>>,
    /// The ports, such as `443` and `53/UDP`; every port of every protocol where there is none.
    pub ports: Option<Vec<String>>,
    /// HTTP requests.
    pub http: Option<Vec<HttpSpec>>,
    /// TLS server names.
    pub sni: Option<Vec<String>>,
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
    /// Headers that must be there, with their exact values.
    pub headers: BTreeMap<String, String>,
}

/// What a policy has to know of its cluster, as written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClusterSpec {
    /// The DNS resolver.
    pub resolver: ResolverSpec,
    /// The addresses that are the cluster's own.
    pub cidrs: ClusterCidrsSpec,
}

/// The cluster's DNS resolver as written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResolverSpec {
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
pub struct ClusterCidrsSpec {
    /// Of pods.
    pub pods: Vec<String>,
    /// Of Services.
    pub services: Vec<String>,
    /// Of nodes.
    pub nodes: Vec<String>,
    /// Of the API server's endpoints.
    pub api_server: Vec<String>,
}
