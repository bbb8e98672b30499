use super::*;

/// As Terraform sends what is written between braces.
fn written(json: &str) -> Value {
    fn value(json: &serde_json::Value) -> Value {
        match json {
            serde_json::Value::Null => Value::Null,
            serde_json::Value::Bool(value) => (*value).into(),
            serde_json::Value::Number(number) => number.as_i64().expect("a whole number").into(),
            serde_json::Value::String(text) => text.as_str().into(),
            serde_json::Value::Array(elements) => Value::Tuple(elements.iter().map(value).collect()),
            serde_json::Value::Object(parts) => Value::object(parts.iter().map(|(name, part)| (name, value(part)))),
        }
    }
    Value::Dynamic(Box::new((Type::Dynamic, value(&serde_json::from_str(json).expect("JSON")))))
}

/// The objects by id, and the warnings.
type Rendered = (Vec<(String, String)>, Vec<String>);

fn render(policy: &str, kubernetes: &str) -> Result<Rendered, FunctionError> {
    let result = Render.call(&[written(policy), written(kubernetes)])?;
    let manifests = result.get("manifests").and_then(Value::as_map).expect("a map").iter();
    let manifests = manifests.map(|(id, yaml)| (id.clone(), yaml.as_str().expect("a text").to_owned())).collect();
    let warnings = result.get("warnings").and_then(Value::elements).expect("a list").iter();
    Ok((manifests, warnings.map(|text| text.as_str().expect("a text").to_owned()).collect()))
}

const POLICY: &str = r#"{
    "name": "backend", "namespace": "production", "pods": { "match_labels": { "app": "backend" } },
    "allow": { "partner": { "to_cidrs": ["203.0.113.0/24"], "ports": [443] } }
}"#;

#[test]
fn a_policy_becomes_the_objects_of_its_engine() {
    let (manifests, warnings) = render(POLICY, "{}").unwrap();
    let ids: Vec<&str> = manifests.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!((ids, warnings), (vec!["NetworkPolicy/production/backend"], vec![]));
    let (manifests, _) = render(POLICY, r#"{ "engine": "cilium", "engine_versions": { "cilium": "1.18" } }"#).unwrap();
    let [(id, yaml)] = manifests.as_slice() else { panic!("{manifests:?}") };
    assert_eq!(id, "CiliumNetworkPolicy/production/backend");
    assert!(yaml.starts_with("apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\n"), "{yaml}");
    assert!(!yaml.contains("egress-owner"), "what is rendered is whoever's who applies it: {yaml}");
}

#[test]
fn a_misspelt_word_is_an_error_with_its_path() {
    let cases = [
        (POLICY.replace("ports", "port"), "{}", 0, "allow[\"partner\"].port does not exist. Did you mean ports?"),
        (
            POLICY.replace("match_labels", "match_label"),
            "{}",
            0,
            "pods.match_label does not exist. Did you mean match_labels?",
        ),
        (POLICY.replace("\"allow\"", "\"alow\""), "{}", 0, "alow does not exist. Did you mean allow?"),
        (POLICY.to_owned(), r#"{ "engin": "cilium" }"#, 1, "engin does not exist. Did you mean engine?"),
        (
            POLICY.to_owned(),
            r#"{ "cluster_cidrs": { "pod": [] } }"#,
            1,
            "cluster_cidrs.pod does not exist. Did you mean pods?",
        ),
        (POLICY.to_owned(), r#"{ "host": "https://10.0.0.1" }"#, 1, "host does not exist."),
        (POLICY.to_owned(), r#"{ "on_unreachable": "warn" }"#, 1, "on_unreachable does not exist."),
    ];
    for (policy, kubernetes, argument, text) in cases {
        let error = render(&policy, kubernetes).unwrap_err();
        assert!(error.text.contains(text) && error.argument == Some(argument), "{text}: {error:?}");
    }
}

#[test]
fn what_an_engine_cannot_express_is_an_error_and_what_it_does_in_part_a_warning() {
    let domains = POLICY.replace(r#""to_cidrs": ["203.0.113.0/24"]"#, r#""to_domains": ["api.example.com"]"#);
    let error = render(&domains, "{}").unwrap_err();
    assert!(
        error.text.contains("allow[\"partner\"].to_domains cannot be used with the engine network-policy"),
        "{error:?}"
    );
    let (manifests, _) = render(&domains, r#"{ "engine": "cilium" }"#).unwrap();
    assert!(!manifests.is_empty());
}

#[test]
fn routes_are_not_rendered() {
    let via = POLICY.replacen('{', r#"{ "via": { "nat_gateway": { "gateways": {} } }, "#, 1);
    let error = render(&via, "{}").unwrap_err();
    assert!(error.text.contains("leaves through a NAT gateway cannot be rendered"), "{error:?}");
}

#[test]
fn a_whole_gateway_resource_may_stand_in_via() {
    let gateway = r#"{ "name": "partners", "namespace": "egress", "engine": "cilium", "ips": ["203.0.113.7"],
        "nodes": { "match_labels": { "egress": "yes" } }, "manifests": {}, "delivery": "apply", "egress_cidrs": ["203.0.113.7/32"] }"#;
    let through = |gateway: &str| POLICY.replacen('{', &format!(r#"{{ "via": {{ "egress_gateway": {gateway} }}, "#), 1);
    let (manifests, _) = render(&through(gateway), r#"{ "engine": "cilium" }"#).unwrap();
    let kinds: Vec<&str> = manifests.iter().filter_map(|(id, _)| id.split('/').next()).collect();
    assert_eq!(kinds, ["CiliumEgressGatewayPolicy", "CiliumNetworkPolicy"]);
    let error = render(&through(&gateway.replace("\"ips\"", "\"ip\"")), r#"{ "engine": "cilium" }"#).unwrap_err();
    assert!(error.text.contains("via.egress_gateway.ip does not exist. Did you mean ips?"), "{error:?}");
}
