//! The rules of a policy, as Calico's.
//!
//! A rule of Calico has one protocol, one IP version and one Service; one of the model becomes as many as it takes.

use std::collections::{BTreeMap, BTreeSet};

use egress_model::cidr::Cidr;
use egress_model::policy::{
    ClusterRanges, Depth, DomainPattern, Entity, IcmpType, Namespaces, Path, Peers, Policy, Port, PortMatch, Protocol,
    Resolver, Rule, ServiceRef,
};

use super::address;
use super::object::{Action, Destination, EgressRule, Family, Icmp, ServiceMatch};
use super::selector::Expression;
use super::target::Target;
use crate::label_selector::IntOrString;
use crate::{Feature, Findings, Level};

/// What allows name resolution.
pub(super) fn dns_rules(resolver: &Resolver) -> Vec<EgressRule> {
    let ask = |target: &Target, ports: &[u16]| -> Vec<EgressRule> {
        let of = |protocol: Protocol| {
            let ports = ports.iter().copied().map(IntOrString::Int).collect();
            rule(Action::Allow, target, Some(protocol.as_str()), ports)
        };
        [Protocol::Udp, Protocol::Tcp].map(of).into()
    };
    let ports: Vec<u16> = resolver.ports.iter().map(|port| port.get()).collect();
    let caches = node_local(resolver);
    ask(&resolver_pods(resolver), &ports).into_iter().chain(caches.iter().flat_map(|cache| ask(cache, &[53]))).collect()
}

/// The rules of one kind of a policy.
pub(super) fn rules(
    policy: &Policy,
    action: Action,
    rules: &BTreeMap<String, Rule>,
    path: &Path,
    findings: &mut Findings<'_, Feature>,
) -> Vec<EgressRule> {
    let every = rules.iter().flat_map(|(key, rule)| {
        let at = path.key(key);
        note_ports(rule, &at, findings);
        rule_rules(policy, action, rule, &at, findings)
    });
    every.collect()
}

fn rule_rules(
    policy: &Policy,
    action: Action,
    rule: &Rule,
    path: &Path,
    findings: &mut Findings<'_, Feature>,
) -> Vec<EgressRule> {
    if let Peers::Entities(entities) = &rule.to
        && entities.contains(&Entity::Dns)
        && rule.ports.is_empty()
    {
        // Asking the resolver is about its own ports; the other entities of the rule are not.
        let mut others = entities.clone();
        others.remove(&Entity::Dns);
        let asks = dns_rules(&policy.dns.resolver).into_iter().map(|rule| EgressRule { action, ..rule });
        let rest = others.iter().flat_map(|entity| entity_targets(policy, *entity, &rule.ports, path, findings));
        let rest: Vec<_> = rest.flat_map(|target| with_ports(action, &target, &rule.ports)).collect();
        return asks.chain(rest).collect();
    }
    let targets = targets(policy, rule, path, findings);
    targets.iter().flat_map(|target| with_ports(action, target, &rule.ports)).collect()
}

fn targets(policy: &Policy, rule: &Rule, path: &Path, findings: &mut Findings<'_, Feature>) -> Vec<Target> {
    match &rule.to {
        Peers::Pods { namespaces, pods } => {
            let namespace_selector = match namespaces {
                Namespaces::Own => None,
                Namespaces::Matching(selector) => Some(Expression::from(selector)),
            };
            let selector = Some(Expression::pods().and(pods.into()));
            vec![Target::pods(Destination { namespace_selector, selector, ..Destination::default() })]
        }
        Peers::Cidrs(set) => address::set(set, &policy.cluster, path, findings),
        Peers::External => {
            let outside = address::external(&policy.cluster);
            if outside.is_empty() {
                let why = "Calico has no notion of what is outside the cluster: 0.0.0.0/0 also holds the pods. Set the provider's \
                           kubernetes.cluster_cidrs.pods, and services and nodes beside it, so that they can be left out";
                findings.refuse(path.field("to_external"), Feature::External, why);
            }
            outside
        }
        Peers::Domains(patterns) => {
            note_resolver(&policy.dns.resolver, path, findings);
            let domains = patterns.iter().map(domain).collect();
            vec![Target::outside(None, Destination { domains, ..Destination::default() })]
        }
        Peers::Services(services) => {
            if !rule.ports.is_empty() {
                let why = "Calico takes a Service's ports from the Service and none beside it; leave ports out, or select the pods \
                           behind the Service with to_pods or to_namespaces";
                findings.refuse(path.field("ports"), Feature::Services, why);
            }
            services.iter().map(service).collect()
        }
        Peers::Entities(entities) => {
            let all = entities.iter();
            all.flat_map(|entity| entity_targets(policy, *entity, &rule.ports, path, findings)).collect()
        }
    }
}

fn entity_targets(
    policy: &Policy,
    entity: Entity,
    ports: &[Port],
    path: &Path,
    findings: &mut Findings<'_, Feature>,
) -> Vec<Target> {
    let resolver = &policy.dns.resolver;
    match entity {
        Entity::All => vec![Target::pods(Destination::default())],
        Entity::Dns => std::iter::once(resolver_pods(resolver)).chain(node_local(resolver)).collect(),
        Entity::ApiServer => api_server(&policy.cluster, ports, path, findings),
        Entity::Nodes => nodes(&policy.cluster, path, findings),
    }
}

fn api_server(
    cluster: &ClusterRanges,
    ports: &[Port],
    path: &Path,
    findings: &mut Findings<'_, Feature>,
) -> Vec<Target> {
    let at = path.field("to_entities");
    if !cluster.api_server.is_empty() {
        note_shared(&cluster.api_server, cluster, at, Feature::ApiServer, findings);
        return address::blocks(&cluster.api_server, &[].into());
    }
    if !ports.is_empty() {
        let why = "Calico finds the API server by the Service kubernetes, and takes the ports from it and none beside them; leave \
                   ports out, or set the provider's kubernetes.cluster_cidrs.api_server to use these addresses";
        findings.refuse(at, Feature::ApiServer, why);
        return Vec::new();
    }
    let why = "becomes the Service kubernetes in default, which is the API server's own port and no other; set the provider's \
               kubernetes.cluster_cidrs.api_server for every port";
    findings.add(Level::Degraded, at, Feature::ApiServer, why);
    let services = ServiceMatch { name: "kubernetes".to_owned(), namespace: "default".to_owned() };
    vec![Target::outside(None, Destination { services: Some(services), ..Destination::default() })]
}

fn nodes(cluster: &ClusterRanges, path: &Path, findings: &mut Findings<'_, Feature>) -> Vec<Target> {
    let at = path.field("to_entities");
    if cluster.nodes.is_empty() {
        let why = "Calico knows nodes only where each has a HostEndpoint; set the provider's kubernetes.cluster_cidrs.nodes to use \
                   these addresses";
        findings.refuse(at, Feature::Nodes, why);
        return Vec::new();
    }
    note_shared(&cluster.nodes, cluster, at, Feature::Nodes, findings);
    address::blocks(&cluster.nodes, &[].into())
}

/// Tells where ranges of something else also hold pods. A single address that is something else's is no pod's.
fn note_shared(
    ranges: &BTreeSet<Cidr>,
    cluster: &ClusterRanges,
    at: Path,
    feature: Feature,
    findings: &mut Findings<'_, Feature>,
) {
    let with_pods = |range: &&Cidr| cluster.pods.iter().any(|pods| pods.overlaps(range));
    let several = |range: &&Cidr| range.net().prefix_len() < range.net().max_prefix_len();
    if let Some(shared) = ranges.iter().filter(several).find(with_pods) {
        let why = format!("{shared} also holds pods' addresses, which Calico's blocks match");
        findings.add(Level::Degraded, at, feature, why);
    }
}

fn resolver_pods(resolver: &Resolver) -> Target {
    Target::pods(Destination {
        namespace_selector: Some(Expression::namespace(&resolver.namespace)),
        selector: Some(Expression::pods().and((&resolver.pods).into())),
        ..Destination::default()
    })
}

fn node_local(resolver: &Resolver) -> Vec<Target> {
    let addresses: Vec<_> = resolver.node_local.iter().map(|address| Cidr::of_address(*address)).collect();
    address::blocks(&addresses, &[].into())
}

fn service(service: &ServiceRef) -> Target {
    let services = ServiceMatch { name: service.name.to_string(), namespace: service.namespace.to_string() };
    Target::pods(Destination { services: Some(services), ..Destination::default() })
}

/// A name, or names below it: Calico's `*` is one or more labels.
fn domain(pattern: &DomainPattern) -> String {
    match pattern.depth() {
        Depth::Exact => pattern.base().to_string(),
        Depth::OneLabel | Depth::AnyDepth => format!("*.{}", pattern.base()),
    }
}

/// Tells which DNS servers Calico has to trust.
fn note_resolver(resolver: &Resolver, path: &Path, findings: &mut Findings<'_, Feature>) {
    let caches = resolver.node_local.iter().map(ToString::to_string);
    let elsewhere = (resolver.namespace.as_str() != "kube-system")
        .then(|| format!("k8s-service:{}/ and the name of the resolver's Service", resolver.namespace));
    let untrusted: Vec<String> = elsewhere.into_iter().chain(caches).collect();
    if !untrusted.is_empty() {
        let why = format!(
            "Calico learns addresses only from the DNS servers that it trusts, by default the Service kube-dns of kube-system; have \
             {} in dnsTrustedServers of the FelixConfiguration default",
            untrusted.join(", ")
        );
        findings.add(Level::Exact, path.field("to_domains"), Feature::Domains, why);
    }
}

/// Tells what of the ports is refused.
fn note_ports(rule: &Rule, path: &Path, findings: &mut Findings<'_, Feature>) {
    for (index, port) in rule.ports.iter().enumerate() {
        if let Port::Icmp(Some(IcmpType { number: u8::MAX, .. })) = port {
            let at = path.field("ports").index(index);
            findings.refuse(at, Feature::Icmp, "Calico takes the ICMP types 0 to 254");
        }
    }
}

fn rule(action: Action, target: &Target, protocol: Option<&'static str>, ports: Vec<IntOrString>) -> EgressRule {
    let destination = Destination { ports, ..target.destination.clone() };
    EgressRule { action, ip_version: None, protocol, icmp: None, destination }
}

/// The rules for these ports of a destination; no ports mean everything.
fn with_ports(action: Action, target: &Target, ports: &[Port]) -> Vec<EgressRule> {
    if ports.is_empty() {
        return vec![rule(action, target, None, Vec::new())];
    }
    let transports = [Protocol::Tcp, Protocol::Udp, Protocol::Sctp].into_iter().filter_map(|protocol| {
        let matched: Vec<&PortMatch> = ports.iter().filter_map(|port| port_of(port, protocol)).collect();
        let every = matched.contains(&&PortMatch::Every);
        let listed: Vec<IntOrString> = matched.into_iter().filter_map(|matched| listed(matched, target.pods)).collect();
        match (every, listed.is_empty()) {
            (true, _) => Some(rule(action, target, Some(protocol.as_str()), Vec::new())),
            (false, true) => None,
            (false, false) => Some(rule(action, target, Some(protocol.as_str()), listed)),
        }
    });
    let messages = ports.iter().filter_map(|port| match port {
        Port::Icmp(message) => Some(*message),
        Port::Transport(..) => None,
    });
    let families = target.family.map_or(Family::BOTH.to_vec(), |family| vec![family]);
    let messages = messages.flat_map(|message| families.iter().map(move |family| (message, *family)));
    let messages = messages.map(|(message, family)| {
        let protocol = match family {
            Family::V4 => "ICMP",
            Family::V6 => "ICMPv6",
        };
        let icmp = message.map(|message| Icmp { number: message.number, code: message.code });
        EgressRule { ip_version: Some(family), icmp, ..rule(action, target, Some(protocol), Vec::new()) }
    });
    transports.chain(messages).collect()
}

fn port_of(port: &Port, wanted: Protocol) -> Option<&PortMatch> {
    match port {
        Port::Transport(protocol, matched) if *protocol == wanted => Some(matched),
        Port::Transport(..) | Port::Icmp(_) => None,
    }
}

fn listed(matched: &PortMatch, pods: bool) -> Option<IntOrString> {
    match matched {
        PortMatch::Every => None,
        PortMatch::Number(number) => Some(IntOrString::Int(number.get())),
        PortMatch::Range(range) => Some(IntOrString::String(format!("{}:{}", range.start(), range.end()))),
        PortMatch::Named(name) => pods.then(|| IntOrString::String(name.as_str().to_owned())),
    }
}
