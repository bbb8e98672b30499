//! From what is watched and how it is written to objects, outputs and messages.

use std::collections::{BTreeMap, BTreeSet};

use egress_engines::manifest::{Kind, Metadata};
use egress_engines::{Manifest, Requirement};
use egress_model::policy::Path;
use egress_observability::dashboard::{DashboardOptions, config_map, dashboards, grafana_dashboard};
use egress_observability::estate::Estate;
use egress_observability::exporter_job::exporter_jobs;
use egress_observability::monitor::{Asked, Monitoring, Refusal, monitor};
use egress_observability::requirements::requirements;
use egress_observability::rules_file::{PROMETHEUS_RULE, RuleOptions, VM_RULE, file, groups, object};
use egress_observability::scrape::{ScrapeOptions, monitors};
use egress_observability::settings::Tuning;
use egress_observability::topic::Topic;
use tfplugin::cty::Value;

use super::options::{DashboardFormat, Dashboards, Options, RuleFormat, Rules};
use super::schema::{ALERT_NAMES, COVERAGE, DASHBOARDS, EXPORTER_JOBS, RULES_YAML};
use crate::resources::reading::Reading;

/// What a configuration becomes.
pub(super) struct Compiled {
    pub(super) manifests: Vec<Manifest>,
    pub(super) requirements: Vec<Requirement>,
    pub(super) computed: Vec<(&'static str, Value)>,
}

/// Compiles what is wholly known; none where something is asked for that cannot be had.
pub(super) fn compile(reading: &mut Reading, estate: &Estate, tuning: &Tuning, options: &Options) -> Option<Compiled> {
    let topics: BTreeSet<Topic> = options.topics.iter().copied().collect();
    let all = match monitor(estate, tuning, &topics) {
        Ok(all) => all,
        Err(refusals) => {
            for refusal in &refusals {
                reading.mistake(&path_of(refusal, options), refusal);
            }
            return None;
        }
    };
    let mut manifests = Vec::new();
    let rules_yaml = options.rules.as_ref().and_then(|rules| {
        let how = RuleOptions {
            language: options.language,
            alert_labels: rules.alert_labels.clone(),
            runbook_url: Some(rules.runbook_url.clone()),
        };
        let groups = groups(&all, estate, tuning, &how);
        let kind = match rules.format {
            RuleFormat::PrometheusOperator => &PROMETHEUS_RULE,
            RuleFormat::VictoriaMetrics => &VM_RULE,
            RuleFormat::File => return Some(file(&groups)),
        };
        manifests.push(object(kind, options.metadata("", &rules.labels), &groups));
        None
    });
    if let Some(rules) = &options.rules {
        unlabelled(reading, rules, options);
    }
    let pages = match &options.dashboard {
        Some(dashboard) => pages(reading, &all, dashboard, options, &mut manifests)?,
        None => BTreeMap::new(),
    };
    if let Some(scrape) = &options.scrape {
        let how = ScrapeOptions {
            name: options.name.clone(),
            namespace: options.namespace.clone(),
            labels: options.labels.iter().chain(&scrape.labels).map(|(k, v)| (k.clone(), v.clone())).collect(),
            interval: scrape.interval,
        };
        manifests.extend(monitors(estate, &how));
    }
    let jobs = exporter_jobs(estate).into_iter().map(|job| (job.exporter, job.text));
    let coverage = Topic::ALL.into_iter().filter_map(|topic| Some((topic.as_str(), all.coverage_of(topic)?)));
    let names: BTreeSet<&str> = all.alerts.iter().map(|alert| alert.name.as_str()).collect();
    let computed = vec![
        (ALERT_NAMES, Value::list(names)),
        (COVERAGE, Value::map(coverage)),
        (EXPORTER_JOBS, Value::map(jobs)),
        (RULES_YAML, rules_yaml.map_or(Value::Null, Value::from)),
        (DASHBOARDS, Value::map(pages)),
    ];
    let mut needed = kinds(&manifests);
    needed.extend(requirements(estate));
    Some(Compiled { manifests, requirements: needed, computed })
}

/// Where something was asked for by name.
fn path_of(refusal: &Refusal, options: &Options) -> Path {
    match refusal.asked {
        Asked::Alert(name) => Path::root().field("alerts").field(name.block()),
        Asked::Topic(topic) => {
            let position = options.topics.iter().position(|other| *other == topic);
            Path::root().field("topics").index(position.unwrap_or_default())
        }
    }
}

/// The dashboards: as objects, or by uid for whoever else brings them to Grafana.
fn pages(
    reading: &mut Reading,
    all: &Monitoring,
    dashboard: &Dashboards,
    options: &Options,
    manifests: &mut Vec<Manifest>,
) -> Option<BTreeMap<String, String>> {
    let how = DashboardOptions {
        title: dashboard.title.clone(),
        uid: dashboard.uid.clone(),
        language: options.language,
        datasource: dashboard.datasource.clone(),
        addresses: dashboard.addresses.clone(),
    };
    let pages = reading.keep(
        &Path::root().field("policies"),
        dashboards(all, &how).map_err(|why| format!("They are too many: {why}")),
    )?;
    let mut by_uid = BTreeMap::new();
    for (number, page) in (1..).zip(pages) {
        let suffix = if number == 1 { "-dashboard".to_owned() } else { format!("-dashboard-{number}") };
        match &dashboard.format {
            DashboardFormat::ConfigMap { labels, annotations } => {
                let mut metadata = options.metadata(&suffix, labels);
                metadata.annotations.extend(annotations.clone());
                manifests.push(config_map(&page, metadata));
            }
            DashboardFormat::GrafanaOperator { labels, instances } => {
                manifests.push(grafana_dashboard(&page, options.metadata(&suffix, labels), instances));
            }
            DashboardFormat::Json => _ = by_uid.insert(page.uid.to_string(), page.json),
        }
    }
    Some(by_uid)
}

impl Options {
    /// Of an object of the resource.
    fn metadata(&self, suffix: &str, labels: &BTreeMap<String, String>) -> Metadata {
        let mut all = self.labels.clone();
        all.extend(labels.clone());
        Metadata {
            name: self.name.to_string(),
            labels: all,
            annotations: self.annotations.clone(),
            ..Metadata::default()
        }
        .in_namespace(&self.namespace)
        .suffixed(suffix)
    }
}

/// The kinds that the API server has to serve, beside Kubernetes' own.
fn kinds(manifests: &[Manifest]) -> Vec<Requirement> {
    let mut kinds: Vec<&'static Kind> = Vec::new();
    for manifest in manifests {
        if manifest.kind.api_version.contains('/') && !kinds.contains(&manifest.kind) {
            kinds.push(manifest.kind);
        }
    }
    kinds.into_iter().map(Requirement::kind).collect()
}

/// Warns of rules that the most common installation would pass over without a word.
fn unlabelled(reading: &mut Reading, rules: &Rules, options: &Options) {
    let none = rules.labels.is_empty() && options.labels.is_empty();
    if rules.format == RuleFormat::PrometheusOperator && none && !options.looks {
        reading.warn(
            &Path::root().field("rules").field("labels"),
            "The rules may be passed over",
            "They carry no labels, and a Prometheus of kube-prometheus-stack takes only what carries the label \
             release with the name of the Helm release: labels = { release = \"kube-prometheus-stack\" }. An object \
             that no Prometheus selects is applied without an error and does nothing. check_requirements = true \
             looks which one selects it, and ends this warning.",
        );
    }
}
