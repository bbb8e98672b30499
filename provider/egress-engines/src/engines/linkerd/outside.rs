//! What a policy says about TCP to addresses outside the cluster, in Linkerd's terms.
//!
//! To Linkerd an address belongs to one `EgressNetwork`, and a port of that network is read in one way: as requests, as TLS or not
//! at all (Linkerd 2.20, `outbound/index/egress_network.rs` and `grpc/src/outbound.rs` of its policy controller). So the addresses
//! are cut at the blocks of all rules into regions about which every rule says the same, and what the rules say of a region is
//! put together here.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use egress_model::cidr::{Cidr, Outermost};
use egress_model::policy::{ClusterRanges, HttpRule, Path};

use crate::{Feature, Findings};

/// What Linkerd takes for the cluster's own addresses by default (`clusterNetworks` of the chart
/// `linkerd-control-plane`, 2.20): whatever is private.
const CLUSTER_NETWORKS: [&str; 5] = ["10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "fd00::/8"];

/// The addresses that are not outside to Linkerd: those of its defaults and of the cluster, without those that others cover.
pub(super) fn inside(cluster: &ClusterRanges) -> Outermost {
    let defaults = CLUSTER_NETWORKS.iter().filter_map(|text| text.parse().ok());
    Outermost::of(defaults.chain(cluster.internal()))
}

/// Some addresses: those of a block that are in none of its exceptions.
#[derive(Clone, Debug)]
pub(super) struct Reach(pub(super) Vec<(Cidr, Vec<Cidr>)>);

impl Reach {
    /// Every address.
    pub(super) fn everywhere() -> Self {
        Self([Cidr::ALL_IPV4, Cidr::ALL_IPV6].map(|whole| (whole, Vec::new())).into())
    }

    /// Some blocks.
    pub(super) fn blocks(blocks: impl IntoIterator<Item = Cidr>) -> Self {
        Self(blocks.into_iter().map(|block| (block, Vec::new())).collect())
    }

    /// The exceptions of each block, to be looked up.
    fn index(&self) -> Index {
        let mut index = Index::new();
        for (block, except) in &self.0 {
            index.entry(*block).or_default().push(Outermost::of(except.iter().copied()));
        }
        index
    }
}

/// Of each block of a reach, the exceptions as often as it is there.
type Index = BTreeMap<Cidr, Vec<Outermost>>;

/// Whether a reach holds all of a region.
fn covers(reach: &Index, region: &Cidr) -> bool {
    let mut around = region.covering().filter_map(|block| reach.get(&block)).flatten();
    around.any(|except| !except.covers(region))
}

/// TCP ports of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Ports {
    /// One.
    One(u16),
    /// From the first to the last of some.
    Range(u16, u16),
}

impl Ports {
    /// All of them.
    pub(super) const EVERY: Self = Self::Range(1, u16::MAX);

    fn contains(self, port: u16) -> bool {
        match self {
            Self::One(own) => own == port,
            Self::Range(first, last) => (first..=last).contains(&port),
        }
    }
}

/// What must be seen in a connection for it to pass.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Shows {
    /// A request to one of these hosts, or any where there is none, that is one of these, or any where there is none.
    Request(Vec<String>, Vec<HttpRule>),
    /// A TLS handshake for one of these names.
    Tls(BTreeSet<String>),
}

/// What one rule opens.
#[derive(Clone, Debug)]
pub(super) struct Opening {
    /// The rule's path.
    pub(super) at: Path,
    /// To which addresses.
    pub(super) reach: Reach,
    /// On which ports.
    pub(super) ports: Vec<Ports>,
    /// What must be seen; nothing where any connection passes.
    pub(super) shows: Option<Shows>,
}

/// Requests that pass: to one of these hosts, or any where there is none, that are one of these, or any where there is none.
pub(super) type Requests = (Vec<String>, Vec<HttpRule>);

/// What passes to the addresses of some regions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Decision {
    /// Whatever no route is about passes too.
    pub(super) everything: bool,
    /// The ports on which any connection passes.
    pub(super) tcp: BTreeSet<u16>,
    /// The names that TLS may show, by port.
    pub(super) tls: BTreeMap<u16, BTreeSet<String>>,
    /// The requests that pass, by port.
    pub(super) http: BTreeMap<u16, Vec<Requests>>,
}

/// The same decision for some blocks, each without the parts that others decide about.
#[derive(Clone, Debug)]
pub(super) struct Area {
    /// What passes.
    pub(super) decision: Decision,
    /// The blocks; not two areas have an address in common.
    pub(super) blocks: Vec<(Cidr, Vec<Cidr>)>,
}

/// Every address outside the cluster with what passes to it, the area of most addresses last.
pub(super) fn areas(openings: &[Opening], inside: &Outermost, findings: &mut Findings<'_, Feature>) -> Vec<Area> {
    let cuts = openings.iter().flat_map(|opening| &opening.reach.0);
    let cuts = cuts.flat_map(|(block, except)| std::iter::once(block).chain(except)).copied();
    let regions: BTreeSet<Cidr> =
        cuts.chain([Cidr::ALL_IPV4, Cidr::ALL_IPV6]).filter(|region| !inside.covers(region)).collect();
    let reaches: Vec<Index> = openings.iter().map(|opening| opening.reach.index()).collect();
    let mut areas: Vec<Area> = Vec::new();
    for region in &regions {
        let smaller =
            regions.range((Bound::Excluded(region), Bound::Unbounded)).take_while(|other| region.covers(other));
        let holes = Outermost::of(smaller.chain(inside.inside(region)).copied()).blocks().to_vec();
        if region.without(&holes).is_empty() {
            continue;
        }
        let about = openings.iter().zip(&reaches).filter(|(_, reach)| covers(reach, region));
        let about: Vec<&Opening> = about.map(|(opening, _)| opening).collect();
        let decision = decide(&about, findings);
        let block = (*region, holes);
        match areas.iter_mut().find(|area| area.decision == decision) {
            Some(area) => area.blocks.push(block),
            None => areas.push(Area { decision, blocks: vec![block] }),
        }
    }
    // The regions are in the order of their addresses, so that the whole comes first.
    areas.reverse();
    areas
}

fn decide(about: &[&Opening], findings: &mut Findings<'_, Feature>) -> Decision {
    let open: BTreeSet<Ports> =
        about.iter().filter(|one| one.shows.is_none()).flat_map(|one| one.ports.iter().copied()).collect();
    let mut decision = Decision::default();
    for opening in about {
        let Some(shows) = &opening.shows else { continue };
        for ports in &opening.ports {
            // What looks into connections has single ports: see `super`.
            let Ports::One(port) = *ports else { continue };
            if open.iter().any(|open| open.contains(port)) {
                continue;
            }
            match shows {
                Shows::Request(hosts, rules) => {
                    let requests = (hosts.clone(), rules.clone());
                    let all = decision.http.entry(port).or_default();
                    if !all.contains(&requests) {
                        all.push(requests);
                    }
                }
                Shows::Tls(names) => decision.tls.entry(port).or_default().extend(names.iter().cloned()),
            }
            if decision.http.contains_key(&port) && decision.tls.contains_key(&port) {
                let why = format!(
                    "Linkerd reads a port of an address in one way, as HTTP or as TLS, and other rules have port {port} of the same \
                     addresses read in the other way"
                );
                findings.refuse(opening.at.clone(), Feature::Http, why);
            }
        }
    }
    let inspected = !decision.http.is_empty() || !decision.tls.is_empty();
    decision.everything = open.iter().any(|ports| matches!(ports, Ports::Range(..)));
    if decision.everything && inspected {
        for opening in about.iter().filter(|one| one.ports.iter().any(|ports| matches!(ports, Ports::Range(..)))) {
            let why = "Linkerd's routes have single ports: beside rules that look into connections to the same addresses, list the ports \
                       instead of a range";
            findings.refuse(opening.at.clone(), Feature::PortRanges, why);
        }
    }
    if !decision.everything {
        decision.tcp =
            open.iter().filter_map(|ports| if let Ports::One(port) = ports { Some(*port) } else { None }).collect();
    }
    decision
}
