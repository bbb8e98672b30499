//! The compiler to Linkerd, 2.17 to 2.20: an `EgressNetwork` with routes for what leaves the cluster, and a `NetworkPolicy` for
//! everything that a proxy does not see.
//!
//! A pod's proxy decides about TCP to addresses outside the mesh's `clusterNetworks`: which ports of which addresses, which
//! requests, which TLS server names. It never sees UDP, SCTP and ICMP, a pod can go around it, and connections inside the
//! cluster are up to the receiving side (Linkerd's documentation, "`EgressNetwork`" and "Managing egress traffic"). So every policy
//! also has a `NetworkPolicy`; a connection passes where both let it pass.

use std::collections::BTreeMap;

use egress_model::cidr::{Cidr, Outermost};
use egress_model::labels::NAMESPACE_NAME_LABEL;
use egress_model::policy::{Entity, Mode, Path, Peers, Policy, Port, PortMatch, Protocol, Rule};

use super::outside::{Area, Decision, Opening, Ports, Reach};
use super::{inspection, object, outside, routes, support};
use crate::engines::network_policy::{self, EgressRule, Peer, reaches_pods};
use crate::finding::listed;
use crate::label_selector::LabelSelector;
use crate::manifest::Metadata;
use crate::{Compiled, Engine, EngineName, Feature, Findings, Level, Settings, look_up};

/// The engine.
pub const ENGINE: Engine = Engine {
    name: EngineName::Linkerd,
    support: support::policy,
    exceptions: support::EXCEPTIONS,
    compile,
    kinds: object::KINDS,
    own_namespaces: &[],
};

/// The port on which meshed pods take connections to any of their ports (Linkerd 2.20, `proxy.outboundTransportMode`).
const INBOUND_PORT: u16 = 4143;

/// The namespace of the control plane, as Linkerd's charts and command line install it.
const CONTROL_PLANE_NAMESPACE: &str = "linkerd";

/// What every proxy asks the control plane: its label `linkerd.io/control-plane-component` and the ports of its pods (Linkerd 2.20,
/// chart `linkerd-control-plane`).
const CONTROL_PLANE: [(&str, &[u16]); 2] = [("destination", &[8086, 8090]), ("identity", &[8080])];

/// Compiles a policy to its routes, its `EgressNetwork`s and its `NetworkPolicy`.
pub fn compile(policy: &Policy, settings: &Settings) -> Compiled {
    let mut findings = Findings::new(support::policy, settings);
    look_up(policy, &mut findings);
    let inside = outside::inside(&policy.cluster);
    let mut openings = Vec::new();
    let mut egress = to_control_plane();
    if policy.dns.allowed {
        egress.extend(network_policy::dns_rules(&policy.dns.resolver));
        openings.push(queries(policy, Path::root().field("allow_dns")));
    } else if policy.mode == Mode::Enforce {
        let why = "a proxy finds its control plane by name, so that pods of the mesh do not start without the resolver; this is for \
                   namespaces whose pods are not in the mesh";
        findings.add(Level::Degraded, Path::root().field("allow_dns"), Feature::Resolver, why);
    }
    for (key, rule) in &policy.allow {
        let at = Path::root().field("allow").key(key);
        let opened = opening(policy, rule, &at, &mut findings);
        if opened.shows.is_some() {
            egress.extend(to_outside(&opened, &inside, &mut findings));
        } else {
            let rules = network_policy::allow_rules(policy, rule, &at, &mut findings);
            if reaches_pods(rule) {
                egress.extend(rules.iter().filter_map(|rule| network_policy::through_mesh(rule, INBOUND_PORT)));
            }
            egress.extend(rules);
        }
        if asks_resolver(rule) {
            openings.push(queries(policy, at));
        }
        openings.push(opened);
    }
    let manifests = match policy.mode {
        Mode::Audit => {
            let everything = Decision { everything: true, ..Decision::default() };
            let areas = outside::areas(&[], &inside, &mut findings).into_iter();
            let areas: Vec<Area> = areas.map(|area| Area { decision: everything.clone(), ..area }).collect();
            routes::manifests(policy, &areas)
        }
        Mode::Enforce | Mode::Staged => {
            let areas = outside::areas(&openings, &inside, &mut findings);
            let pin = network_policy::manifest(policy, Metadata::of(policy), egress);
            routes::manifests(policy, &areas).into_iter().chain([pin]).collect()
        }
    };
    Compiled::new(manifests, findings)
}

/// What a rule opens to addresses outside the cluster.
fn opening(policy: &Policy, rule: &Rule, at: &Path, findings: &mut Findings<'_, Feature>) -> Opening {
    let shows = inspection::shows(rule, at, findings);
    let ports = if shows.is_some() { inspection::single_ports(rule, at, findings) } else { tcp_ports(rule) };
    let entity = |entity: &Entity| match entity {
        Entity::All => Reach::everywhere(),
        Entity::ApiServer => Reach::blocks(policy.cluster.api_server.iter().copied()),
        Entity::Nodes => Reach::blocks(policy.cluster.nodes.iter().copied()),
        // Without ports it means queries only, which are an opening of their own.
        Entity::Dns if asks_resolver(rule) => Reach(Vec::new()),
        Entity::Dns => caches(policy),
    };
    let reach = match &rule.to {
        // Inside the cluster.
        Peers::Pods { .. } | Peers::Services(_) => Reach(Vec::new()),
        Peers::Domains(_) | Peers::External => Reach::everywhere(),
        Peers::Cidrs(set) => Reach(set.blocks().collect()),
        Peers::Entities(entities) => Reach(entities.iter().flat_map(|one| entity(one).0).collect()),
    };
    Opening { at: at.clone(), reach, ports, shows }
}

/// Whether a rule is about queries to the resolver, whatever else it is about: on the resolver's own ports, as it names none.
fn asks_resolver(rule: &Rule) -> bool {
    rule.ports.is_empty() && matches!(&rule.to, Peers::Entities(entities) if entities.contains(&Entity::Dns))
}

/// Queries to the resolver's caches on the nodes.
fn queries(policy: &Policy, at: Path) -> Opening {
    Opening { at, reach: caches(policy), ports: vec![Ports::One(53)], shows: None }
}

/// The resolver's caches on the nodes, whose addresses need not be the cluster's.
fn caches(policy: &Policy) -> Reach {
    Reach::blocks(policy.dns.resolver.node_local.iter().map(|address| Cidr::of_address(*address)))
}

/// The TCP ports of a rule. Named ports are pods'.
fn tcp_ports(rule: &Rule) -> Vec<Ports> {
    if rule.ports.is_empty() {
        return vec![Ports::EVERY];
    }
    let ports = rule.ports.iter().filter_map(|port| match port {
        Port::Transport(Protocol::Tcp, PortMatch::Every) => Some(Ports::EVERY),
        Port::Transport(Protocol::Tcp, PortMatch::Number(number)) => Some(Ports::One(number.get())),
        Port::Transport(Protocol::Tcp, PortMatch::Range(range)) => {
            Some(Ports::Range(range.start().get(), range.end().get()))
        }
        Port::Transport(Protocol::Tcp, PortMatch::Named(_))
        | Port::Transport(Protocol::Udp | Protocol::Sctp, _)
        | Port::Icmp(_) => None,
    });
    ports.collect()
}

/// What a `NetworkPolicy` has to let pass so that a proxy can decide: the rule's ports, to those of its addresses that a proxy takes
/// for outside.
fn to_outside(opening: &Opening, inside: &Outermost, findings: &mut Findings<'_, Feature>) -> Option<EgressRule> {
    let ports = opening.ports.iter().filter_map(|ports| match ports {
        Ports::One(port) => Some(network_policy::numbered(Protocol::Tcp, *port, None)),
        Ports::Range(..) => None,
    });
    let ports: Vec<_> = ports.collect();
    let (mut to, mut own) = (Vec::new(), Vec::new());
    for (block, except) in &opening.reach.0 {
        if inside.covers(block) {
            own.push(*block);
            continue;
        }
        let holes = Outermost::of(inside.inside(block).iter().chain(except).copied()).blocks().to_vec();
        if !block.without(&holes).is_empty() {
            to.push(network_policy::block(*block, &holes));
        }
    }
    if !own.is_empty() {
        let why = format!(
            "{} is among the addresses that Linkerd takes for the cluster's own (clusterNetworks) and so does not look into",
            listed(&own)
        );
        findings.refuse(opening.at.clone(), Feature::Http, why);
    }
    // Without ports or peers it would let everything pass.
    (!ports.is_empty() && !to.is_empty()).then_some(EgressRule { to, ports })
}

fn to_control_plane() -> Vec<EgressRule> {
    let selector = |key: &str, value: &str| LabelSelector {
        match_labels: BTreeMap::from([(key.to_owned(), value.to_owned())]),
        match_expressions: Vec::new(),
    };
    let component = |(name, ports): (&str, &[u16])| EgressRule {
        to: vec![Peer::Pods {
            namespace_selector: Some(selector(NAMESPACE_NAME_LABEL, CONTROL_PLANE_NAMESPACE)),
            pod_selector: Some(selector("linkerd.io/control-plane-component", name)),
        }],
        ports: ports.iter().map(|port| network_policy::numbered(Protocol::Tcp, *port, None)).collect(),
    };
    CONTROL_PLANE.map(component).into()
}
