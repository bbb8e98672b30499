//! Which instance of an operator takes an object: an object that none selects applies without an error and does nothing.
//!
//! Sources: prometheus-operator 0.93, API reference (`Prometheus` and `ThanosRuler`: no selector selects nothing, an empty one everything;
//! no selector of namespaces means the instance's own); the operator of `VictoriaMetrics` 0.74, API reference (`VMAlert`: no selector
//! beside one of namespaces selects everything there; without both `selectAllByDefault` decides); grafana-operator 5.24, API reference (a
//! dashboard selects its `Grafana`, in its own namespace unless `allowCrossNamespaceImport`). Grafana's chart is in [`crate::sidecar`].

use std::collections::BTreeSet;
use std::fmt;

use egress_engines::manifest::Kind;
use egress_engines::requirement::CONFIG_MAP;
use egress_model::labels::{LabelKey, LabelValue, Labels, NAMESPACE_NAME_LABEL, Operator, Requirement};
use serde_json::Value;

use crate::dashboard::GRAFANA_DASHBOARD;
use crate::placed::{Placed, Why};
use crate::rules_file::{PROMETHEUS_RULE, VM_RULE};
use crate::scrape::{POD_MONITOR, SERVICE_MONITOR};
use crate::sidecar::{self, Sidecar};

/// The operators' instances.
const PROMETHEUS: Kind =
    Kind { api_version: "monitoring.coreos.com/v1", kind: "Prometheus", plural: "prometheuses", accepted: None };
const THANOS_RULER: Kind =
    Kind { api_version: "monitoring.coreos.com/v1", kind: "ThanosRuler", plural: "thanosrulers", accepted: None };
const VM_ALERT: Kind =
    Kind { api_version: "operator.victoriametrics.com/v1beta1", kind: "VMAlert", plural: "vmalerts", accepted: None };
const GRAFANA: Kind =
    Kind { api_version: "grafana.integreatly.org/v1beta1", kind: "Grafana", plural: "grafanas", accepted: None };

/// An instance that may take objects.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instance {
    kind: String,
    namespace: String,
    name: String,
}

/// Who takes an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// These do; at least one.
    Taken(Vec<Instance>),
    /// None does, each because of this; there may be none at all.
    Ignored(Vec<(Instance, Why)>),
}

/// The kinds of the instances that may take objects of a kind; none for objects that need no taker.
pub fn instance_kinds(kind: &Kind) -> &'static [&'static Kind] {
    match kind.kind {
        name if name == PROMETHEUS_RULE.kind => &[&PROMETHEUS, &THANOS_RULER],
        name if name == POD_MONITOR.kind || name == SERVICE_MONITOR.kind => &[&PROMETHEUS],
        name if name == VM_RULE.kind => &[&VM_ALERT],
        name if name == GRAFANA_DASHBOARD.kind => &[&GRAFANA],
        name if name == CONFIG_MAP.kind => &[&sidecar::DEPLOYMENT, &sidecar::STATEFUL_SET],
        _ => &[],
    }
}

/// Who could take an object of a kind, in words.
pub fn takers(kind: &Kind) -> &'static str {
    match kind.kind {
        name if name == PROMETHEUS_RULE.kind => "Prometheus or ThanosRuler",
        name if name == VM_RULE.kind => "VMAlert",
        name if name == GRAFANA_DASHBOARD.kind => "Grafana",
        name if name == CONFIG_MAP.kind => "sidecar of Grafana's chart",
        _ => "Prometheus",
    }
}

/// Who takes an object, of the instances that a cluster has. Objects of other kinds among them are passed over.
pub fn who_takes(object: &Placed<'_>, live: &[Value]) -> Verdict {
    let mut takes = Vec::new();
    let mut ignores = Vec::new();
    for one in live {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let metadata = &one["metadata"];
        let instance = Instance {
            kind: text(&one["kind"]),
            namespace: text(&metadata["namespace"]),
            name: text(&metadata["name"]),
        };
        let verdict = match (selector_of(object.kind, &instance.kind), instance.kind.as_str()) {
            (Some((selector, rule)), _) => judge(object, &one["spec"], selector, rule, &instance.namespace),
            (None, "Grafana") if object.kind == &GRAFANA_DASHBOARD => is_selected(object, metadata),
            (None, "Deployment" | "StatefulSet") if object.kind == &CONFIG_MAP => match Sidecar::of(one) {
                Some(sidecar) => sidecar.takes(object, &instance.namespace),
                None => continue,
            },
            (None, _) => continue,
        };
        match verdict {
            Ok(()) => takes.push(instance),
            Err(why) => ignores.push((instance, why)),
        }
    }
    if takes.is_empty() { Verdict::Ignored(ignores) } else { Verdict::Taken(takes) }
}

/// Whether a dashboard selects a `Grafana`.
fn is_selected(dashboard: &Placed<'_>, grafana: &Value) -> Result<(), Why> {
    if dashboard.spec["allowCrossNamespaceImport"] != true && grafana["namespace"] != dashboard.namespace.as_str() {
        return Err(Why::OwnNamespace);
    }
    let labels = grafana["labels"].as_object().into_iter().flatten();
    let labels = labels.filter_map(|(key, value)| Some((key.parse().ok()?, value.as_str()?.parse().ok()?)));
    let unmet = unmet(&dashboard.spec["instanceSelector"], &labels.collect()).ok_or(Why::Unreadable)?;
    if unmet.is_empty() { Ok(()) } else { Err(Why::Unlike(unmet)) }
}

/// What no selector means.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Without {
    /// Nothing.
    Nothing,
    /// Everything in the namespaces that are selected, or what `selectAllByDefault` says where none are.
    ByDefault,
}

/// The field of an instance that selects objects of a kind, without `Selector` or `NamespaceSelector` behind it.
fn selector_of(kind: &Kind, instance: &str) -> Option<(&'static str, Without)> {
    match (instance, kind.kind) {
        ("Prometheus" | "ThanosRuler", name) if name == PROMETHEUS_RULE.kind => Some(("rule", Without::Nothing)),
        ("Prometheus", name) if name == POD_MONITOR.kind => Some(("podMonitor", Without::Nothing)),
        ("Prometheus", name) if name == SERVICE_MONITOR.kind => Some(("serviceMonitor", Without::Nothing)),
        ("VMAlert", name) if name == VM_RULE.kind => Some(("rule", Without::ByDefault)),
        _ => None,
    }
}

fn judge(object: &Placed<'_>, spec: &Value, selector: &str, without: Without, home: &str) -> Result<(), Why> {
    let of_objects = &spec[format!("{selector}Selector")];
    let of_namespaces = &spec[format!("{selector}NamespaceSelector")];
    if of_objects.is_null() {
        let all = match without {
            Without::Nothing => false,
            Without::ByDefault => !of_namespaces.is_null() || spec["selectAllByDefault"] == Value::Bool(true),
        };
        if !all {
            return Err(Why::SelectsNothing);
        }
    } else {
        let unmet = unmet(of_objects, object.labels).ok_or(Why::Unreadable)?;
        if !unmet.is_empty() {
            return Err(Why::Labels(unmet));
        }
    }
    if of_namespaces.is_null() {
        let everywhere = without == Without::ByDefault && of_objects.is_null();
        return if everywhere || object.namespace.as_str() == home { Ok(()) } else { Err(Why::OwnNamespace) };
    }
    let mut labels = object.namespace_labels.clone();
    if let (Ok(key), Ok(value)) = (NAMESPACE_NAME_LABEL.parse(), object.namespace.as_str().parse()) {
        labels.insert(key, value);
    }
    let unmet = unmet(of_namespaces, &labels).ok_or(Why::Unreadable)?;
    if unmet.is_empty() { Ok(()) } else { Err(Why::NamespaceLabels(unmet)) }
}

/// What labels lack of a selector as an object has it; `None` for one that is no selector.
fn unmet(selector: &Value, labels: &Labels) -> Option<Vec<Requirement>> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let mut demands = Vec::new();
    for (key, value) in selector["matchLabels"].as_object().into_iter().flatten() {
        let value: LabelValue = text(value)?.parse().ok()?;
        demands.push(Requirement { key: key.parse().ok()?, operator: Operator::In([value].into()) });
    }
    for one in selector["matchExpressions"].as_array().into_iter().flatten() {
        let key: LabelKey = text(&one["key"])?.parse().ok()?;
        let values = || -> Option<BTreeSet<LabelValue>> {
            let all = one["values"].as_array()?.iter();
            all.map(|value| text(value)?.parse().ok()).collect()
        };
        let operator = match one["operator"].as_str()? {
            "In" => Operator::In(values()?),
            "NotIn" => Operator::NotIn(values()?),
            "Exists" => Operator::Exists,
            "DoesNotExist" => Operator::DoesNotExist,
            _ => return None,
        };
        demands.push(Requirement { key, operator });
    }
    Some(demands.into_iter().filter(|demand| !demand.matches(labels)).collect())
}

impl fmt::Display for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}/{}", self.kind, self.namespace, self.name)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        pairs.iter().map(|(key, value)| (key.parse().expect("a key"), value.parse().expect("a value"))).collect()
    }

    /// What an instance in `monitoring` with this spec makes of an object in a namespace, labelled for a release.
    fn told(kind: &Kind, namespace: &str, instance: &str, spec: &Value) -> String {
        let (own, none) = (labels(&[("release", "kube-prometheus-stack")]), Labels::new());
        let namespace = namespace.parse().expect("a namespace");
        let object = Placed { kind, labels: &own, spec: &Value::Null, namespace: &namespace, namespace_labels: &none };
        let live = json!({ "kind": instance, "metadata": { "namespace": "monitoring", "name": "k8s" }, "spec": spec });
        match who_takes(&object, &[live]) {
            Verdict::Taken(by) => format!("taken by {}", by[0]),
            Verdict::Ignored(why) => {
                why.first().map_or("nobody".to_owned(), |(instance, why)| format!("{instance} {why}"))
            }
        }
    }

    #[test]
    fn selectors_mean_what_each_operator_documents() {
        let release = |name: &str| json!({ "matchLabels": { "release": name } });
        let taken = "taken by Prometheus monitoring/k8s";
        let cases = [
            (json!({}), "egress", "Prometheus monitoring/k8s selects no object of this kind"),
            (json!({ "ruleSelector": {} }), "monitoring", taken),
            (json!({ "ruleSelector": {} }), "egress", "Prometheus monitoring/k8s looks in its own namespace alone"),
            (json!({ "ruleSelector": {}, "ruleNamespaceSelector": {} }), "egress", taken),
            (json!({ "ruleSelector": release("kube-prometheus-stack"), "ruleNamespaceSelector": {} }), "egress", taken),
            (
                json!({ "ruleSelector": release("other"), "ruleNamespaceSelector": {} }),
                "egress",
                "Prometheus monitoring/k8s demands of the object's labels: release in (other)",
            ),
            (
                json!({ "ruleSelector": { "matchExpressions": [{ "key": "team", "operator": "Exists" }] } }),
                "monitoring",
                "Prometheus monitoring/k8s demands of the object's labels: team",
            ),
            (
                json!({ "ruleSelector": {}, "ruleNamespaceSelector": { "matchLabels": { "watched": "yes" } } }),
                "egress",
                "Prometheus monitoring/k8s demands of its namespace's labels: watched in (yes)",
            ),
            (
                json!({ "ruleSelector": {}, "ruleNamespaceSelector": { "matchExpressions": [
                    { "key": "kubernetes.io/metadata.name", "operator": "In", "values": ["egress"] },
                ] } }),
                "egress",
                taken,
            ),
            (
                json!({ "ruleSelector": { "matchExpressions": [{ "key": "a", "operator": "Near" }] } }),
                "monitoring",
                "Prometheus monitoring/k8s has a selector that cannot be read",
            ),
        ];
        for (spec, namespace, text) in cases {
            assert_eq!(told(&PROMETHEUS_RULE, namespace, "Prometheus", &spec), text, "{spec}");
        }
    }

    #[test]
    fn each_kind_has_a_selector_of_its_own() {
        let spec = json!({ "podMonitorSelector": {}, "ruleSelector": {} });
        assert!(told(&POD_MONITOR, "monitoring", "Prometheus", &spec).starts_with("taken"));
        assert!(told(&SERVICE_MONITOR, "monitoring", "Prometheus", &spec).ends_with("selects no object of this kind"));
        assert!(told(&PROMETHEUS_RULE, "monitoring", "ThanosRuler", &spec).starts_with("taken"));
        assert_eq!(told(&POD_MONITOR, "monitoring", "ThanosRuler", &spec), "nobody");
        assert_eq!(told(&VM_RULE, "monitoring", "Prometheus", &spec), "nobody");
    }

    #[test]
    fn victoria_metrics_takes_everything_only_when_told_so() {
        let cases = [
            (json!({}), "monitoring", false),
            (json!({ "selectAllByDefault": true }), "egress", true),
            (json!({ "ruleNamespaceSelector": {} }), "egress", true),
            (json!({ "ruleSelector": {} }), "egress", false),
            (json!({ "ruleSelector": {} }), "monitoring", true),
        ];
        for (spec, namespace, taken) in cases {
            assert_eq!(told(&VM_RULE, namespace, "VMAlert", &spec).starts_with("taken"), taken, "{spec} {namespace}");
        }
    }

    #[test]
    fn a_dashboard_goes_to_the_grafana_that_it_selects() {
        let none = Labels::new();
        let told = |namespace: &str, spec: &Value| {
            let namespace = namespace.parse().expect("a namespace");
            let object = Placed {
                kind: &GRAFANA_DASHBOARD,
                labels: &none,
                spec,
                namespace: &namespace,
                namespace_labels: &none,
            };
            let metadata = json!({ "namespace": "monitoring", "name": "main", "labels": { "dashboards": "grafana" } });
            who_takes(&object, &[json!({ "kind": "Grafana", "metadata": metadata })])
        };
        let selects = |value: &str| json!({ "instanceSelector": { "matchLabels": { "dashboards": value } } });
        assert!(matches!(told("monitoring", &selects("grafana")), Verdict::Taken(_)));
        let why = |verdict| match verdict {
            Verdict::Ignored(why) => why[0].1.to_string(),
            Verdict::Taken(by) => format!("taken by {by:?}"),
        };
        let lacks = "lacks labels that the object demands: dashboards in (other)";
        assert_eq!(why(told("monitoring", &selects("other"))), lacks);
        assert_eq!(why(told("egress", &selects("grafana"))), "looks in its own namespace alone");
        let mut across = selects("grafana");
        across["allowCrossNamespaceImport"] = json!(true);
        assert!(matches!(told("egress", &across), Verdict::Taken(_)));
    }
}
