//! What is emitted for each estate, as files to review. `UPDATE_GOLDEN=1 cargo test -p egress-observability` writes them anew.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

use egress_engines::Manifest;
use egress_engines::manifest::Metadata;
use egress_observability::dashboard::{DashboardOptions, Instances, Reach, config_map, dashboards, grafana_dashboard};
use egress_observability::duration::Duration;
use egress_observability::estate::Estate;
use egress_observability::exporter_job::exporter_jobs;
use egress_observability::monitor::monitor;
use egress_observability::requirements::requirements;
use egress_observability::rules_file::{PROMETHEUS_RULE, RuleOptions, VM_RULE, groups, object};
use egress_observability::scrape::{ScrapeOptions, monitors};
use egress_observability::text::Language;
use egress_observability::topic::Topic;

use crate::estates;

pub(crate) fn metadata() -> Metadata {
    let labels = [("release".to_owned(), "kube-prometheus-stack".to_owned())].into();
    Metadata { name: "egress".to_owned(), labels, ..Metadata::default() }.in_namespace(&"monitoring")
}

pub(crate) fn rule_options(language: Language) -> RuleOptions {
    RuleOptions {
        language,
        alert_labels: [("team".parse().expect("a label"), "network".to_owned())].into(),
        runbook_url: Some("https://runbooks.example.com/egress#{alert}".to_owned()),
    }
}

pub(crate) fn dashboard_options(language: Language) -> DashboardOptions {
    DashboardOptions {
        title: "Egress traffic".to_owned(),
        uid: "egress-traffic".parse().expect("a uid"),
        language,
        datasource: None,
        addresses: [("partners".parse().expect("a key"), [("a".to_owned(), [198, 51, 100, 7].into())].into())].into(),
    }
}

pub(crate) fn scrapes(estate: &Estate) -> Vec<Manifest> {
    let options = ScrapeOptions {
        name: "egress".parse().expect("a name"),
        namespace: "monitoring".parse().expect("a namespace"),
        labels: metadata().labels,
        interval: Duration::seconds(30),
    };
    monitors(estate, &options)
}

/// Every object of an estate.
pub(crate) fn objects(estate: &Estate) -> Vec<Manifest> {
    let tuning = estates::priced_if_nat(estate);
    let all = monitor(estate, &tuning, &BTreeSet::new()).expect("nothing is refused");
    let groups = groups(&all, estate, &tuning, &rule_options(Language::English));
    let mut objects = vec![object(&PROMETHEUS_RULE, metadata(), &groups), object(&VM_RULE, metadata(), &groups)];
    for dashboard in dashboards(&all, &dashboard_options(Language::English)).expect("it fits") {
        let instances = Instances {
            labels: [("dashboards".to_owned(), "grafana".to_owned())].into(),
            reach: Reach::EveryNamespace,
            folder: Some("Network".to_owned()),
        };
        objects.push(config_map(&dashboard, metadata()));
        objects.push(grafana_dashboard(&dashboard, metadata(), &instances));
    }
    objects.extend(scrapes(estate));
    objects
}

pub(crate) fn compare(name: &str, actual: &str) -> Option<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/observability/golden").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(&path, actual).expect("it is written");
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    (actual != expected).then(|| format!("{}:\n{actual}", path.display()))
}

/// Each estate but the one of everything, which says nothing that the others do not.
fn reviewed() -> impl Iterator<Item = (String, Estate)> {
    estates::all().into_iter().filter(|(name, _)| name != "whole")
}

#[test]
fn what_is_emitted_is_as_reviewed() {
    let mut wrong = Vec::new();
    for (name, estate) in reviewed() {
        let tuning = estates::priced_if_nat(&estate);
        let all = monitor(&estate, &tuning, &BTreeSet::new()).expect("nothing is refused");
        let groups = groups(&all, &estate, &tuning, &rule_options(Language::English));
        let mut text = object(&PROMETHEUS_RULE, metadata(), &groups).to_yaml();
        for monitor in scrapes(&estate) {
            let _ = write!(text, "---\n{}", monitor.to_yaml());
        }
        for job in exporter_jobs(&estate) {
            let _ = write!(text, "---\n# {}: {}\n{}", job.exporter, job.what, job.text);
        }
        text.push_str("---\n# coverage and requirements\n");
        for topic in Topic::ALL {
            let _ = all.coverage_of(topic).map(|line| writeln!(text, "# {topic}: {line}"));
        }
        for requirement in requirements(&estate) {
            let _ = writeln!(text, "# needs {requirement}");
        }
        wrong.extend(compare(&format!("{name}.yaml"), &text));
    }
    assert!(wrong.is_empty(), "run with UPDATE_GOLDEN=1 and review\n{}", wrong.join("\n"));
}

#[test]
fn dashboards_are_as_reviewed() {
    let mut wrong = Vec::new();
    for (name, estate) in reviewed() {
        let tuning = estates::priced_if_nat(&estate);
        let all = monitor(&estate, &tuning, &BTreeSet::new()).expect("nothing is refused");
        let mut text = String::new();
        for panel in all.panels.iter().chain(&all.policy_panels) {
            let (en, zh) = (panel.title.in_language(Language::English), panel.title.in_language(Language::Chinese));
            let _ = writeln!(text, "{en} | {zh} | {:?} {:?}", panel.kind, panel.unit);
            for query in &panel.queries {
                let _ = writeln!(text, "    {}  # {}", query.expr, query.legend);
            }
        }
        wrong.extend(compare(&format!("{name}.panels.txt"), &text));
    }
    let estate = estates::of(egress_observability::source::Source::IstioSidecar);
    let all = monitor(&estate, &estates::priced_if_nat(&estate), &BTreeSet::new()).expect("nothing is refused");
    for (language, file) in [(Language::English, "dashboard-en.json"), (Language::Chinese, "dashboard-zh.json")] {
        let dashboard = &dashboards(&all, &dashboard_options(language)).expect("it fits")[0];
        let value: serde_json::Value = serde_json::from_str(&dashboard.json).expect("JSON");
        wrong.extend(compare(file, &format!("{}\n", serde_json::to_string_pretty(&value).expect("JSON"))));
    }
    assert!(wrong.is_empty(), "run with UPDATE_GOLDEN=1 and review\n{}", wrong.join("\n"));
}
