//! The compiler to Linkerd, 2.17 to 2.20: an `EgressNetwork` with routes for what leaves the cluster, and a `NetworkPolicy` for
//! everything that a proxy does not see.
//!
//! A pod's proxy decides about TCP to addresses outside the mesh's `clusterNetworks`: which ports of which addresses, which
//! requests, which TLS server names. It never sees UDP, SCTP and ICMP, a pod can go around it, and connections inside the
//! cluster are up to the receiving side (Linkerd's documentation, "`EgressNetwork`" and "Managing egress traffic"). So every policy
//! also has a `NetworkPolicy`; a connection passes where both let it pass.

mod inspection;
mod object;
mod outside;
mod routes;
pub mod rules;

use std::collections::BTreeMap;

use egress_model::cidr::{Cidr, Outermost};
use egress_model::labels::NAMESPACE_NAME_LABEL;
use egress_model::policy::{Entity, Mode, Path, Peers, Policy, Port, PortMatch, Protocol, Rule};

use self::outside::{Area, Decision, Opening, Ports, Reach};
use crate::finding::listed;
use crate::label_selector::LabelSelector;
use crate::manifest::Metadata;
use crate::network_policy::{self, EgressRule, Peer, reaches_pods};
use crate::{Compiled, Engine, EngineName, Feature, Findings, Level, Settings, Support, look_up};

/// The engine.
pub const ENGINE: Engine = Engine { name: EngineName::Linkerd, support, compile, kinds: object::KINDS };

/// The port on which meshed pods take connections to any of their ports (Linkerd 2.20, `proxy.outboundTransportMode`).
const INBOUND_PORT: u16 = 4143;

/// The namespace of the control plane, as Linkerd's charts and command line install it.
const CONTROL_PLANE_NAMESPACE: &str = "linkerd";

/// What every proxy asks the control plane: its label `linkerd.io/control-plane-component` and the ports of its pods (Linkerd 2.20,
/// chart `linkerd-control-plane`).
const CONTROL_PLANE: [(&str, &[u16]); 2] = [("destination", &[8086, 8090]), ("identity", &[8080])];

const ONE_POLICY: &str = "an EgressNetwork is about every pod of its namespace that is in the mesh, and an address belongs to one \
    EgressNetwork only: two policies of this engine in one namespace do not add up, so have one. Pods outside the mesh, and what \
    their annotations let pass by the proxy, have the NetworkPolicy alone. The cluster has to serve TLSRoute and TCPRoute as v1alpha2, \
    as Linkerd reads them: the Gateway API's experimental channel up to 1.5 does, its standard channel of 1.6 does not";

const BY_NAME: &str = "connections pass by the name that they show, not by address: the Host of HTTP requests on port 80 and wherever \
    http says so, the server name (SNI) of TLS on other ports. What shows no name is stopped, what shows an allowed one passes to \
    whatever address outside the cluster, and names with private addresses (Linkerd's clusterNetworks) are stopped";

/// Linkerd's column of the capability table. What a `NetworkPolicy` governs is as good as there. Sources: Linkerd's documentation
/// (2.20) and the code of its policy controller and proxy.
fn support(feature: Feature, settings: &Settings) -> Support {
    use Support::{Degraded, Refused};
    match feature {
        Feature::NamespaceScope if !settings.at_least(2, 17) => Refused("Linkerd has EgressNetworks from 2.17"),
        Feature::NamespaceScope => Degraded(ONE_POLICY),
        Feature::ClusterScope => Refused(
            "the EgressNetworks of Linkerd's global namespace are about namespaces that have none of their own, and exempt none; set \
             namespace",
        ),
        Feature::SourcePods => {
            Refused("an EgressNetwork is about every pod of its namespace; move the pods to a namespace of their own")
        }
        Feature::ServiceAccounts => {
            Refused("an EgressNetwork is about every pod of its namespace, whatever its account")
        }
        Feature::Services
        | Feature::Cidrs
        | Feature::ExceptCidrs
        | Feature::BlocksWithoutPods
        | Feature::External
        | Feature::Resolver
        | Feature::DnsQueries
        | Feature::ApiServer
        | Feature::Nodes
        | Feature::EveryPort
        | Feature::PortRanges
        | Feature::NamedPorts
        | Feature::Udp
        | Feature::Sctp
        | Feature::Icmp
        | Feature::Priority => network_policy::support(feature, settings),
        Feature::DestinationPods | Feature::Everything => Degraded(
            "between pods of the mesh every port may go through port 4143, which is allowed to these pods: which ports they take is up \
             to the receiving side's Server and AuthorizationPolicy",
        ),
        Feature::Domains | Feature::DomainsAnyDepth => Degraded(BY_NAME),
        Feature::DomainsOneLabel => {
            Refused("Linkerd's \"*.\" matches any number of labels; name the hosts, or use \"**.\"")
        }
        Feature::Deny | Feature::DenyDomains => Refused(
            "neither an EgressNetwork's routes nor a NetworkPolicy deny what another rule allows; leave it out of allow, \
             or use exceptions in to_cidrs (\"!10.0.0.0/8\")",
        ),
        Feature::Http | Feature::HttpHeaders => Degraded(
            "requests are read to addresses outside the cluster, where they are not inside TLS; inside the cluster the receiving side \
             decides",
        ),
        Feature::Sni => {
            Degraded("only to addresses outside the cluster, and not to private ones (Linkerd's clusterNetworks)")
        }
        Feature::Audit => Degraded(
            "the proxies count every connection and request that leaves, by its EgressNetwork, in their metrics (outbound_*), whether or \
             not the policy allows it: nothing is compared and nothing stopped",
        ),
        Feature::Staged => Refused("an EgressNetwork is in force at once; use audit to see what leaves"),
    }
}

/// Compiles a policy to its routes, its `EgressNetwork`s and its `NetworkPolicy`.
pub fn compile(policy: &Policy, settings: &Settings) -> Compiled {
    let mut findings = Findings::new(support, settings);
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
