//! Google Kubernetes Engine.

mod object;
mod rules;

use self::object::CONFIG_MAP;
pub use self::object::{Error, IpMasqAgent, MOST_BLOCKS, NonMasqueradeCidrs, ip_masq_agent, requirements};
use super::companion::{Companion, CompanionKind};

/// What the registry has of it.
pub const COMPANION: Companion =
    Companion { kinds: &[CompanionKind { kind: &CONFIG_MAP, comes_with: None }], rules: rules::check };
