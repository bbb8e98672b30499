//! The kinds of objects about which no controller reports.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use egress_engines::manifest::ObjectId;

/// The kinds about whose objects nobody said anything in this run, and how long that was waited for. Their controller is probably not
/// there, and a wait of that length for each further object would make an apply of many take hours.
#[derive(Debug, Default)]
pub(crate) struct SilentKinds(Mutex<BTreeMap<(String, String), Duration>>);

impl SilentKinds {
    /// Notes that nobody said anything about an object for this long.
    pub(crate) fn note(&self, object: &ObjectId, waited: Duration) {
        let mut kinds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let longest = kinds.entry(kind_of(object)).or_default();
        *longest = waited.max(*longest);
    }

    /// Notes that a controller has reported status.
    pub(crate) fn forget(&self, object: &ObjectId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&kind_of(object));
    }

    /// How long the longest silence about an object of this kind was.
    pub(crate) fn longest(&self, object: &ObjectId) -> Option<Duration> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&kind_of(object)).copied()
    }
}

fn kind_of(object: &ObjectId) -> (String, String) {
    (object.api_version.clone(), object.kind.clone())
}
