//! Locks on objects of a cloud that several resources change.
//!
//! Terraform works on ten resources at once. Some clouds take one change of an object at a time, such as of a router or of a virtual
//! network, and some of them answer the second with success and lose the first. So whoever changes such an object holds its lock from
//! the read before the change to the read after it. A lock is of one process: what other processes do is found by that second read.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

use crate::{Error, Limits};

/// The locks of one place, by the id of the object.
#[derive(Debug, Default)]
pub struct Locks(Mutex<HashMap<String, Weak<AsyncMutex<()>>>>);

/// A lock that is held until this is dropped.
#[derive(Debug)]
pub struct Held(#[expect(dead_code, reason = "held, and never read")] OwnedMutexGuard<()>);

impl Locks {
    /// Waits for the lock of an object, in the order of those who ask, and no longer than work may go on. `operation` is the call that is
    /// to be made under it.
    pub async fn hold(&self, object: &str, operation: &'static str, limits: &Limits) -> Result<Held, Error> {
        let lock = self.lock_of(object);
        limits.reading(operation, async { Ok(Held(lock.lock_owned().await)) }).await
    }

    fn lock_of(&self, object: &str) -> Arc<AsyncMutex<()>> {
        let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lock) = locks.get(object).and_then(Weak::upgrade) {
            return lock;
        }
        locks.retain(|_, lock| lock.strong_count() > 0);
        let lock = Arc::new(AsyncMutex::default());
        locks.insert(object.to_owned(), Arc::downgrade(&lock));
        lock
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::Class;

    fn limits() -> Limits {
        Limits::within(CancellationToken::new(), Duration::from_secs(60))
    }

    #[tokio::test(start_paused = true)]
    async fn one_holds_an_object_at_a_time_and_others_hold_others() {
        let (locks, limits) = (Locks::default(), limits());
        let first = locks.hold("router-1", "Patch", &limits).await.expect("a lock");
        let _other = locks.hold("router-2", "Patch", &limits).await.expect("another object's lock");
        let waits = tokio::time::timeout(Duration::from_secs(1), locks.hold("router-1", "Patch", &limits));
        assert!(waits.await.is_err());
        drop(first);
        locks.hold("router-1", "Patch", &limits).await.expect("a lock that is free again");
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_ends_with_the_work() {
        let (locks, limits) = (Locks::default(), limits());
        let _held = locks.hold("router-1", "Patch", &limits).await.expect("a lock");
        let error = locks.hold("router-1", "Patch", &limits).await.expect_err("no lock");
        assert_eq!((error.class, error.operation), (Class::Expired, "Patch"));
    }

    #[tokio::test]
    async fn nothing_is_kept_of_objects_that_nobody_holds() {
        let (locks, limits) = (Locks::default(), limits());
        for n in 0..100 {
            locks.hold(&format!("router-{n}"), "Patch", &limits).await.expect("a lock");
        }
        assert_eq!(locks.0.lock().expect("the locks").len(), 1);
    }
}
