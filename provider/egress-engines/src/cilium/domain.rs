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

/// Lets the policy's pods ask the resolver for these names, or for any where there are none.
pub(super) fn allow_rules(policy: &Policy, queries: &[DomainPattern], settings: &Settings) -> Vec<EgressRule> {
    let dns = if queries.is_empty() {
        vec![FqdnSelector::Pattern("*".to_owned())]
    } else {
        queries.iter().flat_map(|pattern| selectors(pattern, settings)).collect()
    };
    let dns = L7Rules::Dns(dns);
    rules(policy, looks_into_dns(policy).then_some(&dns))
}

/// Every way to ask the resolver.
pub(super) fn rules(policy: &Policy, l7: Option<&L7Rules>) -> Vec<EgressRule> {
    let resolver = &policy.dns.resolver;
    let traffic = |ports: BTreeSet<u16>| {
        let both = |port| [Protocol::Udp, Protocol::Tcp].map(|protocol| numbered(protocol, port));
        let ports: Vec<PortProtocol> = ports.into_iter().flat_map(both).collect();
        let chunks = ports.chunks(MAX_PORTS);
        let rules =
            chunks.map(|ports| PortRule { ports: ports.to_vec(), rules: l7.cloned(), ..PortRule::default() }).collect();
        Some(Traffic::Ports(rules))
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
