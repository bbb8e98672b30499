//! The portable egress policy: which traffic may leave which pods of a namespace, in terms that every engine shares.
//!
//! A [`Spec`] is what a user wrote; [`Policy::parse`] turns it into a [`Policy`], which cannot hold an invalid value, or says
//! what is wrong with which part ([`Invalid`]). [`verdict`] says what a policy means for one flow, and so what every engine
//! has to do: a compiler whose engine means something else reports it.
//!
//! A policy selects pods, of one namespace or of the whole cluster ([`Scope`]). For those, egress is denied but for what the
//! policy allows, and for DNS unless it is refused. Several policies on one pod add up, as in Kubernetes; a deny rule wins over
//! every allow rule, unless a [`Priority`] says otherwise.

mod domain;
mod error;
mod http;
mod needed;
pub(crate) mod parse;
mod path;
mod platform;
mod port;
mod spec;
pub mod verdict;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;
use std::num::NonZeroU16;

pub use domain::{Depth, Domain, DomainError, DomainPattern};
pub use error::{Exempted, Invalid, Problem};
pub use http::{HeaderName, HttpError, HttpRule, Method, PathMatch, Request, RequestPath};
pub use needed::{Danger, dangers};
pub use parse::{ANNOTATIONS_LIMIT, object_metadata};
pub use path::{Path, Step};
pub use platform::Platform;
pub use port::{
    IcmpType, Inspection, Port, PortError, PortMatch, PortName, PortRange, Protocol, RulePort, parse_port_number,
};
pub use spec::{
    ClusterCidrsSpec, ClusterSpec, Form, HttpSpec, NamespaceSelectorSpec, ResolverSpec, RuleSpec, SYSTEM_NAMESPACES,
    SelectorSpec, Spec, ToNamespacesSpec,
};

use crate::cidr::{Cidr, Outermost};
use crate::labels::{LabelKey, Labels, NamespaceName, ObjectName, Selector, ServiceAccountName};

/// An egress policy.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Policy {
    /// The policy's name, and that of the objects that it becomes.
    pub name: ObjectName,
    /// Of which namespaces the selected pods are.
    pub scope: Scope,
    /// Labels for the objects.
    pub labels: Labels,
    /// Annotations for the objects.
    pub annotations: BTreeMap<LabelKey, String>,
    /// The pods that the policy is about; the empty selector means all of the scope.
    pub pods: Selector,
    /// If not empty, only pods that run as one of these service accounts.
    pub service_accounts: BTreeSet<ServiceAccountName>,
    /// What may leave, by the user's name for the rule.
    pub allow: BTreeMap<String, Rule>,
    /// What may not leave, whatever any policy allows.
    pub deny: BTreeMap<String, Rule>,
    /// Name resolution.
    pub dns: Dns,
    /// Which addresses are the cluster's own.
    pub cluster: ClusterRanges,
    /// The namespaces of the cluster's own components, which policies of the whole cluster leave alone unless they say otherwise.
    pub own_namespaces: BTreeSet<NamespaceName>,
    /// Whether traffic is stopped, or only reported.
    pub mode: Mode,
    /// Where the policy stands among others; with none, policies add up and deny rules win.
    pub priority: Option<Priority>,
}

/// Of which namespaces a policy's pods are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Of this one. The policy's objects are in it.
    Namespace(NamespaceName),
    /// Of every namespace that matches and is not exempt.
    Cluster {
        /// Which namespaces; the empty selector means all.
        namespaces: Selector,
        /// Namespaces that the policy leaves alone, such as those of the cluster's own components: a default deny that reaches
        /// them can stop the cluster.
        exempt: BTreeSet<NamespaceName>,
    },
}

impl Scope {
    /// The one namespace, if it is one.
    pub fn namespace(&self) -> Option<&NamespaceName> {
        match self {
            Self::Namespace(namespace) => Some(namespace),
            Self::Cluster { .. } => None,
        }
    }
}

/// Where a policy stands among others, 0 to 1000: the policy with the lowest number that says something about a flow decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Priority(u16);

impl Priority {
    /// The highest number, of the policy that is asked last.
    pub const LAST: u16 = 1000;

    /// The number.
    pub fn get(self) -> u16 {
        self.0
    }
}

impl TryFrom<i64> for Priority {
    type Error = Problem;

    fn try_from(number: i64) -> Result<Self, Problem> {
        let fits = u16::try_from(number).ok().filter(|number| *number <= Self::LAST);
        fits.map(Self).ok_or(Problem::Priority(number))
    }
}

/// One allow or deny rule: one kind of destination, and what traffic to it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rule {
    /// Where to.
    pub to: Peers,
    /// To which ports; none means every port of every protocol.
    pub ports: Vec<Port>,
    /// Which HTTP requests, one of them; none means any traffic.
    pub http_requests: Vec<HttpRule>,
    /// Which TLS server names, one of them; none means any traffic.
    pub server_names: Vec<DomainPattern>,
}

/// A kind of destination. The elements of a list are alternatives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Peers {
    /// Pods that match, in namespaces that match: both.
    Pods {
        /// In which namespaces.
        namespaces: Namespaces,
        /// Which of their pods; the empty selector means all.
        pods: Selector,
    },
    /// Addresses. A block says nothing about pods, which are selected by their labels: engines differ in whether a block
    /// matches a pod's address, so what depends on it has no portable meaning.
    Cidrs(CidrSet),
    /// Every address outside the cluster's own ranges, and no pod.
    External,
    /// Addresses that DNS gave for one of these names.
    Domains(Vec<DomainPattern>),
    /// The pods behind Services.
    Services(BTreeSet<ServiceRef>),
    /// Parts of every cluster.
    Entities(BTreeSet<Entity>),
}

/// In which namespaces pods are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Namespaces {
    /// The policy's own; only in a policy of one namespace.
    Own,
    /// Those whose labels match; the empty selector means all.
    Matching(Selector),
}

/// The addresses that are in one of some blocks and in none of the exceptions. There is at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CidrSet {
    cidrs: BTreeSet<Cidr>,
    except: Outermost,
}

impl CidrSet {
    /// These blocks without those.
    pub(crate) fn new(cidrs: BTreeSet<Cidr>, except: impl IntoIterator<Item = Cidr>) -> Self {
        Self { cidrs, except: Outermost::of(except) }
    }

    /// Whether an address is in the set.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.cidrs.iter().any(|cidr| cidr.contains(address)) && !self.except.contains(address)
    }

    /// The blocks of which something is left, each with the exceptions strictly inside it. The union of these is the set.
    pub fn blocks(&self) -> impl Iterator<Item = (Cidr, Vec<Cidr>)> {
        let left = self.cidrs.iter().filter(|cidr| !self.except.covers(cidr));
        left.map(|cidr| (*cidr, self.except.inside(cidr).to_vec()))
    }

    /// The same addresses as blocks without exceptions, for engines that know none: as few as there can be of each block.
    pub fn remaining(&self) -> Vec<Cidr> {
        let all = self.blocks().flat_map(|(block, except)| block.without(&except));
        all.collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Whether every address of a block is excepted.
    pub fn excepts(&self, block: &Cidr) -> bool {
        self.except.covers(block)
    }
}

/// A Service.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ServiceRef {
    /// Its namespace.
    pub namespace: NamespaceName,
    /// Its name.
    pub name: NamespaceName,
}

impl fmt::Display for ServiceRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// A part of every cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Entity {
    /// Every destination, inside the cluster and outside.
    All,
    /// The Kubernetes API server.
    ApiServer,
    /// The cluster's DNS resolver, as [`Resolver`] describes it.
    Dns,
    /// The cluster's nodes, and pods on the nodes' own network.
    Nodes,
}

impl Entity {
    /// All entities.
    pub const ALL: [Self; 4] = [Self::All, Self::ApiServer, Self::Dns, Self::Nodes];

    /// The name that users write.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::ApiServer => "kube-apiserver",
            Self::Dns => "dns",
            Self::Nodes => "nodes",
        }
    }
}

/// Name resolution. Without it a policy that allows a name or a Service breaks in a way that is hard to see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dns {
    /// Whether the selected pods may ask the resolver.
    pub allowed: bool,
    /// For which names they may ask; none means any name. Names inside the cluster count like all others.
    pub queries: Vec<DomainPattern>,
    /// The resolver.
    pub resolver: Resolver,
}

/// The cluster's DNS resolver: pods, and addresses of caches on the nodes. Reached over UDP and, for long answers, TCP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolver {
    /// The namespace of the resolver's pods.
    pub namespace: NamespaceName,
    /// The resolver's pods.
    pub pods: Selector,
    /// The pods' ports: 53 for `CoreDNS` as Kubernetes installs it, 5353 on `OpenShift`.
    pub ports: BTreeSet<NonZeroU16>,
    /// Addresses of a cache on every node, asked on port 53; `NodeLocal` `DNSCache` has 169.254.20.10.
    pub node_local: BTreeSet<IpAddr>,
    /// Whether nobody said where it is, nor which platform the cluster is of, so that it is taken to be where Kubernetes itself has it.
    pub is_assumed: bool,
}

/// The addresses that are the cluster's own: "external" is everything else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClusterRanges {
    /// Of pods.
    pub pods: BTreeSet<Cidr>,
    /// Of Services.
    pub services: BTreeSet<Cidr>,
    /// Of nodes.
    pub nodes: BTreeSet<Cidr>,
    /// Of the API server's endpoints, wherever they are; not part of what "external" leaves out.
    pub api_server: BTreeSet<Cidr>,
}

impl ClusterRanges {
    /// What "external" leaves out: the ranges of pods, Services and nodes, without those that another one covers.
    pub fn internal(&self) -> BTreeSet<Cidr> {
        let all = self.pods.iter().chain(&self.services).chain(&self.nodes).copied();
        Outermost::of(all).blocks().iter().copied().collect()
    }

    /// What is outside the cluster, as blocks with what is left out of each; nothing where the pods' ranges are not known,
    /// because then nobody knows what is outside.
    pub fn external_blocks(&self) -> Vec<(Cidr, Vec<Cidr>)> {
        if self.pods.is_empty() {
            return Vec::new();
        }
        let internal = self.internal();
        let outside = |whole: Cidr| (whole, internal.iter().copied().filter(|range| whole.covers(range)).collect());
        [Cidr::ALL_IPV4, Cidr::ALL_IPV6].map(outside).into()
    }

    /// Whether an address is outside the cluster.
    pub fn is_external(&self, address: IpAddr) -> bool {
        ![&self.pods, &self.services, &self.nodes].iter().any(|set| set.iter().any(|cidr| cidr.contains(address)))
    }
}

/// What happens to traffic that the policy does not allow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Mode {
    /// It is stopped.
    #[default]
    Enforce,
    /// It passes, and the engine reports what it would have stopped.
    Audit,
    /// It passes: the engine holds the policy back, and shows what it would do before it is enforced.
    Staged,
}
