//! A Kubernetes object to apply, as a typed value.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::network_policy::NetworkPolicySpec;
use crate::yaml;

/// A Kubernetes object of one of the kinds that engines compile to. Only what its author decides: no status, and nothing
/// that the API server fills in.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// Group and version, such as `networking.k8s.io/v1`.
    pub api_version: &'static str,
    /// The kind, such as `NetworkPolicy`.
    pub kind: &'static str,
    /// Name and labels.
    pub metadata: Metadata,
    /// What the object says.
    pub spec: ObjectSpec,
    /// The kind's name in URLs, such as `networkpolicies`.
    #[serde(skip)]
    pub plural: &'static str,
}

/// The metadata of a [`Manifest`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Metadata {
    /// The object's name.
    pub name: String,
    /// Its namespace; none for kinds of the whole cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Its labels.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Its annotations.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

/// The spec of a [`Manifest`], by kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum ObjectSpec {
    /// Of a `networking.k8s.io/v1` `NetworkPolicy`.
    NetworkPolicy(NetworkPolicySpec),
}

/// What finds an object in a cluster.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectId {
    /// Group and version.
    pub api_version: String,
    /// The kind.
    pub kind: String,
    /// The kind's name in URLs.
    pub plural: String,
    /// The namespace; none for kinds of the whole cluster.
    pub namespace: Option<String>,
    /// The name.
    pub name: String,
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{}/{namespace}/{}", self.kind, self.name),
            None => write!(f, "{}/{}", self.kind, self.name),
        }
    }
}

impl Manifest {
    /// What finds the object.
    pub fn id(&self) -> ObjectId {
        ObjectId {
            api_version: self.api_version.to_owned(),
            kind: self.kind.to_owned(),
            plural: self.plural.to_owned(),
            namespace: self.metadata.namespace.clone(),
            name: self.metadata.name.clone(),
        }
    }

    /// The same object with more labels.
    #[must_use]
    pub fn with_labels<'a>(mut self, labels: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        self.metadata.labels.extend(labels.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())));
        self
    }

    /// The object as JSON, as an API server takes it.
    pub fn to_json(&self) -> Value {
        // Only maps with text keys and plain scalars: there is nothing that JSON could not hold.
        serde_json::to_value(self).unwrap_or_default()
    }

    /// The object as YAML, the same text for the same object.
    pub fn to_yaml(&self) -> String {
        yaml::document(&self.to_json())
    }
}

/// The YAML of an object that a cluster returned, written as [`Manifest::to_yaml`] writes.
pub fn yaml_of(object: &Value) -> String {
    yaml::document(object)
}
