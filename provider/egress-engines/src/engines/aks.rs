//! Azure Kubernetes Service.

pub mod gateway;
mod support;

use crate::entry::Entry;

/// What the registry has of it.
pub const ENTRY: Entry = Entry { gateways: &[gateway::GATEWAY], ..Entry::EMPTY };
