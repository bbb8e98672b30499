//! Bringing the cluster to what was planned.

use std::sync::Arc;

use cluster::Cluster;
use egress_engines::Attachment;
use tfplugin::cty::Value;
use tfplugin::provider::Context;
use tfplugin::resource::{ApplyResponse, Private};
use tfplugin::{Diagnostic, Diagnostics};

use super::attached::attachments_value;
use super::attributes::{accept_timeout_of, applies, forces, timeout_of};
use super::live::{Recorded, recorded};
use super::outcome::{manifests_value, requirements_value};
use super::state::{attached_of, compiled, identity_of, name_of, objects_as_applied, set, texts};
use super::{Compiles, ObjectResource, acceptance, attached, live};
use crate::session::{Configured, Unavailable};

/// The cluster for an apply: it has to be there.
async fn cluster_to_change(configured: &Configured) -> Result<Arc<Cluster>, Diagnostic> {
    match &configured.kubernetes {
        Ok(kubernetes) => kubernetes.cluster().await,
        Err(Unavailable::Missing(diagnostic)) => Err(diagnostic.clone()),
        Err(Unavailable::Unknown) => Err(Diagnostic::error(
            "The cluster is not known",
            "The provider's kubernetes settings depend on values that are not known even now. Nothing was changed.",
        )),
    }
}

impl<C: Compiles> ObjectResource<C> {
    /// Brings the cluster to what was planned: the new objects first, then, once the engine took them, away with those that
    /// are no longer meant. On failure the state says what was reached.
    pub(super) async fn make(
        &self,
        cx: &Context,
        prior: &Value,
        planned: Value,
        private: Private,
        identity: Option<Value>,
    ) -> ApplyResponse {
        let mut response = ApplyResponse { state: prior.clone(), private, identity, diagnostics: Diagnostics::new() };
        let configured = match self.session.required() {
            Ok(configured) => configured,
            Err(diagnostic) => {
                response.diagnostics.push(diagnostic);
                return response;
            }
        };
        let outcome = compiled::<C>(&planned, &configured);
        let Some(manifests) = outcome.manifests else {
            response.diagnostics.extend(outcome.diagnostics);
            return response;
        };
        let mut state = planned;
        response.identity = identity_of::<C>(&state);
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
            return response;
        }
        let cluster = match cluster_to_change(&configured).await {
            Ok(cluster) => cluster,
            Err(diagnostic) => {
                response.diagnostics.push(diagnostic);
                return response;
            }
        };
        let there = if applies(prior) { objects_as_applied::<C>(prior, &configured) } else { Vec::new() };
        let applied = live::apply(&cluster, &manifests, &configured.owner, forces(&state), &there).await;
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
            let told = acceptance::wait(cx, &cluster, applied.done, awaited, silent).await;
            let left = if told.has_errors() {
                // What the engine does not take replaces nothing.
                if C::ATTACHES {
                    set(&mut state, "attachments", texts(attached_of(prior)));
                }
                no_longer_meant
            } else {
                let told = self.attach_objects(&cluster, prior, &mut state, &outcome.attachments).await;
                response.diagnostics.extend(told);
                let deleted = live::delete(&cluster, no_longer_meant, &configured.owner, timeout_of(&state)).await;
                response.diagnostics.extend(deleted.diagnostics);
                deleted.left
            };
            response.diagnostics.extend(told);
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
        response
    }

    /// Adds to objects of others what was planned, and gives back what is no longer meant. The state says what was added.
    async fn attach_objects(
        &self,
        cluster: &Cluster,
        prior: &Value,
        state: &mut Value,
        attachments: &[Attachment],
    ) -> Diagnostics {
        if !C::ATTACHES {
            return Diagnostics::new();
        }
        let manager = attached::manager(C::TYPE, name_of(state));
        let (done, mut diagnostics) = attached::attach(cluster, attachments, &manager).await;
        let mut recorded_now: Vec<Recorded> = attached_of(prior);
        if done.len() == attachments.len() {
            let stays = |object: &Recorded| attachments.iter().any(|attachment| attachment.id() == object.id);
            let (stay, go): (Vec<_>, Vec<_>) = recorded_now.into_iter().partition(stays);
            let told = attached::detach(cluster, &go, &manager).await;
            recorded_now = if told.has_errors() { stay.into_iter().chain(go).collect() } else { stay };
            diagnostics.extend(told);
        }
        let made = recorded(&attachments_value(attachments)).into_iter().filter(|object| done.contains(&object.id));
        for object in made {
            recorded_now.retain(|other| other.id != object.id);
            recorded_now.push(object);
        }
        set(state, "attachments", texts(recorded_now));
        diagnostics
    }

    /// Deletes the objects of a state, and gives back what it added to others.
    pub(super) async fn delete_objects(&self, state: &Value) -> Result<live::Deleted, Diagnostic> {
        let configured = self.session.required()?;
        let objects = objects_as_applied::<C>(state, &configured);
        let cluster = cluster_to_change(&configured).await?;
        // Some engines stop the traffic of what refers to an object that is not there.
        let told = attached::detach(&cluster, &attached_of(state), &attached::manager(C::TYPE, name_of(state))).await;
        if told.has_errors() {
            return Ok(live::Deleted { left: objects, diagnostics: told });
        }
        Ok(live::delete(&cluster, objects, &configured.owner, timeout_of(state)).await)
    }
}
