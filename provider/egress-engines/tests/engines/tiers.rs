//! What the kinds with tiers make of values that the cases for every engine do not have.

use std::collections::BTreeMap;

use egress_engines::engines::{admin_network_policy, cluster_network_policy, ovn_kubernetes};
use egress_engines::{Compiled, Level, Manifest, Settings};
use egress_model::policy::{Policy, RuleSpec, Spec};

fn rule(cidr: String) -> RuleSpec {
    RuleSpec { to_cidrs: Some(vec![cidr]), ports: Some(vec!["443".into()]), ..RuleSpec::default() }
}

/// A policy of one namespace with so many rules.
fn policy(rules: usize) -> Spec {
    let allow = (0..rules).map(|index| (format!("{index:03}"), rule(format!("192.0.2.{index}/32"))));
    Spec { name: "p".into(), namespace: Some("shop".into()), allow: allow.collect(), ..Spec::default() }
}

fn parse(spec: &Spec) -> Policy {
    Policy::parse(spec).expect("a policy")
}

fn cluster(spec: &Spec) -> Compiled {
    cluster_network_policy::policy::compile(&parse(spec), &Settings::default())
}

fn admin(spec: &Spec) -> Compiled {
    admin_network_policy::policy::compile(&parse(spec), &Settings::default())
}

fn names(manifests: &[Manifest]) -> Vec<String> {
    manifests.iter().map(|manifest| manifest.id().to_string()).collect()
}

fn refused(compiled: &Compiled) -> Vec<String> {
    let findings = compiled.findings.iter().filter(|finding| finding.level == Level::Refused);
    findings.map(|finding| finding.path.to_string()).collect()
}

#[test]
fn rules_that_do_not_fit_are_in_further_objects() {
    assert_eq!(
        names(&cluster(&policy(60)).manifests),
        [
            "ClusterNetworkPolicy/shop.p",
            "ClusterNetworkPolicy/shop.p-2",
            "ClusterNetworkPolicy/shop.p-3",
            "ClusterNetworkPolicy/shop.p-default-deny"
        ]
    );
    let prioritised = |rules| cluster(&Spec { priority: Some(7), ..policy(rules) });
    assert_eq!(refused(&prioritised(60)), ["priority"], "several objects of one priority have no order");
    assert_eq!(names(&prioritised(24).manifests).len(), 2);
}

#[test]
fn the_policy_called_default_has_the_baseline() {
    let named = |name: &str| admin(&Spec { name: name.into(), namespace: None, ..policy(1) });
    let baseline = named("default");
    assert_eq!(names(&baseline.manifests), ["AdminNetworkPolicy/default", "BaselineAdminNetworkPolicy/default"]);
    assert!(baseline.findings.iter().all(|finding| finding.level == Level::Exact));
    let other = named("other");
    assert_eq!(names(&other.manifests), ["AdminNetworkPolicy/other", "AdminNetworkPolicy/other-default-deny"]);
    assert!(other.findings.iter().any(|finding| finding.level == Level::Degraded));
    let own = admin(&policy(1));
    assert_eq!(names(&own.manifests), ["AdminNetworkPolicy/shop.p", "NetworkPolicy/shop/p-default-deny"]);
}

#[test]
fn priorities_are_those_of_ovn_kubernetes() {
    let prioritised = |priority| admin(&Spec { priority: Some(priority), ..policy(1) });
    assert_eq!(refused(&prioritised(97)), Vec::<String>::new());
    assert_eq!(refused(&prioritised(98)), ["priority"]);
}

#[test]
fn a_firewall_is_about_every_pod_of_its_namespace() {
    let mut spec = policy(1);
    spec.pods = Some(egress_model::policy::SelectorSpec {
        match_labels: BTreeMap::from([("app".to_owned(), "web".to_owned())]),
        ..egress_model::policy::SelectorSpec::default()
    });
    let compile = |spec: &Spec| ovn_kubernetes::policy::compile(&parse(spec), &Settings::default());
    assert_eq!(refused(&compile(&spec)), Vec::<String>::new(), "a NetworkPolicy can say it");
    spec.deny = BTreeMap::from([("metadata".to_owned(), rule("169.254.169.254/32".into()))]);
    assert_eq!(refused(&compile(&spec)), ["pods"]);
    spec.deny = BTreeMap::from([(
        "range".to_owned(),
        RuleSpec { ports: Some(vec!["1-9".into()]), ..rule("192.0.2.0/24".into()) },
    )]);
    spec.pods = None;
    assert_eq!(refused(&compile(&spec)), ["deny[\"range\"].ports[0]"]);
}
