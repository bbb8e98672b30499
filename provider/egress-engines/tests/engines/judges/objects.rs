//! Whether the engines take what is emitted.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Judge;
use crate::emitted;

fn texts(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

#[test]
fn engines_take_what_is_emitted() {
    let Some(mut judge) = Judge::start() else { return };
    let mut judged: BTreeMap<String, usize> = BTreeMap::new();
    let (mut wrong, mut warnings) = (Vec::new(), Vec::new());
    for emitted::Emitted { case, object, .. } in emitted::all() {
        let answer = judge.ask(&json!({ "validate": object })).expect("an answer");
        if answer["known"] != true {
            continue;
        }
        let kind = object["kind"].as_str().expect("a kind");
        let name = format!("{case}: {kind} {}", object["metadata"]["name"]);
        wrong.extend(texts(&answer["errors"]).into_iter().map(|error| format!("{name}: {error}")));
        warnings.extend(texts(&answer["warnings"]).into_iter().map(|warning| format!("{name}: {warning}")));
        *judged.entry(kind.to_owned()).or_default() += 1;
    }
    println!("judged {judged:?}; {} warnings", warnings.len());
    assert!(wrong.is_empty(), "{} objects are refused:\n{}", wrong.len(), wrong.join("\n"));
    assert!(warnings.is_empty(), "{} warnings:\n{}", warnings.len(), warnings.join("\n"));
    assert!(judged.values().sum::<usize>() > 10, "only {judged:?} were judged");
}

#[test]
fn the_judges_refuse_what_the_engines_refuse() {
    let Some(mut judge) = Judge::start() else { return };
    let object = |api: &str, kind: &str, spec: Value| {
        json!({"validate": {
            "apiVersion": api, "kind": kind, "metadata": {"name": "x", "namespace": "shop"}, "spec": spec,
        }})
    };
    let block = json!({"podSelector": {}, "policyTypes": ["Egress"], "egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.1/8"}}]}]});
    let wildcard = json!({
        "hosts": ["*.googleapis.com"], "resolution": "DNS", "ports": [{"number": 443, "name": "tls", "protocol": "TLS"}],
    });
    let cases = [
        (object("networking.k8s.io/v1", "NetworkPolicy", block), "bits set beyond the prefix"),
        (
            object("cilium.io/v2", "CiliumNetworkPolicy", json!({"endpointSelector": {}, "egress": []})),
            "at least one of",
        ),
        (object("networking.istio.io/v1", "ServiceEntry", wildcard), "hosts must be FQDN"),
    ];
    for (request, expected) in cases {
        let answer = judge.ask(&request).expect("an answer");
        assert!(texts(&answer["errors"]).iter().any(|error| error.contains(expected)), "{answer} to {request}");
    }
}
