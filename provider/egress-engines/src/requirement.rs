//! What has to be there, outside the emitted objects, for them to work.

use std::fmt;

use egress_model::gateway::{Failover, Gateway};
use serde_json::Value;

use crate::manifest::{Kind, ObjectId};

/// Something outside the emitted objects that they need. Each is known from the engine's documentation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Requirement {
    /// A value of the engine's Helm chart.
    HelmValue {
        /// The chart, such as `cilium`.
        chart: &'static str,
        /// The value's path, such as `egressGateway.enabled`.
        key: &'static str,
        /// What it must be.
        value: String,
        /// What the chart makes of it in the cluster, where that can be seen.
        seen_as: Option<Setting>,
    },
    /// A kind that the API server must serve.
    Kind {
        /// Group and version.
        api_version: &'static str,
        /// The kind.
        kind: &'static str,
    },
    /// Nodes with certain labels.
    Nodes {
        /// The labels, as `kubectl --selector` takes them.
        selector: String,
        /// How many there must be, at least.
        count: usize,
    },
    /// A field of an object in the cluster, such as a feature switch of the engine's own configuration.
    Setting(Setting),
    /// An annotation that each of the gateway's pods must have.
    PodAnnotation {
        /// The annotation.
        key: &'static str,
        /// Its value.
        value: String,
    },
    /// Something that cannot be seen in the cluster, in a sentence.
    Outside(String),
}

/// A field of an object that somebody else made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Which object.
    pub object: LiveObject,
    /// Where in it; one of these places, of which each version of the engine knows one.
    pub places: Vec<Place>,
    /// What it must be: one of these.
    pub values: Vec<String>,
}

/// An object that an engine's installation makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LiveObject {
    /// Its kind.
    pub kind: &'static Kind,
    /// Its namespace; none for kinds of the whole cluster.
    pub namespace: Option<&'static str>,
    /// Its name.
    pub name: &'static str,
}

/// A place in an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A field by its path, such as `spec.egressIPSupport`.
    Field(&'static str),
    /// An environment variable of the containers of a workload's pods.
    Variable(&'static str),
}

/// The kind of an engine's configuration.
pub const CONFIG_MAP: Kind = Kind { api_version: "v1", kind: "ConfigMap", plural: "configmaps", accepted: None };
/// The kind of an engine's agents.
pub const DAEMON_SET: Kind = Kind { api_version: "apps/v1", kind: "DaemonSet", plural: "daemonsets", accepted: None };

impl Requirement {
    /// That the API server serves a kind.
    pub fn kind(kind: &Kind) -> Self {
        Self::Kind { api_version: kind.api_version, kind: kind.kind }
    }

    /// The nodes of a gateway, for engines on which one node at a time carries it: where it must not fail, another has to be
    /// there to take over. Nothing where the engine chooses among all.
    pub fn nodes(gateway: &Gateway) -> Option<Self> {
        let count = if gateway.failover == Failover::Required { 2 } else { 1 };
        Self::nodes_at_least(gateway, count)
    }

    /// So many nodes of a gateway. Nothing where the engine chooses among all.
    pub fn nodes_at_least(gateway: &Gateway, count: usize) -> Option<Self> {
        (!gateway.nodes.is_empty()).then(|| Self::Nodes { selector: gateway.nodes.to_string(), count })
    }
}

impl Setting {
    /// A variable of the containers of a `DaemonSet`.
    pub fn of_daemon_set(namespace: &'static str, name: &'static str, variable: &'static str, value: &str) -> Self {
        Self {
            object: LiveObject { kind: &DAEMON_SET, namespace: Some(namespace), name },
            places: vec![Place::Variable(variable)],
            values: vec![value.to_owned()],
        }
    }

    /// Whether an object says what it must, and if not, what it says.
    pub fn judge(&self, object: &Value) -> Result<(), Seen> {
        let mut seen = Seen::Nothing;
        for place in &self.places {
            if let Some(value) = place.read(object) {
                if self.values.contains(&value) {
                    return Ok(());
                }
                seen = Seen::Value { place: *place, value };
            }
        }
        Err(seen)
    }
}

/// What an object says instead of what it must.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Nothing.
    Nothing,
    /// Another value.
    Value {
        /// Where.
        place: Place,
        /// The value.
        value: String,
    },
}

impl LiveObject {
    /// What finds the object.
    pub fn id(&self) -> ObjectId {
        ObjectId {
            api_version: self.kind.api_version.to_owned(),
            kind: self.kind.kind.to_owned(),
            plural: self.kind.plural.to_owned(),
            namespace: self.namespace.map(str::to_owned),
            name: self.name.to_owned(),
        }
    }
}

impl Place {
    fn read(&self, object: &Value) -> Option<String> {
        let value = match self {
            Self::Field(path) => path.split('.').fold(object, |value, field| &value[field]),
            Self::Variable(variable) => {
                let containers = object["spec"]["template"]["spec"]["containers"].as_array();
                let variables = containers.into_iter().flatten().filter_map(|container| container["env"].as_array());
                &variables.flatten().find(|candidate| candidate["name"] == *variable)?["value"]
            }
        };
        match value {
            Value::String(text) => Some(text.clone()),
            Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        }
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HelmValue { chart, key, value, seen_as: None } => write!(f, "Helm chart {chart}: {key} = {value}"),
            Self::HelmValue { chart, key, value, seen_as: Some(setting) } => {
                write!(f, "Helm chart {chart}: {key} = {value} ({setting})")
            }
            Self::Kind { api_version, kind } => write!(f, "The API server serves {kind} in {api_version}"),
            Self::Nodes { selector, count: 1 } => write!(f, "A node matches {selector}"),
            Self::Nodes { selector, count } => write!(f, "{count} nodes match {selector}"),
            Self::Setting(setting) => setting.fmt(f),
            Self::PodAnnotation { key, value } => write!(f, "Each pod has the annotation {key}: {value}"),
            Self::Outside(sentence) => f.write_str(sentence),
        }
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places: Vec<_> = self.places.iter().map(ToString::to_string).collect();
        write!(f, "{}: {} is {}", self.object, places.join(" or "), self.values.join(" or "))
    }
}

impl fmt::Display for LiveObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.namespace {
            Some(namespace) => write!(f, "{} {namespace}/{}", self.kind.kind, self.name),
            None => write!(f, "{} {}", self.kind.kind, self.name),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(path) => f.write_str(path),
            Self::Variable(name) => write!(f, "the variable {name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn setting(places: &[Place], values: &[&str]) -> Setting {
        Setting {
            object: LiveObject { kind: &CONFIG_MAP, namespace: Some("kube-system"), name: "cilium-config" },
            places: places.to_vec(),
            values: values.iter().map(|value| (*value).to_owned()).collect(),
        }
    }

    fn other(place: Place, value: &str) -> Result<(), Seen> {
        Err(Seen::Value { place, value: value.to_owned() })
    }

    #[test]
    fn a_field_has_one_of_the_good_values() {
        let place = Place::Field("spec.egressIPSupport");
        let wanted = setting(&[place], &["EnabledPerNamespace", "EnabledPerNamespaceOrPerPod"]);
        let of = |value: &str| wanted.judge(&json!({"spec": {"egressIPSupport": value}}));
        assert_eq!((of("EnabledPerNamespace"), of("EnabledPerNamespaceOrPerPod")), (Ok(()), Ok(())));
        assert_eq!(of("Disabled"), other(place, "Disabled"));
        assert_eq!(wanted.judge(&json!({"spec": {}})), Err(Seen::Nothing));
        let nat = Place::Field("spec.natOutgoing");
        assert_eq!(setting(&[nat], &["true"]).judge(&json!({"spec": {"natOutgoing": true}})), Ok(()));
    }

    #[test]
    fn one_of_several_places_is_enough() {
        let (new, old) = (Place::Field("data.enable-egress-gateway"), Place::Field("data.enable-ipv4-egress-gateway"));
        let wanted = setting(&[new, old], &["true"]);
        assert_eq!(wanted.judge(&json!({"data": {"enable-ipv4-egress-gateway": "true"}})), Ok(()));
        assert_eq!(wanted.judge(&json!({"data": {"enable-egress-gateway": "true"}})), Ok(()));
        assert_eq!(wanted.judge(&json!({"data": {"enable-egress-gateway": "false"}})), other(new, "false"));
        assert_eq!(wanted.judge(&json!({"data": {"debug": "true"}})), Err(Seen::Nothing));
    }

    #[test]
    fn a_variable_is_looked_for_in_every_container() {
        let place = Place::Variable("ENABLE_POD_ENI");
        let wanted = setting(&[place], &["true"]);
        let of = |containers: Value| wanted.judge(&json!({"spec": {"template": {"spec": {"containers": containers}}}}));
        let variable = |value: &str| json!({"env": [{"name": "OTHER", "value": "true"}, {"name": "ENABLE_POD_ENI", "value": value}]});
        assert_eq!(of(json!([{"name": "agent"}, variable("true")])), Ok(()));
        assert_eq!(of(json!([variable("false")])), other(place, "false"));
        assert_eq!(of(json!([{"env": [{"name": "OTHER", "value": "true"}]}])), Err(Seen::Nothing));
    }

    #[test]
    fn users_read_what_it_is() {
        let helm = Requirement::HelmValue {
            chart: "cilium",
            key: "bpf.masquerade",
            value: "true".to_owned(),
            seen_as: Some(setting(&[Place::Field("data.enable-bpf-masquerade")], &["true"])),
        };
        let seen = "ConfigMap kube-system/cilium-config: data.enable-bpf-masquerade is true";
        assert_eq!(helm.to_string(), format!("Helm chart cilium: bpf.masquerade = true ({seen})"));
        let nodes = |count| Requirement::Nodes { selector: "egress=yes".to_owned(), count }.to_string();
        assert_eq!(
            (nodes(1), nodes(2)),
            ("A node matches egress=yes".to_owned(), "2 nodes match egress=yes".to_owned())
        );
    }
}
