//! What Istio's objects mean to a pod of an ambient mesh, written from the Istio documentation ("Configure waypoint proxies", "Ambient
//! and Kubernetes `NetworkPolicy`", "DNS Proxying", "Service Entry", "Authorization Policy") and from nothing in the compiler.
//!
//! The mesh answers DNS queries for the hosts of its entries with addresses of its own. A connection to a name that it knows
//! goes to the waypoint of the entry, in a tunnel; every other one goes where the pod sends it. Of a name that it knows, only the
//! ports of the entry answer.

use egress_model::policy::Protocol;
use egress_model::policy::verdict::{Destination, Flow, Host, Pod, Transport};
use serde_json::Value;

use super::super::network_policy::{self, Plugin};
use super::super::{Installation, of_kind};
use super::{list, rule_matches, texts};

/// The port of tunnels between pods of the mesh.
const TUNNEL: u16 = 15008;

pub(crate) fn installations() -> Vec<Installation> {
    let kinds = network_policy::plugins().into_iter().flat_map(|plugin| [false, true].map(|tunnels| (plugin, tunnels)));
    kinds
        .map(|(plugin, tunnels)| Installation {
            passes: Box::new(move |objects, source, flow| passes(plugin, tunnels, objects, source, flow)),
            what: format!("ambient, {plugin:?}, destinations in the mesh: {tunnels}"),
            as_the_model: plugin.as_the_model() && !tunnels,
        })
        .collect()
}

fn passes(plugin: Plugin, tunnels: bool, objects: &[Value], source: &Pod, flow: &Flow) -> bool {
    let leaves = |flow: &Flow| {
        let pins = of_kind(objects, "NetworkPolicy");
        network_policy::decide(plugin, &pins, source, flow).unwrap_or(true)
    };
    let tcp = match flow.transport {
        Transport::Port(Protocol::Tcp, port) => Some(port),
        _ => None,
    };
    let names = flow.destination.names.iter().map(egress_model::policy::Domain::as_str);
    let known: Vec<&Value> = names.filter_map(|name| entry(objects, name)).collect();
    if known.is_empty() {
        // The pods of `kube-system` are never in the mesh (`excludeNamespaces` of the chart `cni`).
        let meshed = matches!(&flow.destination.host, Host::Pod(pod) if pod.namespace.as_str() != "kube-system");
        let tunnelled = tunnels && tcp.is_some() && meshed;
        let through = Flow { transport: Transport::Port(Protocol::Tcp, TUNNEL), ..flow.clone() };
        return leaves(if tunnelled { &through } else { flow });
    }
    known.iter().any(|entry| {
        let Some(port) = tcp else { return false };
        list(&entry["spec"]["ports"]).any(|own| own["number"] == port)
            && leaves(&to_waypoint(entry))
            && authorized(objects, entry, source, flow, port)
    })
}

/// The entry of a name, whatever its namespace: that of the name itself, else that of the longest domain that it is below.
fn entry<'a>(objects: &'a [Value], name: &str) -> Option<&'a Value> {
    let host = |entry: &Value| texts(&entry["spec"]["hosts"])[0].to_owned();
    let about = of_kind(objects, "ServiceEntry").into_iter().filter(|entry| {
        let host = host(entry);
        host == name || host.strip_prefix('*').is_some_and(|below| name.ends_with(below))
    });
    about.max_by_key(|entry| (host(entry) == name, host(entry).len()))
}

/// A tunnel to the waypoint that an entry's labels name.
fn to_waypoint(entry: &Value) -> Flow {
    let label = |key: &str| entry["metadata"]["labels"][key].as_str().expect("a waypoint");
    let key = "gateway.networking.k8s.io/gateway-name".parse().expect("a key");
    let pod = Pod {
        namespace: label("istio.io/use-waypoint-namespace").parse().expect("a name"),
        namespace_labels: [].into(),
        labels: [(key, label("istio.io/use-waypoint").parse().expect("a value"))].into(),
        service_account: "waypoint".parse().expect("a name"),
        named_ports: Vec::new(),
        services: Vec::new(),
    };
    let address = "10.42.7.7".parse().expect("an address");
    let destination = Destination { address, host: Host::Pod(pod), names: Vec::new() };
    Flow { destination, transport: Transport::Port(Protocol::Tcp, TUNNEL), application: None }
}

/// What the waypoint decides by the policies of an entry: without any, everything passes.
fn authorized(objects: &[Value], entry: &Value, source: &Pod, flow: &Flow, port: u16) -> bool {
    let metadata = &entry["metadata"];
    let of_entry = |policy: &&Value| {
        policy["metadata"]["namespace"] == metadata["namespace"]
            && list(&policy["spec"]["targetRefs"])
                .any(|target| target["kind"] == "ServiceEntry" && target["name"] == metadata["name"])
    };
    let policies: Vec<&Value> = of_kind(objects, "AuthorizationPolicy").into_iter().filter(of_entry).collect();
    assert!(policies.iter().all(|policy| policy["spec"]["action"] == "ALLOW"), "a waypoint only allows here");
    let allows =
        |policy: &&Value| list(&policy["spec"]["rules"]).any(|rule| rule_matches(rule, source, flow, "", port));
    policies.is_empty() || policies.iter().any(allows)
}
