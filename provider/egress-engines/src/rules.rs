//! The engines' own rules about objects, beyond what the schema of a custom resource says: what a webhook or an agent refuses,
//! and what it takes but does not do. Each engine has its rules in its folder, over objects as an API server takes
//! them, so that they hold for what is emitted and for what users write.

use crate::registry::ENTRIES;
use crate::violation::Violation;

/// Everything in which an object breaks a rule of the engine that it is for.
pub fn check(object: &serde_json::Value) -> Vec<Violation> {
    ENTRIES.iter().filter_map(|entry| entry.rules).flat_map(|check| check(object)).collect()
}
