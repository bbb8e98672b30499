//! The compiler to `networking.k8s.io/v1` `NetworkPolicy`, which every conformant network plugin enforces.
//!
//! Source of what the API means: the Kubernetes documentation, "Network Policies", and the API reference. It only allows,
//! by pod, namespace and address, on ports of TCP, UDP and SCTP; everything else is refused. Where the API leaves a meaning to
//! the plugin (an `ipBlock` that holds addresses of pods or nodes), the part is degraded and the finding says so.

mod object;

use std::collections::BTreeSet;

use egress_model::cidr::Cidr;
use egress_model::labels::{NAMESPACE_NAME_LABEL, Selector};
use egress_model::policy::{
    CidrSet, ClusterRanges, Depth, DomainPattern, Entity, Mode, Namespaces, Path, Peers, Policy, Port, PortMatch,
    Protocol, Resolver, Rule,
};
pub use object::{
    EgressRule, IntOrString, IpBlock, LabelSelector, LabelSelectorRequirement, NetworkPolicySpec, Peer, PolicyPort,
    PolicyType,
};

use crate::Compiled;
use crate::finding::{Feature, Finding, Level};
use crate::manifest::{Manifest, Metadata, ObjectSpec};

/// Compiles a policy to one `NetworkPolicy`.
pub fn compile(policy: &Policy) -> Compiled {
    let mut findings = Findings::default();
    refuse_what_has_no_field(policy, &mut findings);
    let mut egress = if policy.dns.allowed { dns_rules(&policy.dns.resolver) } else { Vec::new() };
    for (key, rule) in &policy.allow {
        egress.extend(allow_rules(policy, rule, &Path::root().field("allow").key(key), &mut findings));
    }
    let spec = NetworkPolicySpec { pod_selector: (&policy.pods).into(), policy_types: [PolicyType::Egress], egress };
    let metadata = Metadata {
        name: policy.name.to_string(),
        namespace: Some(policy.namespace.to_string()),
        labels: policy.labels.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect(),
        annotations: policy.annotations.iter().map(|(key, value)| (key.to_string(), value.clone())).collect(),
    };
    let manifest = Manifest {
        api_version: "networking.k8s.io/v1",
        kind: "NetworkPolicy",
        metadata,
        spec: ObjectSpec::NetworkPolicy(spec),
        plural: "networkpolicies",
    };
    Compiled::new(vec![manifest], findings.0)
}

#[derive(Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, level: Level, path: Path, feature: Feature, why: impl Into<String>) {
        self.0.push(Finding { level, path, why: why.into(), engines_that_can: feature.engines() });
    }

    fn refuse(&mut self, path: Path, feature: Feature, why: impl Into<String>) {
        self.add(Level::Refused, path, feature, why);
    }
}

fn refuse_what_has_no_field(policy: &Policy, findings: &mut Findings) {
    let root = Path::root();
    if policy.mode == Mode::Audit {
        findings.refuse(root.field("mode"), Feature::Audit, "a NetworkPolicy always enforces");
    }
    if !policy.service_accounts.is_empty() {
        let why = "a NetworkPolicy selects its pods by labels only";
        findings.refuse(root.field("service_accounts"), Feature::ServiceAccounts, why);
    }
    for key in policy.deny.keys() {
        let why = "a NetworkPolicy only allows; to leave out a part of an allowed block use except_cidrs";
        findings.refuse(root.field("deny").key(key), Feature::Deny, why);
    }
}

fn allow_rules(policy: &Policy, rule: &Rule, path: &Path, findings: &mut Findings) -> Vec<EgressRule> {
    if !rule.http.is_empty() {
        findings.refuse(path.field("http"), Feature::Http, "a NetworkPolicy does not look into connections");
    }
    if !rule.sni.is_empty() {
        findings.refuse(path.field("sni"), Feature::Sni, "a NetworkPolicy does not look into connections");
    }
    let mut ports = Vec::with_capacity(rule.ports.len());
    for (index, port) in rule.ports.iter().enumerate() {
        match policy_port(port) {
            Some(port) => ports.push(port),
            None => findings.refuse(
                path.field("ports").index(index),
                Feature::Icmp,
                "a NetworkPolicy knows TCP, UDP and SCTP; what its plugin does with ICMP is not defined",
            ),
        }
    }
    if ports.len() < rule.ports.len() {
        // Refused above. Without its ports the rule would mean every port.
        return Vec::new();
    }
    let to = |to: Vec<Peer>| vec![EgressRule { to, ports: ports.clone() }];
    match &rule.to {
        Peers::Pods { namespaces, pods } => to(vec![pods_peer(namespaces, pods)]),
        Peers::Cidrs(set) => {
            note_overlaps(set, &policy.cluster, path, findings);
            to(set.blocks().map(|(cidr, except)| block(cidr, &except)).collect())
        }
        Peers::External => {
            let outside = external(&policy.cluster);
            if outside.is_empty() {
                let why = "a NetworkPolicy has no notion of what is outside the cluster: 0.0.0.0/0 also holds the pods. \
                           Set cluster_cidrs.pods, and services and nodes beside it, so that they can be left out";
                findings.refuse(path.field("to_external"), Feature::External, why);
                return Vec::new();
            }
            to(outside)
        }
        Peers::Domains(patterns) => {
            let feature = widest(patterns);
            findings.refuse(path.field("to_domains"), feature, "a NetworkPolicy knows no domain names");
            Vec::new()
        }
        Peers::Services(_) => {
            let why = "a NetworkPolicy is applied after a Service's address became that of a pod; select the pods behind the \
                       Service with to_pods and to_namespaces";
            findings.refuse(path.field("to_services"), Feature::Services, why);
            Vec::new()
        }
        Peers::Entities(entities) => {
            let all = entities.iter();
            all.flat_map(|entity| entity_rules(policy, *entity, &ports, path, findings)).collect()
        }
    }
}

fn entity_rules(
    policy: &Policy,
    entity: Entity,
    ports: &[PolicyPort],
    path: &Path,
    findings: &mut Findings,
) -> Vec<EgressRule> {
    let (ranges, field, feature) = match entity {
        Entity::All => return vec![EgressRule { to: Vec::new(), ports: ports.to_vec() }],
        Entity::Dns if ports.is_empty() => return dns_rules(&policy.dns.resolver),
        Entity::Dns => {
            let resolver = &policy.dns.resolver;
            let to = std::iter::once(resolver_pods(resolver)).chain(node_local(resolver)).collect();
            return vec![EgressRule { to, ports: ports.to_vec() }];
        }
        Entity::ApiServer => (&policy.cluster.api_server, "api_server", Feature::ApiServer),
        Entity::Nodes => (&policy.cluster.nodes, "nodes", Feature::Nodes),
    };
    let at = path.field("to_entities");
    let name = entity.as_str();
    if ranges.is_empty() {
        let why =
            format!("a NetworkPolicy has no notion of {name:?}; set cluster_cidrs.{field} to use these addresses");
        findings.refuse(at, feature, why);
        return Vec::new();
    }
    let why = format!(
        "{name:?} becomes the addresses in cluster_cidrs.{field}; whether a block matches addresses of nodes is up to the \
         network plugin (Cilium's default: it does not)"
    );
    findings.add(Level::Degraded, at, feature, why);
    let to = ranges.iter().map(|cidr| block(*cidr, &[])).collect();
    vec![EgressRule { to, ports: ports.to_vec() }]
}

/// Tells where a block holds addresses of the cluster, because the API leaves it to the plugin whether it matches them.
fn note_overlaps(set: &CidrSet, cluster: &ClusterRanges, path: &Path, findings: &mut Findings) {
    let ranges = [("pods", &cluster.pods), ("Services", &cluster.services), ("nodes", &cluster.nodes)];
    let overlaps: Vec<String> = set
        .blocks()
        .flat_map(|(block, _)| {
            let every_range = ranges.iter().flat_map(|(what, ranges)| ranges.iter().map(move |range| (*what, *range)));
            every_range
                .filter(move |(_, range)| block.overlaps(range) && !set.excepts(range))
                .map(move |(what, range)| format!("{block} with {range} of the {what}"))
                .collect::<Vec<_>>()
        })
        .collect();
    let everywhere = || {
        let undeclared = |whole: &Cidr| !cluster.pods.iter().any(|range| range.same_family(whole));
        set.blocks().any(|(block, _)| [Cidr::ALL_IPV4, Cidr::ALL_IPV6].contains(&block) && undeclared(&block))
    };
    let why = if !overlaps.is_empty() {
        format!(
            "overlaps addresses of the cluster ({}); whether a block matches them is up to the network plugin. Select pods by \
             their labels, and leave the ranges out with except_cidrs",
            overlaps.join(", ")
        )
    } else if everywhere() {
        "holds every address, and with most network plugins also those of the pods; use to_external for what is outside \
         the cluster"
            .to_owned()
    } else {
        return;
    };
    findings.add(Level::Degraded, path.field("to_cidrs"), Feature::BlocksWithoutPods, why);
}

/// Every address outside the cluster; nothing where its pods' ranges are not known.
fn external(cluster: &ClusterRanges) -> Vec<Peer> {
    if cluster.pods.is_empty() {
        return Vec::new();
    }
    let internal = cluster.internal();
    let outside = |whole: Cidr| {
        let inside: Vec<_> = internal.iter().copied().filter(|range| whole.covers(range)).collect();
        block(whole, &inside)
    };
    vec![outside(Cidr::ALL_IPV4), outside(Cidr::ALL_IPV6)]
}

fn pods_peer(namespaces: &Namespaces, pods: &Selector) -> Peer {
    match namespaces {
        Namespaces::Own => Peer::Pods { namespace_selector: None, pod_selector: Some(pods.into()) },
        Namespaces::Matching(selector) => Peer::Pods {
            namespace_selector: Some(selector.into()),
            pod_selector: (!pods.is_empty()).then(|| pods.into()),
        },
    }
}

fn block(cidr: Cidr, except: &[Cidr]) -> Peer {
    let except = except.iter().map(ToString::to_string).collect();
    Peer::Block { ip_block: IpBlock { cidr: cidr.to_string(), except } }
}

fn resolver_pods(resolver: &Resolver) -> Peer {
    let name = (NAMESPACE_NAME_LABEL.to_owned(), resolver.namespace.to_string());
    let namespace = LabelSelector { match_labels: [name].into(), match_expressions: Vec::new() };
    Peer::Pods { namespace_selector: Some(namespace), pod_selector: Some((&resolver.pods).into()) }
}

fn node_local(resolver: &Resolver) -> impl Iterator<Item = Peer> {
    resolver.node_local.iter().map(|address| block(Cidr::of_address(*address), &[]))
}

fn dns_rules(resolver: &Resolver) -> Vec<EgressRule> {
    let dns_ports = |ports: BTreeSet<u16>| -> Vec<PolicyPort> {
        let both = |port| [Protocol::Udp, Protocol::Tcp].map(|protocol| numbered(protocol, port, None));
        ports.into_iter().flat_map(both).collect()
    };
    let pods = EgressRule {
        to: vec![resolver_pods(resolver)],
        ports: dns_ports(resolver.ports.iter().map(|port| port.get()).collect()),
    };
    let caches = EgressRule { to: node_local(resolver).collect(), ports: dns_ports([53].into()) };
    // An empty `to` would mean every destination.
    if caches.to.is_empty() { vec![pods] } else { vec![pods, caches] }
}

fn numbered(protocol: Protocol, port: u16, end_port: Option<u16>) -> PolicyPort {
    PolicyPort { protocol: protocol.as_str(), port: Some(IntOrString::Int(port)), end_port }
}

fn policy_port(port: &Port) -> Option<PolicyPort> {
    let Port::Transport(protocol, matched) = port else { return None };
    Some(match matched {
        PortMatch::Every => PolicyPort { protocol: protocol.as_str(), port: None, end_port: None },
        PortMatch::Number(number) => numbered(*protocol, number.get(), None),
        PortMatch::Range(range) => numbered(*protocol, range.start().get(), Some(range.end().get())),
        PortMatch::Named(name) => PolicyPort {
            protocol: protocol.as_str(),
            port: Some(IntOrString::String(name.as_str().to_owned())),
            end_port: None,
        },
    })
}

fn widest(patterns: &[DomainPattern]) -> Feature {
    match patterns.iter().map(DomainPattern::depth).max() {
        Some(Depth::AnyDepth) => Feature::DomainsAnyDepth,
        Some(Depth::OneLabel) => Feature::DomainsOneLabel,
        Some(Depth::Exact) | None => Feature::Domains,
    }
}
