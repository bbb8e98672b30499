//! What a policy says about names outside the cluster, in Istio's terms: a host, a port, and how its traffic shows the name.

use std::collections::BTreeSet;

use egress_model::policy::{
    Depth, DomainPattern, HttpRule, Path, PathMatch, Peers, Policy, Port, PortMatch, Protocol, Rule,
};

use crate::settings::{IstioMode, Settings};
use crate::{Feature, Findings};

/// What is read of a connection to tell where it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Shows {
    /// The `Host` of an HTTP request.
    Http,
    /// The server name of a TLS handshake.
    Tls,
}

/// A host on a port.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct HostPort {
    /// The host as Istio writes it: a name, or `*.` and a domain, which is any number of labels.
    pub(super) host: String,
    /// The port.
    pub(super) port: u16,
}

/// What the webhook says of names without a dot (`pkg/config/validation/agent/validation.go` of Istio 1.30).
pub(super) const SHORT_NAME: &str =
    "Istio takes no host names of one part, such as \"localhost\", at a gateway; name the host with its domain";

/// HTTP is on this port and nowhere else: on another one its `Host` would carry the port, and TLS is far likelier.
const HTTP_PORT: u16 = 80;

impl HostPort {
    /// What is read of its traffic.
    pub(super) fn shows(&self) -> Shows {
        if self.port == HTTP_PORT { Shows::Http } else { Shows::Tls }
    }

    /// The server name between a sidecar and the gateway. It says host and port, and so all that the gateway has to know: what
    /// several policies say of one host and port agrees, and other ports of the host are told apart. On the usual ports it is
    /// the host; `.internal` is no top-level domain of the Internet, so that no other host has the name.
    pub(super) fn server_name(&self) -> String {
        match self.port {
            HTTP_PORT | 443 => self.host.clone(),
            port => format!("{}.port-{port}.internal", self.host),
        }
    }

    /// A name for parts of objects that are about it: a DNS label.
    pub(super) fn label(&self) -> String {
        unique_label(&[&self.host, &self.port.to_string()])
    }
}

/// A rule about names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NamedRule {
    /// The hosts and ports.
    pub(super) to: BTreeSet<HostPort>,
    /// Which requests; none means all.
    pub(super) http: Vec<HttpRule>,
}

/// The allow rules about names, and the deny rules, with a finding for every part that has no counterpart.
pub(super) fn named_rules(
    policy: &Policy,
    settings: &Settings,
    findings: &mut Findings<'_, Feature>,
) -> (Vec<NamedRule>, Vec<NamedRule>) {
    let allow = Path::root().field("allow");
    let mut allowed = Vec::new();
    for (key, rule) in &policy.allow {
        allowed.extend(named(rule, &allow.key(key), settings, findings));
    }
    let deny = Path::root().field("deny");
    let mut denied = Vec::new();
    for (key, rule) in &policy.deny {
        let at = deny.key(key);
        match named(rule, &at, settings, findings) {
            Some(rule) => denied.push(rule),
            None => findings.refuse(
                at,
                Feature::Deny,
                "only names can be denied on Istio, at the gateway: the NetworkPolicy that governs everything else only allows. \
                 To leave out a part of an allowed block use exceptions in to_cidrs (\"!10.0.0.0/8\")",
            ),
        }
    }
    (allowed, denied)
}

/// Ports of one `ServiceEntry` (CRD, `spec.ports`: maxItems), which has those of all of its hosts.
const PORTS: usize = 256;

/// Tells where the hosts of a policy have more ports than an entry holds.
pub(super) fn check_ports(allowed: &[NamedRule], findings: &mut Findings<'_, Feature>) {
    let ports: BTreeSet<u16> = allowed.iter().flat_map(|rule| &rule.to).map(|to| to.port).collect();
    if ports.len() > PORTS {
        let why = format!(
            "the rules with to_domains name {} ports, and a ServiceEntry, which has those of all hosts of the policy, takes {PORTS}; make \
             several policies of it",
            ports.len()
        );
        findings.refuse(Path::root().field("allow"), Feature::Domains, why);
    }
}

/// The rule, if it is about names.
fn named(rule: &Rule, at: &Path, settings: &Settings, findings: &mut Findings<'_, Feature>) -> Option<NamedRule> {
    let Peers::Domains(patterns) = &rule.to else {
        refuse_inspection(rule, at, findings);
        return None;
    };
    let ports = tcp_ports(rule, at, findings);
    let mut to = BTreeSet::new();
    for (index, pattern) in patterns.iter().enumerate() {
        let Some(host) = host(pattern, settings) else { continue };
        if host.contains('_') {
            let why = "Istio's host names hold letters, digits and \"-\" only";
            findings.refuse(at.field("to_domains").index(index), Feature::Domains, why);
        }
        if !host.contains('.') {
            findings.refuse(at.field("to_domains").index(index), Feature::Domains, SHORT_NAME);
        }
        let shown = rule.server_names.is_empty()
            || rule.server_names.contains(pattern)
            || exact_in(pattern, &rule.server_names);
        for port in ports.iter().filter(|_| shown) {
            let one = HostPort { host: host.clone(), port: *port };
            if one.server_name().len() > 253 {
                let why = format!(
                    "the gateway tells ports of one host apart by a longer name, which has no room on port {port}"
                );
                findings.refuse(at.field("to_domains").index(index), Feature::Domains, why);
            }
            to.insert(one);
        }
    }
    if !rule.server_names.is_empty() {
        inspect_sni(rule, patterns, &ports, at, findings);
    }
    if !rule.http_requests.is_empty() {
        inspect_http(rule, &ports, at, findings);
    }
    Some(NamedRule { to, http: rule.http_requests.clone() })
}

fn exact_in(pattern: &DomainPattern, sni: &[DomainPattern]) -> bool {
    pattern.depth() == Depth::Exact && sni.iter().any(|shown| shown.matches(pattern.base()))
}

/// The host as Istio writes it; none for a pattern that the capability table refuses.
fn host(pattern: &DomainPattern, settings: &Settings) -> Option<String> {
    match (pattern.depth(), settings.istio.mode) {
        (Depth::Exact, _) => Some(pattern.base().to_string()),
        (Depth::AnyDepth, IstioMode::Ambient) => Some(format!("*.{}", pattern.base())),
        (Depth::AnyDepth, IstioMode::Sidecar) | (Depth::OneLabel, _) => None,
    }
}

/// The single TCP ports, which are all that a `ServiceEntry` can say.
fn tcp_ports(rule: &Rule, at: &Path, findings: &mut Findings<'_, Feature>) -> BTreeSet<u16> {
    if rule.ports.is_empty() {
        let why = "Istio knows a host outside the cluster by its ports; list them, such as \"443\"";
        findings.refuse(at.clone(), Feature::EveryPort, why);
    }
    let mut numbers = BTreeSet::new();
    for (index, port) in rule.ports.iter().enumerate() {
        let feature = match port {
            Port::Transport(Protocol::Tcp, PortMatch::Number(number)) => {
                numbers.insert(number.get());
                continue;
            }
            Port::Transport(Protocol::Tcp, PortMatch::Range(_)) => Feature::PortRanges,
            Port::Transport(Protocol::Tcp, PortMatch::Named(_)) => Feature::NamedPorts,
            Port::Transport(Protocol::Tcp, PortMatch::Every) => Feature::EveryPort,
            Port::Transport(Protocol::Udp, _) => Feature::Udp,
            Port::Transport(Protocol::Sctp, _) => Feature::Sctp,
            Port::Icmp(_) => Feature::Icmp,
        };
        let why = "of a host outside the cluster Istio knows single TCP ports only: UDP, SCTP and ICMP pass by its proxies, and a \
                   ServiceEntry has neither ranges nor named ports";
        findings.refuse(at.field("ports").index(index), feature, why);
    }
    numbers
}

fn refuse_inspection(rule: &Rule, at: &Path, findings: &mut Findings<'_, Feature>) {
    if !rule.http_requests.is_empty() {
        let why = "Istio decides about requests at the gateway, for to_domains, or at the receiving pod; an AuthorizationPolicy \
                   does not act on what a sidecar sends";
        findings.refuse(at.field("http_requests"), Feature::Http, why);
    }
    if !rule.server_names.is_empty() {
        let why = "Istio routes by server name at the gateway, for to_domains only; write the names there";
        findings.refuse(at.field("server_names"), Feature::Sni, why);
    }
}

fn inspect_sni(
    rule: &Rule,
    patterns: &[DomainPattern],
    ports: &BTreeSet<u16>,
    at: &Path,
    findings: &mut Findings<'_, Feature>,
) {
    let named = |sni: &DomainPattern| {
        patterns.iter().any(|to| to == sni || to.depth() == Depth::Exact && sni.matches(to.base()))
    };
    for (index, _) in rule.server_names.iter().enumerate().filter(|(_, sni)| !named(sni)) {
        let why = "the gateway goes where the server name says, so it must be one of to_domains";
        findings.refuse(at.field("server_names").index(index), Feature::Sni, why);
    }
    if ports.contains(&HTTP_PORT) {
        let why = "traffic to port 80 is read as HTTP, which has no server name; leave server_names or the port out";
        findings.refuse(at.field("server_names"), Feature::Sni, why);
    }
}

fn inspect_http(rule: &Rule, ports: &BTreeSet<u16>, at: &Path, findings: &mut Findings<'_, Feature>) {
    let at = at.field("http_requests");
    for port in ports.iter().filter(|port| **port != HTTP_PORT) {
        let why = format!(
            "requests are read on port 80 only; what goes to port {port} is taken for TLS, which nothing on its way opens"
        );
        findings.refuse(at.clone(), Feature::Http, why);
    }
    for (index, http) in rule.http_requests.iter().enumerate() {
        let at = at.index(index);
        let path = match &http.path {
            Some(PathMatch::Exact(path) | PathMatch::Prefix(path)) => path.as_str(),
            None => "",
        };
        if path.contains(['*', '{', '}']) {
            let why = "an AuthorizationPolicy reads \"*\", \"{\" and \"}\" in a path as wildcards";
            findings.refuse(at.field("path"), Feature::Http, why);
        }
        if http.headers.iter().any(|(_, value)| value.is_empty()) {
            let why =
                "an AuthorizationPolicy takes no empty value of a header; name the value, or leave the header out";
            findings.refuse(at.field("headers"), Feature::HttpHeaders, why);
        }
        let wild = |value: &str| value.starts_with('*') || value.ends_with('*');
        if http.headers.iter().any(|(_, value)| wild(value)) {
            let why = "an AuthorizationPolicy reads \"*\" at the beginning or end of a header's value as a wildcard";
            findings.refuse(at.field("headers"), Feature::HttpHeaders, why);
        }
    }
}

/// A DNS label that says what it is made of, as far as there is room, and that other parts do not share: objects of policies of
/// several namespaces are side by side in the gateway's.
pub(super) fn unique_label(parts: &[&str]) -> String {
    let readable = parts.join("-").replace('.', "-").replace("*-", "");
    // A DNS label has 63 characters, of which these are ASCII; the digest and its hyphen take 9.
    let readable = readable.get(..54).unwrap_or(&readable).trim_matches('-');
    format!("{readable}-{:08x}", fnv1a(&parts.join("/")))
}

/// FNV-1a with 32 bits (RFC 9923): the same on every build and machine, which the standard library's hashes are not.
fn fnv1a(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// The rules about names.
pub(super) struct Names {
    pub(super) allowed: Vec<NamedRule>,
    pub(super) denied: Vec<NamedRule>,
}

impl Names {
    /// Where the policy lets its pods go by name.
    pub(super) fn allowed_to(&self) -> BTreeSet<HostPort> {
        self.allowed.iter().flat_map(|rule| &rule.to).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_those_of_the_rfc() {
        assert_eq!([fnv1a(""), fnv1a("a"), fnv1a("foobar")], [0x811c_9dc5, 0xe40c_292c, 0xbf9c_f968]);
    }

    #[test]
    fn names_are_labels_that_only_equal_parts_share() {
        let long = "x".repeat(63);
        let all = [["a-b", "c"], ["a", "b-c"], ["a.b", "c"], [long.as_str(), "c"], ["*.example.com", "443"]];
        let names: BTreeSet<_> = all.iter().map(|parts| unique_label(parts)).collect();
        assert_eq!(names.len(), all.len());
        for name in names {
            assert!(name.parse::<egress_model::labels::NamespaceName>().is_ok(), "{name}");
        }
    }

    #[test]
    fn a_server_name_says_host_and_port() {
        let name = |port| HostPort { host: "a.example.com".into(), port }.server_name();
        assert_eq!(name(443), "a.example.com");
        assert_eq!(name(8443), "a.example.com.port-8443.internal");
    }
}
