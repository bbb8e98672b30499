//! Spidernet's own rules on all that is emitted and on mistakes.

use egress_engines::engines::spidernet::rules::check;
use serde_json::{Value, json};

use crate::emitted;

#[test]
fn what_is_emitted_keeps_the_engines_rules() {
    let all: Vec<_> = emitted::all().into_iter().filter(|emitted| emitted.engine == "spidernet").collect();
    for emitted in &all {
        assert_eq!(check(&emitted.object), [], "{}", emitted.case);
    }
    assert!(all.len() > 30, "only {} objects were checked", all.len());
}

fn gateway(spec: &Value) -> Value {
    json!({"apiVersion": "egressgateway.spidernet.io/v1beta1", "kind": "EgressGateway", "spec": spec})
}

/// A policy that would be good without these fields.
fn policy(changed: &Value) -> Value {
    let mut spec = json!({"egressGatewayName": "a", "appliedTo": {"podSelector": {"matchLabels": {"a": "b"}}}});
    for (field, value) in changed.as_object().expect("fields") {
        spec[field] = value.clone();
    }
    json!({"apiVersion": "egressgateway.spidernet.io/v1beta1", "kind": "EgressPolicy", "spec": spec})
}

#[test]
fn mistakes_are_told_on_their_field() {
    let nodes = json!({"selector": {"matchLabels": {"a": "b"}}});
    let pools = |pools: &Value| gateway(&json!({"nodeSelector": nodes, "ippools": pools}));
    let cases = [
        (gateway(&json!({"nodeSelector": {"selector": {}}})), "spec.nodeSelector.selector"),
        (pools(&json!({"ipv4": ["192.0.2.1", "192.0.2.2"], "ipv6": ["2001:db8::1"]})), "spec.ippools"),
        (pools(&json!({"ipv4": ["192.0.2.1"], "ipv4DefaultEIP": "192.0.2.9"})), "spec.ippools.ipv4DefaultEIP"),
        (policy(&json!({"egressGatewayName": ""})), "spec.egressGatewayName"),
        (policy(&json!({"egressIP": {"useNodeIP": true, "ipv4": "192.0.2.1"}})), "spec.egressIP.useNodeIP"),
        (policy(&json!({"egressIP": {"ipv6": "192.0.2.1"}})), "spec.egressIP.ipv6"),
        (policy(&json!({"appliedTo": {}})), "spec.appliedTo.podSelector"),
        (policy(&json!({"appliedTo": {"podSubnet": ["10.0.0.0/24"]}})), "spec.appliedTo.podSubnet"),
        (policy(&json!({"destSubnet": ["10.0.0.1"]})), "spec.destSubnet[0]"),
    ];
    for (object, field) in cases {
        let found = check(&object);
        assert_eq!(found.iter().map(|violation| violation.field.as_str()).collect::<Vec<_>>(), [field], "{object}");
    }
    assert_eq!(check(&policy(&json!({}))), []);
    let foreign = json!({"apiVersion": "crd.antrea.io/v1beta1", "kind": "Egress", "spec": {}});
    assert_eq!(check(&foreign), [], "other kinds have other rules");
}
