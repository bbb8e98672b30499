//! The compiler to `networking.k8s.io/v1` `NetworkPolicy`, which every conformant network plugin enforces.
//!
//! Source of what the API means: the Kubernetes documentation, "Network Policies", and the API reference. It only allows,
//! by pod, namespace and address, on ports of TCP, UDP and SCTP; everything else is refused. Where the API leaves a meaning to
//! the plugin (an `ipBlock` that holds addresses of pods or nodes), the part is degraded and the finding says so.

use std::collections::{BTreeMap, BTreeSet};

use egress_model::cidr::Cidr;
use egress_model::labels::{NAMESPACE_NAME_LABEL, Selector};
use egress_model::policy::{
    CidrSet, ClusterRanges, Entity, Namespaces, Path, Peers, Policy, Port, PortMatch, Protocol, Resolver, Rule,
};

use super::object::KIND;
use super::object::{EgressRule, IpBlock, NetworkPolicySpec, Peer, PolicyPort, PolicyType};
use super::support;
use crate::finding::listed;
use crate::label_selector::{IntOrString, LabelSelector};
use crate::manifest::{Manifest, Metadata};
use crate::{Compiled, Engine, EngineName, Feature, Findings, Level, Settings, look_up};

/// The engine: any network plugin that enforces `NetworkPolicy`.
pub const ENGINE: Engine = Engine {
    name: EngineName::NetworkPolicy,
    support: support::policy,
    exceptions: &[],
    compile,
    kinds: &[&KIND],
    own_namespaces: &[],
};

/// Compiles a policy to one `NetworkPolicy`.
pub fn compile(policy: &Policy, settings: &Settings) -> Compiled {
    let mut findings = Findings::new(support::policy, settings);
    look_up(policy, &mut findings);
    let mut egress = if policy.dns.allowed { dns_rules(&policy.dns.resolver) } else { Vec::new() };
    for (key, rule) in &policy.allow {
        egress.extend(allow_rules(policy, rule, &Path::root().field("allow").key(key), &mut findings));
    }
    Compiled::new(vec![manifest(policy, Metadata::of(policy), egress)], findings)
}

/// The `NetworkPolicy` of a policy's pods with these rules; without any, they may send nothing but what others allow them.
pub(crate) fn manifest(policy: &Policy, metadata: Metadata, egress: Vec<EgressRule>) -> Manifest {
    let spec = NetworkPolicySpec { pod_selector: (&policy.pods).into(), policy_types: [PolicyType::Egress], egress };
    Manifest::new(&KIND, metadata, &spec)
}

/// What an allow rule becomes; where that is not exactly what it says, the findings do.
pub(crate) fn allow_rules(
    policy: &Policy,
    rule: &Rule,
    path: &Path,
    findings: &mut Findings<'_, Feature>,
) -> Vec<EgressRule> {
    let ports: Vec<PolicyPort> = rule.ports.iter().filter_map(policy_port).collect();
    let to = |to: Vec<Peer>| vec![EgressRule { to, ports: ports.clone() }];
    match &rule.to {
        Peers::Pods { namespaces, pods } => to(vec![pods_peer(namespaces, pods)]),
        Peers::Cidrs(set) => {
            note_overlaps(set, &policy.cluster, path, findings);
            to(set.blocks().map(|(cidr, except)| block(cidr, &except)).collect())
        }
        Peers::External => {
            let outside = policy.cluster.external_blocks();
            if outside.is_empty() {
                let why = "a NetworkPolicy has no notion of what is outside the cluster: 0.0.0.0/0 also holds the \
                           pods. Set the provider's kubernetes.cluster_cidrs.pods, and services and nodes beside \
                           it, so that they can be left out";
                findings.refuse(path.field("to_external"), Feature::External, why);
                return Vec::new();
            }
            to(outside.into_iter().map(|(whole, inside)| block(whole, &inside)).collect())
        }
        // Refused, so that nothing is emitted.
        Peers::Domains(_) | Peers::Services(_) => Vec::new(),
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
    findings: &mut Findings<'_, Feature>,
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
        let why = format!(
            "a NetworkPolicy has no notion of {name:?}; set the provider's kubernetes.cluster_cidrs.{field} to use these addresses"
        );
        findings.refuse(at, feature, why);
        return Vec::new();
    }
    let to = ranges.iter().map(|cidr| block(*cidr, &[])).collect();
    vec![EgressRule { to, ports: ports.to_vec() }]
}

/// Tells where a block holds addresses of the cluster, because the API leaves it to the plugin whether it matches them.
fn note_overlaps(set: &CidrSet, cluster: &ClusterRanges, path: &Path, findings: &mut Findings<'_, Feature>) {
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
            "overlaps addresses of the cluster ({}); whether a block matches them is up to the network plugin. \
             Select pods by their labels, and leave the ranges out with exceptions (\"!10.0.0.0/8\")",
            listed(&overlaps)
        )
    } else if everywhere() {
        "holds every address, and with most network plugins also those of the pods; use to_external for what is \
         outside the cluster"
            .to_owned()
    } else {
        return;
    };
    findings.add(Level::Degraded, path.field("to_cidrs"), Feature::BlocksWithoutPods, why);
}

/// Whether a rule is about pods other than the resolver's, which are not in a mesh as it is installed.
pub(crate) fn reaches_pods(rule: &Rule) -> bool {
    match &rule.to {
        Peers::Pods { .. } => true,
        Peers::Entities(entities) => entities.contains(&Entity::All),
        Peers::Cidrs(_) | Peers::External | Peers::Domains(_) | Peers::Services(_) => false,
    }
}

/// The same pods on the port on which those of a mesh take connections to any of their ports, if a rule lets some TCP to pods and
/// not every port already. `None` also for rules about addresses, where no pods are meant.
pub(crate) fn through_mesh(rule: &EgressRule, mesh_port: u16) -> Option<EgressRule> {
    let every_pod = || Peer::Pods { namespace_selector: Some(LabelSelector::default()), pod_selector: None };
    let to = if rule.to.is_empty() { vec![every_pod()] } else { rule.to.clone() };
    let pods = to.iter().all(|peer| matches!(peer, Peer::Pods { .. }));
    let tcp = rule.ports.iter().any(|port| port.protocol == Protocol::Tcp.as_str());
    (pods && tcp).then(|| EgressRule { to, ports: vec![numbered(Protocol::Tcp, mesh_port, None)] })
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

pub(crate) fn block(cidr: Cidr, except: &[Cidr]) -> Peer {
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

/// What lets pods ask the resolver.
pub(crate) fn dns_rules(resolver: &Resolver) -> Vec<EgressRule> {
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

/// One port or a range.
pub(crate) fn numbered(protocol: Protocol, port: u16, end_port: Option<u16>) -> PolicyPort {
    PolicyPort { protocol: protocol.as_str(), port: Some(IntOrString::Int(port)), end_port }
}

pub(crate) fn policy_port(port: &Port) -> Option<PolicyPort> {
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

/// TCP to pods of a namespace.
pub(crate) fn to_pods(
    namespace: &str,
    labels: &BTreeMap<String, String>,
    ports: impl IntoIterator<Item = u16>,
) -> EgressRule {
    let name = (NAMESPACE_NAME_LABEL.to_owned(), namespace.to_owned());
    let selector = |match_labels| LabelSelector { match_labels, match_expressions: Vec::new() };
    let peer =
        Peer::Pods { namespace_selector: Some(selector([name].into())), pod_selector: Some(selector(labels.clone())) };
    let ports: BTreeSet<_> = ports.into_iter().collect();
    let ports: Vec<PolicyPort> = ports.into_iter().map(|port| numbered(Protocol::Tcp, port, None)).collect();
    EgressRule { to: vec![peer], ports }
}
