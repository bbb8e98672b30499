//! Who owns which fields of an object (Kubernetes documentation, "Server-Side Apply"; the format of `managedFields[].fieldsV1` is in the
//! API reference, `FieldsV1`).

use std::fmt;

use serde_json::{Map, Value};

use crate::error::FieldConflict;

/// A field, by the steps to it.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldPath(Vec<Step>);

#[derive(Clone, Debug, PartialEq)]
enum Step {
    /// `f:name`: a field of an object.
    Field(String),
    /// `k:{"port":53,"protocol":"UDP"}`: the element of a list that has these keys.
    Keys(Map<String, Value>),
    /// `v:value`: the element of a list of scalars.
    Element(Value),
    /// `i:0`: the element at an index.
    Index(usize),
}

impl Step {
    fn parse(text: &str) -> Option<Self> {
        let (form, rest) = text.split_once(':')?;
        match form {
            "f" => Some(Self::Field(rest.to_owned())),
            "k" => serde_json::from_str(rest).ok().map(Self::Keys),
            "v" => serde_json::from_str(rest).ok().map(Self::Element),
            "i" => rest.parse().ok().map(Self::Index),
            _ => None,
        }
    }

    fn of<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        match self {
            Self::Field(name) => value.get(name),
            Self::Keys(keys) => {
                let matches = |element: &&Value| keys.iter().all(|(key, value)| element.get(key) == Some(value));
                value.as_array()?.iter().find(matches)
            }
            Self::Element(element) => value.as_array()?.iter().find(|other| *other == element),
            Self::Index(index) => value.get(*index),
        }
    }
}

impl FieldPath {
    /// The field's value in an object, if it is there.
    pub fn of<'v>(&self, object: &'v Value) -> Option<&'v Value> {
        self.0.iter().try_fold(object, |value, step| step.of(value))
    }

    /// The first step, such as `spec`.
    pub fn part(&self) -> &str {
        match self.0.first() {
            Some(Step::Field(name)) => name,
            _ => "",
        }
    }

    /// The second step, such as `egress` of `spec`.
    pub fn beneath_part(&self) -> Option<&str> {
        match self.0.get(1) {
            Some(Step::Field(name)) => Some(name),
            _ => None,
        }
    }
}

/// As kubectl and the API server write it: `.spec.egress`.
impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.0 {
            match step {
                Step::Field(name) => write!(f, ".{name}")?,
                Step::Keys(keys) => {
                    let keys: Vec<_> = keys.iter().map(|(key, value)| format!("{key}={value}")).collect();
                    write!(f, "[{}]", keys.join(","))?;
                }
                Step::Element(value) => write!(f, "[={value}]")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// How a manager came to own fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// It applies the object (server-side) and will do so again.
    Apply,
    /// It changed the object once, as `kubectl patch`, `kubectl edit` and controllers do.
    Update,
}

/// The fields that a manager owns.
#[derive(Clone, Debug, PartialEq)]
pub struct Ownership {
    /// The manager, such as `kubectl-patch`.
    pub manager: String,
    /// How it came to own them.
    pub operation: Operation,
    /// The fields.
    pub fields: Vec<FieldPath>,
}

/// Who owns fields of an object that was read singly. What is owned through a subresource, such as the status, is left out.
pub fn ownerships(object: &Value) -> Vec<Ownership> {
    let entries = object["metadata"]["managedFields"].as_array().into_iter().flatten();
    entries
        .filter(|entry| entry["subresource"].as_str().is_none_or(str::is_empty))
        .map(|entry| {
            let mut fields = Vec::new();
            collect(&entry["fieldsV1"], &mut Vec::new(), &mut fields);
            let operation = if entry["operation"] == "Apply" { Operation::Apply } else { Operation::Update };
            Ownership { manager: entry["manager"].as_str().unwrap_or_default().to_owned(), operation, fields }
        })
        .collect()
}

/// The fields beneath which nothing more is said: those whose values the manager determined.
fn collect(fields: &Value, at: &mut Vec<Step>, all: &mut Vec<FieldPath>) {
    for (key, beneath) in fields.as_object().into_iter().flatten() {
        // "." is the field itself, beside what is in it.
        let Some(step) = Step::parse(key) else { continue };
        at.push(step);
        let has_parts = beneath.as_object().is_some_and(|parts| parts.keys().any(|key| key != "."));
        if has_parts {
            collect(beneath, at, all);
        } else {
            all.push(FieldPath(at.clone()));
        }
        at.pop();
    }
}

/// Divides conflicts: those that can be taken back, because the fields are `ours` by what was applied before and a one-time update by
/// somebody else took them; and the others. `wanted` is what is applied, `live` the object as it is.
pub(crate) fn divide(
    conflicts: Vec<FieldConflict>,
    wanted: &Value,
    ours: &Value,
    live: &Value,
) -> (Vec<FieldConflict>, Vec<FieldConflict>) {
    let owners = ownerships(live);
    let differs = |field: &&FieldPath| field.of(wanted).is_some_and(|value| Some(value) != field.of(live));
    conflicts.into_iter().partition(|conflict| {
        let of_manager = || owners.iter().filter(|owner| owner.manager == conflict.manager);
        let mut disputed =
            of_manager().flat_map(|owner| owner.fields.iter().map(move |field| (owner.operation, field)));
        let named = of_manager().any(|owner| owner.fields.iter().any(|field| differs(&field)));
        named
            && disputed.all(|(operation, field)| {
                !differs(&field) || (operation == Operation::Update && field.of(ours).is_some())
            })
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entry(manager: &str, operation: &str, fields: &Value) -> Value {
        json!({"manager": manager, "operation": operation, "fieldsV1": fields})
    }

    fn conflict(manager: &str, field: &str) -> FieldConflict {
        FieldConflict { manager: manager.into(), field: field.into() }
    }

    fn live(entries: &[Value]) -> Value {
        json!({
            "metadata": {"labels": {"app.kubernetes.io/name": "theirs"}, "managedFields": entries},
            "spec": {"egress": [{}], "policyTypes": ["Egress"], "rules": [{"name": "a", "action": "Allow"}]},
        })
    }

    fn wanted() -> Value {
        json!({
            "metadata": {"labels": {"app.kubernetes.io/name": "ours"}},
            "spec": {"egress": [], "policyTypes": ["Egress"], "rules": [{"name": "a", "action": "Deny"}]},
        })
    }

    #[test]
    fn fields_are_found_by_name_key_and_value() {
        let fields = json!({
            "f:metadata": {"f:labels": {".": {}, "f:app.kubernetes.io/name": {}}, "f:finalizers": {"v:\"x\"": {}}},
            "f:spec": {"f:egress": {}, "f:rules": {"k:{\"name\":\"a\"}": {".": {}, "f:action": {}}}},
        });
        let found = &ownerships(&live(&[entry("m", "Update", &fields)]))[0];
        let mut shown: Vec<_> = found.fields.iter().map(ToString::to_string).collect();
        shown.sort();
        let expected = [
            ".metadata.finalizers[=\"x\"]",
            ".metadata.labels.app.kubernetes.io/name",
            ".spec.egress",
            ".spec.rules[name=\"a\"].action",
        ];
        assert_eq!(shown, expected);
        let values: Vec<_> = found.fields.iter().filter_map(|field| field.of(&wanted()).cloned()).collect();
        assert_eq!(values.len(), 3, "{values:?}");
        assert!(values.contains(&json!("ours")) && values.contains(&json!([])) && values.contains(&json!("Deny")));
    }

    #[test]
    fn only_our_own_fields_are_taken_back_and_only_from_updates() {
        let egress = json!({"f:spec": {"f:egress": {}}});
        let both = json!({"f:spec": {"f:egress": {}, "f:policyTypes": {}}});
        let ours = json!({"spec": {"egress": []}});
        let nothing = json!({});
        let cases = [
            ("a patch of what was ours", vec![entry("kubectl-patch", "Update", &egress)], &ours, true),
            ("a patch of what was never ours", vec![entry("kubectl-patch", "Update", &egress)], &nothing, false),
            ("somebody who applies it", vec![entry("kubectl-patch", "Apply", &egress)], &ours, false),
            (
                "somebody who does both",
                vec![entry("kubectl-patch", "Update", &egress), entry("kubectl-patch", "Apply", &egress)],
                &ours,
                false,
            ),
            ("a field that has our value does not matter", vec![entry("kubectl-patch", "Update", &both)], &ours, true),
            ("nobody of that name", vec![entry("other", "Update", &egress)], &ours, false),
        ];
        for (case, entries, ours, expected) in cases {
            let conflicts = vec![conflict("kubectl-patch", ".spec.egress")];
            let (back, others) = divide(conflicts.clone(), &wanted(), ours, &live(&entries));
            let all = if expected { (conflicts, vec![]) } else { (vec![], conflicts) };
            assert_eq!((back, others), all, "{case}");
        }
    }

    #[test]
    fn the_status_and_other_subresources_are_left_out() {
        let mut status = entry("controller", "Update", &json!({"f:status": {"f:ready": {}}}));
        status["subresource"] = json!("status");
        assert_eq!(ownerships(&live(&[status])), []);
    }
}
