//! What can be wrong with a policy.

use super::{DomainError, Entity, HttpError, Path, PortError};
use crate::cidr::{Cidr, CidrError};
use crate::labels::{LabelError, RequirementError};

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
    #[error("the label {0:?} marks what this provider owns and cannot be set here")]
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
    #[error("{0:?} is no entity; use one of {list}", list = entities())]
    Entity(String),
    /// A Service is neither `name` nor `namespace/name`.
    #[error("{0:?} is no Service; write \"name\", or \"namespace/name\" for one of another namespace")]
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
    #[error("{0:?} is no IP address")]
    Address(String),
    /// An unknown mode.
    #[error("{0:?} is no mode; use \"enforce\", \"audit\" or \"staged\"")]
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
    #[error("{0:?} is no demand on failover; use \"best-effort\" or \"required\"")]
    Failover(String),
    /// No name of a network interface.
    #[error("{0:?} is no interface name: at most 15 characters without \"/\" and blanks")]
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

fn entities() -> String {
    Entity::ALL.map(|entity| format!("{:?}", entity.as_str())).join(", ")
}
