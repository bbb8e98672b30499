//! The values for which an engine does otherwise than its column of the capability table says of the feature as a whole: what a compiler
//! adds to [`crate::Findings`] beside the table. The guide to the engines lists them, and the tests compare them with what the compilers do
//! with random policies. Sources: beside the code that relies on them.

mod gateways;

pub use gateways::gateway_exceptions;

use crate::{EngineName, Feature, Level};

/// Some values of features, of policies ([`Feature`]) or of gateways ([`crate::GatewayFeature`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exception<F: 'static = Feature> {
    /// Of these.
    pub features: &'static [F],
    /// What the engine makes of them.
    pub level: Level,
    /// Which values, and why.
    pub what: &'static str,
}

const fn refused<F>(features: &'static [F], what: &'static str) -> Exception<F> {
    Exception { features, level: Level::Refused, what }
}

const fn degraded<F>(features: &'static [F], what: &'static str) -> Exception<F> {
    Exception { features, level: Level::Degraded, what }
}

/// The exceptions of an engine's policies.
pub fn exceptions(engine: EngineName) -> &'static [Exception] {
    match engine {
        EngineName::Cilium => CILIUM,
        EngineName::Calico | EngineName::CalicoEnterprise => CALICO,
        EngineName::Antrea => ANTREA,
        EngineName::Istio => ISTIO,
        EngineName::ClusterNetworkPolicy => CLUSTER_NETWORK_POLICY,
        EngineName::AdminNetworkPolicy => ADMIN_NETWORK_POLICY,
        EngineName::OvnKubernetes => OVN_KUBERNETES,
        EngineName::Eks => EKS,
        EngineName::Gke => GKE,
        EngineName::Linkerd => LINKERD,
        EngineName::NetworkPolicy | EngineName::Spidernet | EngineName::Aks | EngineName::KubeOvn => &[],
    }
}

const CILIUM: &[Exception] = &[
    refused(
        &[Feature::SourcePods, Feature::DestinationPods, Feature::ClusterScope],
        "labels that Cilium leaves out of identities, such as `pod-template-hash`, `io.kubernetes...` and `kubernetes.io/...`, select nothing \
         (Helm value `labels`)",
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
        "every port, and two rules that read one port of one destination in two ways (HTTP, TLS server names, DNS): Cilium would take them and \
         enforce nothing on these pods",
    ),
    degraded(
        &[Feature::Http, Feature::Sni],
        "a port of destinations that another rule may have too and reads in another way, or lets anything pass to: Cilium reads it in one way",
    ),
    degraded(&[Feature::HttpHeaders], "empty values, for which a header only has to be there"),
];

const CALICO: &[Exception] = &[
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

const ANTREA: &[Exception] = &[
    refused(&[Feature::ServiceAccounts], "service accounts beside `pods`, or in a policy of the whole cluster"),
    refused(&[Feature::Cidrs], "multicast addresses beside others"),
    refused(&[Feature::Audit], "rules about multicast addresses"),
    refused(&[Feature::Domains, Feature::DomainsOneLabel, Feature::DomainsAnyDepth], "names with \"_\""),
    refused(&[Feature::Http], "methods that Antrea does not know, and paths with \"*\""),
];

const ISTIO: &[Exception] = &[
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

const CLUSTER_NETWORK_POLICY: &[Exception] = &[
    refused(&[Feature::Priority], "policies that become more than 25 rules"),
    refused(
        &[Feature::Domains, Feature::DomainsOneLabel, Feature::DomainsAnyDepth],
        "names of one part, and parts that begin or end with \"_\"",
    ),
];

const ADMIN_NETWORK_POLICY: &[Exception] = &[
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

const OVN_KUBERNETES: &[Exception] = &[
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

const EKS: &[Exception] = &[
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

const GKE: &[Exception] = &[
    refused(
        &[Feature::PortRanges, Feature::Sctp],
        "rules with `to_domains`: an `FQDNNetworkPolicy` has single ports of TCP and UDP",
    ),
    refused(
        &[Feature::Domains, Feature::DomainsOneLabel, Feature::DomainsAnyDepth],
        "names of one part, and parts that begin or end with \"_\"",
    ),
];

const LINKERD: &[Exception] = &[
    refused(
        &[Feature::EveryPort, Feature::PortRanges, Feature::Udp, Feature::Sctp],
        "rules with `to_domains`, `http_requests` or `server_names`: a route of Linkerd has a single TCP port",
    ),
    refused(&[Feature::Domains], "port 80 beside others in one rule, and names with \"_\""),
    refused(
        &[Feature::Http],
        "destinations inside the cluster, private addresses, methods and paths that an `HTTPRoute` does not take, and a port of an address that \
         another rule reads as TLS",
    ),
    refused(&[Feature::HttpHeaders], "more than 16 of one request, empty values and those with blanks at an end"),
    refused(
        &[Feature::Sni],
        "destinations inside the cluster, and names that are not among `to_domains` where there are such",
    ),
    degraded(&[Feature::Resolver], "`allow_dns = false`: pods of the mesh do not start without the resolver"),
];
