//! The tags of the provider's configuration.

use std::collections::BTreeMap;

/// The tags for every object that the provider makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefaultTags {
    /// Those that are known.
    pub known: BTreeMap<String, String>,
    /// Whether these are all. In a plan a value may be known later, such as a time.
    pub complete: bool,
}

impl Default for DefaultTags {
    fn default() -> Self {
        Self { known: BTreeMap::new(), complete: true }
    }
}
