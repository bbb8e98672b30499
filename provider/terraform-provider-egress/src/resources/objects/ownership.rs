//! Whose the objects are.

use cluster::Object;
use egress_engines::Manifest;
use egress_engines::manifest::ObjectId;
use egress_model::identity::{NAME_TAG, NAMESPACE_TAG, OWNER_TAG, Owner, TYPE_TAG};
use serde_json::Value as Json;
use tfplugin::cty::Path;
use tfplugin::{Diagnostic, Diagnostics};

use crate::session::{Configured, Spot};

/// Whose a live object is.
#[derive(Debug, PartialEq)]
pub(super) enum Claim {
    /// This owner's.
    Ours,
    /// This owner's, and another resource's, which is named.
    Sibling(String),
    /// Another owner's, or nobody's that this provider knows.
    Foreign(String),
}

/// Whose a live object is, for the resource that would have it so.
pub(super) fn claim(object: &Object, owner: &Owner, desired: &Json) -> Claim {
    match object.label(OWNER_TAG) {
        Some(label) if label == owner.as_str() => {
            let wanted = |tag: &str| desired["metadata"]["labels"][tag].as_str();
            let differs = |tag: &str| object.label(tag).zip(wanted(tag)).is_some_and(|(live, wanted)| live != wanted);
            if [TYPE_TAG, NAME_TAG, NAMESPACE_TAG].into_iter().any(differs) {
                Claim::Sibling(resource_of(object))
            } else {
                Claim::Ours
            }
        }
        Some(other) => Claim::Foreign(format!("it belongs to the owner {other:?} of this provider")),
        None => match object.managers().as_slice() {
            [] => Claim::Foreign("nothing says who made it".to_owned()),
            managers => Claim::Foreign(format!("its fields belong to {}", managers.join(", "))),
        },
    }
}

/// The resource that an object is of, as its labels say.
fn resource_of(object: &Object) -> String {
    let label = |tag: &str| object.label(tag).unwrap_or_default();
    match object.label(NAMESPACE_TAG) {
        Some(namespace) => resource(Some(namespace), label(NAME_TAG)),
        None => format!("the {} {}", label(TYPE_TAG), resource(None, label(NAME_TAG))),
    }
}

/// That an object is somebody else's.
pub(super) fn foreign(id: &ObjectId, since: &str, whose: &str) -> Diagnostic {
    Diagnostic::error(
        format!("{id} exists and is foreign"),
        format!(
            "It was made at {since} and {whose}. Nothing was changed. Give this resource another name, import the \
             object with an import block (id = \"namespace/name\"), or set force_conflicts = true to take it over."
        ),
    )
    .at(Path::attribute("name"))
}

/// How a resource is named in messages: where it has a namespace, its name is unique there only.
pub(super) fn resource(namespace: Option<&str>, name: &str) -> String {
    match namespace {
        Some(namespace) => format!("{name:?} in the namespace {namespace:?}"),
        None => format!("{name:?}"),
    }
}

/// That an object is another resource's of the same owner.
pub(super) fn sibling(id: &ObjectId, other: &str) -> Diagnostic {
    Diagnostic::error(
        format!("{id} belongs to another resource"),
        format!(
            "This provider has it for {other}, of the same owner. Two resources would take it from each other with \
             every apply. Give this one another name; where it takes the place of the other one, destroy that in an \
             apply before."
        ),
    )
    .at(Path::attribute("name"))
}

/// Notes which objects a plan wants. Another resource of the same run that wants one of them too is an error.
pub(super) fn note(configured: &Configured, own: &Spot, wanted: &[Manifest]) -> Diagnostics {
    let shared = wanted.iter().map(Manifest::id).filter_map(|id| {
        let other = configured.this_run.claimed.note(id.clone(), own)?;
        Some(shared_object(&id, own, &other))
    });
    shared.collect()
}

/// That two resources would have one object.
fn shared_object(id: &ObjectId, own: &Spot, other: &Spot) -> Diagnostic {
    Diagnostic::error(
        format!("Two resources make {id}"),
        format!(
            "{own} and {other} both become an object of this name, and would take it from each other with every \
             apply. Nothing was changed. Give one of them another name."
        ),
    )
    .at(Path::attribute("name"))
}
