//! The compiler of gateways to Spidernet's `EgressGateway` and `EgressClusterPolicy`, `egressgateway.spidernet.io/v1beta1`.
//!
//! Source of what they mean: the documentation, CRDs, chart and admission webhooks of `EgressGateway` 0.6.9. A policy's gateway and
//! address cannot be changed, and a gateway's pool cannot lose an address in use, so both have the address in their name:
//! another address is another pair of objects.

use std::net::IpAddr;

use egress_model::gateway::{Destinations, Failover, Gateway, Source};
use egress_model::policy::Path;

use super::object::{
    AppliedTo, EGRESS_CLUSTER_POLICY, EGRESS_GATEWAY, EgressIp, GatewaySpec, NodeSelector, PolicySpec, Pools,
};
use super::support;
use crate::gateway::{GatewayEngine, Requirement, look_up};
use crate::label_selector::{LabelSelector, LabelSelectorRequirement};
use crate::manifest::{Manifest, Metadata, address_in_a_name};
use crate::{Compiled, EngineName, Findings, GatewayFeature, Level, Settings};

/// The engine: Spidernet's `EgressGateway`.
pub const GATEWAY: GatewayEngine = GatewayEngine {
    name: EngineName::Spidernet,
    support: support::gateway,
    exceptions: support::GATEWAY_EXCEPTIONS,
    compile,
    requirements,
    kinds: &[&EGRESS_GATEWAY, &EGRESS_CLUSTER_POLICY],
    not_for_policies: Some("this version makes an EgressPolicy only together with the EgressGateway that it names"),
};

/// The lowest address of each family.
fn addresses(gateway: &Gateway) -> (Option<IpAddr>, Option<IpAddr>) {
    let lowest = |is: fn(&IpAddr) -> bool| gateway.ips.iter().copied().find(is);
    (lowest(IpAddr::is_ipv4), lowest(IpAddr::is_ipv6))
}

/// Compiles a gateway to an `EgressGateway` with its addresses, and a policy for each of its sources.
fn compile(gateway: &Gateway, settings: &Settings) -> Compiled {
    let mut findings = Findings::new(support::gateway, settings);
    look_up(gateway, &mut findings);
    let (ipv4, ipv6) = addresses(gateway);
    let use_node_ip = gateway.ips.is_empty();
    if use_node_ip && gateway.failover == Failover::Required {
        let why = "without ips traffic leaves from the address of the node that is the gateway, which is another one after a \
                   failover; set ips to keep the address";
        findings.add(Level::Degraded, Path::root().field("failover"), GatewayFeature::Failover, why);
    }
    let metadata = [ipv4, ipv6].into_iter().flatten().fold(Metadata::of_gateway(gateway), |metadata, address| {
        metadata.suffixed(&format!("-{}", address_in_a_name(address)))
    });
    let pools = Pools {
        ipv4: ipv4.into_iter().collect(),
        ipv6: ipv6.into_iter().collect(),
        ipv4_default: ipv4,
        ipv6_default: ipv6,
    };
    let spec = GatewaySpec { node_selector: NodeSelector { selector: nodes(gateway) }, ippools: pools };
    let dest_subnet: Vec<_> = match &gateway.to {
        Destinations::Cidrs(set) => set.remaining().iter().map(ToString::to_string).collect(),
        // Names are refused.
        Destinations::External | Destinations::Domains(_) => Vec::new(),
    };
    let policy = |(index, source): (usize, &Source)| {
        let name = if gateway.sources.len() > 1 { format!("-{}", index + 1) } else { String::new() };
        let spec = PolicySpec {
            egress_gateway_name: metadata.name.clone(),
            egress_ip: EgressIp { ipv4, ipv6, use_node_ip, allocator_policy: "default" },
            applied_to: applied_to(source),
            dest_subnet: dest_subnet.clone(),
        };
        Manifest::new(&EGRESS_CLUSTER_POLICY, metadata.clone().suffixed(&name), &spec)
    };
    let policies = gateway.sources.iter().enumerate().map(policy);
    let manifests = std::iter::once(Manifest::new(&EGRESS_GATEWAY, metadata.clone(), &spec)).chain(policies).collect();
    Compiled::new(manifests, findings)
}

/// The nodes that are chosen, or all that can be a gateway: the webhook takes no empty selector.
fn nodes(gateway: &Gateway) -> LabelSelector {
    if !gateway.nodes.is_empty() {
        return (&gateway.nodes).into();
    }
    let linux = ("kubernetes.io/os".to_owned(), "linux".to_owned());
    LabelSelector { match_labels: [linux].into(), match_expressions: Vec::new() }
}

fn applied_to(source: &Source) -> AppliedTo {
    let every_pod = || {
        // The webhook takes no empty selector. This label is one that Kubernetes gives to namespaces, never to pods.
        let absent = LabelSelectorRequirement {
            key: egress_model::labels::NAMESPACE_NAME_LABEL.to_owned(),
            operator: "DoesNotExist",
            values: Vec::new(),
        };
        LabelSelector { match_expressions: vec![absent], ..LabelSelector::default() }
    };
    AppliedTo {
        namespace_selector: (!source.namespaces.is_empty()).then(|| (&source.namespaces).into()),
        pod_selector: if source.pods.is_empty() { every_pod() } else { (&source.pods).into() },
    }
}

fn requirements(gateway: &Gateway, _: &Settings) -> Vec<Requirement> {
    // The chart keeps its values in one text of a ConfigMap, whose name is the installation's.
    let value = |key, value: &str| Requirement::HelmValue {
        chart: "egressgateway",
        key,
        value: value.to_owned(),
        seen_as: None,
    };
    let mut all = vec![Requirement::kind(&EGRESS_GATEWAY), Requirement::kind(&EGRESS_CLUSTER_POLICY)];
    all.extend(Requirement::nodes(gateway));
    let (ipv4, ipv6) = addresses(gateway);
    all.extend(ipv4.map(|_| value("feature.enableIPv4", "true")));
    all.extend(ipv6.map(|_| value("feature.enableIPv6", "true")));
    if gateway.failover == Failover::Required {
        all.push(value("feature.gatewayFailover.enable", "true"));
    }
    if gateway.to == Destinations::External {
        // What is outside is everything but the ranges that it finds; feature.clusterCIDR.extraCidr adds others.
        all.push(value("feature.clusterCIDR.autoDetect.podCidrMode", "auto"));
    }
    if !gateway.ips.is_empty() {
        all.push(Requirement::Outside(
            "ips are in the nodes' subnet and used by nothing else; where the network checks addresses, as a cloud's does, they \
             are also the node's there"
                .to_owned(),
        ));
    }
    all
}
