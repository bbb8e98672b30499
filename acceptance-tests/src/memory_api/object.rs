//! An object, as its managers have applied it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};

/// What is recorded of an object.
#[derive(Clone, Debug)]
pub(super) struct Record {
    uid: u64,
    created: Timestamp,
    version: u64,
    /// What each manager has applied last.
    parts: BTreeMap<String, Json>,
}

impl Record {
    pub(super) fn new(uid: u64) -> Self {
        Self { uid, created: Timestamp::now(), version: 0, parts: BTreeMap::new() }
    }

    /// Takes what a manager applies, and from the others what it forces from them.
    pub(super) fn apply(&mut self, manager: &str, body: &Json, version: u64) {
        let mut part = body.clone();
        if let Some(metadata) = part["metadata"].as_object_mut() {
            for precondition in ["uid", "resourceVersion"] {
                metadata.remove(precondition);
            }
        }
        for (path, _) in leaves(&part) {
            let others = self.parts.iter_mut().filter(|(other, _)| *other != manager);
            others.for_each(|(_, other)| {
                if other.pointer(&path) != part.pointer(&path) {
                    remove(other, &path);
                }
            });
        }
        self.parts.insert(manager.to_owned(), part);
        self.version = version;
    }

    /// The fields that other managers have with another value, each with its manager.
    pub(super) fn conflicts(&self, manager: &str, body: &Json) -> Vec<(String, String)> {
        let others = || self.parts.iter().filter(|(other, _)| *other != manager);
        let of_field = |(path, value): (String, &Json)| {
            let theirs = others().find(|(_, part)| part.pointer(&path).is_some_and(|other| other != value));
            theirs.map(|(other, _)| (path.replace('/', ".").replace("~1", "/"), other.clone()))
        };
        leaves(body).into_iter().filter_map(of_field).collect()
    }

    /// The object as it is read.
    pub(super) fn json(&self) -> Json {
        let mut json = json!({});
        for part in self.parts.values() {
            merge(&mut json, part);
        }
        let managed = self.parts.iter().map(|(manager, part)| {
            json!({
                "manager": manager, "operation": "Apply", "apiVersion": part["apiVersion"], "time": self.created.to_string(),
                "fieldsType": "FieldsV1", "fieldsV1": fields(part, true),
            })
        });
        let managed: Vec<Json> = managed.collect();
        let metadata = &mut json["metadata"];
        metadata["uid"] = json!(self.uid.to_string());
        metadata["resourceVersion"] = json!(self.version.to_string());
        metadata["creationTimestamp"] = json!(self.created.to_string());
        metadata["managedFields"] = json!(managed);
        json
    }
}

/// What names an object is nobody's field.
fn is_name(path: &str) -> bool {
    ["/apiVersion", "/kind", "/metadata/name", "/metadata/namespace"].contains(&path)
}

/// The fields of an object that hold no fields, by their JSON pointers.
fn leaves(json: &Json) -> Vec<(String, &Json)> {
    fn collect<'j>(json: &'j Json, path: &str, found: &mut Vec<(String, &'j Json)>) {
        match json {
            Json::Object(members) if !members.is_empty() => {
                for (name, value) in members {
                    collect(value, &format!("{path}/{}", name.replace('~', "~0").replace('/', "~1")), found);
                }
            }
            _ if is_name(path) => {}
            other => found.push((path.to_owned(), other)),
        }
    }
    let mut found = Vec::new();
    collect(json, "", &mut found);
    found
}

fn remove(json: &mut Json, path: &str) {
    let Some((parent, name)) = path.rsplit_once('/') else { return };
    let name = name.replace("~1", "/").replace("~0", "~");
    if let Some(members) = json.pointer_mut(parent).and_then(Json::as_object_mut) {
        members.remove(&name);
    }
}

fn merge(into: &mut Json, part: &Json) {
    match (into, part) {
        (Json::Object(into), Json::Object(part)) => {
            for (name, value) in part {
                merge(into.entry(name.clone()).or_insert(Json::Null), value);
            }
        }
        (into, part) => *into = part.clone(),
    }
}

/// The fields of a part in the form of `FieldsV1`.
fn fields(part: &Json, is_object: bool) -> Json {
    let Json::Object(members) = part else { return json!({}) };
    let of = |(name, value): (&String, &Json)| {
        let mut fields = fields(value, false);
        if is_object && name == "metadata" {
            for name in ["f:name", "f:namespace"] {
                fields.as_object_mut().map(|fields| fields.remove(name));
            }
        }
        (format!("f:{name}"), fields)
    };
    let named = members.iter().filter(|(name, _)| !is_object || (*name != "apiVersion" && *name != "kind"));
    Json::Object(named.map(of).collect::<Map<_, _>>())
}
