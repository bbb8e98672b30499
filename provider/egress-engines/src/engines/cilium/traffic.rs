//! Ports, ICMP, HTTP requests and TLS server names as Cilium writes them.
//!
//! Sources: Cilium documentation, "Layer 4 Policies" and "Layer 7 Policies"; the CRD (at most 40 ports and 40 ICMP types in a list);
//! `pkg/policy/api` of 1.16 to 1.20 (`0` is every port; ICMP not beside ports) and `pkg/envoy` (the path is matched with its query).

use std::collections::BTreeSet;

use egress_model::policy::{HttpRule, PathMatch, Port, PortMatch, Protocol, Rule};

use super::object::{HeaderMatch, HttpRule as Http, IcmpField, IcmpRule, L7Rules, PortProtocol, PortRule, Traffic};

/// The longest list of ports.
pub(super) const MAX_PORTS: usize = 40;
/// The longest list of ICMP types.
const MAX_TYPES: usize = 40;
/// The type that stands for all of them: that of echo replies, and reserved for IPv6.
pub(super) const EVERY_TYPE: u8 = 0;
/// The IPv4 types that Cilium has names for.
const ICMP_TYPES: [u8; 13] = [0, 3, 5, 8, 9, 10, 11, 12, 13, 14, 40, 42, 43];
/// The IPv6 types that Cilium has names for.
const ICMPV6_TYPES: [u8; 27] = [
    1, 2, 3, 4, 128, 129, 130, 131, 132, 133, 134, 135, 136, 137, 138, 139, 140, 141, 142, 144, 145, 146, 147, 157,
    158, 160, 161,
];

/// What traffic to these of its ports a rule is about, in parts that stand in a rule of their own each; a part that is none is all
/// traffic.
pub(super) fn traffic(rule: &Rule, ports: &[Port]) -> Vec<Option<Traffic>> {
    if ports.is_empty() {
        return vec![None];
    }
    let types: BTreeSet<IcmpField> = ports.iter().flat_map(icmp_types).collect();
    let ports: Vec<PortProtocol> = ports.iter().filter_map(port).collect();
    let rules: Vec<PortRule> = ports.chunks(MAX_PORTS).map(|ports| port_rule(ports, rule)).collect();
    let types: Vec<IcmpField> = types.into_iter().collect();
    let icmp: Vec<IcmpRule> = types.chunks(MAX_TYPES).map(|fields| IcmpRule { fields: fields.to_vec() }).collect();
    let ports = (!rules.is_empty()).then_some(Traffic::Ports(rules));
    let icmp = (!icmp.is_empty()).then_some(Traffic::Icmp(icmp));
    ports.into_iter().chain(icmp).map(Some).collect()
}

fn port_rule(ports: &[PortProtocol], rule: &Rule) -> PortRule {
    let requests = || L7Rules::Http(rule.http_requests.iter().map(http).collect());
    PortRule {
        ports: ports.to_vec(),
        server_names: rule.server_names.iter().map(ToString::to_string).collect(),
        rules: (!rule.http_requests.is_empty()).then(requests),
    }
}

/// A port by number.
pub(super) fn numbered(protocol: Protocol, port: u16) -> PortProtocol {
    PortProtocol { port: port.to_string(), end_port: None, protocol: protocol.as_str() }
}

fn port(port: &Port) -> Option<PortProtocol> {
    let Port::Transport(protocol, matched) = port else { return None };
    Some(match matched {
        PortMatch::Every => numbered(*protocol, 0),
        PortMatch::Number(number) => numbered(*protocol, number.get()),
        PortMatch::Range(range) => {
            PortProtocol { end_port: Some(range.end().get()), ..numbered(*protocol, range.start().get()) }
        }
        PortMatch::Named(name) => {
            PortProtocol { port: name.as_str().to_owned(), end_port: None, protocol: protocol.as_str() }
        }
    })
}

/// The types of ICMP messages; those that are named for both families are meant in both. Type 0 is every type of its family, because the
/// agent keeps a type where it keeps a port, of which 0 is every one (`pkg/policy/api/icmp.go` and `createL4Filter` of `pkg/policy/l4.go`,
/// 1.16 to 1.20): it is there for all of them, and the named ones beside it for an agent that ever tells it apart.
fn icmp_types(port: &Port) -> Vec<IcmpField> {
    let field = |family: &'static str| move |number: u8| IcmpField { family, number };
    match port {
        Port::Transport(..) => Vec::new(),
        Port::Icmp(None) => {
            let v6 = [EVERY_TYPE].into_iter().chain(ICMPV6_TYPES);
            ICMP_TYPES.into_iter().map(field("IPv4")).chain(v6.map(field("IPv6"))).collect()
        }
        Port::Icmp(Some(icmp)) => vec![field("IPv4")(icmp.number), field("IPv6")(icmp.number)],
    }
}

fn http(rule: &HttpRule) -> Http {
    let headers = rule.headers.iter();
    Http {
        method: rule.method.as_ref().map(ToString::to_string),
        path: rule.path.as_ref().map(path),
        header_matches: headers
            .map(|(name, value)| HeaderMatch { name: name.to_string(), value: value.clone() })
            .collect(),
    }
}

/// A regular expression for the whole path with its query, which the model leaves out.
fn path(path: &PathMatch) -> String {
    match path {
        PathMatch::Exact(path) => format!("{}(\\?.*)?", escaped(path.as_str())),
        PathMatch::Prefix(prefix) => match prefix.as_str().trim_end_matches('/') {
            "" => "/.*".to_owned(),
            prefix => format!("{}([/?].*)?", escaped(prefix)),
        },
    }
}

/// The text as a regular expression that matches nothing else (RE2 and POSIX alike).
fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut expression, c| {
        if "\\.+*?()|[]{}^$".contains(c) {
            expression.push('\\');
        }
        expression.push(c);
        expression
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_matched_as_text_and_with_any_query() {
        let exact = |text: &str| path(&PathMatch::Exact(text.parse().expect("a path")));
        let prefix = |text: &str| path(&PathMatch::Prefix(text.parse().expect("a path")));
        assert_eq!(exact("/v1.0/a+b"), r"/v1\.0/a\+b(\?.*)?");
        assert_eq!(prefix("/v1"), "/v1([/?].*)?");
        assert_eq!(prefix("/v1/"), "/v1([/?].*)?");
        assert_eq!(prefix("/"), "/.*");
    }
}
