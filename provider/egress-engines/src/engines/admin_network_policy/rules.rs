//! What the documentation of `AdminNetworkPolicy` and its implementations say beyond the CRD.

use serde_json::Value;

use crate::tiers::rules::{check_admin_rules, is_kind};
use crate::violation::Violation;

const OVN_KUBERNETES: &str = "OVN-Kubernetes 1.3, docs/features/network-security-controls/admin-network-policy.md";

/// Everything in which an `AdminNetworkPolicy` or `BaselineAdminNetworkPolicy` would be refused or do something else than it
/// seems to.
pub fn check(object: &Value) -> Vec<Violation> {
    let admin = is_kind(object, "policy.networking.k8s.io/", "AdminNetworkPolicy");
    if !admin && !is_kind(object, "policy.networking.k8s.io/", "BaselineAdminNetworkPolicy") {
        return Vec::new();
    }
    let mut found = check_admin_rules(object, "Allow", "ports");
    if admin && object["spec"]["priority"].as_u64().is_some_and(|priority| priority > 99) {
        found.push(Violation {
            field: "spec.priority".into(),
            rule: "OVN-Kubernetes enforces only policies with a priority up to 99, and reports others as unsupported"
                .into(),
            source: OVN_KUBERNETES,
        });
    }
    found
}
