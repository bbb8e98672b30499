//! What `AdminNetworkPolicy` and `BaselineAdminNetworkPolicy` makes of each feature.

use crate::exception::{Exception, degraded, refused};
use crate::settings::NetworkPolicyApiChannel;
use crate::tiers::{EXPERIMENTAL, NAMED_PORT, ONE_LABEL};
use crate::{Feature, Settings, Support};

pub(super) fn policy(feature: Feature, settings: &Settings) -> Support {
    use Support::{Degraded, DegradedOnce, Exact, Needs, Refused};
    let experimental = settings.network_policy_api == NetworkPolicyApiChannel::Experimental;
    match feature {
        Feature::NamespaceScope
        | Feature::ClusterScope
        | Feature::SourcePods
        | Feature::DestinationPods
        | Feature::Cidrs
        | Feature::ExceptCidrs
        | Feature::Everything
        | Feature::Resolver
        | Feature::EveryPort
        | Feature::PortRanges
        | Feature::Udp
        | Feature::Sctp
        | Feature::Deny
        | Feature::Priority => Exact,
        Feature::BlocksWithoutPods | Feature::External => Needs("the provider's `kubernetes.cluster_cidrs`"),
        Feature::Nodes | Feature::Domains | Feature::DomainsAnyDepth if experimental => Exact,
        Feature::Nodes | Feature::ApiServer => DegradedOnce {
            needs: "the provider's `kubernetes.cluster_cidrs`",
            differs: "becomes the addresses in the provider's kubernetes.cluster_cidrs, so whatever else has one of them is meant \
                      as well",
        },
        Feature::Domains | Feature::DomainsAnyDepth => Needs(EXPERIMENTAL),
        Feature::DomainsOneLabel if experimental => Degraded(ONE_LABEL),
        Feature::DomainsOneLabel => DegradedOnce { needs: EXPERIMENTAL, differs: ONE_LABEL },
        Feature::NamedPorts if experimental => Degraded(NAMED_PORT),
        Feature::NamedPorts => DegradedOnce { needs: EXPERIMENTAL, differs: NAMED_PORT },
        Feature::ServiceAccounts => Refused("an AdminNetworkPolicy selects its pods by labels and namespaces only"),
        Feature::Services => Refused(
            "an AdminNetworkPolicy knows no Services; select the pods behind the Service with to_pods or to_namespaces",
        ),
        Feature::DnsQueries => Refused("an AdminNetworkPolicy does not look into DNS queries"),
        Feature::Icmp => Refused(
            "an AdminNetworkPolicy knows TCP, UDP and SCTP; ICMP only in rules without ports, which mean everything",
        ),
        Feature::DenyDomains => Refused("the API takes domain names in rules that allow only"),
        Feature::Http | Feature::HttpHeaders | Feature::Sni => {
            Refused("an AdminNetworkPolicy does not look into connections")
        }
        Feature::Audit | Feature::Staged => Refused("an AdminNetworkPolicy always enforces"),
    }
}

pub(super) const EXCEPTIONS: &[Exception] = &[
    degraded(
        &[Feature::ClusterScope],
        "every policy but the one that is called `default`: a `NetworkPolicy` cannot add to what it allows",
    ),
    refused(&[Feature::Priority], "priorities above 97, and policies that become more than 100 rules"),
    refused(
        &[Feature::Domains, Feature::DomainsOneLabel, Feature::DomainsAnyDepth],
        "names of one part, and parts that begin or end with \"_\"",
    ),
];
