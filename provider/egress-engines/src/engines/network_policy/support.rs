//! What Kubernetes' own `NetworkPolicy` makes of each feature.

use crate::{Feature, Settings, Support};

pub(crate) fn policy(feature: Feature, _: &Settings) -> Support {
    use Support::{Exact, Refused};
    match feature {
        Feature::NamespaceScope
        | Feature::SourcePods
        | Feature::DestinationPods
        | Feature::Cidrs
        | Feature::ExceptCidrs
        | Feature::Everything
        | Feature::Resolver
        | Feature::EveryPort
        | Feature::PortRanges
        | Feature::NamedPorts
        | Feature::Udp
        | Feature::Sctp => Exact,
        Feature::ClusterScope => Refused("a NetworkPolicy is about the pods of its own namespace; set namespace"),
        Feature::ServiceAccounts => Refused("a NetworkPolicy selects its pods by labels only"),
        Feature::Services => Refused(
            "a NetworkPolicy is applied after a Service's address became that of a pod; select the pods behind the Service \
             with to_pods or to_namespaces",
        ),
        Feature::BlocksWithoutPods => {
            Support::Degraded("whether an ipBlock matches addresses of pods and nodes is up to the network plugin")
        }
        Feature::External => Support::Needs("the provider's `kubernetes.cluster_cidrs`"),
        Feature::ApiServer | Feature::Nodes => Support::DegradedOnce {
            needs: "the provider's `kubernetes.cluster_cidrs`",
            differs: "becomes the addresses in the provider's kubernetes.cluster_cidrs; whether a block matches addresses of nodes \
                      is up to the network plugin (Cilium's default: it does not)",
        },
        Feature::DnsQueries => Refused("a NetworkPolicy does not look into DNS queries"),
        Feature::Domains | Feature::DomainsOneLabel | Feature::DomainsAnyDepth => {
            Refused("a NetworkPolicy knows no domain names")
        }
        Feature::Icmp => {
            Refused("a NetworkPolicy knows TCP, UDP and SCTP; what its plugin does with ICMP is not defined")
        }
        Feature::Deny | Feature::DenyDomains => Refused(
            "a NetworkPolicy only allows; to leave out a part of an allowed block use exceptions in to_cidrs (\"!10.0.0.0/8\")",
        ),
        Feature::Priority => Refused("policies of this API add up and have no order"),
        Feature::Http | Feature::HttpHeaders | Feature::Sni => {
            Refused("a NetworkPolicy does not look into connections")
        }
        Feature::Audit | Feature::Staged => Refused("a NetworkPolicy always enforces"),
    }
}
