//! The compiler of gateways to the static egress gateway of AKS, `egressgateway.kubernetes.azure.com/v1alpha1`.
//!
//! Source of what it means: [`crate::companions::aks`]. Pods are not selected: those of the gateway's namespace that carry an annotation
//! when they are created use it. The annotation is a requirement that the gateway comes with.

use egress_model::gateway::{Destinations, Gateway};
use egress_model::labels::NAMESPACE_NAME_LABEL;
use egress_model::policy::Path;

use super::support;
use crate::companions::aks::{
    self, Addresses, NODE_POOL_LABEL, NodePoolName, STATIC_GATEWAY_CONFIGURATION, StaticGateway, Through,
};
use crate::gateway::{GatewayEngine, Requirement, look_up};
use crate::manifest::Metadata;
use crate::{Compiled, EngineName, Findings, GatewayFeature, Settings};

/// The engine: AKS static egress gateway.
pub const GATEWAY: GatewayEngine = GatewayEngine {
    name: EngineName::Aks,
    support: support::gateway,
    exceptions: &[],
    compile,
    requirements,
    kinds: &[&STATIC_GATEWAY_CONFIGURATION],
    not_for_policies: Some("a pod names its gateway in an annotation, for whatever destination"),
};

/// Compiles a gateway to a `StaticGatewayConfiguration` in its namespace.
fn compile(gateway: &Gateway, settings: &Settings) -> Compiled {
    let mut findings = Findings::new(support::gateway, settings);
    look_up(gateway, &mut findings);
    let root = Path::root();
    // How pods come to use it is not a matter of labels, whether or not the gateway selects by any.
    findings.need(root.field("sources"), GatewayFeature::SourcePods);
    if !is_own_namespace(gateway) {
        let why = format!(
            "a static egress gateway is for pods of its own namespace; the source has to be the namespace {}",
            gateway.namespace
        );
        findings.refuse(root.field("sources"), GatewayFeature::SourceNamespaces, why);
    }
    if !gateway.public_ips.is_empty() && settings.aks_public_ip_prefix.is_none() {
        let why =
            "AKS takes public addresses as a prefix, by its resource id; set the id of the prefix that holds them";
        findings.refuse(root.field("public_ips"), GatewayFeature::PublicIps, why);
    }
    let manifests = match static_gateway(gateway, settings) {
        Ok(spec) => {
            vec![aks::manifest(&spec, Metadata::of_gateway(gateway).in_namespace(&gateway.namespace))]
        }
        Err(why) => {
            findings.refuse(root.field("nodes"), GatewayFeature::Nodes, why);
            Vec::new()
        }
    };
    Compiled::new(manifests, findings)
}

fn static_gateway(gateway: &Gateway, settings: &Settings) -> Result<StaticGateway, String> {
    let through = match &gateway.to {
        Destinations::Cidrs(set) => Through::Only(set.remaining()),
        // Names are refused.
        Destinations::External | Destinations::Domains(_) => {
            Through::AllBut(settings.cluster.internal().into_iter().collect())
        }
    };
    Ok(StaticGateway {
        name: gateway.name.clone(),
        namespace: gateway.namespace.clone(),
        node_pool: node_pool(gateway)?,
        addresses: settings.aks_public_ip_prefix.clone().map_or(Addresses::Provisioned, Addresses::Prefix),
        through,
    })
}

fn is_own_namespace(gateway: &Gateway) -> bool {
    gateway.sources.iter().all(|source| {
        let mut labels = source.namespaces.match_labels.iter();
        labels.next().is_some_and(|(key, value)| {
            key.as_str() == NAMESPACE_NAME_LABEL && value.as_str() == gateway.namespace.as_str()
        }) && labels.next().is_none()
            && source.namespaces.match_expressions.is_empty()
    })
}

fn node_pool(gateway: &Gateway) -> Result<NodePoolName, String> {
    let mut labels = gateway.nodes.match_labels.iter().filter(|_| gateway.nodes.match_expressions.is_empty());
    match (labels.next(), labels.next()) {
        (Some((key, pool)), None) if key.as_str() == NODE_POOL_LABEL => {
            pool.as_str().parse().map_err(|error: aks::Error| error.to_string())
        }
        _ => Err(format!(
            "a static egress gateway is carried by one node pool of mode Gateway; select it with the label {NODE_POOL_LABEL} alone"
        )),
    }
}

fn requirements(gateway: &Gateway, settings: &Settings) -> Vec<Requirement> {
    let Ok(static_gateway) = static_gateway(gateway, settings) else { return Vec::new() };
    let mut all = aks::requirements(&static_gateway);
    if let (Some(prefix), false) = (&settings.aks_public_ip_prefix, gateway.public_ips.is_empty()) {
        let ips: Vec<String> = gateway.public_ips.iter().map(ToString::to_string).collect();
        all.push(Requirement::Outside(format!("The public IP prefix {prefix} holds {}", ips.join(", "))));
    }
    all
}
