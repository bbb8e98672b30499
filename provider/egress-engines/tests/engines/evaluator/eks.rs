//! What the EKS kinds mean, written from the field documentation of their CRDs: a `ClusterNetworkPolicy` of the Admin tier is
//! asked first, then the policies of the namespace, then those of the Baseline tier.

use egress_model::policy::verdict::{Flow, Pod};
use serde_json::Value;

use super::admin_network_policy::ports_match;
use super::network_policy::{Plugin as NetworkPlugin, allows_ports, isolates, matches_peer};
use super::tiers::{Decision, Plugin, decide, is_name};
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
    let cluster = of_kind(objects, "ClusterNetworkPolicy");
    let tier = |name: &str| {
        let policies: Vec<&Value> = cluster.iter().copied().filter(|policy| policy["spec"]["tier"] == name).collect();
        decide(plugin, &policies, ports_match, source, flow)
    };
    match tier("Admin") {
        Some(Decision::Passes) => return true,
        Some(Decision::Stopped) => return false,
        Some(Decision::NextTier) | None => {}
    }
    let application = of_kind(objects, "ApplicationNetworkPolicy");
    let isolating: Vec<&Value> = application.into_iter().filter(|policy| isolates(policy, source)).collect();
    if !isolating.is_empty() {
        return isolating.into_iter().any(|policy| allows(plugin, policy, flow));
    }
    tier("Baseline") != Some(Decision::Stopped)
}

fn allows(plugin: Plugin, policy: &Value, flow: &Flow) -> bool {
    let by_address = NetworkPlugin { blocks_match_pods: plugin.networks_match_pods, blocks_match_nodes: true };
    let namespace = policy["metadata"]["namespace"].as_str().expect("a namespace");
    let rules = policy["spec"]["egress"].as_array().expect("rules");
    rules.iter().any(|rule| {
        let is_peer = |peer: &Value| match peer["domainNames"].as_array() {
            Some(names) => names.iter().any(|pattern| {
                let pattern = pattern.as_str().expect("text");
                flow.destination.names.iter().any(|name| is_name(pattern, name.as_str()))
            }),
            None => matches_peer(by_address, peer, namespace, &flow.destination),
        };
        rule["to"].as_array().is_none_or(|to| to.iter().any(is_peer)) && allows_ports(rule, flow)
    })
}
