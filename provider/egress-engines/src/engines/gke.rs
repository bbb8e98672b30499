//! Google Kubernetes Engine.

pub mod object;
pub mod policy;
pub mod rules;
mod support;

use crate::entry::Entry;

/// What the registry has of it.
pub const ENTRY: Entry = Entry { policies: &[policy::ENGINE], rules: Some(rules::check), ..Entry::EMPTY };
