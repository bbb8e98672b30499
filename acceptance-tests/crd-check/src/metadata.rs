//! What every object has: kind, name, namespace, labels and annotations.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value};

use crate::definitions::Definition;
use crate::report::Report;

/// The fields of `ObjectMeta` that a client may set.
const FIELDS: [&str; 7] =
    ["name", "generateName", "namespace", "labels", "annotations", "finalizers", "ownerReferences"];

const SUBDOMAIN: &str = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";

/// A DNS subdomain as of RFC 1123, which names of objects are.
static NAME: LazyLock<Regex> = LazyLock::new(|| regex(&format!("^{SUBDOMAIN}$")));

/// A key of labels and annotations: a name of at most 63 characters, with an optional subdomain before it.
static KEY: LazyLock<Regex> =
    LazyLock::new(|| regex(&format!("^({SUBDOMAIN}/)?([A-Za-z0-9][-A-Za-z0-9_.]{{0,61}})?[A-Za-z0-9]$")));

/// A label's value.
static VALUE: LazyLock<Regex> = LazyLock::new(|| regex("^(([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9])?$"));

fn regex(text: &str) -> Regex {
    Regex::new(text).expect("a pattern of this file")
}

/// Checks an object's metadata.
pub(crate) fn check(definition: &Definition, object: &Value, report: &mut Report) {
    let Some(metadata) = object["metadata"].as_object() else {
        report.violation("metadata", "required");
        return;
    };
    for field in metadata.keys().filter(|field| !FIELDS.contains(&field.as_str())) {
        report.violation(&format!("metadata.{field}"), "unknown field");
    }
    match (metadata.get("name").and_then(Value::as_str), metadata.get("generateName")) {
        (Some(name), _) if name.len() > 253 || !NAME.is_match(name) => {
            report.violation("metadata.name", format!("{name:?} is no DNS subdomain"));
        }
        (None, None) => report.violation("metadata.name", "required"),
        _ => {}
    }
    if metadata.contains_key("namespace") && !definition.namespaced {
        report.violation("metadata.namespace", "objects of this kind are in no namespace");
    }
    texts(metadata, "labels", Some(&VALUE), report);
    texts(metadata, "annotations", None, report);
}

fn texts(metadata: &Map<String, Value>, field: &str, values: Option<&Regex>, report: &mut Report) {
    let Some(map) = metadata.get(field) else { return };
    let Some(map) = map.as_object() else {
        report.violation(&format!("metadata.{field}"), "no map");
        return;
    };
    for (key, value) in map {
        let good = value.as_str().is_some_and(|text| values.is_none_or(|pattern| pattern.is_match(text)));
        if !KEY.is_match(key) || !good {
            report.violation(&format!("metadata.{field}"), format!("{key}: {value} is not allowed"));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rules::Rules;
    use crate::schema::Schema;

    #[test]
    fn metadata_is_checked_as_api_servers_do() {
        let cases = [
            (
                json!({"name": "a.b-c", "labels": {"example.com/tier": "web"}, "annotations": {"note": "any text"}}),
                true,
                "",
            ),
            (json!({"generateName": "a-", "namespace": "shop"}), true, ""),
            (json!({"name": "a"}), false, ""),
            (json!({"name": "a", "namespace": "shop"}), false, "metadata.namespace"),
            (json!({}), true, "metadata.name"),
            (json!({"name": "A"}), true, "metadata.name"),
            (json!({"name": "a".repeat(254)}), true, "metadata.name"),
            (json!({"name": "a", "labels": {"k": "a b"}}), true, "metadata.labels"),
            (json!({"name": "a", "annotations": {"a/b/c": "x"}}), true, "metadata.annotations"),
            (json!({"name": "a", "label": {}}), true, "metadata.label"),
        ];
        for (metadata, namespaced, wrong) in cases {
            let definition =
                Definition { source: String::new(), namespaced, schema: Schema::default(), rules: Rules::default() };
            let mut report = Report::default();
            check(&definition, &json!({ "metadata": metadata }), &mut report);
            let paths: Vec<_> = report.violations.iter().map(|violation| violation.path.as_str()).collect();
            assert_eq!(paths.join(","), wrong, "{metadata}");
        }
    }
}
