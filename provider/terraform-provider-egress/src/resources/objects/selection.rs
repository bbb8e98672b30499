//! Asking the cluster, in a plan, who takes the objects that an operator or a sidecar has to select.

use std::collections::BTreeMap;

use cluster::{Cluster, Error};
use egress_engines::Manifest;
use egress_engines::manifest::{Content, Kind, ObjectId};
use egress_model::labels::Labels;
use egress_observability::placed::Placed;
use egress_observability::selection::{Instance, Verdict, instance_kinds, takers, who_takes};
use egress_observability::sidecar;
use serde_json::Value as Json;
use tfplugin::cty::Path;
use tfplugin::{Diagnostic, Diagnostics};

use super::requirements::Look;

/// Kubernetes' own.
const NAMESPACE: Kind = Kind { api_version: "v1", kind: "Namespace", plural: "namespaces", accepted: None };

/// Says of each object that has to be selected who takes it, where that is news, or why nobody does: an error in a plan that changes
/// something, a warning otherwise.
pub(super) async fn check(cluster: &Cluster, manifests: &[Manifest], look: Look) -> Result<Diagnostics, Error> {
    let mut diagnostics = Diagnostics::new();
    let mut instances = BTreeMap::new();
    for kind in manifests.iter().flat_map(|manifest| instance_kinds(manifest.kind)) {
        if !instances.contains_key(kind.kind) {
            instances.insert(kind.kind, list(cluster, kind).await?);
        }
    }
    let mut taken = Vec::new();
    for manifest in manifests {
        let kinds = instance_kinds(manifest.kind);
        let Some(namespace) = manifest.metadata.namespace.as_deref().filter(|_| !kinds.is_empty()) else { continue };
        let found: Result<Vec<&Vec<Json>>, &Error> = kinds.iter().map(|kind| instances[kind.kind].as_ref()).collect();
        let live: Vec<Json> = match found {
            Ok(found) => found.into_iter().flatten().cloned().collect(),
            Err(error) => {
                diagnostics.push(unseen(&manifest.id(), error));
                continue;
            }
        };
        let (Ok(name), of_namespace) = (namespace.parse(), labels_of(cluster, namespace).await?) else { continue };
        let spec = match &manifest.content {
            Content::Spec(spec) => spec,
            Content::Data(_) => &Json::Null,
        };
        let own = parsed(manifest.metadata.labels.iter().map(|(key, value)| (key.as_str(), value.as_str())));
        let placed =
            Placed { kind: manifest.kind, labels: &own, spec, namespace: &name, namespace_labels: &of_namespace };
        match who_takes(&placed, &live) {
            Verdict::Taken(by) => taken.push(line(&manifest.id(), &by)),
            Verdict::Ignored(why) => {
                let why = why.iter().map(|(instance, why)| format!("  - {instance} {why}"));
                diagnostics.push(ignored(manifest, &why.collect::<Vec<_>>(), look));
            }
        }
    }
    if look.is_news && !taken.is_empty() {
        diagnostics.push(told(&taken));
    }
    Ok(diagnostics)
}

/// The instances of a kind, or why they cannot be seen. Of a kind that is not served there are none.
async fn list(cluster: &Cluster, kind: &Kind) -> Result<Result<Vec<Json>, Error>, Error> {
    let labels = if [sidecar::DEPLOYMENT, sidecar::STATEFUL_SET].contains(kind) { sidecar::LABELS } else { "" };
    match cluster.find(kind, None, labels).await {
        Ok(objects) => Ok(Ok(objects.into_iter().map(cluster::Object::into_json).collect())),
        Err(Error::KindMissing { .. }) => Ok(Ok(Vec::new())),
        Err(error) if error.is_of_the_cluster() => Err(error),
        Err(error) => Ok(Err(error)),
    }
}

/// The labels of a namespace; none where it may not be read, so that a selector of namespaces is not met.
async fn labels_of(cluster: &Cluster, namespace: &str) -> Result<Labels, Error> {
    let id = ObjectId {
        api_version: NAMESPACE.api_version.to_owned(),
        kind: NAMESPACE.kind.to_owned(),
        plural: NAMESPACE.plural.to_owned(),
        namespace: None,
        name: namespace.to_owned(),
    };
    match cluster.get_once(&id).await {
        Ok(live) => {
            let labels = live.as_deref().map(|object| object.json()["metadata"]["labels"].clone());
            let labels = labels.as_ref().and_then(Json::as_object).into_iter().flatten();
            Ok(parsed(labels.filter_map(|(key, value)| Some((key.as_str(), value.as_str()?)))))
        }
        Err(error) if error.is_of_the_cluster() => Err(error),
        Err(_) => Ok(Labels::new()),
    }
}

fn parsed<'a>(labels: impl Iterator<Item = (&'a str, &'a str)>) -> Labels {
    labels.filter_map(|(key, value)| Some((key.parse().ok()?, value.parse().ok()?))).collect()
}

fn line(id: &ObjectId, by: &[Instance]) -> String {
    let by: Vec<String> = by.iter().map(ToString::to_string).collect();
    format!("  - {id} by {}", by.join(", "))
}

fn at() -> Path {
    Path::attribute("check_requirements")
}

fn told(taken: &[String]) -> Diagnostic {
    Diagnostic::warning(
        "Who takes the objects",
        format!("As the cluster is now, they are selected:\n\n{}", taken.join("\n")),
    )
    .at(at())
}

fn ignored(manifest: &Manifest, why: &[String], look: Look) -> Diagnostic {
    let diagnostic = if look.changes { Diagnostic::error } else { Diagnostic::warning };
    let (id, takers) = (manifest.id(), takers(manifest.kind));
    let seen = if why.is_empty() {
        "The cluster has none.".to_owned()
    } else {
        format!(
            "There are:\n\n{}\n\nGive the object or its namespace these labels, or change the selector.",
            why.join("\n")
        )
    };
    diagnostic(
        format!("Nobody takes {id}"),
        format!(
            "It is applied without an error and does nothing, because no {takers} selects it. {seen} check_requirements = false plans \
             without looking."
        ),
    )
    .at(at())
}

fn unseen(id: &ObjectId, error: &Error) -> Diagnostic {
    Diagnostic::warning(
        "A requirement could not be checked",
        format!("Whether anybody takes {id} is not known. {}.", super::outcome::upper_first(&error.to_string())),
    )
    .at(at())
}
