//! The diagnostics of a configuration, and what the plan shows, without a cluster.

use std::sync::Arc;

use egress_engines::manifest::object_of;
use egress_model::identity::Owner;
use expect_test::expect_file;
use serde_json::{Value as Json, json};
use tfplugin::cty::json::{Undefined, from_json};
use tfplugin::cty::{Path, Step, Value};
use tfplugin::provider::Context;
use tfplugin::resource::{PlanRequest, Resource};
use tfplugin::{Diagnostics, Severity};

use super::{EgressPolicy, PolicyResource};
use crate::resources::objects::outcome::Outcome;
use crate::resources::objects::state::checked;
use crate::resources::objects::{Compiles, configuration, whole_schema};
use crate::resources::whole_diagnostics::assert_golden;
use crate::session::{Adoption, Configured, InCluster, Session, ThisRun, Unavailable};

/// What a provider with the default engine makes of a value.
fn check(value: &Value) -> Outcome {
    EgressPolicy::check(value, &InCluster::default())
}

fn owner() -> Owner {
    "acme".parse().expect("an owner")
}

fn schema() -> tfplugin::schema::Schema {
    PolicyResource::new(Arc::default()).schema()
}

/// A configuration of a policy `backend` in `production`, with these attributes beside.
fn config(attributes: &Json) -> Value {
    let mut all = json!({"name": "backend", "namespace": "production", "delivery": "apply", "mode": "enforce", "force_conflicts": false});
    for (name, value) in attributes.as_object().expect("attributes") {
        all[name] = value.clone();
    }
    from_json(&all, &schema().ty(), Undefined::Refuse).expect("a configuration")
}

/// A rule for every port, unless it says which.
fn for_any_port(rule: &Json) -> Json {
    let mut rule = rule.clone();
    if rule["ports"].is_null() {
        rule["ports"] = json!(["any"]);
    }
    rule
}

fn rule(rule: &Json) -> Json {
    json!({"allow": {"r": for_any_port(rule)}})
}

fn request(method: &str) -> Json {
    json!({"method": method, "path_prefix": "/", "headers": {}})
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
        (json!({"pods": {"match_expressions": ["a equals b"]}}), "pods.match_expressions[0]", "is no expression"),
        (json!({"service_accounts": []}), "service_accounts", "must not be an empty list"),
        (rule(&json!({})), "allow[r]", "has no destination"),
        (
            rule(&json!({"to_external": true, "to_cidrs": ["192.0.2.0/24"]})),
            "allow[r]",
            "has several kinds of destination",
        ),
        (rule(&json!({"to_external": false})), "allow[r].to_external", "must be true or left out"),
        (
            rule(&json!({"to_pods": {"match_labels": {"/": "b"}}})),
            "allow[r].to_pods.match_labels[/]",
            "must not be empty",
        ),
        (
            rule(&json!({"to_namespaces": {"names": ["A"], "pods": {"all": true}}})),
            "allow[r].to_namespaces.names[0]",
            "must hold only lowercase letters",
        ),
        (rule(&json!({"to_cidrs": ["192.0.2.1"]})), "allow[r].to_cidrs[0]", "write 192.0.2.1/32"),
        (
            rule(&json!({"to_cidrs": ["192.0.2.0/24", "!10.0.0.0/8"]})),
            "allow[r].to_cidrs[1]",
            "is not inside any block of the list",
        ),
        (rule(&json!({"to_domains": ["https://example.com"]})), "allow[r].to_domains[0]", "is a URL"),
        (rule(&json!({"to_services": ["A"]})), "allow[r].to_services[0]", "must hold only lowercase letters"),
        (rule(&json!({"to_entities": ["world"]})), "allow[r].to_entities[0]", "is not an entity"),
        (rule(&json!({"to_entities": ["all"], "ports": ["0"]})), "allow[r].ports[0]", "0 is not a port"),
        (rule(&json!({"to_entities": ["all"], "ports": ["1", "9-1"]})), "allow[r].ports[1]", "range ends at 1"),
        (rule(&json!({"to_entities": ["all"], "ports": ["80/tpc"]})), "allow[r].ports[0]", "is not a protocol"),
        (
            rule(&json!({"to_entities": ["all"], "ports": ["300/ICMP"]})),
            "allow[r].ports[0]",
            "is not between 0 and 255",
        ),
        (
            rule(&json!({"to_entities": ["all"], "ports": ["80/http"], "http_requests": [request("get")]})),
            "allow[r].http_requests[0].method",
            "is not an HTTP method",
        ),
        (
            rule(&json!({"to_entities": ["all"], "server_names": ["example.com"]})),
            "allow[r].server_names",
            "needs every port of the rule announced",
        ),
        (json!({"deny": {"d": {"ports": ["any"]}}}), "deny[d]", "has no destination"),
        (json!({"dns_queries": ["*"]}), "dns_queries[0]", "must be the whole first part"),
        (json!({"dns_queries": ["example.com"], "allow_dns": false}), "dns_queries", "but allow_dns is false"),
        (json!({"exempt_namespaces": ["kube-system"]}), "exempt_namespaces", "is for policies of the whole cluster"),
        (
            json!({"namespace": null, "allow": {"r": {"to_pods": {"all": true}, "ports": ["any"]}}}),
            "allow[r].to_pods",
            "use to_namespaces",
        ),
        (json!({"priority": 1001}), "priority", "1001 is not a priority"),
        (json!({"mode": "warn"}), "mode", "is not a mode"),
    ];
    let mut whole = Vec::new();
    for (attributes, path, text) in cases {
        let diagnostics = check(&config(&attributes)).diagnostics;
        let found = messages(&diagnostics, Severity::Error);
        whole.push((attributes.to_string(), diagnostics));
        assert_eq!(found.len(), 1, "{attributes}: {found:#?}");
        assert!(found[0].starts_with(&format!("{path}: ")), "{attributes}: {}", found[0]);
        assert!(found[0].contains(" cannot be used: "), "{attributes}: {}", found[0]);
        assert!(found[0].contains(text) && found[0].ends_with(['.', '?']), "{attributes}: {}", found[0]);
    }
    assert_golden(&expect_file!["testdata/wrong_attributes.txt"], &whole);
}

#[test]
fn what_the_engine_cannot_do_is_an_error_that_names_those_that_can() {
    let cases = [
        (json!({"mode": "audit"}), "mode", "Engines that can: "),
        (json!({"service_accounts": ["api"]}), "service_accounts", "Engines that can: "),
        (json!({"deny": {"d": {"to_entities": ["all"], "ports": ["any"]}}}), "deny[d]", "Engines that can: "),
        (rule(&json!({"to_domains": ["api.example.com"]})), "allow[r].to_domains", "Engines that can: "),
        (rule(&json!({"to_services": ["db"]})), "allow[r].to_services", "Engines that can: "),
        (rule(&json!({"to_external": true})), "allow[r].to_external", "kubernetes.cluster_cidrs.pods"),
        (rule(&json!({"to_entities": ["nodes"]})), "allow[r].to_entities", "kubernetes.cluster_cidrs.nodes"),
        (rule(&json!({"to_entities": ["all"], "ports": ["any/ICMP"]})), "allow[r].ports[0]", "ICMP"),
        (
            rule(&json!({"to_entities": ["all"], "ports": ["80/http"], "http_requests": [request("GET")]})),
            "allow[r].http_requests",
            "Engines that can: ",
        ),
        (
            rule(&json!({"to_entities": ["all"], "ports": ["443/tls"], "server_names": ["example.com"]})),
            "allow[r].server_names",
            "cannot be used with the engine network-policy",
        ),
    ];
    let mut whole = Vec::new();
    for (attributes, path, text) in cases {
        let outcome = check(&config(&attributes));
        whole.push((attributes.to_string(), outcome.diagnostics.clone()));
        let found = messages(&outcome.diagnostics, Severity::Error);
        assert!(!found.is_empty(), "{attributes}");
        assert!(found[0].starts_with(&format!("{path}: ")), "{}", found[0]);
        assert!(found[0].contains(" cannot be used with the engine network-policy: "), "{}", found[0]);
        assert!(found[0].contains(text), "{}", found[0]);
        assert!(outcome.manifests.is_none(), "{attributes}");
    }
    assert_golden(&expect_file!["testdata/refused_by_the_engine.txt"], &whole);
}

#[test]
fn a_policy_of_the_cluster_leaves_its_engine_alone_and_warns_of_what_else_it_stops() {
    let of = |attributes: &Json| {
        let mut all = json!({"namespace": null, "engine": "calico"});
        for (name, value) in attributes.as_object().expect("attributes") {
            all[name] = value.clone();
        }
        check(&config(&all))
    };
    let policy = of(&json!({}));
    let manifests = policy.manifests.as_ref().expect("manifests");
    let text: String = manifests.iter().map(egress_engines::Manifest::to_yaml).collect();
    for name in ["kube-system", "calico-system", "calico-apiserver", "tigera-operator"] {
        assert!(text.contains(name), "{name} in {text}");
    }
    let warnings = messages(&policy.diagnostics, Severity::Warning);
    let [warning] = &warnings[..] else { panic!("one warning: {warnings:?}") };
    let expected = "allow: The policy cuts pods off from the Kubernetes API server: allow has no rule that lets the \
                    pods to the Kubernetes API server: ";
    assert!(warning.starts_with(expected), "{warning}");
    let with_api_server = json!({"allow": {"api": {"to_entities": ["kube-apiserver"], "ports": ["443"]}}});
    let with_api_server = |exempt: &Json| {
        let mut all = with_api_server.clone();
        all["exempt_namespaces"] = exempt.clone();
        all["engine"] = json!("cilium");
        messages(&of(&all).diagnostics, Severity::Warning)
    };
    assert_eq!(with_api_server(&json!(null)), [""; 0]);
    let [warning] = &with_api_server(&json!(["kube-system", "kube-public", "kube-node-lease"]))[..] else {
        panic!("one")
    };
    let expected = "exempt_namespaces: The policy is about the cluster's own components: exempt_namespaces leaves \
                    out cilium, cilium-spire, where ";
    assert!(warning.starts_with(expected), "{warning}");
}

#[test]
fn an_engine_without_a_compiler_is_told() {
    let found = messages(&check(&config(&json!({"engine": "flannel"}))).diagnostics, Severity::Error);
    assert_eq!(found.len(), 1, "{found:?}");
    let begin = "engine: The engine is not known: \"flannel\" is none of the engines that this version compiles \
                 this to: \"network-policy\"";
    assert!(found[0].starts_with(begin), "{found:?}");
}

#[test]
fn a_cluster_that_is_not_known_yet_leaves_the_manifests_unknown() {
    let later = InCluster { cluster: None, ..InCluster::default() };
    let outcome = EgressPolicy::check(&config(&json!({})), &later);
    assert!(outcome.manifests.is_none() && outcome.diagnostics.is_empty(), "{:?}", outcome.diagnostics);
}

#[test]
fn an_unconfigured_provider_does_not_guess_the_engine() {
    let domains = config(&json!({"allow": {"stripe": {"to_domains": ["api.stripe.com"], "ports": ["443"]}}}));
    assert!(
        EgressPolicy::check(&domains, &InCluster::unconfigured()).diagnostics.is_empty(),
        "an engine that knows domains may be configured"
    );
    assert!(check(&domains).diagnostics.has_errors());
}

#[test]
fn what_the_cluster_or_its_settings_decide_is_not_refused_before_they_are_known() {
    let errors = |value: &Value, in_cluster: &InCluster| {
        messages(&checked::<EgressPolicy>(value, in_cluster).diagnostics, Severity::Error)
    };
    let api_server =
        json!({"engine": "network-policy", "allow": {"r": {"to_entities": ["kube-apiserver"], "ports": ["any"]}}});
    let names = json!({"engine": "cluster-network-policy", "allow": {"r": {"to_domains": ["a.example.com"], "ports": ["any"]}}});
    let wildcard =
        json!({"engine": "ovn-kubernetes", "allow": {"r": {"to_domains": ["*.example.com"], "ports": ["443"]}}});
    for attributes in [api_server, names, wildcard] {
        let value = config(&attributes);
        assert_ne!(errors(&value, &InCluster::default()), Vec::<String>::new(), "{attributes}");
        assert_eq!(errors(&value, &InCluster::unconfigured()), Vec::<String>::new(), "{attributes}");
    }
    // A cluster that is made in the same apply: its settings are known, and its addresses are not.
    let later = InCluster { cluster: None, ..InCluster::default() };
    let value = config(&json!({"allow": {"r": {"to_entities": ["kube-apiserver"], "ports": ["any"]}}}));
    assert_eq!(errors(&value, &later), Vec::<String>::new());
    let value = config(&json!({"allow": {"r": {"to_domains": ["a.example.com"], "ports": ["any"]}}}));
    assert_eq!(errors(&value, &later).len(), 1, "no addresses make NetworkPolicy know names");
}

#[test]
fn other_spellings_of_blocks_are_told() {
    let outcome = check(&config(&rule(&json!({"to_cidrs": ["10.0.0.1/8"]}))));
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
    let mut value = config(
        &json!({"allow": {"bad": {"ports": ["any"]}, "later": {"to_cidrs": ["192.0.2.0/24"], "ports": ["any"]}}}),
    );
    let later = value.as_object_mut().and_then(|a| a.get_mut("allow")).and_then(|allow| match allow {
        Value::Map(rules) => rules.get_mut("later"),
        _ => None,
    });
    let cidrs = later.and_then(Value::as_object_mut).expect("the rule");
    cidrs.insert("to_cidrs".to_owned(), Value::UNKNOWN);
    let outcome = check(&value);
    assert!(outcome.manifests.is_none());
    let found = messages(&outcome.diagnostics, Severity::Error);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("allow[bad]: "), "{found:?}");
}

#[tokio::test]
async fn applied_objects_carry_their_owner_and_rendered_ones_do_not() {
    let labels = async |delivery: &str| {
        let value = config(&json!({"delivery": delivery, "labels": {"team": "a"}}));
        let plan = resource(Unavailable::Unknown).plan(&Context::default(), creation(&value)).await;
        let manifests = plan.planned.get("manifests").and_then(Value::as_map).expect("manifests").clone();
        let lines = manifests["NetworkPolicy/production/backend"].elements().expect("lines");
        let lines: Vec<&str> = lines.iter().filter_map(Value::as_str).collect();
        let object = object_of(&lines).expect("an object");
        let labels = object["metadata"]["labels"].as_object().expect("labels").clone();
        labels.into_iter().map(|(key, value)| format!("{key}: {}", value.as_str().expect("text"))).collect::<Vec<_>>()
    };
    assert_eq!(
        labels("apply").await,
        [
            "app.kubernetes.io/managed-by: terraform-provider-egress",
            "egress-name: backend",
            "egress-owner: acme",
            "egress-type: policy",
            "team: a"
        ]
    );
    assert_eq!(labels("render").await, ["team: a"]);
}

fn resource(kubernetes: Unavailable) -> PolicyResource {
    let session = Arc::new(Session::default());
    session.configure(Configured {
        owner: owner(),
        adoption: Adoption::Automatic,
        in_cluster: InCluster::default(),
        aws: Err(Unavailable::Unknown),
        kubernetes: Err(kubernetes),
        this_run: ThisRun::default(),
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
        let lines = manifests["NetworkPolicy/production/backend"].elements().expect("lines");
        assert_eq!(lines[..2], ["apiVersion: networking.k8s.io/v1", "kind: NetworkPolicy"].map(Value::from));
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

#[test]
fn rules_that_are_not_known_are_named_with_what_they_could_open() {
    let warned = |allow: Value, deny: Value| {
        let mut value = config(&json!({}));
        let attributes = value.as_object_mut().expect("attributes");
        attributes.extend([("allow".to_owned(), allow), ("deny".to_owned(), deny)]);
        let outcome = check(&value);
        assert!(outcome.manifests.is_none(), "the objects are not known");
        messages(&outcome.diagnostics, Severity::Warning)
    };
    let rules = warned(Value::map([("a", Value::UNKNOWN)]), Value::Null);
    assert_eq!(rules.len(), 1, "{rules:#?}");
    assert!(
        rules[0].starts_with("allow[a]: allow[\"a\"] is not known yet: ") && rules[0].contains("every port"),
        "{rules:?}"
    );
    let whole = warned(Value::UNKNOWN, Value::UNKNOWN);
    let starts = ["allow: allow is not known yet: ", "deny: deny is not known yet: "];
    assert!(
        whole.len() == 2 && whole.iter().zip(starts).all(|(message, start)| message.starts_with(start)),
        "{whole:#?}"
    );
}

#[test]
fn import_ids_are_read() {
    let named = |namespace: Value, name: &str| Value::object([("namespace", namespace), ("name", Value::from(name))]);
    assert_eq!(EgressPolicy::parse_id("production/backend"), Ok(named("production".into(), "backend")));
    assert_eq!(EgressPolicy::parse_id("default-deny"), Ok(named(Value::Null, "default-deny")));
    for id in ["/backend", "production/", "a/b/c", ""] {
        let error = EgressPolicy::parse_id(id).expect_err("no import");
        let expected = format!(
            "{id:?} is neither \"namespace/name\", such as \"production/backend\", nor \"name\" of a policy of the whole cluster."
        );
        assert_eq!((error.summary.as_str(), error.detail), ("The import id cannot be used", expected));
    }
}

/// What an import reads from an object is what the policy was planned with, without what is null.
#[test]
fn the_configuration_on_an_object_is_the_one_that_was_applied() {
    let schema = whole_schema::<EgressPolicy>();
    let planned = config(&json!({
        "allow": {"r": {"to_cidrs": ["203.0.113.0/24", "!203.0.113.128/25"], "ports": ["443"]}},
        "labels": {"team": "platform"},
    }));
    let manifests = check(&planned).manifests.expect("manifests");
    let text = configuration::text(&schema, &planned, &manifests[0]).expect("it fits");
    assert!(!text.contains("null") && !text.contains("manifests"), "{text}");
    assert_eq!(configuration::value(&schema, &text), Some(planned.clone()));
    let mut full = manifests[0].clone();
    full.metadata.annotations.insert("other".to_owned(), "x".repeat(262_144 - "other".len() - text.len()));
    assert_eq!(configuration::text(&schema, &planned, &full), None, "there is no room for it");
    assert_eq!(configuration::value(&schema, "{\"alow\":{}}"), None, "another version wrote it");
}
