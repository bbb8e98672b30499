//! What Azure Kubernetes Service makes of each feature.

use crate::{GatewayFeature, Settings, Support};

pub(super) fn gateway(feature: GatewayFeature, settings: &Settings) -> Support {
    use Support::{Degraded, Exact, Needs, Refused};
    match feature {
        GatewayFeature::SourcePods => Degraded(
            "pods are not selected by labels: those use the gateway that have its annotation when they are created, so put the \
             annotation into the pods' templates; pods that run already have to be recreated",
        ),
        GatewayFeature::SourceNamespaces => Needs("the gateway's own namespace as the only source"),
        GatewayFeature::SeveralSources => {
            Refused("a static egress gateway is for pods of its own namespace; write one for each namespace")
        }
        GatewayFeature::External if settings.cluster.pods.is_empty() => Degraded(
            "everything goes through the gateway, also what goes to other pods, Services and nodes; set the provider's \
             kubernetes.cluster_cidrs, or write what is meant in to.cidrs",
        ),
        GatewayFeature::External | GatewayFeature::Cidrs | GatewayFeature::ExceptCidrs | GatewayFeature::Failover => {
            Exact
        }
        GatewayFeature::Domains => {
            Refused("a static egress gateway takes destinations by address only; write their blocks in to.cidrs")
        }
        GatewayFeature::Ips | GatewayFeature::SeveralIps | GatewayFeature::Ipv6 | GatewayFeature::AssignsIps => {
            Refused("AKS takes the addresses of a public IP prefix, or chooses private ones itself; leave `ips` out")
        }
        GatewayFeature::PublicIps => Needs("the resource id of the public IP prefix that holds them"),
        GatewayFeature::Nodes => {
            Needs("the label kubernetes.azure.com/agentpool with the name of a node pool of mode Gateway")
        }
        GatewayFeature::Interface => Refused("AKS chooses the interface"),
        GatewayFeature::Replicas => Degraded(
            "every node of the node pool is a gateway, at most as many as the prefix has addresses; scale the pool",
        ),
    }
}
