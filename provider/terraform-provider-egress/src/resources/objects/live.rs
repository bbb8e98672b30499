//! A resource's objects in a cluster.

use std::collections::BTreeMap;
use std::time::Duration;

use cluster::{Cluster, Error, Object, owned_part};
use egress_engines::acceptance::Accepted;
use egress_engines::manifest::{ObjectId, object_of, yaml_of};
use egress_engines::{Manifest, companions};
use egress_model::identity::Owner;
use serde_json::Value as Json;
use tfplugin::cty::{Path, Value};
use tfplugin::diagnostic::chain;
use tfplugin::{Diagnostic, Diagnostics};

use super::outcome::upper_first;
use super::ownership::{Claim, claim, foreign, sibling};

/// What the cluster has.
pub(super) enum Seen {
    /// The objects' owned parts, as the `manifests` attribute has them.
    There(BTreeMap<String, String>),
    /// None of them.
    Gone,
}

/// An object that this provider applied, as the state has it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Recorded {
    /// What finds it.
    pub(super) id: ObjectId,
    /// The fields that are ours.
    pub(super) json: Json,
    /// The text that the state has of it.
    pub(super) yaml: String,
}

impl From<&Manifest> for Recorded {
    fn from(manifest: &Manifest) -> Self {
        Self { id: manifest.id(), json: manifest.to_json(), yaml: manifest.to_yaml() }
    }
}

/// The objects in a `manifests` attribute, in the order of their ids.
pub(super) fn recorded(manifests: &Value) -> Vec<Recorded> {
    let texts = manifests.as_map().into_iter().flatten().filter_map(|(_, text)| text.as_str());
    texts
        .filter_map(|yaml| {
            let json = object_of(yaml)?;
            Some(Recorded { id: cluster::object_id(&json)?, json, yaml: yaml.to_owned() })
        })
        .collect()
}

/// Looks at the objects: out of one list for all resources where that has them.
pub(super) async fn observe(cluster: &Cluster, objects: &[Recorded], owned_labels: &str) -> Result<Seen, Error> {
    let mut seen = BTreeMap::new();
    for Recorded { id, json, .. } in objects {
        if let Some(object) = cluster.observe(id, owned_labels).await? {
            seen.insert(id.to_string(), yaml_of(&owned_part(json, object.json())));
        }
    }
    Ok(if seen.is_empty() { Seen::Gone } else { Seen::There(seen) })
}

/// How much of an apply was done.
pub(super) struct Applied {
    /// The objects that are now what their manifests say.
    pub(super) done: Vec<Made>,
    /// Messages.
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

/// Makes the objects what the manifests say, in order, and stops at the first that fails. Objects that are not among the
/// `known` ones may not be there as somebody else's.
pub(super) async fn apply(
    cluster: &Cluster,
    manifests: &[Manifest],
    owner: &Owner,
    force: bool,
    known: &[Recorded],
) -> Applied {
    let mut applied = Applied { done: Vec::new(), diagnostics: Diagnostics::new() };
    for manifest in manifests {
        let id = manifest.id();
        let before = known.iter().find(|object| object.id == id);
        // What is the whole cluster's can be another resource's of ours, which no force takes it from.
        if before.is_none() && (!force || id.namespace.is_none()) {
            match cluster.get(&id).await {
                Ok(Some(object)) => {
                    let refusal = match claim(&object, owner, &manifest.to_json()) {
                        Claim::Foreign(whose) if !force => Some(foreign(&id, object.created(), &whose)),
                        Claim::Sibling(other) => Some(sibling(&id, &other)),
                        Claim::Foreign(_) | Claim::Ours => None,
                    };
                    if let Some(refusal) = refusal {
                        applied.diagnostics.push(refusal);
                        return applied;
                    }
                }
                Ok(None) => {}
                Err(error) => {
                    applied.diagnostics.push(told(&id, "applied", &error));
                    return applied;
                }
            }
        }
        match cluster.apply(manifest, force).await {
            Ok(object) => {
                applied.diagnostics.extend(changed_on_the_way(&id, manifest, &object));
                let is_same = before.is_some_and(|before| before.json == manifest.to_json());
                let changed = (!is_same).then(|| object.into_json());
                applied.done.push(Made { id, accepted: manifest.kind.accepted, changed });
            }
            Err(error) => {
                applied.diagnostics.push(told(&id, "applied", &error));
                return applied;
            }
        }
    }
    applied
}

fn changed_on_the_way(id: &ObjectId, manifest: &Manifest, object: &Object) -> Option<Diagnostic> {
    let desired = manifest.to_json();
    let live = owned_part(&desired, object.json());
    (live != desired).then(|| {
        Diagnostic::warning(
            format!("The cluster changed {id} while it was applied"),
            format!(
                "An admission webhook or policy of the cluster made something else of it, and every plan will show the difference. It is \
                 now:\n\n{}",
                yaml_of(&live)
            ),
        )
    })
}

/// How much of a deletion was done.
pub(super) struct Deleted {
    /// The objects that are still there and ours.
    pub(super) left: Vec<Recorded>,
    /// Messages.
    pub(super) diagnostics: Diagnostics,
}

/// Deletes the objects that are this owner's, the last one first. Others' are left, with a warning.
pub(super) async fn delete(cluster: &Cluster, objects: Vec<Recorded>, owner: &Owner, patience: Duration) -> Deleted {
    let mut deleted = Deleted { left: Vec::new(), diagnostics: Diagnostics::new() };
    for recorded in objects.into_iter().rev() {
        let id = &recorded.id;
        let outcome = match cluster.get(id).await {
            Ok(None) | Err(Error::KindMissing { .. }) => Ok(()),
            Ok(Some(object)) => {
                let left = match claim(&object, owner, &recorded.json) {
                    Claim::Sibling(other) => Some(format!("It is now of {other}.")),
                    Claim::Foreign(whose) if !object.is_applied_by_us() => {
                        Some(format!("It is no longer ours: {whose}."))
                    }
                    Claim::Ours | Claim::Foreign(_) => None,
                };
                match left {
                    Some(why) => {
                        let detail = format!("{why} It is left as it is, and only the state forgets it.");
                        deleted.diagnostics.push(Diagnostic::warning(format!("{id} was not deleted"), detail));
                        Ok(())
                    }
                    None => cluster.delete(id, object.uid(), patience).await,
                }
            }
            Err(error) => Err(error),
        };
        if let Err(error) = outcome {
            deleted.diagnostics.push(told(id, "deleted", &error));
            deleted.left.push(recorded);
        }
    }
    deleted
}

/// An error of the cluster: why, what exists, and what to do.
pub(super) fn told(id: &ObjectId, done: &str, error: &Error) -> Diagnostic {
    let summary = format!("{id} could not be {done}");
    match error {
        Error::NamespaceMissing { namespace } => Diagnostic::error(
            format!("The namespace {namespace:?} does not exist"),
            format!(
                "{id} could not be {done}, and nothing was changed. Create the namespace first; if the same configuration makes it, refer to it \
                 (namespace = kubernetes_namespace_v1.example.metadata[0].name) so that Terraform knows the order."
            ),
        )
        .at(Path::attribute("namespace")),
        Error::NamespaceTerminating { namespace } => Diagnostic::error(
            format!("The namespace {namespace:?} is being deleted"),
            format!("{id} could not be {done}: nothing can be made in it until it is gone and made anew."),
        )
        .at(Path::attribute("namespace")),
        Error::Conflict(conflicts) => {
            let list: Vec<_> =
                conflicts.iter().map(|conflict| format!("  - {} is owned by {:?}", conflict.field, conflict.manager)).collect();
            Diagnostic::error(
                summary,
                format!(
                    "Other field managers own fields of it with other values:\n\n{}\n\nNothing was changed. Let the other manager give the field up \
                     (remove it from what it applies), or set force_conflicts = true to take it over.",
                    list.join("\n")
                ),
            )
            .at(Path::attribute("force_conflicts"))
        }
        Error::KindMissing { kind, api_version } if companions::installed_with(kind).is_some() => {
            let with = companions::installed_with(kind).unwrap_or_default();
            let detail = format!("The cluster does not serve {kind} in {api_version}. It comes with {with}.");
            Diagnostic::error(summary, detail)
        }
        Error::KindMissing { kind, api_version } => Diagnostic::error(
            summary,
            format!(
                "The cluster does not serve {kind} in {api_version}. Install the engine that defines it, or choose another engine; the \
                 engine network-policy needs nothing but Kubernetes."
            ),
        )
        .at(Path::attribute("engine")),
        Error::Invalid { causes, .. } if !causes.is_empty() => {
            let list: Vec<_> = causes.iter().map(|cause| format!("  - {}: {}", cause.field, cause.message)).collect();
            Diagnostic::error(summary, format!("The API server does not take it, and nothing was changed:\n\n{}", list.join("\n")))
        }
        Error::StillThere { .. } => Diagnostic::error(
            summary,
            format!("{}. Whatever set the finalizers has to remove them; then apply again.", upper_first(&chain(error))),
        ),
        Error::Changed => Diagnostic::error(
            summary,
            "It was replaced by another object of the same name in the meantime, which was left alone. Plan again.",
        ),
        other => Diagnostic::error(summary, format!("{}. Nothing was changed.", upper_first(&chain(other)))),
    }
}

/// Why a look was not possible, as a warning: the plan goes on with what the state says.
pub(super) fn not_looked(error: &Error) -> Diagnostic {
    Diagnostic::warning(
        "The cluster cannot be looked at",
        format!(
            "{}. The plan goes on with what the state says; changes made outside Terraform do not show.",
            upper_first(&chain(error))
        ),
    )
}
