//! A resource's configuration as text on the first of its objects, which an import reads back.
//!
//! The objects themselves cannot be read back: engines write one rule in many ways, and several configurations become the same objects.

use egress_engines::Manifest;
use egress_model::identity::CONFIGURATION_ANNOTATION;
use egress_model::policy::ANNOTATIONS_LIMIT;
use serde_json::{Map, Value as Json};
use tfplugin::cty::Value;
use tfplugin::cty::json::{Undefined, from_json, to_json};
use tfplugin::schema::{Mode, Schema};

/// What the user can write of a resource, with its type.
fn written(schema: &Schema) -> Vec<(&'static str, tfplugin::cty::Type)> {
    let attributes = schema.attributes.iter().filter(|attribute| attribute.mode != Mode::Computed);
    let attributes = attributes.map(|attribute| (attribute.name, attribute.value_type()));
    attributes.chain(schema.blocks.iter().map(|block| (block.name, block.value_type()))).collect()
}

/// The configuration as compact JSON, without what is null; none where an object cannot hold it beside its other annotations.
pub(crate) fn text(schema: &Schema, value: &Value, first: &Manifest) -> Option<String> {
    let mut parts = Map::new();
    for (name, ty) in written(schema) {
        let Some(part) = value.get(name).filter(|part| !part.is_null()) else { continue };
        parts.insert(name.to_owned(), without_null(to_json(part, &ty).ok()?));
    }
    let text = Json::Object(parts).to_string();
    let others: usize = first.metadata.annotations.iter().map(|(key, value)| key.len() + value.len()).sum();
    (others + CONFIGURATION_ANNOTATION.len() + text.len() <= ANNOTATIONS_LIMIT).then_some(text)
}

fn without_null(json: Json) -> Json {
    match json {
        Json::Object(parts) => {
            let parts = parts.into_iter().filter(|(_, part)| !part.is_null());
            Json::Object(parts.map(|(name, part)| (name, without_null(part))).collect())
        }
        Json::Array(parts) => Json::Array(parts.into_iter().map(without_null).collect()),
        other => other,
    }
}

/// The value of the resource's type that a text says, with defaults and null in place of what it does not say. None for a text of another
/// version that does not fit.
pub(crate) fn value(schema: &Schema, text: &str) -> Option<Value> {
    let json: Json = serde_json::from_str(text).ok()?;
    let mut value = from_json(&json, &schema.ty(), Undefined::Refuse).ok()?;
    let attributes = value.as_object_mut()?;
    for attribute in &schema.attributes {
        let part = attributes.get_mut(attribute.name)?;
        if let (true, Some(default)) = (part.is_null(), &attribute.default) {
            *part = default.clone();
        }
    }
    Some(value)
}
