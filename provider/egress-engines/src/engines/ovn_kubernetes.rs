//! OVN-Kubernetes.

pub mod firewall;
pub mod gateway;
pub mod object;
pub mod policy;
pub mod rules;
pub(crate) mod settings;
mod support;

use crate::entry::Entry;

/// What the registry has of it.
pub const ENTRY: Entry =
    Entry { policies: &[policy::ENGINE], gateways: &[gateway::GATEWAY], rules: Some(rules::check), ..Entry::EMPTY };
