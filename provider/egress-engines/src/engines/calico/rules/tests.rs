//! Faulty objects, each with what is said of it; those of the guide first.

use serde_json::{Value, json};

use super::{check, check_open_source};

fn violations(object: &Value) -> Vec<String> {
    check(object).into_iter().map(|violation| format!("{}: {}", violation.field, violation.rule)).collect()
}

fn assert_told(object: &Value, expected: &[&str]) {
    let found = violations(object);
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (violation, expected) in found.iter().zip(expected) {
        assert!(violation.starts_with(expected), "{violation:?} does not begin with {expected:?}");
    }
}

fn network_policy(egress: &Value) -> Value {
    json!({"apiVersion": "projectcalico.org/v3", "kind": "NetworkPolicy", "metadata": {"name": "p", "namespace": "n"},
        "spec": {"types": ["Egress"], "selector": "all()", "egress": egress}})
}

#[test]
fn the_guides_gateway_and_egress_policy_are_no_kinds() {
    let gateway = json!({"apiVersion": "projectcalico.org/v3", "kind": "EgressGateway",
        "spec": {"replicas": 2, "ipPool": {"cidr": "10.10.10.0/24"}}});
    assert_told(
        &gateway,
        &["kind: there is no such kind; Calico Enterprise has EgressGateway in operator.tigera.io/v1"],
    );
    let policy = json!({"apiVersion": "projectcalico.org/v3", "kind": "EgressPolicy",
        "spec": {"selector": "app == \"api-client\"", "destination": [{"cidr": "203.0.113.0/24"}]}});
    assert_told(&policy, &["kind: there is no such kind; Calico Enterprise has EgressGatewayPolicy"]);
}

#[test]
fn the_guides_pool_hides_its_addresses() {
    let pool = json!({"apiVersion": "projectcalico.org/v3", "kind": "IPPool", "metadata": {"name": "egress-ippool"},
        "spec": {"cidr": "10.10.10.0/24", "natOutgoing": true, "nodeSelector": "egress-gateway == \"true\"", "blockSize": 29}});
    assert_told(&pool, &["spec.natOutgoing: replaces the pool's addresses by those of nodes"]);
}

#[test]
fn the_guides_peer_has_a_deprecated_field() {
    let peer = json!({"apiVersion": "projectcalico.org/v3", "kind": "BGPPeer",
        "spec": {"peerIP": "192.168.1.1", "asNumber": 64513, "keepOriginalNextHop": true}});
    assert_told(&peer, &["spec.keepOriginalNextHop: is deprecated; write nextHopMode: Keep"]);
}

#[test]
fn the_guides_names_are_not_in_open_source() {
    let policy = network_policy(&json!([{"action": "Allow", "protocol": "TCP",
        "destination": {"domains": ["api.stripe.com", "*.googleapis.com"], "ports": [443]}}]));
    assert_eq!(check(&policy), []);
    let found = check_open_source(&policy);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].field, "spec.egress[0].destination.domains");
}

#[test]
fn the_guides_default_deny_stops_the_cluster_itself() {
    let dns = json!({"action": "Allow", "protocol": "UDP", "destination": {"selector": "k8s-app == 'kube-dns'",
        "namespaceSelector": "projectcalico.org/name == 'kube-system'", "ports": [53]}});
    let policy = json!({"apiVersion": "projectcalico.org/v3", "kind": "GlobalNetworkPolicy", "metadata": {"name": "default-deny-egress"},
        "spec": {"selector": "all()", "types": ["Egress"], "egress": [dns]}});
    assert_told(
        &policy,
        &[
            "spec.selector: selects every pod, those of kube-system",
            "spec.egress: allows DNS over UDP and not over TCP",
        ],
    );
}

#[test]
fn nothing_is_written_to_calicos_store() {
    let policy = json!({"apiVersion": "crd.projectcalico.org/v1", "kind": "NetworkPolicy"});
    assert_told(&policy, &["apiVersion: is how Calico stores its objects"]);
}

#[test]
fn rules_of_policies_are_those_of_the_validator() {
    for (rule, expected) in [
        (
            json!({"action": "Allow", "destination": {"ports": [80]}}),
            "spec.egress[0].destination.ports[0]: needs protocol TCP",
        ),
        (json!({"action": "Allow", "destination": {"ports": ["http"]}}), ""),
        (
            json!({"action": "Allow", "protocol": "ICMP", "destination": {"ports": ["http"]}}),
            "spec.egress[0].destination.ports[0]: needs protocol TCP",
        ),
        (
            json!({"action": "Allow", "protocol": "TCP", "destination": {"ports": ["9:8"]}}),
            "spec.egress[0].destination.ports[0]: is no port",
        ),
        (json!({"action": "Allow", "protocol": "tcp"}), "spec.egress[0].protocol: is none of TCP"),
        (json!({"action": "Allow", "protocol": 0}), "spec.egress[0].protocol: is none of TCP"),
        (json!({"action": "Allow", "protocol": 47}), ""),
        (json!({"action": "Allow", "icmp": {"type": 8}}), "spec.egress[0].icmp: needs protocol ICMP"),
        (json!({"action": "Allow", "protocol": "ICMP", "icmp": {"code": 0}}), "spec.egress[0].icmp.code: needs type"),
        (json!({"action": "Allow", "protocol": "ICMPv6", "ipVersion": 4}), "spec.egress[0].ipVersion: must be 6"),
        (
            json!({"action": "Allow", "destination": {"nets": ["10.0.0.0/8", "2001:db8::/32"]}}),
            "spec.egress[0]: has IPv4 and IPv6 blocks",
        ),
        (
            json!({"action": "Allow", "ipVersion": 6, "destination": {"nets": ["10.0.0.0/8"]}}),
            "spec.egress[0].ipVersion: is 6, and the blocks are of version 4",
        ),
        (
            json!({"action": "Allow", "destination": {"notNets": ["0.0.0.0/0"]}}),
            "spec.egress[0].destination.notNets[0]: leaves out every address",
        ),
        (
            json!({"action": "Allow", "destination": {"nets": ["10.0.0.1"]}}),
            "spec.egress[0].destination.nets[0]: is no block",
        ),
        (
            json!({"action": "Allow", "destination": {"selector": "a = 'b'"}}),
            "spec.egress[0].destination.selector: is no selector",
        ),
        (
            json!({"action": "Allow", "destination": {"namespaceSelector": "global() && has(a)"}}),
            "spec.egress[0].destination.namespaceSelector: global() stands alone",
        ),
        (json!({"action": "Allow", "destination": {"namespaceSelector": "global()"}}), ""),
        (
            json!({"action": "Allow", "destination": {"services": {"name": "a"}, "selector": "all()"}}),
            "spec.egress[0].destination.selector: cannot stand beside services",
        ),
        (
            json!({"action": "Allow", "source": {"services": {"name": "a"}}}),
            "spec.egress[0].source.services: is for the destination of egress rules",
        ),
        (json!({"action": "Allow", "http": {"methods": ["GET"]}}), "spec.egress[0].http: is for ingress rules only"),
        (
            json!({"action": "Deny", "destination": {"domains": ["a.example.com"]}}),
            "spec.egress[0].destination.domains: is for the destination of egress rules that allow",
        ),
        (
            json!({"action": "Allow", "destination": {"domains": ["*.*.example.com"]}}),
            "spec.egress[0].destination.domains[0]: may have one *",
        ),
        (json!({"action": "Allow", "destination": {"domains": ["a.*.example.com"]}}), ""),
    ] {
        let expected: &[&str] = if expected.is_empty() { &[] } else { &[expected] };
        assert_told(&network_policy(&json!([rule])), expected);
    }
}

#[test]
fn a_name_with_a_dot_is_that_of_a_tier() {
    let named = |name: &str| {
        let mut policy = network_policy(&json!([]));
        policy["metadata"]["name"] = json!(name);
        policy
    };
    assert_told(&named("default.p"), &[]);
    assert_told(&named("team.p"), &["metadata.name: what stands before the dot is the name of a tier"]);
    assert_told(&named("a.b.c"), &["metadata.name: must be lowercase"]);
}

#[test]
fn pools_have_whole_parts() {
    for (spec, expected) in [
        (json!({"cidr": "10.0.0.1/24"}), "spec.cidr: has bits after its prefix; write 10.0.0.0/24"),
        (json!({"cidr": "10.0.0.0/29"}), "spec.cidr: is smaller than one of its parts (blockSize 26)"),
        (json!({"cidr": "10.0.0.0/29", "blockSize": 32}), ""),
        (json!({"cidr": "10.0.0.0/8", "blockSize": 19}), "spec.blockSize: is 19, and must be from 20 to 32"),
        (json!({"cidr": "2001:db8::/64", "blockSize": 128}), ""),
        (json!({"cidr": "169.254.0.0/20"}), "spec.cidr: has link-local addresses"),
    ] {
        let pool =
            json!({"apiVersion": "projectcalico.org/v3", "kind": "IPPool", "metadata": {"name": "p"}, "spec": spec});
        let expected: &[&str] = if expected.is_empty() { &[] } else { &[expected] };
        assert_told(&pool, expected);
    }
}

#[test]
fn gateway_policies_have_a_gateway_for_each_destination() {
    let policy = |rules: Value| json!({"apiVersion": "projectcalico.org/v3", "kind": "EgressGatewayPolicy", "metadata": {"name": "p"}, "spec": {"rules": rules}});
    let red = json!({"selector": "egress-code == 'red'", "namespaceSelector": "projectcalico.org/name == 'default'"});
    assert_told(&policy(json!([{"gateway": red}, {"destination": {"cidr": "10.0.0.0/8"}}])), &[]);
    for (rules, expected) in [
        (json!([]), "spec.rules: has no rule"),
        (json!([{"description": "nothing"}]), "spec.rules[0]: has neither a gateway nor a destination"),
        (
            json!([{"gateway": red}, {"destination": {"cidr": "0.0.0.0/0"}}]),
            "spec.rules[1].destination.cidr: is the destination of another rule too (0.0.0.0/0)",
        ),
        (json!([{"gateway": {"selector": "has(a)"}}]), "spec.rules[0].gateway.namespaceSelector: must be there"),
    ] {
        assert_told(&policy(rules), &[expected]);
    }
}

#[test]
fn gateways_have_pools_and_probes_have_time() {
    let gateway = json!({"apiVersion": "operator.tigera.io/v1", "kind": "EgressGateway", "spec": {
        "ipPools": [{"name": "a", "cidr": "10.0.0.0/30"}], "aws": {"elasticIPs": ["192.0.2.1"]},
        "egressGatewayFailureDetection": {"icmpProbe": {"ips": ["192.0.2.1"], "timeoutSeconds": 5}}}});
    assert_told(
        &gateway,
        &[
            "spec.ipPools[0]: must have one of name and cidr",
            "spec.aws.elasticIPs: needs nativeIP: Enabled",
            "spec.egressGatewayFailureDetection.icmpProbe.timeoutSeconds: must be more than intervalSeconds, which is 5",
        ],
    );
}
