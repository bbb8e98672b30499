//! Rules about objects that only together are wrong: each is taken, and traffic is stopped or unguarded.

use serde_json::Value;

use super::authorization::{http_attributes, identities};
use super::{Found, REFERENCE, is_within, items, numbered, texts};
use crate::violation::Violation;

/// What objects break between them: each violation is on a field of the object whose position in the list stands before it.
pub fn check_together(objects: &[Value]) -> Vec<(usize, Violation)> {
    let mut all = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        let mut found = Found::default();
        match object["kind"].as_str() {
            Some("AuthorizationPolicy") => passed_through(object, objects, &mut found),
            Some("DestinationRule") => twice_encrypted(object, objects, &mut found),
            Some("VirtualService") => ends_at_gateway(object, objects, &mut found),
            _ => {}
        }
        all.extend(found.0.into_iter().map(|violation| (index, violation)));
    }
    all
}

/// A policy at a gateway that passes TLS through: it knows neither requests nor clients.
fn passed_through(policy: &Value, objects: &[Value], found: &mut Found) {
    let labels = &policy["spec"]["selector"]["matchLabels"];
    let passes = objects.iter().any(|object| {
        object["kind"] == "Gateway"
            && object["metadata"]["namespace"] == policy["metadata"]["namespace"]
            && object["spec"]["selector"] == *labels
            && items(&object["spec"]["servers"]).iter().any(|server| server["tls"]["mode"] == "PASSTHROUGH")
    });
    if !passes {
        return;
    }
    let denies = policy["spec"]["action"] == "DENY";
    for (at, rule) in numbered(&policy["spec"]["rules"], "spec.rules") {
        for field in http_attributes(rule, &at) {
            let rule = if denies {
                "the gateway passes TLS through and sees no requests: DENY pays no attention to this, and denies the more"
            } else {
                "the gateway passes TLS through and sees no requests: ALLOW drops the rule, and what is left denies everything; use \
                 the condition connection.sni"
            };
            found.add(REFERENCE, field, rule);
        }
        for field in identities(rule, &at) {
            let rule =
                "the gateway passes TLS through and so does not know the client; end it with tls.mode ISTIO_MUTUAL";
            found.add(REFERENCE, field, rule);
        }
    }
}

/// A rule that begins TLS to a host whose clients have begun it already.
fn twice_encrypted(rule: &Value, objects: &[Value], found: &mut Found) {
    let host = rule["spec"]["host"].as_str().unwrap_or_default();
    let policy = &rule["spec"]["trafficPolicy"];
    let tls_ports = objects.iter().filter(|object| object["kind"] == "ServiceEntry").flat_map(|entry| {
        let named = texts(&entry["spec"]["hosts"]).iter().any(|own| is_within(host, own));
        let ports = items(&entry["spec"]["ports"]).iter().filter(move |_| named);
        ports
            .filter(|port| port["protocol"] == "TLS" || port["protocol"] == "HTTPS")
            .filter_map(|port| port["number"].as_u64())
    });
    let begins = |tls: &Value| tls["mode"] == "SIMPLE" || tls["mode"] == "MUTUAL";
    let why = "the clients' connections are TLS already: this puts TLS around TLS, which the host does not understand";
    let ports: Vec<_> = tls_ports.collect();
    if begins(&policy["tls"]) && !ports.is_empty() {
        found.add(REFERENCE, "spec.trafficPolicy.tls.mode", why);
    }
    for (at, port) in numbered(&policy["portLevelSettings"], "spec.trafficPolicy.portLevelSettings") {
        if begins(&port["tls"]) && port["port"]["number"].as_u64().is_some_and(|number| ports.contains(&number)) {
            found.add(REFERENCE, format!("{at}.tls.mode"), why);
        }
    }
}

/// Routes that send traffic to a gateway and none that sends it on from there.
fn ends_at_gateway(service: &Value, objects: &[Value], found: &mut Found) {
    let spec = &service["spec"];
    let gateways: Vec<&str> = texts(&spec["gateways"]).into_iter().filter(|gateway| *gateway != "mesh").collect();
    if gateways.is_empty() || !texts(&spec["gateways"]).contains(&"mesh") {
        return;
    }
    let leaves = |object: &Value| {
        let kinds = ["http", "tls", "tcp"];
        let mut routes = kinds.iter().flat_map(|kind| items(&object["spec"][kind]));
        routes.any(|route| {
            items(&route["match"]).iter().any(|one| {
                let named = texts(&one["gateways"]);
                named.is_empty() || named.iter().any(|gateway| *gateway != "mesh")
            })
        })
    };
    let hosts = texts(&spec["hosts"]);
    let of_same = |object: &&Value| {
        object["kind"] == "VirtualService" && texts(&object["spec"]["hosts"]).iter().any(|host| hosts.contains(host))
    };
    if !objects.iter().filter(of_same).any(leaves) {
        found.add(REFERENCE, "spec", "no route goes on from the gateway: traffic that is sent there ends there");
    }
}
