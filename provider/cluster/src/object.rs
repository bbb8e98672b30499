//! Objects as a cluster returns them.

use egress_engines::manifest::ObjectId;
use egress_engines::plural;
use kube::core::{ApiResource, GroupVersionKind};
use serde_json::{Map, Value};

use crate::FIELD_MANAGER;

/// An object as a cluster returned it.
#[derive(Clone, Debug, PartialEq)]
pub struct Object(Value);

impl Object {
    pub(crate) fn new(value: Value) -> Self {
        Self(value)
    }

    /// All of it.
    pub fn json(&self) -> &Value {
        &self.0
    }

    /// The same, as a value.
    pub fn into_json(self) -> Value {
        self.0
    }

    /// What tells it from another object of the same name, at another time.
    pub fn uid(&self) -> &str {
        self.0["metadata"]["uid"].as_str().unwrap_or_default()
    }

    /// When it was made, in RFC 3339.
    pub fn created(&self) -> &str {
        self.0["metadata"]["creationTimestamp"].as_str().unwrap_or_default()
    }

    /// A label's value.
    pub fn label(&self, key: &str) -> Option<&str> {
        self.0["metadata"]["labels"][key].as_str()
    }

    /// An annotation's value.
    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.0["metadata"]["annotations"][key].as_str()
    }

    /// What finds it.
    pub fn id(&self) -> Option<ObjectId> {
        object_id(&self.0)
    }

    /// What must happen before it goes.
    pub fn finalizers(&self) -> Vec<String> {
        let finalizers = self.0["metadata"]["finalizers"].as_array();
        finalizers.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// The managers of its fields, each once. Only an object read singly has them.
    pub fn managers(&self) -> Vec<&str> {
        let entries = self.0["metadata"]["managedFields"].as_array();
        let mut managers: Vec<_> =
            entries.into_iter().flatten().filter_map(|entry| entry["manager"].as_str()).collect();
        managers.sort_unstable();
        managers.dedup();
        managers
    }

    /// Whether this provider owns fields of it. Only an object read singly can tell.
    pub fn is_applied_by_us(&self) -> bool {
        self.managers().contains(&FIELD_MANAGER)
    }
}

/// What finds an object, from what it says of itself. `None` for what is no object.
pub fn object_id(object: &Value) -> Option<ObjectId> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let (api_version, kind) = (text(&object["apiVersion"])?, text(&object["kind"])?);
    let plural = plural(&api_version, &kind).map_or_else(|| regular_plural(&api_version, &kind), str::to_owned);
    let metadata = &object["metadata"];
    let (name, namespace) = (text(&metadata["name"])?, text(&metadata["namespace"]));
    Some(ObjectId { api_version, kind, plural, namespace, name })
}

/// A kind's name in URLs, by the rule of Kubernetes' tools.
fn regular_plural(api_version: &str, kind: &str) -> String {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind)).plural
}

/// Those parts of a live object that a desired one mentions: labels and annotations by key, everything else by the fields
/// of `spec`, each whole. Equal to the desired object when nothing of it was changed; what others added beside it does not
/// show. Fields of `spec` are whole because the lists and selectors of policies are atomic to the API server too: an element
/// that another adds changes what ours mean.
pub fn owned_part(desired: &Value, live: &Value) -> Value {
    let mut part = Map::new();
    for (key, wanted) in desired.as_object().into_iter().flatten() {
        let there = &live[key];
        let seen = match (key.as_str(), wanted) {
            ("metadata", _) => metadata_part(wanted, there),
            (_, Value::Object(fields)) => pick(fields, there),
            _ => there.clone(),
        };
        if !seen.is_null() {
            part.insert(key.clone(), seen);
        }
    }
    Value::Object(part)
}

fn metadata_part(desired: &Value, live: &Value) -> Value {
    let mut part = Map::new();
    for (key, wanted) in desired.as_object().into_iter().flatten() {
        let seen = match wanted {
            Value::Object(fields) => pick(fields, &live[key]),
            _ => live[key].clone(),
        };
        let absent = seen.is_null() || seen.as_object().is_some_and(Map::is_empty);
        if !absent {
            part.insert(key.clone(), seen);
        }
    }
    Value::Object(part)
}

fn pick(fields: &Map<String, Value>, live: &Value) -> Value {
    let there = fields.keys().filter_map(|key| Some((key.clone(), live.get(key)?.clone())));
    Value::Object(there.collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn desired() -> Value {
        json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": {"name": "p", "namespace": "n", "labels": {"a": "1"}},
            "spec": {"podSelector": {"matchLabels": {"app": "x"}}, "egress": []},
        })
    }

    fn live(change: impl FnOnce(&mut Value)) -> Value {
        let mut live = desired();
        live["metadata"]["uid"] = json!("u");
        live["metadata"]["managedFields"] = json!([]);
        live["metadata"]["labels"]["theirs"] = json!("2");
        live["metadata"]["annotations"] = json!({"theirs": "3"});
        live["spec"]["ingress"] = json!([{}]);
        live["status"] = json!({});
        change(&mut live);
        live
    }

    #[test]
    fn what_others_added_does_not_show() {
        assert_eq!(owned_part(&desired(), &live(|_| ())), desired());
    }

    #[test]
    fn what_was_changed_or_removed_shows() {
        let changes: [fn(&mut Value); 4] = [
            |live| live["metadata"]["labels"]["a"] = json!("9"),
            |live| live["metadata"]["labels"] = json!({"theirs": "2"}),
            |live| live["spec"]["egress"] = json!([{}]),
            // One more label in the selector selects other pods.
            |live| live["spec"]["podSelector"]["matchLabels"]["more"] = json!("1"),
        ];
        for change in changes {
            let live = live(change);
            assert_ne!(owned_part(&desired(), &live), desired(), "{live}");
        }
    }

    #[test]
    fn managers_are_named_once() {
        let entries = json!([{"manager": "kubectl"}, {"manager": FIELD_MANAGER}, {"manager": "kubectl"}]);
        let object = Object::new(json!({"metadata": {"managedFields": entries}}));
        assert_eq!(object.managers(), ["kubectl", FIELD_MANAGER]);
        assert!(object.is_applied_by_us());
    }
}
