//! What a gateway adds to an object of somebody else.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::manifest::{Kind, ObjectId, lines_of};
use crate::yaml;

/// Annotations on a foreign object, such as a namespace whose pods are to use a gateway.
///
/// Whoever applies one owns these annotations and nothing else of the object: never creates it (server-side apply would), never
/// deletes it, and takes over no annotation that has another value already. Each resource applies as a field manager of its own,
/// because a manager that applies an object again takes away what it applied before. Applied after the manifests, because some
/// engines stop the traffic of what refers to an object that is not there; given back, by applying the object without them, before
/// the manifests are deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// The object's kind.
    pub kind: &'static Kind,
    /// Its name.
    pub name: String,
    /// Its namespace; none for kinds of the whole cluster.
    pub namespace: Option<String>,
    /// The annotations.
    pub annotations: BTreeMap<String, String>,
}

/// Namespaces, to which annotations are attached.
const NAMESPACE: Kind = Kind { api_version: "v1", kind: "Namespace", plural: "namespaces", accepted: None };

impl Attachment {
    /// Annotations on a namespace.
    pub fn on_namespace<'a>(name: impl Into<String>, annotations: impl IntoIterator<Item = (&'a str, String)>) -> Self {
        let annotations = annotations.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        Self { kind: &NAMESPACE, name: name.into(), namespace: None, annotations }
    }

    /// What finds the object.
    pub fn id(&self) -> ObjectId {
        ObjectId {
            api_version: self.kind.api_version.to_owned(),
            kind: self.kind.kind.to_owned(),
            plural: self.kind.plural.to_owned(),
            namespace: self.namespace.clone(),
            name: self.name.clone(),
        }
    }

    /// What server-side apply sends: the object's name and these annotations.
    pub fn to_json(&self) -> Value {
        let mut metadata = json!({"name": self.name, "annotations": self.annotations});
        if let Some(namespace) = &self.namespace {
            metadata["namespace"] = json!(namespace);
        }
        json!({"apiVersion": self.kind.api_version, "kind": self.kind.kind, "metadata": metadata})
    }

    /// The same as [`lines_of`] writes it.
    pub fn to_lines(&self) -> Vec<String> {
        lines_of(&self.to_json())
    }

    /// The same as YAML.
    pub fn to_yaml(&self) -> String {
        yaml::document(&self.to_json())
    }
}
