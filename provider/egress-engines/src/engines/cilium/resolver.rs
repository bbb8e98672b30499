//! Where the resolver is, and whether Cilium looks into what it is asked.

use egress_model::cidr::Cidr;
use egress_model::policy::{Peers, Policy};

use super::object::{CidrRule, Destination, Entity};
use super::selector;

/// Whether the policy needs Cilium to look into DNS: to learn the addresses of names, or to restrict what is asked for.
pub(super) fn looks_into_dns(policy: &Policy) -> bool {
    let names = policy.allow.values().any(|rule| matches!(rule.to, Peers::Domains(_)));
    names || !policy.dns.queries.is_empty()
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
