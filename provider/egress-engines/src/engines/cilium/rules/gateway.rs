//! Rules about `CiliumEgressGatewayPolicy`.

use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::Value;

use super::peers::check_selector;
use super::{Found, items, numbered};

const PARSER: &str = "Cilium 1.20, pkg/egressgateway/policy.go";
const DOCUMENTATION: &str = "Cilium documentation, \"Egress Gateway\"";

pub(super) fn check(object: &Value, found: &mut Found) {
    let spec = &object["spec"];
    if object["metadata"].get("namespace").is_some() {
        found.add(DOCUMENTATION, "metadata.namespace", "the kind is of the whole cluster");
    }
    if items(&spec["destinationCIDRs"]).is_empty() {
        found.add(PARSER, "spec.destinationCIDRs", "names at least one block");
    }
    let blocks = |field: &str, found: &mut Found| -> Vec<(String, IpNet)> {
        let all = numbered(&spec[field], &format!("spec.{field}"));
        all.into_iter()
            .filter_map(|(at, block)| {
                let net = block.as_str().and_then(|text| text.parse().ok());
                if net.is_none() {
                    found.add(PARSER, &at, format!("{block} is no block with a prefix length"));
                }
                Some((at, net?))
            })
            .collect()
    };
    let destinations = blocks("destinationCIDRs", found);
    for (at, excluded) in blocks("excludedCIDRs", found) {
        if !destinations.iter().any(|(_, block)| block.contains(&excluded)) {
            let why = format!("{excluded} is in no destination, so that leaving it out does nothing");
            found.add(DOCUMENTATION, at, why);
        }
    }
    sources(spec, found);
    gateways(spec, found);
}

fn sources(spec: &Value, found: &mut Found) {
    for (at, source) in numbered(&spec["selectors"], "spec.selectors") {
        if source.get("podSelector").is_none() && source.get("namespaceSelector").is_none() {
            found.add(PARSER, &at, "needs podSelector or namespaceSelector; nodeSelector only narrows them");
        }
        check_selector(&source["podSelector"], &format!("{at}.podSelector"), found);
    }
}

fn gateways(spec: &Value, found: &mut Found) {
    let several = numbered(&spec["egressGateways"], "spec.egressGateways");
    let one = &spec["egressGateway"];
    if !several.is_empty() && !one.is_null() && !several.iter().any(|(_, gateway)| *gateway == one) {
        found.add(DOCUMENTATION, "spec.egressGateway", "is ignored beside egressGateways");
    }
    if several.is_empty() && one.is_null() {
        found.add(PARSER, "spec.egressGateway", "names the gateway");
    }
    let one = (!one.is_null()).then(|| ("spec.egressGateway".to_owned(), one));
    for (at, gateway) in several.into_iter().chain(one) {
        let address = gateway["egressIP"].as_str().filter(|text| !text.is_empty());
        if address.is_some() && gateway["interface"].as_str().is_some_and(|name| !name.is_empty()) {
            found.add(PARSER, &at, "has egressIP or interface; with both the policy is ignored");
        }
        if address.is_some_and(|text| text.parse::<IpAddr>().is_err()) {
            found.add(PARSER, format!("{at}.egressIP"), "is no IP address");
        }
    }
}
