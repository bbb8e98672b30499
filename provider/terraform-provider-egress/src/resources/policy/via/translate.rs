//! From a cloud's own types to what all clouds say of routes.

use std::collections::BTreeSet;
use std::marker::PhantomData;

use async_trait::async_trait;
use cloud::steering::{Record, Stage};
use cloud::{Error, Freshness, Limits, Steering, drive};
use egress_model::identity::Owner;
use egress_model::via::Unroutable;
use tfplugin::cty::Value;
use tfplugin::schema::{Attribute, NestedBlock};
use tfplugin::{Diagnostic, Diagnostics};

use super::backend::{Ahead, Backend, Sight};
use super::change::{Change, Planned, Reached, named, reported, routes_value};
use super::{Input, Wanted, report};
use crate::clouds::{Cloud, Parts, Place};
use crate::resources::cloud_error;
use crate::session::{Call, Configured, Failure};

/// The steering of a cloud, with what the policy has to know of the cloud's own types. It translates; what is said and done follows from
/// that, in the same way for every cloud.
#[async_trait]
pub(super) trait Translate: Steering + Sized + 'static {
    /// What is wanted of it on this cloud, as far as it is known.
    type Spec: Send + Sync;

    /// The cloud.
    const CLOUD: &'static Cloud;

    /// See [`Backend::options`].
    fn options() -> NestedBlock;

    /// See [`Backend::of_gateways`].
    fn of_gateways() -> Attribute;

    /// See [`Backend::check`].
    fn check(via: &Value) -> Diagnostics;

    /// See [`Backend::sends_more`].
    fn sends_more(via: &Value) -> bool;

    /// See [`Backend::remedy`].
    fn remedy(why: &Unroutable) -> &'static str;

    /// Reads a policy. A mistake in it has been reported.
    fn spec(policy: &Value, wanted: &Wanted) -> Result<Self::Spec, Diagnostic>;

    /// Whether all of it is known, but for the ids of gateways.
    fn is_complete(spec: &Self::Spec) -> bool;

    /// Whether nothing is to be sent anywhere.
    fn is_empty(spec: &Self::Spec) -> bool;

    /// The parts of the gateways' place that are written.
    fn parts(spec: &Self::Spec) -> Parts;

    /// The place with these parts. `None` while it is not known how the cloud is reached.
    async fn open(configured: &Configured, parts: &Parts) -> Result<Option<Opened<Self>>, Failure>;

    /// What is wanted of one policy.
    fn desired(task: &Task<'_, Self::Spec>) -> Self::Desired;

    /// What an apply would do.
    fn ahead(desired: &Self::Desired, observed: &Self::Observed) -> Ahead;

    /// See [`Backend::has_form_of`].
    fn has_form_of(route: &str) -> bool;

    /// What is seen of a recorded route.
    fn sight(route: &str, observed: &Self::Observed) -> Sight;

    /// Another resource of the run has the route too.
    fn shared(route: &str, other: &str) -> Diagnostic;
}

/// Steering in one place of a cloud.
pub(super) struct Opened<T> {
    pub(super) steering: T,
    pub(super) place: Place,
}

/// A policy before and after, of which some routes may be another resource's by now.
pub(super) struct Task<'a, S> {
    pub(super) owner: &'a Owner,
    pub(super) before: &'a S,
    pub(super) after: &'a S,
    pub(super) recorded: &'a Record,
    /// Recorded routes that another resource has by now, and that stay where they are.
    pub(super) ceded: BTreeSet<String>,
    pub(super) stage: Stage,
}

/// The steering of one cloud behind `via`.
pub(super) struct Of<T>(PhantomData<fn() -> T>);

impl<T> Of<T> {
    pub(super) const NEW: Self = Self(PhantomData);
}

/// Both sides of a change, in a cloud's own terms.
struct Specs<S> {
    before: S,
    after: S,
}

impl<T: Translate> Of<T> {
    fn specs(change: &Change<'_>) -> Result<Specs<T::Spec>, Diagnostic> {
        let spec = |value: &Value, input: &Input| T::spec(value, &input.wanted());
        Ok(Specs { before: spec(change.prior, &change.before)?, after: spec(change.planned, &change.after)? })
    }

    /// The place where the routes are; `None` while it is not known how the cloud is reached. They cannot move.
    async fn place(
        configured: &Configured,
        change: &Change<'_>,
        specs: &Specs<T::Spec>,
    ) -> Result<Option<Opened<T>>, Failure> {
        let open = async |spec: &T::Spec| {
            let opened = T::open(configured, &T::parts(spec)).await;
            opened.map_err(|failure| {
                let diagnostic = report::unavailable(T::CLOUD, Some(failure.diagnostic));
                Failure { diagnostic, ..failure }
            })
        };
        let (used, wanted) = (open(&specs.before).await?, open(&specs.after).await?);
        let (Some(used), Some(wanted)) = (used, wanted) else { return Ok(None) };
        if change.recorded.is_empty() {
            return Ok(Some(wanted));
        }
        match used.place.difference(&wanted.place).filter(|_| !T::is_empty(&specs.after)) {
            Some(difference) => Err(report::another_place(difference).into()),
            None => Ok(Some(used)),
        }
    }

    fn task<'a>(
        configured: &'a Configured,
        change: &'a Change<'_>,
        specs: &'a Specs<T::Spec>,
        stage: Stage,
    ) -> Task<'a, T::Spec> {
        let ceded = BTreeSet::new();
        Task {
            owner: &configured.owner,
            before: &specs.before,
            after: &specs.after,
            recorded: &change.recorded,
            ceded,
            stage,
        }
    }
}

fn failed_look(error: &Error, place: &Place) -> Failure {
    Failure::new(cloud_error::cause(error, &place.to_string()), report::not_looked(error))
}

#[async_trait]
impl<T: Translate> Backend for Of<T> {
    fn cloud(&self) -> &'static Cloud {
        T::CLOUD
    }

    fn options(&self) -> NestedBlock {
        T::options()
    }

    fn of_gateways(&self) -> Attribute {
        T::of_gateways()
    }

    fn check(&self, via: &Value) -> Diagnostics {
        T::check(via)
    }

    fn sends_more(&self, via: &Value) -> bool {
        T::sends_more(via)
    }

    fn has_form_of(&self, route: &str) -> bool {
        T::has_form_of(route)
    }

    fn remedy(&self, why: &Unroutable) -> &'static str {
        T::remedy(why)
    }

    async fn planned(&self, configured: &Configured, change: &Change<'_>) -> Result<Planned, Failure> {
        let unknown = || Planned { routes: Value::UNKNOWN, diagnostics: Diagnostics::new() };
        let specs = Self::specs(change)?;
        let Some(Opened { steering, place }) = Self::place(configured, change, &specs).await? else {
            return Ok(unknown());
        };
        if !T::is_complete(&specs.after) {
            return Ok(unknown());
        }
        let desired = T::desired(&Self::task(configured, change, &specs, Stage::MakeAndRemove));
        let observed = steering.observe(&desired, Freshness::Snapshot).await;
        let observed = observed.map_err(|error| failed_look(&error, &place))?;
        let ahead = T::ahead(&desired, &observed);
        let mut diagnostics = ahead.conflicts;
        let us = named(change.planned);
        let no_removal = configured.this_run.routes.no_removal().await;
        for route in ahead.routes.keys() {
            let other = configured.this_run.routes.claim(&place, route, &us);
            diagnostics.extend(other.map(|other| T::shared(route, &other)));
        }
        drop(no_removal);
        diagnostics.extend(ahead.side_effects);
        diagnostics.extend(ahead.taken_over);
        diagnostics.extend(report::adopted(&ahead.found, configured.adoption));
        let routes = if change.after.has_routes() {
            let id = |id: &Option<String>| id.as_deref().map_or(Value::UNKNOWN, Value::from);
            Value::map(ahead.routes.iter().map(|(route, gateway)| (route.clone(), id(gateway))))
        } else {
            Value::Null
        };
        Ok(Planned { routes, diagnostics })
    }

    async fn carry_out(
        &self,
        configured: &Configured,
        change: &Change<'_>,
        stage: Stage,
        limits: &Limits,
    ) -> Result<Reached, Failure> {
        let specs = Self::specs(change)?;
        if change.recorded.is_empty() && T::is_empty(&specs.after) {
            return Ok(Reached { routes: change.none(), diagnostics: Diagnostics::new() });
        }
        let opened = Self::place(configured, change, &specs).await?;
        let Opened { steering, place } = opened.ok_or_else(|| report::unavailable(T::CLOUD, None))?;
        let mut task = Self::task(configured, change, &specs, stage);
        let claims = &configured.this_run.routes;
        let _exclusive = match stage {
            Stage::MakeAndRemove => Some(claims.no_removal().await),
            Stage::Make => None,
        };
        // Another resource of this run, or a newer instance of this one, has the route now.
        let us = (!change.planned.is_null()).then(|| named(change.planned));
        let is_of_another = |route: &&String| claims.is_of_another(&place, route, us.as_deref());
        task.ceded = change.recorded.keys().filter(is_of_another).cloned().collect();
        let desired = T::desired(&task);
        let observed = steering.observe(&desired, Freshness::Now).await;
        let observed = observed.map_err(|error| failed_look(&error, &place))?;
        let conflicts = T::ahead(&desired, &observed).conflicts;
        if conflicts.has_errors() {
            return Ok(Reached { routes: routes_value(T::record(&desired, &observed)), diagnostics: conflicts });
        }
        let outcome = drive(&steering, &desired, observed, limits).await;
        let record = T::record(&desired, &outcome.observed);
        let routes = if record.is_empty() { change.none() } else { routes_value(record) };
        let ended = report::end(&outcome.end).map(|diagnostic| Failure {
            cause: cloud_error::cause_of_end(&outcome.end, &place.to_string()),
            diagnostic,
            exists: report::REACHED.to_owned(),
        });
        let diagnostics = ended.map(|failure| reported(configured, change.present(), failure, Call::Apply));
        Ok(Reached { routes, diagnostics: diagnostics.unwrap_or_default() })
    }

    async fn seen(&self, configured: &Configured, change: &Change<'_>) -> Result<Option<Record>, Failure> {
        let specs = Self::specs(change)?;
        let Some(Opened { steering, place }) = Self::place(configured, change, &specs).await? else { return Ok(None) };
        let desired = T::desired(&Self::task(configured, change, &specs, Stage::Make));
        let observed = steering.observe(&desired, Freshness::Snapshot).await;
        let observed = observed.map_err(|error| failed_look(&error, &place))?;
        let now = change.recorded.iter().filter_map(|(route, recorded)| match T::sight(route, &observed) {
            Sight::To(target) => Some((route.clone(), target)),
            Sight::Gone => None,
            Sight::Unseen => Some((route.clone(), recorded.clone())),
        });
        Ok(Some(now.collect()))
    }

    async fn found(&self, configured: &Configured, change: &Change<'_>) -> Result<Option<Record>, Failure> {
        let specs = Self::specs(change)?;
        let Some(Opened { steering, place }) = Self::place(configured, change, &specs).await? else { return Ok(None) };
        let desired = T::desired(&Self::task(configured, change, &specs, Stage::Make));
        let observed = steering.observe(&desired, Freshness::Snapshot).await;
        let observed = observed.map_err(|error| failed_look(&error, &place))?;
        Ok(Some(T::record(&desired, &observed)))
    }
}
