//! Which kinds of objects the cluster does not serve.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use egress_engines::manifest::ObjectId;

/// The kinds that the API server did not serve in this run: each is announced once, and waited for once.
#[derive(Debug, Default)]
pub(crate) struct MissingKinds {
    announced: Mutex<BTreeSet<(String, String)>>,
    missed: Mutex<BTreeSet<(String, String)>>,
}

impl MissingKinds {
    /// Whether nobody has said yet that this object's kind is not served.
    pub(crate) fn announce(&self, object: &ObjectId) -> bool {
        self.announced.lock().unwrap_or_else(PoisonError::into_inner).insert(kind_of(object))
    }

    /// Notes that the kind was waited for in vain.
    pub(crate) fn note(&self, object: &ObjectId) {
        self.missed.lock().unwrap_or_else(PoisonError::into_inner).insert(kind_of(object));
    }

    /// Whether the kind was waited for in vain.
    pub(crate) fn contains(&self, object: &ObjectId) -> bool {
        self.missed.lock().unwrap_or_else(PoisonError::into_inner).contains(&kind_of(object))
    }
}

fn kind_of(object: &ObjectId) -> (String, String) {
    (object.api_version.clone(), object.kind.clone())
}
