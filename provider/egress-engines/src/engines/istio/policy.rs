//! The compiler to Istio, 1.30: names through an egress gateway (sidecars) or a waypoint (ambient), everything else by a
//! `NetworkPolicy`.
//!
//! A sidecar is no boundary: its pod can go around it, and it never sees UDP, SCTP and ICMP (Istio documentation, "Security
//! Model" and "Egress Gateways"). So every policy has a `NetworkPolicy` that pins its pods to the cluster's resolver, the control
//! plane, what its rules say of pods and addresses, and the egress gateway if they name names. Who may go through the gateway to
//! which name is an `AuthorizationPolicy` at the gateway.
//!
//! All objects of a policy are needed together. They are emitted in the order in which each finds what it needs: traffic is sent
//! to the gateway once that passes it on, and pinned to it last.

use std::collections::{BTreeMap, BTreeSet};

use egress_model::policy::{Entity, Mode, Path, Peers, Policy, Port, Protocol, Rule};

use super::names::{HostPort, Names, Shows, check_ports, named_rules};
use super::object::{
    AUTHORIZATION_POLICY, AccessLogging, AuthorizationPolicySpec, AuthorizationRule, LogMatch, Provider, TELEMETRY,
    TelemetrySpec, WorkloadSelector,
};
use super::sidecar::Way;
use super::{ambient, authorization, object, sidecar, support};
use crate::engines::network_policy::{self, EgressRule, NetworkPolicySpec, PolicyType};
use crate::manifest::{Manifest, Metadata};
use crate::settings::{IstioMode, IstioSettings, OutboundTraffic};
use crate::{Compiled, Engine, EngineName, Feature, Findings, Level, Settings, look_up};

/// The engine.
pub const ENGINE: Engine = Engine {
    name: EngineName::Istio,
    support: support::policy,
    exceptions: support::EXCEPTIONS,
    compile,
    kinds: object::KINDS,
    own_namespaces: &[],
};

/// The port on which the control plane serves sidecars (Istio documentation, "Application Requirements").
const CONTROL_PLANE_PORT: u16 = 15012;

/// Compiles a policy to the set of objects that it needs.
pub fn compile(policy: &Policy, settings: &Settings) -> Compiled {
    let mut findings = Findings::new(support::policy, settings);
    look_up(policy, &mut findings);
    let (allowed, denied) = named_rules(policy, settings, &mut findings);
    let names = Names { allowed, denied };
    check_ports(&names.allowed, &mut findings);
    note(policy, &names, settings, &mut findings);
    let egress = pinned(policy, &names, settings, &mut findings);
    let manifests = match policy.mode {
        Mode::Audit => vec![access_log(policy)],
        Mode::Enforce | Mode::Staged => {
            let pin =
                NetworkPolicySpec { pod_selector: (&policy.pods).into(), policy_types: [PolicyType::Egress], egress };
            let pin = Manifest::new(&network_policy::KIND, Metadata::of(policy), &pin);
            let route = match settings.istio.mode {
                IstioMode::Sidecar => through_gateway(policy, &names, &settings.istio),
                IstioMode::Ambient => ambient::through_waypoint(policy, &names, &settings.istio),
            };
            route.into_iter().chain([pin]).collect()
        }
    };
    Compiled::new(manifests, findings)
}

/// The objects of the way through the egress gateway, in order.
fn through_gateway(policy: &Policy, names: &Names, istio: &IstioSettings) -> Vec<Manifest> {
    let way = Way::of_policy(policy, istio);
    let to = names.allowed_to();
    let decision = |action, part: &[&str], rules: Vec<AuthorizationRule>| {
        let parts = authorization::fitting(&rules).into_iter().map(|(more, rules)| {
            let spec = AuthorizationPolicySpec {
                selector: Some(WorkloadSelector { match_labels: istio.gateway_labels.clone() }),
                target_refs: Vec::new(),
                action,
                rules,
            };
            let part: Vec<&str> = part.iter().copied().chain(more.as_deref()).collect();
            Manifest::new(&AUTHORIZATION_POLICY, way.beside_gateway(&part), &spec)
        });
        parts.collect::<Vec<Manifest>>()
    };
    let mut manifests = Vec::new();
    if !names.denied.is_empty() {
        let rules = authorization::gateway_rules(policy, &names.denied, istio);
        manifests.extend(decision("DENY", &["deny"], rules));
    }
    if !to.is_empty() {
        manifests.extend(sidecar::knowledge(&way, &to));
        manifests.extend(decision("ALLOW", &[], authorization::gateway_rules(policy, &names.allowed, istio)));
        manifests.extend(sidecar::gateway_end(&way, &to));
        manifests.extend(sidecar::client_routes(&way, &to));
    }
    manifests
}

/// What the pods may reach themselves.
fn pinned(
    policy: &Policy,
    names: &Names,
    settings: &Settings,
    findings: &mut Findings<'_, Feature>,
) -> Vec<EgressRule> {
    let istio = &settings.istio;
    let mut egress = if policy.dns.allowed { network_policy::dns_rules(&policy.dns.resolver) } else { Vec::new() };
    for (key, rule) in &policy.allow {
        if matches!(rule.to, Peers::Domains(_)) {
            continue;
        }
        let at = Path::root().field("allow").key(key);
        let rules = network_policy::allow_rules(policy, rule, &at, findings);
        if istio.mode == IstioMode::Ambient && network_policy::reaches_pods(rule) {
            egress.extend(rules.iter().filter_map(|rule| network_policy::through_mesh(rule, ambient::TUNNEL_PORT)));
        }
        egress.extend(rules);
    }
    let to = names.allowed_to();
    match istio.mode {
        IstioMode::Sidecar => {
            egress.push(network_policy::to_pods(
                &istio.control_plane_namespace,
                &control_plane_labels(),
                [CONTROL_PLANE_PORT],
            ));
            let shown: BTreeSet<_> = to.iter().map(HostPort::shows).collect();
            let ports = shown.into_iter().flat_map(|shows| match shows {
                Shows::Http => &istio.gateway_http_ports,
                Shows::Tls => &istio.gateway_tls_ports,
            });
            if !to.is_empty() {
                egress.push(network_policy::to_pods(&istio.gateway_namespace, &istio.gateway_labels, ports.copied()));
            }
        }
        IstioMode::Ambient if to.is_empty() => {}
        IstioMode::Ambient => egress.push(ambient::to_waypoint(istio)),
    }
    egress
}

fn control_plane_labels() -> BTreeMap<String, String> {
    BTreeMap::from([("app".to_owned(), "istiod".to_owned())])
}

/// The log of what leaves the pods.
fn access_log(policy: &Policy) -> Manifest {
    let labels: BTreeMap<_, _> =
        policy.pods.match_labels.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
    let spec = TelemetrySpec {
        selector: (!labels.is_empty()).then_some(WorkloadSelector { match_labels: labels }),
        access_logging: vec![AccessLogging {
            matches: LogMatch { mode: "CLIENT" },
            providers: vec![Provider { name: "envoy" }],
        }],
    };
    Manifest::new(&TELEMETRY, Metadata::of(policy), &spec)
}

/// Tells what depends on more than one part of a policy.
fn note(policy: &Policy, names: &Names, settings: &Settings, findings: &mut Findings<'_, Feature>) {
    let root = Path::root();
    let by_names = !names.allowed.is_empty() || !names.denied.is_empty();
    if by_names && !policy.pods.is_empty() && policy.service_accounts.is_empty() {
        let why = "the gateway or waypoint knows pods by their service accounts, not by labels: it lets every pod of the namespace to \
                   the names that another policy lets to it. Give service_accounts to keep them apart";
        findings.add(Level::Degraded, root.field("pods"), Feature::ServiceAccounts, why);
    }
    if by_names && !policy.pods.match_expressions.is_empty() && settings.istio.mode == IstioMode::Sidecar {
        let why = "a route picks its clients by equal labels only: pods of the namespace that match_expressions leave out go through \
                   the gateway to the names too, where the rules hold for them";
        findings.add(Level::Degraded, root.field("pods").field("match_expressions"), Feature::SourcePods, why);
    }
    if policy.mode == Mode::Audit && !policy.pods.match_expressions.is_empty() {
        let why = "a Telemetry selects pods by equal labels only";
        findings.refuse(root.field("pods").field("match_expressions"), Feature::Audit, why);
    }
    for (key, rule) in &policy.allow {
        let at = root.field("allow").key(key);
        if unknown_to_registry(rule, settings) {
            let why = "the mesh's sidecars stop connections to addresses that it does not know (outboundTrafficPolicy REGISTRY_ONLY); \
                       name the hosts with to_domains, or set ALLOW_ANY: the NetworkPolicy stops what no rule allows, and REGISTRY_ONLY \
                       is no boundary";
            findings.refuse(at.clone(), of_addresses(&rule.to), why);
        }
        if !names.denied.is_empty() && reaches_outside(rule) {
            let why = "lets the pods out past the gateway, which then cannot deny the names of deny; allow names only";
            findings.refuse(at, Feature::DenyDomains, why);
        }
    }
}

/// Whether a rule lets pods reach hosts outside the cluster by address.
fn reaches_outside(rule: &Rule) -> bool {
    match &rule.to {
        Peers::Cidrs(_) | Peers::External => true,
        Peers::Entities(entities) => entities.contains(&Entity::All),
        Peers::Pods { .. } | Peers::Domains(_) | Peers::Services(_) => false,
    }
}

/// The row of a destination that pods reach by address.
fn of_addresses(to: &Peers) -> Feature {
    match to {
        Peers::Cidrs(_) => Feature::Cidrs,
        Peers::Entities(entities) if entities.contains(&Entity::All) => Feature::Everything,
        Peers::Entities(_) => Feature::Nodes,
        Peers::Pods { .. } | Peers::External | Peers::Domains(_) | Peers::Services(_) => Feature::External,
    }
}

/// Whether a sidecar stops what a rule allows because the mesh does not know the addresses. It sees only TCP.
fn unknown_to_registry(rule: &Rule, settings: &Settings) -> bool {
    let istio = &settings.istio;
    let nodes = matches!(&rule.to, Peers::Entities(entities) if entities.contains(&Entity::Nodes));
    let tcp = rule.ports.is_empty() || rule.ports.iter().any(|port| matches!(port, Port::Transport(Protocol::Tcp, _)));
    istio.mode == IstioMode::Sidecar
        && istio.outbound_traffic == OutboundTraffic::RegistryOnly
        && tcp
        && (reaches_outside(rule) || nodes)
}
