//! A waypoint as an egress gateway of an ambient mesh: the Gateway object that Istio runs pods for, and the hosts that go through
//! it.

use std::collections::BTreeSet;

use egress_model::gateway::Gateway;
use serde::Serialize;
use serde_json::json;

use super::super::ambient::{entry_spec, waypoint_labels};
use super::super::names::{HostPort, unique_label};
use super::super::object::{self, SERVICE_ENTRY};
use super::{node_affinity, spread};
use crate::Requirement;
use crate::acceptance::{Accepted, Refusal};
use crate::label_selector::LabelSelector;
use crate::manifest::{Content, Kind, Manifest, Metadata, yaml_of};

const GATEWAY: Kind = Kind {
    api_version: "gateway.networking.k8s.io/v1",
    kind: "Gateway",
    plural: "gateways",
    // `Unknown` by the definition's default until a controller reports status (Gateway API, `GatewayConditionAccepted`).
    accepted: Some(Accepted::Condition { name: "Accepted", refusal: Refusal::Final }),
};
const CONFIG_MAP: Kind = Kind { api_version: "v1", kind: "ConfigMap", plural: "configmaps", accepted: None };

/// What gateways become, of sidecars too.
pub(super) const KINDS: &[&Kind] =
    &[&CONFIG_MAP, &GATEWAY, &SERVICE_ENTRY, &object::GATEWAY, &object::DESTINATION_RULE, &object::VIRTUAL_SERVICE];

/// The spec of a `gateway.networking.k8s.io/v1` Gateway that is a waypoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct WaypointSpec {
    gateway_class_name: &'static str,
    listeners: [Listener; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    infrastructure: Option<Infrastructure>,
}

/// Where a waypoint takes tunnelled connections.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Listener {
    name: &'static str,
    port: u16,
    protocol: &'static str,
    allowed_routes: AllowedRoutes,
}

/// Whose objects may name the waypoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct AllowedRoutes {
    namespaces: FromNamespaces,
}

/// Namespaces.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct FromNamespaces {
    from: &'static str,
}

/// How the pods are run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Infrastructure {
    parameters_ref: ParametersRef,
}

/// An object of the same namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct ParametersRef {
    group: &'static str,
    kind: &'static str,
    name: String,
}

/// The waypoint, then the hosts, which are sent there at once.
pub(super) fn manifests(gateway: &Gateway, to: &BTreeSet<HostPort>) -> Vec<Manifest> {
    let metadata = Metadata::of_gateway(gateway).in_namespace(&gateway.namespace);
    let overlay = deployment(gateway).map(|deployment| {
        let data = [("deployment".to_owned(), yaml_of(&deployment))].into();
        Manifest::with_content(&CONFIG_MAP, metadata.clone(), Content::Data(data))
    });
    let spec = WaypointSpec {
        gateway_class_name: "istio-waypoint",
        listeners: [Listener {
            name: "mesh",
            port: 15008,
            protocol: "HBONE",
            allowed_routes: AllowedRoutes { namespaces: FromNamespaces { from: "All" } },
        }],
        infrastructure: overlay.is_some().then(|| Infrastructure {
            parameters_ref: ParametersRef { group: "", kind: "ConfigMap", name: metadata.name.clone() },
        }),
    };
    let waypoint = Manifest::new(&GATEWAY, metadata.clone(), &spec).with_labels([("istio.io/waypoint-for", "service")]);
    let hosts: BTreeSet<_> = to.iter().map(|to| &to.host).collect();
    let entries = hosts.into_iter().map(|host| {
        let own = Metadata { name: unique_label(&[&metadata.name, host]), ..metadata.clone() };
        let labels = waypoint_labels(gateway.name.as_str(), gateway.namespace.as_str());
        Manifest::new(&SERVICE_ENTRY, own, &entry_spec(host, to)).with_labels(labels)
    });
    overlay.into_iter().chain([waypoint]).chain(entries).collect()
}

/// What of the pods is not as Istio runs them by itself, laid over its Deployment.
fn deployment(gateway: &Gateway) -> Option<serde_json::Value> {
    let mut spec = serde_json::Map::new();
    let mut pod = serde_json::Map::new();
    if let Some(replicas) = gateway.replicas {
        spec.insert("replicas".into(), json!(replicas.get()));
    }
    if gateway.replicas.is_some_and(|replicas| replicas.get() > 1) {
        let label = ("gateway.networking.k8s.io/gateway-name".to_owned(), gateway.name.to_string());
        pod.insert("topologySpreadConstraints".into(), spread(&[label].into()));
    }
    if !gateway.nodes.match_labels.is_empty() {
        pod.insert("nodeSelector".into(), json!(LabelSelector::from(&gateway.nodes).match_labels));
    }
    if !gateway.nodes.match_expressions.is_empty() {
        pod.insert("affinity".into(), node_affinity(&gateway.nodes));
    }
    if !pod.is_empty() {
        spec.insert("template".into(), json!({ "spec": pod }));
    }
    (!spec.is_empty()).then(|| json!({ "spec": spec }))
}

pub(super) fn requirements() -> Vec<Requirement> {
    let cni = |key| Requirement::HelmValue { chart: "istio-cni", key, value: "true".to_owned(), seen_as: None };
    vec![
        Requirement::kind(&GATEWAY),
        cni("ambient.enabled"),
        // Without it a name has the address of the real host, which goes past the waypoint. It is the chart's default from 1.25.
        cni("ambient.dnsCapture"),
    ]
}
