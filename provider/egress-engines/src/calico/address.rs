//! Destinations by address: Calico's `nets` and `notNets`, which match whatever has an address, pods and nodes too.

use std::collections::BTreeSet;

use egress_model::cidr::Cidr;
use egress_model::policy::{CidrSet, ClusterRanges, Path};
use ipnet::IpNet;

use super::egress::Target;
use super::object::{Destination, Family};
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

/// The addresses of a set, and none of a pod as far as the pods' ranges are known.
pub(super) fn set(
    set: &CidrSet,
    cluster: &ClusterRanges,
    path: &Path,
    findings: &mut Findings<'_, Feature>,
) -> Vec<Target> {
    let mut nets = Vec::new();
    let mut not_nets = BTreeSet::new();
    for (block, except) in set.blocks() {
        if cluster.pods.iter().any(|pods| pods.covers(&block)) {
            let why = format!(
                "{block} is inside the pods' range, and address blocks are not about pods: nothing is emitted for it. Select pods \
                 with to_pods and to_namespaces"
            );
            findings.add(Level::Degraded, path.field("to_cidrs"), Feature::BlocksWithoutPods, why);
            continue;
        }
        note_unknown(&block, cluster, path, findings);
        let pods = cluster.pods.iter().filter(|pods| block.covers(pods) && !set.excepts(pods));
        for nodes in pods.clone().flat_map(|pods| cluster.nodes.iter().filter(move |nodes| nodes.overlaps(pods))) {
            let why = format!(
                "{nodes} of the nodes has addresses in common with the pods' range, which is left out of {block} because Calico's \
                 blocks match pods: those nodes are left out too. Allow or deny them with to_entities = [\"nodes\"]"
            );
            findings.add(Level::Degraded, path.field("to_cidrs"), Feature::BlocksWithoutPods, why);
        }
        not_nets.extend(except.into_iter().chain(pods.copied()));
        nets.push(block);
    }
    // An exception inside another says nothing more.
    let outermost = |one: &&Cidr| !not_nets.iter().any(|other| other != *one && other.covers(one));
    blocks(&nets, &not_nets.iter().filter(outermost).copied().collect())
}

/// Tells where a block may hold pods that nobody declared.
fn note_unknown(block: &Cidr, cluster: &ClusterRanges, path: &Path, findings: &mut Findings<'_, Feature>) {
    let declared = cluster.pods.iter().any(|pods| pods.same_family(block));
    let private = PRIVATE.iter().filter_map(|range| range.parse::<Cidr>().ok()).any(|range| range.overlaps(block));
    if !declared && private {
        let why = format!(
            "{block} may hold addresses of pods, which Calico's blocks match; set the provider's kubernetes.cluster_cidrs.pods, so \
             that they are left out, or use to_external for what is outside the cluster"
        );
        findings.add(Level::Degraded, path.field("to_cidrs"), Feature::BlocksWithoutPods, why);
    }
}

/// Every address outside the cluster; nothing where its pods' ranges are not known.
pub(super) fn external(cluster: &ClusterRanges) -> Vec<Target> {
    let outside = cluster.external_blocks();
    let left_out = outside.iter().flat_map(|(_, inside)| inside).copied().collect();
    blocks(outside.iter().map(|(whole, _)| whole), &left_out)
}
