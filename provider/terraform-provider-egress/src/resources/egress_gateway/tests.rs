//! The diagnostics of a gateway, and what the plan shows, without a cluster.

use std::sync::Arc;

use expect_test::expect_file;
use serde_json::{Value as Json, json};
use tfplugin::Severity;
use tfplugin::cty::Value;
use tfplugin::cty::json::{Undefined, from_json};
use tfplugin::resource::Resource;

use super::{EgressGateway, GatewayResource};
use crate::resources::objects::Compiles;
use crate::resources::objects::outcome::Outcome;
use crate::resources::objects::state::checked;
use crate::resources::whole_diagnostics::assert_golden;
use crate::session::InCluster;

/// A configuration of a gateway `partners` in `egress` on an engine, with these attributes beside.
fn config(engine: &str, attributes: &Json) -> Value {
    let mut all = json!({
        "name": "partners", "namespace": "egress", "engine": engine, "delivery": "apply", "failover": "best-effort",
        "force_conflicts": false, "sources": {"shop": {"namespaces": {"names": ["shop"]}, "pods": {"all": true}}},
    });
    for (name, value) in attributes.as_object().expect("attributes") {
        all[name] = value.clone();
    }
    let schema = GatewayResource::new(Arc::default()).schema();
    from_json(&all, &schema.ty(), Undefined::Refuse).expect("a configuration")
}

fn check(engine: &str, attributes: &Json) -> Outcome {
    EgressGateway::check(&config(engine, attributes), &InCluster::default())
}

fn errors(outcome: &Outcome) -> Vec<String> {
    let errors = outcome.diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
    errors
        .map(|error| {
            let path = error.path.as_ref().map(ToString::to_string).unwrap_or_default();
            format!("{path}: {}: {}", error.summary, error.detail)
        })
        .collect()
}

fn computed<'o>(outcome: &'o Outcome, name: &str) -> &'o Value {
    &outcome.computed.iter().find(|(own, _)| *own == name).expect("a computed attribute").1
}

#[test]
fn wrong_attributes_are_told_on_their_path() {
    let mut whole = Vec::new();
    for (attributes, path, text) in [
        (json!({"sources": {}}), "sources", "a gateway needs at least one"),
        (json!({"ips": ["10.0.0"]}), "ips[0]", "is not an IP address"),
        (json!({"public_ips": ["x"]}), "public_ips[0]", "is not an IP address"),
        (json!({"to": {"cidrs": ["10.0.0.0/40"]}}), "to.cidrs[0]", "is not a CIDR block"),
        (json!({"to": {"domains": ["*"]}}), "to.domains[0]", "must be the whole first part"),
        (json!({"nodes": {"match_expressions": ["a is b"]}}), "nodes.match_expressions[0]", "is no expression"),
        (json!({"replicas": 0}), "replicas", "is not a number of replicas"),
        (json!({"interface": "a/b"}), "interface", "is not an interface name"),
        (json!({"failover": "maybe"}), "failover", "is not a failover mode"),
    ] {
        let outcome = check("antrea", &attributes);
        let found = errors(&outcome);
        whole.push((attributes.to_string(), outcome.diagnostics));
        assert_eq!(found.len(), 1, "{attributes}: {found:#?}");
        let expected = format!("{path}: {path} cannot be used: ");
        assert!(found[0].starts_with(&expected) && found[0].contains(text), "{attributes}: {}", found[0]);
    }
    assert_golden(&expect_file!["testdata/wrong_attributes.txt"], &whole);
}

#[test]
fn what_settings_decide_is_not_refused_before_they_are_known() {
    let ips = json!({"ips": ["192.168.1.50"]});
    let prefix =
        json!({"public_ips": ["203.0.113.7"], "nodes": {"match_labels": {"kubernetes.azure.com/agentpool": "egress"}}});
    for (engine, attributes, path) in [("kube-ovn", &ips, "ips: "), ("aks", &prefix, "public_ips: ")] {
        let refused = errors(&check(engine, attributes));
        assert!(refused.iter().any(|error| error.starts_with(path)), "{refused:?}");
        let unconfigured = checked::<EgressGateway>(&config(engine, attributes), &InCluster::unconfigured());
        assert!(!errors(&unconfigured).iter().any(|error| error.starts_with(path)), "{:?}", errors(&unconfigured));
    }
    let failover = config("calico", &json!({"failover": "required"}));
    assert!(errors(&checked::<EgressGateway>(&failover, &InCluster::unconfigured()))[0].starts_with("failover: "));
}

#[test]
fn an_engine_without_gateways_is_told() {
    let found = errors(&check("network-policy", &json!({})));
    assert!(found[0].starts_with("engine: The engine is not known: \"network-policy\" is none of"), "{found:?}");
}

#[test]
fn shows_the_addresses_that_the_outside_sees_or_that_nothing_knows_them() {
    let cidrs = |attributes: &Json| computed(&check("antrea", attributes), "egress_cidrs").clone();
    assert_eq!(cidrs(&json!({"ips": ["192.0.2.7"]})), Value::list(["192.0.2.7/32"]));
    assert_eq!(cidrs(&json!({})), Value::Null);
    let mut later = config("antrea", &json!({}));
    later.as_object_mut().expect("attributes").insert("ips".to_owned(), Value::UNKNOWN);
    let outcome = EgressGateway::check(&later, &InCluster::default());
    assert_eq!(computed(&outcome, "egress_cidrs"), &Value::UNKNOWN);
    assert!(outcome.manifests.is_none(), "what depends on the addresses is not known");
}

#[test]
fn only_engines_that_can_do_the_whole_gateway_are_named() {
    let named = |attributes: &Json| {
        let found = errors(&check("calico", attributes));
        let refusal = found.iter().find(|error| error.starts_with("failover: ")).cloned().expect("an error");
        refusal.split("Engines that can: ").nth(1).unwrap_or_default().to_owned()
    };
    let failover = json!({"failover": "required", "ips": ["192.0.2.7"]});
    assert!(named(&failover).contains("antrea"), "{}", named(&failover));
    // Antrea has failover and no destinations.
    let mut to_some = failover.clone();
    to_some["to"] = json!({"cidrs": ["203.0.113.0/24"]});
    let engines = named(&to_some);
    assert!(engines.contains("spidernet") && !engines.contains("antrea"), "{engines}");
}
