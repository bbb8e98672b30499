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
    /// Namespaces that a policy of the whole cluster leaves alone; those of the cluster's own components where there is none.
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

/// The namespaces of what makes a cluster work, which policies of the whole cluster leave alone by default: those that
/// Kubernetes makes itself. The platform has more, and the engine.
pub const SYSTEM_NAMESPACES: [&str; 3] = ["kube-system", "kube-public", "kube-node-lease"];

/// Where a selector is written, which decides how much it must say so that a misspelt key cannot make it select more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// In an element of a map, whose unknown keys the front end drops without a word: it says exactly one thing, so that nothing
    /// is left of it when that one key is misspelt.
    #[default]
    Value,
    /// In a block, whose every word the front end checks: what it says adds up.
    Block,
}

/// A label selector as written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SelectorSpec {
    /// Where it is written.
    pub form: Form,
    /// `true`: everything is selected.
    pub all: Option<bool>,
    /// Labels that must be there with these values.
    pub match_labels: BTreeMap<String, String>,
    /// Further demands, such as `tier in (web, api)`.
    pub match_expressions: Vec<String>,
}

impl SelectorSpec {
    /// The selector of everything.
    pub fn all() -> Self {
        Self { all: Some(true), ..Self::default() }
    }
}

/// A selector of namespaces as written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamespaceSelectorSpec {
    /// Where it is written.
    pub form: Form,
    /// `true`: every namespace.
    pub all: Option<bool>,
    /// The namespaces' names; any where there is none.
    pub names: Option<Vec<String>>,
    /// Labels that must be there with these values.
    pub match_labels: BTreeMap<String, String>,
    /// Further demands.
    pub match_expressions: Vec<String>,
}

impl NamespaceSelectorSpec {
    /// The selector of every namespace.
    pub fn all() -> Self {
        Self { all: Some(true), ..Self::default() }
    }
}

/// Pods of other namespaces as a destination, as written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToNamespacesSpec {
    /// Which namespaces.
    pub namespaces: NamespaceSelectorSpec,
    /// Which of their pods; must be there.
    pub pods: Option<SelectorSpec>,
}

/// A rule as written. Exactly one destination must be there, and `ports`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleSpec {
    /// Pods of the policy's own namespace.
    pub to_pods: Option<SelectorSpec>,
    /// Pods of namespaces.
    pub to_namespaces: Option<ToNamespacesSpec>,
    /// Addresses; those with `!` before them are left out of the others.
    pub to_cidrs: Option<Vec<String>>,
    /// Everything outside the cluster.
    pub to_external: Option<bool>,
    /// Names.
    pub to_domains: Option<Vec<String>>,
    /// Services: `name` in the policy's namespace, or `namespace/name`.
    pub to_services: Option<Vec<String>>,
    /// Parts of every cluster.
    pub to_entities: Option<Vec<String>>,
    /// The ports, such as `443`, `53/UDP` and `80/http`; `any` is every port of every protocol.
    pub ports: Option<Vec<String>>,
    /// HTTP requests, which `ports` announces.
    pub http_requests: Option<Vec<HttpSpec>>,
    /// TLS server names, which `ports` announces.
    pub server_names: Option<Vec<String>>,
}

/// A kind of HTTP request as written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpSpec {
    /// The method, or `any`; must be there.
    pub method: Option<String>,
    /// The exact path; this or `path_prefix` must be there.
    pub path: Option<String>,
    /// What the path begins with; `/` is every path.
    pub path_prefix: Option<String>,
    /// Headers that must be there, with their exact values; must be there itself, and may be empty.
    pub headers: Option<BTreeMap<String, String>>,
}

/// What a policy has to know of its cluster, as written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClusterSpec {
    /// Who made it, such as `openshift`.
    pub platform: Option<String>,
    /// Namespaces of the cluster's own components, such as those of its network plugin, beside those of the platform.
    pub own_namespaces: Vec<String>,
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
