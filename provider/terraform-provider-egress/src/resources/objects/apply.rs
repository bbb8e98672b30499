//! Making a resource's objects what their manifests say.

use std::time::Duration;

use cluster::{Applied as Answer, Cluster, Error, Limits, Mode, Object, TakeOver};
use egress_engines::Manifest;
use egress_engines::acceptance::Accepted;
use egress_engines::manifest::ObjectId;
use egress_model::identity::{CONFIGURATION_ANNOTATION, HOLDER_TAG, Holder, Owner};
use serde_json::Value as Json;
use tfplugin::Diagnostics;

use super::errors::{Doing, failed};
use super::live::{Recorded, changed_on_the_way};
use super::ownership::{Claim, claim, foreign, sibling};
use super::takeover;
use crate::session::{Failure, MissingKinds};

/// The first pause of the wait for a kind that is not served yet.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// Its longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How much of an apply was done.
pub(super) struct Applied {
    /// The objects that are now what their manifests say.
    pub(super) done: Vec<Made>,
    /// Why not all are.
    pub(super) failure: Option<Failure>,
    /// Warnings.
    pub(super) diagnostics: Diagnostics,
}

/// An object that is what its manifest says.
pub(super) struct Made {
    /// What finds it.
    pub(super) id: ObjectId,
    /// How its engine says that it took it.
    pub(super) accepted: Option<Accepted>,
    /// The object as it was when it became that; none where it was that before.
    pub(super) changed: Option<Json>,
}

/// For whom objects are applied, and how.
#[derive(Clone, Copy)]
pub(super) struct Terms<'a> {
    /// Whose they are to be.
    pub(super) owner: &'a Owner,
    /// The resource instance that has them then. That is no part of a manifest, because a plan does not know it.
    pub(super) holder: Option<&'a Holder>,
    /// Whether fields and objects of others are taken over.
    pub(super) force: bool,
    /// The objects that this resource has already.
    pub(super) known: &'a [Recorded],
    /// The kinds that were waited for in vain in this run.
    pub(super) missing: &'a MissingKinds,
    /// The resource's configuration, for the first object.
    pub(super) configuration: Option<&'a str>,
    /// How long it may take.
    pub(super) limits: &'a Limits,
}

/// Makes the objects what the manifests say, in order, and stops at the first that fails. An object that this resource does not have yet
/// must not be somebody else's.
pub(super) async fn apply(cluster: &Cluster, manifests: &[Manifest], terms: Terms<'_>) -> Applied {
    let mut applied = Applied { done: Vec::new(), failure: None, diagnostics: Diagnostics::new() };
    for (position, manifest) in manifests.iter().enumerate() {
        let id = manifest.id();
        let configuration = terms.configuration.filter(|_| position == 0);
        match apply_one(cluster, manifest, &id, Terms { configuration, ..terms }).await {
            Ok(object) => {
                applied.diagnostics.extend(changed_on_the_way(&id, manifest, &object));
                let before = terms.known.iter().find(|object| object.id == id);
                let is_same = before.is_some_and(|before| before.json == manifest.to_json());
                let changed = (!is_same).then(|| object.into_json());
                applied.done.push(Made { id, accepted: manifest.kind.accepted, changed });
            }
            Err(failure) => {
                let done: Vec<_> = applied.done.iter().map(|made| made.id.to_string()).collect();
                let exists = if done.is_empty() {
                    "Nothing was changed.".to_owned()
                } else {
                    format!("These were applied before it: {}.", done.join(", "))
                };
                applied.failure = Some(Failure { exists, ..failure });
                return applied;
            }
        }
    }
    applied
}

async fn apply_one(cluster: &Cluster, manifest: &Manifest, id: &ObjectId, terms: Terms<'_>) -> Result<Object, Failure> {
    let why = |error: &Error| failed(id, "applied", error, Doing::Apply);
    let desired = manifest.to_json();
    let before = terms.known.iter().find(|object| object.id == *id);
    let is_same = before.is_some_and(|before| before.json == desired);
    let mut observed = None;
    if !is_same && (before.is_none() || !terms.force) {
        let live = once_served(cluster, id, terms, || cluster.get(id)).await.map_err(|error| why(&error))?;
        match (live, before) {
            (None, _) => {}
            (Some(object), Some(_)) => {
                if let Some(refusal) = takeover::refusal(id, object.json(), &desired, takeover::CHANGED) {
                    return Err(refusal.into());
                }
            }
            (Some(object), None) => match claim(&object, terms.owner, &desired) {
                // What is the whole cluster's can be another resource's of ours, which no force takes it from.
                Claim::Sibling(other) => return Err(sibling(id, &other).into()),
                Claim::Foreign(whose) if !terms.force => return Err(foreign(id, object.created(), &whose).into()),
                Claim::Foreign(whose) => {
                    let begin = format!("It exists already and {whose}.");
                    if let Some(refusal) = takeover::refusal(id, object.json(), &desired, &begin) {
                        return Err(refusal.into());
                    }
                    observed = Some(object);
                }
                Claim::Ours => {}
            },
        }
    }
    let take_over = match (&observed, terms.force, before) {
        (Some(object), true, _) => TakeOver::EverythingOf(object),
        (None, true, _) => TakeOver::Everything,
        (_, false, Some(before)) => TakeOver::TakeBack(&before.json),
        (_, false, None) => TakeOver::Nothing,
    };
    let mut written = manifest.clone();
    if let Some(holder) = terms.holder {
        written = written.with_annotation(HOLDER_TAG, holder.as_str());
    }
    if let Some(text) = terms.configuration {
        written = written.with_annotation(CONFIGURATION_ANNOTATION, text);
    }
    let write = || cluster.apply(&written, take_over, Mode::Real);
    let Answer { object, .. } = once_served(cluster, id, terms, write).await.map_err(|error| why(&error))?;
    Ok(object)
}

/// The answer to a call about an object. A kind that is not served yet is waited for: its definition may have been made a moment ago, or is
/// made in the same apply. What was waited for in vain is not waited for again in this run.
async fn once_served<T, F>(cluster: &Cluster, id: &ObjectId, terms: Terms<'_>, call: impl Fn() -> F) -> Result<T, Error>
where
    F: Future<Output = Result<T, Error>>,
{
    let mut pause = FIRST_PAUSE;
    loop {
        let missing = match terms.limits.write(call()).await {
            Err(missing @ Error::KindMissing { .. }) => missing,
            answer => return answer,
        };
        if terms.missing.contains(id) {
            return Err(missing);
        }
        tracing::debug!(server = %cluster.server(), kind = %id.kind, "waiting until the kind is served");
        match terms.limits.sleep(pause).await {
            Ok(()) => pause = (pause * 2).min(LONGEST_PAUSE),
            Err(Error::Overdue) => {
                terms.missing.note(id);
                return Err(missing);
            }
            Err(error) => return Err(error),
        }
    }
}
