//! What Amazon EKS makes of each feature.

use crate::exception::{Exception, degraded, refused};
use crate::{Feature, Settings, Support};

pub(super) fn policy(feature: Feature, _: &Settings) -> Support {
    use Support::{Degraded, Exact, Needs, Refused};
    match feature {
        Feature::NamespaceScope
        | Feature::ClusterScope
        | Feature::SourcePods
        | Feature::DestinationPods
        | Feature::Cidrs
        | Feature::ExceptCidrs
        | Feature::Everything
        | Feature::Resolver
        | Feature::Domains
        | Feature::DomainsAnyDepth
        | Feature::EveryPort
        | Feature::PortRanges
        | Feature::NamedPorts
        | Feature::Udp
        | Feature::Sctp
        | Feature::Deny
        | Feature::Priority => Exact,
        Feature::BlocksWithoutPods | Feature::External => Needs("the provider's `kubernetes.cluster_cidrs`"),
        Feature::Nodes | Feature::ApiServer => Support::DegradedOnce {
            needs: "the provider's `kubernetes.cluster_cidrs`",
            differs: "becomes the addresses in the provider's kubernetes.cluster_cidrs, so whatever else has one of them is meant \
                      as well",
        },
        Feature::DomainsOneLabel => {
            Degraded("\"*.\" stands for one or more labels in EKS, so names further down are matched as well")
        }
        Feature::ServiceAccounts => Refused("the policies of EKS select their pods by labels and namespaces only"),
        Feature::Services => Refused(
            "the policies of EKS know no Services; select the pods behind the Service with to_pods or to_namespaces",
        ),
        Feature::DnsQueries => Refused("the policies of EKS do not restrict DNS queries"),
        Feature::Icmp => Refused(
            "the policies of EKS know TCP, UDP and SCTP; ICMP only in rules without ports, which mean everything",
        ),
        Feature::DenyDomains => Refused("EKS takes domain names in rules that allow only"),
        Feature::Http | Feature::HttpHeaders | Feature::Sni => {
            Refused("the policies of EKS do not look into connections")
        }
        Feature::Audit | Feature::Staged => Refused("the policies of EKS always enforce"),
    }
}

pub(super) const EXCEPTIONS: &[Exception] = &[
    degraded(&[Feature::Resolver], "nodes of EKS Auto Mode, on which the resolver is no pod"),
    degraded(
        &[Feature::NamedPorts],
        "`deny`, and policies of the whole cluster or with a priority: the port's protocol does not count",
    ),
    refused(&[Feature::Priority], "policies that become more than 100 rules"),
    refused(
        &[Feature::Domains, Feature::DomainsOneLabel, Feature::DomainsAnyDepth],
        "names of one part, and parts that begin or end with \"_\"",
    ),
];
