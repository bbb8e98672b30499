//! Antrea's own rules about its policies, egresses and pools: what its admission webhooks refuse, and what they take though it
//! selects nothing.
//!
//! Source: `pkg/controller/networkpolicy/validate.go`, `pkg/controller/egress/validate.go`,
//! `pkg/controller/externalippool/validate.go` and the documentation ("Egress") of Antrea 2.7.

use std::collections::BTreeSet;

use ipnet::IpNet;
use serde_json::Value;

use crate::violation::Violation;

const POLICIES: &str = "Antrea 2.7, pkg/controller/networkpolicy/validate.go";
const EGRESSES: &str = "Antrea 2.7, pkg/controller/egress/validate.go";
const EGRESS_DOCUMENTATION: &str = "Antrea 2.7, documentation, \"Egress\"";

/// What one object breaks. Objects of kinds that are not Antrea's break nothing.
pub fn check(object: &Value) -> Vec<Violation> {
    let is_antrea = object["apiVersion"].as_str().is_some_and(|version| version.starts_with("crd.antrea.io/"));
    let mut found = Vec::new();
    match object["kind"].as_str() {
        Some("NetworkPolicy" | "ClusterNetworkPolicy") if is_antrea => policy(&object["spec"], &mut found),
        Some("Egress") if is_antrea => egress(&object["spec"], &mut found),
        Some("ExternalIPPool") if is_antrea => pool(&object["spec"], &mut found),
        _ => {}
    }
    found
}

fn add(found: &mut Vec<Violation>, source: &'static str, field: impl Into<String>, rule: impl Into<String>) {
    found.push(Violation { field: field.into(), rule: rule.into(), source });
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// The rules of both directions, each with its path.
fn rules(spec: &Value) -> impl Iterator<Item = (String, &Value)> {
    ["ingress", "egress"].into_iter().flat_map(move |direction| {
        let rules = items(&spec[direction]).iter().enumerate();
        rules.map(move |(index, rule)| (format!("spec.{direction}[{index}]"), rule))
    })
}

fn policy(spec: &Value, found: &mut Vec<Violation>) {
    applied_to(spec, found);
    let mut names = BTreeSet::new();
    for (at, rule) in rules(spec) {
        // A rule without a name gets one from its content.
        let name = rule["name"].as_str().map_or_else(|| rule.to_string(), str::to_owned);
        if !names.insert(name) {
            add(found, POLICIES, format!("{at}.name"), "names of rules are unique, and two rules without one differ");
        }
        let is_baseline = spec["tier"].as_str().is_some_and(|tier| tier.eq_ignore_ascii_case("baseline"));
        if is_baseline && rule["action"] == "Pass" {
            add(found, POLICIES, format!("{at}.action"), "Pass is not for the baseline tier");
        }
        for (field, peers) in [("from", &rule["from"]), ("to", &rule["to"])] {
            for (index, one) in items(peers).iter().enumerate() {
                peer(one, &format!("{at}.{field}[{index}]"), found);
            }
        }
        let with_services = ["to", "ports", "protocols"].into_iter().find(|field| !items(&rule[*field]).is_empty());
        if let (true, Some(other)) = (rule["toServices"].is_array(), with_services) {
            add(found, POLICIES, format!("{at}.toServices"), format!("cannot stand beside {other}"));
        }
        multicast(rule, &at, found);
        igmp(rule, &at, found);
        layer7(rule, &at, found);
        ports(rule, &at, found);
    }
}

/// How many fields of an object are set.
fn fields(value: &Value) -> usize {
    value.as_object().map_or(0, serde_json::Map::len)
}

fn applied_to(spec: &Value, found: &mut Vec<Violation>) {
    let in_spec = !items(&spec["appliedTo"]).is_empty();
    let all: Vec<_> = rules(spec).collect();
    let with = all.iter().filter(|(_, rule)| !items(&rule["appliedTo"]).is_empty()).count();
    let at = "spec.appliedTo";
    if in_spec && with > 0 {
        add(found, POLICIES, at, "stands in the spec or in the rules, not in both");
    } else if !in_spec && with == 0 {
        add(found, POLICIES, at, "must stand in the spec or in every rule");
    } else if with > 0 && with < all.len() {
        add(found, POLICIES, at, "must stand in every rule where it stands in one");
    }
    let has_egress = !items(&spec["egress"]).is_empty();
    let one = |path: &str, is_egress: bool, list: &Value, found: &mut Vec<Violation>| {
        let list = items(list);
        for (index, element) in list.iter().enumerate() {
            let at = format!("{path}[{index}]");
            for alone in ["group", "nodeSelector", "serviceAccount", "service"] {
                if element.get(alone).is_some() && fields(element) > 1 {
                    add(found, POLICIES, &at, format!("{alone} stands beside no other field"));
                }
            }
            if element.get("service").is_some() && is_egress {
                add(found, POLICIES, &at, "egress rules are not applied to Services");
            }
        }
        let services = list.iter().filter(|element| element.get("service").is_some()).count();
        if services > 0 && services < list.len() {
            add(found, POLICIES, path, "names Services or something else, not both");
        }
    };
    one(at, has_egress, &spec["appliedTo"], found);
    for (path, rule) in &all {
        one(&format!("{path}.appliedTo"), path.starts_with("spec.egress"), &rule["appliedTo"], found);
    }
}

fn peer(peer: &Value, at: &str, found: &mut Vec<Violation>) {
    if peer.get("namespaces").is_some() && peer.get("namespaceSelector").is_some() {
        add(found, POLICIES, at, "namespaces and namespaceSelector exclude each other");
    }
    if fields(&peer["namespaces"]) > 1 {
        add(found, POLICIES, format!("{at}.namespaces"), "has one of match and sameLabels");
    }
    for alone in ["group", "serviceAccount", "nodeSelector"] {
        if peer.get(alone).is_some() && fields(peer) > 1 {
            add(found, POLICIES, at, format!("{alone} stands beside no other field"));
        }
    }
    if let Some(block) = peer.get("ipBlock") {
        ip_block(block, &format!("{at}.ipBlock"), found);
    }
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '*');
    if peer["fqdn"].as_str().is_some_and(|name| !name.chars().all(is_name)) {
        add(found, POLICIES, format!("{at}.fqdn"), "has only letters, digits, \"-\", \".\" and \"*\"");
    }
}

fn ip_block(block: &Value, at: &str, found: &mut Vec<Violation>) {
    let net = |value: &Value| value.as_str().and_then(|text| text.parse::<IpNet>().ok());
    let Some(cidr) = net(&block["cidr"]) else {
        return add(found, POLICIES, format!("{at}.cidr"), "is no block of addresses");
    };
    for (index, except) in items(&block["except"]).iter().enumerate() {
        let inside = net(except)
            .is_some_and(|except| cidr.contains(&except.network()) && except.prefix_len() > cidr.prefix_len());
        if !inside {
            add(found, POLICIES, format!("{at}.except[{index}]"), format!("{except} is not strictly inside {cidr}"));
        }
    }
}

fn multicast(rule: &Value, at: &str, found: &mut Vec<Violation>) {
    let blocks = items(&rule["to"]).iter().filter_map(|peer| peer["ipBlock"]["cidr"].as_str());
    let nets: Vec<bool> =
        blocks.filter_map(|text| text.parse::<IpNet>().ok()).map(|net| net.addr().is_multicast()).collect();
    if !nets.contains(&true) {
        return;
    }
    if nets.contains(&false) {
        add(found, POLICIES, format!("{at}.to"), "multicast and unicast addresses do not stand in one rule");
    }
    if rule["action"] == "Pass" || rule["action"] == "Reject" {
        add(found, POLICIES, format!("{at}.action"), "traffic to multicast addresses is allowed or dropped");
    }
}

fn igmp(rule: &Value, at: &str, found: &mut Vec<Violation>) {
    let protocols = items(&rule["protocols"]);
    if !protocols.iter().any(|protocol| protocol.get("igmp").is_some()) {
        return;
    }
    if rule["action"] == "Pass" || rule["action"] == "Reject" {
        add(found, POLICIES, format!("{at}.action"), "IGMP is allowed or dropped");
    }
    let others = ["ports", "toServices", "from", "to"].into_iter().any(|field| !items(&rule[field]).is_empty());
    if others || protocols.iter().any(|protocol| protocol.get("icmp").is_some()) {
        add(found, POLICIES, format!("{at}.protocols"), "IGMP stands beside no other protocol, port or peer");
    }
}

fn layer7(rule: &Value, at: &str, found: &mut Vec<Violation>) {
    let protocols = items(&rule["l7Protocols"]);
    if protocols.is_empty() {
        return;
    }
    let at = format!("{at}.l7Protocols");
    if rule["action"] != "Allow" {
        add(found, POLICIES, &at, "only rules that allow look into connections");
    }
    if !items(&rule["toServices"]).is_empty() {
        add(found, POLICIES, &at, "cannot stand beside toServices");
    }
    let has_http = protocols.iter().any(|protocol| protocol.get("http").is_some());
    let other_port =
        items(&rule["ports"]).iter().any(|port| port["protocol"].as_str().is_some_and(|name| name != "TCP"));
    if has_http && (other_port || !items(&rule["protocols"]).is_empty()) {
        add(found, POLICIES, &at, "HTTP is read from TCP connections only");
    }
}

fn ports(rule: &Value, at: &str, found: &mut Vec<Violation>) {
    for (index, port) in items(&rule["ports"]).iter().enumerate() {
        for (first, last) in [("port", "endPort"), ("sourcePort", "sourceEndPort")] {
            let Some(end) = port[last].as_u64() else { continue };
            if port[first].as_u64().is_none_or(|start| end < start) {
                let why = format!("needs a number in {first} that is not above it");
                add(found, POLICIES, format!("{at}.ports[{index}].{last}"), why);
            }
        }
    }
}

fn egress(spec: &Value, found: &mut Vec<Violation>) {
    for field in ["egressIPs", "externalIPPools"] {
        if !items(&spec[field]).is_empty() {
            add(found, EGRESSES, format!("spec.{field}"), "is in the schema and not supported yet");
        }
    }
    if fields(&spec["appliedTo"]) == 0 {
        add(found, EGRESS_DOCUMENTATION, "spec.appliedTo", "selects nothing where it is empty");
    }
}

fn pool(spec: &Value, found: &mut Vec<Violation>) {
    for (index, range) in items(&spec["ipRanges"]).iter().enumerate() {
        let at = format!("spec.ipRanges[{index}]");
        let address = |field: &str| range[field].as_str().and_then(|text| text.parse::<std::net::IpAddr>().ok());
        if let Some(net) = range["cidr"].as_str().and_then(|text| text.parse::<IpNet>().ok()) {
            // The first address is never given out, and of IPv4 the last neither.
            let without_any = match net {
                IpNet::V4(net) => net.prefix_len() >= 31,
                IpNet::V6(net) => net.prefix_len() == 128,
            };
            if without_any {
                add(found, EGRESS_DOCUMENTATION, at, format!("{net} has no address to give out; write start and end"));
            }
        } else if let (Some(start), Some(end)) = (address("start"), address("end"))
            && (start.is_ipv4() != end.is_ipv4() || end < start)
        {
            add(found, EGRESSES, at, "ends before it begins");
        }
    }
}
