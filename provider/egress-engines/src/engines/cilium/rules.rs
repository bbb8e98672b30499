//! Cilium's own rules about its policies, gateways and Helm values: what its agents and operator refuse, and what they take though it
//! does not do what it says.
//!
//! Sources: `pkg/policy/api/rule_validation.go`, `pkg/k8s/apis/cilium.io/v2` and `pkg/egressgateway/policy.go` of 1.20.2 with what
//! differs in 1.16, 1.17, 1.18 and 1.19; the documentation, "Network Policy" and "Egress Gateway". Regular expressions are not read.

mod gateway;
mod peers;
mod traffic;
mod values;

use std::collections::BTreeSet;

use serde_json::Value;
pub use values::check as check_values;

use crate::violation::Violation;

/// What an agent refuses.
const VALIDATION: &str = "Cilium 1.20, pkg/policy/api/rule_validation.go";
/// What the kinds' own parsers refuse.
const KINDS: &str = "Cilium 1.20, pkg/k8s/apis/cilium.io/v2";

/// What one object breaks. Objects of kinds that are not Cilium's policies or gateways break nothing.
pub fn check(object: &Value) -> Vec<Violation> {
    let mut found = Found::default();
    if object["apiVersion"].as_str().is_some_and(|version| version.starts_with("cilium.io/")) {
        match object["kind"].as_str() {
            Some("CiliumNetworkPolicy") => policy(object, true, &mut found),
            Some("CiliumClusterwideNetworkPolicy") => policy(object, false, &mut found),
            Some("CiliumEgressGatewayPolicy") => gateway::check(object, &mut found),
            _ => {}
        }
    }
    found.0
}

/// What was found so far.
#[derive(Default)]
struct Found(Vec<Violation>);

impl Found {
    fn add(&mut self, source: &'static str, field: impl Into<String>, rule: impl Into<String>) {
        self.0.push(Violation { field: field.into(), rule: rule.into(), source });
    }
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// The elements of a list, each with its path.
fn numbered<'a>(value: &'a Value, at: &str) -> Vec<(String, &'a Value)> {
    items(value).iter().enumerate().map(|(index, item)| (format!("{at}[{index}]"), item)).collect()
}

fn policy(object: &Value, namespaced: bool, found: &mut Found) {
    let specs = numbered(&object["specs"], "specs");
    if object.get("spec").is_none() && specs.is_empty() {
        found.add(KINDS, "spec", "a policy has a spec or specs");
    }
    let one = object.get("spec").map(|spec| ("spec".to_owned(), spec));
    for (at, spec) in one.into_iter().chain(specs) {
        sections(spec, &at, found);
        subject(spec, &at, namespaced, found);
        for direction in ["ingress", "ingressDeny", "egress", "egressDeny"] {
            for (at, rule) in numbered(&spec[direction], &format!("{at}.{direction}")) {
                peers::check(rule, &at, found);
                traffic::check(rule, direction, &at, found);
            }
        }
    }
}

fn sections(spec: &Value, at: &str, found: &mut Found) {
    let directions = ["ingress", "ingressDeny", "egress", "egressDeny"];
    if directions.iter().all(|direction| items(&spec[*direction]).is_empty()) {
        found.add(
            VALIDATION,
            at,
            "a policy needs at least one element in ingress, ingressDeny, egress or egressDeny; an element without fields denies \
             everything",
        );
    }
}

fn subject(spec: &Value, at: &str, namespaced: bool, found: &mut Found) {
    match (spec.get("endpointSelector"), spec.get("nodeSelector")) {
        (None, None) => found.add(VALIDATION, at, "a policy needs endpointSelector or nodeSelector"),
        (Some(_), Some(_)) => found.add(VALIDATION, at, "a policy has endpointSelector or nodeSelector, not both"),
        (Some(selector), None) => peers::check_selector(selector, &format!("{at}.endpointSelector"), found),
        (None, Some(_)) if namespaced => {
            found.add(KINDS, format!("{at}.nodeSelector"), "only a CiliumClusterwideNetworkPolicy is about nodes");
        }
        (None, Some(_)) => {}
    }
}

/// The fields of a rule that are lists with elements.
fn given(rule: &Value, fields: &[&'static str]) -> BTreeSet<&'static str> {
    fields.iter().copied().filter(|field| !items(&rule[*field]).is_empty()).collect()
}
