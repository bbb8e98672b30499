//! Calico, open source and Enterprise.

mod address;
mod egress;
pub mod gateway;
pub mod object;
pub mod policy;
pub mod rules;
mod selector;
mod support;
mod target;

use crate::entry::Entry;

/// What the registry has of it.
pub const ENTRY: Entry = Entry {
    policies: &[policy::ENGINE, policy::ENTERPRISE],
    gateways: &[gateway::GATEWAY, gateway::ENTERPRISE_GATEWAY],
    rules: Some(rules::check),
    ..Entry::EMPTY
};
