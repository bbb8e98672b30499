//! Dashboards: their form, and that they fit into the objects that hold them.

use std::collections::BTreeSet;
use std::time::Instant;

use egress_engines::EngineName;
use egress_observability::dashboard::{LIMIT, dashboards};
use egress_observability::estate::Estate;
use egress_observability::monitor::monitor;
use egress_observability::settings::Tuning;
use egress_observability::source::Source;
use egress_observability::text::Language;
use serde_json::{Value, json};

use crate::golden::{dashboard_options, objects};
use crate::{estates, judge};

fn many(count: usize, engine: EngineName) -> Estate {
    let name = |index: usize| format!("policy-{index:04}");
    estates::of_policies((0..count).map(|index| {
        let mut policy = estates::policy(engine, &name(index), "shop");
        policy.domains =
            (0..5).map(|host| format!("host-{host}.partner-{index:04}.example.com").parse().expect("a name")).collect();
        policy
    }))
}

fn read(estate: &Estate, language: Language) -> Vec<Value> {
    let all = monitor(estate, &Tuning::default(), &BTreeSet::new()).expect("nothing is refused");
    let dashboards = dashboards(&all, &dashboard_options(language)).expect("it fits");
    for one in &dashboards {
        assert!(one.json.len() <= LIMIT, "{} has {} bytes", one.uid, one.json.len());
    }
    dashboards.iter().map(|one| serde_json::from_str(&one.json).expect("JSON")).collect()
}

#[test]
fn two_hundred_policies_are_one_dashboard_and_two_thousand_are_several() {
    let started = Instant::now();
    let pages = read(&many(200, EngineName::Istio), Language::English);
    let took = started.elapsed();
    assert_eq!(pages.len(), 1);
    println!("200 policies: {took:?}, {} bytes", pages[0].to_string().len());
    let pages = read(&many(2000, EngineName::Cilium), Language::English);
    assert!(pages.len() > 1);
    let panels = pages.iter().flat_map(|page| page["panels"].as_array().expect("panels"));
    let of_policies: BTreeSet<&str> =
        panels.filter_map(|panel| panel["title"].as_str()).filter(|title| title.starts_with("shop/policy-")).collect();
    assert_eq!(of_policies.len(), 2000, "none is lost between two pages");
    let uids: Vec<&str> = pages.iter().filter_map(|page| page["uid"].as_str()).collect();
    assert_eq!(uids[..2], ["egress-traffic", "egress-traffic-2"]);
}

#[test]
fn a_rule_about_thousands_of_objects_is_written_on_a_small_stack() {
    let mut estate = many(5000, EngineName::NetworkPolicy);
    for policy in estate.policies.values_mut() {
        policy.network_policies = vec![policy.name.clone()];
    }
    let written = move || {
        let all = monitor(&estate, &Tuning::default(), &BTreeSet::new()).expect("nothing is refused");
        all.alerts.iter().map(|alert| alert.expr.to_string().matches("absent").count()).max()
    };
    let thread = std::thread::Builder::new().stack_size(256 * 1024).spawn(written).expect("a thread");
    assert_eq!(thread.join().expect("it ends"), Some(5000));
}

#[test]
fn what_fits_into_no_dashboard_is_refused() {
    // Each expression of the mesh names ten thousand hosts.
    let estate = many(2000, EngineName::Istio);
    let all = monitor(&estate, &Tuning::default(), &BTreeSet::new()).expect("nothing is refused");
    let error = dashboards(&all, &dashboard_options(Language::English)).expect_err("too large");
    assert!(error.to_string().contains("divide the policies among several monitoring resources"), "{error}");
}

#[test]
fn the_objects_of_two_hundred_policies_fit_into_a_cluster() {
    for object in objects(&many(200, EngineName::Istio)) {
        // etcd takes 1.5 MiB in one request, and a ConfigMap 1 MiB.
        let size = object.to_json().to_string().len();
        assert!(size < 1_048_576, "{} has {size} bytes", object.id());
    }
}

#[test]
fn a_dashboard_has_the_form_that_grafana_imports() {
    for (name, estate) in estates::all() {
        for language in [Language::English, Language::Chinese] {
            for page in read(&estate, language) {
                assert!(page.get("id").is_none() && page.get("dashboard").is_none(), "{name}: the bare dashboard");
                let panels = page["panels"].as_array().expect("panels");
                let ids: BTreeSet<u64> = panels.iter().filter_map(|panel| panel["id"].as_u64()).collect();
                assert_eq!(ids.len(), panels.len(), "{name}: ids differ");
                let variables = page["templating"]["list"].as_array().expect("variables");
                let known: BTreeSet<&str> = variables.iter().filter_map(|one| one["name"].as_str()).collect();
                // A row and a text ask for nothing.
                for panel in panels.iter().filter(|panel| panel["type"] != "row" && panel["type"] != "text") {
                    assert_eq!(panel["datasource"]["uid"], "${datasource}", "{name}: {panel}");
                    check_queries(panel, &known);
                }
                covers_nothing(panels);
            }
        }
    }
}

/// Every variable of an expression is defined, and every query has a letter of its own.
fn check_queries(panel: &Value, known: &BTreeSet<&str>) {
    let targets = panel["targets"].as_array().expect("targets");
    assert!(!targets.is_empty(), "{panel}");
    let letters: BTreeSet<&str> = targets.iter().filter_map(|target| target["refId"].as_str()).collect();
    assert_eq!(letters.len(), targets.len(), "{panel}");
    for target in targets {
        let text = target["expr"].as_str().expect("an expression");
        let names =
            text.split('$').skip(1).map(|rest| rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next());
        for name in names.flatten() {
            assert!(name == "__rate_interval" || known.contains(name), "{name}: {text}");
        }
    }
}

fn covers_nothing(panels: &[Value]) {
    let mut taken = BTreeSet::new();
    for panel in panels {
        let at = |key: &str| panel["gridPos"][key].as_u64().expect("a number");
        for x in at("x")..at("x") + at("w") {
            for y in at("y")..at("y") + at("h") {
                assert!(x < 24 && taken.insert((x, y)), "{} covers another", panel["title"]);
            }
        }
    }
}

#[test]
fn grafanas_own_types_have_nothing_against_a_dashboard() {
    let Some(program) = judge::program() else { return };
    for (name, estate) in estates::all() {
        for page in read(&estate, Language::English) {
            let answer = judge::ask(&program, &json!({ "dashboard": page }));
            assert_eq!(answer["error"], "", "{name}");
        }
    }
    let mut misspelt = read(&estates::of(Source::Cilium), Language::English).remove(0);
    let panels = misspelt["panels"].as_array_mut().expect("panels");
    let stat = panels.iter_mut().find(|panel| panel["type"] == "stat").expect("a panel with one number");
    stat["options"]["colourMode"] = "value".into();
    let answer = judge::ask(&program, &json!({ "dashboard": misspelt }));
    assert!(answer["error"].as_str().is_some_and(|error| error.contains("colourMode")), "{answer}");
}
