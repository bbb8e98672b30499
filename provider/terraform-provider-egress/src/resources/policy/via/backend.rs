//! What a cloud does for `via`, without the cloud's own types.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use cloud::Limits;
use cloud::steering::{Record, Stage};
use egress_model::via::Unroutable;
use tfplugin::cty::Value;
use tfplugin::schema::{Attribute, NestedBlock};
use tfplugin::{Diagnostic, Diagnostics};

use super::change::{Change, Planned, Reached};
use crate::clouds::Cloud;
use crate::session::{Configured, Failure};

/// A cloud behind `via`.
#[async_trait]
pub(super) trait Backend: Send + Sync {
    /// The cloud.
    fn cloud(&self) -> &'static Cloud;

    /// The block in `via` that says more about the way on this cloud.
    fn options(&self) -> NestedBlock;

    /// What is read of a gateway in this cloud, as an attribute of `nat_gateway`.
    fn of_gateways(&self) -> Attribute;

    /// What is wrong with a known `via` through a gateway of this cloud, without a look at it.
    fn check(&self, via: &Value) -> Diagnostics;

    /// Whether `via` sends more through the gateway than the blocks of the policy's rules, or may.
    fn sends_more(&self, via: &Value) -> bool;

    /// Whether this is a route as a state records one on this cloud.
    fn has_form_of(&self, route: &str) -> bool;

    /// What to do where a part of a policy cannot be sent through a gateway, as sentences.
    fn remedy(&self, why: &Unroutable) -> &'static str;

    /// Computes what a plan can know.
    async fn planned(&self, configured: &Configured, change: &Change<'_>) -> Result<Planned, Failure>;

    /// Does what is planned, as far as the stage goes.
    async fn carry_out(
        &self,
        configured: &Configured,
        change: &Change<'_>,
        stage: Stage,
        limits: &Limits,
    ) -> Result<Reached, Failure>;

    /// The routes of the state as they are now. What cannot be seen is left as it is.
    async fn seen(&self, configured: &Configured, change: &Change<'_>) -> Result<Option<Record>, Failure>;

    /// The routes of a policy that is imported: those that it wants, as far as they point to its gateways now.
    async fn found(&self, configured: &Configured, change: &Change<'_>) -> Result<Option<Record>, Failure>;
}

/// What an apply would do.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    /// What stands in the way.
    pub(super) conflicts: Diagnostics,
    /// Every route that should be, with the id of the gateway that it points to where that is known.
    pub(super) routes: BTreeMap<String, Option<String>>,
    /// Routes that are there, point to the gateway and were not recorded.
    pub(super) found: BTreeSet<String>,
    /// What the routes that are new mean for others.
    pub(super) side_effects: Option<Diagnostic>,
    /// What is taken from others, on the user's word.
    pub(super) taken_over: Diagnostics,
}

/// What is seen of a recorded route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Sight {
    /// It points here.
    To(String),
    /// It is gone.
    Gone,
    /// What it is a part of cannot be seen, and may be in another account.
    Unseen,
}
