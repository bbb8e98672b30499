//! What a resource's value says of its identity and objects.

use std::collections::BTreeMap;

use tfplugin::cty::Value;
use tfplugin::{Diagnostic, Severity};

use super::Compiles;
use super::attributes::applies;
use super::live::{Recorded, recorded};
use super::outcome::{Outcome, mark};
use super::ownership::resource;
use crate::session::{Configured, InCluster, Spot, Where};

/// The parts of a value that its identity has, once they are known.
pub(crate) fn identity_of<C: Compiles>(value: &Value) -> Option<Value> {
    let attributes = C::identity_schema().attributes;
    let parts = attributes.iter().map(|attribute| {
        let part = value.get(attribute.name).filter(|part| !part.is_unknown())?;
        Some((attribute.name, part.clone()))
    });
    parts.collect::<Option<Vec<_>>>().map(Value::object)
}

/// What a value stands for in its cluster, once that is known.
pub(super) fn spot_of<C: Compiles>(value: &Value) -> Option<Spot> {
    let namespace = match value.get("namespace") {
        None | Some(Value::Null) => None,
        Some(namespace) => Some(namespace.as_str()?.to_owned()),
    };
    let name = value.get("name")?.as_str()?.to_owned();
    Some(Spot { place: Where::Cluster, resource_type: C::TYPE, namespace, name })
}

/// The import id: the parts of the identity that there are, with `/` between them; unknown until all are known.
pub(crate) fn id_of<C: Compiles>(value: &Value) -> Value {
    let Some(identity) = identity_of::<C>(value) else { return Value::UNKNOWN };
    let attributes = C::identity_schema().attributes;
    let parts = attributes.iter().filter_map(|attribute| identity.get(attribute.name)?.as_str());
    Value::from(parts.collect::<Vec<_>>().join("/"))
}

/// Compiles for what is known of the cluster. What only a part that is not known yet refuses is not reported: it may turn out well. What is
/// reported in its place is what stays wrong at best, so that no advice points to the next refusal.
pub(crate) fn checked<C: Compiles>(value: &Value, in_cluster: &InCluster) -> Outcome {
    let mut outcome = C::check(value, in_cluster);
    if let (true, Some(at_best)) = (outcome.diagnostics.has_errors(), in_cluster.at_best()) {
        let (now, more): (Vec<_>, Vec<_>) = outcome.diagnostics.into_iter().partition(is_error);
        let at_best = C::check(value, &at_best).diagnostics.into_iter();
        let sure = at_best
            .filter(|diagnostic| is_error(diagnostic) && now.iter().any(|other| is_about_the_same(diagnostic, other)));
        outcome.diagnostics = sure.chain(more).collect();
    }
    outcome
}

fn is_error(diagnostic: &Diagnostic) -> bool {
    diagnostic.severity == Severity::Error
}

/// Whether one is about a part of what the other is about.
fn is_about_the_same(one: &Diagnostic, other: &Diagnostic) -> bool {
    let steps =
        |diagnostic: &Diagnostic| diagnostic.path.as_ref().map(|path| path.steps().to_vec()).unwrap_or_default();
    let (one, other) = (steps(one), steps(other));
    one.starts_with(&other) || other.starts_with(&one)
}

/// Compiles with the owner's marks on what is to be applied; rendered objects belong to whoever applies them.
pub(super) fn compiled<C: Compiles>(value: &Value, configured: &Configured) -> Outcome {
    let mut outcome = checked::<C>(value, &configured.in_cluster);
    let (name, namespace) = (value.get("name").and_then(Value::as_str), value.get("namespace").and_then(Value::as_str));
    if let (true, Some(name)) = (applies(value), name) {
        let mark = |manifests| mark(manifests, &configured.owner, C::TYPE, name, namespace);
        outcome.manifests = outcome.manifests.map(mark);
    }
    outcome
}

/// Sets an attribute of an object.
pub(crate) fn set(value: &mut Value, name: &str, part: Value) {
    if let Some(attributes) = value.as_object_mut() {
        attributes.insert(name.to_owned(), part);
    }
}

/// The objects that a state says are in the cluster. Where it names none they are those that it compiles to.
pub(super) fn objects_of<C: Compiles>(state: &Value, configured: &Configured) -> Vec<Recorded> {
    match state.get("manifests").filter(|manifests| !manifests.is_null()) {
        Some(manifests) => recorded(manifests),
        None => desired_by::<C>(state, configured),
    }
}

/// The same in the order in which they were applied, which takes a compilation.
pub(super) fn objects_as_applied<C: Compiles>(state: &Value, configured: &Configured) -> Vec<Recorded> {
    let desired = desired_by::<C>(state, configured);
    let mut objects = objects_of::<C>(state, configured);
    // What the present engine would not make comes last, and so is deleted first.
    objects.sort_by_key(|object| desired.iter().position(|other| other.id == object.id).unwrap_or(usize::MAX));
    objects
}

fn desired_by<C: Compiles>(state: &Value, configured: &Configured) -> Vec<Recorded> {
    compiled::<C>(state, configured).manifests.iter().flatten().map(Recorded::from).collect()
}

/// What a state says was added to objects of others.
pub(super) fn attached_of(state: &Value) -> Vec<Recorded> {
    state.get("attachments").map(recorded).unwrap_or_default()
}

pub(super) fn name_of(value: &Value) -> &str {
    value.get("name").and_then(Value::as_str).unwrap_or_default()
}

/// The resource in messages, and among others of its type.
pub(super) fn own_name(value: &Value) -> String {
    resource(value.get("namespace").and_then(Value::as_str), name_of(value))
}

pub(super) fn texts(objects: Vec<Recorded>) -> Value {
    Value::map(
        objects
            .into_iter()
            .map(|object| (object.id.to_string(), Value::list(object.lines)))
            .collect::<BTreeMap<_, _>>(),
    )
}
