//! Every object against the published definition of its kind, as strictly as an API server.

use std::collections::BTreeMap;

use crd_check::{Definitions, MISSING};

use crate::estates;
use crate::golden::objects;

/// Kinds of Kubernetes itself, which no published definition describes.
const CORE: [&str; 2] = ["ConfigMap", "Service"];

#[test]
fn objects_fit_the_published_definitions() {
    let Some(folder) = Definitions::folder() else {
        eprintln!("skipped: {MISSING}");
        return;
    };
    let definitions = Definitions::load(&folder).expect("definitions");
    let mut checked: BTreeMap<String, usize> = BTreeMap::new();
    let mut unknown: BTreeMap<String, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (name, estate) in estates::all() {
        for object in objects(&estate) {
            let object = object.to_json();
            let kind = object["kind"].as_str().expect("a kind").to_owned();
            match definitions.check(&object, None) {
                Some(report) if report.accepts() => *checked.entry(kind).or_default() += 1,
                Some(report) => wrong.push(format!("{name}: {kind}\n{report}")),
                None if CORE.contains(&kind.as_str()) => {}
                None => *unknown.entry(kind).or_default() += 1,
            }
        }
    }
    println!("checked {checked:?}");
    if !unknown.is_empty() {
        println!("skipped: no definition of {unknown:?} in EGRESS_CRDS");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(checked.contains_key("PrometheusRule") && checked.contains_key("PodMonitor"), "only {checked:?}");
}
