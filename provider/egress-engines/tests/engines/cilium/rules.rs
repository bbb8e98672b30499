//! Cilium's own rules: kept by what is emitted, broken by objects as users write them, the guide's among them.

use egress_engines::engines::cilium::rules::{check, check_values};
use serde_json::{Value, json};

use crate::emitted;

#[test]
fn what_is_emitted_keeps_the_engines_rules() {
    let of_cilium = emitted::all().into_iter().filter(|emitted| emitted.engine == "cilium");
    let checked = of_cilium.map(|emitted| assert_eq!(check(&emitted.object), [], "{}", emitted.case)).count();
    assert!(checked > 40, "only {checked} objects were checked");
}

fn policy(spec: &Value) -> Value {
    let metadata = json!({"name": "x", "namespace": "shop"});
    json!({"apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy", "metadata": metadata, "spec": spec})
}

fn egress(rule: &Value) -> Value {
    policy(&json!({"endpointSelector": {}, "egress": [rule]}))
}

fn ports(rule: &Value) -> Value {
    egress(&json!({"toEntities": ["world"], "toPorts": [rule]}))
}

fn gateway(spec: &Value) -> Value {
    json!({"apiVersion": "cilium.io/v2", "kind": "CiliumEgressGatewayPolicy", "metadata": {"name": "x"}, "spec": spec})
}

/// What each object breaks: the field, and a part of the reason. Nothing else may be found.
fn assert_found(cases: &[(Value, &[(&str, &str)])]) {
    for (object, expected) in cases {
        let found = check(object);
        assert_eq!(found.len(), expected.len(), "{found:#?} in {object:#}");
        for ((field, rule), found) in expected.iter().zip(&found) {
            assert!(found.field == *field && found.rule.contains(rule), "{found} instead of {field}: {rule}");
        }
    }
}

#[test]
fn the_guides_policy_does_not_do_what_it_says() {
    let policy = policy(&json!({
        "endpointSelector": {"matchLabels": {"app": "api-client"}},
        "egress": [
            {
                "toEndpoints": [{"matchLabels": {"app": "backend-api"}}],
                "toPorts": [{"ports": [{"port": "8080", "protocol": "TCP"}], "rules": {"http": [
                    {"method": "GET", "path": "/api/v1/.*"},
                    {"method": "POST", "path": "/api/v1/orders", "headers": ["Content-Type: application/json"]},
                ]}}],
            },
            {
                "toFQDNs": [{"matchName": "api.stripe.com"}, {"matchPattern": "*.googleapis.com"}],
                "toPorts": [{"ports": [{"port": "443", "protocol": "TCP"}], "rules": {"http": [{"method": "POST", "path": "/v1/charges"}]}}],
            },
            {
                "toEndpoints": [{"matchLabels": {"k8s:io.kubernetes.pod.namespace": "kube-system", "k8s-app": "kube-dns"}}],
                "toPorts": [{"ports": [{"port": "53", "protocol": "UDP"}], "rules": {"dns": [
                    {"matchName": "api.stripe.com"}, {"matchPattern": "*.googleapis.com"}, {"matchPattern": "*.cluster.local"},
                ]}}],
            },
        ],
    }));
    assert_found(&[(
        policy,
        &[
            ("spec.egress[1].toPorts[0].rules.http", "the proxy sees TLS on port 443"),
            ("spec.egress[2].toPorts[0].rules.dns[2].matchPattern", "\"*\" is one label"),
            ("spec.egress[2].toPorts[0].ports", "over TCP"),
        ],
    )]);
}

#[test]
fn the_guides_gateway_leaves_out_what_is_not_meant_anyway() {
    let external = gateway(&json!({
        "selectors": [{"podSelector": {"matchLabels": {
            "io.kubernetes.pod.namespace": "production", "app": "api-client", "egress-gateway": "external",
        }}}],
        "destinationCIDRs": ["203.0.113.0/24", "198.51.100.0/24"],
        "excludedCIDRs": ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"],
        "egressGateway": {
            "nodeSelector": {"matchLabels": {"node-role.kubernetes.io/egress-gateway": "true"}}, "egressIP": "10.0.100.50",
        },
    }));
    let nothing = "leaving it out does nothing";
    assert_found(&[(
        external,
        &[("spec.excludedCIDRs[0]", nothing), ("spec.excludedCIDRs[1]", nothing), ("spec.excludedCIDRs[2]", nothing)],
    )]);
}

#[test]
fn the_guides_values_are_refused_or_ignored() {
    let values = json!({
        "kubeProxyReplacement": "strict",
        "egressGateway": {"enabled": true, "installRoutes": true},
        "bpf": {"masquerade": true, "hostRouting": true},
        "policyAuditMode": false,
        "ipam": {"mode": "kubernetes", "operator": {"clusterPoolIPv4PodCIDRList": ["10.244.0.0/16"]}},
    });
    let fields: Vec<String> = check_values(&values).into_iter().map(|found| found.field).collect();
    let expected = [
        "kubeProxyReplacement",
        "egressGateway.installRoutes",
        "bpf.hostRouting",
        "ipam.operator.clusterPoolIPv4PodCIDRList",
        "kubeProxyReplacement",
    ];
    assert_eq!(fields, expected);
    let right = json!({
        "kubeProxyReplacement": "true", "egressGateway": {"enabled": true}, "bpf": {"masquerade": true, "hostLegacyRouting": false},
    });
    assert_eq!(check_values(&right), []);
}

#[test]
fn what_agents_refuse_about_peers_is_told_on_its_field() {
    let set = |rule: Value| egress(&json!({"toCIDRSet": [rule]}));
    let selector = |labels: Value| egress(&json!({"toEndpoints": [{"matchLabels": labels}]}));
    let on_nodes = policy(&json!({"nodeSelector": {}, "egress": [{}]}));
    assert_found(&[
        (policy(&json!({"endpointSelector": {}, "egress": []})), &[("spec", "at least one element")]),
        (policy(&json!({"endpointSelector": {}, "egress": [{}]})), &[]),
        (policy(&json!({"egress": [{}]})), &[("spec", "endpointSelector or nodeSelector")]),
        (policy(&json!({"endpointSelector": {}, "nodeSelector": {}, "egress": [{}]})), &[("spec", "not both")]),
        (on_nodes, &[("spec.nodeSelector", "Clusterwide")]),
        (
            egress(&json!({"toEntities": ["world"], "toFQDNs": [{"matchName": "a.example"}]})),
            &[("spec.egress[0]", "toEntities and toFQDNs")],
        ),
        (egress(&json!({"toEntities": ["internet"]})), &[("spec.egress[0].toEntities[0]", "no entity")]),
        (egress(&json!({"toCIDR": ["10.0.0.0/33"]})), &[("spec.egress[0].toCIDR[0]", "neither")]),
        (set(json!({"cidr": "10.0.0.1"})), &[("spec.egress[0].toCIDRSet[0].cidr", "prefix length")]),
        (set(json!({"cidr": "10.0.0.0/8", "cidrGroupRef": "a"})), &[("spec.egress[0].toCIDRSet[0]", "exactly one")]),
        (
            set(json!({"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16", "2001:db8::/32", "11.0.0.0/8"]})),
            &[("spec.egress[0].toCIDRSet[0].except[1]", "inside"), ("spec.egress[0].toCIDRSet[0].except[2]", "inside")],
        ),
        (
            egress(
                &json!({"toFQDNs": [{"matchName": "a.example", "matchPattern": "*.a.example"}, {"matchName": "*.example"}]}),
            ),
            &[("spec.egress[0].toFQDNs[0]", "not both"), ("spec.egress[0].toFQDNs[1].matchName", "no name")],
        ),
        (
            selector(json!({"pod-template-hash": "abc"})),
            &[("spec.egress[0].toEndpoints[0].matchLabels", "out of the identities")],
        ),
        (
            selector(json!({(format!("k8s:io.cilium.k8s.namespace.labels.{}", "a".repeat(33))): "x"})),
            &[("spec.egress[0].toEndpoints[0].matchLabels", "63 characters")],
        ),
    ]);
}

#[test]
fn what_agents_refuse_about_ports_is_told_on_its_field() {
    let tcp = |port: &str| json!([{"port": port, "protocol": "TCP"}]);
    let many: Vec<Value> = (1..=41).map(|port| json!({"port": port.to_string(), "protocol": "TCP"})).collect();
    let get = || json!({"http": [{"method": "GET"}]});
    let any_name = || json!({"dns": [{"matchPattern": "*"}]});
    let at = "spec.egress[0].toPorts[0]";
    let icmp = json!({"toPorts": [{"ports": tcp("80")}], "icmps": [{"fields": [{"type": 8}]}]});
    assert_found(&[
        (egress(&icmp), &[("spec.egress[0].icmps", "beside toPorts")]),
        (ports(&json!({"ports": many})), &[(&format!("{at}.ports"), "at most 40")]),
        (ports(&json!({"ports": [{"port": 443}]})), &[(&format!("{at}.ports[0].port"), "as text")]),
        (ports(&json!({"ports": tcp("70000")})), &[(&format!("{at}.ports[0].port"), "no port")]),
        (ports(&json!({"ports": tcp("0"), "rules": get()})), &[(&format!("{at}.ports[0].port"), "every port")]),
        (
            ports(&json!({"ports": [{"port": "80", "protocol": "ANY"}], "rules": get()})),
            &[(&format!("{at}.ports[0].protocol"), "TCP only")],
        ),
        (
            ports(&json!({"ports": tcp("80"), "rules": {"http": [{}], "dns": [{"matchPattern": "*"}]}})),
            &[(&format!("{at}.rules"), "http and dns")],
        ),
        (ports(&json!({"rules": any_name()})), &[(&format!("{at}.ports"), "resolver's port")]),
        (
            ports(&json!({"ports": [{"port": "53", "endPort": 54, "protocol": "ANY"}], "rules": any_name()})),
            &[(&format!("{at}.ports[0].endPort"), "ranges")],
        ),
        (
            ports(&json!({"ports": tcp("8443"), "serverNames": ["a.example"], "rules": get()})),
            &[(&format!("{at}.serverNames"), "terminatingTLS")],
        ),
        (
            ports(&json!({"ports": tcp("80"), "rules": {"http": [{"headers": ["Content-Type:application/json"]}]}})),
            &[(&format!("{at}.rules.http[0].headers[0]"), "no blank")],
        ),
        (ports(&json!({"ports": tcp("443"), "terminatingTLS": {"secret": {"name": "a"}}, "rules": get()})), &[]),
    ]);
}

#[test]
fn what_agents_refuse_about_gateways_is_told_on_its_field() {
    let with = |change: &dyn Fn(&mut Value)| {
        let mut spec = json!({
            "selectors": [{"podSelector": {}}], "destinationCIDRs": ["192.0.2.0/24"], "egressGateway": {"nodeSelector": {}},
        });
        change(&mut spec);
        gateway(&spec)
    };
    assert_found(&[
        (with(&|_| ()), &[]),
        (with(&|spec| spec["destinationCIDRs"] = json!([])), &[("spec.destinationCIDRs", "at least one")]),
        (
            with(&|spec| spec["destinationCIDRs"] = json!(["192.0.2.1"])),
            &[("spec.destinationCIDRs[0]", "prefix length")],
        ),
        (with(&|spec| spec["selectors"] = json!([{"nodeSelector": {}}])), &[("spec.selectors[0]", "podSelector or")]),
        (
            with(&|spec| {
                spec["egressGateway"] = json!({"nodeSelector": {}, "interface": "eth1", "egressIP": "10.0.0.1"});
            }),
            &[("spec.egressGateway", "with both")],
        ),
        (
            with(&|spec| spec["egressGateways"] = json!([{"nodeSelector": {"matchLabels": {"a": "b"}}}])),
            &[("spec.egressGateway", "ignored")],
        ),
    ]);
}
