//! The objects with which a managed cluster's own components steer egress: what stands in the cluster beside what stands in the
//! cloud. Inputs are types that hold only valid values; what cannot be said with them is an error of their constructor. A new service is
//! its folder and its two lines here.

pub mod ack;
pub mod aks;
mod checks;
mod companion;
pub mod eks;
pub mod gke;
mod id;

use std::sync::LazyLock;

pub use self::companion::{Companion, CompanionKind};
use crate::manifest::Kind;
use crate::violation::Violation;

const COMPANIONS: &[Companion] = &[eks::COMPANION, aks::COMPANION, gke::COMPANION, ack::COMPANION];

/// The kinds of these objects.
pub static KINDS: LazyLock<Vec<&'static Kind>> = LazyLock::new(|| kinds().map(|one| one.kind).collect());

/// What brings one of these kinds into a cluster, after "it comes with"; none for other kinds.
pub fn installed_with(kind: &str) -> Option<&'static str> {
    kinds().find(|one| one.kind.kind == kind)?.comes_with
}

/// The clouds' own rules about their objects in the cluster, beyond the schemas: what their webhooks and controllers refuse, and what they
/// take and do not do. Objects of other kinds break nothing.
pub fn check(object: &serde_json::Value) -> Vec<Violation> {
    COMPANIONS.iter().flat_map(|companion| (companion.rules)(object)).collect()
}

fn kinds() -> impl Iterator<Item = &'static CompanionKind> {
    COMPANIONS.iter().flat_map(|companion| companion.kinds)
}
