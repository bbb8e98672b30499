//! What breaks an engine's own rules.

use std::fmt;

/// One engine's rules: what breaks them in an object of its own kinds; nothing of all others.
pub(crate) type Check = fn(&serde_json::Value) -> Vec<Violation>;

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
