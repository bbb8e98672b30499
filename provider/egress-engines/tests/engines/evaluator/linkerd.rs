//! What Linkerd's objects mean to a pod of the mesh, written from Linkerd's documentation ("`EgressNetwork`", "Managing egress
//! traffic", "Gateway API support") and the Gateway API's reference, and from nothing in the compiler. Beside the proxy a network
//! plugin enforces the `NetworkPolicy`: what passes must pass both.

use egress_model::policy::verdict::{Application, Flow, Pod, Transport};
use egress_model::policy::{Protocol, Request};
use ipnet::IpNet;
use serde_json::Value;

use super::network_policy::{self, plugins};
use super::{Installation, of_kind};

pub(crate) fn installations() -> Vec<Installation> {
    plugins()
        .map(|plugin| Installation {
            passes: Box::new(move |objects, source, flow| {
                let policies = of_kind(objects, "NetworkPolicy");
                let leaves = network_policy::decide(plugin, &policies, source, flow).unwrap_or(true);
                leaves && proxy_passes(objects, source, flow)
            }),
            what: format!("{plugin:?}"),
            as_the_model: plugin.as_the_model(),
        })
        .into()
}

/// Whether the pod's proxy lets a flow pass. It sees TCP only, and has a say where an address belongs to an `EgressNetwork` of the
/// pod's namespace.
fn proxy_passes(objects: &[Value], source: &Pod, flow: &Flow) -> bool {
    let Transport::Port(Protocol::Tcp, port) = flow.transport else { return true };
    let here = |object: &&Value| object["metadata"]["namespace"] == source.namespace.as_str();
    let networks = of_kind(objects, "EgressNetwork").into_iter().filter(here);
    let mut networks = networks.filter(|network| holds(network, flow));
    let Some(network) = networks.next() else { return true };
    assert!(networks.next().is_none(), "which network an address belongs to must not depend on their sizes");
    let attached = |kind: &str| -> Vec<&Value> {
        let routes = of_kind(objects, kind).into_iter().filter(here);
        let to_port = |parent: &Value| {
            parent["group"] == "policy.linkerd.io"
                && parent["kind"] == "EgressNetwork"
                && parent["name"] == network["metadata"]["name"]
                && parent["port"] == port
        };
        routes.filter(|route| list(&route["spec"]["parentRefs"]).any(to_port)).collect()
    };
    let otherwise = match network["spec"]["trafficPolicy"].as_str() {
        Some("Allow") => true,
        Some("Deny") => false,
        other => panic!("{other:?} is no traffic policy"),
    };
    let (requests, tls) = (attached("HTTPRoute"), attached("TLSRoute"));
    // Of several kinds of routes on a port the first of these counts.
    if !requests.is_empty() {
        return match &flow.application {
            Some(Application::Http(request)) => {
                otherwise || requests.iter().any(|route| is_request(route, flow, request))
            }
            _ => otherwise,
        };
    }
    if !tls.is_empty() {
        return match &flow.application {
            Some(Application::Tls(name)) => otherwise || tls.iter().any(|route| is_host(route, name.as_str())),
            // What shows no server name is closed.
            _ => false,
        };
    }
    otherwise || !attached("TCPRoute").is_empty()
}

fn holds(network: &Value, flow: &Flow) -> bool {
    let inside = |cidr: &Value| {
        let net: IpNet = cidr.as_str().expect("text").parse().expect("a block");
        net.contains(&flow.destination.address)
    };
    list(&network["spec"]["networks"]).any(|one| inside(&one["cidr"]) && !list(&one["except"]).any(inside))
}

/// Whether a host is one of a route's: itself, or below that of a wildcard. Without hosts every one is.
fn is_host(route: &Value, host: &str) -> bool {
    let hostnames = &route["spec"]["hostnames"];
    hostnames.is_null()
        || list(hostnames).any(|wanted| {
            let wanted = wanted.as_str().expect("text");
            wanted == host || wanted.strip_prefix('*').is_some_and(|below| host.ends_with(below))
        })
}

/// Whether a route is about a request. Its host is a name that the client looked up.
fn is_request(route: &Value, flow: &Flow, request: &Request) -> bool {
    let mut hosts = flow.destination.names.iter();
    let host = route["spec"]["hostnames"].is_null() || hosts.any(|name| is_host(route, name.as_str()));
    host && list(&route["spec"]["rules"])
        .any(|rule| rule["matches"].is_null() || list(&rule["matches"]).any(|wanted| is_match(wanted, request)))
}

fn is_match(wanted: &Value, request: &Request) -> bool {
    let method = wanted["method"].is_null() || wanted["method"] == request.method.as_str();
    let path = match (wanted["path"]["type"].as_str(), wanted["path"]["value"].as_str()) {
        (None, None) => true,
        (Some("Exact"), Some(path)) => request.path.as_str() == path,
        // By elements: `/a` is a prefix of `/a/b` and not of `/ab`.
        (Some("PathPrefix"), Some(prefix)) => {
            let elements =
                |path: &str| path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect::<Vec<_>>();
            elements(request.path.as_str()).starts_with(&elements(prefix))
        }
        other => panic!("{other:?} is no path"),
    };
    let headers = list(&wanted["headers"]).all(|header| {
        request.headers.iter().any(|(name, value)| header["name"] == name.as_str() && header["value"] == value.as_str())
    });
    method && path && headers
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
