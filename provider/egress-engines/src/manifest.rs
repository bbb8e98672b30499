//! A Kubernetes object to apply, as a value.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

use egress_model::gateway::Gateway;
use egress_model::labels::{LabelKey, Labels};
use egress_model::policy::Policy;
use serde::Serialize;
use serde_json::Value;

use crate::acceptance::Accepted;
use crate::yaml;

/// A kind of object that engines compile to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// Group and version, such as `networking.k8s.io/v1`.
    pub api_version: &'static str,
    /// The kind, such as `NetworkPolicy`.
    pub kind: &'static str,
    /// The kind's name in URLs, such as `networkpolicies`.
    pub plural: &'static str,
    /// How the engine says that it took an object, for kinds of which every version that is compiled for does.
    pub accepted: Option<Accepted>,
}

/// A Kubernetes object. Only what its author decides: no status, and nothing that the API server fills in.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// Group and version, such as `networking.k8s.io/v1`.
    api_version: &'static str,
    /// The kind, such as `NetworkPolicy`.
    #[serde(rename = "kind")]
    kind_name: &'static str,
    /// Name and labels.
    pub metadata: Metadata,
    /// What the object says: its fields beside these.
    #[serde(flatten)]
    pub content: Content,
    /// The kind with what a client has to know of it.
    #[serde(skip)]
    pub kind: &'static Kind,
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

impl Metadata {
    /// The name, labels and annotations of a policy, in its namespace if it has one.
    pub fn of(policy: &Policy) -> Self {
        Self {
            name: policy.name.to_string(),
            namespace: policy.scope.namespace().map(ToString::to_string),
            ..Self::marked(&policy.labels, &policy.annotations)
        }
    }

    /// The name, labels and annotations of a gateway, for a kind of the whole cluster.
    pub fn of_gateway(gateway: &Gateway) -> Self {
        Self { name: gateway.name.to_string(), ..Self::marked(&gateway.labels, &gateway.annotations) }
    }

    fn marked(labels: &Labels, annotations: &BTreeMap<LabelKey, String>) -> Self {
        Self {
            labels: labels.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect(),
            annotations: annotations.iter().map(|(key, value)| (key.to_string(), value.clone())).collect(),
            ..Self::default()
        }
    }

    /// The same in a namespace.
    #[must_use]
    pub fn in_namespace(self, namespace: &impl ToString) -> Self {
        Self { namespace: Some(namespace.to_string()), ..self }
    }

    /// The same for a kind of the whole cluster: there a policy of one namespace has the namespace before its name, so that two
    /// namespaces can have policies of one name.
    pub fn cluster_wide_of(policy: &Policy) -> Self {
        let own = Self::of(policy);
        let name = own.namespace.map_or(own.name.clone(), |namespace| format!("{namespace}.{}", own.name));
        Self { name, namespace: None, ..own }
    }

    /// The same with something after the name.
    #[must_use]
    pub fn suffixed(mut self, suffix: &str) -> Self {
        self.name.push_str(suffix);
        self
    }
}

/// What an object says, beside its kind and metadata.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Content {
    /// Under `spec`, as nearly every kind.
    Spec(Value),
    /// Under `data`, as a `ConfigMap`.
    Data(BTreeMap<String, String>),
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
    /// An object of a kind that has a `spec`. The spec's type must serialise to JSON: text keys and plain scalars.
    pub fn new(kind: &'static Kind, metadata: Metadata, spec: &impl Serialize) -> Self {
        Self::with_content(kind, metadata, Content::Spec(serde_json::to_value(spec).unwrap_or_default()))
    }

    /// An object of any kind.
    pub fn with_content(kind: &'static Kind, metadata: Metadata, content: Content) -> Self {
        Self { api_version: kind.api_version, kind_name: kind.kind, metadata, content, kind }
    }

    /// What finds the object.
    pub fn id(&self) -> ObjectId {
        ObjectId {
            api_version: self.kind.api_version.to_owned(),
            kind: self.kind.kind.to_owned(),
            plural: self.kind.plural.to_owned(),
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

    /// The same object with another annotation.
    #[must_use]
    pub fn with_annotation(mut self, key: &str, value: &str) -> Self {
        self.metadata.annotations.insert(key.to_owned(), value.to_owned());
        self
    }

    /// The object as JSON, as an API server takes it.
    pub fn to_json(&self) -> Value {
        // Only maps with text keys and plain scalars: there is nothing that JSON could not hold.
        serde_json::to_value(self).unwrap_or_default()
    }

    /// The object as [`lines_of`] writes it.
    pub fn to_lines(&self) -> Vec<String> {
        lines_of(&self.to_json())
    }

    /// The object as YAML, the same text for the same object.
    pub fn to_yaml(&self) -> String {
        let Content::Spec(spec) = &self.content else { return yaml::document(&self.to_json()) };
        // The spec is nearly all of it and not copied.
        let (api_version, kind) = (Value::from(self.api_version), Value::from(self.kind_name));
        let metadata = serde_json::to_value(&self.metadata).unwrap_or_default();
        yaml::document_of(&[("apiVersion", &api_version), ("kind", &kind), ("metadata", &metadata), ("spec", spec)])
    }
}

/// An address as part of an object's name, which has neither colons nor a hyphen at its end.
pub(crate) fn address_in_a_name(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.octets().map(|octet| octet.to_string()).join("-"),
        IpAddr::V6(address) => address.segments().map(|segment| format!("{segment:x}")).join("-"),
    }
}

/// The YAML of an object that a cluster returned, written as [`Manifest::to_yaml`] writes.
pub fn yaml_of(object: &Value) -> String {
    yaml::document(object)
}

/// An object as lines of YAML: the same lines for the same object. Hosts show a change of a list of texts line by line and hide what stays;
/// a text of several lines they show whole, and of JSON they compare the elements of lists by their positions alone.
pub fn lines_of(object: &Value) -> Vec<String> {
    yaml::lines(object)
}

/// The object that lines of [`lines_of`] say; `None` for others.
pub fn object_of(lines: &[&str]) -> Option<Value> {
    serde_yaml_ng::from_str(&lines.join("\n")).ok().filter(Value::is_object)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_is_on_one_line_and_reads_back() {
        let blocks: Vec<_> =
            (0..9).map(|number| serde_json::json!({"ipBlock": {"cidr": format!("10.0.{number}.0/24")}})).collect();
        let object = serde_json::json!({
            "kind": "NetworkPolicy", "spec": {"egress": [{"to": blocks, "ports": [{"port": 443, "protocol": "TCP"}]}], "podSelector": {}},
        });
        let lines = lines_of(&object);
        let expected = [
            "kind: NetworkPolicy",
            "spec:",
            "  egress:",
            "  - ports: [{port: 443, protocol: TCP}]",
            "    to:",
            "    - {ipBlock: {cidr: \"10.0.0.0/24\"}}",
        ];
        assert_eq!(lines[..6], expected);
        assert_eq!((lines.len(), lines[14].as_str()), (15, "  podSelector: {}"));
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        assert_eq!(object_of(&lines), Some(object));
        assert_eq!(object_of(&["- a"]), None);
    }
}
