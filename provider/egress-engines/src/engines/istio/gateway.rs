//! The compiler of gateways to Istio: an egress gateway for sidecars, a waypoint for an ambient mesh.
//!
//! An egress gateway's pods come from the chart `gateway`, whose values are requirements; a waypoint's from a Gateway object. Both
//! are proxies that forward by name: they have no address of their own, and what leaves has that of the node they run on.
//!
//! Sources: the Istio 1.30 documentation, "Egress Gateways", "Configure waypoint proxies" and "Kubernetes Gateway API" (automated
//! deployment); `manifests/charts/gateway`.

mod waypoint;

use std::collections::{BTreeMap, BTreeSet};

use egress_model::gateway::{Destinations, Failover, Gateway, Source};
use egress_model::labels::{NAMESPACE_NAME_LABEL, Operator, Requirement as Demand, Selector};
use egress_model::policy::{Depth, Path};

use super::names::{HostPort, SHORT_NAME};
use super::object::Client;
use super::sidecar::{Way, client_routes, gateway_end, knowledge, service_host};
use super::support;
use crate::gateway::{GatewayEngine, look_up};
use crate::label_selector::LabelSelector;
use crate::manifest::Metadata;
use crate::settings::{IstioMode, Settings};
use crate::{Compiled, EngineName, Findings, GatewayFeature, Requirement};

/// The engine.
pub const GATEWAY: GatewayEngine = GatewayEngine {
    name: EngineName::Istio,
    support: support::gateway,
    exceptions: support::GATEWAY_EXCEPTIONS,
    compile,
    requirements,
    kinds: waypoint::KINDS,
    not_for_policies: Some(
        "a gateway of the mesh is reached by the hosts that its own objects route to it, not by address",
    ),
};

/// Compiles a gateway to the objects of its traffic.
pub fn compile(gateway: &Gateway, settings: &Settings) -> Compiled {
    let mut findings = Findings::new(support::gateway, settings);
    look_up(gateway, &mut findings);
    let root = Path::root();
    let replicas = gateway.replicas.map_or(1, std::num::NonZeroU16::get);
    if gateway.failover == Failover::Required && replicas < 2 {
        let why = "one replica does not survive its node; set replicas to 2 or more";
        findings.refuse(root.field("replicas"), GatewayFeature::Failover, why);
    }
    let to = hosts(gateway, settings, &mut findings);
    let ambient = settings.istio.mode == IstioMode::Ambient;
    if !ambient {
        note_sources(gateway, &mut findings);
    }
    let manifests = if ambient {
        waypoint::manifests(gateway, &to)
    } else {
        let way = way(gateway, settings);
        // The way on is there before anything is sent there.
        let parts = [knowledge(&way, &to), gateway_end(&way, &to), client_routes(&way, &to)];
        parts.into_iter().flatten().collect()
    };
    Compiled::new(manifests, findings)
}

/// The hosts on the ports that a gateway takes.
fn hosts(gateway: &Gateway, settings: &Settings, findings: &mut Findings<'_, GatewayFeature>) -> BTreeSet<HostPort> {
    let Destinations::Domains(patterns) = &gateway.to else { return BTreeSet::new() };
    let mut to = BTreeSet::new();
    for (index, pattern) in patterns.iter().enumerate() {
        let at = Path::root().field("to").field("domains").index(index);
        let host = match pattern.depth() {
            Depth::Exact => pattern.base().to_string(),
            Depth::AnyDepth if settings.istio.mode == IstioMode::Ambient && settings.at_least(1, 29) => {
                format!("*.{}", pattern.base())
            }
            Depth::AnyDepth | Depth::OneLabel => {
                let why = "Istio's gateway cannot find the host behind this wildcard (an egress gateway behind none, a waypoint from \
                           1.29 behind \"**.\"); name the hosts";
                findings.refuse(at, GatewayFeature::Domains, why);
                continue;
            }
        };
        if host.contains('_') {
            let why = "Istio's host names hold letters, digits and \"-\" only";
            findings.refuse(at.clone(), GatewayFeature::Domains, why);
        }
        if !host.contains('.') {
            findings.refuse(at, GatewayFeature::Domains, SHORT_NAME);
        }
        to.extend([80, 443].map(|port| HostPort { host: host.clone(), port }));
    }
    to
}

fn note_sources(gateway: &Gateway, findings: &mut Findings<'_, GatewayFeature>) {
    let at = Path::root().field("sources");
    if gateway.sources.iter().any(|source| namespaces(source).is_none()) {
        let why =
            "Istio's objects name the namespaces that see them, and know no labels of namespaces; name the namespaces";
        findings.refuse(at.clone(), GatewayFeature::SourceNamespaces, why);
    }
    if gateway.sources.iter().any(|source| !source.pods.match_expressions.is_empty()) {
        let why = "a route picks its clients by equal labels only; use match_labels";
        findings.refuse(at, GatewayFeature::SourcePods, why);
    }
}

/// The names of a source's namespaces, empty for all; none where they are chosen otherwise.
fn namespaces(source: &Source) -> Option<Vec<String>> {
    let Selector { match_labels, match_expressions } = &source.namespaces;
    let labels: Vec<_> = match_labels.iter().collect();
    match (labels.as_slice(), match_expressions.as_slice()) {
        ([], []) => Some(Vec::new()),
        ([(key, name)], []) if key.as_str() == NAMESPACE_NAME_LABEL => Some(vec![name.to_string()]),
        ([], [Demand { key, operator: Operator::In(names) }]) if key.as_str() == NAMESPACE_NAME_LABEL => {
            Some(names.iter().map(ToString::to_string).collect())
        }
        _ => None,
    }
}

fn way(gateway: &Gateway, settings: &Settings) -> Way {
    let clients = |source: &Source| {
        let labels: BTreeMap<_, _> =
            source.pods.match_labels.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
        let names = namespaces(source).unwrap_or_default();
        let one = |source_namespace| Client { source_labels: labels.clone(), source_namespace };
        if names.is_empty() { vec![one(None)] } else { names.into_iter().map(|name| one(Some(name))).collect() }
    };
    let who: Vec<Client> = gateway.sources.iter().flat_map(clients).collect();
    let named: Option<BTreeSet<_>> = who.iter().map(|client| client.source_namespace.clone()).collect();
    let visible_in = named.map_or_else(|| vec!["*".to_owned()], |names| names.into_iter().collect());
    Way {
        clients: Metadata::of_gateway(gateway).in_namespace(&gateway.namespace),
        visible_in,
        who,
        gateway_namespace: gateway.namespace.to_string(),
        gateway_labels: workload_labels(gateway.name.as_str()),
        gateway_host: service_host(gateway.name.as_str(), gateway.namespace.as_str(), &settings.istio.cluster_domain),
    }
}

/// The labels of the pods of a gateway of this name: those that the chart `gateway` puts on a release's, or Istio on a waypoint's (its
/// documentation, "Kubernetes Gateway API", automated deployment).
pub fn pod_labels(name: &str, mode: IstioMode) -> BTreeMap<String, String> {
    match mode {
        IstioMode::Sidecar => workload_labels(name),
        IstioMode::Ambient => BTreeMap::from([("gateway.networking.k8s.io/gateway-name".to_owned(), name.to_owned())]),
    }
}

/// The labels that the chart `gateway` puts on the pods of a release.
fn workload_labels(name: &str) -> BTreeMap<String, String> {
    let short = name.strip_prefix("istio-").unwrap_or(name);
    BTreeMap::from([("app".to_owned(), name.to_owned()), ("istio".to_owned(), short.to_owned())])
}

fn requirements(gateway: &Gateway, settings: &Settings) -> Vec<Requirement> {
    if settings.istio.mode == IstioMode::Ambient {
        return waypoint::requirements();
    }
    let value = |key, value: String| Requirement::HelmValue { chart: "gateway", key, value, seen_as: None };
    let mut all = vec![
        Requirement::Outside(format!(
            "The chart \"gateway\" is installed as {} in the namespace {}",
            gateway.name, gateway.namespace
        )),
        // The chart's default asks the cloud for a load balancer, and so lets the Internet in.
        value("service.type", "ClusterIP".to_owned()),
    ];
    if let Some(replicas) = gateway.replicas {
        all.push(value("autoscaling.enabled", "false".to_owned()));
        all.push(value("replicaCount", replicas.to_string()));
    }
    if gateway.replicas.is_some_and(|replicas| replicas.get() > 1) {
        let spread = spread(&workload_labels(gateway.name.as_str()));
        all.push(value("topologySpreadConstraints", spread.to_string()));
    }
    if !gateway.nodes.match_labels.is_empty() {
        let labels = LabelSelector::from(&gateway.nodes).match_labels;
        all.push(value("nodeSelector", serde_json::json!(labels).to_string()));
    }
    if !gateway.nodes.match_expressions.is_empty() {
        all.push(value("affinity", node_affinity(&gateway.nodes).to_string()));
    }
    // No two of the gateway's pods run on one node.
    all.extend(Requirement::nodes_at_least(gateway, gateway.replicas.map_or(1, |replicas| replicas.get().into())));
    all
}

/// The node affinity of a pod that may run on nodes that match a selector's expressions.
fn node_affinity(nodes: &Selector) -> serde_json::Value {
    let terms = LabelSelector::from(nodes).match_expressions;
    serde_json::json!({ "nodeAffinity": { "requiredDuringSchedulingIgnoredDuringExecution": {
        "nodeSelectorTerms": [{ "matchExpressions": terms }],
    } } })
}

/// That no two pods with these labels run on one node.
fn spread(labels: &BTreeMap<String, String>) -> serde_json::Value {
    serde_json::json!([{
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": { "matchLabels": labels },
    }])
}
