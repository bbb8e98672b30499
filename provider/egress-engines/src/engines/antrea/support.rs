//! What Antrea makes of each feature.

use crate::exception::{Exception, refused};
use crate::{Feature, GatewayFeature, Settings, Support};

pub(super) fn policy(feature: Feature, settings: &Settings) -> Support {
    use Support::{Degraded, Exact, Needs, Refused};
    let has_except = settings.at_least(2, 2);
    match feature {
        Feature::NamespaceScope
        | Feature::ClusterScope
        | Feature::SourcePods
        | Feature::ServiceAccounts
        | Feature::DestinationPods
        | Feature::Services
        | Feature::Cidrs
        | Feature::Everything
        | Feature::Resolver
        | Feature::Nodes
        | Feature::Domains
        | Feature::DomainsAnyDepth
        | Feature::EveryPort
        | Feature::PortRanges
        | Feature::NamedPorts
        | Feature::Udp
        | Feature::Sctp
        | Feature::Icmp
        | Feature::Deny
        | Feature::Priority => Exact,
        Feature::ExceptCidrs if has_except => Exact,
        Feature::External if has_except => Needs("the provider's `kubernetes.cluster_cidrs`"),
        Feature::BlocksWithoutPods if has_except => Needs("the provider's `kubernetes.cluster_cidrs.pods`"),
        Feature::ExceptCidrs | Feature::External => {
            Refused("Antrea leaves parts of a block out from version 2.2 on; write the blocks that remain")
        }
        Feature::BlocksWithoutPods => {
            Degraded("a block also matches addresses of pods, which Antrea can leave out from version 2.2 on")
        }
        Feature::ApiServer => Needs("the provider's `kubernetes.cluster_cidrs.api_server`"),
        Feature::DnsQueries => Refused("Antrea does not restrict for which names the resolver is asked"),
        Feature::DomainsOneLabel => Degraded(
            "Antrea's * stands for any characters: also names more than one label below the domain are matched. \
             Write the names, or ** where any depth is meant",
        ),
        Feature::DenyDomains => Degraded(
            "Antrea knows the addresses of a name only from DNS answers that it sees: an address that a pod still \
             uses after its time to live is not denied. Allow what is needed instead",
        ),
        Feature::Http => Degraded(
            "needs Antrea's feature gate L7NetworkPolicy (alpha) and disableTXChecksumOffload. Other traffic to the \
             same destination and port is dropped, also where another rule with http_requests or server_names would \
             allow it",
        ),
        Feature::HttpHeaders => Refused("Antrea looks at the method and path of a request, not at its headers"),
        Feature::Sni => Degraded(
            "needs Antrea's feature gate L7NetworkPolicy (alpha) and disableTXChecksumOffload. Other traffic to the \
             same destination and port is dropped, also where another rule with http_requests or server_names would \
             allow it, and * stands for any number of labels",
        ),
        Feature::Audit => Degraded(
            "what would be stopped is logged on the pod's node (/var/log/antrea/networkpolicy/np.log), once per \
             connection, at best effort, and not where another policy decides first",
        ),
        Feature::Staged => Refused("Antrea holds no policies back; use mode = \"audit\" to see what would be stopped"),
    }
}

pub(super) const EXCEPTIONS: &[Exception] = &[
    refused(&[Feature::ServiceAccounts], "service accounts beside `pods`, or in a policy of the whole cluster"),
    refused(&[Feature::Cidrs], "multicast addresses beside others"),
    refused(&[Feature::Audit], "rules about multicast addresses"),
    refused(&[Feature::Domains, Feature::DomainsOneLabel, Feature::DomainsAnyDepth], "names with \"_\""),
    refused(&[Feature::Http], "methods that Antrea does not know, and paths with \"*\""),
];

/// Antrea is in `kube-system`; its flow aggregator and what shows flows are not (Antrea documentation, "Network Flow Visibility").
pub(super) const OWN_NAMESPACES: &[&str] = &["flow-aggregator", "flow-visibility"];

pub(super) fn gateway(feature: GatewayFeature, _: &Settings) -> Support {
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
            "an Egress has one pair of selectors, and two Egresses cannot share an address of a pool; write a \
             gateway with an address of its own for each source, or give the pods a label in common",
        ),
        GatewayFeature::Cidrs | GatewayFeature::ExceptCidrs => Refused(
            "an Egress is for everything outside the cluster, whatever the destination; leave `to` out. Antrea's \
             agents leave blocks out for the whole cluster with egress.exceptCIDRs",
        ),
        GatewayFeature::Domains => {
            Refused("an Egress is for everything outside the cluster, whatever its name; leave `to` out")
        }
        GatewayFeature::SeveralIps => Degraded(
            "an Egress has one address: traffic leaves from the lowest of them, and the others stay unused \
             (egressIPs and externalIPPools are in the schema and not supported by Antrea yet)",
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

pub(super) const GATEWAY_EXCEPTIONS: &[Exception<GatewayFeature>] =
    &[refused(&[GatewayFeature::Ips], "none, and addresses outside of `kubernetes.antrea_subnet` where that is set")];
