//! What a resource adds to objects of others, such as annotations on namespaces.

use std::collections::BTreeMap;

use cluster::{Cluster, Error, owned_part};
use egress_engines::Attachment;
use egress_engines::manifest::{ObjectId, yaml_of};
use egress_model::identity::ResourceType;
use serde_json::json;
use tfplugin::cty::Value;
use tfplugin::{Diagnostic, Diagnostics};

use super::live::{Recorded, told};

/// The `attachments` attribute.
pub(super) fn attachments_value(attachments: &[Attachment]) -> Value {
    Value::map(
        attachments
            .iter()
            .map(|attachment| (attachment.id().to_string(), attachment.to_yaml()))
            .collect::<BTreeMap<_, _>>(),
    )
}

/// The field manager of a resource's additions: one for each resource, because a manager that applies an object anew takes away what
/// it applied before. Field managers have at most 128 characters (Kubernetes API reference, `fieldManager`).
pub(super) fn manager(ty: ResourceType, name: &str) -> String {
    let full = format!("{}/{ty}/{name}", cluster::FIELD_MANAGER);
    full.chars().take(128).collect()
}

/// Adds to objects of others. Stops at the first that fails; the additions so far are told.
pub(super) async fn attach(
    cluster: &Cluster,
    attachments: &[Attachment],
    manager: &str,
) -> (Vec<ObjectId>, Diagnostics) {
    let mut done = Vec::new();
    for attachment in attachments {
        let id = attachment.id();
        match cluster.attach(&id, &attachment.to_json(), manager).await {
            Ok(Some(_)) => done.push(id),
            Ok(None) => return (done, missing(&id).into()),
            Err(error) => return (done, told(&id, "annotated", &error).into()),
        }
    }
    (done, Diagnostics::new())
}

/// Gives back what was added.
pub(super) async fn detach(cluster: &Cluster, attached: &[Recorded], manager: &str) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    for Recorded { id, .. } in attached {
        let mut metadata = json!({"name": id.name});
        if let Some(namespace) = &id.namespace {
            metadata["namespace"] = json!(namespace);
        }
        let nothing = json!({"apiVersion": id.api_version, "kind": id.kind, "metadata": metadata});
        // An object that is gone has nothing of ours either.
        if let Err(error) = cluster.attach(id, &nothing, manager).await {
            diagnostics.push(told(id, "given back its annotations", &error));
        }
    }
    diagnostics
}

/// What is there of the additions, as the `attachments` attribute has it.
pub(super) async fn observe(cluster: &Cluster, attached: &[Recorded]) -> Result<Value, Error> {
    let mut seen = BTreeMap::new();
    for Recorded { id, json, .. } in attached {
        if let Some(object) = cluster.get(id).await? {
            seen.insert(id.to_string(), yaml_of(&owned_part(json, object.json())));
        }
    }
    Ok(Value::map(seen))
}

fn missing(id: &ObjectId) -> Diagnostic {
    Diagnostic::error(
        format!("{id} does not exist"),
        "The gateway adds annotations to it and does not make it: it is not this provider's. What was applied before stays. Create it first; \
         if the same configuration makes it, refer to it, so that Terraform knows the order.",
    )
}
