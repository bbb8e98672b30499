//! The identity of a resource that stands for objects of a cloud: its name, and the region where it is.

use egress_model::identity::{Identity, Name, ResourceType};
use tfplugin::Diagnostic;
use tfplugin::cty::{Path, Type, Value};
use tfplugin::schema::{IdentityAttribute, IdentitySchema};

use crate::session::Configured;

/// Parses the `name` attribute.
pub(crate) fn parse_name(text: &str) -> Result<Name, Diagnostic> {
    text.parse().map_err(|error| {
        Diagnostic::error(format!("The name {text:?} cannot be used"), format!("It {error}."))
            .at(Path::attribute("name"))
    })
}

/// What the objects of the resource of this name carry.
pub(crate) fn identity(
    configured: &Configured,
    resource_type: ResourceType,
    name: &str,
) -> Result<Identity, Diagnostic> {
    Ok(Identity { owner: configured.owner.clone(), resource_type, name: parse_name(name)? })
}

/// Terraform's identity of the resource, from its state or plan.
pub(crate) fn value(state: &Value) -> Option<Value> {
    let name = state.get("name")?.as_str()?;
    let region = state.get("aws").and_then(|aws| aws.get("region")).cloned().unwrap_or(Value::Null);
    Some(Value::object([("name", Value::from(name)), ("region", region)]))
}

/// The identity that a planned resource will have: that of the state as long as the new one is not wholly known.
pub(crate) fn planned(planned: &Value, before: Option<Value>) -> Option<Value> {
    match (value(planned), before) {
        (Some(now), Some(_)) if now.is_wholly_known() => Some(now),
        (now, None) => now,
        (_, before) => before,
    }
}

/// The schema of that identity; `name` says whose name it is.
pub(crate) fn schema(name: &str) -> IdentitySchema {
    let attribute = |name, required_for_import, description: &str| IdentityAttribute {
        name,
        ty: Type::String,
        required_for_import,
        description: description.to_owned(),
    };
    IdentitySchema {
        version: 0,
        attributes: vec![
            attribute("name", true, name),
            attribute("region", false, "The cloud's region; the provider's when it is left out."),
        ],
        // A resource is renamed in place, and the region that the provider gives may be written out.
        mutable: true,
    }
}
