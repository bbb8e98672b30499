//! What the clouds' companions become, as files to review. `UPDATE_GOLDEN=1 cargo test -p egress-engines` rewrites them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{Debug, Display, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use egress_engines::companions::check;
use egress_engines::companions::{ack, aks, eks, gke};
use egress_engines::{Manifest, Requirement};
use egress_model::cidr::Cidr;
use egress_model::labels::{LabelKey, LabelValue, Selector};
use serde_json::{Value, json};

use crate::emitted;

/// What a companion becomes.
#[derive(Default)]
struct Output {
    manifests: Vec<Manifest>,
    pod_annotations: BTreeMap<&'static str, String>,
    requirements: Vec<Requirement>,
}

/// A value from its text.
fn of<T: FromStr<Err: Debug>>(text: &str) -> T {
    text.parse().expect(text)
}

fn all_of<T: FromStr<Err: Debug>>(texts: &[&str]) -> Vec<T> {
    texts.iter().map(|text| of(text)).collect()
}

fn matching(key: &str, value: &str) -> Selector {
    Selector { match_labels: [(of::<LabelKey>(key), of::<LabelValue>(value))].into(), ..Selector::default() }
}

fn eks() -> Vec<(&'static str, Output)> {
    let groups = |texts: &[&str]| eks::SecurityGroups::new(all_of(texts)).expect("security groups");
    let zone = |zone: &str, subnet: &str, groups: Option<eks::SecurityGroups>| {
        eks::eni_config(&eks::EniConfig { zone: of(zone), subnet: of(subnet), security_groups: groups })
    };
    let zones = vec![
        zone("eu-west-1a", "subnet-0a1b2c3d4e5f60718", Some(groups(&["sg-0123456789abcdef0", "sg-12345678"]))),
        zone("eu-west-1b", "subnet-1a1b2c3d4e5f60718", None),
    ];
    let policy = |pods: eks::Pods| {
        eks::security_group_policy(&eks::SecurityGroupPolicy {
            name: of("egress-sg-policy"),
            namespace: of("production"),
            pods,
            security_groups: groups(&["sg-0123456789abcdef0"]),
        })
    };
    let of_pods = |manifest| Output {
        manifests: vec![manifest],
        requirements: eks::security_group_policy_requirements(),
        ..Output::default()
    };
    vec![
        ("eni-config", Output { manifests: zones, requirements: eks::eni_config_requirements(), ..Output::default() }),
        ("guide-security-group-policy", of_pods(policy(eks::Pods::Labels(matching("egress-tier", "external"))))),
        (
            "security-group-policy-service-account",
            of_pods(policy(eks::Pods::ServiceAccountLabels(matching("egress", "partners")))),
        ),
    ]
}

fn aks() -> Vec<(&'static str, Output)> {
    let id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/egress/providers/Microsoft.Network/publicIPPrefixes/partners";
    let gateway = |addresses, through| {
        let gateway = aks::StaticGateway {
            name: of("partners"),
            namespace: of("production"),
            node_pool: of("egress"),
            addresses,
            through,
        };
        let (key, value) = gateway.pod_annotation();
        Output {
            manifests: vec![aks::compile(&gateway)],
            pod_annotations: [(key, value)].into(),
            requirements: aks::requirements(&gateway),
        }
    };
    let cluster = || aks::Through::AllBut(all_of(&["10.244.0.0/16", "10.0.0.0/16"]));
    vec![
        ("own-prefix", gateway(aks::Addresses::Prefix(of(id)), cluster())),
        ("provisioned", gateway(aks::Addresses::Provisioned, cluster())),
        ("private", gateway(aks::Addresses::Private, aks::Through::Only(all_of(&["203.0.113.0/24"])))),
    ]
}

fn gke() -> Vec<(&'static str, Output)> {
    let agent = |blocks: &[&str], masquerade_link_local| {
        let agent = gke::IpMasqAgent {
            non_masquerade: gke::NonMasqueradeCidrs::new(all_of::<Cidr>(blocks)).expect("blocks"),
            masquerade_link_local,
            resync_seconds: of("60"),
        };
        Output { manifests: vec![gke::ip_masq_agent(&agent)], requirements: gke::requirements(), ..Output::default() }
    };
    vec![
        ("ip-masq-agent", agent(&["10.0.0.0/8", "172.16.0.0/12"], false)),
        ("ip-masq-agent-link-local", agent(&["10.4.0.0/14"], true)),
    ]
}

fn ack() -> Vec<(&'static str, Output)> {
    let networking = |selectors| {
        let vswitches = all_of(&["vsw-bp1s5fnvk4gn2tws03624", "vsw-bp1aaaabbbbccccdddde"]);
        let groups: Vec<ack::SecurityGroupId> = all_of(&["sg-bp1fg655nh68xyz9i9pj"]);
        ack::PodNetworking::new(of("egress"), selectors, vswitches, groups).expect("a PodNetworking")
    };
    let with = |networking: &ack::PodNetworking| Output {
        manifests: vec![ack::pod_networking(networking)],
        requirements: ack::pod_networking_requirements(),
        ..Output::default()
    };
    let annotated = |eip: ack::PodEip| Output {
        pod_annotations: ack::eip_annotations(&eip),
        requirements: ack::eip_requirements(),
        ..Output::default()
    };
    let of_pods = networking(ack::Selected {
        pods: Some(matching("egress", "own-vswitch")),
        namespaces: Some(matching("environment", "production")),
    });
    let mut fixed = networking(ack::Selected { pods: None, namespaces: Some(matching("environment", "production")) });
    fixed.eni_type = ack::EniType::Trunk;
    fixed.fixed_address = Some(ack::Keep::Seconds(of("3600")));
    let guide = ack::PodEip::New {
        bandwidth: Some(of("10")),
        charge_type: ack::InternetChargeType::PayByTraffic,
        bandwidth_package: Some(of("cbwp-bp1abcdefghijklmnopq")),
        keep: None,
    };
    let kept = ack::PodEip::New {
        bandwidth: None,
        charge_type: ack::InternetChargeType::PayByBandwidth,
        bandwidth_package: None,
        keep: Some(ack::Keep::Always),
    };
    vec![
        ("pod-networking", with(&of_pods)),
        ("pod-networking-fixed", with(&fixed)),
        ("guide-pod-eip", annotated(guide)),
        ("pod-eip-kept", annotated(kept)),
        ("pod-eip-existing", annotated(ack::PodEip::Existing(of("eip-bp1abcdefghijklmnopqr")))),
    ]
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/engines/golden-companions")
}

fn comment(text: &mut String, what: &str, value: impl Display) {
    writeln!(text, "# {what}: {value}").expect("text");
}

/// The requirements and the pods' annotations as comments, then the manifests.
fn render(output: &Output) -> String {
    let mut text = String::new();
    for requirement in &output.requirements {
        comment(&mut text, "Requires", requirement);
    }
    for (key, value) in &output.pod_annotations {
        comment(&mut text, "Pods", format!("{key}: {value:?}"));
    }
    for manifest in &output.manifests {
        text.push_str("---\n");
        text.push_str(&manifest.to_yaml());
    }
    text
}

#[test]
fn companions_are_as_reviewed() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut different = Vec::new();
    let mut names = BTreeSet::new();
    for (cloud, cases) in [("eks", eks()), ("aks", aks()), ("gke", gke()), ("ack", ack())] {
        for (case, output) in cases {
            let name = format!("{cloud}/{case}.yaml");
            let path = folder().join(&name);
            let actual = render(&output);
            if update {
                std::fs::create_dir_all(path.parent().expect("a folder")).expect("the golden folder can be written");
                std::fs::write(&path, &actual).expect("the golden folder can be written");
            }
            let expected = std::fs::read_to_string(&path).unwrap_or_default();
            if actual != expected {
                different.push(format!("{name}: expected\n{expected}\nbut got\n{actual}"));
            }
            names.insert(name);
        }
    }
    assert!(different.is_empty(), "run with UPDATE_GOLDEN=1 and review:\n{}", different.join("\n"));
    let files: BTreeSet<_> = std::fs::read_dir(folder())
        .expect("the golden folder")
        .flat_map(|cloud| {
            let cloud = cloud.expect("an entry");
            let prefix = cloud.file_name().to_string_lossy().into_owned();
            let of_cloud = std::fs::read_dir(cloud.path()).expect("a folder per cloud");
            of_cloud.map(move |file| format!("{prefix}/{}", file.expect("an entry").file_name().to_string_lossy()))
        })
        .collect();
    assert_eq!(files, names, "every golden file belongs to a case");
}

#[test]
fn what_is_emitted_keeps_the_clouds_rules() {
    let clouds = ["eks", "aks", "gke", "ack"];
    let all: Vec<_> = emitted::all().into_iter().filter(|one| clouds.contains(&one.engine.as_str())).collect();
    for emitted in &all {
        assert_eq!(check(&emitted.object), [], "{}", emitted.case);
    }
    assert!(all.len() > 10, "only {} objects were checked", all.len());
}

/// The guide's own objects, and others that look as good.
#[test]
fn mistakes_are_told_on_their_field() {
    let object =
        |api_version: &str, kind: &str, spec: &Value| json!({"apiVersion": api_version, "kind": kind, "spec": spec});
    let pod = |key: &str| json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"annotations": {key: "x"}}});
    let groups = |ids: &[&str]| {
        object("vpcresources.k8s.aws/v1beta1", "SecurityGroupPolicy", &json!({"securityGroups": {"groupIds": ids}}))
    };
    let eni = |spec: Value| object("crd.k8s.amazonaws.com/v1alpha1", "ENIConfig", &spec);
    let networking = |spec: Value| object("network.alibabacloud.com/v1beta1", "PodNetworking", &spec);
    let gateway =
        |spec: Value| object("egressgateway.kubernetes.azure.com/v1alpha1", "StaticGatewayConfiguration", &spec);
    let agent = |config: &str| {
        let metadata = json!({"name": "ip-masq-agent", "namespace": "kube-system"});
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"config": config}})
    };
    let never = json!({"releaseStrategy": "Never", "releaseAfter": "10m"});
    let template = json!({"template": {"metadata": {"annotations": {"k8s.aliyun.com/pod-eip": "true"}}}});
    let cases = [
        (groups(&["sg-egress-allowed"]), "spec.securityGroups.groupIds[0]"),
        (groups(&[]), "spec.securityGroups.groupIds"),
        (eni(json!({"subnet": "subnet-private-1"})), "spec.subnet"),
        (networking(json!({"vSwitchOptions": [], "securityGroupIDs": ["sg-1"]})), "spec.vSwitchOptions"),
        (networking(json!({"vSwitchOptions": ["vsw-1"], "securityGroupIDs": []})), "spec.securityGroupIDs"),
        (
            networking(json!({"vSwitchOptions": ["vsw-1"], "securityGroupIDs": ["sg-1"], "allocationType": never})),
            "spec.allocationType.releaseAfter",
        ),
        (gateway(json!({"provisionPublicIps": true})), "spec.gatewayNodepoolName"),
        (
            gateway(json!({"gatewayNodepoolName": "a", "provisionPublicIps": false, "publicIpPrefixId": "x"})),
            "spec.publicIpPrefixId",
        ),
        (agent("nonMasqueradeCIDRs: [10.0.0.1/8]"), "data.config"),
        (agent("nonMasqueradeCIDRs: [\"fd00::/8\"]"), "data.config"),
        (agent("a: b: c"), "data.config"),
        (
            pod("k8s.amazonaws.com/pod-networking-config"),
            "metadata.annotations[\"k8s.amazonaws.com/pod-networking-config\"]",
        ),
        (pod("k8s.aliyun.com/eip-bindingtype"), "metadata.annotations[\"k8s.aliyun.com/eip-bindingtype\"]"),
        (object("apps/v1", "Deployment", &template), "spec.template.metadata.annotations[\"k8s.aliyun.com/pod-eip\"]"),
    ];
    for (object, field) in cases {
        let found = check(&object);
        assert_eq!(found.iter().map(|violation| violation.field.as_str()).collect::<Vec<_>>(), [field], "{object}");
    }
    assert_eq!(check(&pod("k8s.aliyun.com/pod-with-eip")), [], "this one is read");
}
