//! What the cluster-wide policy APIs with tiers have in common: `ClusterNetworkPolicy`, the older `AdminNetworkPolicy`, and the
//! kind of EKS that was made after them. Their kinds differ in how they write ports and actions, and in how much fits.
//!
//! Sources: the API reference of network-policy-api 0.2.0 (`ClusterNetworkPolicy` v1alpha2) and 0.1.7 (`AdminNetworkPolicy`
//! v1alpha1), as their CRDs have it. What is the same in all of them:
//!
//! - Rules are asked in order and the first that matches decides; a policy's rules before those of one with a higher number.
//!   The Admin tier comes before every `NetworkPolicy`, the Baseline tier after them. What nobody decides passes.
//! - `networks` matches every destination by its address, also pods. The model's blocks never mean pods, so the ranges of the
//!   pods are cut out of them; there are no exceptions, so the remainder is written as blocks.
//! - A named port has no protocol and is of a pod.
//!
//! How a portable policy becomes tiers, so that policies add up and deny rules win as the model says: deny rules and allow rules
//! are in the Admin tier, where no `NetworkPolicy` takes them back; the default deny comes last, after every `NetworkPolicy`,
//! so that one of those can still allow more.

pub(crate) mod channel;
mod object;
mod peers;
pub(crate) mod rules;

use egress_model::cidr::Cidr;
use egress_model::labels::{NAMESPACE_NAME_LABEL, Selector};
use egress_model::policy::{Entity, Path, Peers, Policy, Port, PortMatch, Protocol, Resolver, Rule, Scope};
use serde::Serialize;

use crate::label_selector::{LabelSelector, LabelSelectorRequirement};
use crate::manifest::{Kind, Manifest, Metadata};
use crate::{Feature, Findings};
pub use object::{Peer, PodsPeer, Subject};
use peers::{Destinations, destinations, networks};
pub(crate) use peers::{has_domain_form, names};

/// How much fits into the lists of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Destinations of a rule.
    pub(crate) peers: usize,
    /// Ports of a rule.
    pub(crate) ports: usize,
    /// Blocks of a destination, and names of one.
    pub(crate) networks: usize,
    /// Whether nodes can be selected as nodes, and not only by their addresses.
    pub(crate) nodes: bool,
    /// Whether there are domain names.
    pub(crate) domains: bool,
    /// Whether there are named ports.
    pub(crate) named_ports: bool,
}

/// What every network plugin with one of the APIs of network-policy-api has, as nothing says which one it is: Calico, and OVN-Kubernetes
/// (its charts and `dist/templates` have the namespace `ovn-kubernetes`). Kube-OVN and Antrea are in `kube-system`.
pub(crate) const OWN_NAMESPACES: &[&str] = &["calico-apiserver", "calico-system", "ovn-kubernetes", "tigera-operator"];

/// What to do where a part is only in the experimental channel and the cluster is said to have the standard one.
const ONLY_EXPERIMENTAL: &str = "is only in the experimental channel of the network-policy-api CRDs, and few network plugins \
                                 implement it; if yours does, set the provider's kubernetes.network_policy_api_channel to \
                                 \"experimental\"";

/// What has to be there for such a part, as the capability table says it.
pub(crate) const EXPERIMENTAL: &str =
    "`kubernetes.network_policy_api_channel` `experimental`, and a network plugin that implements it";

/// What `domainNames` makes of names one label below a domain.
pub(crate) const ONE_LABEL: &str =
    "the API's \"*.\" stands for one or more labels, so names further down are matched as well";

/// What a named port means.
pub(crate) const NAMED_PORT: &str = "a named port of this API has no protocol, so a port of this name is matched whatever its \
                                     protocol is; write its number";

/// A rule, before a kind writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TierRule {
    /// What the user calls it, cut to what fits.
    pub(crate) name: String,
    /// The destinations; at least one.
    pub(crate) to: Vec<Peer>,
    /// The ports; none means every port of every protocol.
    pub(crate) ports: Vec<TierPort>,
}

/// A port of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TierPort {
    /// One port.
    Number(Protocol, u16),
    /// From the first to the last; more than one.
    Range(Protocol, u16, u16),
    /// The port that the destination pod calls so, of whatever protocol.
    Named(String),
}

/// The pods that a policy is about.
pub(crate) fn subject(policy: &Policy) -> Subject {
    let namespace_selector = match &policy.scope {
        Scope::Namespace(namespace) => namespace_named(namespace.as_str()),
        Scope::Cluster { namespaces, exempt } => {
            let mut selector = LabelSelector::from(namespaces);
            if !exempt.is_empty() {
                selector.match_expressions.push(LabelSelectorRequirement {
                    key: NAMESPACE_NAME_LABEL.to_owned(),
                    operator: "NotIn",
                    values: exempt.iter().map(ToString::to_string).collect(),
                });
            }
            selector
        }
    };
    if policy.pods.is_empty() {
        Subject::Namespaces(namespace_selector)
    } else {
        Subject::Pods(PodsPeer { namespace_selector, pod_selector: (&policy.pods).into() })
    }
}

/// The rule that denies what no other rule decides: to pods, because a plugin may match those by labels only (Cilium does), and
/// to every address.
pub(crate) fn default_deny() -> TierRule {
    TierRule { name: "default-deny".to_owned(), to: everything(), ports: Vec::new() }
}

/// The rules that a policy's allow rules become, and its resolver.
pub(crate) fn allow_rules(policy: &Policy, limits: Limits, findings: &mut Findings<'_, Feature>) -> Vec<TierRule> {
    let mut rules = Vec::new();
    if policy.dns.allowed {
        rules.extend(fitting("dns", resolver_rules(&policy.dns.resolver), limits));
    }
    let path = Path::root().field("allow");
    for (key, rule) in &policy.allow {
        rules.extend(fitting(key, tier_rules(policy, rule, limits, &path.key(key), findings), limits));
    }
    rules
}

/// The rules that a policy's deny rules become.
pub(crate) fn deny_rules(policy: &Policy, limits: Limits, findings: &mut Findings<'_, Feature>) -> Vec<TierRule> {
    let path = Path::root().field("deny");
    let all = policy.deny.iter();
    all.flat_map(|(key, rule)| fitting(key, tier_rules(policy, rule, limits, &path.key(key), findings), limits))
        .collect()
}

/// Destinations, and the ports for them.
type Part = (Destinations, Vec<TierPort>);

/// Rules of one name that fit the lists: every part of the destinations with every part of the ports.
fn fitting(name: &str, parts: Vec<Part>, limits: Limits) -> Vec<TierRule> {
    let name: String = name.chars().take(100).collect();
    let mut rules = Vec::new();
    let mut add = |to: &[Peer], ports: &[TierPort]| {
        rules.extend(to.chunks(limits.peers).map(|to| TierRule {
            name: name.clone(),
            to: to.to_vec(),
            ports: ports.to_vec(),
        }));
    };
    for (to, ports) in parts {
        let all: Vec<Peer> = to.pods.iter().chain(&to.others).cloned().collect();
        if ports.is_empty() {
            add(&all, &[]);
        } else if to.others.is_empty() {
            ports.chunks(limits.ports).for_each(|ports| add(&all, ports));
        } else {
            // What is not a pod has no port names, and the CRD refuses both in one rule.
            let is_named = |port: &TierPort| matches!(port, TierPort::Named(_));
            let (named, numbered): (Vec<_>, Vec<_>) = ports.into_iter().partition(is_named);
            numbered.chunks(limits.ports).for_each(|ports| add(&all, ports));
            named.chunks(limits.ports).for_each(|ports| add(&to.pods, ports));
        }
    }
    rules
}

fn tier_rules(
    policy: &Policy,
    rule: &Rule,
    limits: Limits,
    path: &Path,
    findings: &mut Findings<'_, Feature>,
) -> Vec<Part> {
    let ports: Vec<TierPort> = rule.ports.iter().filter_map(tier_port).collect();
    if ports.len() < rule.ports.len() {
        // Some are refused; without them the rule would mean every port.
        return Vec::new();
    }
    let named = ports.iter().any(|port| matches!(port, TierPort::Named(_)));
    if named && !limits.named_ports {
        findings.refuse(path.field("ports"), Feature::NamedPorts, format!("a named port {ONLY_EXPERIMENTAL}"));
    }
    if let Peers::Entities(entities) = &rule.to {
        let all = entities.iter();
        return all
            .flat_map(|entity| match entity {
                Entity::Dns if rule.ports.is_empty() => resolver_rules(&policy.dns.resolver),
                entity => vec![(peers::entity(policy, *entity, limits, path, findings), ports.clone())],
            })
            .collect();
    }
    vec![(destinations(policy, &rule.to, limits, path, findings), ports)]
}

/// Every destination.
fn everything() -> Vec<Peer> {
    let mut peers = vec![Peer::Namespaces(LabelSelector::default())];
    peers.extend(networks([Cidr::ALL_IPV4, Cidr::ALL_IPV6], 2));
    peers
}

/// What the resolver is asked on: its pods' own ports, and 53 of the caches on the nodes.
fn resolver_rules(resolver: &Resolver) -> Vec<Part> {
    let both = |port| [Protocol::Udp, Protocol::Tcp].map(|protocol| TierPort::Number(protocol, port));
    let pods = Destinations { pods: vec![resolver_pods(resolver)], others: Vec::new() };
    let mut parts = vec![(pods, resolver.ports.iter().flat_map(|port| both(port.get())).collect())];
    let caches = node_local(resolver);
    if !caches.is_empty() {
        parts.push((Destinations { pods: Vec::new(), others: caches }, both(53).into()));
    }
    parts
}

fn resolver_pods(resolver: &Resolver) -> Peer {
    let namespace_selector = namespace_named(resolver.namespace.as_str());
    if resolver.pods.is_empty() {
        return Peer::Namespaces(namespace_selector);
    }
    Peer::Pods(PodsPeer { namespace_selector, pod_selector: (&resolver.pods).into() })
}

fn node_local(resolver: &Resolver) -> Vec<Peer> {
    networks(resolver.node_local.iter().map(|address| Cidr::of_address(*address)), 25)
}

fn namespace_named(name: &str) -> LabelSelector {
    let label = (NAMESPACE_NAME_LABEL.to_owned(), name.to_owned());
    LabelSelector { match_labels: [label].into(), match_expressions: Vec::new() }
}

/// The pods of some namespaces, all of them where the selector is empty.
fn pods_of(namespace_selector: LabelSelector, pods: &Selector) -> Peer {
    if pods.is_empty() {
        return Peer::Namespaces(namespace_selector);
    }
    Peer::Pods(PodsPeer { namespace_selector, pod_selector: pods.into() })
}

/// A port as these kinds have it; none for ICMP, which they do not know.
fn tier_port(port: &Port) -> Option<TierPort> {
    let Port::Transport(protocol, matched) = port else { return None };
    Some(match matched {
        // There is no way to write a protocol without ports.
        PortMatch::Every => TierPort::Range(*protocol, 1, u16::MAX),
        PortMatch::Number(number) => TierPort::Number(*protocol, number.get()),
        PortMatch::Range(range) if range.start() == range.end() => TierPort::Number(*protocol, range.start().get()),
        PortMatch::Range(range) => TierPort::Range(*protocol, range.start().get(), range.end().get()),
        PortMatch::Named(name) => TierPort::Named(name.as_str().to_owned()),
    })
}

/// The objects that rules of one action become.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Objects<'a> {
    /// Their kind.
    pub(crate) kind: &'static Kind,
    /// How many rules one holds.
    pub(crate) limit: usize,
    /// What stands in their names after the policy's.
    pub(crate) suffix: &'a str,
}

impl Objects<'_> {
    /// As many as the rules need. Their order does not matter, because the action is one.
    pub(crate) fn of<R, S: Serialize>(self, policy: &Policy, rules: &[R], spec: impl Fn(&[R]) -> S) -> Vec<Manifest> {
        let numbered = rules.chunks(self.limit).enumerate();
        numbered
            .map(|(index, rules)| {
                let number = if index == 0 { String::new() } else { format!("-{}", index + 1) };
                let metadata = Metadata::cluster_wide_of(policy).suffixed(&format!("{}{number}", self.suffix));
                Manifest::new(self.kind, metadata, &spec(rules))
            })
            .collect()
    }
}

/// Refuses a priority where the rules do not fit into one object, which has to hold them in their order. `a_kind` is the
/// kind with its article.
pub(crate) fn check_fits_one_object(a_kind: &str, rules: usize, limit: usize, findings: &mut Findings<'_, Feature>) {
    if rules > limit {
        let why = format!(
            "the policy becomes {rules} rules, and {a_kind}, which with a priority must hold them in their order, has room for \
             {limit}; leave out the priority, or make several policies of it"
        );
        findings.refuse(Path::root().field("priority"), Feature::Priority, why);
    }
}
