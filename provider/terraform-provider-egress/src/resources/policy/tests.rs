//! What a user is told about a configuration, and what the plan shows, without a cluster.

use std::sync::Arc;

use egress_engines::EngineName;
use egress_model::identity::Owner;
use serde_json::{Value as Json, json};
use tfplugin::cty::json::{Undefined, from_json};
use tfplugin::cty::{Path, Step, Value};
use tfplugin::provider::Context;
use tfplugin::resource::{ImportRequest, PlanRequest, Resource};
use tfplugin::{Diagnostics, Severity};

use super::PolicyResource;
use super::compile::{check, compile};
use crate::session::{Adoption, Configured, Created, Session, Unavailable};

const ENGINE: Option<EngineName> = Some(EngineName::NetworkPolicy);

fn owner() -> Owner {
    "acme".parse().expect("an owner")
}

/// A configuration of a policy `backend` in `production`, with these attributes beside.
fn config(attributes: &Json) -> Value {
    let mut all = json!({"name": "backend", "namespace": "production", "delivery": "apply", "mode": "enforce", "force_conflicts": false});
    for (name, value) in attributes.as_object().expect("attributes") {
        all[name] = value.clone();
    }
    from_json(&all, &super::schema::schema().ty(), Undefined::Refuse).expect("a configuration")
}

fn rule(rule: &Json) -> Json {
    json!({"allow": {"r": rule}})
}

fn shown(path: &Path) -> String {
    let steps = path.steps().iter().map(|step| match step {
        Step::Attribute(name) => format!(".{name}"),
        Step::Key(key) => format!("[{key}]"),
        Step::Index(index) => format!("[{index}]"),
    });
    steps.collect::<String>().trim_start_matches('.').to_owned()
}

fn messages(diagnostics: &Diagnostics, severity: Severity) -> Vec<String> {
    let of_severity = diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity);
    of_severity
        .map(|diagnostic| {
            let path = diagnostic.path.as_ref().map(shown).unwrap_or_default();
            format!("{path}: {}: {}", diagnostic.summary, diagnostic.detail.replace("\n\n", " "))
        })
        .collect()
}

#[test]
fn wrong_attributes_are_told_on_their_path() {
    const UNUSABLE: &str = "This part of the policy cannot be used";
    let cases = [
        (json!({"name": "Back"}), "name", "must be a lowercase DNS name"),
        (json!({"namespace": "a.b"}), "namespace", "must hold only lowercase letters"),
        (json!({"labels": {"egress-owner": "x"}}), "labels[egress-owner]", "marks what this provider owns"),
        (json!({"annotations": {"a b": "x"}}), "annotations[a b]", "must begin and end with a letter or digit"),
        (
            json!({"pods": {"match_labels": {"app": "a b"}}}),
            "pods.match_labels[app]",
            "must begin and end with a letter or digit",
        ),
        (
            json!({"pods": {"match_expressions": [{"key": "a", "operator": "Equals", "values": ["b"]}]}}),
            "pods.match_expressions[0].operator",
            "is no operator",
        ),
        (json!({"service_accounts": []}), "service_accounts", "must not be an empty list"),
        (rule(&json!({})), "allow[r]", "has no destination"),
        (
            rule(&json!({"to_external": true, "to_cidrs": ["192.0.2.0/24"]})),
            "allow[r]",
            "has several kinds of destination",
        ),
        (rule(&json!({"to_external": false})), "allow[r].to_external", "false says nothing"),
        (
            rule(&json!({"to_pods": {"match_labels": {"/": "b"}}})),
            "allow[r].to_pods.match_labels[/]",
            "must not be empty",
        ),
        (
            rule(&json!({"to_namespaces": {"names": ["A"]}})),
            "allow[r].to_namespaces.names[0]",
            "must hold only lowercase letters",
        ),
        (rule(&json!({"to_cidrs": ["192.0.2.1"]})), "allow[r].to_cidrs[0]", "write 192.0.2.1/32"),
        (
            rule(&json!({"to_cidrs": ["192.0.2.0/24"], "except_cidrs": ["10.0.0.0/8"]})),
            "allow[r].except_cidrs[0]",
            "is not inside any block of to_cidrs",
        ),
        (rule(&json!({"to_domains": ["https://example.com"]})), "allow[r].to_domains[0]", "is a URL"),
        (
            rule(&json!({"to_services": [{"name": "A"}]})),
            "allow[r].to_services[0].name",
            "must hold only lowercase letters",
        ),
        (rule(&json!({"to_entities": ["world"]})), "allow[r].to_entities[0]", "is no entity"),
        (rule(&json!({"to_entities": ["all"], "ports": [{"port": 0}]})), "allow[r].ports[0].port", "0 is no port"),
        (
            rule(&json!({"to_entities": ["all"], "ports": [{"port": 9, "end_port": 1}]})),
            "allow[r].ports[0].end_port",
            "the range ends at 1, before its first port 9",
        ),
        (
            rule(&json!({"to_entities": ["all"], "ports": [{"name": "HTTP"}]})),
            "allow[r].ports[0].name",
            "is no port name",
        ),
        (
            rule(&json!({"to_entities": ["all"], "ports": [{"protocol": "tcp"}]})),
            "allow[r].ports[0].protocol",
            "is no protocol",
        ),
        (
            rule(&json!({"to_entities": ["all"], "ports": [{"protocol": "ICMP", "icmp_type": 300}]})),
            "allow[r].ports[0].icmp_type",
            "is not between 0 and 255",
        ),
        (
            rule(&json!({"to_entities": ["all"], "ports": [{"protocol": "ICMP", "icmp_code": 1}]})),
            "allow[r].ports[0].icmp_code",
            "needs icmp_type",
        ),
        (
            rule(&json!({"to_entities": ["all"], "ports": [{"port": 80}], "http": [{"method": "get"}]})),
            "allow[r].http[0].method",
            "is no HTTP method",
        ),
        (
            rule(&json!({"to_entities": ["all"], "sni": ["example.com"]})),
            "allow[r].sni",
            "needs ports, all of them TCP",
        ),
        (json!({"deny": {"d": {}}}), "deny[d]", "has no destination"),
        (json!({"dns": {"namespace": "A"}}), "dns.namespace", "must hold only lowercase letters"),
        (json!({"dns": {"match_labels": {"a": "b c"}}}), "dns.match_labels[a]", "must begin and end"),
        (json!({"dns": {"ports": [0]}}), "dns.ports[0]", "0 is no port"),
        (json!({"dns": {"node_local_ips": ["x"]}}), "dns.node_local_ips[0]", "is no IP address"),
        (json!({"cluster_cidrs": {"pods": ["::/0"]}}), "cluster_cidrs.pods[0]", "is every address"),
        (json!({"cluster_cidrs": {"services": ["x"]}}), "cluster_cidrs.services[0]", "is not a CIDR block"),
        (json!({"mode": "warn"}), "mode", "is no mode"),
    ];
    for (attributes, path, text) in cases {
        let found = messages(&check(&config(&attributes), ENGINE).diagnostics, Severity::Error);
        assert_eq!(found.len(), 1, "{attributes}: {found:#?}");
        assert!(found[0].starts_with(&format!("{path}: {UNUSABLE}: It ")), "{attributes}: {}", found[0]);
        assert!(found[0].contains(text) && found[0].ends_with('.'), "{attributes}: {}", found[0]);
    }
}

#[test]
fn what_the_engine_cannot_do_is_an_error_that_names_those_that_can() {
    let cases = [
        (json!({"mode": "audit"}), "mode", "Engines that can: cilium"),
        (json!({"service_accounts": ["api"]}), "service_accounts", "Engines that can: cilium"),
        (json!({"deny": {"d": {"to_entities": ["all"]}}}), "deny[d]", "Engines that can: cilium"),
        (rule(&json!({"to_domains": ["api.example.com"]})), "allow[r].to_domains", "Engines that can: cilium"),
        (rule(&json!({"to_services": [{"name": "db"}]})), "allow[r].to_services", "Engines that can: cilium"),
        (rule(&json!({"to_external": true})), "allow[r].to_external", "Set cluster_cidrs.pods"),
        (rule(&json!({"to_entities": ["nodes"]})), "allow[r].to_entities", "set cluster_cidrs.nodes"),
        (rule(&json!({"to_entities": ["all"], "ports": [{"protocol": "ICMP"}]})), "allow[r].ports[0]", "ICMP"),
        (
            rule(&json!({"to_entities": ["all"], "ports": [{"port": 80}], "http": [{"method": "GET"}]})),
            "allow[r].http",
            "Engines that can: cilium",
        ),
        (
            rule(&json!({"to_entities": ["all"], "ports": [{"port": 443}], "sni": ["example.com"]})),
            "allow[r].sni",
            "Engines that can: cilium",
        ),
    ];
    for (attributes, path, text) in cases {
        let outcome = check(&config(&attributes), ENGINE);
        let found = messages(&outcome.diagnostics, Severity::Error);
        assert_eq!(found.len(), 1, "{attributes}: {found:#?}");
        assert!(found[0].starts_with(&format!("{path}: The engine network-policy cannot do this: ")), "{}", found[0]);
        assert!(found[0].contains(text), "{}", found[0]);
        assert!(outcome.manifests.is_none(), "{attributes}");
    }
}

#[test]
fn an_engine_without_a_compiler_is_told() {
    let found = messages(&check(&config(&json!({"engine": "cilium"})), ENGINE).diagnostics, Severity::Error);
    assert_eq!(
        found,
        [
            "engine: The engine is not known: \"cilium\" is none of the engines that this version compiles to: \"network-policy\"."
        ]
    );
}

#[test]
fn an_unconfigured_provider_does_not_guess_the_engine() {
    let domains = config(&json!({"allow": {"stripe": {"to_domains": ["api.stripe.com"]}}}));
    assert!(check(&domains, None).diagnostics.is_empty(), "an engine that knows domains may be configured");
    assert!(check(&domains, ENGINE).diagnostics.has_errors());
}

#[test]
fn other_spellings_of_blocks_are_told() {
    let outcome = check(&config(&rule(&json!({"to_cidrs": ["10.0.0.1/8"]}))), ENGINE);
    let found = messages(&outcome.diagnostics, Severity::Warning);
    assert!(
        found[0].starts_with(
            "allow[r].to_cidrs[0]: The address block has another spelling: \"10.0.0.1/8\" is emitted as \"10.0.0.0/8\""
        ),
        "{found:?}"
    );
    let yaml = outcome.manifests.expect("manifests")[0].to_yaml();
    assert!(yaml.contains("cidr: \"10.0.0.0/8\""), "{yaml}");
}

#[test]
fn what_is_not_known_yet_hides_no_mistake() {
    let mut value = config(&json!({"allow": {"bad": {}, "later": {"to_cidrs": ["192.0.2.0/24"]}}}));
    let later = value.as_object_mut().and_then(|a| a.get_mut("allow")).and_then(|allow| match allow {
        Value::Map(rules) => rules.get_mut("later"),
        _ => None,
    });
    let cidrs = later.and_then(Value::as_object_mut).expect("the rule");
    cidrs.insert("to_cidrs".to_owned(), Value::UNKNOWN);
    let outcome = check(&value, ENGINE);
    assert!(outcome.manifests.is_none());
    let found = messages(&outcome.diagnostics, Severity::Error);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("allow[bad]: "), "{found:?}");
}

#[test]
fn applied_objects_carry_their_owner_and_rendered_ones_do_not() {
    let manifest = |delivery: &str| {
        let value = config(&json!({"delivery": delivery, "labels": {"team": "a"}}));
        compile(&value, EngineName::NetworkPolicy, &owner()).manifests.expect("manifests").remove(0).metadata.labels
    };
    let applied: Vec<_> = manifest("apply").into_iter().map(|(key, value)| format!("{key}={value}")).collect();
    assert_eq!(
        applied,
        [
            "app.kubernetes.io/managed-by=terraform-provider-egress",
            "egress-name=backend",
            "egress-owner=acme",
            "egress-type=policy",
            "team=a"
        ]
    );
    assert_eq!(manifest("render").into_keys().collect::<Vec<_>>(), ["team"]);
}

fn resource(kubernetes: Unavailable) -> PolicyResource {
    let session = Arc::new(Session::default());
    session.configure(Configured {
        owner: owner(),
        adoption: Adoption::Automatic,
        engine: EngineName::NetworkPolicy,
        aws: Err(Unavailable::Unknown),
        kubernetes: Err(kubernetes),
        created: Created::default(),
    });
    PolicyResource::new(session)
}

fn creation(config: &Value) -> PlanRequest {
    PlanRequest {
        config: config.clone(),
        prior: Value::Null,
        planned: config.clone(),
        requires_replace: Vec::new(),
        private: Vec::new(),
        identity: None,
    }
}

#[tokio::test]
async fn the_plan_shows_the_manifests_without_a_cluster() {
    for delivery in ["apply", "render"] {
        let config = config(&json!({"delivery": delivery}));
        let plan = resource(Unavailable::Unknown).plan(&Context::default(), creation(&config)).await;
        assert!(plan.diagnostics.is_empty(), "{:?}", plan.diagnostics);
        let manifests = plan.planned.get("manifests").and_then(Value::as_map).expect("manifests");
        let yaml = manifests["NetworkPolicy/production/backend"].as_str().expect("text");
        assert!(yaml.starts_with("apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"), "{yaml}");
        assert_eq!(plan.identity, Some(Value::object([("namespace", "production"), ("name", "backend")])));
    }
}

#[tokio::test]
async fn a_cluster_that_is_not_configured_matters_only_to_an_apply() {
    let missing = || Unavailable::Missing(tfplugin::Diagnostic::error("No cluster", "Set kubernetes."));
    let applied = resource(missing()).plan(&Context::default(), creation(&config(&json!({})))).await;
    assert_eq!(messages(&applied.diagnostics, Severity::Error), [": No cluster: Set kubernetes."]);
    let rendered =
        resource(missing()).plan(&Context::default(), creation(&config(&json!({"delivery": "render"})))).await;
    assert!(rendered.diagnostics.is_empty(), "{:?}", rendered.diagnostics);
}

#[tokio::test]
async fn imports_by_id_and_by_identity() {
    let resource = resource(Unavailable::Unknown);
    let identity = Value::object([("namespace", "production"), ("name", "backend")]);
    for request in [ImportRequest::Id("production/backend".into()), ImportRequest::Identity(identity.clone())] {
        let imported = resource.import(&Context::default(), request).await.expect("a state");
        assert_eq!(imported.identity, Some(identity.clone()));
        assert_eq!(imported.state.get("delivery"), Some(&Value::from("apply")));
    }
    for id in ["backend", "/backend", "production/", "a/b/c", ""] {
        let error = resource.import(&Context::default(), ImportRequest::Id(id.into())).await.expect_err("no import");
        let expected = format!(
            ": The import id cannot be used: {id:?} is not of the form \"namespace/name\", such as \"production/backend\"."
        );
        assert_eq!(messages(&error, Severity::Error), [expected]);
    }
}
