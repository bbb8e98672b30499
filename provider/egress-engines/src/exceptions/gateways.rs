//! The values for which an engine's compiler of gateways does otherwise than its column says.

use super::{Exception, degraded, refused};
use crate::{EngineName, GatewayFeature};

/// The exceptions of an engine's gateways.
pub fn gateway_exceptions(engine: EngineName) -> &'static [Exception<GatewayFeature>] {
    match engine {
        EngineName::Cilium => CILIUM,
        EngineName::Antrea => ANTREA,
        EngineName::Calico => CALICO,
        EngineName::CalicoEnterprise => CALICO_ENTERPRISE,
        EngineName::Spidernet => SPIDERNET,
        EngineName::KubeOvn => KUBE_OVN,
        EngineName::Istio => ISTIO,
        EngineName::OvnKubernetes => OVN_KUBERNETES,
        EngineName::Aks
        | EngineName::NetworkPolicy
        | EngineName::ClusterNetworkPolicy
        | EngineName::AdminNetworkPolicy
        | EngineName::Eks
        | EngineName::Gke
        | EngineName::Linkerd => &[],
    }
}

const CILIUM: &[Exception<GatewayFeature>] = &[
    refused(
        &[GatewayFeature::SourcePods, GatewayFeature::SourceNamespaces],
        "labels that Cilium leaves out of identities, such as `pod-template-hash`, `io.kubernetes...` and `kubernetes.io/...`, select nothing \
         (Helm value `labels`)",
    ),
    degraded(
        &[GatewayFeature::External],
        "IPv4 alone, or where `ips` has IPv6 addresses only, IPv6 alone; `to.cidrs` of \"0.0.0.0/0\" and \"::/0\" is both",
    ),
    refused(&[GatewayFeature::Cidrs], "IPv6 blocks before Cilium 1.18"),
    degraded(
        &[GatewayFeature::Cidrs],
        "blocks of an address family that `ips` has none of: their traffic leaves from an address of the node's interface",
    ),
    degraded(&[GatewayFeature::Ips], "addresses of a family that `to.cidrs` has no block of: they are not used"),
    refused(&[GatewayFeature::SeveralIps], "more than 64 of one address family"),
    degraded(&[GatewayFeature::Nodes], "`ips` without `nodes`: the first of all nodes by name must have the addresses"),
    refused(&[GatewayFeature::Interface], "an interface beside `ips`: Cilium ignores a policy with both"),
];

const ANTREA: &[Exception<GatewayFeature>] =
    &[refused(&[GatewayFeature::Ips], "none, and addresses outside of `kubernetes.antrea_subnet` where that is set")];

const CALICO: &[Exception<GatewayFeature>] = &[
    refused(&[GatewayFeature::Ips], "none: there are only pools of addresses for the pods themselves"),
    degraded(&[GatewayFeature::SourceNamespaces], BY_LABELS),
];

const CALICO_ENTERPRISE: &[Exception<GatewayFeature>] = &[
    refused(
        &[GatewayFeature::SourceNamespaces],
        "the gateway's own namespace by name, because the gateway's pods are in it",
    ),
    degraded(&[GatewayFeature::SourceNamespaces], BY_LABELS),
    refused(&[GatewayFeature::Cidrs], "IPv6 blocks"),
    refused(&[GatewayFeature::Replicas], "more than there are addresses"),
    refused(&[GatewayFeature::Failover], "one replica, or one address where `replicas` is not set"),
];

/// Calico binds namespaces by an annotation, which is attached to those whose names are known.
const BY_LABELS: &str =
    "namespaces by their labels, or all of them: the user has to annotate them as the requirements say";

const SPIDERNET: &[Exception<GatewayFeature>] = &[degraded(
    &[GatewayFeature::Failover],
    "gateways without `ips`: after a failover the address is that of another node",
)];

const KUBE_OVN: &[Exception<GatewayFeature>] = &[
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

const ISTIO: &[Exception<GatewayFeature>] = &[refused(
    &[GatewayFeature::Domains],
    "names of one part or with \"_\", and wildcards, of which only a waypoint takes `**.` from Istio 1.29 on",
)];

const OVN_KUBERNETES: &[Exception<GatewayFeature>] = &[
    refused(&[GatewayFeature::Ips], "none: an `EgressIP` takes its addresses from no pool"),
    refused(&[GatewayFeature::Replicas], "another number than that of `ips`"),
];
