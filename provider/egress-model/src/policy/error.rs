//! What can be wrong with a policy.

use super::{DomainError, Entity, HttpError, Path, PortError};
use crate::cidr::{Cidr, CidrError};
use crate::labels::LabelError;

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
    /// An unknown operator.
    #[error("{0:?} is no operator; use \"In\", \"NotIn\", \"Exists\" or \"DoesNotExist\"")]
    Operator(String),
    /// An operator that compares has nothing to compare with.
    #[error("{0} needs at least one value")]
    ValuesMissing(&'static str),
    /// An operator that does not compare has values.
    #[error("{0} takes no values")]
    ValuesUnexpected(&'static str),
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
    /// A port with both a number and a name.
    #[error("has a number and a name; a port has one of them")]
    PortAndName,
    /// The end of a range without its begin.
    #[error("needs port, the first port of the range")]
    EndWithoutPort,
    /// ICMP has no ports.
    #[error("ICMP has no ports; use icmp_type and icmp_code")]
    IcmpPort,
    /// ICMP types are for ICMP.
    #[error("needs protocol = \"ICMP\"")]
    IcmpTypeWithoutIcmp,
    /// An ICMP code belongs to a type.
    #[error("needs icmp_type")]
    IcmpCodeWithoutType,
    /// ICMP types and codes are bytes.
    #[error("{0} is not between 0 and 255")]
    IcmpNumber(i64),
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
    #[error("{0:?} is no mode; use \"enforce\" or \"audit\"")]
    Mode(String),
    /// A range of the cluster that leaves nothing outside.
    #[error("{0} is every address, which leaves nothing outside the cluster")]
    WholeInternet(Cidr),
}

fn entities() -> String {
    Entity::ALL.map(|entity| format!("{:?}", entity.as_str())).join(", ")
}
