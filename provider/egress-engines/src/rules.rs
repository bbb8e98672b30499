//! The engines' own rules about objects, beyond what the schema of a custom resource says: what a webhook or an agent refuses,
//! and what it takes but does not do. Each engine has its rules in `<engine>/rules.rs`, over objects as an API server takes
//! them, so that they hold for what is emitted and for what users write.

use std::fmt;

/// Something about an object that its engine refuses, or that does not do what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The field, such as `spec.egress[0].ports`.
    pub field: String,
    /// What is wrong with it, as users read it.
    pub rule: String,
    /// Where the engine says so: documentation or source file, with the version.
    pub source: &'static str,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({})", self.field, self.rule, self.source)
    }
}

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
