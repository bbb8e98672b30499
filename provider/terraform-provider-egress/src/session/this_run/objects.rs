//! Which resource has which object of a cluster.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use egress_engines::manifest::ObjectId;

use super::Spot;

/// The objects in the plans of one run of Terraform, each with the resource that is to have it. Two resources would take an object from
/// each other with every apply.
#[derive(Debug, Default)]
pub(crate) struct Claimed(Mutex<BTreeMap<ObjectId, Spot>>);

impl Claimed {
    /// Notes a claim. The answer is another resource that wants the object too.
    pub(crate) fn note(&self, id: ObjectId, own: &Spot) -> Option<Spot> {
        let mut claimed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let first = claimed.entry(id).or_insert_with(|| own.clone());
        (first != own).then(|| first.clone())
    }
}
