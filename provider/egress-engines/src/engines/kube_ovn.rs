//! Kube-OVN.

pub mod gateway;
pub mod object;
pub(crate) mod settings;
mod support;

use crate::entry::Entry;

/// What the registry has of it.
pub const ENTRY: Entry = Entry { gateways: &[gateway::GATEWAY], ..Entry::EMPTY };
