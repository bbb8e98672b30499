//! Rules about ports, ICMP and what is inside connections.

use serde_json::Value;

use super::peers::check_name;
use super::{Found, VALIDATION, items, numbered};

/// The longest list of ports or of ICMP types.
const MOST: usize = 40;

const HTTP: &str = "Cilium documentation, \"HTTP\" and \"TLS Interception\"";
const DNS: &str = "Cilium documentation, \"DNS Policy and IP Discovery\" and \"DNS based\"";
const HEADERS: &str = "Cilium 1.20, pkg/envoy/policy/envoy_l7_rules_translator.go";

pub(super) fn check(rule: &Value, direction: &str, at: &str, found: &mut Found) {
    let ports = numbered(&rule["toPorts"], &format!("{at}.toPorts"));
    let icmps = numbered(&rule["icmps"], &format!("{at}.icmps"));
    if !ports.is_empty() && !icmps.is_empty() {
        found.add(VALIDATION, format!("{at}.icmps"), "icmps cannot stand beside toPorts; write a rule for each");
    }
    for (at, icmp) in icmps {
        if items(&icmp["fields"]).len() > MOST {
            found.add(VALIDATION, format!("{at}.fields"), format!("a list has at most {MOST} types"));
        }
        for (at, field) in numbered(&icmp["fields"], &format!("{at}.fields")) {
            if field.get("family").is_some_and(|family| family != "IPv4" && family != "IPv6") {
                found.add(VALIDATION, format!("{at}.family"), "is IPv4 or IPv6");
            }
        }
    }
    for (at, ports) in ports {
        port_rule(ports, direction, &at, found);
    }
    only_over_udp(rule, &format!("{at}.toPorts"), found);
}

fn port_rule(rule: &Value, direction: &str, at: &str, found: &mut Found) {
    let ports = numbered(&rule["ports"], &format!("{at}.ports"));
    let rules = &rule["rules"];
    let kinds: Vec<&str> =
        ["http", "dns", "kafka", "l7"].into_iter().filter(|kind| rules.get(*kind).is_some()).collect();
    let rule_count: usize = kinds.iter().map(|kind| items(&rules[*kind]).len()).sum();
    let has_dns = !items(&rules["dns"]).is_empty();
    if ports.len() > MOST {
        found.add(VALIDATION, format!("{at}.ports"), format!("a list has at most {MOST} ports; write several"));
    }
    if kinds.len() > 1 {
        found.add(VALIDATION, format!("{at}.rules"), format!("one protocol, not {}", kinds.join(" and ")));
    }
    if !direction.starts_with("egress") && has_dns {
        found.add(VALIDATION, format!("{at}.rules.dns"), "DNS rules are for egress only");
    }
    if has_dns && ports.is_empty() {
        found.add(VALIDATION, format!("{at}.ports"), "DNS rules need the resolver's port");
    }
    let terminates = rule.get("terminatingTLS").is_some();
    if !items(&rule["serverNames"]).is_empty() && rule_count > 0 && !terminates {
        found.add(VALIDATION, format!("{at}.serverNames"), "beside rules about requests it needs terminatingTLS");
    }
    if items(&rule["serverNames"]).iter().any(|name| name == "") {
        found.add(VALIDATION, format!("{at}.serverNames"), "a server name must not be empty");
    }
    if rule.get("listener").is_some() && rule_count > 0 {
        found.add(VALIDATION, format!("{at}.listener"), "cannot stand beside rules about requests");
    }
    for (at, port) in &ports {
        check_port(port, rule_count > 0, has_dns, at, found);
    }
    if has_dns {
        dns(&items(&rules["dns"]).iter().collect::<Vec<_>>(), at, found);
    }
    if !items(&rules["http"]).is_empty() {
        http(rules, &ports, terminates, at, found);
    }
}

fn check_port(port: &Value, has_rules: bool, has_dns: bool, at: &str, found: &mut Found) {
    let text = port["port"].as_str().unwrap_or_default();
    let number = text.parse::<u16>().ok();
    if text.is_empty() {
        found.add(
            VALIDATION,
            format!("{at}.port"),
            "a port is given as text: a number, a name, or \"0\" for every port",
        );
    } else if number.is_none() && !text.chars().any(|c| c.is_ascii_alphabetic()) {
        found.add(VALIDATION, format!("{at}.port"), format!("{text:?} is no port"));
    }
    if has_rules && number == Some(0) {
        found.add(VALIDATION, format!("{at}.port"), "rules about requests need ports of their own, not every port (0)");
    }
    let protocol = port["protocol"].as_str().unwrap_or("ANY");
    if has_rules && !has_dns && protocol != "TCP" {
        found.add(VALIDATION, format!("{at}.protocol"), "rules about requests are for TCP only");
    }
    let end = port["endPort"].as_u64().unwrap_or_default();
    if has_dns && end > u64::from(number.unwrap_or_default()) {
        found.add(VALIDATION, format!("{at}.endPort"), "DNS rules take no ranges of ports");
    }
    if end > 0 && number.is_none() {
        found.add(VALIDATION, format!("{at}.endPort"), "is ignored beside the name of a port");
    }
}

fn dns(queries: &[&Value], at: &str, found: &mut Found) {
    for (index, query) in queries.iter().enumerate() {
        let at = format!("{at}.rules.dns[{index}]");
        check_name(query, &at, found);
        let pattern = query["matchPattern"].as_str().unwrap_or_default();
        if pattern.strip_prefix("*.").is_some_and(|rest| rest.trim_end_matches('.') == "cluster.local") {
            let why = "\"*\" is one label, and names of Services have three before cluster.local: they are refused; use \
                       \"**.cluster.local\" (1.19) or \"*.*.svc.cluster.local\" and the forms of the search list";
            found.add(DNS, format!("{at}.matchPattern"), why);
        }
    }
}

/// Tells where queries to a destination pass over UDP alone.
fn only_over_udp(rule: &Value, at: &str, found: &mut Found) {
    let with_queries =
        || numbered(&rule["toPorts"], at).into_iter().filter(|(_, one)| !items(&one["rules"]["dns"]).is_empty());
    let is_udp = |port: &Value| port["protocol"] == "UDP";
    let ports = |one: &Value| items(&one["ports"]).to_vec();
    let mut all = with_queries().flat_map(|(_, one)| ports(one)).peekable();
    if all.peek().is_some() && all.all(|port| is_udp(&port)) {
        for (at, _) in with_queries() {
            found.add(DNS, format!("{at}.ports"), "long answers come over TCP and fail; use protocol ANY, or TCP too");
        }
    }
}

fn http(rules: &Value, ports: &[(String, &Value)], terminates: bool, at: &str, found: &mut Found) {
    if !terminates && ports.iter().any(|(_, port)| port["port"] == "443") {
        let why = "the proxy sees TLS on port 443 and no requests, so that all of it is stopped; use serverNames, or terminatingTLS and \
                   originatingTLS";
        found.add(HTTP, format!("{at}.rules.http"), why);
    }
    for (at, request) in numbered(&rules["http"], &format!("{at}.rules.http")) {
        for (at, header) in numbered(&request["headers"], &format!("{at}.headers")) {
            let text = header.as_str().unwrap_or_default();
            if text.contains(':') && !text.contains(' ') {
                let why = format!(
                    "{text:?} has no blank after the colon, so that it asks for a header of this whole name; use headerMatches"
                );
                found.add(HEADERS, at, why);
            }
        }
        for (at, header) in numbered(&request["headerMatches"], &format!("{at}.headerMatches")) {
            if header["name"].as_str().is_none_or(str::is_empty) {
                found.add(VALIDATION, format!("{at}.name"), "a header has a name");
            }
        }
    }
}
