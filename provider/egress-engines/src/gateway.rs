//! Egress gateways: what every engine with one has in common.

use egress_model::gateway::{Destinations, Failover, Gateway};
use egress_model::policy::Path;

use crate::capability::{EngineName, GatewayFeature, Support};
use crate::manifest::Kind;
pub use crate::requirement::Requirement;
use crate::{Compiled, Findings, Settings, aks, antrea, calico, cilium, istio, kube_ovn, ovn_kubernetes, spidernet};

/// An engine with a compiler of gateways.
#[derive(Clone, Copy, Debug)]
pub struct GatewayEngine {
    /// Its name.
    pub name: EngineName,
    /// Its column of the capability table.
    pub support: fn(GatewayFeature, &Settings) -> Support,
    /// Its compiler.
    pub compile: fn(&Gateway, &Settings) -> Compiled,
    /// What must be there for the objects to work.
    pub requirements: fn(&Gateway, &Settings) -> Vec<Requirement>,
    /// The kinds of object that gateways become.
    pub kinds: &'static [&'static Kind],
}

/// The engines that gateways can be compiled to.
pub const GATEWAY_ENGINES: &[GatewayEngine] = &[
    cilium::gateway::GATEWAY,
    antrea::GATEWAY,
    calico::gateway::GATEWAY,
    calico::gateway::ENTERPRISE_GATEWAY,
    spidernet::GATEWAY,
    aks::GATEWAY,
    kube_ovn::GATEWAY,
    istio::gateway::GATEWAY,
    ovn_kubernetes::gateway::GATEWAY,
];

/// The engine that users call so, if it has a compiler of gateways.
pub fn gateway_engine(name: &str) -> Option<GatewayEngine> {
    GATEWAY_ENGINES.iter().copied().find(|engine| engine.name.as_str() == name)
}

/// Looks every part of a gateway up in the engine's column, so that no compiler can overlook one. What depends on more than a
/// feature is left to the compiler.
pub fn look_up(gateway: &Gateway, findings: &mut Findings<'_, GatewayFeature>) {
    let root = Path::root();
    let sources = root.field("sources");
    if gateway.sources.iter().any(|source| !source.pods.is_empty()) {
        findings.need(sources.clone(), GatewayFeature::SourcePods);
    }
    if gateway.sources.iter().any(|source| !source.namespaces.is_empty()) {
        findings.need(sources.clone(), GatewayFeature::SourceNamespaces);
    }
    if gateway.sources.len() > 1 {
        findings.need(sources, GatewayFeature::SeveralSources);
    }
    let to = root.field("to");
    match &gateway.to {
        Destinations::External => findings.need(to, GatewayFeature::External),
        Destinations::Cidrs(set) => {
            if set.blocks().any(|(_, except)| !except.is_empty()) {
                findings.need(to.field("cidrs"), GatewayFeature::ExceptCidrs);
            }
            findings.need(to.field("cidrs"), GatewayFeature::Cidrs)
        }
        Destinations::Domains(_) => findings.need(to.field("domains"), GatewayFeature::Domains),
    };
    let ips = root.field("ips");
    if !gateway.ips.is_empty() && findings.need(ips.clone(), GatewayFeature::Ips) {
        findings.need(ips.clone(), GatewayFeature::AssignsIps);
        if gateway.ips.len() > 1 {
            findings.need(ips.clone(), GatewayFeature::SeveralIps);
        }
        if gateway.ips.iter().any(std::net::IpAddr::is_ipv6) {
            findings.need(ips, GatewayFeature::Ipv6);
        }
    }
    if !gateway.public_ips.is_empty() {
        findings.need(root.field("public_ips"), GatewayFeature::PublicIps);
    }
    if !gateway.nodes.is_empty() {
        findings.need(root.field("nodes"), GatewayFeature::Nodes);
    }
    if gateway.interface.is_some() {
        findings.need(root.field("interface"), GatewayFeature::Interface);
    }
    if gateway.replicas.is_some_and(|replicas| replicas.get() > 1) {
        findings.need(root.field("replicas"), GatewayFeature::Replicas);
    }
    if gateway.failover == Failover::Required {
        findings.need(root.field("failover"), GatewayFeature::Failover);
    }
}
