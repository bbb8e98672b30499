//! The compiler of gateways to Spidernet's `EgressGateway` and `EgressClusterPolicy`, `egressgateway.spidernet.io/v1beta1`.
//!
//! Source of what they mean: the documentation, CRDs, chart and admission webhooks of `EgressGateway` 0.6.9. A policy's gateway and
//! address cannot be changed, and a gateway's pool cannot lose an address in use, so both have the address in their name:
//! another address is another pair of objects.

use std::net::IpAddr;

use egress_model::gateway::{Destinations, Failover, Gateway, Source};
use egress_model::policy::Path;
use serde::Serialize;

use crate::acceptance::Accepted;
use crate::gateway::{GatewayEngine, Requirement, look_up};
use crate::label_selector::{LabelSelector, LabelSelectorRequirement};
use crate::manifest::{Kind, Manifest, Metadata, address_in_a_name};
use crate::{Compiled, EngineName, Findings, GatewayFeature, Level, Settings, Support};

/// The engine: Spidernet's `EgressGateway`.
pub const GATEWAY: GatewayEngine = GatewayEngine {
    name: EngineName::Spidernet,
    support,
    compile,
    requirements,
    kinds: &[&EGRESS_GATEWAY, &EGRESS_CLUSTER_POLICY],
};

const EGRESS_GATEWAY: Kind = Kind {
    api_version: "egressgateway.spidernet.io/v1beta1",
    kind: "EgressGateway",
    plural: "egressgateways",
    accepted: None,
};
const EGRESS_CLUSTER_POLICY: Kind = Kind {
    api_version: "egressgateway.spidernet.io/v1beta1",
    kind: "EgressClusterPolicy",
    plural: "egressclusterpolicies",
    // The node that carries the address.
    accepted: Some(Accepted::Filled { field: "node" }),
};

/// What an `EgressGateway` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct GatewaySpec {
    node_selector: NodeSelector,
    #[serde(skip_serializing_if = "Pools::is_empty")]
    ippools: Pools,
}

/// The nodes that may carry addresses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct NodeSelector {
    /// Never empty: the webhook refuses that.
    selector: LabelSelector,
}

/// The addresses, and which of them policies get that ask for none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
struct Pools {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ipv4: Vec<IpAddr>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ipv6: Vec<IpAddr>,
    /// Set here, because otherwise the webhook picks one at random.
    #[serde(rename = "ipv4DefaultEIP", skip_serializing_if = "Option::is_none")]
    ipv4_default: Option<IpAddr>,
    #[serde(rename = "ipv6DefaultEIP", skip_serializing_if = "Option::is_none")]
    ipv6_default: Option<IpAddr>,
}

impl Pools {
    fn is_empty(&self) -> bool {
        self.ipv4.is_empty() && self.ipv6.is_empty()
    }
}

/// What an `EgressClusterPolicy` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct PolicySpec {
    egress_gateway_name: String,
    #[serde(rename = "egressIP")]
    egress_ip: EgressIp,
    applied_to: AppliedTo,
    /// Only traffic to these; absent means everything outside the cluster.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    dest_subnet: Vec<String>,
}

/// The address that traffic leaves from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct EgressIp {
    #[serde(skip_serializing_if = "Option::is_none")]
    ipv4: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ipv6: Option<IpAddr>,
    /// The node's own address instead.
    #[serde(rename = "useNodeIP")]
    use_node_ip: bool,
    allocator_policy: &'static str,
}

/// The pods whose traffic it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct AppliedTo {
    /// In which namespaces; absent means all.
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace_selector: Option<LabelSelector>,
    /// Which pods. Never empty: the webhook refuses that.
    pod_selector: LabelSelector,
}

fn support(feature: GatewayFeature, _: &Settings) -> Support {
    use Support::{Degraded, Exact, Refused};
    match feature {
        GatewayFeature::SourcePods
        | GatewayFeature::SourceNamespaces
        | GatewayFeature::SeveralSources
        | GatewayFeature::External
        | GatewayFeature::Cidrs
        | GatewayFeature::ExceptCidrs
        | GatewayFeature::Ips
        | GatewayFeature::Ipv6
        | GatewayFeature::AssignsIps
        | GatewayFeature::Nodes
        | GatewayFeature::Failover => Exact,
        GatewayFeature::Domains => {
            Refused("an EgressClusterPolicy takes destinations by address only; write their blocks in to.cidrs")
        }
        GatewayFeature::SeveralIps => Degraded(
            "a policy has one address of each family: traffic leaves from the lowest of each, and the others stay unused",
        ),
        GatewayFeature::PublicIps => Degraded(
            "EgressGateway asks no cloud for addresses: something outside the cluster has to translate ips to public_ips",
        ),
        GatewayFeature::Interface => Refused(
            "EgressGateway announces an address on the interfaces of its own configuration; choose the address with ips",
        ),
        GatewayFeature::Replicas => {
            Degraded("one node at a time carries the address; another one takes it over when that node fails")
        }
    }
}

/// The lowest address of each family.
fn addresses(gateway: &Gateway) -> (Option<IpAddr>, Option<IpAddr>) {
    let lowest = |is: fn(&IpAddr) -> bool| gateway.ips.iter().copied().find(is);
    (lowest(IpAddr::is_ipv4), lowest(IpAddr::is_ipv6))
}

/// Compiles a gateway to an `EgressGateway` with its addresses, and a policy for each of its sources.
fn compile(gateway: &Gateway, settings: &Settings) -> Compiled {
    let mut findings = Findings::new(support, settings);
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
