//! Istio.

mod ambient;
mod authorization;
pub mod gateway;
mod names;
pub mod object;
pub mod policy;
pub mod rules;
pub(crate) mod settings;
mod sidecar;
mod support;

use crate::entry::Entry;

/// What the registry has of it.
pub const ENTRY: Entry =
    Entry { policies: &[policy::ENGINE], gateways: &[gateway::GATEWAY], rules: Some(rules::check), ..Entry::EMPTY };
