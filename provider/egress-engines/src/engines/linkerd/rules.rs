//! What Linkerd says about `EgressNetwork` and the routes that are attached to one, beyond their schemas.

use egress_model::cidr::Cidr;
use serde_json::Value;

use super::object::GROUP;
use crate::tiers::rules::is_kind;
use crate::violation::Violation;

const ADMISSION: &str = "Linkerd 2.20, policy-controller/runtime/src/admission.rs";
const INDEX: &str = "Linkerd 2.20, policy-controller/k8s/index/src/outbound/index";

/// Everything in which an `EgressNetwork` or a route to one would be refused, or do something else than it seems to.
pub fn check(object: &Value) -> Vec<Violation> {
    let mut found = Vec::new();
    if is_kind(object, "policy.linkerd.io/", "EgressNetwork") {
        networks(&object["spec"]["networks"], &mut found);
    }
    for kind in ["HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute"] {
        if is_kind(object, "gateway.networking.k8s.io/", kind) || is_kind(object, "policy.linkerd.io/", kind) {
            route(kind, &object["spec"], &mut found);
        }
    }
    found
}

fn networks(networks: &Value, found: &mut Vec<Violation>) {
    let Some(networks) = networks.as_array() else { return };
    let mut add = |field: String, rule: &str| found.push(Violation { field, rule: rule.to_owned(), source: ADMISSION });
    if networks.is_empty() {
        add(
            "spec.networks".to_owned(),
            "needs at least one network; leave the field out for everything outside the cluster",
        );
    }
    let cidr = |value: &Value| value.as_str().and_then(|text| text.parse::<Cidr>().ok());
    for (index, network) in networks.iter().enumerate() {
        let Some(block) = cidr(&network["cidr"]) else { continue };
        for (position, except) in network["except"].as_array().into_iter().flatten().enumerate() {
            let field = format!("spec.networks[{index}].except[{position}]");
            match cidr(except) {
                Some(except) if except.covers(&block) => add(field, "leaves nothing of the network"),
                Some(except) if !block.covers(&except) => add(field, "is not inside the network"),
                _ => {}
            }
        }
    }
}

fn route(kind: &str, spec: &Value, found: &mut Vec<Violation>) {
    let is_network = |reference: &Value| reference["kind"] == "EgressNetwork" && reference["group"] == GROUP;
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let parents = list(&spec["parentRefs"]);
    let of_networks: Vec<_> = parents.iter().filter(|parent| is_network(parent)).collect();
    if of_networks.is_empty() {
        return;
    }
    let mut add = |field: String, rule: &str, source: &'static str| {
        found.push(Violation { field, rule: rule.to_owned(), source });
    };
    for (index, _) in parents.iter().enumerate().filter(|(_, one)| is_network(one) && one["port"].is_null()) {
        let rule = "an EgressNetwork needs a port here: without one the route is refused";
        add(format!("spec.parentRefs[{index}].port"), rule, ADMISSION);
    }
    let rules = list(&spec["rules"]);
    if ["TLSRoute", "TCPRoute"].contains(&kind) && rules.len() != 1 {
        add("spec.rules".to_owned(), "Linkerd takes exactly one rule", ADMISSION);
    }
    for (index, rule) in rules.iter().enumerate() {
        for (position, backend) in list(&rule["backendRefs"]).iter().enumerate().filter(|(_, one)| is_network(one)) {
            if !of_networks.iter().any(|parent| parent["name"] == backend["name"]) {
                let rule = "is not the route's parent, so that Linkerd refuses what matches";
                add(format!("spec.rules[{index}].backendRefs[{position}].name"), rule, INDEX);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::check;

    fn fields(object: &Value) -> Vec<String> {
        check(object).into_iter().map(|violation| violation.field).collect()
    }

    #[test]
    fn each_mistake_of_a_network_is_found_where_it_is() {
        let network = |networks: Value| {
            let kind = json!({"apiVersion": "policy.linkerd.io/v1alpha1", "kind": "EgressNetwork",
                "spec": {"trafficPolicy": "Deny", "networks": networks}});
            fields(&kind)
        };
        assert_eq!(network(Value::Null), Vec::<String>::new());
        assert_eq!(network(json!([])), ["spec.networks"]);
        let one = |except: Value| network(json!([{"cidr": "192.0.2.0/24", "except": except}]));
        assert_eq!(one(json!(["192.0.2.0/25"])), Vec::<String>::new());
        assert_eq!(one(json!(["192.0.2.0/25", "192.0.2.0/24"])), ["spec.networks[0].except[1]"]);
        assert_eq!(one(json!(["198.51.100.0/24"])), ["spec.networks[0].except[0]"]);
    }

    #[test]
    fn each_mistake_of_a_route_is_found_where_it_is() {
        let to = |name: &str, port: Value| json!({"group": "policy.linkerd.io", "kind": "EgressNetwork", "name": name, "port": port});
        let route = |port: Value, backend: &str, rules: usize| {
            let rule = json!({"backendRefs": [to(backend, Value::Null)]});
            fields(&json!({"apiVersion": "gateway.networking.k8s.io/v1alpha2", "kind": "TLSRoute",
                "spec": {"parentRefs": [to("out", port)], "rules": vec![rule; rules]}}))
        };
        assert_eq!(route(json!(443), "out", 1), Vec::<String>::new());
        assert_eq!(route(Value::Null, "out", 1), ["spec.parentRefs[0].port"]);
        assert_eq!(route(json!(443), "other", 1), ["spec.rules[0].backendRefs[0].name"]);
        assert_eq!(route(json!(443), "out", 2), ["spec.rules"]);
    }
}
