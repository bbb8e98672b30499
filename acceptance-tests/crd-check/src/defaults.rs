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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_absent_is_filled_in_where_its_parent_is_there() {
        let schema = json!({"type": "object", "properties": {
            "mode": {"type": "string", "default": "A"},
            "kept": {"type": "string", "nullable": true, "default": "A"},
            "inner": {"type": "object", "properties": {"port": {"type": "integer", "default": 53}}},
            "list": {"type": "array", "items": {"type": "object", "properties": {"key": {"type": "string", "default": "k"}}}},
        }});
        let schema: Schema = serde_json::from_value(schema).expect("a schema");
        let mut value = json!({"mode": null, "kept": null, "list": [{}, {"key": "own"}]});
        fill(&schema, &mut value);
        assert_eq!(value, json!({"mode": "A", "kept": null, "list": [{"key": "k"}, {"key": "own"}]}));
    }
}
