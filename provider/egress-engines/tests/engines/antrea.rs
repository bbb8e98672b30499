//! Antrea's own rules on all that is emitted and on mistakes, and that several of its policies add up.

use egress_engines::engines::antrea::policy::ENGINE;
use egress_engines::engines::antrea::rules::check;
use egress_engines::{Level, Manifest, Settings};
use egress_model::policy::Policy;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use crate::evaluator::antrea::passes;
use crate::order::together;
use crate::{emitted, generate};

#[test]
fn what_is_emitted_keeps_the_engines_rules() {
    let all: Vec<_> = emitted::all().into_iter().filter(|emitted| emitted.engine == "antrea").collect();
    for emitted in &all {
        assert_eq!(check(&emitted.object), [], "{}", emitted.case);
    }
    assert!(all.len() > 60, "only {} objects were checked", all.len());
}

fn policy(spec: &Value) -> Value {
    json!({"apiVersion": "crd.antrea.io/v1beta1", "kind": "ClusterNetworkPolicy", "spec": spec})
}

fn rule(rule: &Value) -> Value {
    policy(&json!({"appliedTo": [{"podSelector": {}}], "egress": [rule]}))
}

fn block(cidr: &str, except: &str) -> Value {
    json!({"ipBlock": {"cidr": cidr, "except": [except]}})
}

#[test]
fn mistakes_are_told_on_their_field() {
    let egress = |spec: &Value| json!({"apiVersion": "crd.antrea.io/v1beta1", "kind": "Egress", "spec": spec});
    let pool = |range: &Value| json!({"apiVersion": "crd.antrea.io/v1beta1", "kind": "ExternalIPPool", "spec": {"ipRanges": [range]}});
    let both =
        json!({"appliedTo": [{"podSelector": {}}], "egress": [{"action": "Drop", "appliedTo": [{"group": "a"}]}]});
    let twice = json!({"appliedTo": [{"podSelector": {}}], "egress": [{"action": "Drop"}, {"action": "Drop"}]});
    let account = json!({"appliedTo": [{"podSelector": {}, "serviceAccount": {"name": "a", "namespace": "b"}}]});
    let baseline = json!({"tier": "baseline", "appliedTo": [{"podSelector": {}}], "egress": [{"action": "Pass"}]});
    let cases = [
        (policy(&json!({"egress": [{"action": "Drop"}]})), "spec.appliedTo"),
        (policy(&both), "spec.appliedTo"),
        (policy(&twice), "spec.egress[1].name"),
        (policy(&account), "spec.appliedTo[0]"),
        (policy(&baseline), "spec.egress[0].action"),
        (
            rule(&json!({"action": "Drop", "to": [block("10.0.0.0/8", "10.0.0.0/8")]})),
            "spec.egress[0].to[0].ipBlock.except[0]",
        ),
        (rule(&json!({"action": "Drop", "to": [{"fqdn": "a_b.example.com"}]})), "spec.egress[0].to[0].fqdn"),
        (rule(&json!({"action": "Drop", "to": [{"group": "a", "podSelector": {}}]})), "spec.egress[0].to[0]"),
        (
            rule(&json!({"action": "Allow", "toServices": [{"name": "a"}], "ports": [{"port": 80}]})),
            "spec.egress[0].toServices",
        ),
        (rule(&json!({"action": "Drop", "l7Protocols": [{"http": {}}]})), "spec.egress[0].l7Protocols"),
        (
            rule(&json!({"action": "Allow", "ports": [{"protocol": "UDP"}], "l7Protocols": [{"http": {}}]})),
            "spec.egress[0].l7Protocols",
        ),
        (
            rule(&json!({"action": "Allow", "ports": [{"port": "web", "endPort": 90}]})),
            "spec.egress[0].ports[0].endPort",
        ),
        (rule(&json!({"action": "Allow", "ports": [{"port": 91, "endPort": 90}]})), "spec.egress[0].ports[0].endPort"),
        (
            rule(
                &json!({"action": "Allow", "to": [{"ipBlock": {"cidr": "224.0.0.0/4"}}, {"ipBlock": {"cidr": "10.0.0.0/8"}}]}),
            ),
            "spec.egress[0].to",
        ),
        (rule(&json!({"action": "Pass", "to": [{"ipBlock": {"cidr": "224.0.0.0/4"}}]})), "spec.egress[0].action"),
        (
            rule(&json!({"action": "Allow", "protocols": [{"igmp": {}}], "to": [{"podSelector": {}}]})),
            "spec.egress[0].protocols",
        ),
        (egress(&json!({"appliedTo": {"podSelector": {}}, "egressIPs": ["192.0.2.1"]})), "spec.egressIPs"),
        (egress(&json!({"appliedTo": {}, "egressIP": "192.0.2.1"})), "spec.appliedTo"),
        (pool(&json!({"cidr": "192.0.2.1/32"})), "spec.ipRanges[0]"),
        (pool(&json!({"start": "192.0.2.9", "end": "192.0.2.1"})), "spec.ipRanges[0]"),
    ];
    for (object, field) in cases {
        let found = check(&object);
        assert_eq!(found.iter().map(|violation| violation.field.as_str()).collect::<Vec<_>>(), [field], "{object}");
    }
    let foreign = json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "spec": {}});
    assert_eq!(check(&foreign), [], "the API of Kubernetes has its own rules");
}

/// A deny of any policy wins, then an allow of any; without either, a pod that a policy selects is stopped.
#[test]
fn several_policies_add_up() {
    let mut runner = TestRunner::deterministic();
    let (specs, pods, flows) = (generate::spec(ENGINE), generate::pod(), generate::flow());
    let mut cases = 0;
    while cases < 6_000 {
        let policies: Vec<Policy> = ["p", "q", "r"]
            .into_iter()
            .filter_map(|name| {
                let spec = specs.new_tree(&mut runner).expect("a policy").current();
                Policy::parse(&egress_model::policy::Spec { name: name.to_owned(), priority: None, ..spec }).ok()
            })
            .collect();
        let compiled: Vec<_> = policies.iter().map(|policy| (ENGINE.compile)(policy, &Settings::default())).collect();
        if compiled.iter().any(|compiled| compiled.findings.iter().any(|finding| finding.level != Level::Exact)) {
            continue;
        }
        let objects: Vec<_> =
            compiled.iter().flat_map(|compiled| compiled.manifests.iter().map(Manifest::to_json)).collect();
        for _ in 0..60 {
            let source = pods.new_tree(&mut runner).expect("a pod").current();
            let flow = flows.new_tree(&mut runner).expect("a flow").current();
            let meant = together(&policies, &source, &flow);
            assert_eq!(passes(&objects, &source, &flow), meant, "{policies:#?}\n{source:#?}\n{flow:#?}");
            cases += 1;
        }
    }
}
