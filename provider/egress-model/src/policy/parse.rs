//! From what was written to a policy: every part is looked at, so that all mistakes are reported at once.

mod labels;
mod mistakes;
mod rules;

pub use labels::ANNOTATIONS_LIMIT;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

pub(crate) use self::labels::{annotations, namespace_selector, node_selector, object_labels, selector};
pub(crate) use self::mistakes::Mistakes;
pub(crate) use self::rules::cidr_set;
use self::rules::{Effect, rules};
use super::{
    ClusterCidrsSpec, ClusterRanges, ClusterSpec, Dns, Exempted, Invalid, Mode, NamespaceSelectorSpec, Path, Platform,
    Policy, Priority, Problem, Resolver, SYSTEM_NAMESPACES, Scope, SelectorSpec, Spec, parse_port_number,
};
use crate::cidr::{Cidr, is_mapped};
use crate::labels::{LabelKey, Labels, NAMESPACE_NAME_LABEL, NamespaceName, Operator, Selector};

impl Policy {
    /// Reads a policy, or says everything that is wrong with it.
    pub fn parse(spec: &Spec) -> Result<Self, Vec<Invalid>> {
        let mut mistakes = Mistakes::default();
        let root = Path::root();
        let name = mistakes.text(&root.field("name"), &spec.name);
        let dns = dns(&mut mistakes, &root, spec);
        let own_namespaces = own_namespaces(&mut mistakes, &root, &spec.cluster, dns.as_ref().map(|dns| &dns.resolver));
        let scope = scope(&mut mistakes, &root, spec, &own_namespaces);
        let own = scope.as_ref().and_then(Scope::namespace);
        let labels = object_labels(&mut mistakes, &root.field("labels"), &spec.labels);
        let annotations = annotations(&mut mistakes, &root.field("annotations"), &spec.annotations);
        let pods =
            spec.pods.as_ref().map(|pods| selector(&mut mistakes, &root.field("pods"), pods)).unwrap_or_default();
        let accounts_path = root.field("service_accounts");
        let service_accounts = match &spec.service_accounts {
            Some(names) => {
                mistakes.not_empty(&accounts_path, names);
                mistakes.texts(&accounts_path, names)
            }
            None => BTreeSet::new(),
        };
        let allow = rules(&mut mistakes, &root.field("allow"), &spec.allow, Effect::Allow, own);
        let deny = rules(&mut mistakes, &root.field("deny"), &spec.deny, Effect::Deny, own);
        let cluster = cluster(&mut mistakes, &root.field("cluster_cidrs"), &spec.cluster.cidrs);
        let priority =
            spec.priority.and_then(|priority| mistakes.keep(&root.field("priority"), Priority::try_from(priority)));
        let mode = match spec.mode.as_deref() {
            None | Some("enforce") => Mode::Enforce,
            Some("audit") => Mode::Audit,
            Some("staged") => Mode::Staged,
            Some(other) => {
                mistakes.add(&root.field("mode"), Problem::Mode(other.to_owned()));
                Mode::Enforce
            }
        };
        match (name, scope, dns) {
            (Some(name), Some(scope), Some(dns)) if mistakes.is_empty() => Ok(Self {
                name,
                scope,
                labels,
                annotations,
                pods,
                service_accounts,
                allow,
                deny,
                dns,
                cluster,
                own_namespaces,
                mode,
                priority,
            }),
            _ => Err(mistakes.into_vec()),
        }
    }
}

impl ClusterSpec {
    /// The cluster's ranges, or everything that is wrong with the whole, under `platform`, `resolver` and `cluster_cidrs`: every
    /// policy of the cluster would say so.
    pub fn ranges(&self) -> Result<ClusterRanges, Vec<Invalid>> {
        let mut mistakes = Mistakes::default();
        let root = Path::root();
        resolver(&mut mistakes, &root, self);
        let ranges = cluster(&mut mistakes, &root.field("cluster_cidrs"), &self.cidrs);
        if mistakes.is_empty() { Ok(ranges) } else { Err(mistakes.into_vec()) }
    }
}

impl SelectorSpec {
    /// Reads the selector, or says everything that is wrong with it. Paths are relative to it.
    pub fn parse(&self) -> Result<Selector, Vec<Invalid>> {
        let mut mistakes = Mistakes::default();
        let selector = selector(&mut mistakes, &Path::root(), self);
        if mistakes.is_empty() { Ok(selector) } else { Err(mistakes.into_vec()) }
    }
}

impl NamespaceSelectorSpec {
    /// Reads the selector, or says everything that is wrong with it. Paths are relative to it.
    pub fn parse(&self) -> Result<Selector, Vec<Invalid>> {
        let mut mistakes = Mistakes::default();
        let selector = namespace_selector(&mut mistakes, &Path::root(), self);
        if mistakes.is_empty() { Ok(selector) } else { Err(mistakes.into_vec()) }
    }
}

/// Reads the labels and annotations of an object, or says everything that is wrong with them, under `labels` and `annotations`.
pub fn object_metadata(
    labels: &BTreeMap<String, String>,
    annotations: &BTreeMap<String, String>,
) -> Result<(Labels, BTreeMap<LabelKey, String>), Vec<Invalid>> {
    let mut mistakes = Mistakes::default();
    let labels = object_labels(&mut mistakes, &Path::root().field("labels"), labels);
    let annotations = self::annotations(&mut mistakes, &Path::root().field("annotations"), annotations);
    if mistakes.is_empty() { Ok((labels, annotations)) } else { Err(mistakes.into_vec()) }
}

/// The namespaces of the cluster's own components: of Kubernetes, of the platform, of its resolver, and what else is named.
fn own_namespaces(
    mistakes: &mut Mistakes,
    root: &Path,
    cluster: &ClusterSpec,
    resolver: Option<&Resolver>,
) -> BTreeSet<NamespaceName> {
    let platform: Option<Platform> = cluster.platform.as_ref().and_then(|platform| platform.parse().ok());
    let of_platform = platform.iter().flat_map(|platform| platform.own_namespaces());
    let known = SYSTEM_NAMESPACES.iter().chain(of_platform).filter_map(|name| name.parse().ok());
    let named: Vec<NamespaceName> = mistakes.texts(&root.field("own_namespaces"), &cluster.own_namespaces);
    known.chain(named).chain(resolver.map(|resolver| resolver.namespace.clone())).collect()
}

fn scope(mistakes: &mut Mistakes, root: &Path, spec: &Spec, own: &BTreeSet<NamespaceName>) -> Option<Scope> {
    if let Some(namespace) = &spec.namespace {
        let given =
            [(spec.namespaces.is_some(), "namespaces"), (spec.exempt_namespaces.is_some(), "exempt_namespaces")];
        for (_, field) in given.into_iter().filter(|(given, _)| *given) {
            mistakes.add(&root.field(field), Problem::NotClusterWide);
        }
        return mistakes.text(&root.field("namespace"), namespace).map(Scope::Namespace);
    }
    let selector = spec.namespaces.as_ref();
    let namespaces =
        selector.map(|spec| namespace_selector(mistakes, &root.field("namespaces"), spec)).unwrap_or_default();
    let (exempt, why): (BTreeSet<NamespaceName>, _) = match &spec.exempt_namespaces {
        Some(names) => (mistakes.texts(&root.field("exempt_namespaces"), names), Exempted::ByName),
        None => (own.clone(), Exempted::ByDefault),
    };
    for name in named(&namespaces).intersection(&exempt) {
        mistakes.add(&root.field("namespaces"), Problem::ExemptNamespace(name.clone(), why));
    }
    Some(Scope::Cluster { namespaces, exempt })
}

/// The namespaces that a selector names, by the label that Kubernetes sets.
fn named(namespaces: &Selector) -> BTreeSet<NamespaceName> {
    let is_name = |key: &LabelKey| key.as_str() == NAMESPACE_NAME_LABEL;
    let labels = namespaces.match_labels.iter().filter(|(key, _)| is_name(key)).map(|(_, value)| value);
    let listed = namespaces.match_expressions.iter().filter_map(|demand| match &demand.operator {
        Operator::In(values) if is_name(&demand.key) => Some(values),
        _ => None,
    });
    labels.chain(listed.flatten()).filter_map(|value| value.as_str().parse().ok()).collect()
}

fn dns(mistakes: &mut Mistakes, root: &Path, spec: &Spec) -> Option<Dns> {
    let at = root.field("dns_queries");
    let queries = match &spec.dns_queries {
        Some(names) => {
            mistakes.not_empty(&at, names);
            if spec.allow_dns == Some(false) {
                mistakes.add(&at, Problem::QueriesWithoutDns);
            }
            mistakes.texts(&at, names)
        }
        None => Vec::new(),
    };
    let resolver = resolver(mistakes, root, &spec.cluster);
    Some(Dns { allowed: spec.allow_dns.unwrap_or(true), queries, resolver: resolver? })
}

fn resolver(mistakes: &mut Mistakes, root: &Path, cluster: &ClusterSpec) -> Option<Resolver> {
    let (path, spec) = (root.field("resolver"), &cluster.resolver);
    let platform =
        cluster.platform.as_ref().and_then(|platform| mistakes.text::<Platform>(&root.field("platform"), platform));
    let default = platform.unwrap_or(Platform::Kubernetes).resolver();
    let namespace = mistakes.text(&path.field("namespace"), spec.namespace.as_deref().unwrap_or(default.namespace));
    let default_labels = || BTreeMap::from([(default.label.0.to_owned(), default.label.1.to_owned())]);
    let match_labels = spec.match_labels.clone().unwrap_or_else(default_labels);
    let match_labels = labels::labels(mistakes, &path.field("match_labels"), &match_labels);
    let at = path.field("ports");
    let ports = spec.ports.clone().unwrap_or_else(|| vec![default.port]);
    mistakes.not_empty(&at, &ports);
    let numbered = ports.iter().enumerate();
    let ports =
        numbered.filter_map(|(index, port)| mistakes.keep(&at.index(index), parse_port_number(*port))).collect();
    let at = path.field("node_local_ips");
    let addresses = spec.node_local_ips.iter().flatten().enumerate();
    let node_local = addresses.filter_map(|(index, text)| mistakes.keep(&at.index(index), address(text))).collect();
    let pods = Selector { match_labels, match_expressions: Vec::new() };
    // Addresses of caches are beside the resolver, wherever it is.
    let is_written = spec.namespace.is_some() || spec.match_labels.is_some() || spec.ports.is_some();
    let is_assumed = platform.is_none() && !is_written;
    Some(Resolver { namespace: namespace?, pods, ports, node_local, is_assumed })
}

/// Reads an IP address.
pub(crate) fn address(text: &str) -> Result<IpAddr, Problem> {
    let address = text.parse().map_err(|_| Problem::Address(text.to_owned()))?;
    if is_mapped(address) { Err(Problem::MappedAddress(text.to_owned())) } else { Ok(address) }
}

fn cluster(mistakes: &mut Mistakes, path: &Path, spec: &ClusterCidrsSpec) -> ClusterRanges {
    let mut ranges = |field: &'static str, texts: &[String]| -> BTreeSet<Cidr> {
        let at = path.field(field);
        for (index, text) in texts.iter().enumerate() {
            if let Ok(whole @ (Cidr::ALL_IPV4 | Cidr::ALL_IPV6)) = text.parse::<Cidr>() {
                mistakes.add(&at.index(index), Problem::WholeInternet(whole));
            }
        }
        mistakes.texts(&at, texts)
    };
    ClusterRanges {
        pods: ranges("pods", &spec.pods),
        services: ranges("services", &spec.services),
        nodes: ranges("nodes", &spec.nodes),
        api_server: ranges("api_server", &spec.api_server),
    }
}

#[cfg(test)]
mod tests;
