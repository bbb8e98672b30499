//! What a rule wants to see in connections, in Linkerd's terms, with a finding for every part that has no counterpart.

use egress_model::policy::{
    Depth, DomainPattern, HeaderName, HttpRule, Path, PathMatch, Peers, Port, PortMatch, Protocol, Rule,
};

use super::outside::{Ports, Shows};
use crate::{Feature, Findings};

/// The methods that an `HTTPRoute` knows (Gateway API reference, `HTTPMethod`).
const METHODS: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];

/// How many headers a match of an `HTTPRoute` has at most (Gateway API reference).
const HEADERS: usize = 16;

/// How long a header's name and value are at most (Gateway API reference, `HTTPHeaderMatch`).
const HEADER_NAME: usize = 256;
const HEADER_VALUE: usize = 4096;

/// Without anything said of requests, HTTP is on this port and nowhere else.
const HTTP_PORT: u16 = 80;

/// What must be seen in connections of a rule; nothing where any connection passes.
pub(super) fn shows(rule: &Rule, at: &Path, findings: &mut Findings<'_, Feature>) -> Option<Shows> {
    let inspects = !rule.http_requests.is_empty() || !rule.server_names.is_empty();
    if inspects && matches!(rule.to, Peers::Pods { .. } | Peers::Services(_) | Peers::Entities(_)) {
        let (field, feature) = if rule.http_requests.is_empty() {
            ("server_names", Feature::Sni)
        } else {
            ("http_requests", Feature::Http)
        };
        let why = "Linkerd decides about requests and server names for what leaves the cluster; inside it that is up to the receiving \
                   side, by its Server and AuthorizationPolicy";
        findings.refuse(at.field(field), feature, why);
    }
    for (index, http) in rule.http_requests.iter().enumerate() {
        check_request(http, &at.field("http_requests").index(index), findings);
    }
    let sni = hosts(&rule.server_names, &at.field("server_names"), findings);
    let Peers::Domains(patterns) = &rule.to else {
        return match (rule.http_requests.is_empty(), rule.server_names.is_empty()) {
            (true, true) => None,
            (false, _) => Some(Shows::Request(Vec::new(), rule.http_requests.clone())),
            (true, false) => Some(Shows::Tls(sni.into_iter().collect())),
        };
    };
    let names = hosts(patterns, &at.field("to_domains"), findings);
    if !rule.server_names.is_empty() {
        let among = |sni: &DomainPattern| {
            patterns.iter().any(|to| to == sni || sni.depth() == Depth::Exact && to.matches(sni.base()))
        };
        for (index, _) in rule.server_names.iter().enumerate().filter(|(_, sni)| !among(sni)) {
            let why = "Linkerd knows names only by what connections show, so a server name must be one of to_domains";
            findings.refuse(at.field("server_names").index(index), Feature::Sni, why);
        }
        return Some(Shows::Tls(sni.into_iter().collect()));
    }
    let requests = !rule.http_requests.is_empty() || numbers(rule).all(|port| port == HTTP_PORT);
    if !requests && numbers(rule).any(|port| port == HTTP_PORT) {
        let why = "names are read of HTTP on port 80 and of TLS on other ports; write a rule for each";
        findings.refuse(at.field("ports"), Feature::Domains, why);
    }
    Some(if requests {
        Shows::Request(names, rule.http_requests.clone())
    } else {
        Shows::Tls(names.into_iter().collect())
    })
}

fn numbers(rule: &Rule) -> impl Iterator<Item = u16> {
    rule.ports.iter().filter_map(|port| match port {
        Port::Transport(Protocol::Tcp, PortMatch::Number(number)) => Some(number.get()),
        _ => None,
    })
}

/// The hosts as routes write them: a name, or `*.` and a domain, which is any number of labels.
fn hosts(patterns: &[DomainPattern], at: &Path, findings: &mut Findings<'_, Feature>) -> Vec<String> {
    let mut hosts = Vec::new();
    for (index, pattern) in patterns.iter().enumerate() {
        if pattern.base().as_str().contains('_') {
            let why = "host names of the Gateway API hold letters, digits and \"-\" only";
            findings.refuse(at.index(index), Feature::Domains, why);
        }
        match pattern.depth() {
            Depth::Exact => hosts.push(pattern.base().to_string()),
            Depth::AnyDepth => hosts.push(format!("*.{}", pattern.base())),
            Depth::OneLabel => {
                let why = "Linkerd's \"*.\" matches any number of labels; name the hosts, or use \"**.\"";
                findings.refuse(at.index(index), Feature::DomainsOneLabel, why);
            }
        }
    }
    hosts
}

/// The single TCP ports of a rule that looks into connections, which are all that a route can say.
pub(super) fn single_ports(rule: &Rule, at: &Path, findings: &mut Findings<'_, Feature>) -> Vec<Ports> {
    if rule.ports.is_empty() {
        let why = "a route of Linkerd is about a port; list them, such as \"443\"";
        findings.refuse(at.clone(), Feature::EveryPort, why);
    }
    for (index, port) in rule.ports.iter().enumerate() {
        let feature = match port {
            Port::Transport(Protocol::Tcp, PortMatch::Number(_)) => continue,
            Port::Transport(Protocol::Tcp, PortMatch::Range(_)) => Feature::PortRanges,
            Port::Transport(Protocol::Tcp, PortMatch::Named(_)) => Feature::NamedPorts,
            Port::Transport(Protocol::Tcp, PortMatch::Every) => Feature::EveryPort,
            Port::Transport(Protocol::Udp, _) => Feature::Udp,
            Port::Transport(Protocol::Sctp, _) => Feature::Sctp,
            Port::Icmp(_) => Feature::Icmp,
        };
        let why = "Linkerd looks into connections to single TCP ports only: UDP, SCTP and ICMP pass by its proxies, and a route has \
                   neither ranges nor named ports";
        findings.refuse(at.field("ports").index(index), feature, why);
    }
    numbers(rule).map(Ports::One).collect()
}

fn check_request(http: &HttpRule, at: &Path, findings: &mut Findings<'_, Feature>) {
    if http.method.as_ref().is_some_and(|method| !METHODS.contains(&method.as_str())) {
        let why = format!("an HTTPRoute knows the methods {} only", METHODS.join(", "));
        findings.refuse(at.field("method"), Feature::Http, why);
    }
    let (field, path) = match &http.path {
        Some(PathMatch::Exact(path)) => ("path", path.as_str()),
        Some(PathMatch::Prefix(path)) => ("path_prefix", path.as_str()),
        None => ("path", "/"),
    };
    if !is_route_path(path) {
        let why = "an HTTPRoute takes normal paths only: without \"//\", \"/./\", \"/../\" or an encoded \"/\", and of characters that \
                   need no encoding";
        findings.refuse(at.field(field), Feature::Http, why);
    }
    let unfit = |(name, value): &(HeaderName, String)| {
        value.is_empty() || value.len() > HEADER_VALUE || name.as_str().len() > HEADER_NAME
    };
    if http.headers.len() > HEADERS || http.headers.iter().any(unfit) {
        let why = format!(
            "an HTTPRoute takes at most {HEADERS} headers in a match, with names of at most {HEADER_NAME} characters, and values of 1 to \
             {HEADER_VALUE}"
        );
        findings.refuse(at.field("headers"), Feature::HttpHeaders, why);
    }
}

/// What the Gateway API takes as the value of a path (reference, `HTTPPathMatch`).
fn is_route_path(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-/._~!$&'()*+,;=:@%".contains(&b);
    let encoded = lower.match_indices('%').all(|(at, _)| {
        lower.get(at + 1..at + 3).is_some_and(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
    });
    let forbidden = ["//", "/./", "/../", "%2f", "#"].iter().any(|part| lower.contains(part));
    path.len() <= 1024
        && path.bytes().all(plain)
        && encoded
        && !forbidden
        && !path.ends_with("/..")
        && !path.ends_with("/.")
}
