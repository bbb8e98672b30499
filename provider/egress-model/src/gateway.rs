//! The portable in-cluster egress gateway: traffic of some pods to some destinations leaves from known addresses.

mod parse;
mod spec;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::num::NonZeroU16;

pub use spec::{DestinationsSpec, GatewaySpec, SourceSpec};

use crate::labels::{LabelKey, Labels, NamespaceName, ObjectName, Selector};
use crate::policy::{CidrSet, DomainPattern};

/// An in-cluster egress gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Gateway {
    /// The gateway's name, and that of the objects that it becomes.
    pub name: ObjectName,
    /// Where those of its objects are that have a namespace, and its pods on engines that run some.
    pub namespace: NamespaceName,
    /// Labels for the objects.
    pub labels: Labels,
    /// Annotations for the objects.
    pub annotations: BTreeMap<LabelKey, String>,
    /// Whose traffic; at least one.
    pub sources: Vec<Source>,
    /// Traffic to where.
    pub to: Destinations,
    /// The addresses that traffic leaves the cluster's network from; none leaves the choice to the engine.
    pub ips: BTreeSet<IpAddr>,
    /// The public addresses that a cloud translates these to, or that the engine asks the cloud for; none where `ips` are what
    /// the outside sees.
    pub public_ips: BTreeSet<IpAddr>,
    /// Which nodes traffic leaves from; the empty selector leaves it to the engine.
    pub nodes: Selector,
    /// The network interface of those nodes whose address is taken, on engines that take one.
    pub interface: Option<String>,
    /// How many gateways at a time, on engines that run several.
    pub replicas: Option<NonZeroU16>,
    /// What is asked for when a node of the gateway fails.
    pub failover: Failover,
}

/// Pods whose traffic goes through a gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// In which namespaces; the empty selector means all.
    pub namespaces: Selector,
    /// Which of their pods; the empty selector means all.
    pub pods: Selector,
}

/// Where traffic through a gateway goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destinations {
    /// Everything outside the cluster.
    External,
    /// Addresses.
    Cidrs(CidrSet),
    /// Names; at least one.
    Domains(Vec<DomainPattern>),
}

/// What is asked for when a node of a gateway fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Failover {
    /// Whatever the engine does; a finding says what that is.
    #[default]
    BestEffort,
    /// Traffic must go on, from one of the same addresses; an engine that has no failover is refused.
    Required,
}
