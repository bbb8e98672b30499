//! Every object against the published definition of its kind, as strictly as an API server.

use std::collections::BTreeSet;

use crd_check::{Definitions, MISSING};

use crate::estates;
use crate::golden::objects;

/// Checks the objects of these kinds. Where one has no definition, the test says that it is skipped.
fn check(kinds: &[&str]) {
    let Some(folder) = Definitions::folder() else {
        eprintln!("skipped: {MISSING}");
        return;
    };
    let definitions = Definitions::load(&folder).expect("definitions");
    let (mut checked, mut unknown) = (0, BTreeSet::new());
    let mut wrong = Vec::new();
    for (name, estate) in estates::all() {
        for object in objects(&estate) {
            let object = object.to_json();
            let kind = object["kind"].as_str().expect("a kind").to_owned();
            if !kinds.contains(&kind.as_str()) {
                continue;
            }
            match definitions.check(&object, None) {
                Some(report) if report.accepts() => checked += 1,
                Some(report) => wrong.push(format!("{name}: {kind}\n{report}")),
                None => drop(unknown.insert(kind)),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    if unknown.is_empty() {
        assert!(checked > 0, "none of {kinds:?} is emitted");
    } else {
        eprintln!("skipped: no definition of {unknown:?} in {}", folder.display());
    }
}

#[test]
fn rules_and_monitors_fit_the_definitions_of_prometheus_operator() {
    check(&["PrometheusRule", "PodMonitor", "ServiceMonitor"]);
}

#[test]
fn dashboards_fit_the_definition_of_grafana_operator() {
    check(&["GrafanaDashboard"]);
}

#[test]
fn rules_fit_the_definition_of_victoria_metrics_operator() {
    check(&["VMRule"]);
}
