//! The seam for steering: traffic to some destinations leaves through a gateway that is there already.

use std::fmt::{Debug, Display};

use async_trait::async_trait;

use crate::{Error, Limits, Outcome, Work, drive};

/// What sends traffic to a gateway by its destination, in one place (region) of a cloud.
///
/// AWS has a route in each route table, Google Cloud a rule of a router's NAT, Alibaba Cloud an SNAT entry. None of them carries
/// an identity of its own: what finds one again is where it is and what it matches, such as a route table and a destination.
/// So the state records what a resource has made, and what is there and points to the right gateway is taken as made.
#[async_trait]
pub trait Steering: Send + Sync {
    /// What is wanted of one resource.
    type Desired: Send + Sync;
    /// What there is, as far as it matters to one resource.
    type Observed: Send + Sync;
    /// One idempotent step. Its text completes "could not ...".
    type Operation: Display + Debug + PartialEq + Send + Sync;

    /// What is there now in the places that are wanted or recorded.
    async fn observe(&self, desired: &Self::Desired) -> Result<Self::Observed, Error>;

    /// What remains to be done; new before old, empty when nothing does. Pure. Leads nothing away from a target that is not
    /// named in what is wanted.
    fn plan(desired: &Self::Desired, observed: &Self::Observed) -> Vec<Self::Operation>;

    /// Does one step and folds its effect into what is known, also the part that was reached before an error.
    async fn execute(
        &self,
        operation: &Self::Operation,
        observed: &mut Self::Observed,
        limits: &Limits,
    ) -> Result<(), Error>;
}

struct Steered<'a, C: Steering> {
    cloud: &'a C,
    desired: &'a C::Desired,
}

#[async_trait]
impl<C: Steering> Work for Steered<'_, C> {
    type Observed = C::Observed;
    type Operation = C::Operation;

    fn plan(&self, observed: &Self::Observed) -> Vec<Self::Operation> {
        C::plan(self.desired, observed)
    }

    async fn execute(
        &self,
        operation: &Self::Operation,
        observed: &mut Self::Observed,
        limits: &Limits,
    ) -> Result<(), Error> {
        self.cloud.execute(operation, observed, limits).await
    }
}

/// Steers the traffic of a resource as is wanted, starting from what was observed.
pub async fn apply<C: Steering>(
    cloud: &C,
    desired: &C::Desired,
    observed: C::Observed,
    limits: &Limits,
) -> Outcome<C::Observed> {
    drive(&Steered { cloud, desired }, observed, limits).await
}
