//! What a `NetworkPolicy` and an `FQDNNetworkPolicy` mean together, written from the field documentation of GKE's CRD: traffic
//! passes that either of them allows.

use egress_model::policy::verdict::{Flow, Transport};
use serde_json::Value;

use super::network_policy::{self, plugins, selects};
use super::{Installation, of_kind};

pub(crate) fn installations() -> Vec<Installation> {
    plugins()
        .map(|plugin| Installation {
            passes: Box::new(move |objects, source, flow| {
                let network = network_policy::decide(plugin, &of_kind(objects, "NetworkPolicy"), source, flow);
                let selecting = of_kind(objects, "FQDNNetworkPolicy").into_iter().filter(|policy| {
                    policy["metadata"]["namespace"] == source.namespace.as_str()
                        && selects(&policy["spec"]["podSelector"], &source.labels)
                });
                let names = selecting.map(|policy| allows(policy, flow)).reduce(|one, other| one || other);
                match (network, names) {
                    (None, None) => true,
                    (network, names) => network == Some(true) || names == Some(true),
                }
            }),
            what: format!("{plugin:?}"),
            as_the_model: plugin.as_the_model(),
        })
        .into()
}

fn allows(policy: &Value, flow: &Flow) -> bool {
    let rules = policy["spec"]["egress"].as_array().expect("rules");
    rules.iter().any(|rule| {
        let mut matches = rule["matches"].as_array().expect("names").iter();
        matches.any(|name| is_name(name, flow)) && is_port(rule, flow)
    })
}

fn is_name(wanted: &Value, flow: &Flow) -> bool {
    flow.destination.names.iter().any(|name| match (wanted["name"].as_str(), wanted["pattern"].as_str()) {
        (Some(wanted), None) => name.as_str() == wanted,
        (None, Some(pattern)) => {
            let (labels, wanted): (Vec<_>, Vec<_>) = (name.as_str().split('.').collect(), pattern.split('.').collect());
            // A `*` within a label is never emitted.
            labels.len() == wanted.len()
                && labels.iter().zip(wanted).all(|(label, wanted)| wanted == "*" || *label == wanted)
        }
        other => panic!("{other:?} is no match"),
    })
}

fn is_port(rule: &Value, flow: &Flow) -> bool {
    let Some(ports) = rule["ports"].as_array() else { return true };
    let Transport::Port(protocol, number) = flow.transport else { return false };
    ports.iter().any(|port| {
        port["protocol"] == protocol.as_str() && port["port"].as_u64().is_none_or(|wanted| wanted == u64::from(number))
    })
}
