//! Rules about pools of addresses and gateways.

use std::collections::BTreeSet;

use ipnet::IpNet;
use serde_json::Value;

use super::{Found, GATEWAYS, VALIDATOR, elements, given};

const POOLS: &str = "Calico v3.32, IP pool";
const OPERATOR: &str = "Tigera operator v1.42.4, fields of EgressGateway";

pub(super) fn ip_pool(pool: &Value, found: &mut Found) {
    let spec = &pool["spec"];
    for field in ["nodeSelector", "namespaceSelector"] {
        found.selector(format!("spec.{field}"), &spec[field]);
        if spec[field].as_str().is_some_and(|text| text.contains("global(")) {
            found.add(format!("spec.{field}"), "takes no global()", VALIDATOR);
        }
    }
    // Of an ordinary pool it is right; a pool that calls itself one for egress is there for its addresses to be seen.
    let for_egress = |text: &Value| text.as_str().is_some_and(|text| text.contains("egress"));
    if spec["natOutgoing"] == true && (for_egress(&pool["metadata"]["name"]) || for_egress(&spec["nodeSelector"])) {
        found.add(
            "spec.natOutgoing",
            "replaces the pool's addresses by those of nodes on the way out, so that nobody outside sees them; write false",
            "Calico Enterprise v3.23, Troubleshoot egress gateways",
        );
    }
    let Some(text) = spec["cidr"].as_str() else { return };
    let Ok(net) = text.parse::<IpNet>() else {
        found.add("spec.cidr", "is no block of addresses", VALIDATOR);
        return;
    };
    if net.trunc() != net {
        found.add("spec.cidr", format!("has bits after its prefix; write {}", net.trunc()), VALIDATOR);
    }
    let (sizes, usual, link_local) = match net {
        IpNet::V4(_) => (20..=32, 26, "169.254.0.0/16"),
        IpNet::V6(_) => (116..=128, 122, "fe80::/10"),
    };
    if link_local.parse::<IpNet>().is_ok_and(|local| local.contains(&net) || net.contains(&local)) {
        found.add("spec.cidr", format!("has link-local addresses ({link_local}) in it"), VALIDATOR);
    }
    let size = spec["blockSize"].as_u64().filter(|size| *size > 0);
    if let Some(size) = size.filter(|size| !sizes.contains(size)) {
        let why = format!("is {size}, and must be from {} to {}", sizes.start(), sizes.end());
        found.add("spec.blockSize", why, VALIDATOR);
    }
    if u64::from(net.prefix_len()) > size.unwrap_or(usual) && spec["disabled"] != true {
        let why = format!("is smaller than one of its parts (blockSize {})", size.unwrap_or(usual));
        found.add("spec.cidr", why, POOLS);
    }
}

pub(super) fn bgp_peer(spec: &Value, found: &mut Found) {
    if spec["keepOriginalNextHop"] == true {
        let why = if given(&spec["nextHopMode"]) { "cannot stand beside nextHopMode" } else { "is deprecated" };
        let why = format!("{why}; write nextHopMode: Keep");
        found.add("spec.keepOriginalNextHop", why, "Calico v3.32, BGP peer");
    }
}

pub(super) fn egress_gateway_policy(spec: &Value, found: &mut Found) {
    if !given(&spec["rules"]) {
        found.add("spec.rules", "has no rule with a gateway or a destination", GATEWAYS);
    }
    let mut seen = BTreeSet::new();
    for (index, rule) in elements(&spec["rules"]).enumerate() {
        let at = format!("spec.rules[{index}]");
        let (cidr, gateway) = (&rule["destination"]["cidr"], &rule["gateway"]);
        if !given(cidr) && !given(gateway) {
            found.add(at.clone(), "has neither a gateway nor a destination", GATEWAYS);
        }
        match cidr.as_str().unwrap_or("0.0.0.0/0").parse::<IpNet>() {
            Ok(net) if !seen.insert(net.trunc()) => {
                let why = format!("is the destination of another rule too ({})", net.trunc());
                found.add(format!("{at}.destination.cidr"), why, GATEWAYS);
            }
            Ok(_) => {}
            Err(_) => found.add(format!("{at}.destination.cidr"), "is no block of addresses", GATEWAYS),
        }
        for field in ["selector", "namespaceSelector"].into_iter().filter(|_| !gateway.is_null()) {
            if !given(&gateway[field]) {
                found.add(format!("{at}.gateway.{field}"), "must be there, as must the other selector", GATEWAYS);
            }
            found.selector(format!("{at}.gateway.{field}"), &gateway[field]);
        }
    }
}

pub(super) fn egress_gateway(spec: &Value, found: &mut Found) {
    for (index, pool) in elements(&spec["ipPools"]).enumerate() {
        if given(&pool["name"]) == given(&pool["cidr"]) {
            found.add(format!("spec.ipPools[{index}]"), "must have one of name and cidr", OPERATOR);
        }
    }
    if !given(&spec["ipPools"]) {
        found.add("spec.ipPools", "must name a pool, of which the gateway's pods take their addresses", OPERATOR);
    }
    if given(&spec["aws"]["elasticIPs"]) && spec["aws"]["nativeIP"] != "Enabled" {
        found.add("spec.aws.elasticIPs", "needs nativeIP: Enabled", OPERATOR);
    }
    for (probe, usual_interval, usual_timeout) in [("icmpProbe", 5, 15), ("httpProbe", 10, 30)] {
        let probe_spec = &spec["egressGatewayFailureDetection"][probe];
        let interval = probe_spec["intervalSeconds"].as_u64().unwrap_or(usual_interval);
        if probe_spec.is_object() && probe_spec["timeoutSeconds"].as_u64().unwrap_or(usual_timeout) <= interval {
            let field = format!("spec.egressGatewayFailureDetection.{probe}.timeoutSeconds");
            found.add(field, format!("must be more than intervalSeconds, which is {interval}"), OPERATOR);
        }
    }
}
