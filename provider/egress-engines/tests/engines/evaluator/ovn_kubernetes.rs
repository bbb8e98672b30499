//! What an `EgressFirewall` and a `NetworkPolicy` mean together, written from OVN-Kubernetes' documentation and CRD: traffic
//! must pass both, and an `EgressFirewall` says nothing about pods as destinations.

use egress_model::policy::verdict::{Flow, Host, Pod, Transport};
use ipnet::IpNet;
use serde_json::Value;

use super::network_policy::{self, plugins};
use super::{Installation, of_kind};

pub(crate) fn installations() -> Vec<Installation> {
    plugins()
        .map(|plugin| Installation {
            passes: Box::new(move |objects, source, flow| {
                let network = network_policy::decide(plugin, &of_kind(objects, "NetworkPolicy"), source, flow);
                let firewalls = of_kind(objects, "EgressFirewall");
                network.unwrap_or(true) && firewalls.iter().all(|firewall| passes(firewall, source, flow))
            }),
            what: format!("{plugin:?}"),
            as_the_model: plugin.as_the_model(),
        })
        .into()
}

fn passes(firewall: &Value, source: &Pod, flow: &Flow) -> bool {
    assert_eq!(firewall["metadata"]["name"], "default");
    let governed = firewall["metadata"]["namespace"] == source.namespace.as_str();
    if !governed || matches!(flow.destination.host, Host::Pod(_)) {
        return true;
    }
    let mut rules = firewall["spec"]["egress"].as_array().expect("rules").iter();
    rules.find(|rule| is_target(&rule["to"], flow) && is_port(rule, flow)).is_none_or(|rule| rule["type"] == "Allow")
}

fn is_target(to: &Value, flow: &Flow) -> bool {
    let destination = &flow.destination;
    let (kind, value) = to.as_object().expect("a target").iter().next().expect("one kind");
    match (kind.as_str(), value.as_str()) {
        ("cidrSelector", Some(cidr)) => cidr.parse::<IpNet>().expect("a block").contains(&destination.address),
        ("dnsName", Some(name)) => destination.names.iter().any(|own| match name.strip_prefix("*.") {
            // Exactly one label.
            Some(base) => own.as_str().split_once('.').is_some_and(|(_, rest)| rest == base),
            None => own.as_str() == name,
        }),
        // The API server of the generated flows runs on a node.
        ("nodeSelector", None) => matches!(destination.host, Host::Node | Host::ApiServer),
        other => panic!("{other:?} is no target"),
    }
}

fn is_port(rule: &Value, flow: &Flow) -> bool {
    let Some(ports) = rule["ports"].as_array() else { return true };
    let Transport::Port(protocol, number) = flow.transport else { return false };
    ports.iter().any(|port| port["protocol"] == protocol.as_str() && port["port"] == number)
}
