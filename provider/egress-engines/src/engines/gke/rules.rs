//! What GKE says about `FQDNNetworkPolicy` beyond its CRD.

use serde_json::Value;

use crate::tiers::rules::is_kind;
use crate::violation::Violation;

const GUIDE: &str = "GKE documentation, Control Pod egress traffic using FQDN network policies";

/// Everything in which an `FQDNNetworkPolicy` would do something else than it seems to.
pub fn check(object: &Value) -> Vec<Violation> {
    if !is_kind(object, "networking.gke.io/", "FQDNNetworkPolicy") {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (index, rule) in object["spec"]["egress"].as_array().into_iter().flatten().enumerate() {
        for (name_index, name) in rule["matches"].as_array().into_iter().flatten().enumerate() {
            let mut add = |field: &str, rule: &str| {
                let field = format!("spec.egress[{index}].matches[{name_index}].{field}");
                found.push(Violation { field, rule: rule.to_owned(), source: GUIDE });
            };
            let pattern = name["pattern"].as_str();
            if pattern == Some("*") {
                add("pattern", "lets every name pass, and so whatever any name is resolved to");
            }
            if pattern.is_some_and(|pattern| pattern.contains("**")) {
                add("pattern", "** is one label like *; write a pattern for each depth, such as *.*.example.com");
            }
            let names = [("name", name["name"].as_str()), ("pattern", pattern)];
            for (field, _) in names.into_iter().filter(|(_, name)| name.is_some_and(is_internal)) {
                add(field, "names of Services cannot be allowed so; select the pods in a NetworkPolicy");
            }
        }
    }
    found
}

fn is_internal(name: &str) -> bool {
    name.trim_end_matches('.').ends_with(".svc.cluster.local")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::check;

    #[test]
    fn each_mistake_is_found_where_it_is() {
        let broken = |name: Value| {
            let object = json!({"apiVersion": "networking.gke.io/v1alpha1", "kind": "FQDNNetworkPolicy",
                "spec": {"egress": [{"matches": [name]}]}});
            check(&object).into_iter().map(|violation| violation.field).collect::<Vec<_>>()
        };
        assert_eq!(broken(json!({"pattern": "*.*.example.com"})), Vec::<String>::new());
        assert_eq!(broken(json!({"pattern": "**.example.com"})), ["spec.egress[0].matches[0].pattern"]);
        assert_eq!(broken(json!({"pattern": "*"})), ["spec.egress[0].matches[0].pattern"]);
        assert_eq!(broken(json!({"name": "db.shop.svc.cluster.local."})), ["spec.egress[0].matches[0].name"]);
    }
}
