//! Destinations as the kinds with tiers have them.

use std::collections::BTreeSet;

use egress_model::cidr::{Cidr, Outermost};
use egress_model::labels::{NAMESPACE_NAME_LABEL, Selector};
use egress_model::policy::{CidrSet, ClusterRanges, Depth, DomainPattern, Entity, Namespaces, Path, Peers, Policy};

use super::{Limits, ONLY_EXPERIMENTAL, Peer, everything, namespace_named, node_local, pods_of, resolver_pods};
use crate::finding::listed;
use crate::label_selector::{LabelSelector, LabelSelectorRequirement};
use crate::needs::domain_feature;
use crate::{Feature, Findings, Level};

/// The destinations of a rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Destinations {
    /// Those that are pods.
    pub(super) pods: Vec<Peer>,
    /// All others.
    pub(super) others: Vec<Peer>,
}

/// The destinations of one kind; none where the kind is refused or nothing is left of it.
pub(super) fn destinations(
    policy: &Policy,
    to: &Peers,
    limits: Limits,
    path: &Path,
    findings: &mut Findings<'_, Feature>,
) -> Destinations {
    let others = |others: Vec<Peer>| Destinations { pods: Vec::new(), others };
    match to {
        Peers::Pods { namespaces, pods } => {
            let namespaces = match (namespaces, policy.scope.namespace()) {
                (Namespaces::Matching(selector), _) => namespaces_matching(selector),
                (Namespaces::Own, Some(own)) => namespace_named(own.as_str()),
                // The model has an own namespace only in a policy of one.
                (Namespaces::Own, None) => return Destinations::default(),
            };
            Destinations { pods: vec![pods_of(namespaces, pods)], others: Vec::new() }
        }
        Peers::Cidrs(set) => {
            note_pods(set, &policy.cluster, path, findings);
            let cut: Vec<Cidr> = policy.cluster.pods.iter().copied().collect();
            let blocks = set.blocks().flat_map(|(block, except)| {
                let holes: Vec<Cidr> = except.into_iter().chain(cut.iter().copied()).collect();
                block.without(&holes)
            });
            others(networks(blocks, limits.networks))
        }
        Peers::External => {
            let outside = policy.cluster.external_blocks();
            if outside.is_empty() {
                let why = "this API has no notion of what is outside the cluster: 0.0.0.0/0 also holds the pods. Set the \
                           provider's kubernetes.cluster_cidrs.pods, and services and nodes beside it, so that they can be left out";
                findings.refuse(path.field("to_external"), Feature::External, why);
            }
            let blocks = outside.into_iter().flat_map(|(whole, inside)| whole.without(&inside));
            others(networks(blocks, limits.networks))
        }
        Peers::Domains(patterns) => others(domain_names(patterns, limits, path, findings)),
        // Services are refused, so that nothing is emitted; entities are compiled one by one.
        Peers::Services(_) | Peers::Entities(_) => Destinations::default(),
    }
}

/// Namespaces that match. A selector that only says what must not be there gets a label that every namespace has: Cilium 1.20 reads it
/// as a selector of identities, and one outside the cluster has none of the labels either.
fn namespaces_matching(selector: &Selector) -> LabelSelector {
    let mut namespaces = LabelSelector::from(selector);
    let demands = &mut namespaces.match_expressions;
    let has_positive = demands.iter().any(|demand| ["In", "Exists"].contains(&demand.operator));
    if namespaces.match_labels.is_empty() && !demands.is_empty() && !has_positive {
        demands.push(LabelSelectorRequirement {
            key: NAMESPACE_NAME_LABEL.to_owned(),
            operator: "Exists",
            values: Vec::new(),
        });
    }
    namespaces
}

/// The destinations that are a part of every cluster.
pub(super) fn entity(
    policy: &Policy,
    entity: Entity,
    limits: Limits,
    path: &Path,
    findings: &mut Findings<'_, Feature>,
) -> Destinations {
    let (ranges, field, feature) = match entity {
        Entity::All => {
            let (pods, others) = everything().into_iter().partition(|peer| matches!(peer, Peer::Namespaces(_)));
            return Destinations { pods, others };
        }
        Entity::Dns => {
            let resolver = &policy.dns.resolver;
            return Destinations { pods: vec![resolver_pods(resolver)], others: node_local(resolver) };
        }
        Entity::Nodes if limits.nodes => {
            return Destinations { pods: Vec::new(), others: vec![Peer::Nodes(LabelSelector::default())] };
        }
        Entity::ApiServer => (&policy.cluster.api_server, "api_server", Feature::ApiServer),
        Entity::Nodes => (&policy.cluster.nodes, "nodes", Feature::Nodes),
    };
    if ranges.is_empty() {
        let name = entity.as_str();
        let why = format!(
            "this API has no notion of {name:?}; set the provider's kubernetes.cluster_cidrs.{field} to use these addresses"
        );
        findings.refuse(path.field("to_entities"), feature, why);
    }
    Destinations { pods: Vec::new(), others: networks(ranges.iter().copied(), limits.networks) }
}

/// Blocks, each once and in none of the others, in lists that fit.
pub(super) fn networks(blocks: impl IntoIterator<Item = Cidr>, limit: usize) -> Vec<Peer> {
    let blocks: Vec<String> = Outermost::of(blocks).blocks().iter().map(ToString::to_string).collect();
    blocks.chunks(limit).map(|blocks| Peer::Networks(blocks.to_vec())).collect()
}

/// Tells where a block would have matched pods, because these APIs match them by address and the model does not.
fn note_pods(set: &CidrSet, cluster: &ClusterRanges, path: &Path, findings: &mut Findings<'_, Feature>) {
    let at = path.field("to_cidrs");
    let cut: BTreeSet<Cidr> = set
        .blocks()
        .flat_map(|(block, _)| {
            cluster.pods.iter().filter(move |range| block.overlaps(range) && !set.excepts(range)).copied()
        })
        .collect();
    if !cut.is_empty() {
        let why = format!("leaves out {} of the pods, which are selected by their labels with to_pods", listed(&cut));
        findings.add(Level::Exact, at.clone(), Feature::BlocksWithoutPods, why);
    }
    let unknown: Vec<Cidr> = set
        .blocks()
        .filter(|(block, _)| !cluster.pods.iter().any(|range| range.same_family(block)) && may_hold_pods(block))
        .map(|(block, _)| block)
        .collect();
    if !unknown.is_empty() {
        let why = format!(
            "{} also matches pods that have such an address; set the provider's kubernetes.cluster_cidrs.pods, so that they \
             can be left out",
            listed(&unknown)
        );
        findings.add(Level::Degraded, at, Feature::BlocksWithoutPods, why);
    }
}

/// Whether pods usually have addresses in a block: of private networks (RFC 1918, RFC 6598, RFC 4193).
fn may_hold_pods(block: &Cidr) -> bool {
    let private = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"];
    private.iter().filter_map(|range| range.parse::<Cidr>().ok()).any(|range| range.overlaps(block))
}

fn domain_names(
    patterns: &[DomainPattern],
    limits: Limits,
    path: &Path,
    findings: &mut Findings<'_, Feature>,
) -> Vec<Peer> {
    if !limits.domains {
        let why = format!("a domain name as a destination {ONLY_EXPERIMENTAL}");
        for pattern in patterns {
            findings.refuse(path.field("to_domains"), domain_feature(pattern), why.clone());
        }
        return Vec::new();
    }
    let names = names(patterns, path, findings);
    names.chunks(limits.networks).map(|names| Peer::DomainNames(names.to_vec())).collect()
}

/// Names as `domainNames` has them, each once.
pub(crate) fn names(patterns: &[DomainPattern], path: &Path, findings: &mut Findings<'_, Feature>) -> Vec<String> {
    let mut names = BTreeSet::new();
    for (index, pattern) in patterns.iter().enumerate() {
        let name = pattern.base().as_str();
        if !has_domain_form(name) {
            let why = "the kind takes only names of two or more parts that begin and end with a letter or digit";
            findings.refuse(path.field("to_domains").index(index), domain_feature(pattern), why);
        }
        names.insert(match pattern.depth() {
            Depth::Exact => name.to_owned(),
            Depth::OneLabel | Depth::AnyDepth => format!("*.{name}"),
        });
    }
    names.into_iter().collect()
}

/// Whether the CRDs' pattern of `domainNames` takes a name.
pub(crate) fn has_domain_form(name: &str) -> bool {
    let edge = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    name.contains('.') && name.split('.').all(|part| edge(part.as_bytes().first()) && edge(part.as_bytes().last()))
}
