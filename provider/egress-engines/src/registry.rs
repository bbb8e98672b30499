//! Every engine. A new one is a line in each list that it belongs to.

use crate::engine::Engine;
use crate::gateway::GatewayEngine;
use crate::kube_ovn::VPC_EGRESS_GATEWAY;
use crate::manifest::Kind;
use crate::{
    admin_network_policy, aks, antrea, calico, cilium, cluster_network_policy, eks, gke, istio, kube_ovn, linkerd,
    network_policy, ovn_kubernetes, spidernet,
};

/// The engines that policies can be compiled to.
pub const ENGINES: &[Engine] = &[
    network_policy::ENGINE,
    cilium::ENGINE,
    calico::ENGINE,
    calico::ENTERPRISE,
    antrea::ENGINE,
    istio::ENGINE,
    cluster_network_policy::ENGINE,
    admin_network_policy::ENGINE,
    ovn_kubernetes::ENGINE,
    eks::ENGINE,
    gke::ENGINE,
    linkerd::ENGINE,
];

/// The engine that users call so, if it has a compiler.
pub fn engine(name: &str) -> Option<Engine> {
    ENGINES.iter().copied().find(|engine| engine.name.as_str() == name)
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

/// Kinds whose name in URLs does not follow from the kind by the rule that Kubernetes' own kinds and most others keep.
pub const IRREGULAR_KINDS: [Kind; 1] = [VPC_EGRESS_GATEWAY];
