//! Spidernet.

pub mod gateway;
pub mod object;
pub mod rules;
mod support;

use crate::entry::Entry;

/// What the registry has of it.
pub const ENTRY: Entry = Entry { gateways: &[gateway::GATEWAY], rules: Some(rules::check), ..Entry::EMPTY };
