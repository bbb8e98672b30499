//! Calls without an idempotency token, whose answer may be lost after they had their effect.

use std::future::Future;

use cloud::{Class, Error, Limits, Poll};

/// Calls until there is an answer that is clear. After an unclear failure the effect is looked for before the call is repeated,
/// at most `attempts` times in all. A throttled call had no effect: it is simply repeated, with longer and longer pauses,
/// until the deadline, because it will work once there are fewer calls.
///
/// The look comes after a pause: what was created a moment ago may not show yet. That leaves a window as long as EC2's read
/// lag exceeds the pause, in which an object could be made twice; [`crate::ip_pools`] looks once more after creation and
/// gives the younger one back.
pub(crate) async fn call<T, C, L>(
    attempts: u32,
    poll: Poll,
    limits: &Limits,
    mut call: impl FnMut() -> C,
    mut look: impl FnMut() -> L,
) -> Result<T, Error>
where
    C: Future<Output = Result<T, Error>>,
    L: Future<Output = Result<Option<T>, Error>>,
{
    let mut pause = poll.first;
    let mut attempt = 1;
    loop {
        let error = match call().await {
            Ok(made) => return Ok(made),
            Err(error) => error,
        };
        let throttled = error.class == Class::Throttled;
        if !(throttled || error.is_unclear()) || !limits.sleep(pause).await {
            return Err(error);
        }
        if !throttled {
            if let Some(found) = look().await? {
                return Ok(found);
            }
            if attempt >= attempts {
                return Err(error);
            }
            attempt += 1;
        }
        if limits.stopped() {
            return Err(error);
        }
        pause = (pause * 2).min(poll.longest);
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::time::Duration;

    use tokio_util::sync::CancellationToken;

    use super::*;

    /// Answers with these failures and then with success; returns the answer, how often it was called and after how long.
    async fn calls(failures: &[Class], stopped: bool) -> (Result<(), Class>, usize, u64) {
        let limits = Limits::within(CancellationToken::new(), Duration::from_mins(10));
        if stopped {
            limits.stop.cancel();
        }
        let (start, count) = (tokio::time::Instant::now(), RefCell::new(0));
        let answer = call(
            3,
            Poll::DEFAULT,
            &limits,
            || async {
                *count.borrow_mut() += 1;
                let failure = failures.get(*count.borrow() - 1);
                failure.map_or(Ok(()), |class| Err(Error::new(*class, "AllocateAddress", "no")))
            },
            || async { Ok(None) },
        );
        let answer = answer.await.map_err(|error| error.class);
        (answer, count.take(), start.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn throttling_is_waited_out_and_counts_as_no_attempt() {
        let failures = [[Class::Throttled; 8].as_slice(), &[Class::Transient; 2]].concat();
        assert_eq!(calls(&failures, false).await, (Ok(()), 11, 65));
        let (answer, count, seconds) = calls(&[Class::Throttled; 1000], false).await;
        assert_eq!((answer, seconds), (Err(Class::Throttled), 600), "the deadline");
        assert!(count < 70, "{count}: the pauses grow");
        assert_eq!(calls(&[Class::Throttled; 9], true).await.1, 1, "interrupted");
    }

    #[tokio::test(start_paused = true)]
    async fn unclear_answers_are_counted() {
        let (answer, count, _) = calls(&[Class::Transient; 9], false).await;
        assert_eq!((answer, count), (Err(Class::Transient), 3));
    }
}
