//! Kubernetes' own `NetworkPolicy`.

pub mod object;
pub mod policy;
pub(crate) mod support;

use crate::entry::Entry;
pub(crate) use object::KIND;
pub use object::{EgressRule, IpBlock, NetworkPolicySpec, Peer, PolicyPort, PolicyType};
pub(crate) use policy::{
    allow_rules, block, dns_rules, manifest, numbered, policy_port, reaches_pods, through_mesh, to_pods,
};

/// What the registry has of it.
pub const ENTRY: Entry = Entry { policies: &[policy::ENGINE], ..Entry::EMPTY };
