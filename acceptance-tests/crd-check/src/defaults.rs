//! Defaults, which an API server fills in before it validates.

use serde_json::Value;

use crate::schema::{Additional, Schema};

/// Fills in what is absent and has a default, everywhere below. A `null` counts as absent where a field is not nullable and has a
/// default.
pub(crate) fn fill(schema: &Schema, value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, property) in &schema.properties {
                let absent = match fields.get(name) {
                    None => true,
                    Some(value) => value.is_null() && !property.nullable,
                };
                if let (true, Some(default)) = (absent, &property.default) {
                    fields.insert(name.clone(), default.clone());
                }
            }
            for (name, inner) in fields {
                match (schema.properties.get(name), &schema.additional_properties) {
                    (Some(property), _) => fill(property, inner),
                    (None, Some(Additional::Schema(additional))) => fill(additional, inner),
                    (None, _) => {}
                }
            }
        }
        Value::Array(items) => {
            if let Some(schema) = &schema.items {
                for item in items {
                    fill(schema, item);
                }
            }
        }
        _ => {}
    }
}
