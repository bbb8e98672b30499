//! The way of a connection to a name from a pod with a sidecar: the sidecar knows the name (`ServiceEntry`) and sends it to the
//! egress gateway (`VirtualService`, `DestinationRule`) under the mesh's own TLS, so that the gateway (`Gateway`) knows who asks
//! and decides (`AuthorizationPolicy`), and sends it on (a second `VirtualService`).
//!
//! Source: the Istio documentation, "Egress Gateways" and "Egress Gateways with TLS Origination", with `ISTIO_MUTUAL` between
//! sidecar and gateway; where objects are visible and which of several wins is from "Configuration Scoping" and the reference.

use std::collections::{BTreeMap, BTreeSet};

use egress_model::policy::Policy;

use super::names::{HostPort, Shows, unique_label};
use super::object::{
    Client, ClientTls, DESTINATION_RULE, Destination, DestinationRuleSpec, GATEWAY, GatewaySpec, Port, PortNumber,
    PortRouteMatch, PortTraffic, Route, RouteDestination, SERVICE_ENTRY, Server, ServerTls, ServiceEntrySpec, Subset,
    TlsMatch, TrafficPolicy, VIRTUAL_SERVICE, VirtualServiceSpec,
};
use crate::manifest::{Manifest, Metadata};
use crate::settings::IstioSettings;

/// Hosts of one `ServiceEntry` (CRD, `spec.hosts`: maxItems).
const HOSTS: usize = 256;

/// The mutual TLS of the mesh.
const ISTIO_MUTUAL: &str = "ISTIO_MUTUAL";

/// Who goes through which gateway.
pub(super) struct Way {
    /// The name, labels, annotations and namespace of the clients' objects.
    pub(super) clients: Metadata,
    /// In which namespaces the clients are, as the field `exportTo` of their objects names them.
    pub(super) visible_in: Vec<String>,
    /// The clients, each an alternative; at least one.
    pub(super) who: Vec<Client>,
    /// The namespace of the gateway's pods and objects.
    pub(super) gateway_namespace: String,
    /// The labels of its pods.
    pub(super) gateway_labels: BTreeMap<String, String>,
    /// The DNS name of its Service.
    pub(super) gateway_host: String,
}

impl Way {
    /// That of a policy: the settings' gateway, for the pods of the policy's namespace.
    pub(super) fn of_policy(policy: &Policy, istio: &IstioSettings) -> Self {
        let labels = policy.pods.match_labels.iter().map(|(key, value)| (key.to_string(), value.to_string()));
        Self {
            clients: Metadata::of(policy),
            visible_in: vec![".".to_owned()],
            // Without labels every pod of the namespace goes this way.
            who: vec![Client { source_labels: labels.collect(), source_namespace: None }],
            gateway_namespace: istio.gateway_namespace.clone(),
            gateway_labels: istio.gateway_labels.clone(),
            gateway_host: service_host(&istio.gateway_service, &istio.gateway_namespace, &istio.cluster_domain),
        }
    }

    /// The metadata of an object in the gateway's namespace, where objects of all namespaces are side by side.
    pub(super) fn beside_gateway(&self, part: &[&str]) -> Metadata {
        let own = [self.clients.namespace.as_deref().unwrap_or_default(), &self.clients.name];
        let parts: Vec<_> = own.into_iter().chain(part.iter().copied()).collect();
        Metadata { name: unique_label(&parts), namespace: Some(self.gateway_namespace.clone()), ..self.clients.clone() }
    }

    fn beside_clients(&self, part: &str) -> Metadata {
        Metadata { name: unique_label(&[&self.clients.name, part]), ..self.clients.clone() }
    }
}

/// The DNS name of a Service.
pub(super) fn service_host(name: &str, namespace: &str, cluster_domain: &str) -> String {
    format!("{name}.{namespace}.svc.{cluster_domain}")
}

/// The gateway's end: what it listens to and where it sends that on. Nothing comes here yet.
pub(super) fn gateway_end(way: &Way, to: &BTreeSet<HostPort>) -> Vec<Manifest> {
    let gateway = way.beside_gateway(&[]);
    let gateway_name = format!("{}/{}", way.gateway_namespace, gateway.name);
    let servers = to.iter().map(|to| Server {
        port: Port {
            number: gateway_port(to.shows()),
            name: to.label(),
            protocol: match to.shows() {
                Shows::Http => "HTTPS",
                Shows::Tls => "TLS",
            },
        },
        // Only routes of the gateway's own namespace may send these names on.
        hosts: vec![format!("./{}", to.server_name())],
        tls: ServerTls { mode: ISTIO_MUTUAL },
    });
    let spec = GatewaySpec { selector: way.gateway_labels.clone(), servers: servers.collect() };
    let listens = Manifest::new(&GATEWAY, gateway, &spec);
    let routes = to.iter().map(|to| {
        let route = Route {
            matches: vec![PortRouteMatch { port: gateway_port(to.shows()), client: Client::default() }],
            route: destination(&to.host, None, to.port),
        };
        let (http, tcp) = match to.shows() {
            Shows::Http => (vec![route], Vec::new()),
            Shows::Tls => (Vec::new(), vec![route]),
        };
        let spec = VirtualServiceSpec {
            hosts: vec![to.server_name()],
            gateways: vec![gateway_name.clone()],
            export_to: vec![".".to_owned()],
            http,
            tls: Vec::new(),
            tcp,
        };
        Manifest::new(&VIRTUAL_SERVICE, way.beside_gateway(&[&to.host, &to.port.to_string()]), &spec)
    });
    std::iter::once(listens).chain(routes).collect()
}

/// What the clients' sidecars know of the hosts and of the gateway, and nothing that sends traffic there yet.
pub(super) fn knowledge(way: &Way, to: &BTreeSet<HostPort>) -> Vec<Manifest> {
    let ports: BTreeSet<_> = to.iter().map(|to| (to.port, to.shows())).collect();
    let port = |(number, shows): (u16, Shows)| match shows {
        Shows::Http => Port { number, name: format!("http-{number}"), protocol: "HTTP" },
        Shows::Tls => Port { number, name: format!("tls-{number}"), protocol: "TLS" },
    };
    let hosts: BTreeSet<_> = to.iter().map(|to| to.host.clone()).collect();
    let own = way.clients.namespace.as_deref() == Some(way.gateway_namespace.as_str());
    let sees = |scope: &String| scope == "*" || scope == &way.gateway_namespace || own && scope == ".";
    let gateway = (!way.visible_in.iter().any(sees)).then(|| way.gateway_namespace.clone());
    let hosts: Vec<String> = hosts.into_iter().collect();
    let export_to: Vec<String> = way.visible_in.iter().cloned().chain(gateway).collect();
    let entries = hosts.chunks(HOSTS).enumerate().map(|(index, hosts)| {
        let spec = ServiceEntrySpec {
            hosts: hosts.to_vec(),
            // A host may have ports here that only another one asked for; no route goes there.
            ports: ports.iter().copied().map(port).collect(),
            location: "MESH_EXTERNAL",
            resolution: "DNS",
            export_to: export_to.clone(),
        };
        let own = way.clients.clone();
        let metadata = if index == 0 { own } else { own.suffixed(&format!("-{}", index + 1)) };
        Manifest::new(&SERVICE_ENTRY, metadata, &spec)
    });
    let entries: Vec<Manifest> = entries.collect();
    let subset = |to: &HostPort| Subset {
        name: to.label(),
        traffic_policy: TrafficPolicy {
            port_level_settings: vec![PortTraffic {
                port: PortNumber { number: gateway_port(to.shows()) },
                tls: ClientTls { mode: ISTIO_MUTUAL, sni: to.server_name() },
            }],
        },
    };
    let rule = DestinationRuleSpec {
        host: way.gateway_host.clone(),
        export_to: way.visible_in.clone(),
        subsets: to.iter().map(subset).collect(),
    };
    entries.into_iter().chain([Manifest::new(&DESTINATION_RULE, way.clients.clone(), &rule)]).collect()
}

/// What sends the clients' traffic to the gateway: one object for each host, because routes of requests do not name theirs.
pub(super) fn client_routes(way: &Way, to: &BTreeSet<HostPort>) -> Vec<Manifest> {
    let hosts: BTreeSet<_> = to.iter().map(|to| &to.host).collect();
    let of_host = |host: &String| {
        let mut spec = VirtualServiceSpec {
            hosts: vec![host.clone()],
            gateways: vec!["mesh".to_owned()],
            export_to: way.visible_in.clone(),
            http: Vec::new(),
            tls: Vec::new(),
            tcp: Vec::new(),
        };
        for to in to.iter().filter(|to| to.host == *host) {
            let route = destination(&way.gateway_host, Some(to.label()), gateway_port(to.shows()));
            let who = way.who.iter().cloned();
            match to.shows() {
                Shows::Http => {
                    let matches = who.map(|client| PortRouteMatch { port: to.port, client }).collect();
                    spec.http.push(Route { matches, route });
                }
                Shows::Tls => {
                    let one = |client| TlsMatch { port: to.port, sni_hosts: vec![host.clone()], client };
                    spec.tls.push(Route { matches: who.map(one).collect(), route });
                }
            }
        }
        Manifest::new(&VIRTUAL_SERVICE, way.beside_clients(host), &spec)
    };
    hosts.into_iter().map(of_host).collect()
}

/// The ports of the gateway's Service, as its charts have them.
fn gateway_port(shows: Shows) -> u16 {
    match shows {
        Shows::Http => 80,
        Shows::Tls => 443,
    }
}

fn destination(host: &str, subset: Option<String>, number: u16) -> Vec<RouteDestination> {
    vec![RouteDestination { destination: Destination { host: host.to_owned(), subset, port: PortNumber { number } } }]
}
