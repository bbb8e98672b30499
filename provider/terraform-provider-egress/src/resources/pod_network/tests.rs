//! The diagnostics of a pod network, and what the plan shows, without a cluster.

use std::sync::Arc;

use egress_model::policy::{ClusterCidrsSpec, ClusterSpec};
use expect_test::{ExpectFile, expect_file};
use serde_json::{Value as Json, json};
use tfplugin::Severity;
use tfplugin::cty::json::{Undefined, from_json};
use tfplugin::cty::{Path, Value};
use tfplugin::resource::Resource;

use super::{PodNetwork, PodNetworkResource};
use crate::resources::objects::Compiles;
use crate::resources::objects::outcome::Outcome;
use crate::resources::whole_diagnostics::assert_golden;
use crate::session::InCluster;

const PREFIX: &str = "/subscriptions/0/resourceGroups/egress/providers/Microsoft.Network/publicIPPrefixes/partners";

fn config(attributes: &Json) -> Value {
    let mut all = json!({ "name": "prod", "delivery": "apply", "force_conflicts": false });
    for (name, value) in attributes.as_object().expect("attributes") {
        all[name] = value.clone();
    }
    let schema = PodNetworkResource::new(Arc::default()).schema();
    from_json(&all, &schema.ty(), Undefined::Refuse).expect("a configuration")
}

fn check(attributes: &Json) -> Outcome {
    PodNetwork::check(&config(attributes), &InCluster::default())
}

fn messages(outcome: &Outcome, severity: Severity) -> Vec<String> {
    let found = outcome.diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity);
    found
        .map(|diagnostic| {
            let path = diagnostic.path.as_ref().map(ToString::to_string).unwrap_or_default();
            format!("{path}: {}: {}", diagnostic.summary, diagnostic.detail)
        })
        .collect()
}

fn computed<'o>(outcome: &'o Outcome, name: &str) -> &'o Value {
    &outcome.computed.iter().find(|(own, _)| *own == name).expect("a computed attribute").1
}

fn objects(outcome: &Outcome) -> Vec<String> {
    outcome.manifests.iter().flatten().map(|manifest| manifest.id().to_string()).collect()
}

/// The configuration with one part that is known only after apply.
fn later(attributes: &Json, path: &[&str]) -> Value {
    fn part<'v>(value: &'v mut Value, name: &str) -> &'v mut Value {
        match value {
            Value::Map(entries) => entries.get_mut(name).expect("an entry"),
            other => other.as_object_mut().expect("an object").get_mut(name).expect("an attribute"),
        }
    }
    let mut value = config(attributes);
    *path.iter().fold(&mut value, |value, name| part(value, name)) = Value::UNKNOWN;
    value
}

fn zone(subnet: &str) -> Json {
    json!({ "subnet_id": subnet })
}

/// The zone of an `ENIConfig`.
fn pods_of_zone(subnet: &str) -> Json {
    json!({ "subnet_id": subnet, "security_group_ids": [] })
}

fn eks(more: &Json) -> Json {
    let mut eks = json!({ "eni_configs": { "eu-west-1a": pods_of_zone("subnet-0a1b2c3d4e5f60718") } });
    for (name, value) in more.as_object().expect("attributes") {
        eks[name] = value.clone();
    }
    json!({ "eks": eks })
}

fn group_policy(policy: &Json) -> Json {
    let mut all = json!({ "namespace": "shop", "security_group_ids": ["sg-12345678"] });
    for (name, value) in policy.as_object().expect("attributes") {
        all[name] = value.clone();
    }
    json!({ "eks": { "security_group_policies": { "payments": all } } })
}

fn aks(more: &Json) -> Json {
    let mut gateway = json!({
        "namespace": "shop", "gateway_nodepool_name": "egress", "provision_public_ips": true,
        "default_route": "staticEgressGateway", "exclude_cidrs": ["10.0.0.0/8"],
    });
    for (name, value) in more.as_object().expect("attributes") {
        gateway[name] = value.clone();
    }
    json!({ "aks": { "static_gateway_configurations": { "partners": gateway } } })
}

fn networking(more: &Json) -> Json {
    let mut networking = json!({
        "pods": { "all": true }, "namespaces": { "all": true }, "allocation_type": "Elastic",
        "vswitch_ids": ["vsw-1"], "security_group_ids": ["sg-1"],
    });
    for (name, value) in more.as_object().expect("attributes") {
        networking[name] = value.clone();
    }
    json!({ "ack": { "pod_networkings": { "egress": networking } } })
}

fn eip(eip: &Json) -> Json {
    json!({ "ack": { "pod_eips": { "partners": eip } } })
}

/// Each attributes, and the path and a part of the text of what is said of them; the whole of it is in a file.
fn assert_told(cases: Vec<(Json, String, &str)>, file: &ExpectFile) {
    let mut whole = Vec::new();
    for (attributes, path, text) in cases {
        let outcome = check(&attributes);
        let found = messages(&outcome, Severity::Error);
        assert_eq!(found.len(), 1, "{attributes}: {found:#?}");
        assert!(found[0].starts_with(&format!("{path}: ")) && found[0].contains(text), "{attributes}: {}", found[0]);
        assert!(outcome.manifests.is_none(), "{attributes} is compiled all the same");
        whole.push((attributes.to_string(), outcome.diagnostics));
    }
    assert_golden(file, &whole);
}

#[test]
fn wrong_parts_are_told_on_their_path_on_eks() {
    let selects = json!({ "pods": { "all": true } });
    let with = |mut base: Json, more: &Json| {
        for (name, value) in more.as_object().expect("attributes") {
            base[name] = value.clone();
        }
        base
    };
    let policy = |more: &Json| group_policy(&with(selects.clone(), more));
    let configs = |configs: &Json| json!({ "eks": { "eni_configs": configs } });
    let at_policy = |rest: &str| format!("eks.security_group_policies[\"payments\"]{rest}");
    let six: Vec<String> = (0..6).map(|n| format!("sg-1234567{n}")).collect();
    let cases = vec![
        (json!({ "name": "Prod", "gke": { "non_masquerade_cidrs": ["10.0.0.0/8"] } }), "name".into(), "only lowercase"),
        (
            json!({ "labels": { "egress-owner": "x" }, "gke": { "non_masquerade_cidrs": ["10.0.0.0/8"] } }),
            "labels[\"egress-owner\"]".into(),
            "egress-owner",
        ),
        (json!({}), String::new(), "One of eks, aks, gke and ack is required"),
        (
            with(eks(&json!({})), &json!({ "ack": { "pod_eips": { "a": { "instance_id": "eip-1" } } } })),
            "ack".into(),
            "only one can be set",
        ),
        (json!({ "eks": {} }), "eks".into(), "steers nothing"),
        (
            configs(&json!({ "eu-west-1": pods_of_zone("subnet-12345678") })),
            "eks.eni_configs[\"eu-west-1\"]".into(),
            "no Availability Zone",
        ),
        (
            configs(&json!({ "eu-west-1a": pods_of_zone("private") })),
            "eks.eni_configs[\"eu-west-1a\"].subnet_id".into(),
            "is no subnet",
        ),
        (
            configs(
                &json!({ "eu-west-1a": pods_of_zone("subnet-12345678"), "eu-west-1b": pods_of_zone("subnet-12345678") }),
            ),
            "eks.eni_configs[\"eu-west-1b\"].subnet_id".into(),
            "is also the subnet of eu-west-1a",
        ),
        (
            eks(&json!({ "nat_gateway": { "aws": { "zones": { "eu-west-1a": zone("subnet-0a1b2c3d4e5f60718") } } } })),
            "eks.eni_configs[\"eu-west-1a\"].subnet_id".into(),
            "a NAT gateway stands in",
        ),
        (eks(&json!({ "nat_gateway": { "egress_cidrs": [] } })), "eks.nat_gateway.aws".into(), "NAT gateways on AWS"),
        (
            policy(&json!({ "security_group_ids": ["web"] })),
            at_policy(".security_group_ids[0]"),
            "is no security group",
        ),
        (policy(&json!({ "security_group_ids": [] })), at_policy(".security_group_ids"), "has 0 security groups"),
        (policy(&json!({ "security_group_ids": six })), at_policy(".security_group_ids"), "has 6 security groups"),
        (policy(&json!({ "namespace": "a.b" })), at_policy(".namespace"), "lowercase letters"),
        (
            policy(&json!({ "pods": { "match_expressions": ["a is b"] } })),
            at_policy(".pods.match_expressions[0]"),
            "no expression",
        ),
        (
            policy(&json!({ "service_accounts": { "all": true } })),
            at_policy(".service_accounts"),
            "cannot stand beside pods",
        ),
        (group_policy(&json!({})), at_policy(""), "needs pods or service_accounts"),
    ];
    assert_told(cases, &expect_file!["testdata/wrong_parts_on_eks.txt"]);
}

#[test]
fn wrong_parts_are_told_on_their_path_elsewhere() {
    let at_gateway = |rest: &str| format!("aks.static_gateway_configurations[\"partners\"]{rest}");
    let at_networking = |rest: &str| format!("ack.pod_networkings[\"egress\"]{rest}");
    let cases = vec![
        (
            json!({ "aks": { "static_gateway_configurations": {} } }),
            "aks.static_gateway_configurations".into(),
            "names no gateway",
        ),
        (aks(&json!({ "gateway_nodepool_name": "Egress-1" })), at_gateway(".gateway_nodepool_name"), "is no node pool"),
        (
            aks(&json!({ "provision_public_ips": null, "public_ip_prefix": { "id": "p" } })),
            at_gateway(".public_ip_prefix.id"),
            "is no public IP prefix",
        ),
        (
            aks(
                &json!({ "provision_public_ips": null, "public_ip_prefix": { "id": PREFIX, "ip_prefix": "192.0.2.0" } }),
            ),
            at_gateway(".public_ip_prefix.ip_prefix"),
            "has no prefix length",
        ),
        (
            aks(&json!({ "provision_public_ips": false, "public_ip_prefix": { "id": PREFIX } })),
            at_gateway(".public_ip_prefix"),
            "cannot stand beside provision_public_ips",
        ),
        (aks(&json!({ "exclude_cidrs": ["10.0.0.0/40"] })), at_gateway(".exclude_cidrs[0]"), "is not a CIDR block"),
        (aks(&json!({ "exclude_cidrs": ["cluster"] })), at_gateway(".exclude_cidrs"), "does not say which addresses"),
        (aks(&json!({ "provision_public_ips": null })), at_gateway(""), "has no addresses"),
        (
            aks(&json!({ "default_route": "azureNetworking", "exclude_cidrs": [] })),
            at_gateway(".exclude_cidrs"),
            "names no block",
        ),
        (json!({ "gke": { "non_masquerade_cidrs": [] } }), "gke.non_masquerade_cidrs".into(), "names no block"),
        (json!({ "gke": { "non_masquerade_cidrs": ["fd00::/8"] } }), "gke.non_masquerade_cidrs".into(), "IPv6 block"),
        (
            json!({ "gke": { "non_masquerade_cidrs": ["10.0.0.0/8"], "resync_interval": "500ms" } }),
            "gke.resync_interval".into(),
            "no whole number of seconds",
        ),
        (json!({ "ack": {} }), "ack".into(), "steers nothing"),
        (networking(&json!({ "pods": {} })), at_networking(".pods"), "selects nothing in particular"),
        (networking(&json!({ "namespaces": {} })), at_networking(".namespaces"), "selects nothing in particular"),
        (networking(&json!({ "vswitch_ids": [] })), at_networking(""), "names no vSwitch"),
        (networking(&json!({ "vswitch_ids": ["vpc-1"] })), at_networking(".vswitch_ids[0]"), "is no vSwitch"),
        (networking(&json!({ "release_after": "10m" })), at_networking(".release_after"), "needs allocation_type"),
        (eip(&json!({ "instance_id": "1.2.3.4" })), "ack.pod_eips[\"partners\"].instance_id".into(), "no elastic IP"),
        (
            eip(&json!({ "instance_id": "eip-1", "bandwidth": 5 })),
            "ack.pod_eips[\"partners\"].bandwidth".into(),
            "cannot stand beside instance_id",
        ),
        (
            eip(&json!({ "new": true, "release_strategy": "soon" })),
            "ack.pod_eips[\"partners\"].release_strategy".into(),
            "length of time",
        ),
        (eip(&json!({ "new": true })), "ack.pod_eips[\"partners\"].release_strategy".into(), "must be set with new"),
        (eip(&json!({ "bandwidth": 5 })), "ack.pod_eips[\"partners\"]".into(), "needs instance_id"),
        (eip(&json!({ "new": false })), "ack.pod_eips[\"partners\"].new".into(), "must be true or left out"),
    ];
    assert_told(cases, &expect_file!["testdata/wrong_parts_elsewhere.txt"]);
}

#[test]
fn each_service_becomes_its_objects() {
    for (attributes, ids) in [
        (eks(&json!({})), ["ENIConfig/eu-west-1a"].as_slice()),
        (group_policy(&json!({ "service_accounts": { "all": true } })), &["SecurityGroupPolicy/shop/payments"]),
        (aks(&json!({})), &["StaticGatewayConfiguration/shop/partners"]),
        (json!({ "gke": { "non_masquerade_cidrs": ["10.0.0.0/8"] } }), &["ConfigMap/kube-system/ip-masq-agent"]),
        (networking(&json!({ "allocation_type": "Fixed", "release_after": "20m" })), &["PodNetworking/egress"]),
        (eip(&json!({ "new": true, "bandwidth": 10, "release_strategy": "Never" })), &[]),
    ] {
        let outcome = check(&attributes);
        assert_eq!(messages(&outcome, Severity::Error), Vec::<String>::new(), "{attributes}");
        assert_eq!(objects(&outcome), ids, "{attributes}");
        assert!(outcome.requirements.is_some_and(|needed| !needed.is_empty()), "{attributes}");
    }
}

#[test]
fn what_pods_must_carry_is_told_by_key() {
    let annotation = |attributes: &Json, key: &str, name: &str| {
        let outcome = check(attributes);
        let path = Path::root().key(key).key(name);
        computed(&outcome, "pod_annotations").at(&path).and_then(Value::as_str).map(str::to_owned)
    };
    let of_aks = annotation(&aks(&json!({})), "partners", "kubernetes.azure.com/static-gateway-configuration");
    assert_eq!(of_aks.as_deref(), Some("partners"));
    let kept = eip(&json!({ "new": true, "release_strategy": "10m", "common_bandwidth_package_id": "cbwp-1" }));
    assert_eq!(annotation(&kept, "partners", "k8s.aliyun.com/pod-with-eip").as_deref(), Some("true"));
    assert_eq!(annotation(&kept, "partners", "k8s.aliyun.com/pod-eip-release-strategy").as_deref(), Some("600s"));
    assert_eq!(computed(&check(&eks(&json!({}))), "pod_annotations"), &Value::map::<&str, Value>([]));
}

#[test]
fn a_zone_without_a_gateway_is_a_warning_and_the_addresses_are_then_not_claimed() {
    let gateway = |aws: &Json| eks(&json!({ "nat_gateway": { "aws": aws, "egress_cidrs": ["192.0.2.1/32"] } }));
    let public = |zone_name: &str| json!({ "zones": { zone_name: zone("subnet-12345678") } });
    for (aws, covered) in [
        (public("eu-west-1a"), true),
        (json!({ "availability_mode": "regional" }), true),
        (public("eu-west-1b"), false),
        (json!({}), false),
    ] {
        let outcome = check(&gateway(&aws));
        let warnings = messages(&outcome, Severity::Warning);
        let at = "eks.eni_configs[\"eu-west-1a\"]: The NAT gateway has no gateway in eu-west-1a";
        assert_eq!(warnings.iter().filter(|warning| warning.starts_with(at)).count(), usize::from(!covered), "{aws}");
        let cidrs = if covered { Value::list(["192.0.2.1/32"]) } else { Value::Null };
        assert_eq!(computed(&outcome, "egress_cidrs"), &cidrs, "{aws}");
        let requirements: Vec<String> = outcome.requirements.iter().flatten().map(ToString::to_string).collect();
        assert!(requirements.iter().any(|needed| needed.contains("AWS_VPC_K8S_CNI_EXTERNALSNAT")), "{requirements:?}");
    }
    assert_eq!(computed(&check(&eks(&json!({}))), "egress_cidrs"), &Value::Null, "no gateway was given");
}

#[test]
fn addresses_are_complete_or_not_known() {
    let prefix = |block: &str| json!({ "namespace": "shop", "gateway_nodepool_name": "egress", "default_route": "staticEgressGateway", "exclude_cidrs": [], "public_ip_prefix": { "id": PREFIX, "ip_prefix": block } });
    let own = json!({ "namespace": "shop", "gateway_nodepool_name": "egress", "default_route": "staticEgressGateway", "exclude_cidrs": [], "provision_public_ips": true });
    let both = |second: &Json| json!({ "aks": { "static_gateway_configurations": { "a": prefix("192.0.2.8/31"), "b": second } } });
    assert_eq!(
        computed(&check(&both(&prefix("192.0.2.0/31"))), "egress_cidrs"),
        &Value::list(["192.0.2.0/31", "192.0.2.8/31"])
    );
    assert_eq!(computed(&check(&both(&own)), "egress_cidrs"), &Value::Null);
    let path = ["aks", "static_gateway_configurations", "b", "public_ip_prefix", "ip_prefix"];
    let outcome = PodNetwork::check(&later(&both(&prefix("192.0.2.0/31")), &path), &InCluster::default());
    assert_eq!(computed(&outcome, "egress_cidrs"), &Value::UNKNOWN);
    assert_eq!(objects(&outcome).len(), 2, "the objects do not depend on the block");
}

#[test]
fn unknown_parts_hide_no_mistakes_and_invent_none() {
    let gateway =
        json!({ "aws": { "zones": { "eu-west-1a": zone("subnet-12345678") } }, "egress_cidrs": ["192.0.2.1/32"] });
    let whole = eks(&json!({ "nat_gateway": gateway }));
    for path in [
        ["eks"].as_slice(),
        &["eks", "eni_configs"],
        &["eks", "eni_configs", "eu-west-1a"],
        &["eks", "eni_configs", "eu-west-1a", "subnet_id"],
        &["eks", "nat_gateway"],
        &["eks", "nat_gateway", "aws"],
        &["eks", "nat_gateway", "aws", "zones"],
        &["eks", "nat_gateway", "egress_cidrs"],
        &["labels"],
    ] {
        let outcome = PodNetwork::check(&later(&with_labels(&whole), path), &InCluster::default());
        assert_eq!(messages(&outcome, Severity::Error), Vec::<String>::new(), "{path:?}");
        let decides_objects = path.get(1) != Some(&"nat_gateway");
        assert_eq!(outcome.manifests.is_none(), decides_objects, "{path:?}");
        let decides_addresses =
            path.contains(&"egress_cidrs") || matches!(path, ["eks"] | ["eks", "eni_configs" | "nat_gateway"]);
        assert_eq!(computed(&outcome, "egress_cidrs").is_unknown(), decides_addresses, "{path:?}");
    }
    let policy = group_policy(&json!({ "pods": { "all": true } }));
    let outcome =
        PodNetwork::check(&later(&policy, &["eks", "security_group_policies", "payments"]), &InCluster::unconfigured());
    assert_eq!((messages(&outcome, Severity::Error), outcome.manifests.is_none()), (Vec::new(), true));
    let bad = eks(
        &json!({ "security_group_policies": { "payments": { "namespace": "a.b", "security_group_ids": [], "pods": { "all": true } } } }),
    );
    let outcome = PodNetwork::check(&later(&bad, &["eks", "eni_configs", "eu-west-1a"]), &InCluster::unconfigured());
    assert_eq!(messages(&outcome, Severity::Error).len(), 2, "both mistakes of the other part are reported");
}

fn with_labels(attributes: &Json) -> Json {
    let mut all = attributes.clone();
    all["labels"] = json!({ "a": "b" });
    all
}

#[test]
fn traffic_within_the_cluster_stays_there_where_its_ranges_are_known() {
    let unsaid = aks(&json!({ "exclude_cidrs": ["cluster"] }));
    let cidrs = ClusterCidrsSpec { pods: vec!["10.244.0.0/16".to_owned()], ..ClusterCidrsSpec::default() };
    let cluster = ClusterSpec { cidrs, ..ClusterSpec::default() };
    let mut known = InCluster::default();
    known.settings.cluster = cluster.ranges().expect("ranges");
    let outcome = PodNetwork::check(&config(&unsaid), &known);
    assert_eq!(messages(&outcome, Severity::Warning), Vec::<String>::new());
    assert!(outcome.manifests.expect("manifests")[0].to_yaml().contains("10.244.0.0/16"));
    let unknown = InCluster { cluster: None, ..InCluster::default() };
    assert!(PodNetwork::check(&config(&unsaid), &unknown).manifests.is_none(), "the ranges come with the cluster");
}

#[test]
fn an_import_is_by_name() {
    assert_eq!(PodNetwork::parse_id("prod").expect("an id"), Value::object([("name", "prod")]));
    let error = PodNetwork::parse_id("kube-system/prod").expect_err("no name");
    assert!(error.detail.contains("is not the name of a pod network"), "{}", error.detail);
}
