//! Observe, plan, execute: what every kind of resource does on every cloud.

use std::fmt::{Debug, Display};

use async_trait::async_trait;

use crate::{Error, Freshness, Limits};

/// How one kind of resource becomes what is wanted, in one place of one cloud.
///
/// What is wanted, what there is and what can be done are the cloud's own: AWS swaps routes, Azure writes a whole gateway at once,
/// Google Cloud patches a router, Alibaba Cloud changes SNAT entries. Common is how it is carried out ([`crate::drive()`]).
#[async_trait]
pub trait Reconcile: Send + Sync {
    /// What is wanted of one resource, its identity included.
    type Desired: Send + Sync;
    /// What there is, as far as it matters to one resource.
    type Observed: Send + Sync;
    /// One idempotent step. Its text completes "could not ...", such as `allocate the address of key "a"`.
    type Operation: Display + Debug + PartialEq + Send + Sync;
    /// The steps, and what the user is to know of them beforehand.
    type Plan: Into<Stages<Self::Operation>>;
    /// What one step changed, or found.
    type Effect: Send;

    /// What carries the identity, and whatever else is named in what is wanted. Whoever changes something asks for what is there
    /// now: what a snapshot says may be minutes old.
    async fn observe(&self, desired: &Self::Desired, freshness: Freshness) -> Result<Self::Observed, Error>;

    /// What remains to be done, in the order that keeps traffic flowing. Pure.
    fn plan(desired: &Self::Desired, observed: &Self::Observed) -> Self::Plan;

    /// Does one step of a plan; `observed` is what was known when its stage began. Where another resource has a part of the same object,
    /// that object is read again under a lock ([`crate::Locks`]), and every part that is not this resource's is kept.
    async fn execute(
        &self,
        desired: &Self::Desired,
        operation: &Self::Operation,
        observed: &Self::Observed,
        limits: &Limits,
    ) -> Reached<Self::Effect>;

    /// Adds what a step changed to what is known.
    fn fold(observed: &mut Self::Observed, effect: Self::Effect);
}

/// What a step reached, also where it then failed.
#[derive(Debug)]
pub struct Reached<E> {
    /// What it changed, or found.
    pub effect: E,
    /// Why the step is not done.
    pub failure: Option<Error>,
}

impl<E> Reached<E> {
    /// A step that is done.
    pub fn done(effect: E) -> Self {
        Self { effect, failure: None }
    }

    /// A step that had this effect and may have failed after it.
    pub fn with(effect: E, result: Result<(), Error>) -> Self {
        Self { effect, failure: result.err() }
    }
}

impl<E: Default> From<Result<E, Error>> for Reached<E> {
    fn from(result: Result<E, Error>) -> Self {
        match result {
            Ok(effect) => Self::done(effect),
            Err(error) => Self { effect: E::default(), failure: Some(error) },
        }
    }
}

/// Steps in stages. A stage begins when the one before it is done; the steps of a stage do not depend on each other, and run side by
/// side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stages<O>(Vec<Vec<O>>);

impl<O> Stages<O> {
    /// These stages, of which empty ones are left out.
    pub fn of(stages: impl IntoIterator<Item = Vec<O>>) -> Self {
        Self(stages.into_iter().filter(|stage| !stage.is_empty()).collect())
    }

    /// One step after the other.
    pub fn one_by_one(steps: impl IntoIterator<Item = O>) -> Self {
        Self(steps.into_iter().map(|step| vec![step]).collect())
    }

    /// Whether nothing remains to be done.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The stages, in order.
    pub fn iter(&self) -> impl Iterator<Item = &[O]> + Clone {
        self.0.iter().map(Vec::as_slice)
    }
}
