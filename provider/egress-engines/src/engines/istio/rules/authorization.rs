//! Rules about `AuthorizationPolicy`.

use serde_json::Value;

use super::{Found, REFERENCE, WEBHOOK, items, numbered, texts};

pub(super) fn check(object: &Value, found: &mut Found) {
    let spec = &object["spec"];
    let chosen = ["selector", "targetRef", "targetRefs"].iter().filter(|field| spec.get(field).is_some()).count();
    if chosen > 1 {
        found.add(WEBHOOK, "spec", "selector, targetRef and targetRefs exclude each other");
    }
    let rules = numbered(&spec["rules"], "spec.rules");
    match spec["action"].as_str().unwrap_or("ALLOW") {
        "ALLOW" if rules.is_empty() => found.add(
            REFERENCE,
            "spec.rules",
            "ALLOW without rules denies everything that no other policy allows; if that is meant write \"spec: {}\" on purpose",
        ),
        "DENY" if rules.is_empty() => found.add(WEBHOOK, "spec.rules", "DENY without rules never denies anything"),
        _ => {}
    }
    for (at, rule) in rules {
        one(rule, &at, found);
    }
}

fn one(rule: &Value, at: &str, found: &mut Found) {
    for field in ["from", "to"] {
        if rule.get(field).is_some_and(|list| items(list).is_empty()) {
            found.add(WEBHOOK, format!("{at}.{field}"), format!("{field} is left out or not empty"));
        }
    }
    for (at, from) in numbered(&rule["from"], &format!("{at}.from")) {
        let source = &from["source"];
        if source.as_object().is_none_or(serde_json::Map::is_empty) {
            found.add(WEBHOOK, format!("{at}.source"), "a source says something about the client");
        }
        let given = |field: &str| !items(&source[field]).is_empty();
        let by_name = ["principals", "notPrincipals", "namespaces", "notNamespaces"].iter().any(|field| given(field));
        if by_name && (given("serviceAccounts") || given("notServiceAccounts")) {
            found.add(WEBHOOK, format!("{at}.source"), "serviceAccounts stand without namespaces and principals");
        }
        if given("principals") && given("namespaces") {
            let rule = "principals and namespaces of one source must both match, so that the rest of the namespace is left out; write \
                        two sources for one or the other";
            found.add(REFERENCE, format!("{at}.source"), rule);
        }
    }
    for (at, to) in numbered(&rule["to"], &format!("{at}.to")) {
        let operation = &to["operation"];
        if operation.as_object().is_none_or(serde_json::Map::is_empty) {
            found.add(WEBHOOK, format!("{at}.operation"), "an operation says something about the request");
        }
        for port in texts(&operation["ports"]).iter().filter(|port| port.parse::<u16>().map_or(true, |port| port == 0))
        {
            found.add(WEBHOOK, format!("{at}.operation.ports"), format!("{port:?} is no port"));
        }
    }
    for (at, condition) in numbered(&rule["when"], &format!("{at}.when")) {
        if items(&condition["values"]).is_empty() && items(&condition["notValues"]).is_empty() {
            found.add(WEBHOOK, at.clone(), "a condition has values or notValues");
        }
        let key = condition["key"].as_str().unwrap_or_default();
        if !is_attribute(key) {
            found.add(WEBHOOK, format!("{at}.key"), format!("{key:?} is no attribute"));
        }
    }
}

/// The attributes of a condition (reference, "Authorization Policy Conditions").
fn is_attribute(key: &str) -> bool {
    let plain = [
        "source.ip",
        "remote.ip",
        "source.namespace",
        "source.principal",
        "source.serviceAccount",
        "source.trustDomain",
        "request.auth.principal",
        "request.auth.audiences",
        "request.auth.presenter",
        "destination.ip",
        "destination.port",
        "connection.sni",
    ];
    let keyed = ["request.headers[", "request.auth.claims["];
    plain.contains(&key)
        || keyed.iter().any(|prefix| key.starts_with(prefix) && key.ends_with(']'))
        || key.starts_with("experimental.envoy.filters.")
}

/// What a rule asks of requests, which connections that are not read as HTTP do not have.
pub(super) fn http_attributes(rule: &Value, at: &str) -> Vec<String> {
    let fields = ["hosts", "notHosts", "methods", "notMethods", "paths", "notPaths"];
    let of_operations = numbered(&rule["to"], &format!("{at}.to")).into_iter().flat_map(|(at, to)| {
        let operation = &to["operation"];
        let given = fields.iter().filter(|field| operation.get(field).is_some());
        given.map(|field| format!("{at}.operation.{field}")).collect::<Vec<_>>()
    });
    let conditions = numbered(&rule["when"], &format!("{at}.when")).into_iter();
    let of_conditions =
        conditions.filter(|(_, one)| one["key"].as_str().is_some_and(|key| key.starts_with("request.")));
    of_operations.chain(of_conditions.map(|(at, _)| at)).collect()
}

/// Where a rule asks for the client's identity.
pub(super) fn identities(rule: &Value, at: &str) -> Vec<String> {
    let fields =
        ["principals", "namespaces", "serviceAccounts", "notPrincipals", "notNamespaces", "notServiceAccounts"];
    let sources = numbered(&rule["from"], &format!("{at}.from")).into_iter();
    let given = sources.filter(|(_, from)| fields.iter().any(|field| from["source"].get(field).is_some()));
    given.map(|(at, _)| format!("{at}.source")).collect()
}
