//! What the EKS kinds mean beyond their CRDs.

use ipnet::IpNet;
use serde_json::Value;

use crate::tiers::rules::{check_admin_rules, is_kind};
use crate::violation::Violation;

const FIELD_DOCUMENTATION: &str = "Amazon network policy controller, field documentation of ApplicationNetworkPolicy";

/// Everything in which an EKS policy would be refused or do something else than it seems to.
pub fn check(object: &Value) -> Vec<Violation> {
    if is_kind(object, "networking.k8s.aws/", "ClusterNetworkPolicy") {
        return check_admin_rules(object, "Accept", "ports");
    }
    if is_kind(object, "networking.k8s.aws/", "ApplicationNetworkPolicy") { application(object) } else { Vec::new() }
}

/// What the schema of `NetworkPolicy` says of the same fields, and that of this kind does not.
fn application(object: &Value) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut add = |field: String, rule: &str| {
        found.push(Violation { field, rule: rule.to_owned(), source: FIELD_DOCUMENTATION });
    };
    let rules = object["spec"]["egress"].as_array().map(Vec::as_slice).unwrap_or_default();
    for (index, rule) in rules.iter().enumerate() {
        for (port_index, port) in rule["ports"].as_array().into_iter().flatten().enumerate() {
            let at = format!("spec.egress[{index}].ports[{port_index}]");
            let first = port["port"].as_u64();
            if port["endPort"].as_u64().is_some_and(|end| first.is_none_or(|first| first > end)) {
                add(format!("{at}.endPort"), "needs a port that is a number and not above it");
            }
            if port["protocol"].as_str().is_some_and(|protocol| !["TCP", "UDP", "SCTP"].contains(&protocol)) {
                add(format!("{at}.protocol"), "must be TCP, UDP or SCTP");
            }
        }
        for (peer_index, peer) in rule["to"].as_array().into_iter().flatten().enumerate() {
            let Some(block) = peer.get("ipBlock") else { continue };
            let at = format!("spec.egress[{index}].to[{peer_index}].ipBlock");
            let net = |value: &Value| value.as_str().and_then(|text| text.parse::<IpNet>().ok());
            let Some(cidr) = net(&block["cidr"]) else {
                add(format!("{at}.cidr"), "is no CIDR block");
                continue;
            };
            let outside = |except: &Value| net(except).is_none_or(|except| !cidr.contains(&except) || except == cidr);
            if block["except"].as_array().into_iter().flatten().any(outside) {
                add(format!("{at}.except"), "holds what is not a block strictly inside cidr; the policy is refused");
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::check;

    #[test]
    fn each_mistake_is_found_where_it_is() {
        let broken = |rule: Value| {
            let object = json!({"apiVersion": "networking.k8s.aws/v1alpha1", "kind": "ApplicationNetworkPolicy",
                "spec": {"egress": [rule]}});
            check(&object).into_iter().map(|violation| violation.field).collect::<Vec<_>>()
        };
        let block = |cidr: &str, except: &str| json!({"to": [{"ipBlock": {"cidr": cidr, "except": [except]}}]});
        assert_eq!(broken(block("192.0.2.0/24", "192.0.2.0/25")), Vec::<String>::new());
        assert_eq!(broken(block("192.0.2.0", "192.0.2.0/25")), ["spec.egress[0].to[0].ipBlock.cidr"]);
        assert_eq!(broken(block("192.0.2.0/24", "192.0.3.0/25")), ["spec.egress[0].to[0].ipBlock.except"]);
        assert_eq!(broken(block("192.0.2.0/24", "192.0.2.0/24")), ["spec.egress[0].to[0].ipBlock.except"]);
        let port = |port: Value| json!({"ports": [port]});
        assert_eq!(broken(port(json!({"port": 80, "endPort": 90}))), Vec::<String>::new());
        assert_eq!(broken(port(json!({"port": "web", "endPort": 90}))), ["spec.egress[0].ports[0].endPort"]);
        assert_eq!(broken(port(json!({"port": 90, "endPort": 80}))), ["spec.egress[0].ports[0].endPort"]);
        assert_eq!(broken(port(json!({"protocol": "ICMP"}))), ["spec.egress[0].ports[0].protocol"]);
    }
}
