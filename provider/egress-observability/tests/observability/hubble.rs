//! Cilium's own handlers as the judge of Hubble's labels: with the entries that `requirements` asks for they make of flows the very series
//! that the synthetic exporter has.

use std::collections::{BTreeMap, BTreeSet};

use egress_observability::cilium::HUBBLE_METRICS;
use egress_observability::source::Source;
use serde_json::{Value, json};

use crate::{exporters, judge};

/// A metric with its labels.
type Series = (String, BTreeMap<String, String>);

/// Flows of a pod to a partner: one that passes, one that a policy denies, and the answer to a request, in which the partner is the source.
fn flows() -> [Value; 3] {
    let pod = json!({ "namespace": "shop", "workloads": [{ "name": "api", "kind": "Deployment" }], "labels": ["k8s:app=api"] });
    let world = json!({ "identity": 2, "labels": ["reserved:world"] });
    let to_world = |verdict: &str, event: u32| {
        json!({
            "verdict": verdict, "eventType": { "type": event }, "trafficDirection": "EGRESS", "isReply": false,
            "l4": { "TCP": { "destinationPort": 443, "flags": { "SYN": true } } },
            "source": pod, "destination": world, "destinationNames": ["api.stripe.com"],
        })
    };
    let mut denied = to_world("DROPPED", 1);
    denied["dropReasonDesc"] = "POLICY_DENIED".into();
    let answer = json!({
        "verdict": "FORWARDED", "Type": "L7", "eventType": { "type": 129 }, "trafficDirection": "EGRESS", "isReply": true,
        "source": world, "sourceNames": ["api.stripe.com"], "destination": pod,
        "l7": { "type": "RESPONSE", "latencyNs": 5_000_000, "http": { "code": 200, "method": "GET", "protocol": "HTTP/1.1" } },
    });
    [to_world("FORWARDED", 4), denied, answer]
}

/// The series of the synthetic exporter that handlers make of flows, as a scrape without the label that the chart's monitor adds. Buckets
/// of one histogram are one.
fn expected() -> BTreeSet<Series> {
    let handled = ["hubble_flows_to_world_total", "hubble_drop_total", "hubble_http_"];
    let parsed = |text: &str| -> Series {
        let (metric, labels) = text.split_once('{').expect("labels");
        let pairs = labels
            .trim_end_matches('}')
            .split("\",")
            .map(|pair| pair.trim_end_matches('"').split_once("=\"").expect("a label"));
        let labels = pairs
            .filter(|(name, _)| !["node", "le"].contains(name))
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        (metric.trim_end_matches("_bucket").to_owned(), labels.collect())
    };
    let all = exporters::series(Source::Cilium);
    all.iter().filter(|text| handled.iter().any(|metric| text.starts_with(metric))).map(|text| parsed(text)).collect()
}

#[test]
fn cilium_itself_makes_the_series_that_the_rules_ask_for() {
    let Some(program) = judge::program() else { return };
    let answer = judge::ask(&program, &json!({ "hubble": { "metrics": HUBBLE_METRICS, "flows": flows() } }));
    let series = answer["series"].as_array().unwrap_or_else(|| panic!("{answer}"));
    let made = series.iter().map(|one| {
        let mut labels: BTreeMap<String, String> = serde_json::from_value(one.clone()).expect("labels");
        // To Prometheus a label without a value is none.
        labels.retain(|_, value| !value.is_empty());
        (labels.remove("__name__").expect("a metric"), labels)
    });
    let used: BTreeSet<String> = expected().into_iter().map(|(metric, _)| metric).collect();
    let made: BTreeSet<Series> = made.filter(|(metric, _)| used.contains(metric)).collect();
    assert_eq!(made, expected());
}

#[test]
fn a_metric_that_cilium_does_not_know_is_an_error_here() {
    let Some(program) = judge::program() else { return };
    let answer = judge::ask(&program, &json!({ "hubble": { "metrics": ["flow-to-world"], "flows": [] } }));
    assert_eq!(answer["failure"], "0 of 1 metrics are known");
}
