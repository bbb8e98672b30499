//! What the kinds with tiers have in common beyond their CRDs.

use serde_json::Value;

use crate::violation::Violation;

const FIELD_DOCUMENTATION: &str = "network-policy-api 0.2.0, field documentation";
const CILIUM: &str = "Cilium 1.20.2, pkg/k8s/cluster_network_policy.go";

/// Whether an object is of a kind, in whichever version of a group.
pub(crate) fn is_kind(object: &Value, group: &str, kind: &str) -> bool {
    object["kind"] == kind && object["apiVersion"].as_str().is_some_and(|version| version.starts_with(group))
}

/// The rules for the egress of a kind that allows with this action.
pub(crate) fn check_admin_rules(object: &Value, allow: &str, ports: &str) -> Vec<Violation> {
    let rules = object["spec"]["egress"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut found = Vec::new();
    for (index, rule) in rules.iter().enumerate() {
        let at = format!("spec.egress[{index}]");
        let peers = rule["to"].as_array().map(Vec::as_slice).unwrap_or_default();
        let has = |kind: &str| peers.iter().any(|peer| peer.get(kind).is_some());
        let mut add = |field: &str, rule: &str, source| {
            found.push(Violation { field: format!("{at}.{field}"), rule: rule.to_owned(), source });
        };
        if has("domainNames") && rule["action"] != allow {
            let rule = "domain names are only for rules that allow; Cilium refuses the whole policy";
            add("to", rule, CILIUM);
        }
        let mut ports_of = rule[ports].as_array().into_iter().flatten();
        let is_named = |port: &Value| port.get("destinationNamedPort").or_else(|| port.get("namedPort")).is_some();
        if (has("networks") || has("nodes") || has("domainNames")) && ports_of.any(is_named) {
            let rule = "only pods have port names; the rule never matches these destinations. Write a rule of its own for them, \
                        with numbers";
            add(ports, rule, FIELD_DOCUMENTATION);
        }
        let networks = peers.iter().filter_map(|peer| peer["networks"].as_array()).flatten();
        let whole = networks.into_iter().any(|network| network == "0.0.0.0/0" || network == "::/0");
        let every_pod = peers.iter().any(|peer| peer["namespaces"].as_object().is_some_and(selects_all));
        if whole && !every_pod {
            let rule = "0.0.0.0/0 and ::/0 match pods as well, but in Cilium they do not: say which is meant, with a peer \
                        `namespaces: {}` beside them for every pod, or with blocks that leave the pods' ranges out";
            add("to", rule, FIELD_DOCUMENTATION);
        }
    }
    found
}

fn selects_all(selector: &serde_json::Map<String, Value>) -> bool {
    let empty = |field: &str| match selector.get(field) {
        None => true,
        Some(Value::Object(labels)) => labels.is_empty(),
        Some(Value::Array(expressions)) => expressions.is_empty(),
        Some(_) => false,
    };
    empty("matchLabels") && empty("matchExpressions")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::rules::check;

    fn broken(action: &str, rule: serde_json::Value) -> Vec<String> {
        let mut rule = rule;
        rule["action"] = action.into();
        let kind = if action == "Accept" { "ClusterNetworkPolicy" } else { "AdminNetworkPolicy" };
        let version = if action == "Accept" { "v1alpha2" } else { "v1alpha1" };
        let object = json!({
            "apiVersion": format!("policy.networking.k8s.io/{version}"),
            "kind": kind,
            "spec": {"priority": 10, "egress": [rule]},
        });
        check(&object).into_iter().map(|violation| violation.field).collect()
    }

    #[test]
    fn each_mistake_is_found_where_it_is() {
        let networks = |block: &str| json!({"networks": [block]});
        let names = json!({"domainNames": ["example.com"]});
        let every_pod = json!({"namespaces": {}});
        for (action, rule, fields) in [
            ("Accept", json!({"to": [networks("192.0.2.0/24"), names]}), vec![]),
            ("Deny", json!({"to": [names]}), vec!["spec.egress[0].to"]),
            ("Accept", json!({"to": [networks("0.0.0.0/0")]}), vec!["spec.egress[0].to"]),
            (
                "Deny",
                json!({"to": [networks("::/0"), {"namespaces": {"matchLabels": {"a": "b"}}}]}),
                vec!["spec.egress[0].to"],
            ),
            ("Deny", json!({"to": [networks("0.0.0.0/0"), every_pod]}), vec![]),
            (
                "Allow",
                json!({"to": [networks("192.0.2.0/24")], "ports": [{"namedPort": "web"}]}),
                vec!["spec.egress[0].ports"],
            ),
            (
                "Accept",
                json!({"to": [names], "protocols": [{"destinationNamedPort": "web"}]}),
                vec!["spec.egress[0].protocols"],
            ),
            ("Accept", json!({"to": [every_pod], "protocols": [{"destinationNamedPort": "web"}]}), vec![]),
        ] {
            assert_eq!(broken(action, rule.clone()), fields, "{action} {rule}");
        }
    }

    #[test]
    fn a_priority_above_those_of_ovn_kubernetes_is_found() {
        let policy = |kind: &str| {
            let object =
                json!({"apiVersion": "policy.networking.k8s.io/v1alpha1", "kind": kind, "spec": {"priority": 100}});
            check(&object).len()
        };
        assert_eq!((policy("AdminNetworkPolicy"), policy("BaselineAdminNetworkPolicy"), policy("Other")), (1, 0, 0));
    }
}
