//! The compiler of gateways to OVN-Kubernetes' `k8s.ovn.org/v1` `EgressIP`.
//!
//! Source: OVN-Kubernetes 1.3 on `EgressIP`, and its CRD. OVN-Kubernetes puts each address onto one of the nodes with the label
//! `k8s.ovn.org/egress-assignable` whose networks hold it, spreads connections over the addresses, and moves an address when its
//! node no longer answers. Everything outside the cluster leaves from them, whatever the destination.

use egress_model::gateway::{Failover, Gateway};
use egress_model::policy::Path;

use super::object::{EGRESS_IP, EgressIpSpec};
use super::support;
use crate::gateway::{GatewayEngine, Requirement, look_up};
use crate::manifest::{Manifest, Metadata};
use crate::{Compiled, EngineName, Findings, GatewayFeature, Settings};

/// The engine: OVN-Kubernetes.
pub const GATEWAY: GatewayEngine = GatewayEngine {
    name: EngineName::OvnKubernetes,
    support: support::gateway,
    exceptions: support::GATEWAY_EXCEPTIONS,
    compile,
    requirements,
    kinds: &[&EGRESS_IP],
    not_for_policies: Some(
        "an EgressIP is for all that its pods send out of the cluster, whatever the destination, and an address belongs to one \
         EgressIP",
    ),
};

/// The label of the nodes that take addresses.
const ASSIGNABLE: &str = "k8s.ovn.org/egress-assignable";

/// Compiles a gateway to one `EgressIP`.
fn compile(gateway: &Gateway, settings: &Settings) -> Compiled {
    let mut findings = Findings::new(support::gateway, settings);
    look_up(gateway, &mut findings);
    let root = Path::root();
    if gateway.ips.is_empty() {
        let why = "an EgressIP says its addresses itself and takes them from no pool; set ips";
        findings.refuse(root.field("ips"), GatewayFeature::Ips, why);
    }
    if let Some(replicas) = gateway.replicas
        && !gateway.ips.is_empty()
        && usize::from(replicas.get()) != gateway.ips.len()
    {
        let why = format!(
            "each address is on one node, so there are as many gateways as ips: {}; leave replicas out, or give as many ips",
            gateway.ips.len()
        );
        findings.refuse(root.field("replicas"), GatewayFeature::Replicas, why);
    }
    let source = gateway.sources.first();
    let spec = EgressIpSpec {
        egress_ips: gateway.ips.iter().map(ToString::to_string).collect(),
        namespace_selector: source.map(|source| (&source.namespaces).into()).unwrap_or_default(),
        pod_selector: source.filter(|source| !source.pods.is_empty()).map(|source| (&source.pods).into()),
    };
    Compiled::new(vec![Manifest::new(&EGRESS_IP, Metadata::of_gateway(gateway), &spec)], findings)
}

fn requirements(gateway: &Gateway, _: &Settings) -> Vec<Requirement> {
    let nodes = gateway.ips.len();
    let count = nodes + usize::from(gateway.failover == Failover::Required);
    vec![
        Requirement::kind(&EGRESS_IP),
        Requirement::Nodes { selector: ASSIGNABLE.to_owned(), count },
        Requirement::Outside(format!(
            "Nodes with that label have ips in a network of theirs, and nothing else uses ips; {} such nodes, so that each address \
             has one and another takes it over",
            nodes + 1
        )),
        Requirement::Outside(
            "No other EgressIP selects the same pods: which of several applies is not defined".to_owned(),
        ),
    ]
}
