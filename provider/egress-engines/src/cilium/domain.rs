//! Domain names as Cilium's patterns, and the rules about the resolver from whose answers it learns addresses.
//!
//! Sources: Cilium documentation, "DNS based" (layer 3 policies), "DNS Policy and IP Discovery", "TLS SNI" (layer 7 policies); the
//! CRDs of 1.17 (server names without wildcards), 1.18 (with) and 1.19 (`**.` in `matchPattern`).

use std::collections::BTreeSet;

use egress_model::cidr::Cidr;
use egress_model::policy::{Depth, DomainPattern, Peers, Policy, Protocol};

use super::object::{
    CidrRule, Destination, EgressRule, Entity, FqdnSelector, L7Rules, PortProtocol, PortRule, Traffic,
};
use super::selector;
use super::together::Together;
use super::traffic::{MAX_PORTS, numbered};
use crate::Settings;

/// Down to how many labels below a domain names are matched by a Cilium without `**.`.
pub(super) const DEPTH: usize = 6;

/// What matches the names of a pattern.
pub(super) fn selectors(pattern: &DomainPattern, settings: &Settings) -> Vec<FqdnSelector> {
    let base = pattern.base();
    match pattern.depth() {
        Depth::Exact => vec![FqdnSelector::Name(base.to_string())],
        Depth::AnyDepth if !settings.at_least(1, 19) => {
            (1..=DEPTH).map(|depth| FqdnSelector::Pattern(format!("{}{base}", "*.".repeat(depth)))).collect()
        }
        Depth::OneLabel | Depth::AnyDepth => vec![FqdnSelector::Pattern(pattern.to_string())],
    }
}

/// Whether the policy needs Cilium to look into DNS: to learn the addresses of names, or to restrict what is asked for.
pub(super) fn looks_into_dns(policy: &Policy) -> bool {
    let names = policy.allow.values().any(|rule| matches!(rule.to, Peers::Domains(_)));
    names || !policy.dns.queries.is_empty()
}

/// Lets the policy's pods ask the resolver for any name.
pub(super) fn allow_rules(policy: &Policy) -> Vec<EgressRule> {
    let any = looks_into_dns(policy).then(any_name);
    rules(policy, |_, _| any.clone())
}

/// Lets the policy's pods ask the resolver as the policy says: for its names, or for any where there are none or a rule lets them ask for
/// any.
pub(super) fn leave_to_ask(policy: &Policy, together: &Together<'_>, settings: &Settings) -> Vec<EgressRule> {
    if policy.dns.queries.is_empty() {
        return allow_rules(policy);
    }
    let names = L7Rules::Dns(policy.dns.queries.iter().flat_map(|pattern| selectors(pattern, settings)).collect());
    rules(policy, |protocol, port| {
        Some(if together.opens_resolver(protocol, port) { any_name() } else { names.clone() })
    })
}

fn any_name() -> L7Rules {
    L7Rules::Dns(vec![FqdnSelector::Pattern("*".to_owned())])
}

/// Every way to ask the resolver, with what is read of queries to a port.
pub(super) fn rules(policy: &Policy, l7: impl Fn(Protocol, u16) -> Option<L7Rules>) -> Vec<EgressRule> {
    let resolver = &policy.dns.resolver;
    let traffic = |ports: BTreeSet<u16>| {
        let mut by_reading: Vec<(Option<L7Rules>, Vec<PortProtocol>)> = Vec::new();
        for (protocol, port) in ports.into_iter().flat_map(|port| [(Protocol::Udp, port), (Protocol::Tcp, port)]) {
            let read = l7(protocol, port);
            let port = numbered(protocol, port);
            match by_reading.iter_mut().find(|(own, _)| *own == read) {
                Some((_, ports)) => ports.push(port),
                None => by_reading.push((read, vec![port])),
            }
        }
        let rules = by_reading.into_iter().flat_map(|(rules, ports)| {
            let chunks: Vec<_> = ports.chunks(MAX_PORTS).map(<[PortProtocol]>::to_vec).collect();
            chunks.into_iter().map(move |ports| PortRule { ports, rules: rules.clone(), ..PortRule::default() })
        });
        Some(Traffic::Ports(rules.collect()))
    };
    let ports = traffic(resolver.ports.iter().map(|port| port.get()).collect());
    let pods = EgressRule { to: Some(resolver_pods(policy)), traffic: ports };
    let caches = caches(policy).into_iter().map(|to| EgressRule { to: Some(to), traffic: traffic([53].into()) });
    std::iter::once(pods).chain(caches).collect()
}

/// The resolver's pods.
pub(super) fn resolver_pods(policy: &Policy) -> Destination {
    Destination::Endpoints(vec![selector::resolver(&policy.dns.resolver)])
}

/// The caches on the nodes. An address that a node has on an interface of its own is the node to Cilium or the world outside the
/// cluster, depending on version and devices (cilium#18644), so that both are needed.
pub(super) fn caches(policy: &Policy) -> Vec<Destination> {
    let addresses = &policy.dns.resolver.node_local;
    if addresses.is_empty() {
        return Vec::new();
    }
    let one = |address| CidrRule { cidr: Cidr::of_address(address).to_string(), except: Vec::new() };
    let blocks = addresses.iter().copied().map(one).collect();
    vec![Destination::CidrSet(blocks), Destination::Entities(vec![Entity::Host])]
}

/// Whether every name of a pattern may be asked for.
pub(super) fn may_be_asked(pattern: &DomainPattern, queries: &[DomainPattern]) -> bool {
    let covers = |query: &DomainPattern| match (query.depth(), pattern.depth()) {
        (_, Depth::Exact) => query.matches(pattern.base()),
        (Depth::Exact, _) | (Depth::OneLabel, Depth::AnyDepth) => false,
        (Depth::OneLabel, Depth::OneLabel) => query.base() == pattern.base(),
        (Depth::AnyDepth, _) => query.base() == pattern.base() || query.matches(pattern.base()),
    };
    queries.is_empty() || queries.iter().any(covers)
}
