//! What a process remembers of a cluster.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use egress_engines::manifest::ObjectId;
use serde_json::Value;
use tokio::time::Instant;

use crate::once::{HOLD, OnceMap};
use crate::{Error, Object};

/// A failure that took longer than this stands for every other request for a while: each would wait as long.
const SLOW: Duration = Duration::from_secs(2);

/// The last failure that took long.
#[derive(Default)]
pub(crate) struct Outage(Mutex<Option<(Instant, Error)>>);

impl Outage {
    pub(crate) fn current(&self) -> Option<Error> {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.as_ref().filter(|(at, _)| at.elapsed() < HOLD).map(|(_, error)| error.clone())
    }

    pub(crate) fn note(&self, took: Duration, error: &Error) {
        let unanswered = matches!(error, Error::Silent { .. } | Error::Unreachable { .. } | Error::Credentials(_));
        if unanswered && took >= SLOW {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), error.clone()));
        }
    }
}

/// One list: group and version, plural, label selector.
type ListKey = (String, String, String);
/// Namespace and name to the object as text, which takes a fraction of a parsed one's memory.
pub(crate) type Listed = HashMap<(Option<String>, String), Box<str>>;

/// What was listed, and what was written since.
#[derive(Default)]
pub(crate) struct Snapshots {
    pub(crate) lists: OnceMap<ListKey, Option<Arc<Listed>>>,
    written: Mutex<HashSet<ObjectId>>,
}

impl Snapshots {
    /// Notes that this process wrote an object: the list is stale for it.
    pub(crate) fn forget(&self, id: &ObjectId) {
        self.written.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone());
    }

    pub(crate) fn was_written(&self, id: &ObjectId) -> bool {
        self.written.lock().unwrap_or_else(PoisonError::into_inner).contains(id)
    }
}

/// What was asked, by the path that was asked.
#[derive(Default)]
pub(crate) struct Facts {
    pub(crate) answers: OnceMap<String, Option<Arc<Value>>>,
    pub(crate) objects: OnceMap<ObjectId, Option<Arc<Object>>>,
}
