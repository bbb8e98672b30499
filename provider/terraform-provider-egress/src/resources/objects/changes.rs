//! Bringing the cluster to what was planned.

use std::sync::Arc;

use cluster::{Cluster, Limits};
use egress_engines::Attachment;
use egress_model::identity::Holder;
use tfplugin::cty::Value;
use tfplugin::provider::Context;
use tfplugin::resource::{ApplyResponse, Private};
use tfplugin::{Diagnostic, Diagnostics};

use super::apply::Terms;
use super::attached::attachments_value;
use super::attributes::{accept_timeout_of, applies, forces, timeout_of};
use super::errors::{Doing, unreachable};
use super::live::{Recorded, recorded};
use super::outcome::{manifests_value, requirements_value};
use super::remove::{Removed, Whose, are_any_held_by_another, remove};
use super::state::{attached_of, compiled, identity_of, name_of, objects_as_applied, set, texts};
use super::{Compiles, ObjectResource, acceptance, apply, attached, configuration};
use crate::resources::instance::Instance;
use crate::resources::timeouts::Operation;
use crate::session::{Call, Configured, Failure};

/// The cluster for an apply: it has to be there.
pub(super) async fn cluster_to_change(configured: &Configured) -> Result<Arc<Cluster>, Failure> {
    let kubernetes = configured.kubernetes()?.ok_or_else(|| {
        Diagnostic::error(
            "The cluster is not known",
            "The provider's kubernetes settings depend on values that are not known even now. Nothing was changed.",
        )
    })?;
    kubernetes.cluster().await.map_err(|error| unreachable(&error, Doing::Apply))
}

impl<C: Compiles> ObjectResource<C> {
    /// What failures of an apply report: each in full, or in one line where another resource has reported its cause.
    pub(super) fn reported(&self, failures: impl IntoIterator<Item = Failure>, value: &Value) -> Diagnostics {
        let failures = failures.into_iter();
        failures.filter_map(|failure| self.session.report(failure, C::TYPE_NAME, value, Call::Apply)).collect()
    }

    /// Brings the cluster to what was planned: the new objects first, then, once the engine took them, away with those that
    /// are no longer meant. On failure the state says what was reached.
    pub(super) async fn make(&self, cx: &Context, prior: &Value, planned: Value, private: Private) -> ApplyResponse {
        let mut response =
            ApplyResponse { state: prior.clone(), private, identity: None, diagnostics: Diagnostics::new() };
        match self.try_to_make(cx, prior, planned, &mut response).await {
            Ok(()) => {}
            Err(failure) => response.diagnostics.extend(self.reported([failure], &response.state)),
        }
        // Of a change that failed the state can have the name of before.
        response.identity = identity_of::<C>(&response.state);
        response
    }

    async fn try_to_make(
        &self,
        cx: &Context,
        prior: &Value,
        planned: Value,
        response: &mut ApplyResponse,
    ) -> Result<(), Failure> {
        let configured = self.session.required()?;
        let outcome = compiled::<C>(&planned, &configured);
        let Some(manifests) = outcome.manifests else {
            response.diagnostics.extend(outcome.diagnostics);
            return Ok(());
        };
        let mut state = planned;
        set(&mut state, "manifests", manifests_value(&manifests));
        if C::REQUIRES {
            set(&mut state, "requirements", requirements_value(outcome.requirements.as_deref()));
        }
        for (name, value) in outcome.computed {
            set(&mut state, name, value);
        }
        if !applies(&state) {
            if C::ATTACHES {
                set(&mut state, "attachments", attachments_value(&outcome.attachments));
            }
            response.state = state;
            return Ok(());
        }
        let limits = Limits::within(cx.stop.clone(), timeout_of(&state, Operation::of(prior)));
        let cluster = cluster_to_change(&configured).await?;
        let there = if applies(prior) { objects_as_applied::<C>(prior, &configured) } else { Vec::new() };
        let Instance { holder, takes_over, .. } = Instance::of(&response.private);
        let configuration = manifests.first().and_then(|first| configuration::text(&self.schema, &state, first));
        let terms = Terms {
            owner: &configured.owner,
            holder: holder.as_ref(),
            force: forces(&state),
            known: &there,
            missing: &configured.this_run.missing_kinds,
            configuration: configuration.as_deref(),
            limits: &limits,
        };
        let applied = apply::apply(&cluster, &manifests, terms).await;
        response.diagnostics.extend(self.reported(applied.failure, &state));
        response.diagnostics.extend(applied.diagnostics);
        if applied.done.len() == manifests.len() {
            let is_meant = |object: &Recorded| manifests.iter().any(|manifest| manifest.id() == object.id);
            let (_, no_longer_meant): (Vec<_>, Vec<_>) = there.into_iter().partition(is_meant);
            let awaited = acceptance::Wait {
                limit: accept_timeout_of(&state),
                is_new: prior.is_null(),
                replaces: !no_longer_meant.is_empty(),
            };
            let silent = &configured.this_run.silent;
            let waited = acceptance::wait(cx, &cluster, applied.done, awaited, silent).await;
            let left = if waited.has_errors() {
                // What the engine does not take replaces nothing.
                if C::ATTACHES {
                    set(&mut state, "attachments", texts(attached_of(prior)));
                }
                no_longer_meant
            } else {
                let limits = Limits::within(cx.stop.clone(), timeout_of(&state, Operation::of(prior)));
                let attached = self.attach_objects(&cluster, prior, &mut state, &outcome.attachments, &limits).await;
                response.diagnostics.extend(attached);
                let whose = Whose { owner: &configured.owner, holder: holder.as_ref().filter(|_| !takes_over) };
                let removed = remove(&cluster, no_longer_meant, whose, &limits).await;
                response.diagnostics.extend(self.reported(removed.failures, &state));
                response.diagnostics.extend(removed.diagnostics);
                removed.left
            };
            response.diagnostics.extend(waited);
            set(&mut state, "manifests", texts(manifests.iter().map(Recorded::from).chain(left).collect()));
            response.state = state;
        } else if !applied.done.is_empty() {
            let is_done = |object: &Recorded| applied.done.iter().any(|done| done.id == object.id);
            let mut now = there;
            for object in manifests.iter().map(Recorded::from).filter(is_done) {
                now.retain(|other| other.id != object.id);
                now.push(object);
            }
            let base = if prior.is_null() { &mut state } else { &mut response.state };
            set(base, "manifests", texts(now));
            if prior.is_null() {
                response.state = state;
            }
        }
        Ok(())
    }

    /// Adds to objects of others what was planned, and releases what is no longer meant. The state says what was added.
    async fn attach_objects(
        &self,
        cluster: &Cluster,
        prior: &Value,
        state: &mut Value,
        attachments: &[Attachment],
        limits: &Limits,
    ) -> Diagnostics {
        if !C::ATTACHES {
            return Diagnostics::new();
        }
        let manager = attached::manager(C::TYPE, name_of(state));
        let before = attached_of(prior);
        let (done, failure) = attached::attach(cluster, attachments, &before, &manager, limits).await;
        let mut failures: Vec<Failure> = failure.into_iter().collect();
        let mut recorded_now = before;
        if done.len() == attachments.len() {
            // Under another name the resource is another field manager, and the former one must release everything.
            let former = attached::manager(C::TYPE, name_of(prior));
            let is_renamed = !prior.is_null() && former != manager;
            let stays = |object: &Recorded| attachments.iter().any(|attachment| attachment.id() == object.id);
            let (stay, go): (Vec<_>, Vec<_>) =
                recorded_now.into_iter().partition(|object| stays(object) && !is_renamed);
            match attached::detach(cluster, &go, if is_renamed { &former } else { &manager }, limits).await {
                Ok(()) => recorded_now = stay,
                Err(failure) => {
                    failures.push(failure);
                    recorded_now = stay.into_iter().chain(go).collect();
                }
            }
        }
        let made = recorded(&attachments_value(attachments)).into_iter().filter(|object| done.contains(&object.id));
        for object in made {
            recorded_now.retain(|other| other.id != object.id);
            recorded_now.push(object);
        }
        set(state, "attachments", texts(recorded_now));
        self.reported(failures, state)
    }

    /// Removes the objects of a state, and releases what it added to others; what is left, and what there is to say.
    pub(super) async fn remove_objects(
        &self,
        cx: &Context,
        state: &Value,
        holder: Option<&Holder>,
    ) -> (Option<Vec<Recorded>>, Diagnostics) {
        match self.try_to_remove(cx, state, holder).await {
            Ok(Removed { left, failures, diagnostics }) => {
                let reported = self.reported(failures, state).into_iter().chain(diagnostics);
                (Some(left), reported.collect())
            }
            Err(failure) => (None, self.reported([failure], state)),
        }
    }

    async fn try_to_remove(&self, cx: &Context, state: &Value, holder: Option<&Holder>) -> Result<Removed, Failure> {
        let configured = self.session.required()?;
        let limits = Limits::within(cx.stop.clone(), timeout_of(state, Operation::Delete));
        let objects = objects_as_applied::<C>(state, &configured);
        let cluster = cluster_to_change(&configured).await?;
        let whose = Whose { owner: &configured.owner, holder };
        let attached = attached_of(state);
        if !attached.is_empty() && !are_any_held_by_another(&cluster, &objects, whose, &limits).await? {
            // Some engines stop the traffic of what refers to an object that is not there.
            let manager = attached::manager(C::TYPE, name_of(state));
            attached::detach(&cluster, &attached, &manager, &limits).await?;
        }
        Ok(remove(&cluster, objects, whose, &limits).await)
    }
}
