//! The objects about addresses outside the cluster: an `EgressNetwork` for each area, and the routes that say what passes there.

use egress_model::cidr::Cidr;
use egress_model::policy::{HttpRule, PathMatch, Policy};

use super::object::{
    EGRESS_NETWORK, EgressNetworkSpec, GROUP, HTTP_ROUTE, HeaderValue, Network, NetworkRef, PathValue, RequestMatch,
    RouteRule, RouteSpec, TCP_ROUTE, TLS_ROUTE, TrafficPolicy,
};
use super::outside::Area;
use crate::manifest::{Kind, Manifest, Metadata, address_in_a_name};

/// How many hosts a route has at most: what the Gateway API's earlier versions take.
const HOSTS: usize = 16;

/// How many kinds of requests a rule of an `HTTPRoute` has at most (Gateway API 1.6).
const MATCHES: usize = 64;

/// The routes, and after them the networks that they are attached to: a network without its routes refuses everything.
pub(super) fn manifests(policy: &Policy, areas: &[Area]) -> Vec<Manifest> {
    let named: Vec<(String, &Area)> = areas.iter().map(|area| (name(policy, area), area)).collect();
    let routes = named.iter().flat_map(|(name, area)| routes(policy, name, area));
    let networks = named.iter().map(|(name, area)| network(policy, name, area));
    routes.chain(networks).collect()
}

/// The policy's name, and for an area other than that of most IPv4 addresses also its first block.
fn name(policy: &Policy, area: &Area) -> String {
    match area.blocks.first() {
        Some((block, _)) if *block == Cidr::ALL_IPV6 => format!("{}-ipv6", policy.name),
        Some((block, _)) if !area.blocks.iter().any(|(block, _)| *block == Cidr::ALL_IPV4) => {
            format!("{}-{}-{}", policy.name, address_in_a_name(block.net().addr()), block.net().prefix_len())
        }
        _ => policy.name.to_string(),
    }
}

fn named(policy: &Policy, name: String) -> Metadata {
    Metadata { name, ..Metadata::of(policy) }
}

fn network(policy: &Policy, name: &str, area: &Area) -> Manifest {
    let text = |blocks: &[Cidr]| blocks.iter().map(ToString::to_string).collect();
    let networks = area.blocks.iter().map(|(block, holes)| Network { cidr: block.to_string(), except: text(holes) });
    let spec = EgressNetworkSpec {
        traffic_policy: if area.decision.everything { TrafficPolicy::Allow } else { TrafficPolicy::Deny },
        networks: networks.collect(),
    };
    Manifest::new(&EGRESS_NETWORK, named(policy, name.to_owned()), &spec)
}

fn routes(policy: &Policy, network: &str, area: &Area) -> Vec<Manifest> {
    let route = |kind: &'static Kind,
                 what: &str,
                 port: u16,
                 number: usize,
                 hostnames: &[String],
                 matches: Vec<RequestMatch>| {
        let more = if number == 0 { String::new() } else { format!("-{}", number + 1) };
        let spec = spec(network, port, hostnames, matches);
        Manifest::new(kind, named(policy, format!("{network}-{what}-{port}{more}")), &spec)
    };
    let decision = &area.decision;
    let mut routes = Vec::new();
    for (port, requests) in &decision.http {
        let parts = requests.iter().flat_map(|(hosts, rules)| {
            let hosts = chunks(hosts, HOSTS);
            hosts.into_iter().flat_map(move |hosts| chunks(rules, MATCHES).into_iter().map(move |rules| (hosts, rules)))
        });
        routes.extend(
            parts
                .enumerate()
                .map(|(number, (hosts, rules))| route(&HTTP_ROUTE, "http", *port, number, hosts, requests_of(rules))),
        );
    }
    for (port, names) in &decision.tls {
        let names: Vec<String> = names.iter().cloned().collect();
        routes.extend(
            names
                .chunks(HOSTS)
                .enumerate()
                .map(|(number, hosts)| route(&TLS_ROUTE, "tls", *port, number, hosts, Vec::new())),
        );
    }
    routes.extend(decision.tcp.iter().map(|port| route(&TCP_ROUTE, "tcp", *port, 0, &[], Vec::new())));
    routes
}

/// Parts of a list that are not longer than this; of an empty list, which means anything, one empty part.
fn chunks<T>(all: &[T], most: usize) -> Vec<&[T]> {
    if all.is_empty() { vec![all] } else { all.chunks(most).collect() }
}

fn spec(network: &str, port: u16, hostnames: &[String], matches: Vec<RequestMatch>) -> RouteSpec {
    let to =
        |port, weight| NetworkRef { group: GROUP, kind: EGRESS_NETWORK.kind, name: network.to_owned(), port, weight };
    RouteSpec {
        parent_refs: [to(Some(port), None)],
        hostnames: hostnames.to_vec(),
        rules: [RouteRule { matches, backend_refs: [to(None, Some(1))] }],
    }
}

/// One of these requests; any where there are none.
fn requests_of(rules: &[HttpRule]) -> Vec<RequestMatch> {
    if rules.is_empty() { vec![request(&HttpRule::default())] } else { rules.iter().map(request).collect() }
}

fn request(rule: &HttpRule) -> RequestMatch {
    let path = match &rule.path {
        Some(PathMatch::Exact(path)) => PathValue { kind: "Exact", value: path.to_string() },
        Some(PathMatch::Prefix(path)) => PathValue { kind: "PathPrefix", value: path.to_string() },
        None => PathValue { kind: "PathPrefix", value: "/".to_owned() },
    };
    let headers = rule.headers.iter();
    RequestMatch {
        method: rule.method.as_ref().map(ToString::to_string),
        path,
        headers: headers
            .map(|(name, value)| HeaderValue { kind: "Exact", name: name.to_string(), value: value.clone() })
            .collect(),
    }
}
