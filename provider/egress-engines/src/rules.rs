//! The engines' own rules about objects, beyond what the schema of a custom resource says: what a webhook or an agent refuses,
//! and what it takes but does not do. Each engine has its rules in `<engine>/rules.rs`, over objects as an API server takes
//! them, so that they hold for what is emitted and for what users write.

use crate::violation::Violation;

/// One engine's rules: what breaks them in an object of its own kinds; nothing of all others.
pub type Check = fn(&serde_json::Value) -> Vec<Violation>;

/// Every engine's rules.
pub const CHECKS: &[Check] = &[
    crate::admin_network_policy::rules::check,
    crate::antrea::rules::check,
    crate::calico::rules::check,
    crate::cilium::rules::check,
    crate::cluster_network_policy::rules::check,
    crate::eks::rules::check,
    crate::gke::rules::check,
    crate::ovn_kubernetes::rules::check,
    crate::istio::rules::check,
    crate::linkerd::rules::check,
    crate::spidernet::rules::check,
];

/// Everything in which an object breaks a rule of the engine that it is for.
pub fn check(object: &serde_json::Value) -> Vec<Violation> {
    CHECKS.iter().flat_map(|check| check(object)).collect()
}
