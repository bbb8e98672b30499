//! The specs of Istio's kinds, as far as egress needs them.
//!
//! Source: the Istio 1.30 reference (`networking.istio.io/v1`, `security.istio.io/v1`, `telemetry.istio.io/v1`) and its CRDs.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::engines::network_policy;
use crate::manifest::Kind;

const NETWORKING: &str = "networking.istio.io/v1";

pub(super) const SERVICE_ENTRY: Kind =
    Kind { api_version: NETWORKING, kind: "ServiceEntry", plural: "serviceentries", accepted: None };
pub(super) const DESTINATION_RULE: Kind =
    Kind { api_version: NETWORKING, kind: "DestinationRule", plural: "destinationrules", accepted: None };
pub(super) const VIRTUAL_SERVICE: Kind =
    Kind { api_version: NETWORKING, kind: "VirtualService", plural: "virtualservices", accepted: None };
pub(super) const GATEWAY: Kind = Kind { api_version: NETWORKING, kind: "Gateway", plural: "gateways", accepted: None };
pub(super) const AUTHORIZATION_POLICY: Kind = Kind {
    api_version: "security.istio.io/v1",
    kind: "AuthorizationPolicy",
    plural: "authorizationpolicies",
    accepted: None,
};
pub(super) const TELEMETRY: Kind =
    Kind { api_version: "telemetry.istio.io/v1", kind: "Telemetry", plural: "telemetries", accepted: None };

/// What policies become.
pub(super) const KINDS: &[&Kind] = &[
    &SERVICE_ENTRY,
    &DESTINATION_RULE,
    &VIRTUAL_SERVICE,
    &GATEWAY,
    &AUTHORIZATION_POLICY,
    &TELEMETRY,
    &network_policy::KIND,
];

/// A host outside the mesh that the mesh knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ServiceEntrySpec {
    /// Its names.
    pub(super) hosts: Vec<String>,
    /// Its ports.
    pub(super) ports: Vec<Port>,
    /// `MESH_EXTERNAL`: no mutual TLS is expected there.
    pub(super) location: &'static str,
    /// How proxies find its addresses: `DNS` or `DYNAMIC_DNS`.
    pub(super) resolution: &'static str,
    /// Which namespaces see it; absent means all. Waypoints and ztunnel pay no attention to it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) export_to: Vec<String>,
}

/// A port of a host or of a gateway.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) struct Port {
    /// Its number: a gateway's is that of its Service.
    pub(super) number: u16,
    /// Its name, a DNS label.
    pub(super) name: String,
    /// `TLS`, `HTTP` or, on a gateway that ends TLS, `HTTPS`.
    pub(super) protocol: &'static str,
}

/// How clients reach a host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DestinationRuleSpec {
    /// The host.
    pub(super) host: String,
    /// Which namespaces see the rule.
    pub(super) export_to: Vec<String>,
    /// Named variants.
    pub(super) subsets: Vec<Subset>,
}

/// A named variant of a host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Subset {
    /// Its name, a DNS label.
    pub(super) name: String,
    /// How it is reached.
    pub(super) traffic_policy: TrafficPolicy,
}

/// How a host is reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TrafficPolicy {
    /// By port.
    pub(super) port_level_settings: Vec<PortTraffic>,
}

/// How a port of a host is reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct PortTraffic {
    /// The port.
    pub(super) port: PortNumber,
    /// The TLS that the client's proxy begins.
    pub(super) tls: ClientTls,
}

/// A port by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct PortNumber {
    /// The number.
    pub(super) number: u16,
}

/// The TLS that a client's proxy begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct ClientTls {
    /// `ISTIO_MUTUAL`: with the mesh's own certificates.
    pub(super) mode: &'static str,
    /// The server name that is sent.
    pub(super) sni: String,
}

/// What a gateway's pods listen to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct GatewaySpec {
    /// The labels of the pods.
    pub(super) selector: BTreeMap<String, String>,
    /// What they listen to.
    pub(super) servers: Vec<Server>,
}

/// Something that a gateway listens to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Server {
    /// The port.
    pub(super) port: Port,
    /// The names, each with the namespace whose routes may use it before a `/`; `.` is the gateway's own.
    pub(super) hosts: Vec<String>,
    /// The TLS that it ends.
    pub(super) tls: ServerTls,
}

/// The TLS that a gateway ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct ServerTls {
    /// `ISTIO_MUTUAL`: with the mesh's own certificates, so that the client's identity is known.
    pub(super) mode: &'static str,
}

/// Where connections and requests to some names go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct VirtualServiceSpec {
    /// The names.
    pub(super) hosts: Vec<String>,
    /// Who routes so: `mesh` for sidecars, or gateways as `namespace/name`.
    pub(super) gateways: Vec<String>,
    /// Which namespaces see it.
    pub(super) export_to: Vec<String>,
    /// Of requests.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) http: Vec<Route<PortRouteMatch>>,
    /// Of TLS connections that are not ended.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tls: Vec<Route<TlsMatch>>,
    /// Of connections whose TLS, if any, was ended.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tcp: Vec<Route<PortRouteMatch>>,
}

/// Where what matches goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Route<M> {
    /// One of these.
    #[serde(rename = "match")]
    pub(super) matches: Vec<M>,
    /// There.
    pub(super) route: Vec<RouteDestination>,
}

/// A match by port and client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PortRouteMatch {
    /// The port that the client, or the gateway's server, has.
    pub(super) port: u16,
    /// The client.
    #[serde(flatten)]
    pub(super) client: Client,
}

/// A client by its pod; all that is given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Client {
    /// Labels of the pod.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) source_labels: BTreeMap<String, String>,
    /// Its namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) source_namespace: Option<String>,
}

/// A match of a TLS connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TlsMatch {
    /// The port.
    pub(super) port: u16,
    /// The server names.
    pub(super) sni_hosts: Vec<String>,
    /// The client.
    #[serde(flatten)]
    pub(super) client: Client,
}

/// A destination of a route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct RouteDestination {
    /// The destination.
    pub(super) destination: Destination,
}

/// A host, by the name in its registry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Destination {
    /// The name.
    pub(super) host: String,
    /// Which variant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) subset: Option<String>,
    /// Which port.
    pub(super) port: PortNumber,
}

/// Who may do what at a proxy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AuthorizationPolicySpec {
    /// The pods whose proxies decide.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) selector: Option<WorkloadSelector>,
    /// The objects whose waypoint decides.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) target_refs: Vec<TargetRef>,
    /// `ALLOW` or `DENY`.
    pub(super) action: &'static str,
    /// What; `ALLOW` with none would deny everything.
    pub(super) rules: Vec<AuthorizationRule>,
}

/// Pods by their labels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WorkloadSelector {
    /// The labels, all of them.
    pub(super) match_labels: BTreeMap<String, String>,
}

/// An object of the policy's own namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct TargetRef {
    /// Its API group.
    pub(super) group: &'static str,
    /// Its kind.
    pub(super) kind: &'static str,
    /// Its name.
    pub(super) name: String,
}

/// From whom, what, and under which conditions: all three.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct AuthorizationRule {
    /// One of these clients.
    pub(super) from: Vec<From>,
    /// One of these operations.
    pub(super) to: Vec<To>,
    /// All of these conditions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) when: Vec<Condition>,
}

/// A client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct From {
    /// The client.
    pub(super) source: Source,
}

/// A client by the identity in its certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Source {
    /// `trust-domain/ns/namespace/sa/service-account`, one of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) principals: Vec<String>,
    /// Namespaces, one of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) namespaces: Vec<String>,
}

/// An operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct To {
    /// The operation.
    pub(super) operation: Operation,
}

/// An operation: one of each list that is not empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Operation {
    /// Ports: of a gateway its pods', not its Service's.
    pub(super) ports: Vec<String>,
    /// Request methods.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) methods: Vec<String>,
    /// Paths; `*` at an end matches anything there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) paths: Vec<String>,
}

/// A condition: an attribute has one of these values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Condition {
    /// The attribute, such as `connection.sni` or `request.headers[x-tenant]`.
    pub(super) key: String,
    /// The values; `*` at an end matches anything there.
    pub(super) values: Vec<String>,
}

/// What pods' proxies report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TelemetrySpec {
    /// The pods; absent means all of the namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) selector: Option<WorkloadSelector>,
    /// Access logs.
    pub(super) access_logging: Vec<AccessLogging>,
}

/// An access log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct AccessLogging {
    /// Of which traffic.
    #[serde(rename = "match")]
    pub(super) matches: LogMatch,
    /// Where it goes.
    pub(super) providers: Vec<Provider>,
}

/// A direction of traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct LogMatch {
    /// `CLIENT`: what leaves the pod.
    pub(super) mode: &'static str,
}

/// A provider of logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Provider {
    /// Its name; `envoy` is built in and writes to the proxy's standard output.
    pub(super) name: &'static str,
}
