//! What a provider says.

use std::fmt;

use tfplugin::cty::Path;

/// A message of the provider for the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// An error, or else a warning.
    pub error: bool,
    /// What could not be done.
    pub summary: String,
    /// Why, and what to do.
    pub detail: String,
    /// The attribute it is about; the root for none.
    pub path: Path,
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = if self.error { "error" } else { "warning" };
        write!(f, "{severity} at {:?}: {}: {}", self.path.to_string(), self.summary, self.detail)
    }
}
