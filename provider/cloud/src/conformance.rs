//! What every implementor of the seam must do, as checks that fail by panicking: the same on the clouds in memory and on each back end
//! against its stand-in.
//!
//! They drive what production drives. After each of them another process, which remembers nothing, has nothing left to do; and what
//! exists is what is wanted and what was there before.

pub mod gateways;
pub mod pools;
pub mod steering;

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use egress_model::identity::{Identity, Key, ResourceType};
use tokio_util::sync::CancellationToken;

use crate::{Class, End, Error, Freshness, Limits, Outcome, Reached, Reconcile, Stages, drive};

/// A cloud in which things can be made to go wrong.
#[async_trait]
pub trait World: Sync {
    /// Lets the next call that changes something have its effect, and loses its answer.
    async fn lose_next_answer(&self);

    /// Lets the cloud refuse the next call that creates something permanently, such as for a quota.
    async fn refuse_next_create(&self);

    /// Everything that exists, whoever's, each in a text of its own, with what the cloud has of it that matters to its owner.
    async fn inventory(&self) -> BTreeSet<String>;
}

#[async_trait]
impl<W: World + Send> World for Arc<W> {
    async fn lose_next_answer(&self) {
        W::lose_next_answer(self).await;
    }

    async fn refuse_next_create(&self) {
        W::refuse_next_create(self).await;
    }

    async fn inventory(&self) -> BTreeSet<String> {
        W::inventory(self).await
    }
}

/// More operations than any check has.
const MANY: usize = 64;

fn identity(resource_type: ResourceType, name: &str) -> Identity {
    Identity { owner: "conformance".parse().expect("an owner"), resource_type, name: name.parse().expect("a name") }
}

fn key(text: &str) -> Key {
    text.parse().expect("a key")
}

fn limits() -> Limits {
    Limits::within(CancellationToken::new(), Duration::from_secs(30))
}

/// Another process makes a resource what is wanted.
async fn apply<R: Reconcile>(cloud: &R, desired: &R::Desired, limits: &Limits) -> Outcome<R::Observed> {
    let observed = cloud.observe(desired, Freshness::Now).await.expect("it can be observed");
    drive(cloud, desired, observed, limits).await
}

/// The same, and it comes to an end. A third process has nothing left to do, whether it reads what is there now or as a snapshot.
async fn settle<R: Reconcile>(cloud: &R, desired: &R::Desired, another: &R) -> R::Observed {
    let outcome = apply(cloud, desired, &limits()).await;
    assert!(matches!(outcome.end, End::Done), "{:?}", outcome.end);
    let mut observed = outcome.observed;
    for freshness in [Freshness::Snapshot, Freshness::Now] {
        observed = another.observe(desired, freshness).await.expect("it can be observed");
        let left: Stages<R::Operation> = R::plan(desired, &observed).into();
        assert!(left.is_empty(), "another process has nothing left to do: {left:?}");
    }
    observed
}

/// Nothing is begun after an interruption.
async fn stops<R: Reconcile>(cloud: &R, desired: &R::Desired) {
    let limits = limits();
    limits.stop.cancel();
    let outcome = apply(cloud, desired, &limits).await;
    assert!(matches!(outcome.end, End::Stopped(_)), "{:?}", outcome.end);
}

/// A process that dies after so many operations.
struct Dying<'a, R> {
    cloud: &'a R,
    left: AtomicUsize,
}

impl<'a, R: Reconcile> Dying<'a, R> {
    /// Applies, and says whether the process died before it was done.
    async fn apply(cloud: &'a R, desired: &R::Desired, operations: usize) -> bool {
        let outcome = apply(&Self { cloud, left: AtomicUsize::new(operations) }, desired, &limits()).await;
        match outcome.end {
            End::Done => false,
            End::Failed { error, .. } if error.code == DEAD => true,
            end => panic!("{end:?}"),
        }
    }
}

/// Applies in a process that ends after it went on so many times, in the middle of a call too, and says whether it ended before it was
/// done.
async fn cut<R: Reconcile>(cloud: &R, desired: &R::Desired, times: usize) -> bool {
    let limits = limits();
    let mut run = pin!(apply(cloud, desired, &limits));
    let mut left = times;
    let end = poll_fn(|context| {
        if left == 0 {
            return std::task::Poll::Ready(None);
        }
        left -= 1;
        run.as_mut().poll(context).map(|outcome| Some(outcome.end))
    });
    match end.await {
        None => true,
        Some(End::Done) => false,
        Some(end) => panic!("{end:?}"),
    }
}

const DEAD: &str = "Dead";

#[async_trait]
impl<R: Reconcile> Reconcile for Dying<'_, R> {
    type Desired = R::Desired;
    type Observed = R::Observed;
    type Operation = R::Operation;
    type Plan = R::Plan;
    type Effect = Option<R::Effect>;

    async fn observe(&self, desired: &R::Desired, freshness: Freshness) -> Result<R::Observed, Error> {
        self.cloud.observe(desired, freshness).await
    }

    fn plan(desired: &R::Desired, observed: &R::Observed) -> R::Plan {
        R::plan(desired, observed)
    }

    async fn execute(
        &self,
        desired: &R::Desired,
        operation: &R::Operation,
        observed: &R::Observed,
        limits: &Limits,
    ) -> Reached<Option<R::Effect>> {
        let alive = self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
        if !alive {
            let error = Error { code: DEAD.to_owned(), ..Error::new(Class::Other, "Die", "the process died") };
            return Reached { effect: None, failure: Some(error) };
        }
        let Reached { effect, failure } = self.cloud.execute(desired, operation, observed, limits).await;
        Reached { effect: Some(effect), failure }
    }

    fn fold(observed: &mut R::Observed, effect: Option<R::Effect>) {
        if let Some(effect) = effect {
            R::fold(observed, effect);
        }
    }
}
