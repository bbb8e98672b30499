//! Objects as Azure Resource Manager gives and takes them: whole, with what this crate knows nothing of.

use std::collections::BTreeSet;

use cloud::marks::Tags;
use serde_json::{Map, Value, json};

use crate::id::ResourceId;

/// Where an object is in its life (`ProvisioningState`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Provisioning {
    /// It is what was asked for.
    Succeeded,
    /// An operation on it is under way.
    Updating,
    /// It is going.
    Deleting,
    /// The last operation on it failed: it is alive, and a PUT of what it should be repairs it.
    Failed,
}

/// The body of one object. What it has that this crate does not know, it keeps: it is written back as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Object(Map<String, Value>);

impl Object {
    /// An object to be made in a location.
    pub(crate) fn new(location: &str) -> Self {
        let mut object = Self(Map::new());
        object.0.insert("location".to_owned(), json!(location));
        object
    }

    /// The object in an answer; `None` where it is none.
    pub(crate) fn of(value: Value) -> Option<Self> {
        match value {
            Value::Object(members) => Some(Self(members)),
            _ => None,
        }
    }

    pub(crate) fn as_map(&self) -> &Map<String, Value> {
        &self.0
    }

    pub(crate) fn id(&self) -> Option<ResourceId> {
        ResourceId::of_any(self.member("id").as_str()?)
    }

    pub(crate) fn etag(&self) -> Option<&str> {
        self.member("etag").as_str()
    }

    /// A member at the top, such as `sku`; null where it is missing.
    pub(crate) fn member(&self, name: &str) -> &Value {
        self.0.get(name).unwrap_or(&Value::Null)
    }

    /// One of `properties`; null where it is missing.
    pub(crate) fn property(&self, name: &str) -> &Value {
        &self.member("properties")[name]
    }

    pub(crate) fn set_member(&mut self, name: &str, value: Value) {
        self.0.insert(name.to_owned(), value);
    }

    /// Sets one of `properties`, or takes it out where the value is null.
    pub(crate) fn set_property(&mut self, name: &str, value: Value) {
        let properties = self.0.entry("properties").or_insert_with(|| json!({}));
        if let Value::Object(properties) = properties {
            if value.is_null() {
                properties.remove(name);
            } else {
                properties.insert(name.to_owned(), value);
            }
        }
    }

    /// What is under way. An object without a state has nothing under way; a state of a later API version is taken for one that passes.
    pub(crate) fn provisioning(&self) -> Provisioning {
        match self.property("provisioningState").as_str() {
            None | Some("Succeeded") => Provisioning::Succeeded,
            Some("Deleting") => Provisioning::Deleting,
            Some("Failed" | "Canceled") => Provisioning::Failed,
            Some(_) => Provisioning::Updating,
        }
    }

    pub(crate) fn tags(&self) -> Tags {
        let tags = self.member("tags").as_object();
        let text = |(name, value): (&String, &Value)| Some((name.clone(), value.as_str()?.to_owned()));
        tags.into_iter().flatten().filter_map(text).collect()
    }

    pub(crate) fn set_tags(&mut self, tags: &Tags) {
        self.set_member("tags", json!(tags));
    }

    pub(crate) fn sku(&self) -> Option<&str> {
        self.member("sku")["name"].as_str()
    }

    pub(crate) fn zones(&self) -> BTreeSet<String> {
        let zones = self.member("zones").as_array().into_iter().flatten();
        zones.filter_map(|zone| zone.as_str().map(str::to_owned)).collect()
    }

    /// The ids that a property refers to, one or several.
    pub(crate) fn references(&self, name: &str) -> Vec<ResourceId> {
        let id = |value: &Value| ResourceId::of_any(value["id"].as_str()?);
        match self.property(name) {
            Value::Array(all) => all.iter().filter_map(id).collect(),
            one => id(one).into_iter().collect(),
        }
    }
}

/// A reference to these objects, as a property has it; null for none.
pub(crate) fn list_of<'a>(ids: impl IntoIterator<Item = &'a ResourceId>) -> Value {
    let all: Vec<Value> = ids.into_iter().map(reference).collect();
    if all.is_empty() { Value::Null } else { Value::Array(all) }
}

/// A reference to an object.
pub(crate) fn reference(id: &ResourceId) -> Value {
    json!({ "id": id.as_str() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_stays_to_the_last_digit() {
        let text = r#"{"etag":"W/\"1\"","properties":{"future":{"big":123456789012345678901234567890,"ratio":1.50}}}"#;
        let mut object = Object::of(serde_json::from_str(text).expect("JSON")).expect("an object");
        object.set_property("natGateway", json!({ "id": "x" }));
        object.set_property("natGateway", Value::Null);
        assert_eq!(serde_json::to_string(object.as_map()).expect("JSON"), text);
    }

    #[test]
    fn a_state_of_the_future_passes_and_a_failure_does_not_kill() {
        let state = |state: &str| {
            let body = json!({ "properties": { "provisioningState": state } });
            Object::of(body).expect("an object").provisioning()
        };
        assert_eq!(state("Creating"), Provisioning::Updating);
        assert_eq!(state("Canceled"), Provisioning::Failed);
        assert_eq!(Object::new("westeurope").provisioning(), Provisioning::Succeeded);
    }
}
