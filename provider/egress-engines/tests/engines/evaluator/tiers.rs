//! What the parts mean that the cluster-wide kinds with tiers have in common, written from the API reference of
//! network-policy-api (0.1.7 and 0.2.0), and from nothing in the compilers.

use egress_model::policy::Protocol;
use egress_model::policy::verdict::{Destination, Flow, Host, Pod, Transport};
use ipnet::IpNet;
use serde_json::Value;

use super::network_policy::selects;

/// What a rule says of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    Passes,
    Stopped,
    /// The next tier is asked.
    NextTier,
}

/// Where the documentation leaves something open.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plugin {
    /// Whether `networks` matches the addresses of pods, as documented; Cilium does not.
    pub(super) networks_match_pods: bool,
    /// Which of two policies with one priority is asked first.
    pub(super) ties_reversed: bool,
}

impl Plugin {
    /// One of each kind.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        let each =
            |networks_match_pods| [false, true].map(move |ties_reversed| Self { networks_match_pods, ties_reversed });
        [true, false].into_iter().flat_map(each)
    }
}

/// What the policies of a tier decide, the lowest priority first; nothing where no rule matches.
pub(super) fn decide(
    plugin: Plugin,
    policies: &[&Value],
    ports_match: fn(&Value, &Flow) -> bool,
    source: &Pod,
    flow: &Flow,
) -> Option<Decision> {
    let mut ordered: Vec<&Value> = policies.to_vec();
    if plugin.ties_reversed {
        ordered.reverse();
    }
    ordered.sort_by_key(|policy| policy["spec"]["priority"].as_u64());
    let about = ordered.into_iter().filter(|policy| is_subject(&policy["spec"]["subject"], source));
    let mut rules = about.flat_map(|policy| policy["spec"]["egress"].as_array().into_iter().flatten());
    let rule = rules.find(|rule| {
        let peers = rule["to"].as_array().expect("destinations");
        ports_match(rule, flow) && peers.iter().any(|peer| is_peer(plugin, peer, &flow.destination))
    })?;
    Some(match rule["action"].as_str().expect("an action") {
        "Accept" | "Allow" => Decision::Passes,
        "Deny" => Decision::Stopped,
        "Pass" => Decision::NextTier,
        other => panic!("{other} is no action"),
    })
}

fn is_subject(subject: &Value, pod: &Pod) -> bool {
    match subject.get("pods") {
        Some(pods) => is_pod(pods, pod),
        None => selects(&subject["namespaces"], &pod.all_namespace_labels()),
    }
}

fn is_pod(pods: &Value, pod: &Pod) -> bool {
    selects(&pods["namespaceSelector"], &pod.all_namespace_labels()) && selects(&pods["podSelector"], &pod.labels)
}

fn is_peer(plugin: Plugin, peer: &Value, destination: &Destination) -> bool {
    let (kind, value) = peer.as_object().expect("a peer").iter().next().expect("one kind");
    match (kind.as_str(), &destination.host) {
        ("namespaces", Host::Pod(pod)) => selects(value, &pod.all_namespace_labels()),
        ("pods", Host::Pod(pod)) => is_pod(value, pod),
        ("networks", host) => {
            let inside = |cidr: &Value| {
                let net: IpNet = cidr.as_str().expect("text").parse().expect("a block");
                net.contains(&destination.address)
            };
            (plugin.networks_match_pods || !matches!(host, Host::Pod(_)))
                && value.as_array().expect("blocks").iter().any(inside)
        }
        // The API server of the generated flows runs on a node. Only the selector of every node is emitted.
        ("nodes", host) => {
            selects(value, &egress_model::labels::Labels::new()) && !matches!(host, Host::Pod(_) | Host::Other)
        }
        ("domainNames", _) => {
            let names = value.as_array().expect("names").iter().map(|name| name.as_str().expect("text"));
            names.into_iter().any(|pattern| destination.names.iter().any(|name| is_name(pattern, name.as_str())))
        }
        ("namespaces" | "pods", _) => false,
        (other, _) => panic!("{other} is no destination"),
    }
}

/// `*.` stands for one or more whole labels.
pub(super) fn is_name(pattern: &str, name: &str) -> bool {
    match pattern.strip_prefix('*') {
        Some(suffix) => name.len() > suffix.len() && name.ends_with(suffix),
        None => name == pattern,
    }
}

/// Whether the destination pod calls the port so, whatever the protocol.
pub(super) fn is_named_port(name: &str, flow: &Flow) -> bool {
    match (&flow.destination.host, flow.transport) {
        (Host::Pod(pod), Transport::Port(protocol, number)) => pod
            .named_ports
            .iter()
            .any(|(own, own_protocol, port)| own.as_str() == name && *own_protocol == protocol && *port == number),
        _ => false,
    }
}

/// Whether a flow is of a protocol, and its port.
pub(super) fn port_of(protocol: &str, flow: &Flow) -> Option<u64> {
    match flow.transport {
        Transport::Port(used @ (Protocol::Tcp | Protocol::Udp | Protocol::Sctp), number)
            if used.as_str() == protocol =>
        {
            Some(u64::from(number))
        }
        Transport::Port(..) | Transport::Icmp(_) => None,
    }
}
