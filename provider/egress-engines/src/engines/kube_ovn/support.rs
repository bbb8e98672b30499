//! What Kube-OVN makes of each feature.

use crate::exception::{Exception, degraded, refused};
use crate::{GatewayFeature, Settings, Support};

pub(super) fn gateway(feature: GatewayFeature, _: &Settings) -> Support {
    use Support::{Degraded, Exact, Needs, Refused};
    match feature {
        GatewayFeature::SourcePods
        | GatewayFeature::SourceNamespaces
        | GatewayFeature::SeveralSources
        | GatewayFeature::Ips
        | GatewayFeature::SeveralIps
        | GatewayFeature::Ipv6
        | GatewayFeature::AssignsIps
        | GatewayFeature::Nodes
        | GatewayFeature::Replicas
        | GatewayFeature::Failover => Exact,
        GatewayFeature::External => Needs("the name of Kube-OVN's external subnet"),
        GatewayFeature::Cidrs | GatewayFeature::ExceptCidrs | GatewayFeature::Domains => Refused(
            "a VpcEgressGateway is for everything outside the VPC, whatever the destination (its policies name sources); leave \
             `to` out",
        ),
        GatewayFeature::PublicIps => Degraded(
            "Kube-OVN asks no cloud for addresses: something outside the cluster has to translate ips to public_ips",
        ),
        GatewayFeature::Interface => {
            Refused("the interface is that of the external subnet; choose the subnet, and the addresses with ips")
        }
    }
}

pub(super) const GATEWAY_EXCEPTIONS: &[Exception<GatewayFeature>] = &[
    refused(
        &[GatewayFeature::SourcePods],
        "every pod of namespaces that include the gateway's own: the gateway's pods would be among them",
    ),
    refused(
        &[GatewayFeature::SeveralIps],
        "fewer addresses than replicas, and of dual stack not as many IPv4 as IPv6 addresses",
    ),
    refused(&[GatewayFeature::Replicas], "more than 10"),
    degraded(&[GatewayFeature::Failover], "one replica: traffic waits until its pod runs on another node"),
];
