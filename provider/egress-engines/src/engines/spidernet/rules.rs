//! Spidernet's own rules about its objects: what its admission webhooks refuse, and what they take and do not do.
//!
//! Source: `pkg/controller/webhook/validate.go`, `pkg/egressgateway/egress_gateway_webhook.go` and the reference of `EgressGateway`
//! 0.6.9.

use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::Value;

use crate::violation::Violation;

const POLICIES: &str = "EgressGateway 0.6.9, pkg/controller/webhook/validate.go";
const GATEWAYS: &str = "EgressGateway 0.6.9, pkg/egressgateway/egress_gateway_webhook.go";
const REFERENCE: &str = "EgressGateway 0.6.9, reference of EgressPolicy";

/// What one object breaks. Objects of other kinds break nothing.
pub fn check(object: &Value) -> Vec<Violation> {
    let is_theirs =
        object["apiVersion"].as_str().is_some_and(|version| version.starts_with("egressgateway.spidernet.io/"));
    match object["kind"].as_str() {
        Some("EgressGateway") if is_theirs => gateway(&object["spec"]),
        Some("EgressPolicy" | "EgressClusterPolicy") if is_theirs => policy(&object["spec"]),
        _ => Vec::new(),
    }
}

fn violation(source: &'static str, field: &str, rule: impl Into<String>) -> Violation {
    Violation { field: field.to_owned(), rule: rule.into(), source }
}

/// Whether a selector selects by anything.
fn selects(selector: &Value) -> bool {
    let labels = selector["matchLabels"].as_object().is_some_and(|labels| !labels.is_empty());
    labels || selector["matchExpressions"].as_array().is_some_and(|expressions| !expressions.is_empty())
}

fn is_empty(list: &Value) -> bool {
    list.as_array().is_none_or(Vec::is_empty)
}

fn gateway(spec: &Value) -> Vec<Violation> {
    let mut found = Vec::new();
    if !selects(&spec["nodeSelector"]["selector"]) {
        found.push(violation(GATEWAYS, "spec.nodeSelector.selector", "must select nodes by something"));
    }
    let pools = &spec["ippools"];
    // Ranges are counted by the webhook; here only lists of single addresses are.
    let single = |list: &Value| {
        let texts = list.as_array().into_iter().flatten().map(|text| text.as_str().unwrap_or_default());
        texts.map(|text| text.parse::<IpAddr>().ok()).collect::<Option<Vec<_>>>()
    };
    let (ipv4, ipv6) = (single(&pools["ipv4"]), single(&pools["ipv6"]));
    if let (Some(ipv4), Some(ipv6)) = (&ipv4, &ipv6)
        && !ipv4.is_empty()
        && !ipv6.is_empty()
        && ipv4.len() != ipv6.len()
    {
        found.push(violation(GATEWAYS, "spec.ippools", "has as many IPv4 as IPv6 addresses where it has both"));
    }
    for (field, list) in [("ipv4DefaultEIP", &ipv4), ("ipv6DefaultEIP", &ipv6)] {
        let default = pools[field].as_str().filter(|text| !text.is_empty());
        if let (Some(default), Some(list)) = (default, list)
            && !default.parse().is_ok_and(|address| list.contains(&address))
        {
            found.push(violation(GATEWAYS, &format!("spec.ippools.{field}"), format!("{default} is not in the pool")));
        }
    }
    found
}

fn policy(spec: &Value) -> Vec<Violation> {
    let mut found = Vec::new();
    if spec["egressGatewayName"].as_str().is_none_or(str::is_empty) {
        let rule = "must name a gateway, unless the namespace or the cluster has a default one";
        found.push(violation(POLICIES, "spec.egressGatewayName", rule));
    }
    let ip = &spec["egressIP"];
    let family = |field: &str| ip[field].as_str().filter(|text| !text.is_empty());
    if ip["useNodeIP"] == true && (family("ipv4").is_some() || family("ipv6").is_some()) {
        found.push(violation(POLICIES, "spec.egressIP.useNodeIP", "cannot stand beside ipv4 or ipv6"));
    }
    for (field, is) in [("ipv4", IpAddr::is_ipv4 as fn(&IpAddr) -> bool), ("ipv6", IpAddr::is_ipv6)] {
        if family(field).is_some_and(|text| !text.parse().is_ok_and(|address| is(&address))) {
            found.push(violation(POLICIES, &format!("spec.egressIP.{field}"), "is no address of this family"));
        }
    }
    let applied_to = &spec["appliedTo"];
    if is_empty(&applied_to["podSubnet"]) {
        if !selects(&applied_to["podSelector"]) {
            found.push(violation(POLICIES, "spec.appliedTo.podSelector", "must select pods by something"));
        }
    } else {
        found.push(violation(REFERENCE, "spec.appliedTo.podSubnet", "is in the schema and not implemented"));
        if selects(&applied_to["podSelector"]) {
            found.push(violation(POLICIES, "spec.appliedTo.podSubnet", "cannot stand beside podSelector"));
        }
    }
    for (index, subnet) in spec["destSubnet"].as_array().into_iter().flatten().enumerate() {
        if subnet.as_str().is_none_or(|text| text.parse::<IpNet>().is_err()) {
            found.push(violation(POLICIES, &format!("spec.destSubnet[{index}]"), "is no block of addresses"));
        }
    }
    found
}
