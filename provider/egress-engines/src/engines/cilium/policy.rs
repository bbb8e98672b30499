//! The compiler to Cilium's `CiliumNetworkPolicy` and `CiliumClusterwideNetworkPolicy`, for Cilium 1.16 to 1.20.
//!
//! Sources of what they mean: the Cilium documentation, "Network Policy" (layers 3, 4 and 7, deny policies, DNS) at 1.20; the CRDs of
//! each minor version; `pkg/policy/api` for what the agent refuses. Where a part depends on the version, its finding or comment names it.
//!
//! A block (`toCIDRSet`) never matches pods or nodes, `world` is what is neither: what the model calls "external" needs no ranges of
//! the cluster here. `egress: [{}]` allows nothing and denies by default. A deny rule wins over every allow rule.

use egress_model::policy::{Policy, Scope};

use super::object::{CLUSTERWIDE, EgressRule, NAMESPACED, PolicySpec};
use super::together::Together;
use super::{egress, limits, queries, selector, support};
use crate::manifest::{Manifest, Metadata};
use crate::{Compiled, Engine, EngineName, Findings, Settings, look_up};

/// The engine: Cilium's agents on every node.
pub const ENGINE: Engine = Engine {
    name: EngineName::Cilium,
    support: support::policy,
    exceptions: support::EXCEPTIONS,
    compile,
    kinds: &[&NAMESPACED, &CLUSTERWIDE],
    own_namespaces: support::OWN_NAMESPACES,
};

/// Compiles a policy to one `CiliumNetworkPolicy`, or `CiliumClusterwideNetworkPolicy` where it is of the whole cluster.
pub fn compile(policy: &Policy, settings: &Settings) -> Compiled {
    let mut findings = Findings::new(support::policy, settings);
    look_up(policy, &mut findings);
    limits::note(policy, settings, &mut findings);
    let together = Together::of(policy, settings);
    together.note(&mut findings);
    let mut allowed = if policy.dns.allowed { queries::leave_to_ask(policy, &together, settings) } else { Vec::new() };
    allowed.extend(policy.allow.values().flat_map(|rule| egress::allow_rules(policy, rule, &together, settings)));
    if allowed.is_empty() {
        // No rules at all are refused; one that allows nothing denies by default.
        allowed.push(EgressRule::default());
    }
    let spec = PolicySpec {
        endpoint_selector: selector::subject(policy),
        egress: allowed,
        egress_deny: policy.deny.values().flat_map(|rule| egress::deny_rules(policy, rule, settings)).collect(),
    };
    let kind = match policy.scope {
        Scope::Namespace(_) => &NAMESPACED,
        Scope::Cluster { .. } => &CLUSTERWIDE,
    };
    Compiled::new(vec![Manifest::new(kind, Metadata::of(policy), &spec)], findings)
}
