//! What Istio makes of each feature.

use crate::engines::network_policy;
use crate::exception::{Exception, degraded, refused};
use crate::settings::IstioMode;
use crate::{Feature, GatewayFeature, Settings, Support};

/// Istio's column of the capability table. What a `NetworkPolicy` governs is as good as there. Sources: the Istio 1.30
/// documentation and reference; for wildcards the change notes of 1.28 to 1.30 and istio/istio#61831.
pub(super) fn policy(feature: Feature, settings: &Settings) -> Support {
    use Support::{Degraded, Exact, Needs, Refused};
    let ambient = settings.istio.mode == IstioMode::Ambient;
    match feature {
        Feature::NamespaceScope
        | Feature::ClusterScope
        | Feature::SourcePods
        | Feature::Services
        | Feature::ExceptCidrs
        | Feature::BlocksWithoutPods
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
        Feature::DestinationPods | Feature::Everything if ambient => Degraded(
            "between pods of an ambient mesh every port goes through port 15008, which is allowed to these pods: which ports they \
             take is up to the receiving side's AuthorizationPolicy",
        ),
        Feature::DestinationPods => Exact,
        Feature::Cidrs if ambient => Exact,
        Feature::Cidrs | Feature::Everything => {
            Needs("the mesh's outboundTrafficPolicy ALLOW_ANY, Istio's default: the NetworkPolicy decides")
        }
        Feature::External if ambient => Needs("the provider's `kubernetes.cluster_cidrs`"),
        Feature::External => Needs(
            "the provider's `kubernetes.cluster_cidrs`, and the mesh's outboundTrafficPolicy ALLOW_ANY, Istio's default",
        ),
        Feature::ServiceAccounts => Degraded(
            "the gateway or waypoint lets only these service accounts to the names, but the NetworkPolicy selects pods by labels: \
             those of other service accounts that `pods` selects are isolated too, and have the rules about pods and addresses",
        ),
        Feature::Domains if ambient => Degraded(
            "connections go through the waypoint by name, not by address: the mesh answers the pods' DNS queries with an address of \
             its own for each name (DNS capture must be on), and a connection to the host's real address is stopped. At the \
             mesh's address only the ports of rules about the name answer, to other pods of the mesh too, whatever rules about \
             addresses allow. The pods must be in the mesh",
        ),
        Feature::Domains => Degraded(
            "connections go through the egress gateway by name, not by address: those to port 80 by the Host of their HTTP requests, \
             others by the server name (SNI) of their TLS; what shows no name is stopped, and what shows an allowed one goes where \
             the gateway resolves it. The pods need sidecars, and the gateway stops whatever no policy allows",
        ),
        Feature::DomainsOneLabel => Refused("Istio's \"*.\" matches any number of labels; name the hosts"),
        Feature::DomainsAnyDepth if !ambient => Refused(
            "an egress gateway cannot find the host behind a wildcard: a ServiceEntry with resolution NONE sends the gateway's traffic \
             back to itself, and DYNAMIC_DNS is not supported behind a Gateway; name the hosts",
        ),
        Feature::DomainsAnyDepth if settings.at_least(1, 29) => Degraded(
            "the waypoint finds the host by the name that the connection shows (DYNAMIC_DNS); for TLS the control plane needs \
             ENABLE_WILDCARD_HOST_SERVICE_ENTRIES_FOR_TLS",
        ),
        Feature::DomainsAnyDepth => {
            Refused("Istio finds hosts behind a wildcard for TLS (DYNAMIC_DNS) from 1.29; name the hosts")
        }
        Feature::Deny | Feature::DenyDomains if ambient => Refused(
            "what a waypoint decides is about the entries of one policy, so that it cannot overrule another; leave the names out of \
             allow",
        ),
        Feature::Deny | Feature::DenyDomains => Degraded(
            "only names can be denied, at the gateway: there it denies them whatever another policy allows, but it does not see what \
             a policy lets out to addresses",
        ),
        Feature::Http | Feature::HttpHeaders => Degraded(
            "requests are read for to_domains on port 80 alone: TLS is not opened, and inside the cluster the receiving side decides. \
             What shows one of the names is held to the rules also where another rule allows the host's address",
        ),
        Feature::Sni => Degraded("only for names of to_domains, by which connections are routed"),
        Feature::Audit => Degraded(
            "sidecars write every connection and request that leaves to their access log, whether or not the policy allows it: \
             nothing is compared and nothing stopped",
        ),
        Feature::Staged => Refused(
            "an AuthorizationPolicy can be tried (istio.io/dry-run), but the NetworkPolicy that pins the pods cannot; use audit to see \
             what leaves",
        ),
    }
}

pub(super) const EXCEPTIONS: &[Exception] = &[
    refused(
        &[Feature::EveryPort, Feature::PortRanges, Feature::Udp, Feature::Sctp],
        "rules with `to_domains`: of a host outside the cluster Istio knows single TCP ports only",
    ),
    refused(
        &[Feature::Domains],
        "names of one part, with \"_\" or of nearly 253 characters, and more than 256 ports in all",
    ),
    refused(&[Feature::Http], "rules without `to_domains`, ports other than 80, and paths with \"*\", \"{\" or \"}\""),
    refused(&[Feature::HttpHeaders], "empty values, and values that begin or end with \"*\""),
    refused(&[Feature::Sni], "rules without `to_domains`, names that are not among those, and port 80"),
    refused(&[Feature::Deny], "rules without `to_domains`"),
    refused(&[Feature::DenyDomains], "in a policy that also lets pods out to addresses"),
    degraded(
        &[Feature::SourcePods],
        "`match_expressions` beside names: the route to the gateway is that of every pod with the `match_labels`",
    ),
    refused(&[Feature::Audit], "`match_expressions` of `pods`"),
];

pub(super) fn gateway(feature: GatewayFeature, settings: &Settings) -> Support {
    use Support::{Degraded, Exact, Needs, Refused};
    match feature {
        GatewayFeature::SourcePods | GatewayFeature::SourceNamespaces if settings.istio.mode == IstioMode::Ambient => {
            Refused("in an ambient mesh the traffic of every pod to a name goes through the waypoint of that name")
        }
        GatewayFeature::SourcePods => Needs("match_labels alone: a route picks its clients by equal labels"),
        GatewayFeature::SourceNamespaces => Needs("namespaces by name: Istio's objects name those that see them"),
        GatewayFeature::SeveralSources | GatewayFeature::Nodes | GatewayFeature::Replicas => Exact,
        GatewayFeature::External | GatewayFeature::Cidrs | GatewayFeature::ExceptCidrs => Refused(BY_NAME),
        GatewayFeature::Domains => Degraded(
            "only HTTP to port 80, by its Host, and TLS to port 443, by its server name (SNI), go through the gateway; the pods must be \
             in the mesh, and other traffic to the hosts leaves as before: an egress_policy stops it",
        ),
        GatewayFeature::Ips | GatewayFeature::SeveralIps | GatewayFeature::Ipv6 | GatewayFeature::AssignsIps => {
            Refused(NODE_ADDRESS)
        }
        GatewayFeature::PublicIps => Refused(
            "Istio asks no cloud for addresses; give the public ones to an egress_nat_gateway before the gateway's nodes",
        ),
        GatewayFeature::Interface => Refused(NODE_ADDRESS),
        GatewayFeature::Failover => {
            Needs("replicas of at least 2, which run on different nodes: traffic goes on from the others' nodes")
        }
    }
}

const NODE_ADDRESS: &str = "Istio's gateway is a proxy in a pod and leaves with the address of its node: give the nodes addresses \
                            that stay, such as those of an egress_nat_gateway before them, and choose the nodes with nodes";

const BY_NAME: &str = "Istio's gateway forwards by the name that a connection shows, not by address: at a gateway an entry of addresses \
                       (resolution NONE) goes back to the gateway itself; name the hosts with domains";

pub(super) const GATEWAY_EXCEPTIONS: &[Exception<GatewayFeature>] = &[refused(
    &[GatewayFeature::Domains],
    "names of one part or with \"_\", and wildcards, of which only a waypoint takes `**.` from Istio 1.29 on",
)];
