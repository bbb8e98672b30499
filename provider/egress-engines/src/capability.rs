//! The one table of what every engine makes of every part of a policy: exact, degraded or refused; and of the values for which an engine
//! does otherwise.
//!
//! Each engine's `support` file has its column, a function over [`Feature`]; compilers ask it through [`crate::Findings::need`], and the
//! guide to the engines is written from it. Sources: each engine's documentation and CRDs, as its column says.

/// How well an engine does what a part of a policy means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    /// As the model means it; said only where a user might wonder.
    Exact,
    /// Though not exactly so: the finding says what differs.
    Degraded,
    /// Not at all. Nothing is emitted then.
    Refused,
}

/// What an engine makes of a feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// As the model means it.
    Exact,
    /// As the model means it once something else is given, such as a setting of the provider; the compiler refuses without.
    Needs(&'static str),
    /// Though not exactly as the model means it, and this differs.
    Degraded(&'static str),
    /// The same, once something else is given; the compiler refuses without.
    DegradedOnce {
        /// What has to be given.
        needs: &'static str,
        /// What differs then.
        differs: &'static str,
    },
    /// Not at all, because of this.
    Refused(&'static str),
}

impl Support {
    /// How well that is.
    pub fn level(self) -> Level {
        match self {
            Self::Exact | Self::Needs(_) => Level::Exact,
            Self::Degraded(_) | Self::DegradedOnce { .. } => Level::Degraded,
            Self::Refused(_) => Level::Refused,
        }
    }
}

/// Something that a policy can ask for and not every engine has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Feature {
    /// Policies of one namespace.
    NamespaceScope,
    /// Policies of the whole cluster.
    ClusterScope,
    /// Sources by the pods' labels, not only whole namespaces.
    SourcePods,
    /// Sources by service account.
    ServiceAccounts,
    /// Destinations by the pods' labels and namespaces.
    DestinationPods,
    /// Destinations by Service.
    Services,
    /// Address blocks.
    Cidrs,
    /// Exceptions to address blocks.
    ExceptCidrs,
    /// Address blocks that hold no addresses of pods or nodes on any installation of the engine.
    BlocksWithoutPods,
    /// Everything outside the cluster.
    External,
    /// Every destination.
    Everything,
    /// The DNS resolver: allowed unless refused, and as a destination.
    Resolver,
    /// Restricting for which names the resolver may be asked.
    DnsQueries,
    /// The API server as a destination.
    ApiServer,
    /// Nodes as a destination.
    Nodes,
    /// Destinations by exact domain name.
    Domains,
    /// Destinations by names one label below a domain.
    DomainsOneLabel,
    /// Destinations by names any number of labels below a domain.
    DomainsAnyDepth,
    /// Rules for every port of every protocol.
    EveryPort,
    /// Ranges of ports.
    PortRanges,
    /// Container ports by name.
    NamedPorts,
    /// UDP.
    Udp,
    /// SCTP.
    Sctp,
    /// ICMP.
    Icmp,
    /// Rules that deny.
    Deny,
    /// Rules that deny domain names.
    DenyDomains,
    /// An order among policies.
    Priority,
    /// Rules about the method and path of HTTP requests.
    Http,
    /// Rules about the headers of HTTP requests.
    HttpHeaders,
    /// Rules about TLS server names.
    Sni,
    /// Reporting without stopping.
    Audit,
    /// Holding a policy back to see what it would do.
    Staged,
}

impl Feature {
    /// Every feature, in the order of the guide to the engines.
    pub const ALL: [Self; 32] = [
        Self::NamespaceScope,
        Self::ClusterScope,
        Self::SourcePods,
        Self::ServiceAccounts,
        Self::DestinationPods,
        Self::Services,
        Self::Cidrs,
        Self::ExceptCidrs,
        Self::BlocksWithoutPods,
        Self::External,
        Self::Everything,
        Self::Resolver,
        Self::DnsQueries,
        Self::ApiServer,
        Self::Nodes,
        Self::Domains,
        Self::DomainsOneLabel,
        Self::DomainsAnyDepth,
        Self::EveryPort,
        Self::PortRanges,
        Self::NamedPorts,
        Self::Udp,
        Self::Sctp,
        Self::Icmp,
        Self::Deny,
        Self::DenyDomains,
        Self::Priority,
        Self::Http,
        Self::HttpHeaders,
        Self::Sni,
        Self::Audit,
        Self::Staged,
    ];
}

/// Something that a gateway can ask for and not every engine has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GatewayFeature {
    /// Sources by the pods' labels, not only whole namespaces.
    SourcePods,
    /// Sources in namespaces by their labels.
    SourceNamespaces,
    /// Several sources of one gateway.
    SeveralSources,
    /// Everything outside the cluster as the destination.
    External,
    /// Only some addresses as destinations.
    Cidrs,
    /// Exceptions to those.
    ExceptCidrs,
    /// Only some names as destinations.
    Domains,
    /// Addresses that the user chooses.
    Ips,
    /// Several addresses of one gateway.
    SeveralIps,
    /// IPv6 addresses.
    Ipv6,
    /// The engine puts the addresses onto a node itself; otherwise they must be there.
    AssignsIps,
    /// Public addresses that the engine asks the cloud for.
    PublicIps,
    /// Choosing the nodes that traffic leaves from.
    Nodes,
    /// Choosing a network interface instead of addresses.
    Interface,
    /// Several gateways at a time.
    Replicas,
    /// Traffic goes on when a node of the gateway fails.
    Failover,
}

impl GatewayFeature {
    /// Every feature, in the order of the guide to the engines.
    pub const ALL: [Self; 16] = [
        Self::SourcePods,
        Self::SourceNamespaces,
        Self::SeveralSources,
        Self::External,
        Self::Cidrs,
        Self::ExceptCidrs,
        Self::Domains,
        Self::Ips,
        Self::SeveralIps,
        Self::Ipv6,
        Self::AssignsIps,
        Self::PublicIps,
        Self::Nodes,
        Self::Interface,
        Self::Replicas,
        Self::Failover,
    ];
}
