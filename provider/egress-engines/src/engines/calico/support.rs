//! What Calico, open source and Enterprise makes of each feature.

use crate::exception::{Exception, degraded, refused};
use crate::{Feature, GatewayFeature, Settings, Support};

pub(super) fn open_source(feature: Feature, settings: &Settings) -> Support {
    policy(feature, settings, Edition::OpenSource)
}

pub(super) fn enterprise(feature: Feature, settings: &Settings) -> Support {
    policy(feature, settings, Edition::Enterprise)
}

/// Which Calico.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Edition {
    OpenSource,
    Enterprise,
}

/// Calico's columns. `destination.domains` is in the CRDs and the documentation of Enterprise alone; HTTP match is refused in
/// egress rules by the validator of both, and Enterprise documents it for ingress only.
fn policy(feature: Feature, settings: &Settings, edition: Edition) -> Support {
    use Support::{Degraded, Exact, Needs, Refused};
    let enterprise = edition == Edition::Enterprise;
    let has_staged = enterprise || settings.at_least(3, 30);
    match feature {
        Feature::Audit | Feature::Staged if !has_staged => {
            Refused("staged policies came with Calico 3.30, and logging rules would let pass what other policies stop")
        }
        Feature::NamespaceScope
        | Feature::ClusterScope
        | Feature::SourcePods
        | Feature::ServiceAccounts
        | Feature::DestinationPods
        | Feature::Cidrs
        | Feature::ExceptCidrs
        | Feature::Everything
        | Feature::Resolver
        | Feature::EveryPort
        | Feature::PortRanges
        | Feature::NamedPorts
        | Feature::Udp
        | Feature::Sctp
        | Feature::Icmp
        | Feature::Deny
        | Feature::Priority
        | Feature::Staged => Exact,
        Feature::Services => Degraded(
            "Calico matches the pods behind a Service on the Service's own ports only, not on every port; select the pods with \
             to_pods or to_namespaces for more",
        ),
        Feature::BlocksWithoutPods | Feature::External => Needs("the provider's `kubernetes.cluster_cidrs.pods`"),
        Feature::ApiServer => Needs("the provider's `kubernetes.cluster_cidrs.api_server`"),
        Feature::Nodes => Needs("the provider's `kubernetes.cluster_cidrs.nodes`"),
        Feature::DnsQueries => Refused("Calico does not look into DNS queries"),
        Feature::Domains | Feature::DomainsAnyDepth if enterprise => Exact,
        Feature::DomainsOneLabel if enterprise => {
            Degraded("Calico's * matches one or more labels: names further below the domain match too")
        }
        Feature::DenyDomains if enterprise => Refused("Calico takes domain names only in rules that allow"),
        Feature::Domains | Feature::DomainsOneLabel | Feature::DomainsAnyDepth | Feature::DenyDomains => {
            Refused("Calico open source has no rules about domain names, only Calico Enterprise and Calico Cloud have")
        }
        Feature::Http | Feature::HttpHeaders => {
            Refused("Calico looks into HTTP requests only as they arrive, in ingress rules; egress rules take none")
        }
        Feature::Sni => Refused("Calico does not look at TLS server names"),
        Feature::Audit if enterprise => {
            Degraded("becomes a staged policy: what it would stop is in the flow logs, and in no log of its own")
        }
        Feature::Audit => Degraded(
            "becomes a staged policy: what it would stop is in the flow logs, which need Goldmane, and in no log of its own",
        ),
    }
}

pub(super) const EXCEPTIONS: &[Exception] = &[
    refused(
        &[Feature::NamespaceScope, Feature::ClusterScope],
        "names of policies with a dot, before which Calico reads the name of a tier",
    ),
    refused(&[Feature::Services], "ports beside Services, of which Calico takes the Services' own"),
    refused(
        &[Feature::ApiServer],
        "ports beside `kube-apiserver`, unless `kubernetes.cluster_cidrs.api_server` is set",
    ),
    degraded(&[Feature::ApiServer, Feature::Nodes], "ranges that hold pods' addresses too"),
    refused(&[Feature::Icmp], "type 255"),
];

/// Calico as the Tigera operator installs it. Sources: the operator's `pkg/common` and `pkg/render` at 1.42 (`calico-system`,
/// `tigera-operator`); `calico-apiserver` is where earlier versions have the API server.
pub(super) const OWN_NAMESPACES: &[&str] = &["calico-apiserver", "calico-system", "tigera-operator"];

/// What Calico Enterprise adds. Sources: the constants of namespaces in `pkg/render` of the Tigera operator at 1.42 and, for those that
/// moved to `calico-system` since, at 1.38.
pub(super) const ENTERPRISE_OWN_NAMESPACES: &[&str] = &[
    "calico-apiserver",
    "calico-system",
    "tigera-compliance",
    "tigera-dex",
    "tigera-dpi",
    "tigera-eck-operator",
    "tigera-elasticsearch",
    "tigera-fluentd",
    "tigera-gateway",
    "tigera-guardian",
    "tigera-intrusion-detection",
    "tigera-kibana",
    "tigera-manager",
    "tigera-operator",
    "tigera-packetcapture",
    "tigera-policy-recommendation",
    "tigera-prometheus",
    "tigera-skraper",
    "tigera-system",
];

pub(super) fn open_source_gateway(feature: GatewayFeature, _: &Settings) -> Support {
    use Support::{Degraded, Exact, Refused};
    match feature {
        GatewayFeature::SourceNamespaces
        | GatewayFeature::SeveralSources
        | GatewayFeature::External
        | GatewayFeature::SeveralIps
        | GatewayFeature::Ipv6
        | GatewayFeature::AssignsIps => Exact,
        GatewayFeature::Ips => Degraded(
            "Calico open source has no gateway: each pod gets one of these addresses for itself when it is made, and keeps it for \
             every destination, inside the cluster too. A pod that finds none free does not start, so there must be one for each, also \
             while pods are replaced; which pod has which is not fixed, and pods that are there already keep the addresses that they \
             have",
        ),
        GatewayFeature::SourcePods => Degraded(
            "Calico has no selector of pods here: each asks for its pool by an annotation in the template that it is made from, which \
             the requirements give",
        ),
        GatewayFeature::Nodes => Degraded(
            "Calico open source has no gateway: traffic leaves from the node that each pod runs on, and nodes is not used; place the \
             pods themselves on these nodes",
        ),
        GatewayFeature::Cidrs | GatewayFeature::ExceptCidrs => Refused(
            "Calico open source has no gateway: a pod has its address for every destination; leave out to for everything outside",
        ),
        GatewayFeature::Domains => {
            Refused("Calico open source has no gateway: a pod has its address for every destination")
        }
        GatewayFeature::PublicIps => Refused("Calico open source asks no cloud for addresses; set ips"),
        GatewayFeature::Interface => {
            Refused("pods have addresses of a pool and not of an interface of their node; set ips")
        }
        GatewayFeature::Replicas => {
            Refused("Calico open source has no gateway of which there could be several: every pod leaves by itself")
        }
        GatewayFeature::Failover => Refused(
            "Calico open source has no gateway that could fail over: every pod leaves by itself, with the address that it has for as \
             long as it runs",
        ),
    }
}

pub(super) fn enterprise_gateway(feature: GatewayFeature, _: &Settings) -> Support {
    use Support::{Degraded, Exact, Needs, Refused};
    match feature {
        GatewayFeature::SourceNamespaces
        | GatewayFeature::SeveralSources
        | GatewayFeature::External
        | GatewayFeature::Cidrs
        | GatewayFeature::ExceptCidrs
        | GatewayFeature::Ips
        | GatewayFeature::SeveralIps
        | GatewayFeature::AssignsIps
        | GatewayFeature::Nodes
        | GatewayFeature::Replicas
        | GatewayFeature::Failover => Exact,
        GatewayFeature::SourcePods => Degraded(
            "Calico has no selector of pods here: each opts in by an annotation in the template that it is made from, which the \
             requirements give; until then its traffic does not go through the gateway",
        ),
        GatewayFeature::PublicIps => Needs("an IP pool of a VPC subnet on AWS"),
        GatewayFeature::Domains => Refused("Calico chooses gateways by address, and knows no names there; use cidrs"),
        GatewayFeature::Ipv6 => Refused("Calico Enterprise has egress gateways for IPv4 only"),
        GatewayFeature::Interface => {
            Refused("the gateways are pods, whose addresses are from a pool and not from an interface; set ips")
        }
    }
}

pub(super) const GATEWAY_EXCEPTIONS: &[Exception<GatewayFeature>] = &[
    refused(&[GatewayFeature::Ips], "none: there are only pools of addresses for the pods themselves"),
    degraded(&[GatewayFeature::SourceNamespaces], BY_LABELS),
];

pub(super) const ENTERPRISE_GATEWAY_EXCEPTIONS: &[Exception<GatewayFeature>] = &[
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
