//! The compiler of gateways to Antrea's `Egress` and `ExternalIPPool`, `crd.antrea.io/v1beta1`.
//!
//! Source of what they mean: Antrea 2.7's documentation ("Egress"), CRDs and admission webhooks. The address is taken from a pool of
//! its own: only so Antrea puts it onto a node and moves it when the node fails. The pool has the address in its name, because
//! Antrea lets no range be taken out of a pool, so that another address is another pool.

use egress_model::gateway::Gateway;
use egress_model::policy::Path;

use super::object::{EGRESS, EXTERNAL_IP_POOL, EgressAppliedTo, EgressSpec, IpRange, PoolSpec, SubnetInfo};
use super::support;
use crate::gateway::{GatewayEngine, Requirement, look_up};
use crate::manifest::{Manifest, Metadata, address_in_a_name};
use crate::{Compiled, EngineName, Findings, GatewayFeature, Settings};

/// The engine: Antrea.
pub const GATEWAY: GatewayEngine = GatewayEngine {
    name: EngineName::Antrea,
    support: support::gateway,
    exceptions: support::GATEWAY_EXCEPTIONS,
    compile,
    requirements,
    kinds: &[&EXTERNAL_IP_POOL, &EGRESS],
    not_for_policies: Some(
        "an Egress is for all that its pods send out of the cluster, whatever the destination, and two of them cannot share an \
         address of a pool",
    ),
};

/// Compiles a gateway to a pool of its address and an `Egress` that takes it from there.
fn compile(gateway: &Gateway, settings: &Settings) -> Compiled {
    let mut findings = Findings::new(support::gateway, settings);
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
    let applied_to = EgressAppliedTo {
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
