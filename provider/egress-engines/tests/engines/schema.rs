//! Emitted manifests against the published JSON Schema of `NetworkPolicy`, strictly: unknown fields are errors.

use std::path::Path;

use egress_engines::{Settings, network_policy::compile};
use egress_model::policy::Policy;
use serde_json::{Value, json};

use crate::cases;

const SCHEMA: &str = "/work/shared/crds/kubernetes/networkpolicy-networking.k8s.io-v1.schema.yaml";

/// Everything in which a value differs from a schema: the parts of JSON Schema that Kubernetes publishes.
fn violations(schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let one = |problem: String| vec![format!("{at}: {problem}")];
    let int_or_string = schema["format"] == "int-or-string" || schema["x-kubernetes-int-or-string"] == true;
    if int_or_string {
        return if value.is_string() || value.is_i64() { Vec::new() } else { one("neither number nor text".into()) };
    }
    let alternatives = schema["oneOf"].as_array().or_else(|| schema["anyOf"].as_array());
    if let Some(alternatives) = alternatives {
        let fits = alternatives.iter().any(|alternative| violations(alternative, value, at).is_empty());
        return if fits { Vec::new() } else { one("fits no alternative".into()) };
    }
    if let Some(allowed) = schema["enum"].as_array()
        && !allowed.contains(value)
    {
        return one(format!("{value} is not one of {allowed:?}"));
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
        ty => ty.as_str().into_iter().collect(),
    };
    let is = |ty: &str| types.contains(&ty);
    match value {
        Value::Object(fields) if types.is_empty() || is("object") => object_violations(schema, fields, at),
        Value::Array(items) if is("array") => items
            .iter()
            .enumerate()
            .flat_map(|(index, item)| violations(&schema["items"], item, &format!("{at}[{index}]")))
            .collect(),
        Value::String(_) if is("string") => Vec::new(),
        Value::Bool(_) if is("boolean") => Vec::new(),
        Value::Number(number) if is("integer") && (number.is_i64() || number.is_u64()) => Vec::new(),
        value => one(format!("{value} is none of {types:?}")),
    }
}

fn object_violations(schema: &Value, fields: &serde_json::Map<String, Value>, at: &str) -> Vec<String> {
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let missing = required.filter(|name| !fields.contains_key(*name)).map(|name| format!("{at}: {name} is missing"));
    let inner = fields.iter().flat_map(|(name, value)| {
        let at = format!("{at}.{name}");
        match (&schema["properties"][name], &schema["additionalProperties"]) {
            (Value::Null, Value::Null | Value::Bool(false)) => vec![format!("{at}: unknown field")],
            (Value::Null, additional) => violations(additional, value, &at),
            (property, _) => violations(property, value, &at),
        }
    });
    missing.chain(inner).collect()
}

#[test]
fn manifests_fit_the_published_schema() {
    if !Path::new(SCHEMA).exists() {
        eprintln!("skipped: {SCHEMA} is not here");
        return;
    }
    let text = std::fs::read_to_string(SCHEMA).expect("the schema");
    let document: Value = serde_yaml_ng::from_str(&text).expect("a schema");
    let schema = if document["properties"].is_object() { &document } else { &document["openAPIV3Schema"] };
    assert!(schema["properties"]["spec"]["properties"]["egress"].is_object(), "not the schema of NetworkPolicy");
    let mut checked = 0;
    for (name, spec) in cases::all() {
        for manifest in compile(&Policy::parse(&spec).expect("a policy"), &Settings::default()).manifests {
            let found = violations(schema, &manifest.to_json(), "");
            assert!(found.is_empty(), "{name}: {found:#?}");
            checked += 1;
        }
    }
    assert!(checked > 10, "only {checked} manifests were checked");
}

#[test]
fn the_checker_finds_mistakes() {
    let schema = json!({"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}, "b": {"type": "array", "items": {"type": "integer"}}}});
    assert_eq!(violations(&schema, &json!({"a": "x", "b": [1]}), ""), Vec::<String>::new());
    assert_eq!(violations(&schema, &json!({"b": ["x"], "c": 1}), "").len(), 3);
}
