//! What Istio's objects mean to a pod with a sidecar, written from the Istio documentation ("Egress Gateways", "Authorization
//! Policy", "Virtual Service", "Destination Rule", "Service Entry", "Gateway") and from nothing in the compiler.
//!
//! The mesh is as its defaults are: destinations that it does not know are passed through. The egress gateway is installed by one
//! of Istio's two charts as `istio-egressgateway` in `istio-egress`; they differ in the ports of its pods.

pub(crate) mod ambient;

use egress_model::policy::Protocol;
use egress_model::policy::verdict::{Application, Destination, Flow, Host, Pod, Transport};
use serde_json::Value;

use super::Installation;
use super::network_policy::{self, Plugin};

const GATEWAY_NAMESPACE: &str = "istio-egress";
const GATEWAY_SERVICE: &str = "istio-egressgateway.istio-egress.svc.cluster.local";
const GATEWAY_LABELS: [(&str, &str); 2] = [("app", "istio-egressgateway"), ("istio", "egressgateway")];

/// An egress gateway: from a port of its Service to that of its pods.
#[derive(Clone, Copy, Debug)]
struct EgressGateway {
    http: u16,
    tls: u16,
}

impl EgressGateway {
    fn pod_port(self, service_port: &Value) -> Option<u16> {
        match service_port.as_u64() {
            Some(80) => Some(self.http),
            Some(443) => Some(self.tls),
            _ => None,
        }
    }
}

pub(crate) fn installations() -> Vec<Installation> {
    let gateways = [EgressGateway { http: 80, tls: 443 }, EgressGateway { http: 8080, tls: 8443 }];
    let all = network_policy::plugins().into_iter().flat_map(|plugin| gateways.map(|gateway| (plugin, gateway)));
    all.map(|(plugin, gateway)| Installation {
        passes: Box::new(move |objects, source, flow| passes(plugin, gateway, objects, source, flow)),
        what: format!("{plugin:?}, {gateway:?}"),
        as_the_model: plugin.as_the_model(),
    })
    .collect()
}

fn passes(plugin: Plugin, gateway: EgressGateway, objects: &[Value], source: &Pod, flow: &Flow) -> bool {
    let mesh = Mesh { objects };
    // A request shows the name that the client looked up, which is one of those of the address.
    let shown: Vec<&str> = match (&flow.application, flow.transport) {
        (Some(Application::Tls(name)), Transport::Port(Protocol::Tcp, _)) => vec![name.as_str()],
        (Some(Application::Http(_)), Transport::Port(Protocol::Tcp, _)) => {
            flow.destination.names.iter().map(egress_model::policy::Domain::as_str).collect()
        }
        _ => Vec::new(),
    };
    let captured: Vec<_> = shown.iter().filter_map(|name| mesh.sidecar_route(source, flow, name)).collect();
    let leaves = |flow: &Flow| {
        let pins = mesh.of_kind("NetworkPolicy");
        pins.into_iter().all(|policy| network_policy::passes(plugin, policy, source, flow))
    };
    if captured.is_empty() {
        return leaves(flow);
    }
    captured.iter().any(|hop| {
        let Some(port) = gateway.pod_port(&hop["destination"]["port"]["number"]) else { return false };
        leaves(&to_gateway(port)) && mesh.reaches_through_gateway(source, flow, hop, port)
    })
}

/// The first hop of a captured connection.
fn to_gateway(port: u16) -> Flow {
    let label = |(key, value): (&str, &str)| (key.parse().expect("a key"), value.parse().expect("a value"));
    let pod = Pod {
        namespace: GATEWAY_NAMESPACE.parse().expect("a name"),
        namespace_labels: [].into(),
        labels: GATEWAY_LABELS.map(label).into(),
        service_account: "istio-egressgateway".parse().expect("a name"),
        named_ports: Vec::new(),
        services: Vec::new(),
    };
    let address = "10.42.7.7".parse().expect("an address");
    let destination = Destination { address, host: Host::Pod(pod), names: Vec::new() };
    Flow { destination, transport: Transport::Port(Protocol::Tcp, port), application: None }
}

struct Mesh<'a> {
    objects: &'a [Value],
}

impl<'a> Mesh<'a> {
    fn of_kind(&self, kind: &str) -> Vec<&'a Value> {
        self.objects.iter().filter(|object| object["kind"] == kind).collect()
    }

    /// Objects of a kind that a namespace sees.
    fn visible(&self, kind: &str, namespace: &str) -> Vec<&'a Value> {
        let all = self.of_kind(kind).into_iter();
        all.filter(|object| {
            let scopes = texts(&object["spec"]["exportTo"]);
            let here = object["metadata"]["namespace"] == namespace;
            scopes.is_empty()
                || scopes.iter().any(|scope| *scope == "*" || *scope == namespace || *scope == "." && here)
        })
        .collect()
    }

    /// Whether a namespace knows a host on a port, by this protocol.
    fn knows(&self, namespace: &str, host: &str, port: &Value, protocols: &[&str]) -> bool {
        self.visible("ServiceEntry", namespace).iter().any(|entry| {
            let spec = &entry["spec"];
            let on_port =
                |own: &Value| own["number"] == *port && protocols.iter().any(|protocol| own["protocol"] == *protocol);
            texts(&spec["hosts"]).contains(&host) && list(&spec["ports"]).any(on_port)
        })
    }

    /// Where the client's sidecar sends a connection that shows a name; none where it knows nothing of it.
    fn sidecar_route(&self, source: &Pod, flow: &Flow, name: &str) -> Option<&'a Value> {
        let Transport::Port(_, port) = flow.transport else { return None };
        let port = Value::from(port);
        let namespace = source.namespace.as_str();
        let tls = matches!(flow.application, Some(Application::Tls(_)));
        let (routes, protocol) = if tls { ("tls", "TLS") } else { ("http", "HTTP") };
        if !self.knows(namespace, name, &port, &[protocol]) {
            return None;
        }
        let services = self.visible("VirtualService", namespace).into_iter().map(|service| &service["spec"]);
        let of_mesh = services.filter(|spec| {
            let gateways = texts(&spec["gateways"]);
            texts(&spec["hosts"]).contains(&name) && (gateways.is_empty() || gateways.contains(&"mesh"))
        });
        let mut matching = of_mesh.flat_map(|spec| list(&spec[routes])).filter(|route| {
            list(&route["match"]).any(|one| {
                let labels = one["sourceLabels"].as_object().into_iter().flatten();
                let client = labels.into_iter().all(|(key, value)| {
                    source.labels.iter().any(|(own, text)| own.as_str() == key && *value == text.as_str())
                });
                client && one["port"] == port && (!tls || texts(&one["sniHosts"]).contains(&name))
            })
        });
        matching.next().map(|route| &route["route"][0])
    }

    /// Whether what a sidecar sent to the gateway comes to where the client wanted it.
    fn reaches_through_gateway(&self, source: &Pod, flow: &Flow, hop: &Value, pod_port: u16) -> bool {
        let destination = &hop["destination"];
        assert_eq!(destination["host"], GATEWAY_SERVICE);
        let service_port = &destination["port"]["number"];
        let subset = self
            .visible("DestinationRule", source.namespace.as_str())
            .into_iter()
            .filter(|rule| rule["spec"]["host"] == GATEWAY_SERVICE)
            .flat_map(|rule| list(&rule["spec"]["subsets"]))
            .find(|subset| subset["name"] == destination["subset"]);
        let Some(subset) = subset else { return false };
        let tls = list(&subset["trafficPolicy"]["portLevelSettings"])
            .find(|setting| setting["port"]["number"] == *service_port)
            .map(|setting| &setting["tls"]);
        // Without the mesh's own TLS the gateway's server does not take the connection.
        let Some(sni) = tls.filter(|tls| tls["mode"] == "ISTIO_MUTUAL").and_then(|tls| tls["sni"].as_str()) else {
            return false;
        };
        if !self.authorized(source, flow, sni, pod_port) {
            return false;
        }
        self.gateway_routes(sni, service_port).into_iter().any(|end| {
            let (host, port) = (end["host"].as_str().expect("a host"), &end["port"]["number"]);
            let Transport::Port(_, wanted) = flow.transport else { return false };
            self.knows(GATEWAY_NAMESPACE, host, port, &["TLS", "HTTP"])
                && port.as_u64() == Some(wanted.into())
                && flow.destination.names.iter().any(|name| name.as_str() == host)
        })
    }

    /// Where the gateway sends what comes to a port of its Service with a server name.
    fn gateway_routes(&self, sni: &str, service_port: &Value) -> Vec<&'a Value> {
        let mut ends = Vec::new();
        for gateway in self.of_kind("Gateway") {
            let (spec, metadata) = (&gateway["spec"], &gateway["metadata"]);
            let namespace = metadata["namespace"].as_str().expect("a namespace");
            let own_name = format!("{namespace}/{}", metadata["name"].as_str().expect("a name"));
            let server = list(&spec["servers"]).find(|server| {
                let takes = |host: &&str| host.split_once('/').map_or(*host, |(_, host)| host) == sni;
                server["port"]["number"] == *service_port && texts(&server["hosts"]).iter().any(takes)
            });
            let Some(server) = server.filter(|_| selects_gateway(&spec["selector"])) else { continue };
            assert_eq!(server["tls"]["mode"], "ISTIO_MUTUAL");
            // A server that ends TLS has requests or plain connections.
            let routes = if server["port"]["protocol"] == "HTTPS" { "http" } else { "tcp" };
            for service in self.visible("VirtualService", GATEWAY_NAMESPACE) {
                let spec = &service["spec"];
                let bound = texts(&spec["gateways"]).contains(&own_name.as_str())
                    && texts(&spec["hosts"]).contains(&sni)
                    && service["metadata"]["namespace"] == namespace;
                let on_port = |route: &&Value| list(&route["match"]).any(|one| one["port"] == *service_port);
                ends.extend(list(&spec[routes]).filter(|_| bound).filter(on_port).take(1));
            }
        }
        // The oldest route wins; here they are told apart by host.
        ends.into_iter().map(|route| &route["route"][0]["destination"]).collect()
    }

    /// What the gateway's authorization policies say: `DENY` first, then one of `ALLOW` if there is any.
    fn authorized(&self, source: &Pod, flow: &Flow, sni: &str, pod_port: u16) -> bool {
        let policies = self.of_kind("AuthorizationPolicy").into_iter().filter(|policy| {
            policy["metadata"]["namespace"] == GATEWAY_NAMESPACE
                && selects_gateway(&policy["spec"]["selector"]["matchLabels"])
        });
        let (deny, allow): (Vec<_>, Vec<_>) = policies.partition(|policy| policy["spec"]["action"] == "DENY");
        let matches = |policy: &&Value| {
            list(&policy["spec"]["rules"]).any(|rule| rule_matches(rule, source, flow, sni, pod_port))
        };
        !deny.iter().any(matches) && (allow.is_empty() || allow.iter().any(matches))
    }
}

fn rule_matches(rule: &Value, source: &Pod, flow: &Flow, sni: &str, pod_port: u16) -> bool {
    let principal = format!("cluster.local/ns/{}/sa/{}", source.namespace, source.service_account);
    let from = any_or_absent(&rule["from"], |from| {
        let source_of = &from["source"];
        matches_one(&source_of["principals"], &principal)
            && matches_one(&source_of["namespaces"], source.namespace.as_str())
    });
    let request = match &flow.application {
        Some(Application::Http(request)) => Some(request),
        _ => None,
    };
    let of_request = |patterns: &Value, part: Option<&str>| match part {
        Some(part) => matches_one(patterns, part),
        // An attribute of requests on a connection that has none: the rule does not allow.
        None => patterns.is_null(),
    };
    let to = any_or_absent(&rule["to"], |to| {
        let operation = &to["operation"];
        matches_one(&operation["ports"], &pod_port.to_string())
            && of_request(&operation["methods"], request.map(|request| request.method.as_str()))
            && of_request(&operation["paths"], request.map(|request| request.path.as_str()))
    });
    let when = list(&rule["when"]).all(|condition| match condition["key"].as_str().expect("a key") {
        "connection.sni" => matches_one(&condition["values"], sni),
        key => {
            let name = key.strip_prefix("request.headers[").and_then(|key| key.strip_suffix(']')).expect("a header");
            let value = request.and_then(|request| request.headers.iter().find(|(own, _)| own.as_str() == name));
            of_request(&condition["values"], value.map(|(_, value)| value.as_str()))
        }
    });
    from && to && when
}

fn selects_gateway(labels: &Value) -> bool {
    let labels = labels.as_object().into_iter().flatten();
    labels.into_iter().all(|(key, value)| GATEWAY_LABELS.iter().any(|(own, text)| own == key && value == text))
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn texts(value: &Value) -> Vec<&str> {
    list(value).map(|text| text.as_str().expect("text")).collect()
}

fn any_or_absent(value: &Value, matches: impl Fn(&Value) -> bool) -> bool {
    value.is_null() || list(value).any(matches)
}

/// Whether one of the values matches: exactly, by prefix (`x*`), by suffix (`*x`), or by being there (`*`).
fn matches_one(patterns: &Value, text: &str) -> bool {
    any_or_absent(patterns, |pattern| match pattern.as_str().expect("text") {
        "*" => !text.is_empty(),
        pattern if pattern.ends_with('*') => text.starts_with(pattern.trim_end_matches('*')),
        pattern if pattern.starts_with('*') => text.ends_with(pattern.trim_start_matches('*')),
        pattern => pattern == text,
    })
}
