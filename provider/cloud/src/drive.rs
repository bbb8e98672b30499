//! Runs planned operations, and keeps what they reached.

use std::fmt::{Debug, Display};

use async_trait::async_trait;

use crate::{Class, Ended, Error, Limits};

/// What there is to do for one resource of one kind on one cloud: what is wanted, and how to get there.
#[async_trait]
pub trait Work: Sync {
    /// What is known of the cloud; after a failure, what the state records.
    type Observed: Send + Sync;
    /// One idempotent step. Its text completes "could not ...", such as `allocate the address of key "a"`.
    type Operation: Display + Debug + PartialEq + Send + Sync;

    /// What remains to be done, in order; empty when nothing does. Pure.
    fn plan(&self, observed: &Self::Observed) -> Vec<Self::Operation>;

    /// Does one operation and folds its effect into what is known, also the part that was reached before an error.
    async fn execute(
        &self,
        operation: &Self::Operation,
        observed: &mut Self::Observed,
        limits: &Limits,
    ) -> Result<(), Error>;
}

/// What a run reached.
#[derive(Debug)]
pub struct Outcome<O> {
    /// What is known of the cloud now.
    pub observed: O,
    /// How the run ended.
    pub end: End,
}

/// How a run ended. Operations are given as texts that complete "could not ...".
#[derive(Debug)]
pub enum End {
    /// What was wanted is what was observed.
    Done,
    /// The user interrupted; these operations were not started, or the first was given up before its answer came.
    Stopped(Vec<String>),
    /// The time was over; these operations were not started.
    Expired(Vec<String>),
    /// An operation failed; those after it were not started.
    Failed {
        /// The one that failed.
        operation: String,
        /// Why.
        error: Error,
        /// Those after it.
        remaining: Vec<String>,
    },
    /// Every operation said that it succeeded, and still these remain: somebody else changes the same objects.
    Unsettled(Vec<String>),
}

impl Ended {
    fn end(self, unfinished: Vec<String>) -> End {
        match self {
            Self::Stopped => End::Stopped(unfinished),
            Self::Expired => End::Expired(unfinished),
        }
    }
}

/// An operation may find more than was observed, such as what an interrupted run left, and so give rise to another. That is
/// settled in the second round; the third is for what others do at the same time.
const ROUNDS: usize = 3;

/// Plans and executes until nothing remains to be done.
pub async fn drive<W: Work>(work: &W, mut observed: W::Observed, limits: &Limits) -> Outcome<W::Observed> {
    let mut operations = work.plan(&observed);
    for _ in 0..ROUNDS {
        let mut pending = operations.iter();
        while let Some(operation) = pending.next() {
            let rest = || pending.clone().map(ToString::to_string);
            let unfinished = || std::iter::once(operation.to_string()).chain(rest()).collect();
            if let Some(ended) = limits.ended() {
                return Outcome { observed, end: ended.end(unfinished()) };
            }
            tracing::debug!(operation = %operation, "execute");
            if let Err(error) = work.execute(operation, &mut observed, limits).await {
                let end = if error.class == Class::Interrupted {
                    End::Stopped(unfinished())
                } else {
                    End::Failed { operation: operation.to_string(), error, remaining: rest().collect() }
                };
                return Outcome { observed, end };
            }
        }
        operations = work.plan(&observed);
        if operations.is_empty() {
            return Outcome { observed, end: End::Done };
        }
    }
    let remaining = operations.iter().map(ToString::to_string).collect();
    // What is left after an interruption is left because a wait ended early, and not because somebody else changes it.
    let end = match limits.ended() {
        Some(ended) => ended.end(remaining),
        None => End::Unsettled(remaining),
    };
    Outcome { observed, end }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::Duration;

    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::Class;

    /// Wants the numbers up to `goal`; making a number may also make another, fail, or interrupt.
    struct Numbers {
        goal: u32,
        fails: Option<(u32, Class)>,
        lost: Option<u32>,
        interrupts: Option<(u32, CancellationToken)>,
    }

    #[async_trait]
    impl Work for Numbers {
        type Observed = BTreeSet<u32>;
        type Operation = u32;

        fn plan(&self, observed: &BTreeSet<u32>) -> Vec<u32> {
            (0..self.goal).filter(|number| !observed.contains(number)).collect()
        }

        async fn execute(&self, number: &u32, observed: &mut BTreeSet<u32>, _: &Limits) -> Result<(), Error> {
            if let Some((_, class)) = self.fails.filter(|(fails, _)| fails == number) {
                return Err(Error::new(class, "MakeNumber", "no"));
            }
            if let Some((_, stop)) = self.interrupts.as_ref().filter(|(at, _)| at == number) {
                stop.cancel();
            }
            if self.lost != Some(*number) {
                observed.insert(*number);
            }
            Ok(())
        }
    }

    const WORK: Numbers = Numbers { goal: 4, fails: None, lost: None, interrupts: None };

    async fn run(work: &Numbers, limits: &Limits) -> (Vec<u32>, End) {
        let outcome = drive(work, BTreeSet::from([1]), limits).await;
        (outcome.observed.into_iter().collect(), outcome.end)
    }

    fn limits() -> Limits {
        Limits::within(CancellationToken::new(), Duration::from_secs(9))
    }

    #[tokio::test]
    async fn does_what_is_missing() {
        let (observed, end) = run(&WORK, &limits()).await;
        assert_eq!(observed, [0, 1, 2, 3]);
        assert!(matches!(end, End::Done), "{end:?}");
    }

    #[tokio::test]
    async fn keeps_what_was_reached_before_a_failure() {
        let (observed, end) = run(&Numbers { fails: Some((2, Class::Denied)), ..WORK }, &limits()).await;
        assert_eq!(observed, [0, 1]);
        let End::Failed { operation, error, remaining } = end else { panic!("{end:?}") };
        assert_eq!((operation.as_str(), error.class, remaining), ("2", Class::Denied, vec!["3".to_owned()]));
    }

    #[tokio::test]
    async fn finishes_what_it_started_and_starts_nothing_after_an_interruption() {
        let limits = limits();
        let work = Numbers { interrupts: Some((0, limits.stop.clone())), ..WORK };
        let (observed, end) = run(&work, &limits).await;
        assert_eq!(observed, [0, 1]);
        assert!(matches!(&end, End::Stopped(left) if left == &["2", "3"]), "{end:?}");
    }

    #[tokio::test]
    async fn an_operation_that_was_given_up_for_an_interruption_is_no_failure() {
        let (observed, end) = run(&Numbers { fails: Some((2, Class::Interrupted)), ..WORK }, &limits()).await;
        assert_eq!(observed, [0, 1]);
        assert!(matches!(&end, End::Stopped(left) if left == &["2", "3"]), "{end:?}");
    }

    #[tokio::test]
    async fn an_interruption_of_the_last_wait_is_not_somebody_elses_doing() {
        let limits = limits();
        let work = Numbers { lost: Some(3), interrupts: Some((3, limits.stop.clone())), ..WORK };
        // The interruption comes with the last operation of the last round.
        let work = LastRound { work, rounds: std::sync::atomic::AtomicUsize::new(0) };
        let outcome = drive(&work, BTreeSet::from([1]), &limits).await;
        assert!(matches!(&outcome.end, End::Stopped(left) if left == &["3"]), "{:?}", outcome.end);
    }

    /// Interrupts in the last round only.
    struct LastRound {
        work: Numbers,
        rounds: std::sync::atomic::AtomicUsize,
    }

    #[async_trait]
    impl Work for LastRound {
        type Observed = BTreeSet<u32>;
        type Operation = u32;

        fn plan(&self, observed: &BTreeSet<u32>) -> Vec<u32> {
            self.rounds.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            self.work.plan(observed)
        }

        async fn execute(&self, number: &u32, observed: &mut BTreeSet<u32>, limits: &Limits) -> Result<(), Error> {
            let last = self.rounds.load(std::sync::atomic::Ordering::SeqCst) == ROUNDS;
            let interrupts = if last { self.work.interrupts.clone() } else { None };
            Numbers { interrupts, ..self.work }.execute(number, observed, limits).await
        }
    }

    #[tokio::test]
    async fn starts_nothing_after_the_deadline() {
        let limits = Limits::within(CancellationToken::new(), Duration::ZERO);
        let (observed, end) = run(&WORK, &limits).await;
        assert_eq!(observed, [1]);
        assert!(matches!(&end, End::Expired(left) if left.len() == 3), "{end:?}");
    }

    #[tokio::test]
    async fn says_when_the_cloud_does_not_settle() {
        let (observed, end) = run(&Numbers { lost: Some(3), ..WORK }, &limits()).await;
        assert_eq!(observed, [0, 1, 2]);
        assert!(matches!(&end, End::Unsettled(left) if left == &["3"]), "{end:?}");
    }
}
