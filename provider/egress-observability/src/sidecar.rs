//! The sidecar of Grafana's chart, which brings dashboards from `ConfigMap`s to Grafana.
//!
//! Sources: the chart `grafana` of Grafana's community charts, `templates/_pod.tpl` (the container `...-sc-dashboard` and its variables);
//! kiwigrid's k8s-sidecar, README (`LABEL`, `LABEL_VALUE`, `NAMESPACE`: none means its own, `ALL` every one, otherwise a list with commas).

use egress_engines::manifest::Kind;
use egress_model::labels::{Operator, Requirement};
use serde_json::Value;

use crate::placed::{Placed, Why};

/// What runs Grafana.
pub const DEPLOYMENT: Kind = Kind { api_version: "apps/v1", kind: "Deployment", plural: "deployments", accepted: None };
/// What runs Grafana where it keeps its data.
pub const STATEFUL_SET: Kind =
    Kind { api_version: "apps/v1", kind: "StatefulSet", plural: "statefulsets", accepted: None };
/// What the chart's workloads can be found by.
pub const LABELS: &str = "app.kubernetes.io/name=grafana";

/// What a sidecar looks for.
pub(crate) struct Sidecar<'a> {
    label: &'a str,
    value: &'a str,
    namespaces: &'a str,
}

impl<'a> Sidecar<'a> {
    /// The sidecar of a workload that reads dashboards, if it has one.
    pub(crate) fn of(workload: &'a Value) -> Option<Self> {
        let mut containers = workload["spec"]["template"]["spec"]["containers"].as_array()?.iter();
        let reads = |container: &&Value| container["name"].as_str().is_some_and(|name| name.ends_with("-sc-dashboard"));
        let environment = containers.find(reads)?["env"].as_array()?;
        let variable = |name: &str| {
            let found = environment.iter().find(|variable| variable["name"] == name);
            found.and_then(|variable| variable["value"].as_str()).unwrap_or_default()
        };
        Some(Self { label: variable("LABEL"), value: variable("LABEL_VALUE"), namespaces: variable("NAMESPACE") })
    }

    /// Whether it takes a `ConfigMap`; `home` is its own namespace.
    pub(crate) fn takes(&self, object: &Placed<'_>, home: &str) -> Result<(), Why> {
        let key = self.label.parse().map_err(|_| Why::Unreadable)?;
        let operator = match self.value {
            "" => Operator::Exists,
            value => Operator::In([value.parse().map_err(|_| Why::Unreadable)?].into()),
        };
        let demand = Requirement { key, operator };
        if !demand.matches(object.labels) {
            return Err(Why::Labels(vec![demand]));
        }
        let own = object.namespace.as_str();
        match self.namespaces {
            "ALL" => Ok(()),
            "" if own == home => Ok(()),
            "" => Err(Why::OwnNamespace),
            names if names.split(',').any(|name| name.trim() == own) => Ok(()),
            names => Err(Why::Namespaces(names.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use egress_engines::requirement::CONFIG_MAP;
    use egress_model::labels::Labels;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_sidecar_looks_for_its_label_in_its_namespaces() {
        let taken = "taken";
        let cases = [
            (["grafana_dashboard", "1", "ALL"], taken),
            (["grafana_dashboard", "", "monitoring,egress"], taken),
            (["grafana_dashboard", "true", "ALL"], "demands of the object's labels: grafana_dashboard in (true)"),
            (["dashboard", "", "ALL"], "demands of the object's labels: dashboard"),
            (["grafana_dashboard", "1", ""], "looks in its own namespace alone"),
            (["grafana_dashboard", "1", "a,b"], "looks in the namespaces a,b alone"),
            (["", "", "ALL"], "has a selector that cannot be read"),
        ];
        let labels: Labels = [("grafana_dashboard".parse().expect("a key"), "1".parse().expect("a value"))].into();
        let (none, namespace) = (Labels::new(), "egress".parse().expect("a namespace"));
        let object = Placed {
            kind: &CONFIG_MAP,
            labels: &labels,
            spec: &Value::Null,
            namespace: &namespace,
            namespace_labels: &none,
        };
        for ([label, value, namespaces], text) in cases {
            let environment: Vec<Value> = [("LABEL", label), ("LABEL_VALUE", value), ("NAMESPACE", namespaces)]
                .iter()
                .map(|(name, value)| json!({ "name": name, "value": value }))
                .collect();
            let containers = json!([{ "name": "grafana" }, { "name": "grafana-sc-dashboard", "env": environment }]);
            let workload = json!({ "spec": { "template": { "spec": { "containers": containers } } } });
            let sidecar = Sidecar::of(&workload).expect("a sidecar");
            let said = sidecar.takes(&object, "monitoring").map_or_else(|why| why.to_string(), |()| taken.to_owned());
            assert_eq!(said, text, "{label} {value} {namespaces}");
        }
        let without = json!({ "spec": { "template": { "spec": { "containers": [{ "name": "grafana" }] } } } });
        assert!(Sidecar::of(&without).is_none());
    }
}
