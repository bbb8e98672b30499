//! What Spidernet makes of each feature.

use crate::exception::{Exception, degraded};
use crate::{GatewayFeature, Settings, Support};

pub(super) fn gateway(feature: GatewayFeature, _: &Settings) -> Support {
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

pub(super) const GATEWAY_EXCEPTIONS: &[Exception<GatewayFeature>] = &[degraded(
    &[GatewayFeature::Failover],
    "gateways without `ips`: after a failover the address is that of another node",
)];
