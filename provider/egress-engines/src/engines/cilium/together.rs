//! What several rules say of one connection.
//!
//! The rules of a policy are alternatives. Cilium keeps what they say once for each selector and port, and sends what a rule looks into
//! to a proxy, so that three things differ where rules meet (1.20.2, `pkg/policy`: `mergePortProto` and `createL4Filter`, `toMapState`;
//! `pkg/envoy/model.go`):
//!
//! - Requests and TLS server names at one selector and port cannot be told apart: the pods' policy is not computed at all. DNS is a third
//!   reading that neither goes with.
//! - Server names at one selector and port with a rule that looks into nothing are demanded of every connection, and a reading of HTTP
//!   stops what is no HTTP. So what a rule that looks into nothing lets pass anyway is left out of those that do.
//! - Selectors that only have destinations in common: the proxy of requests takes all connections to these.

use egress_model::policy::{Path, Policy, Port, PortMatch, Protocol, Rule};

use super::destination::Seen;
use super::object::Destination;
use super::{reach, resolver};
use crate::{Feature, Findings, Level, Settings};

/// What a rule reads in connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    Nothing,
    Requests,
    ServerNames,
    Queries,
}

impl Reading {
    fn of(rule: &Rule) -> Self {
        match (rule.http_requests.is_empty(), rule.server_names.is_empty()) {
            (false, _) => Self::Requests,
            (true, false) => Self::ServerNames,
            (true, true) => Self::Nothing,
        }
    }
}

/// Ports of a protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Ports {
    From(u16, u16),
    Named(String),
}

impl Ports {
    const EVERY: Self = Self::From(0, u16::MAX);

    fn of(matched: &PortMatch) -> Self {
        match matched {
            PortMatch::Every => Self::EVERY,
            PortMatch::Number(number) => Self::From(number.get(), number.get()),
            PortMatch::Range(range) => Self::From(range.start().get(), range.end().get()),
            PortMatch::Named(name) => Self::Named(name.as_str().to_owned()),
        }
    }

    fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::From(first, last), Self::From(start, end)) => first <= start && end <= last,
            (own, Self::Named(_)) => *own == Self::EVERY || own == other,
            (Self::Named(_), Self::From(..)) => false,
        }
    }

    /// Whether a port may be one of both: a name can stand for any.
    fn may_meet(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::From(first, last), Self::From(start, end)) => first <= end && start <= last,
            (Self::Named(one), Self::Named(other)) => one == other,
            (Self::From(..), Self::Named(_)) | (Self::Named(_), Self::From(..)) => true,
        }
    }
}

/// What is let pass to some destinations.
#[derive(Clone, Debug)]
struct Part<'p> {
    /// The rule's key; none where it is the policy's leave to ask the resolver.
    key: Option<&'p str>,
    to: Vec<Seen>,
    ports: Vec<(Protocol, Ports)>,
    reading: Reading,
}

impl Part<'_> {
    fn covers(&self, to: &Seen, protocol: Protocol, ports: &Ports) -> bool {
        self.to.iter().any(|own| own.covers(to))
            && self.ports.iter().any(|(own, covering)| *own == protocol && covering.covers(ports))
    }

    fn meets(&self, other: &Self) -> Option<Meeting> {
        let ports = self.ports.iter().any(|(protocol, ports)| {
            other.ports.iter().any(|(own, others)| own == protocol && *own == Protocol::Tcp && ports.may_meet(others))
        });
        let pairs = || self.to.iter().flat_map(|own| other.to.iter().map(move |to| (own, to)));
        if !ports || pairs().all(|(own, to)| own.is_apart(to)) {
            None
        } else if pairs().any(|(own, to)| own == to) {
            Some(Meeting::AtOneSelector)
        } else {
            Some(Meeting::AtDestinations)
        }
    }
}

/// Where two rules meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meeting {
    /// At a selector that Cilium keeps once.
    AtOneSelector,
    /// At destinations that they may have in common.
    AtDestinations,
}

/// What all allow rules of a policy let pass.
pub(super) struct Together<'p> {
    policy: &'p Policy,
    settings: &'p Settings,
    parts: Vec<Part<'p>>,
}

impl<'p> Together<'p> {
    pub(super) fn of(policy: &'p Policy, settings: &'p Settings) -> Self {
        let mut parts = Vec::new();
        if policy.dns.allowed {
            parts.extend(asking(policy, None));
        }
        for (key, rule) in &policy.allow {
            let seen = |to: &[Destination]| to.iter().flat_map(|to| Seen::all(to, policy)).collect();
            let to = reach::destinations(policy, rule, settings);
            parts.push(Part { key: Some(key), to: seen(&to), ports: ports(rule), reading: Reading::of(rule) });
            if reach::asks_resolver(rule) {
                parts.extend(asking(policy, Some(key)));
            }
        }
        Self { policy, settings, parts }
    }

    fn lets_pass_anything(&self, to: &Seen, protocol: Protocol, ports: &Ports) -> bool {
        self.parts.iter().any(|part| part.reading == Reading::Nothing && part.covers(to, protocol, ports))
    }

    /// The ports of a rule to a destination, without those on which another rule that looks into nothing lets the same pass: the
    /// destination in parts, each with its own ports. A rule that looks into nothing itself is left as it is.
    pub(super) fn narrowed(&self, rule: &Rule, to: &Destination) -> Vec<(Destination, Vec<Port>)> {
        if Reading::of(rule) == Reading::Nothing {
            return vec![(to.clone(), rule.ports.clone())];
        }
        let mut split: Vec<(Vec<usize>, Vec<Port>)> = Vec::new();
        for (index, seen) in Seen::of(to, self.policy).iter().enumerate() {
            let left = |port: &&Port| match port {
                Port::Transport(protocol, matched) => {
                    !seen.iter().all(|seen| self.lets_pass_anything(seen, *protocol, &Ports::of(matched)))
                }
                Port::Icmp(_) => true,
            };
            let ports: Vec<Port> = rule.ports.iter().filter(left).cloned().collect();
            match split.iter_mut().find(|(_, own)| *own == ports) {
                Some((indices, _)) => indices.push(index),
                None => split.push((vec![index], ports)),
            }
        }
        split.retain(|(_, ports)| !ports.is_empty());
        split.into_iter().map(|(indices, ports)| (to.only(&indices), ports)).collect()
    }

    /// Whether a rule lets pass whatever is sent to the resolver's port: then no names are left to be told apart there.
    pub(super) fn opens_resolver(&self, protocol: Protocol, port: u16) -> bool {
        let ports = Ports::From(port, port);
        let pods = resolver::resolver_pods(self.policy);
        let seen = Seen::all(&pods, self.policy);
        seen.iter().all(|seen| self.lets_pass_anything(seen, protocol, &ports))
    }

    /// Tells where rules meet and cannot both be held to.
    pub(super) fn note(&self, findings: &mut Findings<'_, Feature>) {
        for (key, rule) in &self.policy.allow {
            let reading = Reading::of(rule);
            if reading == Reading::Nothing {
                continue;
            }
            let at = Path::root().field("allow").key(key);
            let (field, feature) = match reading {
                Reading::Requests => (at.field("http_requests"), Feature::Http),
                _ => (at.field("server_names"), Feature::Sni),
            };
            let own = self.left_of(key, rule, reading);
            for other in self.parts.iter().filter(|other| other.key != Some(key.as_str())) {
                let Some((level, why)) = own.meets(other).and_then(|meeting| finding_of(reading, other, meeting))
                else {
                    continue;
                };
                findings.add(level, field.clone(), feature, why);
            }
        }
    }

    /// What a rule still says itself.
    fn left_of<'k>(&self, key: &'k str, rule: &Rule, reading: Reading) -> Part<'k> {
        let mut part = Part { key: Some(key), to: Vec::new(), ports: Vec::new(), reading };
        for to in reach::destinations(self.policy, rule, self.settings) {
            for (to, left) in self.narrowed(rule, &to) {
                part.to.extend(Seen::all(&to, self.policy));
                part.ports.extend(left.iter().filter_map(transport));
            }
        }
        part
    }
}

/// The finding about a rule that reads this where it meets another.
fn finding_of(reading: Reading, other: &Part<'_>, meeting: Meeting) -> Option<(Level, String)> {
    let who = other.key.map_or_else(
        || "the leave to ask the resolver".to_owned(),
        |key| Path::root().field("allow").key(key).to_string(),
    );
    let what = match (reading, other.reading) {
        (Reading::Requests, Reading::Requests) | (Reading::ServerNames, Reading::ServerNames | Reading::Nothing) => {
            return None;
        }
        (_, Reading::Nothing) => {
            let why = format!(
                "{who} lets any connection to the same port of some of these destinations pass, but Cilium reads \
                 all of them as HTTP there: those that are not HTTP are stopped. Give the two rules different \
                 ports, or destinations that have nothing in common"
            );
            return Some((Level::Degraded, why));
        }
        (_, Reading::Queries) => "DNS queries",
        (_, Reading::Requests) => "HTTP",
        (_, Reading::ServerNames) => "TLS server names",
    };
    Some(match meeting {
        Meeting::AtOneSelector => (
            Level::Refused,
            format!(
                "{who} reads {what} at the same port of the same destination, and Cilium reads one protocol there: \
                 it would take the policy and then fail to enforce any on these pods; give the two rules different \
                 ports"
            ),
        ),
        Meeting::AtDestinations => (
            Level::Degraded,
            format!(
                "{who} reads {what} at the same port of destinations that may be the same (one address can have \
                 several names, a pod several labels), and Cilium reads one protocol there: where they are, what \
                 one of the two rules allows is stopped. Give them different ports, or destinations that have \
                 nothing in common"
            ),
        ),
    })
}

/// Asking the resolver, by its pods and by caches on the nodes.
fn asking<'k>(policy: &Policy, key: Option<&'k str>) -> Vec<Part<'k>> {
    let reading = if resolver::looks_into_dns(policy) { Reading::Queries } else { Reading::Nothing };
    let both = |port: u16| [Protocol::Udp, Protocol::Tcp].map(|protocol| (protocol, Ports::From(port, port)));
    let part = |to: &[Destination], ports: Vec<(Protocol, Ports)>| Part {
        key,
        to: to.iter().flat_map(|to| Seen::all(to, policy)).collect(),
        ports,
        reading,
    };
    let ports = policy.dns.resolver.ports.iter().flat_map(|port| both(port.get())).collect();
    let pods = part(&[resolver::resolver_pods(policy)], ports);
    let caches = resolver::caches(policy);
    if caches.is_empty() { vec![pods] } else { vec![pods, part(&caches, both(53).into())] }
}

fn transport(port: &Port) -> Option<(Protocol, Ports)> {
    match port {
        Port::Transport(protocol, matched) => Some((*protocol, Ports::of(matched))),
        Port::Icmp(_) => None,
    }
}

fn ports(rule: &Rule) -> Vec<(Protocol, Ports)> {
    if rule.ports.is_empty() {
        return [Protocol::Tcp, Protocol::Udp, Protocol::Sctp].map(|protocol| (protocol, Ports::EVERY)).into();
    }
    rule.ports.iter().filter_map(transport).collect()
}
