//! Asking one thing once, for all who want to know.

use std::collections::HashMap;
use std::future::Future;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::OnceCell;
use tokio::time::Instant;

use crate::Error;

/// How long a failure stands for further callers. Terraform asks for each resource in turn, so that without it a thousand resources would
/// each wait for the same timeout; in an apply that lasts, whatever failed may work again later.
pub(crate) const HOLD: Duration = Duration::from_secs(30);

/// An answer that is the same for everybody. The first caller asks, the others wait for the answer or share the failure.
pub struct Once<T, E = Error> {
    current: Mutex<Arc<OnceCell<Answer<T, E>>>>,
}

enum Answer<T, E> {
    Known(T),
    Failed { error: E, at: Instant },
}

impl<T, E> Default for Once<T, E> {
    fn default() -> Self {
        Self { current: Mutex::default() }
    }
}

impl<T, E> std::fmt::Debug for Once<T, E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Once").finish_non_exhaustive()
    }
}

impl<T, E> Once<T, E> {
    /// With an answer that is known from the start.
    pub fn known(answer: T) -> Self {
        Self { current: Mutex::new(Arc::new(OnceCell::new_with(Some(Answer::Known(answer))))) }
    }
}

impl<T: Clone, E: Clone> Once<T, E> {
    /// The answer, asked for if nobody has. Where the caller that asks goes away, the next one of those that wait asks.
    pub async fn get<F>(&self, ask: impl FnOnce() -> F) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>>,
    {
        let cell = self.current();
        let answer = cell
            .get_or_init(|| async {
                match ask().await {
                    Ok(known) => Answer::Known(known),
                    Err(error) => Answer::Failed { error, at: Instant::now() },
                }
            })
            .await;
        match answer {
            Answer::Known(known) => Ok(known.clone()),
            Answer::Failed { error, .. } => Err(error.clone()),
        }
    }

    /// The current question; a new one once a failure is old.
    fn current(&self) -> Arc<OnceCell<Answer<T, E>>> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(current.get(), Some(Answer::Failed { at, .. }) if at.elapsed() >= HOLD) {
            *current = Arc::default();
        }
        current.clone()
    }
}

/// Many of them, by what is asked.
pub(crate) struct OnceMap<K, T> {
    all: Mutex<HashMap<K, Arc<Once<T>>>>,
}

impl<K, T> Default for OnceMap<K, T> {
    fn default() -> Self {
        Self { all: Mutex::default() }
    }
}

impl<K: Eq + Hash, T> OnceMap<K, T> {
    pub(crate) fn of(&self, key: K) -> Arc<Once<T>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default().clone()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn those_who_wait_share_one_answer_and_one_failure() {
        let asked = AtomicUsize::new(0);
        let ask = |answer: Result<i32, Error>| {
            let asked = &asked;
            move || async move {
                asked.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_mins(1)).await;
                answer
            }
        };
        let begin = Instant::now();
        let once = Once::<i32>::default();
        let all = futures::future::join_all((0..100).map(|_| once.get(ask(Err(Error::Unauthorized))))).await;
        assert!(all.iter().all(|answer| matches!(answer, Err(Error::Unauthorized))));
        assert!(once.get(ask(Ok(1))).await.is_err(), "who comes a moment later does not try again");
        assert_eq!((asked.load(Ordering::Relaxed), begin.elapsed().as_secs()), (1, 60));

        tokio::time::sleep(HOLD).await;
        let all = futures::future::join_all((0..100).map(|_| once.get(ask(Ok(1))))).await;
        assert!(all.into_iter().all(|answer| matches!(answer, Ok(1))), "it may work again");
        assert_eq!(asked.load(Ordering::Relaxed), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn another_one_asks_when_the_one_who_asks_goes_away() {
        let once = Once::<i32>::default();
        let slow = once.get(|| async {
            tokio::time::sleep(Duration::from_mins(1)).await;
            Ok(1)
        });
        let gives_up = tokio::time::timeout(Duration::from_secs(1), slow);
        let (impatient, answer) = tokio::join!(gives_up, once.get(|| async { Ok(2) }));
        assert!(impatient.is_err());
        assert!(matches!(answer, Ok(2)));
    }
}
