//! One reading from which many reads are answered.
//!
//! Terraform refreshes each resource with a call of its own, ten at a time. The first of them loads all objects of one type
//! that the owner has in a place, in pages; the others wait for that load and share its result, also when it fails. A write of our own
//! drops what was read: it is not what is. A snapshot never says that an object is gone; the reader asks for that object by its id.

use std::collections::HashMap;
use std::future::Future;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::OnceCell;
use tokio::time::sleep;

use crate::Error;

/// Where an observation comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// What this process read before, where that was. Only what seems to be gone is asked for again.
    Snapshot,
    /// The cloud.
    Now,
}

/// A load that was begun, or its result.
type Load<T> = Arc<OnceCell<Result<Arc<T>, Error>>>;

/// Readings of one type of object in one place, by what they were asked for, such as an owner.
#[derive(Debug)]
pub struct Snapshot<K, T>(Mutex<HashMap<K, Load<T>>>);

impl<K, T> Default for Snapshot<K, T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Clone + Eq + Hash, T> Snapshot<K, T> {
    /// What was loaded since the last write, or what `load` gives. A failure is shared with those who waited for it; whoever asks
    /// later loads again.
    pub async fn get<F>(&self, key: &K, load: impl FnOnce() -> F) -> Result<Arc<T>, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let cell = Arc::clone(self.lock().entry(key.clone()).or_default());
        let loaded = cell.get_or_init(|| async { Box::pin(load()).await.map(Arc::new) }).await.clone();
        if loaded.is_err() {
            let mut loads = self.lock();
            if loads.get(key).is_some_and(|now| Arc::ptr_eq(now, &cell)) {
                loads.remove(key);
            }
        }
        loaded
    }

    /// Drops what was loaded, and what is being loaded, for those who ask from now on. Call it before a write is sent and after it
    /// was answered.
    pub fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, Load<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long ids are collected before they are asked for: less than a call takes, and long enough for the reads that Terraform starts
/// together.
const COLLECTING: Duration = Duration::from_millis(20);

/// Ids that are asked for together.
#[derive(Debug)]
struct Batch<K, T> {
    ids: Mutex<Vec<K>>,
    found: OnceCell<Result<Arc<HashMap<K, T>>, Error>>,
}

#[derive(Debug)]
struct Known<K, T> {
    found: HashMap<K, T>,
    open: Option<Arc<Batch<K, T>>>,
    /// Counts the writes: what was asked for before one is not kept.
    writes: u64,
}

/// Objects that are asked for by id because no snapshot has them, such as those of other owners: the ids of many readers in one call.
#[derive(Debug)]
pub struct ById<K, T>(Mutex<Known<K, T>>);

impl<K, T> Default for ById<K, T> {
    fn default() -> Self {
        Self(Mutex::new(Known { found: HashMap::new(), open: None, writes: 0 }))
    }
}

impl<K: Clone + Eq + Hash, T: Clone> ById<K, T> {
    /// The objects with these ids that exist. `load` is given the ids of everybody who asks at the same time. What was not there is asked
    /// for again every time.
    pub async fn get<F>(&self, ids: &[K], load: impl FnOnce(Vec<K>) -> F) -> Result<Vec<T>, Error>
    where
        F: Future<Output = Result<HashMap<K, T>, Error>>,
    {
        let (mut objects, missing, batch, writes) = {
            let mut known = self.lock();
            let objects: Vec<T> = ids.iter().filter_map(|id| known.found.get(id).cloned()).collect();
            let missing: Vec<K> = ids.iter().filter(|id| !known.found.contains_key(*id)).cloned().collect();
            if missing.is_empty() {
                return Ok(objects);
            }
            let open = || Arc::new(Batch { ids: Mutex::default(), found: OnceCell::new() });
            let batch = Arc::clone(known.open.get_or_insert_with(open));
            batch.ids.lock().unwrap_or_else(PoisonError::into_inner).extend(missing.iter().cloned());
            (objects, missing, batch, known.writes)
        };
        let found = batch.found.get_or_init(|| async {
            sleep(COLLECTING).await;
            let mut ids = {
                let mut known = self.lock();
                known.open.take_if(|open| Arc::ptr_eq(open, &batch));
                batch.ids.lock().unwrap_or_else(PoisonError::into_inner).clone()
            };
            let mut seen = std::collections::HashSet::new();
            ids.retain(|id| seen.insert(id.clone()));
            Box::pin(load(ids)).await.map(Arc::new)
        });
        let found = found.await.clone()?;
        objects.extend(missing.iter().filter_map(|id| found.get(id).cloned()));
        let mut known = self.lock();
        if known.writes == writes {
            known.found.extend(missing.into_iter().filter_map(|id| Some((id.clone(), found.get(&id)?.clone()))));
        }
        Ok(objects)
    }

    /// Drops what was found. Call it before a write is sent and after it was answered.
    pub fn clear(&self) {
        let mut known = self.lock();
        known.found.clear();
        known.open = None;
        known.writes += 1;
    }

    fn lock(&self) -> MutexGuard<'_, Known<K, T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Semaphore;

    use super::*;
    use crate::Class;

    /// Loads that are counted, and end when they are let go.
    struct Loads {
        begun: AtomicUsize,
        gate: Semaphore,
        fail: bool,
    }

    impl Loads {
        fn new(fail: bool) -> Self {
            Self { begun: AtomicUsize::new(0), gate: Semaphore::new(0), fail }
        }

        async fn load(&self) -> Result<usize, Error> {
            let number = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
            self.gate.acquire().await.expect("an open gate").forget();
            if self.fail { Err(Error::new(Class::Unreachable, "Describe", "no")) } else { Ok(number) }
        }
    }

    #[tokio::test]
    async fn readers_at_once_share_one_load_also_one_that_fails() {
        for fail in [false, true] {
            let (snapshot, loads) = (Arc::new(Snapshot::<(), usize>::default()), Arc::new(Loads::new(fail)));
            let readers: Vec<_> = (0..50)
                .map(|_| {
                    let (snapshot, loads) = (Arc::clone(&snapshot), Arc::clone(&loads));
                    tokio::spawn(async move { snapshot.get(&(), || loads.load()).await.map(|found| *found) })
                })
                .collect();
            while loads.begun.load(Ordering::SeqCst) == 0 {
                tokio::task::yield_now().await;
            }
            sleep(Duration::from_millis(20)).await;
            loads.gate.add_permits(1);
            for reader in readers {
                assert_eq!(reader.await.expect("a reader").is_err(), fail);
            }
            assert_eq!(loads.begun.load(Ordering::SeqCst), 1, "one load for all");
            loads.gate.add_permits(1);
            let later = snapshot.get(&(), || loads.load()).await;
            assert_eq!((later.is_err(), loads.begun.load(Ordering::SeqCst)), (fail, if fail { 2 } else { 1 }));
        }
    }

    #[tokio::test]
    async fn a_write_does_not_wait_for_a_load_and_voids_it() {
        let (snapshot, loads) = (Snapshot::<(), usize>::default(), Loads::new(false));
        let (first, ()) = tokio::join!(snapshot.get(&(), || loads.load()), async {
            sleep(Duration::from_millis(5)).await;
            snapshot.clear();
            loads.gate.add_permits(2);
        });
        assert_eq!(*first.expect("a reading"), 1);
        assert_eq!(
            *snapshot.get(&(), || loads.load()).await.expect("a reading"),
            2,
            "what was read before is not kept"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn ids_of_many_readers_are_one_call() {
        let objects = ById::<u32, String>::default();
        let asked = Mutex::new(Vec::new());
        let load = |ids: Vec<u32>| {
            asked.lock().expect("a lock").push(ids.len());
            async move { Ok(ids.into_iter().filter(|id| *id < 100).map(|id| (id, id.to_string())).collect()) }
        };
        let reads = (0..10).map(|id| {
            let (objects, load) = (&objects, &load);
            async move { objects.get(&[id, id + 1, 200 + id], load).await.expect("a reading") }
        });
        for (found, id) in futures(reads).await.into_iter().zip(0_u32..) {
            assert_eq!(found, [id.to_string(), (id + 1).to_string()], "its own, and none that is not there");
        }
        assert_eq!(objects.get(&[3, 4], load).await.expect("a reading").len(), 2);
        assert_eq!(*asked.lock().expect("a lock"), [21], "each id once, in one call");
        objects.get(&[3, 200], load).await.expect("a reading");
        objects.clear();
        objects.get(&[3, 4], load).await.expect("a reading");
        assert_eq!(*asked.lock().expect("a lock"), [21, 1, 2], "what is missing is asked for again; a write drops all");
    }

    /// Runs futures together, in order of their results.
    async fn futures<T>(futures: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
        let mut pending: Vec<_> = futures.map(Box::pin).collect();
        let mut results: Vec<Option<T>> = pending.iter().map(|_| None).collect();
        std::future::poll_fn(|cx| {
            for (future, result) in pending.iter_mut().zip(&mut results) {
                if result.is_none()
                    && let std::task::Poll::Ready(value) = future.as_mut().poll(cx)
                {
                    *result = Some(value);
                }
            }
            if results.iter().all(Option::is_some) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
        })
        .await;
        results.into_iter().flatten().collect()
    }
}
