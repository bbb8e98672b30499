//! What Google Kubernetes Engine makes of each feature.

use crate::engines::network_policy;
use crate::exception::{Exception, refused};
use crate::{Feature, Settings, Support};

pub(super) fn policy(feature: Feature, settings: &Settings) -> Support {
    use Support::{Degraded, Exact};
    match feature {
        Feature::Domains | Feature::DomainsOneLabel => Exact,
        Feature::DomainsAnyDepth => Degraded(
            "GKE has no wildcard for any number of labels: names up to four labels below are allowed, with a pattern for each \
             depth, and names further down are not",
        ),
        Feature::NamespaceScope
        | Feature::ClusterScope
        | Feature::SourcePods
        | Feature::ServiceAccounts
        | Feature::DestinationPods
        | Feature::Services
        | Feature::Cidrs
        | Feature::ExceptCidrs
        | Feature::BlocksWithoutPods
        | Feature::External
        | Feature::Everything
        | Feature::Resolver
        | Feature::DnsQueries
        | Feature::ApiServer
        | Feature::Nodes
        | Feature::EveryPort
        | Feature::PortRanges
        | Feature::NamedPorts
        | Feature::Udp
        | Feature::Sctp
        | Feature::Icmp
        | Feature::Deny
        | Feature::DenyDomains
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
        &[Feature::PortRanges, Feature::Sctp],
        "rules with `to_domains`: an `FQDNNetworkPolicy` has single ports of TCP and UDP",
    ),
    refused(
        &[Feature::Domains, Feature::DomainsOneLabel, Feature::DomainsAnyDepth],
        "names of one part, and parts that begin or end with \"_\"",
    ),
];
