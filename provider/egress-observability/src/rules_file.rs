//! Rules in the formats that Prometheus and its relatives read.
//!
//! Sources: the Prometheus documentation, "Recording rules" and "Alerting rules"; prometheus-operator 0.93, `PrometheusRule`;
//! `VictoriaMetrics` operator 0.74, `VMRule` (same groups; that operator converts a `PrometheusRule` by itself, so never both).

use std::collections::BTreeMap;

use egress_engines::Manifest;
use egress_engines::manifest::{Kind, Metadata, yaml_of};
use serde_json::{Map, Value, json};

use crate::estate::Estate;
use crate::label::LabelName;
use crate::monitor::Monitoring;
use crate::rule::{Alert, Record};
use crate::runbook::runbook;
use crate::settings::Tuning;
use crate::source::Source;
use crate::text::Language;

/// The operator's rules.
pub const PROMETHEUS_RULE: Kind =
    Kind { api_version: "monitoring.coreos.com/v1", kind: "PrometheusRule", plural: "prometheusrules", accepted: None };
/// The rules of `VictoriaMetrics`' operator.
pub const VM_RULE: Kind =
    Kind { api_version: "operator.victoriametrics.com/v1beta1", kind: "VMRule", plural: "vmrules", accepted: None };

/// How rules are written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleOptions {
    /// The language of summaries and descriptions.
    pub language: Language,
    /// Labels of every alert, such as the team that it goes to.
    pub alert_labels: BTreeMap<LabelName, String>,
    /// The address of an alert's runbook, with `{alert}` for its name in lowercase, as the anchors of the guide are.
    pub runbook_url: Option<String>,
}

/// The groups of rules, as every format has them; none where there is nothing to measure.
pub fn groups(monitoring: &Monitoring, estate: &Estate, tuning: &Tuning, options: &RuleOptions) -> Value {
    let mut groups = Vec::new();
    for source in Source::ALL {
        let records: Vec<Value> =
            monitoring.records.iter().filter(|rule| rule.source == source).map(|rule| record(rule, estate)).collect();
        if !records.is_empty() {
            groups.push(json!({ "name": format!("egress.records.{source}"), "interval": "30s", "rules": records }));
        }
        let of_source = monitoring.alerts.iter().filter(|rule| rule.source == source);
        let alerts: Vec<Value> = of_source.map(|rule| alert(rule, estate, tuning, options)).collect();
        if !alerts.is_empty() {
            groups.push(json!({ "name": format!("egress.alerts.{source}"), "rules": alerts }));
        }
    }
    json!({ "groups": groups })
}

/// A file of rules, for Prometheus, Thanos, Mimir and vmalert.
pub fn file(groups: &Value) -> String {
    yaml_of(groups)
}

/// The groups as an object of one of the operators, [`PROMETHEUS_RULE`] or [`VM_RULE`].
pub fn object(kind: &'static Kind, metadata: Metadata, groups: &Value) -> Manifest {
    Manifest::new(kind, metadata, groups)
}

fn record(rule: &Record, estate: &Estate) -> Value {
    json!({ "record": rule.name, "expr": rule.expr.to_string(), "labels": labels(rule.source, estate) })
}

/// What every rule's result carries: who measured it, and what is the same for all that is watched, which a sum leaves out.
fn labels(source: Source, estate: &Estate) -> Map<String, Value> {
    let fixed = estate.labels.iter().map(|(label, value)| (label.to_string(), Value::from(value.as_str())));
    fixed.chain([("source".to_owned(), Value::from(source.as_str()))]).collect()
}

fn alert(rule: &Alert, estate: &Estate, tuning: &Tuning, options: &RuleOptions) -> Value {
    let name = rule.name;
    let mut labels = labels(rule.source, estate);
    labels.extend(options.alert_labels.iter().map(|(label, value)| (label.to_string(), Value::from(value.as_str()))));
    labels.insert("severity".to_owned(), tuning.severity(name).as_str().into());
    labels.insert("category".to_owned(), name.defaults().category.into());
    let mut annotations = Map::new();
    annotations.insert("summary".to_owned(), name.summary().in_language(options.language).into());
    annotations.insert("description".to_owned(), description(rule, options.language).into());
    if let Some(url) = &options.runbook_url {
        annotations.insert("runbook_url".to_owned(), url.replace("{alert}", &name.as_str().to_lowercase()).into());
    }
    json!({
        "alert": name.as_str(),
        "expr": rule.expr.to_string(),
        "for": tuning.hold(name).to_string(),
        "labels": labels,
        "annotations": annotations,
    })
}

/// What it means, what it is about, and how much it is.
fn description(rule: &Alert, language: Language) -> String {
    let meaning = runbook(rule.name).meaning.in_language(language);
    let about: Vec<String> = rule.labels.iter().map(|label| format!("{label}={{{{ $labels.{label} }}}}")).collect();
    let about = if about.is_empty() { String::new() } else { format!(", {}", about.join(", ")) };
    let title = rule.source.title();
    match language {
        Language::English => format!("{meaning} Seen by {title}{about}. Value: {}.", rule.unit.template()),
        Language::Chinese => format!("{meaning}来源：{title}{about}。当前值：{}。", rule.unit.template()),
    }
}
