//! What the documentation of `ClusterNetworkPolicy` and its implementations say beyond the CRD.

use serde_json::Value;

use crate::tiers::rules::{check_admin_rules, is_kind};
use crate::violation::Violation;

/// Everything in which a `ClusterNetworkPolicy` would be refused or do something else than it seems to.
pub fn check(object: &Value) -> Vec<Violation> {
    if !is_kind(object, "policy.networking.k8s.io/", "ClusterNetworkPolicy") {
        return Vec::new();
    }
    check_admin_rules(object, "Accept", "protocols")
}
