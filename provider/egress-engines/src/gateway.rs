//! Egress gateways: what every engine with one has in common.

use std::fmt;

use egress_model::gateway::{Destinations, Failover, Gateway};
use egress_model::policy::Path;

use crate::capability::{EngineName, GatewayFeature, Support};
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

/// Something outside the emitted objects that they need. Each is known from the engine's documentation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Requirement {
    /// A value of the engine's Helm chart.
    HelmValue {
        /// The chart, such as `cilium`.
        chart: &'static str,
        /// The value's path, such as `egressGateway.enabled`.
        key: &'static str,
        /// What it must be.
        value: String,
    },
    /// A kind that the API server must serve.
    Kind {
        /// Group and version.
        api_version: &'static str,
        /// The kind.
        kind: &'static str,
    },
    /// A label that the gateway's nodes must have.
    NodeLabel {
        /// The label.
        key: String,
        /// Its value; any where there is none.
        value: Option<String>,
    },
    /// A field of an object in the cluster, such as a feature switch of the engine's own configuration.
    Setting {
        /// Which object: kind, and name with the namespace if it has one.
        object: &'static str,
        /// The field, such as `spec.egressIPSupport` or `data.enable-ipv4-egress-gateway`.
        field: &'static str,
        /// What it must be.
        value: String,
    },
    /// An annotation that each of the gateway's pods must have.
    PodAnnotation {
        /// The annotation.
        key: &'static str,
        /// Its value.
        value: String,
    },
    /// Something that nothing in the cluster tells, in a sentence.
    Outside(String),
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HelmValue { chart, key, value } => write!(f, "Helm chart {chart}: {key} = {value}"),
            Self::Kind { api_version, kind } => write!(f, "The API server serves {kind} in {api_version}"),
            Self::NodeLabel { key, value: Some(value) } => write!(f, "A node has the label {key}={value}"),
            Self::NodeLabel { key, value: None } => write!(f, "A node has the label {key}"),
            Self::Setting { object, field, value } => write!(f, "{object}: {field} is {value}"),
            Self::PodAnnotation { key, value } => write!(f, "Each pod has the annotation {key}: {value}"),
            Self::Outside(sentence) => f.write_str(sentence),
        }
    }
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
                findings.need(to.field("except_cidrs"), GatewayFeature::ExceptCidrs);
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
