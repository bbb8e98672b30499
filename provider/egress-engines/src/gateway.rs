//! Egress gateways: what every engine with one has in common.

use egress_model::gateway::{Destinations, Failover, Gateway};
use egress_model::policy::Path;

use crate::capability::{GatewayFeature, Support};
use crate::compiled::Compiled;
use crate::engine_name::EngineName;
use crate::exception::Exception;
use crate::finding::Findings;
use crate::manifest::Kind;
pub use crate::requirement::Requirement;
use crate::settings::Settings;

/// An engine with a compiler of gateways.
#[derive(Clone, Copy, Debug)]
pub struct GatewayEngine {
    /// Its name.
    pub name: EngineName,
    /// Its column of the capability table.
    pub support: fn(GatewayFeature, &Settings) -> Support,
    /// The values for which it does otherwise.
    pub exceptions: &'static [Exception<GatewayFeature>],
    /// Its compiler.
    pub compile: fn(&Gateway, &Settings) -> Compiled,
    /// What must be there for the objects to work.
    pub requirements: fn(&Gateway, &Settings) -> Vec<Requirement>,
    /// The kinds of object that gateways become.
    pub kinds: &'static [&'static Kind],
    /// Why a policy cannot send its own pods and destinations through a gateway that is there; none where it can.
    pub not_for_policies: Option<&'static str>,
}

/// Looks every part of a gateway up in the engine's column, so that no compiler can overlook one. What depends on more than a
/// feature is left to the compiler.
pub fn look_up(gateway: &Gateway, findings: &mut Findings<'_, GatewayFeature>) {
    for (path, feature) in features(gateway) {
        findings.need(path, feature);
    }
}

/// What each part of a gateway asks for.
pub fn features(gateway: &Gateway) -> Vec<(Path, GatewayFeature)> {
    let root = Path::root();
    let (sources, to, ips) = (root.field("sources"), root.field("to"), root.field("ips"));
    let (to_cidrs, excepts) = match &gateway.to {
        Destinations::Cidrs(set) => (true, set.blocks().any(|(_, except)| !except.is_empty())),
        Destinations::External | Destinations::Domains(_) => (false, false),
    };
    let asks = [
        (gateway.sources.iter().any(|source| !source.pods.is_empty()), &sources, GatewayFeature::SourcePods),
        (
            gateway.sources.iter().any(|source| !source.namespaces.is_empty()),
            &sources,
            GatewayFeature::SourceNamespaces,
        ),
        (gateway.sources.len() > 1, &sources, GatewayFeature::SeveralSources),
        (gateway.to == Destinations::External, &to, GatewayFeature::External),
        (excepts, &to.field("cidrs"), GatewayFeature::ExceptCidrs),
        (to_cidrs, &to.field("cidrs"), GatewayFeature::Cidrs),
        (matches!(gateway.to, Destinations::Domains(_)), &to.field("domains"), GatewayFeature::Domains),
        (!gateway.ips.is_empty(), &ips, GatewayFeature::Ips),
        (!gateway.ips.is_empty(), &ips, GatewayFeature::AssignsIps),
        (gateway.ips.len() > 1, &ips, GatewayFeature::SeveralIps),
        (gateway.ips.iter().any(std::net::IpAddr::is_ipv6), &ips, GatewayFeature::Ipv6),
        (!gateway.public_ips.is_empty(), &root.field("public_ips"), GatewayFeature::PublicIps),
        (!gateway.nodes.is_empty(), &root.field("nodes"), GatewayFeature::Nodes),
        (gateway.interface.is_some(), &root.field("interface"), GatewayFeature::Interface),
        (
            gateway.replicas.is_some_and(|replicas| replicas.get() > 1),
            &root.field("replicas"),
            GatewayFeature::Replicas,
        ),
        (gateway.failover == Failover::Required, &root.field("failover"), GatewayFeature::Failover),
    ];
    asks.into_iter().filter(|(asked, ..)| *asked).map(|(_, path, feature)| (path.clone(), feature)).collect()
}
