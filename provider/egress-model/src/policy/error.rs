//! What can be wrong with a policy.

use std::str::FromStr;

use super::{DomainError, Entity, HttpError, Path, Platform, PortError};
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
    #[error("It must not be an empty list; leave it out, or name at least one")]
    EmptyList,
    /// A label that this provider sets itself.
    #[error("The label {} marks what this provider owns and cannot be set here", shown(.0))]
    ReservedLabel(String),
    /// A rule has no destination.
    #[error(
        "It has no destination; set exactly one of to_pods, to_namespaces, to_cidrs, to_external, to_domains, to_services and \
         to_entities ([\"all\"] is every destination)"
    )]
    NoDestination,
    /// A rule has destinations of several kinds.
    #[error("It has several kinds of destination ({}); a rule has exactly one, so write a rule for each", .0.join(", "))]
    SeveralDestinations(Vec<&'static str>),
    /// `false` where only `true` says something.
    #[error("It must be true or left out: false says nothing")]
    OnlyTrue,
    /// A rule without ports.
    #[error("It must name at least one port; [\"any\"] is every port of every protocol")]
    NoPorts,
    /// Every port beside some.
    #[error("It must stand alone: \"any\" is every port of every protocol")]
    AnyBesidePorts,
    /// Only exceptions.
    #[error("It must name a block without \"!\" as well: what begins with \"!\" is left out of the others")]
    OnlyExceptions,
    /// An exception that is in none of the blocks.
    #[error("It is not inside any block of the list, so there is nothing to leave out: {0}")]
    ExceptOutside(Cidr),
    /// Exceptions that leave nothing.
    #[error("It must leave something: what begins with \"!\" leaves out every block of the list")]
    ExceptEverything,
    /// A selector that selects everything without saying so.
    #[error("It selects nothing in particular; set {0}, or all = true for every one")]
    EmptySelector(&'static str),
    /// A selector of several things, one of which a misspelt key could take away unseen.
    #[error(
        "It must say exactly one thing, and says {}; labels and names can be written in match_expressions too, such as \"app=web\" and \
         \"kubernetes.io/metadata.name in (a, b)\"",
        .0.join(" and ")
    )]
    SeveralSelections(Vec<&'static str>),
    /// Everything and something of it.
    #[error("It cannot stand beside {0}: all = true selects every one")]
    AllBeside(&'static str),
    /// Nodes that are not named.
    #[error("It selects no nodes in particular; set match_labels or match_expressions, or leave nodes out")]
    NoNodes,
    /// Pods of a destination or source that are not named.
    #[error("It must be set; {{ all = true }} is every pod")]
    NoPods,
    /// Namespaces of a source that are not named.
    #[error("It must be set; {{ all = true }} is every namespace")]
    NoNamespaces,
    /// An unknown entity.
    #[error("{} is not an entity; use one of {list}", shown(.0), list = entities())]
    Entity(String),
    /// A Service is neither `name` nor `namespace/name`.
    #[error("{} is not a Service; write \"name\", or \"namespace/name\" for one of another namespace", shown(.0))]
    Service(String),
    /// Ports are announced as HTTP or TLS, and nothing says what may be in it.
    #[error("It announces {announced:?}, which needs {needs}; write \"TCP\" in its place for whatever is inside")]
    AnnouncedOnly {
        /// The word.
        announced: &'static str,
        /// The attribute that is missing.
        needs: &'static str,
    },
    /// What may be in connections is said, and no port is announced as such.
    #[error("It needs every port of the rule announced as \"{announced}\", such as \"{example}\"")]
    NotAnnounced {
        /// The word.
        announced: &'static str,
        /// A port with it.
        example: &'static str,
    },
    /// A deny rule that would look into connections.
    #[error("It announces {0:?}, and a deny rule is about whole connections; write \"TCP\" in its place")]
    DenyInspects(&'static str),
    /// HTTP requests inside TLS cannot be read.
    #[error("It cannot stand beside server_names: HTTP requests inside TLS cannot be read")]
    RequestsAndServerNames,
    /// A request without a method.
    #[error("It must be set; \"any\" is every method")]
    NoMethod,
    /// A request without a path.
    #[error("It has neither path nor path_prefix; path_prefix = \"/\" is every path")]
    NoRequestPath,
    /// A request without headers.
    #[error("It must be set; {{}} asks for none")]
    NoHeaders,
    /// Both kinds of path.
    #[error("It cannot stand beside path; a request has one of them")]
    PathAndPrefix,
    /// Every request.
    #[error("It is every HTTP request; leave http_requests out and write \"TCP\" in place of \"http\" in ports")]
    EveryRequest,
    /// A gateway's destinations that are not named.
    #[error("It has no destination; set cidrs or domains, or leave it out for everything outside the cluster")]
    NoGatewayDestination,
    /// A gateway's destinations of both kinds.
    #[error("It has cidrs and domains; a gateway has one of them, so write a gateway for each")]
    CidrsAndDomains,
    /// No address.
    #[error("{} is not an IP address", shown(.0))]
    Address(String),
    /// An IPv4 address in IPv6 notation.
    #[error("{} is an IPv4 address in IPv6 notation; write the IPv4 address", shown(.0))]
    MappedAddress(String),
    /// The name of a container's port where no pod is a destination.
    #[error("{} is the name of a pod's port, and no pod is a destination of this rule; write the number", shown(.0))]
    PortOfNoPod(String),
    /// More annotations than an object can have (Kubernetes, `TotalAnnotationSizeLimitB`).
    #[error("It has {length} bytes of keys and values; an object has at most {limit}")]
    AnnotationsTooLong {
        /// How many bytes there are.
        length: usize,
        /// How many there may be.
        limit: usize,
    },
    /// A namespace that the policy is to be about, and that it leaves alone.
    #[error(
        "It would be left out again: {0} is {by}. To have the policy be about it, set exempt_namespaces to a list without it, such as []; \
         else do not name it here", by = exempted(*.1)
    )]
    ExemptNamespace(NamespaceName, Exempted),
    /// An unknown platform.
    #[error("{} is not a platform; use one of {list}, or leave it out", shown(.0), list = platforms())]
    Platform(String),
    /// An unknown mode.
    #[error("{} is not a mode; use \"enforce\", \"audit\" or \"staged\"", shown(.0))]
    Mode(String),
    /// A priority outside its range.
    #[error("{0} is not a priority; priorities are 0 (asked first) to 1000 (asked last)")]
    Priority(i64),
    /// A policy of the whole cluster has no namespace of its own.
    #[error(
        "It has no meaning in a policy of the whole cluster, which has no namespace of its own; use to_namespaces, with its pods"
    )]
    NoOwnNamespace,
    /// Attributes of a policy of the whole cluster on one of a namespace.
    #[error("It is for policies of the whole cluster; leave it out, or leave out namespace")]
    NotClusterWide,
    /// A gateway for nobody.
    #[error("It has no source; a gateway needs at least one")]
    NoSource,
    /// An unknown demand on failover.
    #[error("{} is not a failover mode; use \"best-effort\" or \"required\"", shown(.0))]
    Failover(String),
    /// No name of a network interface.
    #[error("{} is not an interface name: at most 15 characters without \"/\" and blanks", shown(.0))]
    Interface(String),
    /// No number of replicas.
    #[error("{0} is not a number of replicas; there is at least one")]
    Replicas(i64),
    /// Restricted queries where none are allowed.
    #[error("It says which names may be asked for, but allow_dns is false")]
    QueriesWithoutDns,
    /// A range of the cluster that leaves nothing outside.
    #[error("{0} is every address, which leaves nothing outside the cluster")]
    WholeInternet(Cidr),
}

impl Problem {
    /// What was written in place of one of a few words, and these words.
    pub fn misspelt(&self) -> Option<(&str, Vec<&'static str>)> {
        match self {
            Self::Entity(written) => Some((written, Entity::ALL.map(Entity::as_str).to_vec())),
            Self::Mode(written) => Some((written, vec!["enforce", "audit", "staged"])),
            Self::Failover(written) => Some((written, vec!["best-effort", "required"])),
            Self::Port(PortError::Protocol(written)) => {
                Some((written, vec!["TCP", "UDP", "SCTP", "ICMP", "http", "tls"]))
            }
            Self::Port(PortError::Form(written)) => Some((written, vec!["any"])),
            Self::Http(HttpError::Method(written)) => {
                Some((written, vec!["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "any"]))
            }
            _ => None,
        }
    }
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

impl FromStr for Platform {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Problem> {
        let named = Self::ALL.into_iter().find(|platform| platform.as_str() == text);
        named.ok_or_else(|| Problem::Platform(text.to_owned()))
    }
}

fn platforms() -> String {
    Platform::ALL.map(|platform| format!("{:?}", platform.as_str())).join(", ")
}

fn entities() -> String {
    Entity::ALL.map(|entity| format!("{:?}", entity.as_str())).join(", ")
}
