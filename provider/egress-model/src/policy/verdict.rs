//! What a policy means: the verdict on one flow.

use std::net::IpAddr;

use super::ServiceRef;
use super::{
    Domain, DomainPattern, Entity, IcmpType, Namespaces, Peers, Policy, Port, PortMatch, PortName, Protocol, Request,
    Resolver, Rule, Scope,
};
use crate::labels::{LabelKey, Labels, NAMESPACE_NAME_LABEL, NamespaceName, ServiceAccountName};

/// A pod, as far as policies see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pod {
    /// Its namespace.
    pub namespace: NamespaceName,
    /// The namespace's labels, without the one with its name, which every namespace has.
    pub namespace_labels: Labels,
    /// Its labels.
    pub labels: Labels,
    /// The service account that it runs as.
    pub service_account: ServiceAccountName,
    /// Its containers' named ports.
    pub named_ports: Vec<(PortName, Protocol, u16)>,
    /// The Services that have it as an endpoint.
    pub services: Vec<ServiceRef>,
}

impl Pod {
    /// The labels of its namespace, with the one that Kubernetes sets.
    pub fn all_namespace_labels(&self) -> Labels {
        let mut labels = self.namespace_labels.clone();
        if let (Ok(key), Ok(value)) = (NAMESPACE_NAME_LABEL.parse::<LabelKey>(), self.namespace.as_str().parse()) {
            labels.insert(key, value);
        }
        labels
    }
}

/// What is at an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// A pod on the cluster's pod network.
    Pod(Pod),
    /// A node.
    Node,
    /// The API server.
    ApiServer,
    /// Anything else.
    Other,
}

/// Where a flow goes, after Service translation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// The address.
    pub address: IpAddr,
    /// What is there.
    pub host: Host,
    /// The names for which DNS gave this address.
    pub names: Vec<Domain>,
}

/// The protocol of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// To a port.
    Port(Protocol, u16),
    /// An ICMP message.
    Icmp(IcmpType),
}

/// What is seen inside a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Application {
    /// An HTTP request.
    Http(Request),
    /// A TLS handshake that asks for this server.
    Tls(Domain),
    /// A DNS query for this name.
    Query(Domain),
}

/// Traffic from one pod to one destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow {
    /// Where it goes.
    pub destination: Destination,
    /// Its protocol.
    pub transport: Transport,
    /// What is inside, where that is known.
    pub application: Option<Application>,
}

/// What one policy says about a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict<'a> {
    /// The policy is not about this pod.
    NotSelected,
    /// This rule allows it.
    Allowed(&'a str),
    /// It asks the resolver, which is always allowed unless refused.
    AllowedDns,
    /// This rule denies it, whatever another policy says.
    Denied(&'a str),
    /// No rule allows it; another policy may.
    NotAllowed,
}

impl Verdict<'_> {
    /// Whether the flow passes where this is the only policy of the pod, in mode enforce.
    pub fn passes(self) -> bool {
        match self {
            Self::NotSelected | Self::Allowed(_) | Self::AllowedDns => true,
            Self::Denied(_) | Self::NotAllowed => false,
        }
    }
}

/// What a policy says about a flow from a pod. In mode audit it says what it would say in mode enforce.
pub fn verdict<'a>(policy: &'a Policy, source: &Pod, flow: &Flow) -> Verdict<'a> {
    let in_scope = match &policy.scope {
        Scope::Namespace(namespace) => source.namespace == *namespace,
        Scope::Cluster { namespaces, exempt } => {
            namespaces.matches(&source.all_namespace_labels()) && !exempt.contains(&source.namespace)
        }
    };
    let selected = in_scope
        && policy.pods.matches(&source.labels)
        && (policy.service_accounts.is_empty() || policy.service_accounts.contains(&source.service_account));
    if !selected {
        return Verdict::NotSelected;
    }
    if let Some((key, _)) = policy.deny.iter().find(|(_, rule)| rule_matches(policy, rule, flow)) {
        return Verdict::Denied(key);
    }
    if policy.dns.allowed && asks_resolver(&policy.dns.resolver, flow) && query_matches(&policy.dns.queries, flow) {
        return Verdict::AllowedDns;
    }
    match policy.allow.iter().find(|(_, rule)| rule_matches(policy, rule, flow)) {
        Some((key, _)) => Verdict::Allowed(key),
        None => Verdict::NotAllowed,
    }
}

fn rule_matches(policy: &Policy, rule: &Rule, flow: &Flow) -> bool {
    let ports = rule.ports.is_empty() || rule.ports.iter().any(|port| port_matches(port, flow));
    let http = || match &flow.application {
        Some(Application::Http(request)) => rule.http_requests.iter().any(|http| http.matches(request)),
        _ => false,
    };
    let server_name = || match &flow.application {
        Some(Application::Tls(name)) => rule.server_names.iter().any(|pattern| pattern.matches(name)),
        _ => false,
    };
    ports
        && peers_match(policy, &rule.to, flow, !rule.ports.is_empty())
        && (rule.http_requests.is_empty() || http())
        && (rule.server_names.is_empty() || server_name())
}

fn peers_match(policy: &Policy, peers: &Peers, flow: &Flow, has_ports: bool) -> bool {
    let destination = &flow.destination;
    match (peers, &destination.host) {
        (Peers::Pods { namespaces, pods }, Host::Pod(pod)) => {
            let namespace = match namespaces {
                Namespaces::Own => policy.scope.namespace() == Some(&pod.namespace),
                Namespaces::Matching(selector) => selector.matches(&pod.all_namespace_labels()),
            };
            namespace && pods.matches(&pod.labels)
        }
        (Peers::Services(services), Host::Pod(pod)) => pod.services.iter().any(|service| services.contains(service)),
        (Peers::Entities(entities), host) => entities.iter().any(|entity| match entity {
            Entity::All => true,
            Entity::ApiServer => *host == Host::ApiServer,
            // An API server that runs on a node is reached at the node's address.
            Entity::Nodes => {
                let on_node = || policy.cluster.nodes.iter().any(|range| range.contains(destination.address));
                *host == Host::Node || *host == Host::ApiServer && on_node()
            }
            Entity::Dns if has_ports => is_resolver(&policy.dns.resolver, destination),
            Entity::Dns => asks_resolver(&policy.dns.resolver, flow),
        }),
        (Peers::Cidrs(_) | Peers::External | Peers::Domains(_), Host::Pod(_))
        | (Peers::Pods { .. } | Peers::Services(_), _) => false,
        (Peers::Cidrs(set), _) => set.contains(destination.address),
        (Peers::External, _) => policy.cluster.is_external(destination.address),
        (Peers::Domains(patterns), _) => {
            destination.names.iter().any(|name| patterns.iter().any(|pattern| pattern.matches(name)))
        }
    }
}

fn is_resolver_pod(resolver: &Resolver, destination: &Destination) -> bool {
    match &destination.host {
        Host::Pod(pod) => pod.namespace == resolver.namespace && resolver.pods.matches(&pod.labels),
        Host::Node | Host::ApiServer | Host::Other => false,
    }
}

fn is_node_local(resolver: &Resolver, destination: &Destination) -> bool {
    !matches!(destination.host, Host::Pod(_)) && resolver.node_local.contains(&destination.address)
}

fn is_resolver(resolver: &Resolver, destination: &Destination) -> bool {
    is_resolver_pod(resolver, destination) || is_node_local(resolver, destination)
}

fn asks_resolver(resolver: &Resolver, flow: &Flow) -> bool {
    match flow.transport {
        Transport::Port(Protocol::Udp | Protocol::Tcp, port) => {
            is_resolver_pod(resolver, &flow.destination) && resolver.ports.iter().any(|own| own.get() == port)
                || is_node_local(resolver, &flow.destination) && port == 53
        }
        Transport::Port(Protocol::Sctp, _) | Transport::Icmp(_) => false,
    }
}

/// Whether a query to the resolver asks for one of these names; every query does where there are none.
fn query_matches(queries: &[DomainPattern], flow: &Flow) -> bool {
    let asked = match &flow.application {
        Some(Application::Query(name)) => queries.iter().any(|pattern| pattern.matches(name)),
        _ => false,
    };
    queries.is_empty() || asked
}

fn port_matches(port: &Port, flow: &Flow) -> bool {
    match (port, flow.transport) {
        (Port::Transport(protocol, matched), Transport::Port(used, number)) => {
            *protocol == used
                && match matched {
                    PortMatch::Every => true,
                    PortMatch::Number(wanted) => wanted.get() == number,
                    PortMatch::Range(range) => (range.start().get()..=range.end().get()).contains(&number),
                    PortMatch::Named(name) => match &flow.destination.host {
                        Host::Pod(pod) => pod.named_ports.contains(&(name.clone(), used, number)),
                        Host::Node | Host::ApiServer | Host::Other => false,
                    },
                }
        }
        (Port::Icmp(wanted), Transport::Icmp(sent)) => wanted.is_none_or(|wanted| {
            wanted.number == sent.number && wanted.code.is_none_or(|code| sent.code == Some(code))
        }),
        (Port::Transport(..), Transport::Icmp(_)) | (Port::Icmp(_), Transport::Port(..)) => false,
    }
}
