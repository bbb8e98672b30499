//! The cluster role of the guide has what the provider makes, and nothing that it does not.

use std::collections::BTreeSet;
use std::path::Path;

use egress_engines::companions::KINDS;
use egress_engines::{ENGINES, GATEWAY_ENGINES};
use serde_json::Value;

/// Group and resource of what the role may make.
fn allowed() -> BTreeSet<(String, String)> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/permissions/cluster-role.yaml");
    let role: Value = serde_yaml_ng::from_str(&std::fs::read_to_string(file).expect("a role")).expect("YAML");
    let texts = |list: &Value| -> Vec<String> {
        list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let mut allowed = BTreeSet::new();
    for rule in role["rules"].as_array().expect("rules") {
        if texts(&rule["verbs"]) != ["get", "list", "create", "patch", "delete"] {
            continue;
        }
        let groups = texts(&rule["apiGroups"]);
        for resource in texts(&rule["resources"]) {
            allowed.extend(groups.iter().map(|group| (group.clone(), resource.clone())));
        }
    }
    allowed
}

#[test]
fn the_role_of_the_guide_is_what_the_kinds_need() {
    let policies = ENGINES.iter().flat_map(|engine| engine.kinds);
    let gateways = GATEWAY_ENGINES.iter().flat_map(|engine| engine.kinds);
    let needed = policies.chain(gateways).chain(KINDS.iter()).map(|kind| {
        let group = kind.api_version.split_once('/').map_or("", |(group, _)| group);
        (group.to_owned(), kind.plural.to_owned())
    });
    assert_eq!(allowed(), needed.collect());
}
