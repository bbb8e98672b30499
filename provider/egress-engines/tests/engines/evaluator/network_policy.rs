//! What a `NetworkPolicy` means, written from the Kubernetes documentation ("Network Policies") and the API reference, and
//! from nothing in the compiler: it reads the JSON that an API server would.

use egress_model::labels::Labels;
use egress_model::policy::verdict::{Destination, Flow, Host, Pod, Transport};
use ipnet::IpNet;
use serde_json::Value;

use super::Installation;

/// Where the documentation leaves the meaning to the network plugin.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plugin {
    /// Whether an `ipBlock` matches the addresses of pods.
    pub(super) blocks_match_pods: bool,
    /// Whether an `ipBlock` matches the addresses of nodes and of the API server on them.
    pub(super) blocks_match_nodes: bool,
}

/// A plugin of each kind.
pub(super) fn plugins() -> [Plugin; 4] {
    let plugin = |(blocks_match_pods, blocks_match_nodes)| Plugin { blocks_match_pods, blocks_match_nodes };
    [(true, true), (false, false), (false, true), (true, false)].map(plugin)
}

impl Plugin {
    /// Whether its meaning of a block is the model's.
    pub(super) fn as_the_model(self) -> bool {
        !self.blocks_match_pods && self.blocks_match_nodes
    }
}

/// A plugin of each kind.
pub(crate) fn installations() -> Vec<Installation> {
    plugins()
        .map(|plugin| Installation {
            passes: Box::new(move |manifests, source, flow| {
                decide(plugin, &manifests.iter().collect::<Vec<_>>(), source, flow).unwrap_or(true)
            }),
            what: format!("{plugin:?}"),
            as_the_model: plugin.as_the_model(),
        })
        .into_iter()
        .collect()
}

/// Whether a flow from a pod passes where this is the only policy.
pub(super) fn passes(plugin: Plugin, policy: &Value, source: &Pod, flow: &Flow) -> bool {
    decide(plugin, &[policy], source, flow).unwrap_or(true)
}

/// Whether a flow from a pod passes where these are the only policies; nothing where none of them isolates the pod.
pub(super) fn decide(plugin: Plugin, policies: &[&Value], source: &Pod, flow: &Flow) -> Option<bool> {
    let isolating: Vec<&Value> = policies.iter().copied().filter(|policy| isolates(policy, source)).collect();
    (!isolating.is_empty()).then(|| isolating.into_iter().any(|policy| allows(plugin, policy, flow)))
}

/// Whether a pod may only send what policies allow because of this one.
pub(super) fn isolates(policy: &Value, source: &Pod) -> bool {
    let spec = &policy["spec"];
    let namespace = policy["metadata"]["namespace"].as_str().expect("a namespace");
    source.namespace.as_str() == namespace
        && selects(&spec["podSelector"], &source.labels)
        && spec["policyTypes"].as_array().expect("types").contains(&Value::from("Egress"))
}

fn allows(plugin: Plugin, policy: &Value, flow: &Flow) -> bool {
    let namespace = policy["metadata"]["namespace"].as_str().expect("a namespace");
    // A policy that isolates and has no rules allows nothing.
    let rules = policy["spec"]["egress"].as_array();
    rules.into_iter().flatten().any(|rule| {
        let to = rule["to"].as_array().is_none_or(|peers| {
            peers.is_empty() || peers.iter().any(|peer| matches_peer(plugin, peer, namespace, &flow.destination))
        });
        to && allows_ports(rule, flow)
    })
}

/// Whether a rule is about the port of a flow.
pub(super) fn allows_ports(rule: &Value, flow: &Flow) -> bool {
    let ports = rule["ports"].as_array();
    ports.is_none_or(|ports| ports.is_empty() || ports.iter().any(|port| matches_port(port, flow)))
}

/// Whether a destination is among those of a peer of a policy in this namespace.
pub(super) fn matches_peer(plugin: Plugin, peer: &Value, namespace: &str, destination: &Destination) -> bool {
    if let Some(block) = peer.get("ipBlock") {
        let matchable = match destination.host {
            Host::Pod(_) => plugin.blocks_match_pods,
            Host::Node | Host::ApiServer => plugin.blocks_match_nodes,
            Host::Other => true,
        };
        let inside = |cidr: &Value| {
            let net: IpNet = cidr.as_str().expect("text").parse().expect("a block");
            net.contains(&destination.address)
        };
        let excepted = block["except"].as_array().is_some_and(|blocks| blocks.iter().any(inside));
        return matchable && inside(&block["cidr"]) && !excepted;
    }
    let Host::Pod(pod) = &destination.host else { return false };
    let in_namespace = match peer.get("namespaceSelector") {
        Some(selector) => selects(selector, &pod.all_namespace_labels()),
        None => pod.namespace.as_str() == namespace,
    };
    in_namespace && peer.get("podSelector").is_none_or(|selector| selects(selector, &pod.labels))
}

fn matches_port(port: &Value, flow: &Flow) -> bool {
    let Transport::Port(protocol, number) = flow.transport else { return false };
    if port["protocol"].as_str().unwrap_or("TCP") != protocol.as_str() {
        return false;
    }
    match &port["port"] {
        Value::Null => true,
        Value::Number(first) => {
            let first = first.as_u64().expect("a port");
            (first..=port["endPort"].as_u64().unwrap_or(first)).contains(&u64::from(number))
        }
        Value::String(name) => match &flow.destination.host {
            Host::Pod(pod) => pod.named_ports.iter().any(|(own, own_protocol, own_number)| {
                own.as_str() == name && *own_protocol == protocol && *own_number == number
            }),
            Host::Node | Host::ApiServer | Host::Other => false,
        },
        other => panic!("{other} is no port"),
    }
}

/// Whether a label selector matches labels.
pub(super) fn selects(selector: &Value, labels: &Labels) -> bool {
    let value_of = |key: &str| labels.iter().find(|(own, _)| own.as_str() == key).map(|(_, value)| value.as_str());
    let by_label = selector["matchLabels"]
        .as_object()
        .is_none_or(|wanted| wanted.iter().all(|(key, value)| value_of(key) == value.as_str()));
    let by_expression = selector["matchExpressions"].as_array().is_none_or(|expressions| {
        expressions.iter().all(|expression| {
            let value = value_of(expression["key"].as_str().expect("a key"));
            let among = || {
                let values = expression["values"].as_array().expect("values");
                value.is_some_and(|value| values.contains(&Value::from(value)))
            };
            match expression["operator"].as_str().expect("an operator") {
                "In" => among(),
                "NotIn" => !among(),
                "Exists" => value.is_some(),
                "DoesNotExist" => value.is_none(),
                other => panic!("{other} is no operator"),
            }
        })
    });
    by_label && by_expression
}
