//! From what was written to a policy: every part is looked at, so that all mistakes are told at once.

mod labels;
mod mistakes;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::str::FromStr;

pub(crate) use self::labels::{annotations, namespace_selector, object_labels, selector};
pub(crate) use self::mistakes::Mistakes;
use super::http::header_value;
use super::{
    CidrSet, ClusterCidrsSpec, ClusterRanges, ClusterSpec, Dns, DomainPattern, Entity, Exempted, HttpRule, HttpSpec,
    Invalid, Mode, NamespaceSelectorSpec, Namespaces, Path, PathMatch, Peers, Policy, Port, PortMatch, Priority,
    Problem, Protocol, Resolver, ResolverSpec, Rule, RuleSpec, SYSTEM_NAMESPACES, Scope, SelectorSpec, ServiceRef,
    Spec, parse_port_number,
};
use crate::cidr::{Cidr, Outermost, is_mapped};
use crate::labels::{LabelKey, Labels, NAMESPACE_NAME_LABEL, NamespaceName, Operator, Selector};

impl Policy {
    /// Reads a policy, or says everything that is wrong with it.
    pub fn parse(spec: &Spec) -> Result<Self, Vec<Invalid>> {
        let mut mistakes = Mistakes::default();
        let root = Path::root();
        let name = mistakes.text(&root.field("name"), &spec.name);
        let scope = scope(&mut mistakes, &root, spec);
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
        let allow = rules(&mut mistakes, &root.field("allow"), &spec.allow, own);
        let deny = rules(&mut mistakes, &root.field("deny"), &spec.deny, own);
        let dns = dns(&mut mistakes, &root, spec);
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
                mode,
                priority,
            }),
            _ => Err(mistakes.into_vec()),
        }
    }
}

impl ClusterSpec {
    /// The cluster's ranges, or everything that is wrong with the whole, under `resolver` and `cluster_cidrs`: every policy of
    /// the cluster would say so.
    pub fn ranges(&self) -> Result<ClusterRanges, Vec<Invalid>> {
        let mut mistakes = Mistakes::default();
        let root = Path::root();
        resolver(&mut mistakes, &root.field("resolver"), &self.resolver);
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

fn scope(mistakes: &mut Mistakes, root: &Path, spec: &Spec) -> Option<Scope> {
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
        None => (SYSTEM_NAMESPACES.iter().filter_map(|name| name.parse().ok()).collect(), Exempted::ByDefault),
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

fn rules(
    mistakes: &mut Mistakes,
    path: &Path,
    specs: &BTreeMap<String, RuleSpec>,
    own: Option<&NamespaceName>,
) -> BTreeMap<String, Rule> {
    let all = specs.iter();
    all.filter_map(|(key, spec)| Some((key.clone(), rule(mistakes, &path.key(key), spec, own)?))).collect()
}

fn rule(mistakes: &mut Mistakes, path: &Path, spec: &RuleSpec, own: Option<&NamespaceName>) -> Option<Rule> {
    let to = peers(mistakes, path, spec, own);
    let ports = match &spec.ports {
        Some(specs) => {
            let at = path.field("ports");
            mistakes.not_empty(&at, specs);
            mistakes.texts::<Port, _>(&at, specs)
        }
        None => Vec::new(),
    };
    let http = match &spec.http {
        Some(specs) => {
            let at = path.field("http");
            mistakes.not_empty(&at, specs);
            if spec.sni.is_some() {
                mistakes.add(&at, Problem::HttpAndSni);
            }
            specs.iter().enumerate().filter_map(|(index, spec)| http_rule(mistakes, &at.index(index), spec)).collect()
        }
        None => Vec::new(),
    };
    let sni = match &spec.sni {
        Some(names) => {
            let at = path.field("sni");
            mistakes.not_empty(&at, names);
            mistakes.texts(&at, names)
        }
        None => Vec::new(),
    };
    if let Some(Peers::Cidrs(_) | Peers::External | Peers::Domains(_)) = &to {
        port_names(mistakes, &path.field("ports"), spec);
    }
    let is_tcp = |port: &Port| matches!(port, Port::Transport(Protocol::Tcp, _));
    let unreadable = spec.ports.as_ref().is_some_and(|specs| ports.len() < specs.len());
    let only_tcp = unreadable || !ports.is_empty() && ports.iter().all(is_tcp);
    for (field, given) in [("http", spec.http.is_some()), ("sni", spec.sni.is_some())] {
        if given && !only_tcp {
            mistakes.add(&path.field(field), Problem::ApplicationWithoutTcp);
        }
    }
    Some(Rule { to: to?, ports, http, sni })
}

/// Tells which ports of a rule without pods are names, which only pods' ports have.
fn port_names(mistakes: &mut Mistakes, path: &Path, spec: &RuleSpec) {
    let is_name = |text: &String| matches!(text.parse(), Ok(Port::Transport(_, PortMatch::Named(_))));
    for (index, text) in spec.ports.iter().flatten().enumerate().filter(|(_, text)| is_name(text)) {
        mistakes.add(&path.index(index), Problem::PortOfNoPod(text.clone()));
    }
}

fn peers(mistakes: &mut Mistakes, path: &Path, spec: &RuleSpec, own: Option<&NamespaceName>) -> Option<Peers> {
    let pods_or_namespaces = if spec.to_pods.is_some() { "to_pods" } else { "to_namespaces" };
    let kinds: Vec<&'static str> = [
        (spec.to_pods.is_some() || spec.to_namespaces.is_some(), pods_or_namespaces),
        (spec.to_cidrs.is_some(), "to_cidrs"),
        (spec.to_external.is_some(), "to_external"),
        (spec.to_domains.is_some(), "to_domains"),
        (spec.to_services.is_some(), "to_services"),
        (spec.to_entities.is_some(), "to_entities"),
    ]
    .into_iter()
    .filter_map(|(given, name)| given.then_some(name))
    .collect();
    if spec.except_cidrs.is_some() && spec.to_cidrs.is_none() {
        mistakes.add(&path.field("except_cidrs"), Problem::ExceptWithoutCidrs);
    }
    match kinds.as_slice() {
        [] => mistakes.add(path, Problem::NoDestination),
        [_] => {}
        _ => mistakes.add(path, Problem::SeveralDestinations(kinds)),
    }
    let pods = spec.to_pods.as_ref().map(|pods| selector(mistakes, &path.field("to_pods"), pods));
    let namespaces =
        spec.to_namespaces.as_ref().map(|spec| namespace_selector(mistakes, &path.field("to_namespaces"), spec));
    if pods.is_some() && namespaces.is_none() && own.is_none() {
        mistakes.add(&path.field("to_pods"), Problem::NoOwnNamespace);
    }
    if pods.is_some() || namespaces.is_some() {
        let namespaces = namespaces.map_or(Namespaces::Own, Namespaces::Matching);
        return Some(Peers::Pods { namespaces, pods: pods.unwrap_or_default() });
    }
    if let Some(cidrs) = &spec.to_cidrs {
        let except = spec.except_cidrs.as_deref();
        return cidr_set(mistakes, path, ["to_cidrs", "except_cidrs"], cidrs, except).map(Peers::Cidrs);
    }
    if let Some(external) = spec.to_external {
        let result = if external { Ok(Peers::External) } else { Err(Problem::NotExternal) };
        return mistakes.keep(&path.field("to_external"), result);
    }
    if let Some(domains) = &spec.to_domains {
        let at = path.field("to_domains");
        mistakes.not_empty(&at, domains);
        return Some(Peers::Domains(mistakes.texts::<DomainPattern, _>(&at, domains)));
    }
    if let Some(services) = &spec.to_services {
        let at = path.field("to_services");
        mistakes.not_empty(&at, services);
        let all = services.iter().enumerate();
        return Some(Peers::Services(
            all.filter_map(|(index, text)| service(mistakes, &at.index(index), text, own)).collect(),
        ));
    }
    let entities = spec.to_entities.as_ref()?;
    let at = path.field("to_entities");
    mistakes.not_empty(&at, entities);
    Some(Peers::Entities(mistakes.texts::<Entity, _>(&at, entities)))
}

impl FromStr for Entity {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|entity| entity.as_str() == text);
        found.ok_or_else(|| Problem::Entity(text.to_owned()))
    }
}

/// The set that these blocks and exceptions are, which stand in the two fields.
pub(crate) fn cidr_set(
    mistakes: &mut Mistakes,
    path: &Path,
    [cidrs_field, except_field]: [&'static str; 2],
    cidrs: &[String],
    except: Option<&[String]>,
) -> Option<CidrSet> {
    let at = path.field(cidrs_field);
    mistakes.not_empty(&at, cidrs);
    let blocks: BTreeSet<Cidr> = mistakes.texts(&at, cidrs);
    let complete = blocks.len() == cidrs.iter().collect::<BTreeSet<_>>().len();
    let outermost = Outermost::of(blocks.iter().copied());
    let at = path.field(except_field);
    let mut excepted = Vec::new();
    for (index, text) in except.unwrap_or_default().iter().enumerate() {
        let Some(cidr) = mistakes.text::<Cidr>(&at.index(index), text) else { continue };
        if complete && !outermost.covers(&cidr) {
            mistakes.add(&at.index(index), Problem::ExceptOutside(cidr));
        }
        excepted.push(cidr);
    }
    let set = CidrSet::new(blocks, excepted);
    if !set.cidrs.is_empty() && set.blocks().next().is_none() {
        mistakes.add(&at, Problem::ExceptEverything);
        return None;
    }
    (!set.cidrs.is_empty()).then_some(set)
}

fn service(mistakes: &mut Mistakes, path: &Path, text: &str, own: Option<&NamespaceName>) -> Option<ServiceRef> {
    let (namespace, name) = match (text.split_once('/'), own) {
        (Some((_, rest)), _) if rest.contains('/') => {
            return mistakes.keep(path, Err(Problem::Service(text.to_owned())));
        }
        (Some((namespace, name)), _) => (mistakes.text(path, namespace), name),
        (None, Some(own)) => (Some(own.clone()), text),
        (None, None) => return mistakes.keep(path, Err(Problem::Service(text.to_owned()))),
    };
    let name = mistakes.text(path, name);
    Some(ServiceRef { namespace: namespace?, name: name? })
}

fn http_rule(mistakes: &mut Mistakes, path: &Path, spec: &HttpSpec) -> Option<HttpRule> {
    if *spec == HttpSpec::default() {
        return mistakes.keep(path, Err(Problem::EmptyHttp));
    }
    let method = spec.method.as_ref().and_then(|method| mistakes.text(&path.field("method"), method));
    let request_path = match (&spec.path, &spec.path_prefix) {
        (Some(_), Some(_)) => return mistakes.keep(&path.field("path_prefix"), Err(Problem::PathAndPrefix)),
        (Some(exact), None) => mistakes.text(&path.field("path"), exact).map(PathMatch::Exact),
        (None, Some(prefix)) => mistakes.text(&path.field("path_prefix"), prefix).map(PathMatch::Prefix),
        (None, None) => None,
    };
    let headers = spec.headers.iter().filter_map(|(name, value)| {
        let at = path.field("headers").key(name);
        Some((mistakes.text(&at, name)?, mistakes.keep(&at, header_value(value))?))
    });
    Some(HttpRule { headers: headers.collect(), method, path: request_path })
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
    let resolver = resolver(mistakes, &root.field("resolver"), &spec.cluster.resolver);
    Some(Dns { allowed: spec.allow_dns.unwrap_or(true), queries, resolver: resolver? })
}

fn resolver(mistakes: &mut Mistakes, path: &Path, spec: &ResolverSpec) -> Option<Resolver> {
    let namespace = mistakes.text(&path.field("namespace"), spec.namespace.as_deref().unwrap_or("kube-system"));
    let default_labels = BTreeMap::from([("k8s-app".to_owned(), "kube-dns".to_owned())]);
    let match_labels =
        labels::labels(mistakes, &path.field("match_labels"), spec.match_labels.as_ref().unwrap_or(&default_labels));
    let at = path.field("ports");
    let ports = spec.ports.as_deref().unwrap_or(&[53]);
    mistakes.not_empty(&at, ports);
    let numbered = ports.iter().enumerate();
    let ports =
        numbered.filter_map(|(index, port)| mistakes.keep(&at.index(index), parse_port_number(*port))).collect();
    let at = path.field("node_local_ips");
    let addresses = spec.node_local_ips.iter().flatten().enumerate();
    let node_local = addresses.filter_map(|(index, text)| mistakes.keep(&at.index(index), address(text))).collect();
    let pods = Selector { match_labels, match_expressions: Vec::new() };
    Some(Resolver { namespace: namespace?, pods, ports, node_local })
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
