//! Leave to ask the resolver, from whose answers Cilium learns the addresses of names.
//!
//! Source: Cilium documentation, "DNS Policy and IP Discovery".

use std::collections::BTreeSet;

use egress_model::policy::{Policy, Protocol};

use super::names::selectors;
use super::object::{EgressRule, FqdnSelector, L7Rules, PortProtocol, PortRule, Traffic};
use super::resolver::{caches, looks_into_dns, resolver_pods};
use super::together::Together;
use super::traffic::{MAX_PORTS, numbered};
use crate::Settings;

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
