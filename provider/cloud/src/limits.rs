//! How long work may go on, and the pauses in it.

use std::future::Future;
use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::{Class, Error};

/// When to stop.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Cancelled when the user interrupts: nothing new is started, what was accepted is finished.
    pub stop: CancellationToken,
    /// The end of the resource's timeout: waiting ends too.
    pub deadline: Instant,
    /// How much longer the answer to a call is awaited that changes something: it tells what was made.
    pub grace: Duration,
}

/// Why work ended before it was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The user interrupted.
    Stopped,
    /// The time was over.
    Expired,
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
    /// How long reading what there is may take, beside a resource's own timeouts: time for throttling, not for silence, which
    /// [`crate::calls::SILENCE`] ends sooner.
    pub const LOOK: Duration = Duration::from_mins(5);

    /// Long enough for an answer that is on its way, short enough for a user who waits for the prompt.
    pub const GRACE: Duration = Duration::from_secs(10);

    /// Limits that end after this time, or when `stop` is cancelled.
    pub fn within(stop: CancellationToken, timeout: Duration) -> Self {
        Self { stop, deadline: Instant::now() + timeout, grace: Self::GRACE }
    }

    /// Whether the user interrupted.
    pub fn stopped(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// Whether work is to end now, and why.
    pub fn ended(&self) -> Option<Ended> {
        if self.stopped() {
            return Some(Ended::Stopped);
        }
        (Instant::now() >= self.deadline).then_some(Ended::Expired)
    }

    /// Waits until work is to end.
    pub async fn end(&self) -> Ended {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Ended::Stopped,
            () = sleep_until(self.deadline) => Ended::Expired,
        }
    }

    /// The answer to a call that only reads. It is given up at the end of work, at once.
    pub async fn reading<T>(
        &self,
        operation: &'static str,
        call: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        tokio::select! {
            biased;
            answer = call => answer,
            ended = self.end() => Err(ended.error(operation)),
        }
    }

    /// The answer to a call that changes something. It is awaited for [`Self::grace`] longer; what it did after that is found by the
    /// next run.
    pub async fn writing<T>(
        &self,
        operation: &'static str,
        call: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let given_up = async {
            let ended = self.end().await;
            sleep(self.grace).await;
            ended
        };
        tokio::select! {
            biased;
            answer = call => answer,
            ended = given_up => Err(ended.error(operation)),
        }
    }

    /// The pauses of a loop that waits for something.
    pub fn pauses(&self, poll: Poll) -> Pauses<'_> {
        Pauses { limits: self, next: poll.first, longest: poll.longest, jitter: false, last: None }
    }

    /// Probes until there is something (`Some`), the probe fails for a reason that does not pass by itself, or work is to end.
    /// `Ok(Err(..))` says why nothing was found; a probe that kept failing until the deadline is an error.
    pub async fn until<T, F>(&self, poll: Poll, mut probe: impl FnMut() -> F) -> Result<Result<T, Ended>, Error>
    where
        F: Future<Output = Result<Option<T>, Error>>,
    {
        let mut pauses = self.pauses(poll);
        loop {
            if let Some(Some(found)) = pauses.passing(probe().await)? {
                return Ok(Ok(found));
            }
            match pauses.next().await {
                Ok(()) => {}
                Err(Ended::Expired) => return pauses.last.map_or(Ok(Err(Ended::Expired)), Err),
                Err(Ended::Stopped) => return Ok(Err(Ended::Stopped)),
            }
        }
    }
}

impl Ended {
    /// The error of a call that was given up for this reason.
    pub fn error(self, operation: &'static str) -> Error {
        match self {
            Self::Stopped => {
                Error::new(Class::Interrupted, operation, "the run was interrupted before there was an answer")
            }
            Self::Expired => Error::new(Class::Expired, operation, "there was no answer before the time was over"),
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

/// Longer and longer pauses, which end at once when work is to end.
#[derive(Debug)]
pub struct Pauses<'a> {
    limits: &'a Limits,
    next: Duration,
    longest: Duration,
    jitter: bool,
    last: Option<Error>,
}

impl Pauses<'_> {
    /// Pauses of random length up to the full one: those who were refused together do not come back together.
    #[must_use]
    pub fn spread(mut self) -> Self {
        self.jitter = true;
        self
    }

    /// Pauses; the error says why there is no more time for it.
    pub async fn next(&mut self) -> Result<(), Ended> {
        self.next_after(Duration::ZERO).await
    }

    /// Pauses for at least so long, as a cloud may ask for.
    pub async fn next_after(&mut self, least: Duration) -> Result<(), Ended> {
        let full = self.next;
        self.next = (full * 3 / 2).min(self.longest);
        let pause = least.max(if self.jitter { spread(full) } else { full });
        tokio::select! {
            biased;
            ended = self.limits.end() => Err(ended),
            () = sleep(pause) => self.limits.ended().map_or(Ok(()), Err),
        }
    }

    /// What a look during a wait found. `None` where it failed for a reason that passes by itself, or because work is to end: the next
    /// pause tells.
    pub fn passing<T>(&mut self, looked: Result<T, Error>) -> Result<Option<T>, Error> {
        match looked {
            Ok(found) => {
                self.last = None;
                Ok(Some(found))
            }
            Err(error) if error.is_temporary() => {
                tracing::debug!(%error, "a look during a wait failed");
                self.last = Some(error);
                Ok(None)
            }
            Err(error) if matches!(error.class, Class::Interrupted | Class::Expired) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The error of a wait whose time is over: that of the last look, where that failed, or what did not happen in time.
    pub fn overdue(self, operation: &'static str, what: &str) -> Error {
        self.last.unwrap_or_else(|| overdue(operation, what))
    }
}

/// The time was over before what was waited for had happened.
pub fn overdue(operation: &'static str, what: &str) -> Error {
    let message = format!("{what} within the time that the resource's timeouts allow; the next apply goes on waiting");
    Error::new(Class::Expired, operation, message)
}

/// Between half of a pause and all of it.
fn spread(pause: Duration) -> Duration {
    // Each `RandomState` has keys of its own.
    let share = RandomState::new().hash_one(0) % 512;
    pause.mul_f64(0.5 + f64::from(u32::try_from(share).unwrap_or_default()) / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Limits {
        Limits::within(CancellationToken::new(), Duration::from_secs(seconds))
    }

    const POLL: Poll = Poll { first: Duration::from_secs(2), longest: Duration::from_secs(4) };

    #[tokio::test(start_paused = true)]
    async fn waits_longer_and_longer_until_it_finds() {
        let start = Instant::now();
        let mut times = Vec::new();
        let limits = seconds(60);
        let found = limits.until(POLL, || {
            times.push(start.elapsed().as_secs());
            let found = (times.len() == 5).then_some("here");
            async move { Ok(found) }
        });
        assert_eq!(found.await.expect("no error"), Ok("here"));
        assert_eq!(times, [0, 2, 5, 9, 13]);
    }

    #[tokio::test(start_paused = true)]
    async fn ends_at_the_deadline_and_at_an_interruption() {
        let limits = seconds(5);
        let start = Instant::now();
        let found = limits.until(Poll::DEFAULT, || async { Ok(None::<()>) }).await;
        assert_eq!((found.expect("no error"), start.elapsed().as_secs()), (Err(Ended::Expired), 5));

        let limits = seconds(1000);
        let (start, stop) = (Instant::now(), limits.stop.clone());
        let interrupt = async {
            sleep(Duration::from_millis(7_777)).await;
            stop.cancel();
        };
        let poll = Poll { first: Duration::from_secs(500), longest: Duration::from_secs(500) };
        let (found, ()) = tokio::join!(limits.until(poll, || async { Ok(None::<()>) }), interrupt);
        assert_eq!((found.expect("no error"), start.elapsed().as_millis()), (Err(Ended::Stopped), 7_777), "at once");
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_outlives_throttled_and_failed_looks_but_no_refusal() {
        let limits = seconds(600);
        let looks = [Class::Throttled, Class::Transient, Class::Unreachable];
        let mut count = 0;
        let found = limits.until(POLL, || {
            let class = looks.get(count).copied();
            count += 1;
            async move { class.map_or(Ok(Some("here")), |class| Err(Error::new(class, "Describe", "no"))) }
        });
        assert_eq!(found.await.expect("no error"), Ok("here"));
        let refused =
            limits.until(POLL, || async { Err::<Option<()>, _>(Error::new(Class::Denied, "Describe", "no")) });
        assert_eq!(refused.await.expect_err("a refusal").class, Class::Denied);
        let silent =
            limits.until(POLL, || async { Err::<Option<()>, _>(Error::new(Class::Unreachable, "Describe", "no")) });
        assert_eq!(silent.await.expect_err("the last error").class, Class::Unreachable, "and not that time was short");
    }

    #[tokio::test(start_paused = true)]
    async fn a_hung_call_ends_with_the_limits_and_a_hung_write_a_little_later() {
        let hung = std::future::pending::<Result<(), Error>>;
        for stopped in [false, true] {
            let limits = seconds(5);
            if stopped {
                limits.stop.cancel();
            }
            let class = if stopped { Class::Interrupted } else { Class::Expired };
            let (start, end) = (Instant::now(), if stopped { 0 } else { 5 });
            assert_eq!(limits.reading("Describe", hung()).await.expect_err("an end").class, class);
            assert_eq!(start.elapsed().as_secs(), end);
            assert_eq!(limits.writing("Create", hung()).await.expect_err("an end").class, class);
            assert_eq!(start.elapsed().as_secs(), end + Limits::GRACE.as_secs());
        }
    }
}
