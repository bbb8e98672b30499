//! What the registry has of the folder of a companion.

use crate::manifest::Kind;
use crate::violation::Check;

/// The objects with which one managed service steers egress in its clusters.
#[derive(Clone, Copy, Debug)]
pub struct Companion {
    /// Their kinds.
    pub kinds: &'static [CompanionKind],
    /// The service's own rules about them, beyond their schemas.
    pub rules: Check,
}

/// A kind of these.
#[derive(Clone, Copy, Debug)]
pub struct CompanionKind {
    /// The kind.
    pub kind: &'static Kind,
    /// What brings it into a cluster, after "it comes with"; none for what every cluster has.
    pub comes_with: Option<&'static str>,
}
