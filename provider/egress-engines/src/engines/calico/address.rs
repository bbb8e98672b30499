//! Destinations by address: Calico's `nets` and `notNets`, which match whatever has an address, pods and nodes too.

use std::collections::BTreeSet;

use egress_model::cidr::{Cidr, Outermost};
use egress_model::policy::{CidrSet, ClusterRanges, Path};
use ipnet::IpNet;

use super::object::{Destination, Family};
use super::target::Target;
use crate::finding::listed;
use crate::{Feature, Findings, Level};

/// Where the addresses of pods may be that nobody declared: the private ranges (RFC 1918, RFC 6598, RFC 4193), and everything.
const PRIVATE: [&str; 5] = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"];

/// The family of a block.
pub(super) fn family(block: &Cidr) -> Family {
    match block.net() {
        IpNet::V4(_) => Family::V4,
        IpNet::V6(_) => Family::V6,
    }
}

/// One destination for each family of which there is a block: Calico takes no rule with both.
pub(super) fn blocks<'a>(nets: impl IntoIterator<Item = &'a Cidr>, not_nets: &BTreeSet<Cidr>) -> Vec<Target> {
    let nets: BTreeSet<Cidr> = nets.into_iter().copied().collect();
    let of = |wanted: Family| {
        let nets: Vec<String> = nets.iter().filter(|net| family(net) == wanted).map(ToString::to_string).collect();
        let inside = not_nets.iter().filter(|net| family(net) == wanted).map(ToString::to_string);
        let destination = Destination { not_nets: inside.collect(), nets, ..Destination::default() };
        (!destination.nets.is_empty()).then(|| Target::outside(Some(wanted), destination))
    };
    Family::BOTH.into_iter().filter_map(of).collect()
}

/// The addresses of a set, and none of a pod as far as that is known.
pub(super) fn set(
    set: &CidrSet,
    cluster: &ClusterRanges,
    path: &Path,
    findings: &mut Findings<'_, Feature>,
) -> Vec<Target> {
    let pods = Outermost::of(cluster.pods.iter().copied());
    let (inside, around): (Vec<_>, Vec<_>) = set.blocks().partition(|(block, _)| pods.covers(block));
    note(set, &inside, &around, cluster, path, findings);
    let pods_around = around.iter().flat_map(|(block, _)| pods.inside(block)).filter(|pods| !set.excepts(pods));
    let left_out = around.iter().flat_map(|(_, except)| except).chain(pods_around).copied();
    let left_out: BTreeSet<Cidr> = Outermost::of(left_out).blocks().iter().copied().collect();
    // What is left out of one kind may be what the other is about.
    let left_out_inside = inside.iter().flat_map(|(_, except)| except).copied().collect();
    let around = blocks(around.iter().map(|(block, _)| block), &left_out);
    around.into_iter().chain(blocks(inside.iter().map(|(block, _)| block), &left_out_inside)).collect()
}

/// Blocks, each with its exceptions.
type Blocks = [(Cidr, Vec<Cidr>)];

/// Tells what Calico's blocks match beyond what is meant: those inside the pods' ranges, and those around them.
fn note(
    set: &CidrSet,
    inside: &Blocks,
    around: &Blocks,
    cluster: &ClusterRanges,
    path: &Path,
    findings: &mut Findings<'_, Feature>,
) {
    let mut degrade = |why: String| {
        findings.add(Level::Degraded, path.field("to_cidrs"), Feature::BlocksWithoutPods, why);
    };
    let unknown: Vec<Cidr> =
        around.iter().map(|(block, _)| *block).filter(|block| may_hold_unknown_pods(block, cluster)).collect();
    if !unknown.is_empty() {
        degrade(format!(
            "{} may hold addresses of pods, which Calico's blocks match; set the provider's kubernetes.cluster_cidrs.pods, so that \
             they are left out, or use to_external for what is outside the cluster",
            listed(&unknown)
        ));
    }
    let mut shared = BTreeSet::new();
    for (block, _) in around {
        for pods in cluster.pods.iter().filter(|pods| block.covers(pods) && !set.excepts(pods)) {
            shared.extend(cluster.nodes.iter().filter(|nodes| nodes.overlaps(pods)).copied());
        }
    }
    if !shared.is_empty() {
        degrade(format!(
            "{} of the nodes has addresses in common with the pods' range, which is left out because Calico's blocks match pods: those \
             nodes are left out too. Allow or deny them with to_entities = [\"nodes\"]",
            listed(&shared)
        ));
    }
    if !inside.is_empty() {
        degrade(format!(
            "{} is inside the pods' range, and Calico's blocks match pods: the rule is about those pods too. Select pods with to_pods and \
             to_namespaces",
            listed(inside.iter().map(|(block, _)| block))
        ));
    }
}

/// Whether a block may hold pods that nobody declared.
fn may_hold_unknown_pods(block: &Cidr, cluster: &ClusterRanges) -> bool {
    let declared = cluster.pods.iter().any(|pods| pods.same_family(block));
    !declared && PRIVATE.iter().filter_map(|range| range.parse::<Cidr>().ok()).any(|range| range.overlaps(block))
}

/// Every address outside the cluster; nothing where its pods' ranges are not known.
pub(super) fn external(cluster: &ClusterRanges) -> Vec<Target> {
    let outside = cluster.external_blocks();
    let left_out = outside.iter().flat_map(|(_, inside)| inside).copied().collect();
    blocks(outside.iter().map(|(whole, _)| whole), &left_out)
}
