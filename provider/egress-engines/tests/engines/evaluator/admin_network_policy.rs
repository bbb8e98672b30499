//! What `AdminNetworkPolicy` and `BaselineAdminNetworkPolicy` objects mean, together with a `NetworkPolicy`, written from the API
//! reference of network-policy-api 0.1.7.

use egress_model::policy::verdict::{Flow, Pod};
use serde_json::Value;

use super::network_policy::{self, Plugin as NetworkPlugin};
use super::tiers::{Decision, Plugin, decide, is_named_port, port_of};
use super::{Installation, of_kind};

pub(crate) fn installations() -> Vec<Installation> {
    Plugin::all()
        .map(|plugin| Installation {
            passes: Box::new(move |objects, source, flow| passes(plugin, objects, source, flow)),
            what: format!("{plugin:?}"),
            as_the_model: !plugin.networks_match_pods && !plugin.ties_reversed,
        })
        .collect()
}

fn passes(plugin: Plugin, objects: &[Value], source: &Pod, flow: &Flow) -> bool {
    match decide(plugin, &of_kind(objects, "AdminNetworkPolicy"), ports_match, source, flow) {
        Some(Decision::Passes) => return true,
        Some(Decision::Stopped) => return false,
        Some(Decision::NextTier) | None => {}
    }
    // A pod that a NetworkPolicy isolates is decided about there; no other pod is.
    let network = of_kind(objects, "NetworkPolicy");
    let by_address = NetworkPlugin { blocks_match_pods: plugin.networks_match_pods, blocks_match_nodes: true };
    if let Some(decided) = network_policy::decide(by_address, &network, source, flow) {
        return decided;
    }
    let baseline = decide(plugin, &of_kind(objects, "BaselineAdminNetworkPolicy"), ports_match, source, flow);
    baseline != Some(Decision::Stopped)
}

/// Whether a rule is about the port of a flow.
pub(super) fn ports_match(rule: &Value, flow: &Flow) -> bool {
    let Some(ports) = rule["ports"].as_array() else { return true };
    ports.iter().any(|port| {
        let (kind, value) = port.as_object().expect("a port").iter().next().expect("one kind");
        let sent = || port_of(value["protocol"].as_str().unwrap_or("TCP"), flow);
        match kind.as_str() {
            "namedPort" => is_named_port(value.as_str().expect("a name"), flow),
            "portNumber" => sent().is_some_and(|sent| value["port"].as_u64() == Some(sent)),
            "portRange" => {
                sent().is_some_and(|sent| (value["start"].as_u64()..=value["end"].as_u64()).contains(&Some(sent)))
            }
            other => panic!("{other} is no port"),
        }
    })
}
