//! The compiler of gateways to Kube-OVN's `VpcEgressGateway`, `kubeovn.io/v1`.
//!
//! Source of what it means: the CRD of Kube-OVN 1.15.24, its rules in CEL, and `pkg/controller/vpc_egress_gateway.go`. The gateway is a
//! Deployment whose pods have an interface in an external subnet; the addresses are those of that interface, one per pod,
//! and the VPC's router spreads the selected pods' traffic over the gateway's pods that run.

use std::net::IpAddr;

use egress_model::gateway::{Failover, Gateway};
use egress_model::labels::{Labels, NAMESPACE_NAME_LABEL};
use egress_model::policy::Path;

use super::object::{Bfd, GatewaySpec, SourceSelector, VPC_EGRESS_GATEWAY};
use super::support;
use crate::gateway::{GatewayEngine, Requirement, look_up};
use crate::manifest::{Manifest, Metadata};
use crate::{Compiled, EngineName, Findings, GatewayFeature, Level, Settings};

/// The engine: Kube-OVN.
pub const GATEWAY: GatewayEngine = GatewayEngine {
    name: EngineName::KubeOvn,
    support: support::gateway,
    exceptions: support::GATEWAY_EXCEPTIONS,
    compile,
    requirements,
    kinds: &[&VPC_EGRESS_GATEWAY],
    not_for_policies: Some(
        "a VpcEgressGateway has pods and addresses of its own, and lists whose traffic it takes itself",
    ),
};

/// The most replicas that the CRD takes.
const MOST_REPLICAS: u16 = 10;

/// Compiles a gateway to a `VpcEgressGateway` in its namespace.
fn compile(gateway: &Gateway, settings: &Settings) -> Compiled {
    let mut findings = Findings::new(support::gateway, settings);
    look_up(gateway, &mut findings);
    let root = Path::root();
    if settings.kube_ovn.external_subnet.is_none() {
        let why = "a VpcEgressGateway takes its addresses from an external subnet of Kube-OVN; name it in the provider's \
                   kubernetes.kube_ovn.external_subnet";
        findings.refuse(root.field("ips"), GatewayFeature::External, why);
    }
    let own_namespace = own_namespace(gateway);
    if gateway.sources.iter().any(|source| source.pods.is_empty() && source.namespaces.matches(&own_namespace)) {
        let why = "every pod of the gateway's own namespace would be the gateway's own pods too, whose traffic would go round \
                   in circles; select pods by their labels, or leave that namespace out";
        findings.refuse(root.field("sources"), GatewayFeature::SourcePods, why);
    }
    let replicas = gateway.replicas.map_or(1, std::num::NonZeroU16::get);
    if replicas > MOST_REPLICAS {
        let why = format!("a VpcEgressGateway has at most {MOST_REPLICAS} replicas");
        findings.refuse(root.field("replicas"), GatewayFeature::Replicas, why);
    }
    let external_ips = external_ips(gateway, &mut findings);
    if !external_ips.is_empty() && external_ips.len() < usize::from(replicas) {
        let why = format!(
            "each of the {replicas} replicas needs an address of its own, and there are {}",
            external_ips.len()
        );
        findings.refuse(root.field("ips"), GatewayFeature::SeveralIps, why);
    }
    let is_required = gateway.failover == Failover::Required;
    if is_required && replicas == 1 {
        let why = "with one replica traffic waits until its pod runs on another node; set replicas to 2 or more";
        findings.add(Level::Degraded, root.field("failover"), GatewayFeature::Failover, why);
    }
    let selectors = gateway.sources.iter().map(|source| SourceSelector {
        namespace_selector: (!source.namespaces.is_empty()).then(|| (&source.namespaces).into()),
        pod_selector: (!source.pods.is_empty()).then(|| (&source.pods).into()),
    });
    let spec = GatewaySpec {
        replicas,
        vpc: settings.kube_ovn.vpc.clone(),
        external_subnet: settings.kube_ovn.external_subnet.clone().unwrap_or_default(),
        external_ips,
        bfd: Bfd::new(is_required),
        selectors: selectors.collect(),
        node_selector: if gateway.nodes.is_empty() { Vec::new() } else { vec![(&gateway.nodes).into()] },
    };
    let metadata = Metadata::of_gateway(gateway).in_namespace(&gateway.namespace);
    Compiled::new(vec![Manifest::new(&VPC_EGRESS_GATEWAY, metadata, &spec)], findings)
}

/// What is known of the labels of the namespace that the gateway's pods run in.
fn own_namespace(gateway: &Gateway) -> Labels {
    let name = (NAMESPACE_NAME_LABEL.parse().ok()).zip(gateway.namespace.as_str().parse().ok());
    name.into_iter().collect()
}

/// The addresses as the CRD writes them: those of both families in pairs, because each pod has one of each.
fn external_ips(gateway: &Gateway, findings: &mut Findings<'_, GatewayFeature>) -> Vec<String> {
    let (ipv4, ipv6): (Vec<IpAddr>, Vec<IpAddr>) = gateway.ips.iter().partition(|address| address.is_ipv4());
    if ipv4.is_empty() || ipv6.is_empty() {
        return gateway.ips.iter().map(ToString::to_string).collect();
    }
    if ipv4.len() != ipv6.len() {
        let why = "of dual stack each replica has an address of each family; write as many IPv4 as IPv6 addresses";
        findings.refuse(Path::root().field("ips"), GatewayFeature::SeveralIps, why);
    }
    ipv4.iter().zip(&ipv6).map(|(ipv4, ipv6)| format!("{ipv4},{ipv6}")).collect()
}

fn requirements(gateway: &Gateway, settings: &Settings) -> Vec<Requirement> {
    let mut all = vec![Requirement::kind(&VPC_EGRESS_GATEWAY)];
    all.extend(Requirement::nodes(gateway));
    let subnet = settings.kube_ovn.external_subnet.as_deref().unwrap_or_default();
    let vpc = settings.kube_ovn.vpc.as_deref().unwrap_or("the cluster's own (ovn-cluster)");
    all.push(Requirement::Outside(format!(
        "The subnet {subnet} has a provider with a NetworkAttachmentDefinition (Multus), and ips are in it and used by nothing \
         else"
    )));
    if gateway.failover == Failover::Required {
        all.push(Requirement::Outside(format!("The VPC {vpc} has a BFD port (spec.bfdPort.enabled is true)")));
    }
    all
}
