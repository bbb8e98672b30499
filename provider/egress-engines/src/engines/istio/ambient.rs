//! The way of a connection to a name from a pod of an ambient mesh: the node's proxy knows the name (`ServiceEntry`) and sends
//! it through the waypoint that the entry names, which decides (`AuthorizationPolicy`).
//!
//! Source: the Istio documentation, "Configure waypoint proxies", "Ambient and Kubernetes `NetworkPolicy`" and the reference of
//! `AuthorizationPolicy` (`targetRefs`). The pods' DNS queries must be answered by the mesh (DNS capture), so that a name has an
//! address of its own.

use std::collections::{BTreeMap, BTreeSet};

use egress_model::policy::Policy;

use super::authorization::{clients, fitting, operations};
use super::names::{HostPort, NamedRule, Names, Shows, unique_label};
use super::object::{
    AUTHORIZATION_POLICY, AuthorizationPolicySpec, AuthorizationRule, Operation, Port, SERVICE_ENTRY, ServiceEntrySpec,
    TargetRef, To,
};
use crate::engines::network_policy::{EgressRule, to_pods};
use crate::manifest::{Manifest, Metadata};
use crate::settings::IstioSettings;

/// The port on which pods of an ambient mesh take tunnelled connections to any of their ports.
pub(super) const TUNNEL_PORT: u16 = 15008;

/// The objects of the way through the waypoint: each host is an entry of its own, so that what is allowed there is said of it
/// alone. The decision comes before the entry, which opens the way.
pub(super) fn through_waypoint(policy: &Policy, names: &Names, istio: &IstioSettings) -> Vec<Manifest> {
    let allowed = names.allowed_to();
    let hosts: BTreeSet<_> = allowed.iter().map(|to| &to.host).collect();
    hosts.into_iter().flat_map(|host| entry(policy, names, istio, host, &allowed)).collect()
}

fn entry(
    policy: &Policy,
    names: &Names,
    istio: &IstioSettings,
    host: &str,
    allowed: &BTreeSet<HostPort>,
) -> Vec<Manifest> {
    let own = Metadata::of(policy);
    let metadata = Metadata { name: unique_label(&[&own.name, host]), ..own };
    let target = TargetRef { group: "networking.istio.io", kind: "ServiceEntry", name: metadata.name.clone() };
    let decisions = fitting(&host_rules(policy, &names.allowed, istio, host)).into_iter().map(|(more, rules)| {
        let spec =
            AuthorizationPolicySpec { selector: None, target_refs: vec![target.clone()], action: "ALLOW", rules };
        let metadata = match more {
            None => metadata.clone(),
            Some(more) => Metadata { name: unique_label(&[&policy.name.to_string(), host, &more]), ..metadata.clone() },
        };
        Manifest::new(&AUTHORIZATION_POLICY, metadata, &spec)
    });
    let decisions: Vec<Manifest> = decisions.collect();
    let waypoint = waypoint_labels(&istio.gateway_service, &istio.gateway_namespace);
    let spec = entry_spec(host, allowed);
    decisions.into_iter().chain([Manifest::new(&SERVICE_ENTRY, metadata, &spec).with_labels(waypoint)]).collect()
}

/// The labels of an entry whose traffic goes through a waypoint.
pub(super) fn waypoint_labels<'a>(name: &'a str, namespace: &'a str) -> [(&'static str, &'a str); 2] {
    [("istio.io/use-waypoint", name), ("istio.io/use-waypoint-namespace", namespace)]
}

/// The entry of a host, with all of its ports: also those of wildcards that hold it, because of a host that has an entry of its own
/// the mesh looks at that one alone.
pub(super) fn entry_spec(host: &str, to: &BTreeSet<HostPort>) -> ServiceEntrySpec {
    let port = |(number, shows): (u16, Shows)| match shows {
        Shows::Http => Port { number, name: format!("http-{number}"), protocol: "HTTP" },
        Shows::Tls => Port { number, name: format!("tls-{number}"), protocol: "TLS" },
    };
    let ports: BTreeSet<_> = to.iter().filter(|to| covers(&to.host, host)).map(|to| (to.port, to.shows())).collect();
    ServiceEntrySpec {
        hosts: vec![host.to_owned()],
        ports: ports.into_iter().map(port).collect(),
        location: "MESH_EXTERNAL",
        resolution: if host.starts_with('*') { "DYNAMIC_DNS" } else { "DNS" },
        // No node's proxy and no waypoint looks at it.
        export_to: Vec::new(),
    }
}

/// What rules say of one host.
fn host_rules(policy: &Policy, rules: &[NamedRule], istio: &IstioSettings, host: &str) -> Vec<AuthorizationRule> {
    let from = clients(policy, &istio.trust_domain);
    let of_rule = |rule: &NamedRule| {
        let ports: BTreeSet<_> = rule.to.iter().filter(|to| covers(&to.host, host)).map(|to| to.port).collect();
        let base = Operation { ports: ports.iter().map(ToString::to_string).collect(), ..Operation::default() };
        let operations = if base.ports.is_empty() { Vec::new() } else { operations(&base, &rule.http) };
        let from = from.clone();
        operations.into_iter().map(move |(operation, when)| AuthorizationRule {
            from: from.clone(),
            to: vec![To { operation }],
            when,
        })
    };
    rules.iter().flat_map(of_rule).collect()
}

/// Whether what is said of a host, perhaps a wildcard, is said of all of another one.
fn covers(host: &str, other: &str) -> bool {
    host == other || host.strip_prefix('*').is_some_and(|suffix| other.ends_with(suffix))
}

/// The waypoint's pods, by the label that Istio puts on those of a Gateway.
pub(super) fn to_waypoint(istio: &IstioSettings) -> EgressRule {
    let label = ("gateway.networking.k8s.io/gateway-name".to_owned(), istio.gateway_service.clone());
    to_pods(&istio.gateway_namespace, &BTreeMap::from([label]), [TUNNEL_PORT])
}
