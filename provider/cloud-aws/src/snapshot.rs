//! One reading of everything of an owner, from which many reads are answered.
//!
//! Terraform refreshes each resource with a call of its own, ten at a time. The first of them loads all objects of one type
//! that the owner has in a region, in pages; the others wait for that load and share its result. A write of our own drops
//! it: what was read before is not what is. A snapshot never says that an object is gone; the reader asks for that object
//! alone.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cloud::Error;
use egress_model::identity::Owner;
use tokio::sync::Mutex;

/// The objects of one type in one region, by owner.
#[derive(Debug)]
pub(crate) struct Snapshot<T> {
    loaded: Mutex<HashMap<Owner, Arc<Vec<T>>>>,
    /// Counts the writes: a load during which one happened is not kept.
    writes: AtomicU64,
}

impl<T> Default for Snapshot<T> {
    fn default() -> Self {
        Self { loaded: Mutex::default(), writes: AtomicU64::new(0) }
    }
}

impl<T> Snapshot<T> {
    /// The owner's objects as they were when they were last loaded, or loads them.
    pub(crate) async fn get<F>(&self, owner: &Owner, load: impl FnOnce() -> F) -> Result<Arc<Vec<T>>, Error>
    where
        F: Future<Output = Result<Vec<T>, Error>>,
    {
        // Held while loading, so that others wait for this load and do not start their own.
        let mut loaded = self.loaded.lock().await;
        if let Some(objects) = loaded.get(owner) {
            return Ok(Arc::clone(objects));
        }
        let writes = self.writes.load(Ordering::Acquire);
        let objects = Arc::new(load().await?);
        if self.writes.load(Ordering::Acquire) == writes {
            loaded.insert(owner.clone(), Arc::clone(&objects));
        }
        Ok(objects)
    }

    /// Drops what was loaded: call it before a write is sent and after it was answered.
    pub(crate) async fn invalidate(&self) {
        self.writes.fetch_add(1, Ordering::AcqRel);
        self.loaded.lock().await.clear();
    }
}
