//! A resource's objects in a cluster.

use std::collections::BTreeMap;

use cluster::{Cluster, Error, Object, owned_part};
use egress_engines::Manifest;
use egress_engines::manifest::{ObjectId, lines_of, object_of, yaml_of};
use egress_model::identity::{HOLDER_TAG, Holder};
use serde_json::Value as Json;
use tfplugin::Diagnostic;
use tfplugin::cty::Value;

/// What the cluster has.
pub(super) enum Seen {
    /// Some.
    There {
        /// Their owned parts, as the `manifests` attribute has them.
        manifests: BTreeMap<String, Value>,
        /// The resource instance that has them, as they say.
        holder: Option<Holder>,
    },
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
    /// The lines that the state has of it.
    pub(super) lines: Vec<String>,
}

impl From<&Manifest> for Recorded {
    fn from(manifest: &Manifest) -> Self {
        Self { id: manifest.id(), json: manifest.to_json(), lines: manifest.to_lines() }
    }
}

/// The objects in a `manifests` attribute, in the order of their ids.
pub(super) fn recorded(manifests: &Value) -> Vec<Recorded> {
    let objects = manifests.as_map().into_iter().flatten().filter_map(|(_, lines)| lines.elements());
    objects
        .filter_map(|lines| {
            let lines: Vec<&str> = lines.iter().filter_map(Value::as_str).collect();
            let json = object_of(&lines)?;
            let lines = lines.into_iter().map(str::to_owned).collect();
            Some(Recorded { id: cluster::object_id(&json)?, json, lines })
        })
        .collect()
}

/// Observes the objects: out of one list for all resources where that has them.
pub(super) async fn observe(
    cluster: &Cluster,
    objects: &[Recorded],
    owned_labels: &str,
) -> Result<Seen, (ObjectId, Error)> {
    let mut seen = BTreeMap::new();
    let mut holder: Option<Holder> = None;
    for Recorded { id, json, .. } in objects {
        match cluster.observe(id, owned_labels).await {
            Ok(Some(object)) => {
                holder = holder.or_else(|| object.annotation(HOLDER_TAG)?.parse().ok());
                seen.insert(id.to_string(), Value::list(lines_of(&owned_part(json, object.json()))));
            }
            // Of a kind that is not served any more there are no objects.
            Ok(None) | Err(Error::KindMissing { .. }) => {}
            Err(error) => return Err((id.clone(), error)),
        }
    }
    Ok(if seen.is_empty() { Seen::Gone } else { Seen::There { manifests: seen, holder } })
}

/// Says that the API server stored something else than what was applied.
pub(super) fn changed_on_the_way(id: &ObjectId, manifest: &Manifest, object: &Object) -> Option<Diagnostic> {
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
