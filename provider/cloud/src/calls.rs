//! How a call to a cloud is sent: again where that helps, never where it could do something twice, and never beyond the limits.

use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::{Class, Error, Limits, Poll};

/// How long a place may be silent before a call gives up: a call that was sent this long ago, or longer, is not sent again. With an
/// attempt of 30 seconds, two attempts fit.
pub const SILENCE: Duration = Duration::from_secs(45);

/// How long calls to a place fail without being sent, after one found nobody there or its credentials refused. A run of a thousand
/// resources then waits once, and not once for each of them.
const OUTAGE: Duration = Duration::from_secs(30);

/// What every call to one place meets at the moment.
#[derive(Debug, Default)]
pub struct Outage(Mutex<Option<(Instant, Error)>>);

impl Outage {
    /// The failure that a call would meet again.
    fn now(&self) -> Option<Error> {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.as_ref().filter(|(at, _)| at.elapsed() < OUTAGE).map(|(_, error)| error.clone())
    }

    fn note<T>(&self, answer: &Result<T, Error>) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match answer {
            Err(error) if matches!(error.class, Class::Unreachable | Class::Credentials) => {
                *seen = Some((Instant::now(), error.clone()));
            }
            // Whoever gave up learnt nothing of the place.
            Err(error) if matches!(error.class, Class::Interrupted | Class::Expired) => {}
            _ => *seen = None,
        }
    }
}

/// How an object is shared that several write as a whole, where the cloud takes a write whatever it was made from.
///
/// Of two that read, write and write, the second loses what the first wrote, and neither is told. A lock helps in one process
/// ([`crate::Locks`]). Between processes there is only time: who writes no later than `fresh` after the read, and looks again
/// `settle` after the write, sees that the part was lost; for `settle` is longer than a write of what was read before can still come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sharing {
    /// How old a read may be when it is written back.
    pub fresh: Duration,
    /// How long after a write an older read can still be written: `fresh`, and what the write itself takes.
    pub settle: Duration,
}

/// Calls to one place of a cloud on behalf of one piece of work.
#[derive(Clone, Copy, Debug)]
pub struct Calls<'a> {
    /// How long the work may go on.
    pub limits: &'a Limits,
    /// The pauses between attempts.
    pub poll: Poll,
    /// How often a call is tried in all whose answer was not clear. One that the cloud refused for now is tried until the limits end.
    pub attempts: u32,
    /// What is known of the place.
    pub outage: &'a Outage,
}

impl Calls<'_> {
    /// Sends a call that only reads. It can be sent again whatever became of it.
    pub async fn read<T, F>(&self, operation: &'static str, mut call: impl FnMut() -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        if let Some(error) = self.outage.now() {
            return Err(error);
        }
        let (start, mut pauses) = (Instant::now(), self.limits.pauses(self.poll).spread());
        let mut attempt = 1;
        loop {
            let answer = self.limits.reading(operation, call()).await;
            let again = match &answer {
                Err(error) if error.had_no_effect() => true,
                Err(error) if error.is_temporary() => {
                    attempt += 1;
                    attempt <= self.attempts && start.elapsed() < SILENCE
                }
                _ => false,
            };
            let least = answer.as_ref().err().and_then(Error::retry_after).unwrap_or_default();
            if !again || pauses.next_after(least).await.is_err() {
                self.outage.note(&answer);
                return answer;
            }
        }
    }

    /// Sends a call that changes something and is not accepted twice, because it carries a token or because its second time changes
    /// nothing. `is_temporary` says which refusals pass by themselves.
    pub async fn write<T, F>(
        &self,
        operation: &'static str,
        is_temporary: impl Fn(&Error) -> bool,
        call: impl FnMut() -> F,
    ) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        self.write_once(operation, is_temporary, call, || async { Ok(None) }).await
    }

    /// Changes the part that a resource has of an object that is only written as a whole, and returns the object as it is then. `part`
    /// gives it with that part as it should be, and everything else as it was; `None` where nothing is left to change.
    ///
    /// The object is read before each write, also after a refusal that passes: what was read before is then not what is there. It is read
    /// once more after the last write, when nobody writes any more what was read before it ([`Sharing`]), and written again where a write
    /// of somebody else has lost the part. So each writer sees to its own part, and to no other: one that is missing may have been
    /// removed.
    pub async fn rewrite<T, R, W>(
        &self,
        operation: &'static str,
        sharing: Sharing,
        mut read: impl FnMut() -> R,
        part: impl Fn(&T) -> Option<T>,
        mut write: impl FnMut(T) -> W,
    ) -> Result<T, Error>
    where
        R: Future<Output = Result<T, Error>>,
        W: Future<Output = Result<(), Error>>,
    {
        let mut pauses = self.limits.pauses(self.poll).spread();
        let mut attempt = 1;
        loop {
            let asked = Instant::now();
            let there = read().await?;
            let Some(changed) = part(&there) else { return Ok(there) };
            if asked.elapsed() > sharing.fresh {
                continue;
            }
            let error = match self.limits.writing(operation, write(changed)).await {
                Ok(()) => {
                    let settle = Poll { first: sharing.settle, longest: sharing.settle };
                    self.limits.pauses(settle).next().await.map_err(|ended| ended.error(operation))?;
                    continue;
                }
                Err(error) => error,
            };
            attempt += u32::from(!error.had_no_effect());
            let gives_up = attempt > self.attempts || !error.is_temporary();
            if gives_up || pauses.next_after(error.retry_after().unwrap_or_default()).await.is_err() {
                return Err(error);
            }
        }
    }

    /// Sends a call that would be accepted twice. After an answer that is not clear, its effect is looked for before the call is
    /// repeated.
    ///
    /// The look comes after a pause: what was created a moment ago may not show yet. That leaves a window as long as the cloud's read
    /// lag exceeds the pause, in which an object could be made twice; whoever makes one looks once more after it.
    pub async fn write_once<T, C, L>(
        &self,
        operation: &'static str,
        is_temporary: impl Fn(&Error) -> bool,
        mut call: impl FnMut() -> C,
        mut look: impl FnMut() -> L,
    ) -> Result<T, Error>
    where
        C: Future<Output = Result<T, Error>>,
        L: Future<Output = Result<Option<T>, Error>>,
    {
        if let Some(error) = self.outage.now() {
            return Err(error);
        }
        let mut pauses = self.limits.pauses(self.poll).spread();
        let mut attempt = 1;
        loop {
            let error = match self.limits.writing(operation, call()).await {
                Ok(made) => return Ok(made),
                Err(error) => error,
            };
            let harmless = error.had_no_effect() || is_temporary(&error);
            let least = error.retry_after().unwrap_or_default();
            if !harmless && !error.is_unclear() || pauses.next_after(least).await.is_err() {
                return Err(error);
            }
            if harmless {
                continue;
            }
            match look().await {
                Ok(Some(found)) => return Ok(found),
                Ok(None) => {}
                Err(look) => return Err(Error { unverified: Some(Box::new(look)), ..error }),
            }
            attempt += 1;
            if attempt > self.attempts || self.limits.ended().is_some() {
                return Err(error);
            }
        }
    }
}

/// No refusal passes by itself.
pub fn none_passes(_: &Error) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::error::Hints;

    const MINUTES: u64 = 10;

    fn limits(stopped: bool) -> Limits {
        let limits = Limits::within(CancellationToken::new(), Duration::from_mins(MINUTES));
        if stopped {
            limits.stop.cancel();
        }
        limits
    }

    fn calls<'a>(limits: &'a Limits, outage: &'a Outage) -> Calls<'a> {
        Calls { limits, poll: Poll::DEFAULT, attempts: 3, outage }
    }

    /// Answers with these failures and then with success; returns the answer, how often it was called and after how long.
    async fn written(failures: &[Class], stopped: bool) -> (Result<(), Class>, usize, u64) {
        let (limits, outage) = (limits(stopped), Outage::default());
        let (start, count) = (Instant::now(), RefCell::new(0));
        let call = || async {
            *count.borrow_mut() += 1;
            let failure = failures.get(*count.borrow() - 1);
            failure.map_or(Ok(()), |class| Err(Error::new(*class, "AllocateAddress", "no")))
        };
        let calls = calls(&limits, &outage);
        let answer = calls.write_once("AllocateAddress", none_passes, call, || async { Ok(None) }).await;
        let answer = answer.map_err(|error| error.class);
        (answer, count.take(), start.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn throttling_is_waited_out_and_counts_as_no_attempt() {
        let failures = [[Class::Throttled; 8].as_slice(), &[Class::Transient; 2]].concat();
        let (answer, count, _) = written(&failures, false).await;
        assert_eq!((answer, count), (Ok(()), 11));
        let (answer, count, seconds) = written(&[Class::Throttled; 1000], false).await;
        assert_eq!((answer, seconds), (Err(Class::Throttled), MINUTES * 60), "the deadline");
        assert!(count < 130, "{count}: the pauses grow");
        assert_eq!(written(&[Class::Throttled; 9], true).await, (Err(Class::Throttled), 1, 0), "interrupted: at once");
    }

    #[tokio::test(start_paused = true)]
    async fn unclear_answers_are_counted() {
        let (answer, count, _) = written(&[Class::Transient; 9], false).await;
        assert_eq!((answer, count), (Err(Class::Transient), 3));
    }

    #[tokio::test]
    async fn both_errors_are_kept_when_the_look_fails_too() {
        let (limits, outage) = (limits(false), Outage::default());
        let calls = Calls { poll: Poll::starting_at(Duration::from_millis(1)), ..calls(&limits, &outage) };
        let call = || async {
            let error = Error::new(Class::Transient, "AllocateAddress", "broken.");
            Err::<(), _>(Error { code: "InternalError".to_owned(), ..error })
        };
        let look = || async { Err(Error::new(Class::Denied, "DescribeAddresses", "no")) };
        let error = calls.write_once("AllocateAddress", none_passes, call, look).await.expect_err("an error");
        assert_eq!(
            error.to_string(),
            "AllocateAddress failed with InternalError: broken; whether it had its effect is not known, because \
             DescribeAddresses failed: no"
        );
        assert_eq!(error.class, Class::Transient);
    }

    #[tokio::test(start_paused = true)]
    async fn a_busy_object_is_waited_for_as_long_as_the_cloud_says() {
        let (limits, outage) = (limits(false), Outage::default());
        let (start, count) = (Instant::now(), RefCell::new(0));
        let call = || async {
            *count.borrow_mut() += 1;
            let hints = Hints { retry_after: Some(Duration::from_secs(60)), ..Hints::default() };
            let error = Error { hints: Some(Box::new(hints)), ..Error::new(Class::Busy, "PUT subnet", "busy") };
            if *count.borrow() <= 5 { Err(error) } else { Ok(()) }
        };
        calls(&limits, &outage).write("PUT subnet", none_passes, call).await.expect("an answer");
        assert_eq!((count.take(), start.elapsed().as_secs()), (6, 300));
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_that_passes_is_waited_out() {
        let (limits, outage) = (limits(false), Outage::default());
        let count = RefCell::new(0);
        let busy = |error: &Error| error.code == "OperationInProgress";
        let call = || async {
            *count.borrow_mut() += 1;
            let error =
                Error { code: "OperationInProgress".to_owned(), ..Error::new(Class::Conflict, "Change", "busy") };
            if *count.borrow() < 20 { Err(error) } else { Ok(()) }
        };
        calls(&limits, &outage).write("Change", busy, call).await.expect("an answer");
        assert_eq!(count.take(), 20);
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_place_is_waited_for_once() {
        let (limits, outage) = (limits(false), Outage::default());
        let (start, sent) = (Instant::now(), RefCell::new(0));
        let silent = || async {
            *sent.borrow_mut() += 1;
            tokio::time::sleep(Duration::from_secs(30)).await;
            Err::<(), _>(Error::new(Class::Unreachable, "Describe", "no answer in time"))
        };
        for _ in 0..1000 {
            let error = calls(&limits, &outage).read("Describe", silent).await.expect_err("no answer");
            assert_eq!(error.class, Class::Unreachable);
        }
        assert_eq!(*sent.borrow(), 2);
        assert!((60..62).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
        let mutes = calls(&limits, &outage).write("Create", none_passes, silent).await;
        assert_eq!((mutes.expect_err("not sent").class, *sent.borrow()), (Class::Unreachable, 2));
        // Later it is tried again, and what answers is believed.
        tokio::time::sleep(OUTAGE).await;
        calls(&limits, &outage).read("Describe", || async { Ok(()) }).await.expect("an answer");
        calls(&limits, &outage).read("Describe", || async { Ok(()) }).await.expect("an answer");
    }
}
