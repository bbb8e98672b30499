//! Removing a resource's objects: deleted, or, where others have a part in them, released.

use cluster::{Cluster, Error, Limits, Mode, Object, bare};
use egress_engines::manifest::{ObjectId, yaml_of};
use egress_model::identity::{HOLDER_TAG, Holder, Owner, is_held_by_another};
use serde_json::Value as Json;
use tfplugin::{Diagnostic, Diagnostics};

use super::errors::{Doing, failed};
use super::live::Recorded;
use super::ownership::{Claim, claim};
use super::takeover::{Ingress, Others, ingress, needed_by_ingress, others};
use crate::session::Failure;

/// How much of a removal was done.
pub(super) struct Removed {
    /// The objects that are still there and ours.
    pub(super) left: Vec<Recorded>,
    /// Why some are left.
    pub(super) failures: Vec<Failure>,
    /// Warnings.
    pub(super) diagnostics: Diagnostics,
}

/// Whose objects are removed.
#[derive(Clone, Copy)]
pub(super) struct Whose<'a> {
    /// The owner.
    pub(super) owner: &'a Owner,
    /// The resource instance; `None` where it is not known.
    pub(super) holder: Option<&'a Holder>,
}

impl Whose<'_> {
    /// Whether another resource instance has adopted an object.
    fn is_of_another(self, object: &Object) -> bool {
        let carried = object.annotation(HOLDER_TAG).and_then(|holder| holder.parse().ok());
        is_held_by_another(carried.as_ref(), self.holder)
    }
}

/// Whether another resource instance has adopted any of the objects.
pub(super) async fn are_any_held_by_another(
    cluster: &Cluster,
    objects: &[Recorded],
    whose: Whose<'_>,
    limits: &Limits,
) -> Result<bool, Failure> {
    for Recorded { id, .. } in objects {
        match limits.write(cluster.get(id)).await {
            Ok(Some(object)) if whose.is_of_another(&object) => return Ok(true),
            Ok(_) | Err(Error::KindMissing { .. }) => {}
            Err(error) => return Err(failed(id, "deleted", &error, Doing::Apply)),
        }
    }
    Ok(false)
}

/// Removes the objects that are this owner's, the last one first. Others' are left, with a warning.
pub(super) async fn remove(cluster: &Cluster, objects: Vec<Recorded>, whose: Whose<'_>, limits: &Limits) -> Removed {
    let mut removed = Removed { left: Vec::new(), failures: Vec::new(), diagnostics: Diagnostics::new() };
    for recorded in objects.into_iter().rev() {
        match remove_one(cluster, &recorded, whose, limits).await {
            Ok(warning) => removed.diagnostics.extend(warning),
            Err(failure) => {
                removed.failures.push(failure);
                removed.left.push(recorded);
            }
        }
    }
    removed
}

async fn remove_one(
    cluster: &Cluster,
    recorded: &Recorded,
    whose: Whose<'_>,
    limits: &Limits,
) -> Result<Option<Diagnostic>, Failure> {
    let id = &recorded.id;
    let why = |error: &Error| failed(id, "deleted", error, Doing::Apply);
    let object = match limits.write(cluster.get(id)).await {
        Ok(None) | Err(Error::KindMissing { .. }) => return Ok(None),
        Ok(Some(object)) => object,
        Err(error) => return Err(why(&error)),
    };
    let not_ours = match claim(&object, whose.owner, &recorded.json) {
        Claim::Ours if whose.is_of_another(&object) => Some(
            "Another instance of this resource has adopted it: the one that takes the place of this one, as \
             create_before_destroy has it, or one in another state."
                .to_owned(),
        ),
        Claim::Sibling(other) => Some(format!("It is now of {other}.")),
        Claim::Foreign(whose) if !object.is_applied_by_us() => Some(format!("It is no longer ours: {whose}.")),
        Claim::Ours | Claim::Foreign(_) => None,
    };
    if let Some(not_ours) = not_ours {
        let detail = format!("{not_ours} It is left as it is, and only the state forgets it.");
        return Ok(Some(Diagnostic::warning(format!("{id} was not deleted"), detail)));
    }
    let theirs = others(object.json(), &recorded.json);
    if !theirs.fields.is_empty() {
        return release(cluster, recorded, &object, &theirs, limits).await.map(Some);
    }
    cluster.delete(id, object.uid(), limits).await.map(|()| None).map_err(|error| why(&error))
}

/// Gives up our fields of an object in which others have a part. What their ingress rules need of ours stays.
async fn release(
    cluster: &Cluster,
    recorded: &Recorded,
    object: &Object,
    theirs: &Others,
    limits: &Limits,
) -> Result<Diagnostic, Failure> {
    let id = &recorded.id;
    let why = |error: &Error| failed(id, "released", error, Doing::Apply);
    let ways = [bare(id), needed_by_ingress(recorded, true), needed_by_ingress(recorded, false)];
    for kept in ways {
        let rehearsed = match limits.write(cluster.release(id, object, &kept, Mode::DryRun)).await {
            Ok(rehearsed) => rehearsed,
            // It cannot be so, or would take what is another's.
            Err(Error::Invalid { .. } | Error::Conflict(_)) => continue,
            Err(error) => return Err(why(&error)),
        };
        if ingress(object.json(), rehearsed.json()) != Ingress::Kept {
            continue;
        }
        let now = limits.write(cluster.release(id, object, &kept, Mode::Real)).await.map_err(|error| why(&error))?;
        return Ok(released(id, theirs, &kept, now.json()));
    }
    Err(kept_for_ingress(id, theirs).into())
}

fn list(theirs: &Others) -> String {
    let lines: Vec<_> = theirs.fields.iter().map(|(field, manager)| format!("  - {field} ({manager})")).collect();
    lines.join("\n")
}

fn released(id: &ObjectId, theirs: &Others, kept: &Json, now: &Json) -> Diagnostic {
    let ours: Vec<_> =
        kept["spec"].as_object().into_iter().flatten().map(|(name, _)| format!(".spec.{name}")).collect();
    let stays = if ours.is_empty() {
        String::new()
    } else {
        format!(
            " {} stay as well, because its ingress rules would be for other pods without them; their field manager is still {}.",
            ours.join(", "),
            cluster::FIELD_MANAGER
        )
    };
    let content = if now["spec"].is_null() { "data" } else { "spec" };
    Diagnostic::warning(
        format!("{id} was released and not deleted"),
        format!(
            "Others own fields of it:\n\n{}\n\nOnly this resource's fields were given up.{stays} Its {content} is now:\n\n{}",
            list(theirs),
            yaml_of(&now[content])
        ),
    )
}

fn kept_for_ingress(id: &ObjectId, theirs: &Others) -> Diagnostic {
    Diagnostic::error(
        format!("{id} could not be released"),
        format!(
            "Others own fields of it:\n\n{}\n\nWithout this resource's fields it would govern ingress in another \
             way than now, so nothing was changed. Move the ingress rules into an object of their own and delete \
             them here, or delete the whole object with kubectl; then apply again.",
            list(theirs)
        ),
    )
}
