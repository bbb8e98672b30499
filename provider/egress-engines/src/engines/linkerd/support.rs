//! What Linkerd makes of each feature.

use crate::engines::network_policy;
use crate::exception::{Exception, degraded, refused};
use crate::{Feature, Settings, Support};

const BY_NAME: &str = "connections pass by the name that they show, not by address: the Host of HTTP requests on \
                       port 80 and wherever http says so, the server name (SNI) of TLS on other ports. What shows \
                       no name is stopped, what shows an allowed one passes to whatever address outside the \
                       cluster, and names with private addresses (Linkerd's clusterNetworks) are stopped";

const ONE_POLICY: &str = "an EgressNetwork is about every pod of its namespace that is in the mesh, and an address \
                          belongs to one EgressNetwork only: two policies of this engine in one namespace do not \
                          add up, so have one. Pods outside the mesh, and what their annotations let pass by the \
                          proxy, have the NetworkPolicy alone. The cluster has to serve TLSRoute and TCPRoute as \
                          v1alpha2, as Linkerd reads them: the Gateway API's experimental channel up to 1.5 does, \
                          its standard channel of 1.6 does not";

/// Linkerd's column of the capability table. What a `NetworkPolicy` governs is as good as there. Sources: Linkerd's documentation
/// (2.20) and the code of its policy controller and proxy.
pub(super) fn policy(feature: Feature, settings: &Settings) -> Support {
    use Support::{Degraded, Refused};
    match feature {
        Feature::NamespaceScope if !settings.at_least(2, 17) => Refused("Linkerd has EgressNetworks from 2.17"),
        Feature::NamespaceScope => Degraded(ONE_POLICY),
        Feature::ClusterScope => Refused(
            "the EgressNetworks of Linkerd's global namespace are about namespaces that have none of their own, and \
             exempt none; set namespace",
        ),
        Feature::SourcePods => {
            Refused("an EgressNetwork is about every pod of its namespace; move the pods to a namespace of their own")
        }
        Feature::ServiceAccounts => {
            Refused("an EgressNetwork is about every pod of its namespace, whatever its account")
        }
        Feature::Services
        | Feature::Cidrs
        | Feature::ExceptCidrs
        | Feature::BlocksWithoutPods
        | Feature::External
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
        | Feature::Priority => network_policy::support::policy(feature, settings),
        Feature::DestinationPods | Feature::Everything => Degraded(
            "between pods of the mesh every port may go through port 4143, which is allowed to these pods: which \
             ports they take is up to the receiving side's Server and AuthorizationPolicy",
        ),
        Feature::Domains | Feature::DomainsAnyDepth => Degraded(BY_NAME),
        Feature::DomainsOneLabel => {
            Refused("Linkerd's \"*.\" matches any number of labels; name the hosts, or use \"**.\"")
        }
        Feature::Deny | Feature::DenyDomains => Refused(
            "neither an EgressNetwork's routes nor a NetworkPolicy deny what another rule allows; leave it out of \
             allow, or use exceptions in to_cidrs (\"!10.0.0.0/8\")",
        ),
        Feature::Http | Feature::HttpHeaders => Degraded(
            "requests are read to addresses outside the cluster, where they are not inside TLS; inside the cluster \
             the receiving side decides",
        ),
        Feature::Sni => {
            Degraded("only to addresses outside the cluster, and not to private ones (Linkerd's clusterNetworks)")
        }
        Feature::Audit => Degraded(
            "the proxies count every connection and request that leaves, by its EgressNetwork, in their metrics \
             (outbound_*), whether or not the policy allows it: nothing is compared and nothing stopped",
        ),
        Feature::Staged => Refused("an EgressNetwork is in force at once; use audit to see what leaves"),
    }
}

pub(super) const EXCEPTIONS: &[Exception] = &[
    refused(
        &[Feature::EveryPort, Feature::PortRanges, Feature::Udp, Feature::Sctp],
        "rules with `to_domains`, `http_requests` or `server_names`: a route of Linkerd has a single TCP port",
    ),
    refused(&[Feature::Domains], "port 80 beside others in one rule, and names with \"_\""),
    refused(
        &[Feature::Http],
        "destinations inside the cluster, private addresses, methods and paths that an `HTTPRoute` does not take, \
         and a port of an address that another rule reads as TLS",
    ),
    refused(&[Feature::HttpHeaders], "more than 16 of one request, empty values and those with blanks at an end"),
    refused(
        &[Feature::Sni],
        "destinations inside the cluster, and names that are not among `to_domains` where there are such",
    ),
    degraded(&[Feature::Resolver], "`allow_dns = false`: pods of the mesh do not start without the resolver"),
];
