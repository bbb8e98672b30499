//! What `ClusterNetworkPolicy` objects mean, written from the API reference of network-policy-api 0.2.0.

use egress_model::policy::verdict::{Flow, Pod};
use serde_json::Value;

use super::Installation;
use super::tiers::{Decision, Plugin, decide, is_named_port, port_of};

pub(crate) fn installations() -> Vec<Installation> {
    Plugin::all()
        .map(|plugin| Installation {
            passes: Box::new(move |objects, source, flow| passes(plugin, objects, source, flow)),
            what: format!("{plugin:?}"),
            as_the_model: !plugin.networks_match_pods && !plugin.ties_reversed,
        })
        .collect()
}

/// The Admin tier, then the tier of `NetworkPolicy` objects, of which there are none, then the Baseline tier; what is left
/// passes.
fn passes(plugin: Plugin, objects: &[Value], source: &Pod, flow: &Flow) -> bool {
    for tier in ["Admin", "Baseline"] {
        let policies: Vec<&Value> = objects.iter().filter(|object| object["spec"]["tier"] == tier).collect();
        match decide(plugin, &policies, ports_match, source, flow) {
            Some(Decision::Passes) => return true,
            Some(Decision::Stopped) => return false,
            Some(Decision::NextTier) | None => {}
        }
    }
    true
}

fn ports_match(rule: &Value, flow: &Flow) -> bool {
    let Some(protocols) = rule["protocols"].as_array() else { return true };
    protocols.iter().any(|protocol| {
        let (kind, value) = protocol.as_object().expect("a protocol").iter().next().expect("one kind");
        if kind == "destinationNamedPort" {
            return is_named_port(value.as_str().expect("a name"), flow);
        }
        let Some(port) = port_of(&kind.to_uppercase(), flow) else { return false };
        let wanted = &value["destinationPort"];
        match wanted["range"].as_object() {
            Some(range) => (range["start"].as_u64()..=range["end"].as_u64()).contains(&Some(port)),
            None => wanted["number"].as_u64() == Some(port),
        }
    })
}
