//! What Cilium makes of each feature.

use crate::exception::{Exception, degraded, refused};
use crate::{Feature, GatewayFeature, Settings, Support};

pub(super) fn policy(feature: Feature, settings: &Settings) -> Support {
    use Support::{Degraded, Exact, Needs, Refused};
    match feature {
        Feature::NamespaceScope
        | Feature::ClusterScope
        | Feature::SourcePods
        | Feature::ServiceAccounts
        | Feature::DestinationPods
        | Feature::Cidrs
        | Feature::ExceptCidrs
        | Feature::BlocksWithoutPods
        | Feature::External
        | Feature::Everything
        | Feature::Resolver
        | Feature::DnsQueries
        | Feature::ApiServer
        | Feature::Nodes
        | Feature::Domains
        | Feature::DomainsOneLabel
        | Feature::EveryPort
        | Feature::PortRanges
        | Feature::NamedPorts
        | Feature::Udp
        | Feature::Icmp
        | Feature::Deny
        | Feature::Http
        | Feature::HttpHeaders
        | Feature::Sni => Exact,
        Feature::DomainsAnyDepth if settings.at_least(1, 19) => Exact,
        Feature::Sctp => Needs("Cilium's Helm value sctp.enabled"),
        // `names::DEPTH` labels.
        Feature::DomainsAnyDepth => Degraded(
            "Cilium before 1.19 has no pattern for any number of labels; names down to six labels below the domain match",
        ),
        Feature::Services if settings.at_least(1, 17) => Exact,
        Feature::Services => Refused(
            "Cilium before 1.17 takes only Services without selectors, and no ports beside them; select the pods \
             behind the Service with to_pods or to_namespaces",
        ),
        Feature::DenyDomains => Refused(
            "Cilium denies no domain names, because an address can have other names too; deny blocks of addresses, \
             or allow only the names that are meant",
        ),
        Feature::Priority => Refused(
            "Cilium's policies have no order: they add up, and deny rules win; leave priority out, and use deny \
             rules for what must not be allowed elsewhere",
        ),
        Feature::Audit => Refused(
            "Cilium audits all policies of a node (Helm value policyAuditMode) or of one pod (cilium-dbg endpoint \
             config PolicyAuditMode=Enabled), not one policy; switch it on there, and leave mode out",
        ),
        Feature::Staged => Refused(
            "Cilium holds no policy back; use delivery = \"render\", or audit a node with Helm value policyAuditMode",
        ),
    }
}

pub(super) const EXCEPTIONS: &[Exception] = &[
    refused(
        &[Feature::SourcePods, Feature::DestinationPods, Feature::ClusterScope],
        "labels that Cilium leaves out of identities, such as `pod-template-hash`, `io.kubernetes...` and \
         `kubernetes.io/...`, select nothing (Helm value `labels`)",
    ),
    refused(&[Feature::ServiceAccounts], "names of more than 63 characters"),
    degraded(
        &[Feature::BlocksWithoutPods],
        "a block never matches nodes, so one that holds some leaves them out, and one inside the cluster's own ranges matches nothing",
    ),
    degraded(
        &[Feature::Resolver],
        "the addresses of caches on the nodes (`node_local_ips`) also mean the same ports of the pod's own node",
    ),
    degraded(
        &[Feature::Domains],
        "names that the pods may not ask the resolver for (`allow_dns`, `dns_queries`): their addresses are never known",
    ),
    refused(&[Feature::Icmp], "type 0, which Cilium takes for every type"),
    degraded(&[Feature::Icmp], "codes, which Cilium does not look at"),
    refused(
        &[Feature::Http, Feature::Sni],
        "every port, and two rules that read one port of one destination in two ways (HTTP, TLS server names, DNS): \
         Cilium would take them and enforce nothing on these pods",
    ),
    degraded(
        &[Feature::Http, Feature::Sni],
        "a port of destinations that another rule may have too and reads in another way, or lets anything pass to: \
         Cilium reads it in one way",
    ),
    degraded(&[Feature::HttpHeaders], "empty values, for which a header only has to be there"),
];

/// Cilium is in `kube-system`, but for `OpenShift`, where it has a namespace of its own (Cilium documentation, "Installation on
/// `OpenShift`"), and for SPIRE (Helm value `authentication.mutual.spire.install.namespace`).
pub(super) const OWN_NAMESPACES: &[&str] = &["cilium", "cilium-spire"];

pub(super) fn gateway(feature: GatewayFeature, settings: &Settings) -> Support {
    use Support::{Degraded, Exact, Needs, Refused};
    match feature {
        GatewayFeature::SourcePods
        | GatewayFeature::SourceNamespaces
        | GatewayFeature::SeveralSources
        | GatewayFeature::External
        | GatewayFeature::Cidrs
        | GatewayFeature::ExceptCidrs
        | GatewayFeature::Ips
        | GatewayFeature::Nodes
        | GatewayFeature::Interface => Exact,
        GatewayFeature::SeveralIps if settings.at_least(1, 18) => Degraded(
            "for each address Cilium takes the first node by name that nodes selects, so all addresses must be on \
             that one node; every pod leaves from one of them",
        ),
        GatewayFeature::SeveralIps => Refused(
            "Cilium before 1.18 has one address per gateway; write a gateway for each, for different pods or destinations",
        ),
        GatewayFeature::Ipv6 if settings.at_least(1, 20) => Exact,
        GatewayFeature::Ipv6 => Refused(
            "Cilium before 1.20 takes no IPv6 address; from 1.18 it takes the first one of an interface: set interface instead of ips",
        ),
        GatewayFeature::AssignsIps => Degraded(
            "Cilium puts no address onto a node: it must already be on a network interface there that Cilium runs \
             on, or the traffic is dropped (\"No Egress IP configured\"); an address that comes later counts once \
             the gateway is applied again",
        ),
        GatewayFeature::PublicIps => Degraded(
            "Cilium asks no cloud for public addresses; associate them with the addresses of the gateway's nodes",
        ),
        GatewayFeature::Replicas if settings.at_least(1, 18) => {
            Needs("nodes that list as many values of one label, such as \"kubernetes.io/hostname in (a, b)\"")
        }
        GatewayFeature::Replicas => Refused("Cilium before 1.18 has one node per gateway"),
        GatewayFeature::Domains => Refused(
            "a CiliumEgressGatewayPolicy routes by address, and knows no domain names (cilium#20435); use cidrs",
        ),
        GatewayFeature::Failover => Refused(
            "Cilium's open source gateway does not look at its nodes' health: while the node is down, and as long \
             as the cluster lists it, its traffic is dropped (cilium#18230), and no address moves to another node",
        ),
    }
}

pub(super) const GATEWAY_EXCEPTIONS: &[Exception<GatewayFeature>] = &[
    refused(
        &[GatewayFeature::SourcePods, GatewayFeature::SourceNamespaces],
        "labels that Cilium leaves out of identities, such as `pod-template-hash`, `io.kubernetes...` and \
         `kubernetes.io/...`, select nothing (Helm value `labels`)",
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
