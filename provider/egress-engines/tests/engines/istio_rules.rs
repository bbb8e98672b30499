//! Istio's rules on all that is emitted for it, on the faulty objects of the guide, and on Istio's own test objects.

use std::path::Path;

use crd_check::{Definitions, MISSING};
use egress_engines::engines::istio::rules::{check, check_together};
use serde_json::{Value, json};

use crate::emitted;

#[test]
fn what_is_emitted_keeps_the_rules() {
    let all: Vec<_> = emitted::all().into_iter().filter(|emitted| emitted.engine == "istio").collect();
    for emitted in &all {
        assert_eq!(check(&emitted.object), [], "{}", emitted.case);
    }
    assert!(all.len() > 80, "only {} objects were checked", all.len());
    for case in all.chunk_by(|a, b| a.case == b.case) {
        let objects: Vec<_> = case.iter().map(|emitted| emitted.object.clone()).collect();
        assert_eq!(check_together(&objects), [], "{}", case[0].case);
    }
}

fn object(kind: &str, spec: &Value) -> Value {
    let group = if kind == "AuthorizationPolicy" { "security" } else { "networking" };
    json!({
        "apiVersion": format!("{group}.istio.io/v1"),
        "kind": kind,
        "metadata": {"name": "a", "namespace": "istio-system"},
        "spec": spec,
    })
}

fn entry(hosts: &[&str], resolution: &str, ports: &Value) -> Value {
    object(
        "ServiceEntry",
        &json!({"hosts": hosts, "resolution": resolution, "location": "MESH_EXTERNAL", "ports": ports}),
    )
}

fn port(number: u16, name: &str, protocol: &str) -> Value {
    json!({"number": number, "name": name, "protocol": protocol})
}

fn https() -> Value {
    json!([port(443, "https", "HTTPS")])
}

fn fields(object: &Value) -> Vec<String> {
    check(object).into_iter().map(|violation| violation.field).collect()
}

/// The guide's entries, its route for all of them, its operator and its policies.
#[test]
fn the_guides_mistakes_are_told_on_their_field() {
    let google = entry(&["*.googleapis.com", "accounts.google.com", "oauth2.googleapis.com"], "DNS", &https());
    let payment = entry(&["api.stripe.com", "*.paypal.com", "api.braintreegateway.com"], "DNS", &https());
    let monitoring = entry(&["*.datadoghq.com", "*.newrelic.com", "*.pagerduty.com"], "DNS", &https());
    let to_gateway = json!({"host": "istio-egressgateway.istio-system.svc.cluster.local", "port": {"number": 443}});
    let all_external = object(
        "VirtualService",
        &json!({
            "hosts": ["*.googleapis.com", "api.stripe.com", "*.datadoghq.com"],
            "gateways": ["mesh", "egress-gateway"],
            "tls": [{"match": [{"gateways": ["mesh"], "port": 443}], "route": [{"destination": to_gateway}]}],
        }),
    );
    let authorized = object(
        "AuthorizationPolicy",
        &json!({"action": "ALLOW", "rules": [{
            "from": [{"source": {
                "namespaces": ["production"],
                "principals": ["cluster.local/ns/production/sa/api-service"],
            }}],
            "to": [{"operation": {"hosts": ["api.stripe.com"], "ports": ["443"]}}],
        }]}),
    );
    let operator = json!({"apiVersion": "install.istio.io/v1alpha1", "kind": "IstioOperator", "spec": {}});
    let cases: [(Value, &[&str]); 6] = [
        (google, &["spec.hosts[0]"]),
        (payment, &["spec.hosts[1]"]),
        (monitoring, &["spec.hosts[0]", "spec.hosts[1]", "spec.hosts[2]"]),
        (all_external.clone(), &["spec.tls[0].match[0].sniHosts"]),
        (authorized, &["spec.rules[0].from[0].source"]),
        (operator, &["kind"]),
    ];
    for (object, expected) in cases {
        assert_eq!(fields(&object), expected, "{object:#}");
    }
    let together = check_together(&[all_external]);
    assert_eq!(together.iter().map(|(_, found)| found.field.as_str()).collect::<Vec<_>>(), ["spec"]);
}

/// The guide's gateway, which passes TLS through, with its policies and its destination rule.
#[test]
fn what_contradicts_a_passed_through_connection_is_told() {
    let gateway = object(
        "Gateway",
        &json!({"selector": {"istio": "egressgateway"}, "servers": [
            {"port": port(443, "tls", "TLS"), "hosts": ["api.external.com"], "tls": {"mode": "PASSTHROUGH"}},
        ]}),
    );
    let policy = |action: &str, rule: Value| {
        let selector = json!({"matchLabels": {"istio": "egressgateway"}});
        object("AuthorizationPolicy", &json!({"selector": selector, "action": action, "rules": [rule]}))
    };
    let allow = policy(
        "ALLOW",
        json!({
            "from": [{"source": {"namespaces": ["monitoring"]}}],
            "to": [{"operation": {"hosts": ["*.datadoghq.com"], "ports": ["443"]}}],
        }),
    );
    let deny = policy(
        "DENY",
        json!({
            "from": [{"source": {"notNamespaces": ["production"]}}],
            "to": [{"operation": {"notHosts": ["*.cluster.local"]}}],
        }),
    );
    let simple = object(
        "DestinationRule",
        &json!({"host": "api.external.com", "trafficPolicy": {"tls": {"mode": "SIMPLE", "sni": "api.external.com"}}}),
    );
    let objects =
        [gateway, allow, deny, simple, entry(&["api.external.com"], "DNS", &json!([port(443, "https", "TLS")]))];
    for object in &objects {
        assert_eq!(fields(object), Vec::<String>::new(), "alone it is taken: {object:#}");
    }
    let found: Vec<_> =
        check_together(&objects).into_iter().map(|(index, violation)| (index, violation.field)).collect();
    let expected = [
        (1, "spec.rules[0].to[0].operation.hosts"),
        (1, "spec.rules[0].from[0].source"),
        (2, "spec.rules[0].to[0].operation.notHosts"),
        (2, "spec.rules[0].from[0].source"),
        (3, "spec.trafficPolicy.tls.mode"),
    ];
    assert_eq!(found, expected.map(|(index, field)| (index, field.to_owned())));
}

#[test]
fn further_mistakes_are_told_on_their_field() {
    let tls = || json!([port(443, "tls", "TLS")]);
    let tcp = || json!([port(5432, "tcp", "TCP")]);
    let server = |protocol: &str, tls: Value| {
        object(
            "Gateway",
            &json!({"servers": [{"port": port(443, "a", protocol), "hosts": ["./a.example.com"], "tls": tls}]}),
        )
    };
    let routes = |hosts: &[&str], sni: &[&str]| {
        let route = json!([{"destination": {"host": "a.example.com"}}]);
        object("VirtualService", &json!({"hosts": hosts, "tls": [{"match": [{"sniHosts": sni}], "route": route}]}))
    };
    let with = |mut object: Value, field: &str, value: Value| {
        object["spec"][field] = value;
        object
    };
    let rules = |action: &str, rules: Value| object("AuthorizationPolicy", &json!({"action": action, "rules": rules}));
    let condition = |key: &str, values: &[&str]| rules("ALLOW", json!([{"when": [{"key": key, "values": values}]}]));
    let subset = |tls: Value| {
        object(
            "DestinationRule",
            &json!({"host": "a.example.com", "subsets": [{"name": "a", "trafficPolicy": {"tls": tls}}]}),
        )
    };
    let named = |name: &str| {
        let mut gateway = server("TLS", json!({"mode": "ISTIO_MUTUAL"}));
        gateway["metadata"]["name"] = name.into();
        gateway
    };
    let cases = [
        (entry(&["*"], "NONE", &tls()), "spec.hosts[0]"),
        (entry(&["*bar.example.com"], "NONE", &tls()), "spec.hosts[0]"),
        (entry(&["a.example.com"], "DYNAMIC_DNS", &tls()), "spec.hosts[0]"),
        (entry(&["*.example.com"], "DYNAMIC_DNS", &https()), "spec.ports[0].protocol"),
        (entry(&["a.example.com", "b.example.com"], "DNS", &tcp()), "spec.ports"),
        (entry(&["a.example.com"], "NONE", &tcp()), "spec.addresses"),
        (entry(&["a.example.com"], "DNS", &json!([port(1, "a", "TLS"), port(2, "a", "TLS")])), "spec.ports[1].name"),
        (entry(&["a.example.com"], "DNS", &json!([port(1, "a", "TLS"), port(1, "b", "TLS")])), "spec.ports[1].number"),
        (with(entry(&["a.example.com"], "DNS", &tls()), "addresses", json!(["192.0.2.0/24"])), "spec.addresses"),
        (
            with(entry(&["a.example.com"], "NONE", &tls()), "endpoints", json!([{"address": "192.0.2.1"}])),
            "spec.endpoints",
        ),
        (with(entry(&["a.example.com"], "DNS", &tls()), "exportTo", json!([".", "istio-system"])), "spec.exportTo[1]"),
        (server("TLS", Value::Null), "spec.servers[0].tls"),
        (server("HTTP", json!({"mode": "SIMPLE"})), "spec.servers[0].tls"),
        (server("TLS", json!({"mode": "ISTIO_MUTUAL", "credentialName": "a"})), "spec.servers[0].tls.credentialName"),
        (named("a.b"), "metadata.name"),
        (routes(&["*.example.com", "a.example.com"], &["a.example.com"]), "spec.hosts[1]"),
        (routes(&["a.example.com"], &["b.example.com"]), "spec.tls[0].match[0].sniHosts[0]"),
        (with(routes(&["a.example.com"], &["a.example.com"]), "gateways", json!(["a/b.c"])), "spec.gateways[0]"),
        (subset(json!({"mode": "ISTIO_MUTUAL", "privateKey": "a"})), "spec.subsets[0].trafficPolicy.tls.privateKey"),
        (rules("DENY", json!([])), "spec.rules"),
        (rules("ALLOW", json!([])), "spec.rules"),
        (rules("ALLOW", json!([{"to": []}])), "spec.rules[0].to"),
        (condition("connection.sni", &[]), "spec.rules[0].when[0]"),
        (condition("connection.snis", &["a"]), "spec.rules[0].when[0].key"),
    ];
    for (object, field) in cases {
        assert_eq!(fields(&object), [field], "{object:#}");
    }
}

fn documents(file: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(file).expect("the file");
    let documents =
        text.split("\n---").filter(|document| document.contains("\nkind:") || document.starts_with("kind:"));
    // One of them is YAML to Go only.
    documents.filter_map(|document| serde_yaml_ng::from_str(document).ok()).collect()
}

/// Istio's own objects: those that it takes break no rule, and what is wrong with others beyond their types is found.
#[test]
fn istios_own_test_objects_are_judged_as_istio_does() {
    let folder = Definitions::folder().map(|folder| folder.join("istio/testdata"));
    let Some(folder) = folder.filter(|folder| folder.is_dir()) else {
        eprintln!("skipped: {MISSING}");
        return;
    };
    let mut taken = 0;
    for file in ["authz-valid.yaml", "destinationrule-valid.yaml", "serviceentry-valid.yaml", "telemetry-valid.yaml"] {
        for object in documents(&folder.join(file)) {
            // What the webhook refuses: that a rule does not do what it says is no concern of these objects.
            let refused = check(&object).into_iter().find(|violation| violation.source.contains("validation.go"));
            assert_eq!(refused, None, "{file}: {object:#}");
            taken += 1;
        }
    }
    assert!(taken > 5, "only {taken} objects were judged");
    let violations = |file: &str| {
        let wrong = documents(&folder.join(file)).into_iter().filter(|object| !check(object).is_empty());
        wrong.map(|object| object["metadata"]["name"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(violations("authz-invalid.yaml").len(), 2);
    let expected = [
        "no-spec",
        "missing-host",
        "selector-and-endpoints",
        "bad-host-wildcard",
        "bad-cidr-resolution",
        "duplicate-ports-name",
        "duplicate-ports-number",
        "bad-port",
        "bad-port-target",
        "none-with-endpoints",
        "dns-rr-with-multiple-endpoints",
    ];
    assert_eq!(violations("serviceentry-invalid.yaml"), expected);
}
