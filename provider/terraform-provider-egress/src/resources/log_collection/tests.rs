//! The diagnostics of a log collection, and what the plan shows, without a cluster.

use std::sync::Arc;

use expect_test::expect_file;
use serde_json::{Value as Json, json};
use tfplugin::cty::Value;
use tfplugin::cty::json::{Undefined, from_json};
use tfplugin::resource::Resource;

use super::{LogCollection, LogCollectionResource};
use crate::resources::configurations::completed;
use crate::resources::objects::Compiles;
use crate::resources::objects::outcome::Outcome;
use crate::resources::whole_diagnostics::{assert_golden, messages};
use crate::session::InCluster;

fn policy(engine: &str) -> Json {
    json!({ "name": "backend", "namespace": "shop", "engine": engine, "allow": {} })
}

/// A configuration of a log collection of a policy of Cilium, with these attributes beside or in place of its own.
fn config(attributes: &Json) -> Value {
    let mut all = json!({
        "name": "egress", "namespace": "logging", "collector": "fluent-bit", "keep": "all", "delivery": "apply", "force_conflicts": false,
        "check_requirements": false, "policies": { "backend": policy("cilium") }, "stdout": {},
    });
    for (name, value) in attributes.as_object().expect("attributes") {
        all[name] = value.clone();
    }
    let schema = LogCollectionResource::new(Arc::default()).schema();
    let value = from_json(&all, &schema.ty(), Undefined::Refuse).expect("a configuration");
    completed(value, &schema.ty())
}

fn check(attributes: &Json) -> Outcome {
    LogCollection::check(&config(attributes), &InCluster::default())
}

fn files(outcome: &Outcome) -> &Value {
    &outcome.computed.iter().find(|(name, _)| *name == "files").expect("a computed attribute").1
}

#[test]
fn wrong_attributes_are_told_on_their_path() {
    let server = |more: Json| {
        let mut server = json!({ "host": "es.logging.svc" });
        for (name, value) in more.as_object().expect("attributes") {
            server[name] = value.clone();
        }
        json!({ "elasticsearch": server })
    };
    let login = |user: &str, password: &str| {
        server(json!({ "login": { "user_variable": user, "password_variable": password } }))
    };
    let cases = [
        (json!({ "name": "Egress" }), "name"),
        (json!({ "collector": "vector" }), "collector"),
        (json!({ "keep": "dropped" }), "keep"),
        (json!({ "policies": {} }), ""),
        (json!({ "stdout": null }), ""),
        (json!({ "policies": { "backend": policy("network-policy") } }), "policies[\"backend\"]"),
        (json!({ "policies": { "backend": policy("calico-enterprise") } }), "policies[\"backend\"]"),
        (
            json!({ "gateways": { "partners": { "name": "partners", "namespace": "egress", "engine": "antrea" } } }),
            "gateways[\"partners\"]",
        ),
        (json!({ "files_of": { "istio-gateway": ["/var/log/x"] } }), "files_of[\"istio-gateway\"]"),
        (json!({ "files_of": { "antrea": ["np.log"] } }), "files_of[\"antrea\"][0]"),
        (json!({ "files_of": { "vpc-flow-logs": [] } }), "files_of[\"vpc-flow-logs\"]"),
        (json!({ "fields": { "cluster": "a b" } }), "fields[\"cluster\"]"),
        (server(json!({ "host": "https://user:secret@es" })), "elasticsearch.host"),
        (server(json!({ "port": 70000 })), "elasticsearch.port"),
        (server(json!({ "ca_file": "ca.pem" })), "elasticsearch.ca_file"),
        (server(json!({ "prefix": "a b" })), "elasticsearch.prefix"),
        (login("elastic", "ES_PASSWORD"), "elasticsearch.login.user_variable"),
        (login("ES_USER", "hunter2"), "elasticsearch.login.password_variable"),
        (json!({ "collector": "fluentd", "otlp": { "host": "otlp" } }), "otlp"),
    ];
    let mut whole = Vec::new();
    for (attributes, path) in cases {
        let outcome = check(&attributes);
        let said = messages(&outcome.diagnostics);
        assert_eq!(said.len(), 1, "{attributes}: {said:#?}");
        assert!(said[0].starts_with(&format!("error [{path}] ")), "{attributes}: {said:#?}");
        assert!(outcome.manifests.is_none() && files(&outcome).is_unknown(), "{attributes}");
        // What may be a password is not repeated.
        assert!(!said[0].contains("hunter2") && !said[0].contains("secret"), "{said:#?}");
        whole.push((attributes.to_string(), outcome.diagnostics));
    }
    let plain = check(&server(json!({ "tls": false })));
    assert!(plain.manifests.is_some());
    whole.push(("without TLS".to_owned(), plain.diagnostics));
    assert_golden(&expect_file!["testdata/wrong_attributes.txt"], &whole);
}

#[test]
fn the_object_and_the_output_are_the_same_files() {
    for (collector, names) in [
        ("fluent-bit", &["fluent-bit.conf", "parsers.conf"][..]),
        ("fluentd", &["fluent.conf"]),
        ("opentelemetry", &["config.yaml"]),
    ] {
        let outcome = check(&json!({ "collector": collector }));
        let manifests = outcome.manifests.as_ref().expect("an object");
        let object = manifests[0].to_json();
        let own = files(&outcome).as_map().expect("a map");
        assert_eq!(own.keys().collect::<Vec<_>>(), names);
        for (name, text) in own {
            assert_eq!(object["data"][name], text.as_str().expect("a text"));
        }
        // A plan shows the lines that change.
        assert!(manifests[0].to_lines().len() > 20, "{:?}", manifests[0].to_lines());
    }
}

#[test]
fn what_is_not_known_yet_leaves_everything_unknown() {
    let mut value = config(&json!({ "elasticsearch": { "host": "es" } }));
    let server = value.as_object_mut().expect("attributes").get_mut("elasticsearch").expect("a block");
    server.as_object_mut().expect("an object").insert("host".to_owned(), Value::UNKNOWN);
    let outcome = LogCollection::check(&value, &InCluster::default());
    assert!(outcome.diagnostics.is_empty(), "{:?}", messages(&outcome.diagnostics));
    assert!(outcome.manifests.is_none() && outcome.requirements.is_none() && files(&outcome).is_unknown());
    let unconfigured = LogCollection::check(&config(&json!({})), &InCluster::unconfigured());
    assert!(unconfigured.diagnostics.is_empty() && unconfigured.manifests.is_none());
}
