//! Structural schemas: types, fields and value validations.

use serde_json::{Map, Value};

use crate::report::Report;
use crate::schema::{Additional, Schema, Type};
use crate::{duplicates, format};

/// Checks an object. What every object has is allowed whether the schema names it or not.
pub(crate) fn check_root(schema: &Schema, object: &Value, report: &mut Report) {
    let Some(fields) = object.as_object() else {
        report.violation("", "no object");
        return;
    };
    for (name, value) in fields {
        match (name.as_str(), schema.properties.get(name)) {
            ("apiVersion" | "kind", Some(property)) => values(property, value, name, report),
            // Only its fields that the schema restricts, such as a name that must be "default".
            ("metadata", Some(property)) => deep_values(property, value, name, report),
            ("apiVersion" | "kind" | "metadata", None) => {}
            (_, Some(property)) => structure(property, value, name, report),
            (_, None) if schema.preserve_unknown_fields => {}
            (_, None) => report.violation(name, "unknown field"),
        }
    }
    values(schema, object, "", report);
}

fn structure(schema: &Schema, value: &Value, path: &str, report: &mut Report) {
    if value.is_null() {
        if !schema.nullable && !schema.types.has(Type::Null) && !schema.preserve_unknown_fields {
            report.violation(path, "must not be null");
        }
        return;
    }
    let int_or_string = schema.int_or_string || schema.format.as_deref() == Some("int-or-string");
    let fits =
        if int_or_string { value.is_i64() || value.is_u64() || value.is_string() } else { schema.types.fit(value) };
    if !fits {
        report.violation(path, format!("{value} is not of the type {:?}", schema.types));
        return;
    }
    match value {
        Value::Object(fields) => object(schema, fields, path, report),
        Value::Array(items) => {
            if let Some(item_schema) = &schema.items {
                for (index, item) in items.iter().enumerate() {
                    structure(item_schema, item, &format!("{path}[{index}]"), report);
                }
            }
            duplicates::check(schema, items, path, report);
        }
        _ => {}
    }
    values(schema, value, path, report);
}

fn object(schema: &Schema, fields: &Map<String, Value>, path: &str, report: &mut Report) {
    for (name, value) in fields {
        let path = below(path, name);
        match (schema.properties.get(name), &schema.additional_properties) {
            (Some(property), _) => structure(property, value, &path, report),
            (None, Some(Additional::Schema(additional))) => structure(additional, value, &path, report),
            (None, Some(Additional::Allowed(true))) => {}
            (None, _) if schema.preserve_unknown_fields => {}
            (None, _) => report.violation(&path, "unknown field"),
        }
    }
}

/// The validations of this value, and none of those below.
fn values(schema: &Schema, value: &Value, path: &str, report: &mut Report) {
    if let Some(allowed) = &schema.one_of_values
        && !allowed.contains(value)
    {
        report.violation(path, format!("unsupported value {value}"));
    }
    if schema.format.as_deref().is_some_and(|format| !format::fits(format, value)) {
        report.violation(path, format!("{value} is no {}", schema.format.as_deref().unwrap_or_default()));
    }
    match value {
        Value::String(text) => {
            sizes(text.chars().count(), schema.min_length, schema.max_length, "characters", path, report);
            if let Some(pattern) = &schema.pattern
                && !pattern.fits(text)
            {
                report.violation(path, format!("{text:?} does not match {}", pattern.text));
            }
        }
        Value::Number(number) => {
            let number = number.as_f64().unwrap_or(f64::NAN);
            let low = |minimum| number < minimum || schema.exclusive_minimum && number <= minimum;
            let high = |maximum| number > maximum || schema.exclusive_maximum && number >= maximum;
            if schema.minimum.is_some_and(low) || schema.maximum.is_some_and(high) {
                report.violation(path, format!("{number} is out of range"));
            }
        }
        Value::Array(items) => sizes(items.len(), schema.min_items, schema.max_items, "items", path, report),
        Value::Object(fields) => {
            sizes(fields.len(), schema.min_properties, schema.max_properties, "fields", path, report);
            for name in schema.required.iter().filter(|name| !fields.contains_key(*name)) {
                report.violation(&below(path, name), "required");
            }
        }
        Value::Null | Value::Bool(_) => {}
    }
    alternatives(schema, value, path, report);
}

fn sizes(size: usize, min: Option<usize>, max: Option<usize>, what: &str, path: &str, report: &mut Report) {
    if min.is_some_and(|min| size < min) || max.is_some_and(|max| size > max) {
        report.violation(path, format!("{size} {what} are too many or too few"));
    }
}

fn alternatives(schema: &Schema, value: &Value, path: &str, report: &mut Report) {
    let fits = |schema: &Schema| {
        let mut inner = Report::default();
        deep_values(schema, value, path, &mut inner);
        inner.violations.is_empty()
    };
    for schema in &schema.all_of {
        deep_values(schema, value, path, report);
    }
    if !schema.any_of.is_empty() && !schema.any_of.iter().any(fits) {
        report.violation(path, "fits none of anyOf");
    }
    if !schema.one_of.is_empty() {
        let count = schema.one_of.iter().filter(|schema| fits(schema)).count();
        if count != 1 {
            report.violation(path, format!("fits {count} of oneOf"));
        }
    }
    if schema.not.as_ref().is_some_and(|schema| fits(schema)) {
        report.violation(path, "is what it must not be");
    }
}

/// The validations of this value and of those below, without a say on which fields there are: what `allOf` and its like mean.
fn deep_values(schema: &Schema, value: &Value, path: &str, report: &mut Report) {
    if !schema.types.fit(value) {
        report.violation(path, format!("{value} is not of the type {:?}", schema.types));
        return;
    }
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match (schema.properties.get(name), &schema.additional_properties) {
                    (Some(property), _) => deep_values(property, value, &below(path, name), report),
                    (None, Some(Additional::Schema(schema))) => deep_values(schema, value, &below(path, name), report),
                    (None, _) => {}
                }
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                if let Some(schema) = &schema.items {
                    deep_values(schema, item, &format!("{path}[{index}]"), report);
                }
            }
        }
        _ => {}
    }
    values(schema, value, path, report);
}

pub(crate) fn below(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The paths of the violations of a value.
    fn wrong(schema: &Value, value: &Value) -> Vec<String> {
        let schema: Schema = serde_json::from_value(schema.clone()).expect("a schema");
        let mut report = Report::default();
        structure(&schema, value, "", &mut report);
        report.violations.into_iter().map(|violation| violation.path).collect()
    }

    #[test]
    fn fields_that_the_schema_does_not_name_are_refused() {
        let schema = json!({"type": "object", "required": ["a"], "properties": {
            "a": {"type": "string"},
            "open": {"type": "object", "x-kubernetes-preserve-unknown-fields": true, "properties": {"b": {"type": "integer"}}},
            "map": {"type": "object", "additionalProperties": {"type": "integer"}},
        }});
        assert_eq!(wrong(&schema, &json!({"a": "x", "open": {"any": {"thing": 1}, "b": 1}, "map": {"k": 1}})), [""; 0]);
        let bad = json!({"c": 1, "open": {"b": "x"}, "map": {"k": "v"}});
        assert_eq!(wrong(&schema, &bad), ["c", "map.k", "open.b", "a"]);
    }

    #[test]
    fn values_are_validated() {
        let cases = [
            (json!({"type": "string", "enum": ["A"]}), json!("A"), json!("B")),
            (json!({"type": "string", "pattern": "^(?i)(allow|deny)$"}), json!("Allow"), json!("pass")),
            (json!({"type": "string", "minLength": 1, "maxLength": 2}), json!("é"), json!("abc")),
            (json!({"type": "integer", "minimum": 0, "maximum": 65535}), json!(65535), json!(-1)),
            (json!({"type": "number", "minimum": 1, "exclusiveMinimum": true}), json!(1.1), json!(1)),
            (json!({"type": "array", "maxItems": 1, "items": {"type": "string"}}), json!(["a"]), json!(["a", "b"])),
            (
                json!({"type": "object", "minProperties": 1, "additionalProperties": {"type": "string"}}),
                json!({"a": "b"}),
                json!({}),
            ),
            (
                json!({"x-kubernetes-int-or-string": true, "anyOf": [{"type": "integer"}, {"type": "string"}]}),
                json!("http"),
                json!(true),
            ),
            (json!({"type": "string", "nullable": true}), Value::Null, json!(1)),
            (json!({"type": "string"}), json!(""), Value::Null),
            (
                json!({"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}}),
                json!(["a", "b"]),
                json!(["a", "a"]),
            ),
            (
                json!({"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["n"],
                    "items": {"type": "object", "properties": {"n": {"type": "string"}, "v": {"type": "string"}}}}),
                json!([{"n": "a"}, {"n": "b"}]),
                json!([{"n": "a"}, {"n": "a", "v": "x"}]),
            ),
            (json!({"type": "string", "not": {"enum": ["a"]}}), json!("b"), json!("a")),
            (json!({"type": "string", "allOf": [{"minLength": 1}, {"maxLength": 1}]}), json!("b"), json!("bc")),
            (
                json!({"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
                    "oneOf": [{"required": ["a"]}, {"required": ["b"]}]}),
                json!({"a": "x"}),
                json!({"a": "x", "b": "y"}),
            ),
        ];
        for (schema, good, bad) in cases {
            assert_eq!(wrong(&schema, &good), [""; 0], "{schema}");
            assert_eq!(wrong(&schema, &bad).len(), 1, "{schema}: {bad}");
        }
    }
}
