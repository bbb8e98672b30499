//! What a resource adds to objects of others, such as annotations on namespaces.

use std::collections::BTreeMap;

use cluster::{Cluster, Error, Limits, Mode, TakeOver, bare, owned_part};
use egress_engines::Attachment;
use egress_engines::manifest::{ObjectId, lines_of};
use egress_model::identity::ResourceType;
use tfplugin::cty::Value;
use tfplugin::{Diagnostic, Diagnostics};

use super::errors::{Doing, failed};
use super::live::Recorded;
use crate::session::Failure;

/// The `attachments` attribute.
pub(super) fn attachments_value(attachments: &[Attachment]) -> Value {
    Value::map(
        attachments
            .iter()
            .map(|attachment| (attachment.id().to_string(), Value::list(attachment.to_lines())))
            .collect::<BTreeMap<_, _>>(),
    )
}

/// The field manager of a resource's additions: one for each resource, because a manager that applies an object again takes away what
/// it applied before. Field managers have at most 128 characters (Kubernetes API reference, `fieldManager`).
pub(super) fn manager(ty: ResourceType, name: &str) -> String {
    let full = format!("{}/{ty}/{name}", cluster::FIELD_MANAGER);
    full.chars().take(128).collect()
}

/// Adds to objects of others. Stops at the first that fails; the additions so far are known. What was added `before` and changed since by
/// somebody's one-time update is taken back.
pub(super) async fn attach(
    cluster: &Cluster,
    attachments: &[Attachment],
    before: &[Recorded],
    manager: &str,
    limits: &Limits,
) -> (Vec<ObjectId>, Option<Failure>) {
    let mut done = Vec::new();
    for attachment in attachments {
        let id = attachment.id();
        let take_over = take_over(before, &id);
        let part = attachment.to_json();
        match limits.write(cluster.attach(&id, &part, manager, take_over, Mode::Real)).await {
            Ok(Some(_)) => done.push(id),
            Ok(None) => return (done, Some(missing(&id).into())),
            Err(error) => return (done, Some(failed(&id, "annotated", &error, Doing::Apply))),
        }
    }
    (done, None)
}

/// Has the API server do everything but store the additions: that finds the conflicts that the apply would meet.
pub(super) async fn rehearse(
    cluster: &Cluster,
    attachments: &[Attachment],
    before: &[Recorded],
    manager: &str,
) -> Result<Diagnostics, Failure> {
    let mut diagnostics = Diagnostics::new();
    for attachment in attachments {
        let (id, part) = (attachment.id(), attachment.to_json());
        if before.iter().any(|object| object.id == id && object.json == part) {
            continue;
        }
        match cluster.attach(&id, &part, manager, take_over(before, &id), Mode::DryRun).await {
            Err(error @ Error::Conflict(_)) => {
                diagnostics.push(failed(&id, "annotated", &error, Doing::Plan).diagnostic);
            }
            Err(error) if error.is_of_the_cluster() => return Err(failed(&id, "annotated", &error, Doing::Plan)),
            // The object may be made in the same apply, and whoever plans need not be allowed to apply.
            Ok(_) | Err(_) => {}
        }
    }
    Ok(diagnostics)
}

fn take_over<'a>(before: &'a [Recorded], id: &ObjectId) -> TakeOver<'a> {
    let before = before.iter().find(|object| object.id == *id);
    before.map_or(TakeOver::Nothing, |before| TakeOver::TakeBack(&before.json))
}

/// Releases what was added.
pub(super) async fn detach(
    cluster: &Cluster,
    attached: &[Recorded],
    manager: &str,
    limits: &Limits,
) -> Result<(), Failure> {
    for Recorded { id, .. } in attached {
        // An object that is gone has nothing of ours either.
        let nothing = bare(id);
        let release = cluster.attach(id, &nothing, manager, TakeOver::Nothing, Mode::Real);
        limits.write(release).await.map_err(|error| failed(id, "released", &error, Doing::Apply))?;
    }
    Ok(())
}

/// What is there of the additions, as the `attachments` attribute has it.
pub(super) async fn observe(cluster: &Cluster, attached: &[Recorded]) -> Result<Value, (ObjectId, Error)> {
    let mut seen = BTreeMap::new();
    for Recorded { id, json, .. } in attached {
        if let Some(object) = cluster.get(id).await.map_err(|error| (id.clone(), error))? {
            seen.insert(id.to_string(), Value::list(lines_of(&owned_part(json, object.json()))));
        }
    }
    Ok(Value::map(seen))
}

fn missing(id: &ObjectId) -> Diagnostic {
    Diagnostic::error(
        format!("{id} does not exist"),
        "The gateway adds annotations to it and does not make it: it is not this provider's. What was applied \
         before stays. Create it first; if the same configuration makes it, refer to it, so that Terraform knows \
         the order.",
    )
}
