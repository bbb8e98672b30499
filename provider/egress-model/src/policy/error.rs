//! What can be wrong with a policy.

use super::{DomainError, Entity, HttpError, Path, PortError};
use crate::cidr::{Cidr, CidrError};
use crate::labels::{LabelError, NamespaceName, RequirementError};
use crate::shown::shown;

/// A part of a policy that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {problem}")]
pub struct Invalid {
    /// Which part.
    pub path: Path,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong with a part of a policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// A label, annotation key or name.
    #[error(transparent)]
    Label(#[from] LabelError),
    /// An expression of a selector.
    #[error(transparent)]
    Requirement(#[from] RequirementError),
    /// A CIDR block.
    #[error(transparent)]
    Cidr(#[from] CidrError),
    /// A domain.
    #[error(transparent)]
    Domain(#[from] DomainError),
    /// A port.
    #[error(transparent)]
    Port(#[from] PortError),
    /// A rule about HTTP requests.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// A list that must have elements has none: it could be read as "nothing" or as "everything".
    #[error("must not be an empty list; leave it out, or name at least one")]
    EmptyList,
    /// A label that this provider sets itself.
    #[error("the label {} marks what this provider owns and cannot be set here", shown(.0))]
    ReservedLabel(String),
    /// A rule says nowhere where to.
    #[error(
        "has no destination; set one of to_pods, to_namespaces, to_cidrs, to_external, to_domains, to_services and \
         to_entities (\"all\" stands for every destination)"
    )]
    NoDestination,
    /// A rule has destinations of several kinds.
    #[error("has several kinds of destination ({}); a rule has one, so write a rule for each", .0.join(", "))]
    SeveralDestinations(Vec<&'static str>),
    /// `to_external = false` is neither a destination nor its absence.
    #[error("false says nothing; leave it out, or deny external destinations in a deny rule")]
    NotExternal,
    /// Exceptions to nothing.
    #[error("needs to_cidrs, of which it leaves out parts")]
    ExceptWithoutCidrs,
    /// An exception that is in none of the blocks.
    #[error("{0} is not inside any block of to_cidrs, so there is nothing to leave out")]
    ExceptOutside(Cidr),
    /// Exceptions that leave nothing.
    #[error("leaves out everything that to_cidrs names")]
    ExceptEverything,
    /// An unknown entity.
    #[error("{} is no entity; use one of {list}", shown(.0), list = entities())]
    Entity(String),
    /// A Service is neither `name` nor `namespace/name`.
    #[error("{} is no Service; write \"name\", or \"namespace/name\" for one of another namespace", shown(.0))]
    Service(String),
    /// Rules about HTTP or TLS on something that is not TCP.
    #[error("needs ports, all of them TCP: HTTP requests and TLS server names are read from TCP connections")]
    ApplicationWithoutTcp,
    /// HTTP requests inside TLS cannot be read.
    #[error("cannot stand beside sni: HTTP requests inside TLS cannot be read")]
    HttpAndSni,
    /// Both kinds of path.
    #[error("cannot stand beside path; a rule has one of them")]
    PathAndPrefix,
    /// A rule that every request matches.
    #[error("says nothing; set method, path, path_prefix or headers")]
    EmptyHttp,
    /// No address.
    #[error("{} is no IP address", shown(.0))]
    Address(String),
    /// An IPv4 address in IPv6 notation.
    #[error("{} is an IPv4 address in IPv6 notation; write the IPv4 address", shown(.0))]
    MappedAddress(String),
    /// The name of a container's port where no pod is a destination.
    #[error("{} is the name of a pod's port, and no pod is a destination of this rule; write the number", shown(.0))]
    PortOfNoPod(String),
    /// More annotations than an object can have (Kubernetes, `TotalAnnotationSizeLimitB`).
    #[error("has {length} bytes of keys and values; an object has at most {limit}")]
    AnnotationsTooLong {
        /// How many bytes there are.
        length: usize,
        /// How many there may be.
        limit: usize,
    },
    /// A namespace that the policy is to be about, and that it leaves alone.
    #[error(
        "would be left out again: {0} is {by}. To have the policy be about it, set exempt_namespaces to a list without it, such as []; \
         else do not name it here", by = exempted(*.1)
    )]
    ExemptNamespace(NamespaceName, Exempted),
    /// An unknown mode.
    #[error("{} is no mode; use \"enforce\", \"audit\" or \"staged\"", shown(.0))]
    Mode(String),
    /// A priority outside its range.
    #[error("{0} is no priority; priorities are 0 (asked first) to 1000 (asked last)")]
    Priority(i64),
    /// A policy of the whole cluster has no namespace of its own.
    #[error("needs to_namespaces beside it: a policy of the whole cluster has no namespace of its own")]
    NoOwnNamespace,
    /// Attributes of a policy of the whole cluster on one of a namespace.
    #[error("is for policies of the whole cluster; leave it out, or leave out namespace")]
    NotClusterWide,
    /// A gateway for nobody.
    #[error("names no pods; a gateway needs at least one source")]
    NoSource,
    /// An unknown demand on failover.
    #[error("{} is no demand on failover; use \"best-effort\" or \"required\"", shown(.0))]
    Failover(String),
    /// No name of a network interface.
    #[error("{} is no interface name: at most 15 characters without \"/\" and blanks", shown(.0))]
    Interface(String),
    /// No number of replicas.
    #[error("{0} is no number of replicas; there is at least one")]
    Replicas(i64),
    /// Restricted queries where none are allowed.
    #[error("says which names may be asked for, but allow_dns is false")]
    QueriesWithoutDns,
    /// A range of the cluster that leaves nothing outside.
    #[error("{0} is every address, which leaves nothing outside the cluster")]
    WholeInternet(Cidr),
}

/// Why a policy of the whole cluster leaves a namespace alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exempted {
    /// `exempt_namespaces` names it.
    ByName,
    /// It is one of the cluster's own, and `exempt_namespaces` is not set.
    ByDefault,
}

fn exempted(why: Exempted) -> &'static str {
    match why {
        Exempted::ByName => "in exempt_namespaces",
        Exempted::ByDefault => {
            "one of the cluster's own, which policies of the whole cluster leave alone where exempt_namespaces is not set"
        }
    }
}

fn entities() -> String {
    Entity::ALL.map(|entity| format!("{:?}", entity.as_str())).join(", ")
}
