//! What OVN-Kubernetes makes of each feature.

use crate::engines::network_policy;
use crate::exception::{Exception, refused};
use crate::settings::OvnKubernetesDns;
use crate::{Feature, GatewayFeature, Settings, Support};

pub(super) fn policy(feature: Feature, settings: &Settings) -> Support {
    use Support::{Degraded, Exact, Needs, Refused};
    let resolver = settings.ovn_kubernetes_dns == OvnKubernetesDns::NameResolver;
    match feature {
        Feature::Domains | Feature::DomainsOneLabel if resolver => Exact,
        Feature::Domains => Degraded(
            "OVN-Kubernetes asks for the names itself from time to time, so a pod that was given another address is stopped until \
             then; with its DNS name resolver (--enable-dns-name-resolver) it learns the answers that pods got: say so with the \
             provider's kubernetes.ovn_kubernetes_dns",
        ),
        Feature::DomainsOneLabel => {
            Needs("OVN-Kubernetes' DNS name resolver, and `kubernetes.ovn_kubernetes_dns` `name-resolver`")
        }
        Feature::DomainsAnyDepth => Refused(
            "a wildcard of OVN-Kubernetes stands for exactly one part of a name; write \"*.\" for each depth, or the names",
        ),
        Feature::Deny => Needs(
            "destinations that are not pods, in a policy of all pods of a namespace: an EgressFirewall is about a whole \
             namespace, and about pods as destinations it says nothing",
        ),
        Feature::DenyDomains => Degraded(
            "a pod can be given an address of the name that OVN-Kubernetes does not know, and reach it; deny addresses, or allow \
             only what is needed",
        ),
        Feature::ClusterScope => Refused(
            "EgressFirewall and NetworkPolicy are of one namespace; engine \"admin-network-policy\" is for the cluster",
        ),
        Feature::Resolver => {
            Needs("the provider's `kubernetes.platform`, or where the resolver is in `kubernetes.resolver`")
        }
        Feature::NamespaceScope
        | Feature::SourcePods
        | Feature::ServiceAccounts
        | Feature::DestinationPods
        | Feature::Services
        | Feature::Cidrs
        | Feature::ExceptCidrs
        | Feature::BlocksWithoutPods
        | Feature::External
        | Feature::Everything
        | Feature::DnsQueries
        | Feature::ApiServer
        | Feature::Nodes
        | Feature::EveryPort
        | Feature::PortRanges
        | Feature::NamedPorts
        | Feature::Udp
        | Feature::Sctp
        | Feature::Icmp
        | Feature::Priority
        | Feature::Http
        | Feature::HttpHeaders
        | Feature::Sni
        | Feature::Audit
        | Feature::Staged => network_policy::support::policy(feature, settings),
    }
}

pub(super) const EXCEPTIONS: &[Exception] = &[
    refused(
        &[Feature::SourcePods],
        "policies that deny or have `to_domains`: an `EgressFirewall` is about every pod of the namespace",
    ),
    refused(
        &[Feature::PortRanges],
        "ranges, and every port of one protocol, in a policy that denies or has `to_domains`: an `EgressFirewall` has single ports",
    ),
    refused(&[Feature::Domains], "names with \"_\""),
    refused(&[Feature::External], "neither this nor `to_domains` unless `kubernetes.cluster_cidrs.pods` is set"),
];

pub(super) fn gateway(feature: GatewayFeature, _: &Settings) -> Support {
    use Support::{Degraded, Exact, Refused};
    match feature {
        GatewayFeature::SourcePods
        | GatewayFeature::SourceNamespaces
        | GatewayFeature::External
        | GatewayFeature::Ips
        | GatewayFeature::SeveralIps
        | GatewayFeature::Ipv6
        | GatewayFeature::AssignsIps
        | GatewayFeature::Replicas
        | GatewayFeature::Failover => Exact,
        GatewayFeature::SeveralSources => Refused(
            "an EgressIP has one pair of selectors, and an address can be in one EgressIP only; write a gateway with addresses of \
             its own for each source, or give the pods a label in common",
        ),
        GatewayFeature::Cidrs | GatewayFeature::ExceptCidrs => {
            Refused("an EgressIP is for everything outside the cluster, whatever the destination; leave to out")
        }
        GatewayFeature::Domains => {
            Refused("an EgressIP is for everything outside the cluster, whatever its name; leave to out")
        }
        GatewayFeature::PublicIps => Degraded(
            "OVN-Kubernetes asks no cloud for public addresses: something outside the cluster has to translate ips to public_ips",
        ),
        GatewayFeature::Nodes => Degraded(
            "an EgressIP selects no nodes: its addresses go to any node with the label k8s.ovn.org/egress-assignable whose \
             networks hold them; label only nodes that all gateways may use",
        ),
        GatewayFeature::Interface => {
            Refused("OVN-Kubernetes takes the interface whose network holds the address; choose the address with ips")
        }
    }
}

pub(super) const GATEWAY_EXCEPTIONS: &[Exception<GatewayFeature>] = &[
    refused(&[GatewayFeature::Ips], "none: an `EgressIP` takes its addresses from no pool"),
    refused(&[GatewayFeature::Replicas], "another number than that of `ips`"),
];
