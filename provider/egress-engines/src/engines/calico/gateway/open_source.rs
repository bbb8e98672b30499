//! What Calico open source has in place of a gateway: pods that leave with addresses of their own, from pools whose addresses nodes
//! do not replace and BGP announces.
//!
//! Sources: Calico v3.32, "Restrict a pod to use an IP address in a specific range", "Configure outgoing NAT" and "Configure BGP
//! peering". Egress gateways are a feature of Calico Enterprise alone.

use egress_model::gateway::Gateway;
use egress_model::policy::Path;

use super::super::support;
use super::{IP_POOL, annotated, listed, named_namespaces, note_sources, pool, pool_name};
use crate::gateway::{GatewayEngine, Requirement, look_up};
use crate::{Attachment, Compiled, EngineName, Findings, GatewayFeature, Settings};

/// Addresses of pods that leave the cluster, with Calico open source.
pub const GATEWAY: GatewayEngine = GatewayEngine {
    name: EngineName::Calico,
    support: support::open_source_gateway,
    exceptions: support::GATEWAY_EXCEPTIONS,
    compile,
    requirements,
    kinds: &[&IP_POOL],
    not_for_policies: Some("a pool gives a pod its own address, for whatever destination"),
};

/// Compiles a gateway to pools, and the annotations of the namespaces whose pods take addresses from them.
fn compile(gateway: &Gateway, settings: &Settings) -> Compiled {
    let mut findings = Findings::new(support::open_source_gateway, settings);
    look_up(gateway, &mut findings);
    note_sources(gateway, &mut findings);
    if gateway.ips.is_empty() {
        let why = "Calico open source has no gateway, only pools of addresses for the pods themselves; set ips";
        findings.refuse(Path::root().field("ips"), GatewayFeature::Ips, why);
    }
    let pools = gateway.ips.iter().map(|address| pool(gateway, *address)).collect();
    let attached =
        named_namespaces(gateway).into_iter().map(|namespace| Attachment::on_namespace(namespace, choices(gateway)));
    Compiled::new(pools, findings).attaching(attached.collect())
}

/// The annotations by which pods take addresses of the pools, one for each IP version that has some.
fn choices(gateway: &Gateway) -> Vec<(&'static str, String)> {
    let of = |annotation: &'static str, ipv4: bool| {
        let addresses = gateway.ips.iter().filter(|address| address.is_ipv4() == ipv4);
        let names: Vec<String> = addresses.map(|address| format!("{:?}", pool_name(gateway, *address))).collect();
        (!names.is_empty()).then(|| (annotation, format!("[{}]", names.join(", "))))
    };
    let ipv4 = of("cni.projectcalico.org/ipv4pools", true);
    let ipv6 = of("cni.projectcalico.org/ipv6pools", false);
    ipv4.into_iter().chain(ipv6).collect()
}

fn requirements(gateway: &Gateway, _: &Settings) -> Vec<Requirement> {
    let mut requirements = vec![
        Requirement::Outside("Calico's own CNI plugin and IPAM give pods their addresses".to_owned()),
        Requirement::Outside(format!(
            "Routers outside learn from Calico over BGP where {} is: a BGPPeer for each, and no BGPConfiguration or BGPFilter that \
             holds these routes back",
            listed(&gateway.ips)
        )),
        Requirement::Outside(format!("Nothing on the way out replaces {} by another address", listed(&gateway.ips))),
        Requirement::Outside("Pods that were there before are recreated: a pod keeps its address".to_owned()),
    ];
    for (annotation, pools) in choices(gateway) {
        requirements.extend(annotated(gateway, &format!("{annotation}: '{pools}'")));
    }
    requirements
}
