//! The seam for NAT gateways.

pub mod conformance;
pub mod memory;

use std::fmt::{Debug, Display};

use async_trait::async_trait;
use egress_model::nat_gateway::View;

use crate::{Error, Limits, Outcome, Work, drive};

/// NAT gateways, their addresses and the routes to them on one cloud, in one place (region) of it.
///
/// What is wanted, what there is and what can be done are the cloud's own: AWS swaps routes, Azure writes the whole gateway
/// at once, Google Cloud patches a router, Alibaba Cloud changes SNAT entries. Common is how it is carried out.
#[async_trait]
pub trait NatGateways: Send + Sync {
    /// What is wanted of one resource, its identity included.
    type Desired: Send + Sync;
    /// What there is, as far as it matters to one resource.
    type Observed: Send + Sync;
    /// One idempotent step. Its text completes "could not ...".
    type Operation: Display + Debug + PartialEq + Send + Sync;

    /// What carries the identity, and whatever else is named in what is wanted, as it is now.
    async fn observe(&self, desired: &Self::Desired) -> Result<Self::Observed, Error>;

    /// What remains to be done, in the order that keeps traffic flowing; empty when nothing does. Pure.
    fn plan(desired: &Self::Desired, observed: &Self::Observed) -> Vec<Self::Operation>;

    /// Does one step of a plan and folds its effect into what is known, also the part that was reached before an error.
    async fn execute(
        &self,
        desired: &Self::Desired,
        operation: &Self::Operation,
        observed: &mut Self::Observed,
        limits: &Limits,
    ) -> Result<(), Error>;

    /// What every cloud can say of what there is.
    fn view(observed: &Self::Observed) -> View;
}

struct Gateways<'a, C: NatGateways> {
    cloud: &'a C,
    desired: &'a C::Desired,
}

#[async_trait]
impl<C: NatGateways> Work for Gateways<'_, C> {
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
        self.cloud.execute(self.desired, operation, observed, limits).await
    }
}

/// Makes the gateways of a resource what is wanted, starting from what was observed.
pub async fn apply<C: NatGateways>(
    cloud: &C,
    desired: &C::Desired,
    observed: C::Observed,
    limits: &Limits,
) -> Outcome<C::Observed> {
    drive(&Gateways { cloud, desired }, observed, limits).await
}
