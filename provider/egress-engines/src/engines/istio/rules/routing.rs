//! Rules about the kinds that route.

use std::collections::BTreeSet;
use std::net::IpAddr;

use serde_json::Value;

use super::{
    Found, REFERENCE, WEBHOOK, is_dns_label, is_host_name, is_host_pattern, is_within, items, numbered, texts,
};

/// Protocols whose connections do not show a host.
fn hides_host(protocol: &str) -> bool {
    !matches!(
        protocol.to_ascii_uppercase().as_str(),
        "HTTP" | "HTTP2" | "GRPC" | "GRPC-WEB" | "HTTP_PROXY" | "HTTPS" | "TLS"
    )
}

fn ends_in_tls(protocol: &str) -> bool {
    ["HTTPS", "TLS"].iter().any(|tls| protocol.eq_ignore_ascii_case(tls))
}

fn protocol(port: &Value) -> &str {
    port["protocol"].as_str().unwrap_or_default()
}

pub(super) fn service_entry(object: &Value, found: &mut Found) {
    let spec = &object["spec"];
    let hosts = texts(&spec["hosts"]);
    if hosts.is_empty() {
        found.add(WEBHOOK, "spec.hosts", "there must be at least one host");
    }
    for (at, host) in numbered(&spec["hosts"], "spec.hosts") {
        let host = host.as_str().unwrap_or_default();
        if host == "*" || !is_host_pattern(host) {
            found.add(WEBHOOK, at, format!("{host:?} is no host name, and no wildcard such as \"*.example.com\""));
        } else if host.starts_with('*') && !host.starts_with("*.") {
            found.add(REFERENCE, at, "a wildcard for a part of a label is not matched as one; use \"*.\"");
        }
    }
    entry_ports(spec, found);
    let ports = items(&spec["ports"]);
    let resolution = spec["resolution"].as_str().unwrap_or("NONE");
    let endpoints = items(&spec["endpoints"]);
    if !endpoints.is_empty() && spec.get("workloadSelector").is_some() {
        found.add(WEBHOOK, "spec.endpoints", "endpoints and workloadSelector exclude each other");
    }
    let blocks = texts(&spec["addresses"]).iter().any(|address| address.contains('/'));
    if blocks && !matches!(resolution, "NONE" | "STATIC") {
        found.add(WEBHOOK, "spec.addresses", "blocks of addresses need resolution NONE or STATIC");
    }
    let hidden = ports.iter().any(|port| hides_host(protocol(port)));
    if resolution != "NONE" && hosts.len() > 1 && hidden {
        let rule = "connections to these ports show no host, so that several hosts cannot be told apart; one host, or HTTP and TLS";
        found.add(WEBHOOK, "spec.ports", rule);
    }
    match resolution {
        "NONE" => no_resolution(spec, hidden, found),
        "DNS" | "DNS_ROUND_ROBIN" => {
            if endpoints.is_empty() {
                for (at, host) in numbered(&spec["hosts"], "spec.hosts") {
                    let host = host.as_str().unwrap_or_default();
                    if !is_host_name(host) {
                        let rule = format!("resolution {resolution} needs full host names: nothing resolves {host:?}");
                        found.add(WEBHOOK, at, rule);
                    }
                }
            }
            if resolution == "DNS_ROUND_ROBIN" && endpoints.len() > 1 {
                found.add(WEBHOOK, "spec.endpoints", "resolution DNS_ROUND_ROBIN takes one endpoint");
            }
        }
        "DYNAMIC_DNS" => dynamic_resolution(spec, found),
        _ => {}
    }
    export_to(object, found);
}

fn entry_ports(spec: &Value, found: &mut Found) {
    let (mut names, mut numbers) = (BTreeSet::new(), BTreeSet::new());
    for (at, port) in numbered(&spec["ports"], "spec.ports") {
        let name = port["name"].as_str().unwrap_or_default();
        if !is_dns_label(name) {
            found.add(WEBHOOK, format!("{at}.name"), format!("{name:?} is no DNS label"));
        }
        if !names.insert(name) {
            found.add(WEBHOOK, format!("{at}.name"), format!("another port is called {name:?} too"));
        }
        let number = port["number"].as_u64().unwrap_or_default();
        if !(1..=65535).contains(&number) {
            found.add(WEBHOOK, format!("{at}.number"), format!("{number} is no port"));
        }
        if !numbers.insert(number) {
            found.add(WEBHOOK, format!("{at}.number"), format!("port {number} is there twice"));
        }
    }
}

fn no_resolution(spec: &Value, hidden: bool, found: &mut Found) {
    if !items(&spec["endpoints"]).is_empty() {
        found.add(WEBHOOK, "spec.endpoints", "resolution NONE takes no endpoints");
    }
    if hidden && texts(&spec["addresses"]).is_empty() {
        let rule =
            "without addresses a TCP port with resolution NONE lets connections to every address on that port through";
        found.add(REFERENCE, "spec.addresses", rule);
    }
}

fn dynamic_resolution(spec: &Value, found: &mut Found) {
    for (at, host) in numbered(&spec["hosts"], "spec.hosts") {
        if !host.as_str().is_some_and(|host| host.starts_with('*')) {
            found.add(WEBHOOK, at, "resolution DYNAMIC_DNS takes wildcards only");
        }
    }
    for field in ["addresses", "endpoints"] {
        if !items(&spec[field]).is_empty() {
            found.add(WEBHOOK, format!("spec.{field}"), format!("resolution DYNAMIC_DNS takes no {field}"));
        }
    }
    for (at, port) in numbered(&spec["ports"], "spec.ports") {
        if !matches!(protocol(port).to_ascii_uppercase().as_str(), "HTTP" | "HTTP2" | "GRPC" | "TLS") {
            let rule = "resolution DYNAMIC_DNS takes HTTP, HTTP2, GRPC and TLS; HTTPS is written TLS";
            found.add(WEBHOOK, format!("{at}.protocol"), rule);
        }
    }
}

pub(super) fn gateway(object: &Value, found: &mut Found) {
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    if !is_dns_label(name) {
        found.add(WEBHOOK, "metadata.name", "the name of a Gateway is a DNS label, without dots");
    }
    let servers = numbered(&object["spec"]["servers"], "spec.servers");
    if servers.is_empty() {
        found.add(WEBHOOK, "spec.servers", "there must be at least one server");
    }
    let mut names = BTreeSet::new();
    for (at, server) in servers {
        let name = server["port"]["name"].as_str().unwrap_or_default();
        if name.is_empty() {
            found.add(WEBHOOK, format!("{at}.port.name"), "a port has a name");
        } else if !names.insert(name) {
            found.add(WEBHOOK, format!("{at}.port.name"), format!("another port is called {name:?} too"));
        }
        if items(&server["hosts"]).is_empty() {
            found.add(WEBHOOK, format!("{at}.hosts"), "a server has at least one host");
        }
        for (at, host) in numbered(&server["hosts"], &format!("{at}.hosts")) {
            let host = host.as_str().unwrap_or_default();
            let (namespace, name) = host.split_once('/').unwrap_or(("*", host));
            let namespace_fits = matches!(namespace, "*" | ".") || is_dns_label(namespace);
            if !namespace_fits || name != "*" && !is_host_pattern(name) {
                found.add(WEBHOOK, at, format!("{host:?} is no host, or namespace and host"));
            }
        }
        server_tls(server, &at, found);
    }
}

fn server_tls(server: &Value, at: &str, found: &mut Found) {
    let (tls, protocol) = (&server["tls"], protocol(&server["port"]));
    let at_tls = format!("{at}.tls");
    if ends_in_tls(protocol) && tls.is_null() {
        found.add(
            WEBHOOK,
            at_tls,
            format!("a server of {protocol} says how TLS is ended, or that it is passed through"),
        );
        return;
    }
    let redirects = tls["mode"].as_str().is_none_or(|mode| mode == "PASSTHROUGH") && tls["httpsRedirect"] == true;
    if !ends_in_tls(protocol) && !tls.is_null() && !redirects {
        found.add(WEBHOOK, at_tls.clone(), format!("a server of {protocol} has no TLS"));
    }
    if tls["mode"] == "ISTIO_MUTUAL" {
        let own = [
            "serverCertificate",
            "privateKey",
            "caCertificates",
            "tlsCertificates",
            "credentialName",
            "credentialNames",
        ];
        for field in own.iter().filter(|field| tls.get(field).is_some()) {
            found.add(
                WEBHOOK,
                format!("{at_tls}.{field}"),
                "ISTIO_MUTUAL has the mesh's certificates and takes no others",
            );
        }
    }
}

pub(super) fn virtual_service(object: &Value, found: &mut Found) {
    let spec = &object["spec"];
    let gateways = texts(&spec["gateways"]);
    let of_mesh = gateways.is_empty() || gateways.contains(&"mesh");
    let hosts = numbered(&spec["hosts"], "spec.hosts");
    for (index, (at, host)) in hosts.iter().enumerate() {
        let host = host.as_str().unwrap_or_default();
        if of_mesh && host == "*" {
            found.add(WEBHOOK, at.clone(), "\"*\" is for gateways only, not for the mesh");
        } else if host != "*" && !is_host_pattern(host) && host.parse::<IpAddr>().is_err() {
            found.add(WEBHOOK, at.clone(), format!("{host:?} is no host"));
        }
        for (_, other) in &hosts[..index] {
            let other = other.as_str().unwrap_or_default();
            if is_within(host, other) || is_within(other, host) {
                found.add(
                    WEBHOOK,
                    at.clone(),
                    format!("{host:?} and {other:?} are duplicate hosts: one is part of the other"),
                );
            }
        }
    }
    for (at, gateway) in numbered(&spec["gateways"], "spec.gateways") {
        let gateway = gateway.as_str().unwrap_or_default();
        let fits = match gateway.split_once('/') {
            Some((namespace, name)) => is_dns_label(namespace) && is_dns_label(name),
            None => is_host_name(gateway),
        };
        if !fits {
            found.add(WEBHOOK, at, format!("{gateway:?} is no gateway, and no namespace and gateway"));
        }
    }
    if ["http", "tls", "tcp"].iter().all(|kind| items(&spec[kind]).is_empty()) {
        found.add(WEBHOOK, "spec", "there must be a route: http, tls or tcp");
    }
    for (at, route) in numbered(&spec["tls"], "spec.tls") {
        tls_route(route, &at, &texts(&spec["hosts"]), found);
    }
    for (at, route) in numbered(&spec["tcp"], "spec.tcp") {
        if items(&route["route"]).is_empty() {
            found.add(WEBHOOK, format!("{at}.route"), "a route has a destination");
        }
    }
    export_to(object, found);
}

fn tls_route(route: &Value, at: &str, hosts: &[&str], found: &mut Found) {
    let matches = numbered(&route["match"], &format!("{at}.match"));
    if matches.is_empty() {
        found.add(WEBHOOK, format!("{at}.match"), "a route of TLS has at least one match");
    }
    if items(&route["route"]).is_empty() {
        found.add(WEBHOOK, format!("{at}.route"), "a route has a destination");
    }
    for (at, one) in matches {
        if items(&one["sniHosts"]).is_empty() {
            found.add(WEBHOOK, format!("{at}.sniHosts"), "a match of TLS has at least one server name");
        }
        for (at, sni) in numbered(&one["sniHosts"], &format!("{at}.sniHosts")) {
            let sni = sni.as_str().unwrap_or_default();
            if !hosts.iter().any(|host| is_within(sni, host)) {
                found.add(WEBHOOK, at, format!("{sni:?} is not part of one of the object's hosts"));
            }
        }
    }
}

pub(super) fn destination_rule(object: &Value, found: &mut Found) {
    let spec = &object["spec"];
    let host = spec["host"].as_str().unwrap_or_default();
    if !is_host_pattern(host) {
        found.add(WEBHOOK, "spec.host", format!("{host:?} is no host"));
    }
    let mut policies = vec![("spec.trafficPolicy".to_owned(), &spec["trafficPolicy"])];
    for (at, subset) in numbered(&spec["subsets"], "spec.subsets") {
        let name = subset["name"].as_str().unwrap_or_default();
        if !is_dns_label(name) {
            found.add(WEBHOOK, format!("{at}.name"), format!("{name:?} is no DNS label"));
        }
        policies.push((format!("{at}.trafficPolicy"), &subset["trafficPolicy"]));
    }
    for (at, policy) in policies {
        client_tls(&policy["tls"], &format!("{at}.tls"), found);
        for (at, port) in numbered(&policy["portLevelSettings"], &format!("{at}.portLevelSettings")) {
            client_tls(&port["tls"], &format!("{at}.tls"), found);
            if port["port"]["number"].as_u64().is_none_or(|number| !(1..=65535).contains(&number)) {
                found.add(WEBHOOK, format!("{at}.port"), "a setting of a port has the port's number");
            }
            if ["tls", "connectionPool", "outlierDetection", "loadBalancer"]
                .iter()
                .all(|field| port.get(field).is_none())
            {
                found.add(WEBHOOK, at, "a setting of a port says something about it");
            }
        }
    }
    export_to(object, found);
}

fn client_tls(tls: &Value, at: &str, found: &mut Found) {
    let certificates = ["clientCertificate", "privateKey", "caCertificates", "credentialName"];
    let given = || certificates.iter().filter(|field| tls[field].as_str().is_some_and(|text| !text.is_empty()));
    match tls["mode"].as_str() {
        Some("ISTIO_MUTUAL") => {
            for field in given() {
                found.add(
                    WEBHOOK,
                    format!("{at}.{field}"),
                    "ISTIO_MUTUAL has the mesh's certificates and takes no others",
                );
            }
        }
        Some("MUTUAL") if tls["credentialName"].is_null() => {
            for field in ["clientCertificate", "privateKey"].iter().filter(|field| tls[field].is_null()) {
                found.add(WEBHOOK, format!("{at}.{field}"), "MUTUAL needs a client certificate and its key");
            }
        }
        _ => {}
    }
}

fn export_to(object: &Value, found: &mut Found) {
    let own = object["metadata"]["namespace"].as_str().unwrap_or_default();
    let mut seen = BTreeSet::new();
    for (at, scope) in numbered(&object["spec"]["exportTo"], "spec.exportTo") {
        let scope = scope.as_str().unwrap_or_default();
        let namespace = if scope == "." { own } else { scope };
        if !seen.insert(namespace) {
            found.add(WEBHOOK, at.clone(), format!("the namespace {namespace:?} is there twice"));
        }
        let none = scope == "~" && object["kind"] == "ServiceEntry";
        if !matches!(scope, "." | "*") && !none && !is_dns_label(scope) {
            found.add(WEBHOOK, at, format!("{scope:?} is no namespace, \".\" or \"*\""));
        }
    }
}
