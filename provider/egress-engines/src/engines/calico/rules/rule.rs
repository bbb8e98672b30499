//! Rules about one rule of a policy.

use ipnet::IpNet;
use serde_json::Value;

use super::selector::parse;
use super::{DNS_POLICY, Found, VALIDATOR, elements, given};

/// The protocols that Calico knows by name.
const PROTOCOLS: [&str; 6] = ["TCP", "UDP", "ICMP", "ICMPv6", "SCTP", "UDPLite"];

/// Which way the traffic of a rule goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Ingress,
    Egress,
}

impl Direction {
    /// The field of a policy with such rules.
    pub(super) fn field(self) -> &'static str {
        match self {
            Self::Ingress => "ingress",
            Self::Egress => "egress",
        }
    }
}

/// Which pods a policy can be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// Those of its namespace.
    Namespace,
    /// Those of the whole cluster.
    Cluster,
}

/// One end of the traffic of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Source,
    Destination,
}

/// What a rule says of one end.
struct End<'v> {
    rule: &'v Value,
    /// The field.
    entity: &'v Value,
    at: String,
    side: Side,
    direction: Direction,
}

impl End<'_> {
    /// Whether it is the end that the policy's pods are not at.
    fn is_far(&self) -> bool {
        matches!(
            (self.direction, self.side),
            (Direction::Egress, Side::Destination) | (Direction::Ingress, Side::Source)
        )
    }
}

pub(super) fn check(rule: &Value, at: &str, direction: Direction, scope: Scope, found: &mut Found) {
    for field in ["protocol", "notProtocol"] {
        protocol(&rule[field], &format!("{at}.{field}"), found);
    }
    icmp(rule, at, found);
    http(rule, at, direction, found);
    nets(rule, at, found);
    for (field, side) in [("source", Side::Source), ("destination", Side::Destination)] {
        let end = End { rule, entity: &rule[field], at: format!("{at}.{field}"), side, direction };
        selectors(end.entity, &end.at, found);
        ports(rule, end.entity, &end.at, found);
        services(&end, scope, found);
        domains(&end, found);
    }
}

fn protocol(protocol: &Value, at: &str, found: &mut Found) {
    let good = match protocol {
        Value::Null => true,
        Value::Number(number) => number.as_u64().is_some_and(|number| (1..=255).contains(&number)),
        Value::String(name) => PROTOCOLS.contains(&name.as_str()) || name.parse::<u8>().is_ok_and(|number| number > 0),
        _ => false,
    };
    if !good {
        found.add(at, format!("is none of {}, and no number from 1 to 255", PROTOCOLS.join(", ")), VALIDATOR);
    }
}

fn icmp(rule: &Value, at: &str, found: &mut Found) {
    for field in ["icmp", "notICMP"] {
        let (given, code, number) = (given(&rule[field]), &rule[field]["code"], &rule[field]["type"]);
        if given && field == "icmp" && !["ICMP", "ICMPv6"].iter().any(|name| rule["protocol"] == *name) {
            found.add(format!("{at}.{field}"), "needs protocol ICMP or ICMPv6", VALIDATOR);
        }
        if !code.is_null() && number.is_null() {
            found.add(format!("{at}.{field}.code"), "needs type beside it", VALIDATOR);
        }
    }
    for (name, version) in [("ICMP", 4), ("ICMPv6", 6)] {
        let named = rule["protocol"] == name || rule["notProtocol"] == name;
        if named && rule["ipVersion"].as_u64().is_some_and(|given| given != version) {
            found.add(format!("{at}.ipVersion"), format!("must be {version} with protocol {name}"), VALIDATOR);
        }
    }
}

fn http(rule: &Value, at: &str, direction: Direction, found: &mut Found) {
    if !given(&rule["http"]) {
        return;
    }
    let at = format!("{at}.http");
    if direction == Direction::Egress {
        found.add(at.clone(), "is for ingress rules only: Calico looks into requests as they arrive", VALIDATOR);
    }
    if rule["action"] != "Allow" {
        found.add(at.clone(), "is for rules that allow only", VALIDATOR);
    }
    if given(&rule["protocol"]) && rule["protocol"] != "TCP" {
        found.add(at.clone(), "needs protocol TCP, or none", VALIDATOR);
    }
    for (index, path) in elements(&rule["http"]["paths"]).enumerate() {
        let texts: Vec<&str> = ["exact", "prefix"].iter().filter_map(|kind| path[kind].as_str()).collect();
        let good = matches!(texts.as_slice(), [text] if text.starts_with('/') && !text.contains(['?', ' ', '#']));
        if !good {
            let why = "must have one of exact and prefix, which begins with \"/\" and has no \"?\", \"#\" and blanks";
            found.add(format!("{at}.paths[{index}]"), why, VALIDATOR);
        }
    }
}

fn nets(rule: &Value, at: &str, found: &mut Found) {
    let mut versions = Vec::new();
    for (side, field) in
        [("source", "nets"), ("source", "notNets"), ("destination", "nets"), ("destination", "notNets")]
    {
        for (index, text) in elements(&rule[side][field]).enumerate() {
            let at = format!("{at}.{side}.{field}[{index}]");
            let net = text.as_str().and_then(|text| text.parse::<IpNet>().ok());
            let Some(net) = net else {
                found.add(at, "is no block of addresses", VALIDATOR);
                continue;
            };
            if field == "notNets" && net.prefix_len() == 0 {
                found.add(at, "leaves out every address, so that the rule matches nothing", VALIDATOR);
            }
            versions.push(if net.addr().is_ipv4() { 4 } else { 6 });
        }
    }
    if versions.contains(&4) && versions.contains(&6) {
        found.add(at, "has IPv4 and IPv6 blocks; write a rule for each", VALIDATOR);
    } else if let (Some(version), Some(asked)) = (versions.first(), rule["ipVersion"].as_u64())
        && *version != asked
    {
        found.add(format!("{at}.ipVersion"), format!("is {asked}, and the blocks are of version {version}"), VALIDATOR);
    }
}

fn selectors(entity: &Value, at: &str, found: &mut Found) {
    for field in ["selector", "notSelector", "namespaceSelector"] {
        let at = format!("{at}.{field}");
        found.selector(at.clone(), &entity[field]);
        let uses = entity[field].as_str().and_then(|text| parse(text).ok()).unwrap_or_default();
        if uses.global && (field != "namespaceSelector" || uses.other) {
            found.add(at, "global() stands alone in a namespaceSelector, and nowhere else", VALIDATOR);
        }
    }
    found.selector(format!("{at}.serviceAccounts.selector"), &entity["serviceAccounts"]["selector"]);
}

fn ports(rule: &Value, entity: &Value, at: &str, found: &mut Found) {
    let protocol = &rule["protocol"];
    let with_ports = ["TCP", "UDP", "SCTP"].iter().any(|name| *protocol == *name)
        || [6, 17, 132].iter().any(|number| *protocol == *number);
    for field in ["ports", "notPorts"] {
        for (index, port) in elements(&entity[field]).enumerate() {
            let at = format!("{at}.{field}[{index}]");
            let Some(named) = port_is_name(port) else {
                found.add(at, "is no port: a number, a range such as \"8000:8099\", or a name", VALIDATOR);
                continue;
            };
            if given(protocol) && !with_ports {
                found.add(at, "needs protocol TCP, UDP or SCTP", VALIDATOR);
            } else if protocol.is_null() && !named {
                found.add(at, "needs protocol TCP, UDP or SCTP, because it is a number", VALIDATOR);
            }
        }
    }
}

/// Whether a port is a name; nothing where it is no port.
fn port_is_name(port: &Value) -> Option<bool> {
    let number = |text: &str| text.parse::<u16>().ok().filter(|number| *number > 0);
    match port {
        Value::Number(value) => value.as_u64().filter(|value| (1..=65535).contains(value)).map(|_| false),
        Value::String(text) => match text.split_once(':') {
            Some((first, last)) => (number(first)? <= number(last)?).then_some(false),
            None if text.bytes().all(|b| b.is_ascii_digit()) => number(text).map(|_| false),
            None => {
                let good = |b: u8| b.is_ascii_alphanumeric() || b"_.-".contains(&b);
                (!text.is_empty() && text.bytes().all(good)).then_some(true)
            }
        },
        _ => None,
    }
}

fn services(end: &End<'_>, scope: Scope, found: &mut Found) {
    let End { entity, at, side, .. } = end;
    let services = &entity["services"];
    if services.is_null() {
        return;
    }
    let field = format!("{at}.services");
    if !end.is_far() {
        found.add(field.clone(), "is for the destination of egress rules and the source of ingress rules", VALIDATOR);
    }
    if !given(&services["name"]) {
        found.add(format!("{field}.name"), "must name a Service", VALIDATOR);
    }
    if scope == Scope::Cluster && !given(&services["namespace"]) {
        found.add(format!("{field}.namespace"), "must be there in a policy of the whole cluster", VALIDATOR);
    }
    let mut beside = vec!["selector", "notSelector", "namespaceSelector", "serviceAccounts", "nets", "notNets"];
    if *side == Side::Destination {
        beside.extend(["ports", "notPorts"]);
    }
    for other in beside.into_iter().filter(|other| given(&entity[other])) {
        found.add(
            format!("{at}.{other}"),
            "cannot stand beside services, which has its own addresses and ports",
            VALIDATOR,
        );
    }
}

fn domains(end: &End<'_>, found: &mut Found) {
    let End { entity, at, .. } = end;
    let domains = &entity["domains"];
    if !given(domains) {
        return;
    }
    let field = format!("{at}.domains");
    if end.side != Side::Destination || !end.is_far() || end.rule["action"] != "Allow" {
        found.add(field.clone(), "is for the destination of egress rules that allow", DNS_POLICY);
    }
    for other in ["nets", "selector"].into_iter().filter(|other| given(&entity[other])) {
        found.add(format!("{at}.{other}"), "cannot stand beside domains", DNS_POLICY);
    }
    for (index, name) in elements(domains).enumerate() {
        let parts: Vec<&str> = name.as_str().unwrap_or_default().split('.').collect();
        let wildcards = parts.iter().filter(|part| part.contains('*')).count();
        let whole = parts.iter().all(|part| *part == "*" || !part.contains('*'));
        if wildcards > 1 || !whole || parts.last().is_none_or(|last| *last == "*") {
            let why =
                "may have one *, as a whole part of the name and not the last one; it stands for one or more parts";
            found.add(format!("{field}[{index}]"), why, DNS_POLICY);
        }
    }
}
