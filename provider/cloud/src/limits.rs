//! How long work may go on.

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;

/// When to stop.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Cancelled when the user interrupts: nothing new is started, what was accepted is finished.
    pub stop: CancellationToken,
    /// The end of the resource's timeout: waiting ends too.
    pub deadline: Instant,
}

/// How often to look whether something has happened: soon at first, because most things are quick, then less and less
/// often, because a cloud counts the calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Poll {
    /// The first pause; each following one is half as long again.
    pub first: Duration,
    /// The longest pause.
    pub longest: Duration,
}

impl Limits {
    /// Limits that end after this time, or when `stop` is cancelled.
    pub fn within(stop: CancellationToken, timeout: Duration) -> Self {
        Self { stop, deadline: Instant::now() + timeout }
    }

    /// Whether the user interrupted.
    pub fn stopped(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// Whether the time is over.
    pub fn expired(&self) -> bool {
        Instant::now() >= self.deadline
    }

    /// Sleeps, but not beyond the deadline; `false` when that is reached.
    pub async fn sleep(&self, pause: Duration) -> bool {
        timeout_at(self.deadline, sleep(pause)).await.is_ok() && !self.expired()
    }

    /// Probes until there is something (`Some`), the probe fails, or the deadline is reached (`Ok(None)`). Does not end
    /// when the user interrupts: a wait is part of a call that was accepted. A wait that may be left to the next run is an
    /// operation of its own, which the driver does not start after an interruption.
    pub async fn until<T, E, F>(&self, poll: Poll, mut probe: impl FnMut() -> F) -> Result<Option<T>, E>
    where
        F: Future<Output = Result<Option<T>, E>>,
    {
        let mut pause = poll.first;
        loop {
            if let Some(found) = probe().await? {
                return Ok(Some(found));
            }
            if !self.sleep(pause).await {
                return Ok(None);
            }
            pause = (pause * 3 / 2).min(poll.longest);
        }
    }
}

impl Poll {
    /// For objects that are ready within seconds to minutes.
    pub const DEFAULT: Self = Self { first: Duration::from_millis(500), longest: Duration::from_secs(10) };

    /// The same shape with another first pause: tests wait milliseconds.
    pub fn starting_at(first: Duration) -> Self {
        Self { first, longest: first * 20 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Limits {
        Limits::within(CancellationToken::new(), Duration::from_secs(seconds))
    }

    #[tokio::test(start_paused = true)]
    async fn waits_longer_and_longer_until_it_finds() {
        let start = Instant::now();
        let mut times = Vec::new();
        let found: Result<_, ()> = seconds(60)
            .until(Poll { first: Duration::from_secs(2), longest: Duration::from_secs(4) }, || {
                times.push(start.elapsed().as_secs());
                let found = (times.len() == 5).then_some("here");
                async move { Ok(found) }
            })
            .await;
        assert_eq!(found, Ok(Some("here")));
        assert_eq!(times, [0, 2, 5, 9, 13]);
    }

    #[tokio::test(start_paused = true)]
    async fn ends_at_the_deadline_and_not_at_an_interruption() {
        let limits = seconds(5);
        limits.stop.cancel();
        let start = Instant::now();
        let found: Result<Option<()>, ()> = limits.until(Poll::DEFAULT, || async { Ok(None) }).await;
        assert_eq!(found, Ok(None));
        assert_eq!(start.elapsed().as_secs(), 5);
    }
}
