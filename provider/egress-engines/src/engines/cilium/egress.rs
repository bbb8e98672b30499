//! Rules of a policy as Cilium's egress rules: one for each kind of destination and of traffic.
//!
//! Source: Cilium documentation, "Layer 3 Policies"; `pkg/policy/api/rule_validation.go` (one kind of destination per rule).

use egress_model::policy::{Policy, Rule};

use super::object::{Destination, EgressRule, Traffic};
use super::reach::{asks_resolver, destinations};
use super::together::Together;
use super::{queries, traffic};
use crate::Settings;

/// The rules that an allow rule becomes.
pub(super) fn allow_rules(
    policy: &Policy,
    rule: &Rule,
    together: &Together<'_>,
    settings: &Settings,
) -> Vec<EgressRule> {
    let mut rules = Vec::new();
    for to in destinations(policy, rule, settings) {
        for (to, ports) in together.narrowed(rule, &to) {
            rules.extend(with_traffic(&to, traffic::traffic(rule, &ports)));
        }
    }
    if asks_resolver(rule) {
        rules.extend(queries::allow_rules(policy));
    }
    rules
}

/// The rules that a deny rule becomes.
pub(super) fn deny_rules(policy: &Policy, rule: &Rule, settings: &Settings) -> Vec<EgressRule> {
    let all = destinations(policy, rule, settings);
    let mut rules: Vec<EgressRule> =
        all.iter().flat_map(|to| with_traffic(to, traffic::traffic(rule, &rule.ports))).collect();
    if asks_resolver(rule) {
        rules.extend(queries::rules(policy, |_, _| None));
    }
    rules
}

fn with_traffic(to: &Destination, traffic: Vec<Option<Traffic>>) -> impl Iterator<Item = EgressRule> {
    traffic.into_iter().map(|traffic| EgressRule { to: Some(to.clone()), traffic })
}
