//! The identities that a run has created.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use egress_model::identity::Identity;

/// The identities that one run of Terraform has created. Each belongs to one resource instance: a second creation of one is
/// another resource of the same name, and a removal after it is that of an older instance, whose objects the newer one has
/// adopted (`create_before_destroy`).
#[derive(Debug, Default)]
pub(crate) struct Created(Mutex<BTreeSet<Identity>>);

impl Created {
    /// Notes a creation; `false` when the identity was created before.
    pub(crate) fn note(&self, identity: &Identity) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(identity.clone())
    }

    /// Whether the identity was created in this run.
    pub(crate) fn holds(&self, identity: &Identity) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(identity)
    }
}
