//! The compiler of gateways to Antrea's `Egress` and `ExternalIPPool`, `crd.antrea.io/v1beta1`.
//!
//! Source of what they mean: Antrea 2.7's documentation ("Egress"), CRDs and admission webhooks. The address is taken from a pool of
//! its own: only so Antrea puts it onto a node and moves it when the node fails. The pool has the address in its name, because
//! Antrea lets no range be taken out of a pool, so that another address is another pool.

use std::net::IpAddr;

use egress_model::gateway::Gateway;
use egress_model::policy::Path;
use serde::Serialize;

use crate::acceptance::{Accepted, Refusal};
use crate::gateway::{GatewayEngine, Requirement, look_up};
use crate::label_selector::LabelSelector;
use crate::manifest::{Kind, Manifest, Metadata, address_in_a_name};
use crate::{Compiled, EngineName, Findings, GatewayFeature, Settings, Support};

/// The engine: Antrea.
pub const GATEWAY: GatewayEngine =
    GatewayEngine { name: EngineName::Antrea, support, compile, requirements, kinds: &[&EXTERNAL_IP_POOL, &EGRESS] };

const EGRESS: Kind = Kind {
    api_version: "crd.antrea.io/v1beta1",
    kind: "Egress",
    plural: "egresses",
    // `False` while no node carries the address, which passes when a node comes up.
    accepted: Some(Accepted::Condition { name: "IPAssigned", refusal: Refusal::MayPass { at_work: &[] } }),
};
const EXTERNAL_IP_POOL: Kind =
    Kind { api_version: "crd.antrea.io/v1beta1", kind: "ExternalIPPool", plural: "externalippools", accepted: None };

/// What an `ExternalIPPool` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct PoolSpec {
    /// The addresses: one. A block would never give its first address out.
    ip_ranges: [IpRange; 1],
    /// The nodes that may carry them; empty means all.
    node_selector: LabelSelector,
    /// Their subnet, where it is not the nodes' own.
    #[serde(skip_serializing_if = "Option::is_none")]
    subnet_info: Option<SubnetInfo>,
}

/// Addresses from one to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
struct IpRange {
    start: IpAddr,
    end: IpAddr,
}

/// The subnet of egress addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct SubnetInfo {
    gateway: IpAddr,
    prefix_length: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    vlan: Option<u16>,
}

/// What an `Egress` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct EgressSpec {
    /// Whose traffic. Without any selector it would be nobody's.
    applied_to: AppliedTo,
    /// The address.
    #[serde(rename = "egressIP")]
    egress_ip: IpAddr,
    /// The pool that it is taken from.
    #[serde(rename = "externalIPPool")]
    external_ip_pool: String,
}

/// The pods whose traffic it is: those that match both selectors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct AppliedTo {
    namespace_selector: LabelSelector,
    #[serde(skip_serializing_if = "Option::is_none")]
    pod_selector: Option<LabelSelector>,
}

fn support(feature: GatewayFeature, _: &Settings) -> Support {
    use Support::{Degraded, Exact, Refused};
    match feature {
        GatewayFeature::SourcePods
        | GatewayFeature::SourceNamespaces
        | GatewayFeature::External
        | GatewayFeature::Ips
        | GatewayFeature::Ipv6
        | GatewayFeature::AssignsIps
        | GatewayFeature::Nodes
        | GatewayFeature::Failover => Exact,
        GatewayFeature::SeveralSources => Refused(
            "an Egress has one pair of selectors, and two Egresses cannot share an address of a pool; write a gateway with an \
             address of its own for each source, or give the pods a label in common",
        ),
        GatewayFeature::Cidrs | GatewayFeature::ExceptCidrs => Refused(
            "an Egress is for everything outside the cluster, whatever the destination; leave `to` out. Antrea's agents leave \
             blocks out for the whole cluster with egress.exceptCIDRs",
        ),
        GatewayFeature::Domains => {
            Refused("an Egress is for everything outside the cluster, whatever its name; leave `to` out")
        }
        GatewayFeature::SeveralIps => Degraded(
            "an Egress has one address: traffic leaves from the lowest of them, and the others stay unused (egressIPs and \
             externalIPPools are in the schema and not supported by Antrea yet)",
        ),
        GatewayFeature::PublicIps => Degraded(
            "Antrea asks no cloud for addresses: something outside the cluster has to translate ips to public_ips",
        ),
        GatewayFeature::Interface => {
            Refused("Antrea takes the interface that the node's routes say; choose the address with ips")
        }
        GatewayFeature::Replicas => {
            Degraded("one node at a time carries the address; another one takes it over when that node fails")
        }
    }
}

/// Compiles a gateway to a pool of its address and an `Egress` that takes it from there.
fn compile(gateway: &Gateway, settings: &Settings) -> Compiled {
    let mut findings = Findings::new(support, settings);
    look_up(gateway, &mut findings);
    let ips = Path::root().field("ips");
    let Some(address) = gateway.ips.first().copied() else {
        let why = "Antrea moves an address only from a pool, and a pool has to say which addresses it holds; set ips";
        findings.refuse(ips, GatewayFeature::Ips, why);
        return Compiled::new(Vec::new(), findings);
    };
    if let Some(subnet) = settings.antrea_subnet
        && !ipnet::IpNet::new(subnet.gateway, subnet.prefix_length).is_ok_and(|net| net.contains(&address))
    {
        let why = format!("{address} is not in the subnet of {}/{}", subnet.gateway, subnet.prefix_length);
        findings.refuse(ips, GatewayFeature::Ips, why);
    }
    let metadata = Metadata::of_gateway(gateway);
    let pool = metadata.clone().suffixed(&format!("-{}", address_in_a_name(address)));
    let subnet_info = settings.antrea_subnet.map(|subnet| SubnetInfo {
        gateway: subnet.gateway,
        prefix_length: subnet.prefix_length,
        vlan: subnet.vlan,
    });
    let pool_spec = PoolSpec {
        ip_ranges: [IpRange { start: address, end: address }],
        node_selector: (&gateway.nodes).into(),
        subnet_info,
    };
    let source = gateway.sources.first();
    let applied_to = AppliedTo {
        namespace_selector: source.map(|source| (&source.namespaces).into()).unwrap_or_default(),
        pod_selector: source.filter(|source| !source.pods.is_empty()).map(|source| (&source.pods).into()),
    };
    let egress_spec = EgressSpec { applied_to, egress_ip: address, external_ip_pool: pool.name.clone() };
    let manifests =
        vec![Manifest::new(&EXTERNAL_IP_POOL, pool, &pool_spec), Manifest::new(&EGRESS, metadata, &egress_spec)];
    Compiled::new(manifests, findings)
}

fn requirements(gateway: &Gateway, settings: &Settings) -> Vec<Requirement> {
    let mut all = vec![Requirement::kind(&EXTERNAL_IP_POOL), Requirement::kind(&EGRESS)];
    all.extend(Requirement::nodes(gateway));
    let where_from = match settings.antrea_subnet {
        None => "are in the nodes' subnet and used by nothing else",
        Some(_) => "are in the subnet that is set and used by nothing else",
    };
    all.push(Requirement::Outside(format!(
        "ips {where_from}; where the network checks addresses, as a cloud's does, they are also the node's there, which Antrea \
         does not see to"
    )));
    all.push(Requirement::Outside(
        "Antrea runs in traffic mode encap or hybrid, the gateway's nodes run Linux, and no other Egress selects the same pods: \
         Antrea picks one of several at random"
            .to_owned(),
    ));
    all.push(Requirement::Outside(
        "Destinations that Antrea's agents except (egress.exceptCIDRs in antrea-config) are reached from the nodes' addresses"
            .to_owned(),
    ));
    all
}
