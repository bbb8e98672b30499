//! How long calls may go on.

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::Error;

/// How long a call that was sent may still take once the user has interrupted: it is better to know how it ended.
const GRACE: Duration = Duration::from_secs(10);

/// The end of an operation: its deadline, or the user's interruption.
#[derive(Clone, Debug)]
pub struct Limits {
    stop: CancellationToken,
    deadline: Instant,
}

impl Limits {
    /// Limits that end after this time, or when `stop` is cancelled.
    pub fn within(stop: CancellationToken, timeout: Duration) -> Self {
        Self { stop, deadline: Instant::now() + timeout }
    }

    /// An error when nothing new may be started.
    pub fn check(&self) -> Result<(), Error> {
        if self.stop.is_cancelled() {
            return Err(Error::Interrupted);
        }
        if Instant::now() >= self.deadline { Err(Error::Overdue) } else { Ok(()) }
    }

    /// Waits for a call that changes nothing: it ends at once when the user interrupts, and at the deadline.
    pub async fn read<T>(&self, call: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        tokio::select! {
            biased;
            answer = call => answer,
            () = self.stop.cancelled() => Err(Error::Interrupted),
            () = sleep_until(self.deadline) => Err(Error::Overdue),
        }
    }

    /// Waits for a call that changes something. It has a few seconds more when the user interrupts or the deadline is reached; after that
    /// nobody knows whether it was carried out, which the error says.
    pub async fn write<T>(&self, call: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        self.check()?;
        self.finish(call).await
    }

    /// The same for a call that follows one that was accepted, such as looking whether it is done.
    pub async fn finish<T>(&self, call: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let over = async {
            let why = tokio::select! {
                () = self.stop.cancelled() => Error::InterruptedWrite,
                () = sleep_until(self.deadline) => Error::OverdueWrite,
            };
            sleep(GRACE).await;
            why
        };
        tokio::select! {
            biased;
            answer = call => answer,
            why = over => Err(why),
        }
    }

    /// Sleeps, unless the user interrupts or the deadline is reached.
    pub async fn sleep(&self, pause: Duration) -> Result<(), Error> {
        tokio::select! {
            () = self.stop.cancelled() => Err(Error::Interrupted),
            () = sleep_until(self.deadline.min(Instant::now() + pause)) => self.check(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    fn limits(seconds: u64) -> Limits {
        Limits::within(CancellationToken::new(), Duration::from_secs(seconds))
    }

    #[tokio::test(start_paused = true)]
    async fn what_never_answers_ends_at_the_deadline() {
        let (begin, limits) = (Instant::now(), limits(30));
        assert!(matches!(limits.read::<()>(pending()).await, Err(Error::Overdue)));
        assert_eq!(begin.elapsed().as_secs(), 30);
        assert!(matches!(limits.write::<()>(async { Ok(()) }).await, Err(Error::Overdue)), "nothing new is sent");
    }

    #[tokio::test(start_paused = true)]
    async fn a_write_has_a_moment_more_after_an_interruption_and_a_read_has_not() {
        let (begin, limits) = (Instant::now(), limits(600));
        let interrupt = async {
            sleep(Duration::from_secs(5)).await;
            limits.stop.cancel();
        };
        let (write, read, ()) = tokio::join!(
            async { (limits.write::<()>(pending()).await, begin.elapsed().as_secs()) },
            async { (limits.read::<()>(pending()).await, begin.elapsed().as_secs()) },
            interrupt
        );
        assert!(matches!(write, (Err(Error::InterruptedWrite), 15)), "{write:?}");
        assert!(matches!(read, (Err(Error::Interrupted), 5)), "{read:?}");
        assert!(matches!(limits.check(), Err(Error::Interrupted)));
    }
}
