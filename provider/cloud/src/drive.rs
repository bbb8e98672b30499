//! Runs planned operations, and keeps what they reached.

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;

use crate::{Class, Ended, Error, Limits, Reconcile, Stages};

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

/// How many operations of a stage run at once: enough to overlap their waits, few enough for what clouds allow in a second.
const SIDE_BY_SIDE: usize = 8;

/// Plans and executes until nothing remains to be done.
pub async fn drive<R: Reconcile>(
    cloud: &R,
    desired: &R::Desired,
    mut observed: R::Observed,
    limits: &Limits,
) -> Outcome<R::Observed> {
    let plan = |observed: &R::Observed| -> Stages<R::Operation> { R::plan(desired, observed).into() };
    let mut stages = plan(&observed);
    for _ in 0..ROUNDS {
        if let Some(halted) = round(cloud, desired, &stages, &mut observed, limits).await {
            return Outcome { observed, end: halted.end() };
        }
        stages = plan(&observed);
        if stages.is_empty() {
            return Outcome { observed, end: End::Done };
        }
    }
    let remaining = stages.iter().flatten().map(ToString::to_string).collect();
    // What is left after an interruption is left because a wait ended early, and not because somebody else changes it.
    let end = match limits.ended() {
        Some(ended) => ended.end(remaining),
        None => End::Unsettled(remaining),
    };
    Outcome { observed, end }
}

/// Runs the stages of one plan, one after the other.
async fn round<R: Reconcile>(
    cloud: &R,
    desired: &R::Desired,
    stages: &Stages<R::Operation>,
    observed: &mut R::Observed,
    limits: &Limits,
) -> Option<Halted> {
    let mut coming = stages.iter();
    while let Some(stage) = coming.next() {
        let (effects, halted) = run(cloud, desired, stage, observed, limits).await;
        effects.into_iter().for_each(|effect| R::fold(observed, effect));
        let later = coming.clone().flatten().map(ToString::to_string);
        match halted {
            Some(mut halted) => {
                halted.unfinished.extend(later);
                return Some(halted);
            }
            None if limits.ended().is_some() => return Halted::before(later, limits),
            None => {}
        }
    }
    None
}

/// Why a stage was not finished, and what was not done.
struct Halted {
    why: Why,
    unfinished: Vec<String>,
}

enum Why {
    Ended(Ended),
    Failed { operation: String, error: Error },
}

impl Halted {
    /// Nothing of these was begun; `None` where there are none.
    fn before(unfinished: impl Iterator<Item = String>, limits: &Limits) -> Option<Self> {
        let unfinished: Vec<String> = unfinished.collect();
        let ended = limits.ended().filter(|_| !unfinished.is_empty())?;
        Some(Self { why: Why::Ended(ended), unfinished })
    }

    fn end(self) -> End {
        match self.why {
            Why::Ended(ended) => ended.end(self.unfinished),
            Why::Failed { operation, error } => End::Failed { operation, error, remaining: self.unfinished },
        }
    }
}

/// Runs the operations of a stage side by side. After a failure, and at the end of work, none is begun; those that were are finished.
async fn run<R: Reconcile>(
    cloud: &R,
    desired: &R::Desired,
    stage: &[R::Operation],
    observed: &R::Observed,
    limits: &Limits,
) -> (Vec<R::Effect>, Option<Halted>) {
    let mut waiting = stage.iter().enumerate();
    let mut running = FuturesUnordered::new();
    let (mut effects, mut failures) = (Vec::new(), Vec::new());
    loop {
        while failures.is_empty()
            && running.len() < SIDE_BY_SIDE
            && limits.ended().is_none()
            && let Some((position, operation)) = waiting.next()
        {
            tracing::debug!(operation = %operation, "execute");
            running.push(async move { (position, cloud.execute(desired, operation, observed, limits).await) });
        }
        let Some((position, reached)) = running.next().await else { break };
        effects.push(reached.effect);
        failures.extend(reached.failure.map(|error| (position, error)));
    }
    let rest = waiting.map(|(_, operation)| operation.to_string());
    if failures.is_empty() {
        return (effects, Halted::before(rest, limits));
    }
    // In the order of the plan, and not of the answers: the same failure gives the same message each time.
    failures.sort_by_key(|(position, _)| *position);
    let first = failures.iter().position(|(_, error)| error.class != Class::Interrupted);
    let reported = first.map(|first| failures.remove(first));
    let text = |(position, error): &(usize, Error)| match &reported {
        // Another cause would be lost otherwise.
        Some((_, reported)) if reported.code != error.code && error.class != Class::Interrupted => {
            format!("{} ({error})", stage[*position])
        }
        _ => stage[*position].to_string(),
    };
    let unfinished = failures.iter().map(text).chain(rest).collect();
    let why = match reported {
        Some((position, error)) => Why::Failed { operation: stage[position].to_string(), error },
        None => Why::Ended(Ended::Stopped),
    };
    (effects, Some(Halted { why, unfinished }))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Mutex;
    use std::time::Duration;

    use async_trait::async_trait;
    use tokio::time::{Instant, sleep};
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::{Freshness, Reached};

    /// Makes numbers, a second each.
    #[derive(Default)]
    struct Numbers {
        /// Those that cannot be made.
        fails: Vec<(u32, Class)>,
        /// One that does not stay, though making it succeeds.
        lost: Option<u32>,
        /// The user interrupts while this number is made for the so many-th time.
        interrupts: Option<(u32, usize, CancellationToken)>,
        made: Mutex<Vec<u32>>,
    }

    /// The numbers below this, in stages of so many.
    struct Goal(u32, usize);

    #[async_trait]
    impl Reconcile for Numbers {
        type Desired = Goal;
        type Observed = BTreeSet<u32>;
        type Operation = u32;
        type Plan = Stages<u32>;
        type Effect = Option<u32>;

        async fn observe(&self, _: &Goal, _: Freshness) -> Result<BTreeSet<u32>, Error> {
            Ok(BTreeSet::from([1]))
        }

        fn plan(Goal(goal, stage): &Goal, observed: &BTreeSet<u32>) -> Stages<u32> {
            let missing: Vec<u32> = (0..*goal).filter(|number| !observed.contains(number)).collect();
            Stages::of(missing.chunks(*stage).map(<[u32]>::to_vec))
        }

        async fn execute(&self, _: &Goal, number: &u32, _: &BTreeSet<u32>, _: &Limits) -> Reached<Option<u32>> {
            let times = {
                let mut made = self.made.lock().expect("the numbers");
                made.push(*number);
                made.iter().filter(|made| *made == number).count()
            };
            // The last of a stage answers first.
            sleep(Duration::from_millis(1000 - u64::from(*number))).await;
            if let Some((_, _, stop)) = self.interrupts.as_ref().filter(|(at, nth, _)| (at, nth) == (number, &times)) {
                stop.cancel();
            }
            match self.fails.iter().find(|(fails, _)| fails == number) {
                Some((_, class)) => {
                    let error = Error { code: format!("{class:?}"), ..Error::new(*class, "MakeNumber", "no") };
                    Err(error).into()
                }
                None => Reached::done(Some(*number).filter(|_| self.lost != Some(*number))),
            }
        }

        fn fold(observed: &mut BTreeSet<u32>, effect: Option<u32>) {
            observed.extend(effect);
        }
    }

    const ONE_BY_ONE: Goal = Goal(4, 1);

    async fn run(work: &Numbers, goal: &Goal, limits: &Limits) -> (Vec<u32>, End) {
        let observed = work.observe(goal, Freshness::Now).await.expect("numbers");
        let outcome = drive(work, goal, observed, limits).await;
        (outcome.observed.into_iter().collect(), outcome.end)
    }

    fn limits() -> Limits {
        Limits::within(CancellationToken::new(), Duration::from_secs(90))
    }

    fn failing(fails: &[(u32, Class)]) -> Numbers {
        Numbers { fails: fails.to_vec(), ..Numbers::default() }
    }

    #[tokio::test(start_paused = true)]
    async fn does_what_is_missing() {
        let (observed, end) = run(&Numbers::default(), &ONE_BY_ONE, &limits()).await;
        assert_eq!(observed, [0, 1, 2, 3]);
        assert!(matches!(end, End::Done), "{end:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_stage_runs_side_by_side_within_bounds_and_the_next_one_after_it() {
        let (numbers, start) = (Numbers::default(), Instant::now());
        let (observed, _) = run(&numbers, &Goal(21, 10), &limits()).await;
        assert_eq!(observed.len(), 21);
        // Two stages of ten take nearly two seconds each, as eight run at once.
        assert_eq!(start.elapsed().as_secs(), 3, "and not the twenty of one after the other");
        let made = numbers.made.lock().expect("the numbers");
        assert!(made[..10].iter().all(|number| *number <= 10) && made[10..].iter().all(|number| *number > 10), "{made:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn keeps_what_was_reached_before_a_failure() {
        let (observed, end) = run(&failing(&[(2, Class::Denied)]), &ONE_BY_ONE, &limits()).await;
        assert_eq!(observed, [0, 1]);
        let End::Failed { operation, error, remaining } = end else { panic!("{end:?}") };
        assert_eq!((operation.as_str(), error.class, remaining), ("2", Class::Denied, vec!["3".to_owned()]));
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_failure_what_was_begun_is_finished_and_the_first_of_the_plan_is_reported() {
        let numbers = failing(&[(2, Class::Denied), (5, Class::QuotaExceeded), (6, Class::Denied)]);
        let (observed, end) = run(&numbers, &Goal(12, 100), &limits()).await;
        // The last answer first, and with each of them another begins until one fails.
        assert_eq!(observed, [0, 1, 3, 4, 7, 8, 9, 10]);
        let End::Failed { operation, error, remaining } = end else { panic!("{end:?}") };
        assert_eq!((operation.as_str(), error.class), ("2", Class::Denied));
        let another = "5 (MakeNumber failed with QuotaExceeded: no)";
        assert_eq!(remaining, [another, "6", "11"], "another cause is said too");
    }

    #[tokio::test(start_paused = true)]
    async fn finishes_what_it_started_and_starts_nothing_after_an_interruption() {
        let limits = limits();
        let interrupts = Some((0, 1, limits.stop.clone()));
        let (observed, end) = run(&Numbers { interrupts, ..Numbers::default() }, &ONE_BY_ONE, &limits).await;
        assert_eq!(observed, [0, 1]);
        assert!(matches!(&end, End::Stopped(left) if left == &["2", "3"]), "{end:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn an_operation_that_was_given_up_for_an_interruption_is_no_failure() {
        let (observed, end) = run(&failing(&[(2, Class::Interrupted)]), &ONE_BY_ONE, &limits()).await;
        assert_eq!(observed, [0, 1]);
        assert!(matches!(&end, End::Stopped(left) if left == &["2", "3"]), "{end:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn an_interruption_of_the_last_wait_is_not_somebody_elses_doing() {
        let limits = limits();
        // The interruption comes with the last operation of the last round.
        let interrupts = Some((3, ROUNDS, limits.stop.clone()));
        let work = Numbers { lost: Some(3), interrupts, ..Numbers::default() };
        let (_, end) = run(&work, &ONE_BY_ONE, &limits).await;
        assert!(matches!(&end, End::Stopped(left) if left == &["3"]), "{end:?}");
    }

    #[tokio::test]
    async fn starts_nothing_after_the_deadline() {
        let limits = Limits::within(CancellationToken::new(), Duration::ZERO);
        let (observed, end) = run(&Numbers::default(), &ONE_BY_ONE, &limits).await;
        assert_eq!(observed, [1]);
        assert!(matches!(&end, End::Expired(left) if left.len() == 3), "{end:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn says_when_the_cloud_does_not_settle() {
        let (observed, end) = run(&Numbers { lost: Some(3), ..Numbers::default() }, &ONE_BY_ONE, &limits()).await;
        assert_eq!(observed, [0, 1, 2]);
        assert!(matches!(&end, End::Unsettled(left) if left == &["3"]), "{end:?}");
    }
}
