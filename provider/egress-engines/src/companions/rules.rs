//! The clouds' own rules about their objects in the cluster, beyond the schemas: what their webhooks and controllers refuse, and
//! what they take and do not do.
//!
//! Source: the modules beside this one, each of which names its own.

use std::str::FromStr;

use egress_model::cidr::Cidr;
use serde_json::Value;

use super::{ack, eks, gke};
use crate::violation::Violation;

const EKS: &str = "EKS documentation, \"Assign security groups to individual pods\" and \"Custom networking\"";
const AKS: &str = "kube-egress-gateway 0.1.8, controllers/manager/staticgatewayconfiguration_controller.go";
const GKE: &str = "ip-masq-agent, cmd/ip-masq-agent/ip-masq-agent.go";
const TERWAY: &str = "Terway 1.17.5, pkg/controller/webhook/validate.go";
const ACK: &str = "ACK documentation, \"Attach an independent EIP to a pod\"";

/// Annotations that are often written and that nothing reads, with what to write instead.
const UNREAD: [(&str, &str, &str); 3] = [
    (
        "k8s.amazonaws.com/pod-networking-config",
        "is read by nothing: a SecurityGroupPolicy gives pods security groups, an ENIConfig gives the pods of a zone a subnet",
        EKS,
    ),
    ("k8s.aliyun.com/pod-eip", "is read by nothing: write k8s.aliyun.com/pod-with-eip", ACK),
    ("k8s.aliyun.com/eip-bindingtype", "is read by nothing: a NAT gateway is the VPC's, whatever the pod says", ACK),
];

/// What one object breaks. Objects of other kinds break nothing.
pub fn check(object: &Value) -> Vec<Violation> {
    let mut found = Vec::new();
    let spec = &object["spec"];
    match (object["apiVersion"].as_str().unwrap_or_default(), object["kind"].as_str().unwrap_or_default()) {
        ("vpcresources.k8s.aws/v1beta1", "SecurityGroupPolicy") => {
            let field = "spec.securityGroups.groupIds";
            ids::<eks::SecurityGroupId>(&spec["securityGroups"]["groupIds"], (field, EKS), 1..=5, &mut found);
        }
        ("crd.k8s.amazonaws.com/v1alpha1", "ENIConfig") => {
            ids::<eks::SecurityGroupId>(&spec["securityGroups"], ("spec.securityGroups", EKS), 0..=5, &mut found);
            if let Err(error) = spec["subnet"].as_str().unwrap_or_default().parse::<eks::SubnetId>() {
                found.push(violation("spec.subnet", error.to_string(), EKS));
            }
        }
        ("network.alibabacloud.com/v1beta1", "PodNetworking") => pod_networking(spec, &mut found),
        ("egressgateway.kubernetes.azure.com/v1alpha1", "StaticGatewayConfiguration") => {
            static_gateway(spec, &mut found);
        }
        ("v1", "ConfigMap")
            if object["metadata"]["name"] == "ip-masq-agent" && object["metadata"]["namespace"] == "kube-system" =>
        {
            ip_masq_agent(object, &mut found);
        }
        ("v1", "Pod") => annotations(&object["metadata"], "metadata", &mut found),
        _ => annotations(&spec["template"]["metadata"], "spec.template.metadata", &mut found),
    }
    found
}

fn violation(field: impl Into<String>, rule: impl Into<String>, source: &'static str) -> Violation {
    Violation { field: field.into(), rule: rule.into(), source }
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// A list of so many ids.
fn ids<T: FromStr<Err: ToString>>(
    list: &Value,
    (field, source): (&str, &'static str),
    count: std::ops::RangeInclusive<usize>,
    found: &mut Vec<Violation>,
) {
    for (index, id) in items(list).iter().enumerate() {
        if let Err(error) = id.as_str().unwrap_or_default().parse::<T>() {
            found.push(violation(format!("{field}[{index}]"), error.to_string(), source));
        }
    }
    if !count.contains(&items(list).len()) {
        found.push(violation(field, format!("has {} to {} elements", count.start(), count.end()), source));
    }
}

fn pod_networking(spec: &Value, found: &mut Vec<Violation>) {
    ids::<ack::VSwitchId>(&spec["vSwitchOptions"], ("spec.vSwitchOptions", TERWAY), 1..=usize::MAX, found);
    ids::<ack::SecurityGroupId>(&spec["securityGroupIDs"], ("spec.securityGroupIDs", TERWAY), 1..=10, found);
    let allocation = &spec["allocationType"];
    let release_after = allocation["releaseAfter"].as_str().unwrap_or_default();
    if allocation["releaseStrategy"] == "Never" && !release_after.is_empty() {
        found.push(violation("spec.allocationType.releaseAfter", "is empty where releaseStrategy is Never", TERWAY));
    }
    if allocation["releaseStrategy"] == "TTL" && release_after.is_empty() {
        found.push(violation("spec.allocationType.releaseAfter", "is a duration where releaseStrategy is TTL", TERWAY));
    }
}

fn static_gateway(spec: &Value, found: &mut Vec<Violation>) {
    let has = |field: &str| spec[field].as_str().is_some_and(|text| !text.is_empty());
    let has_scale_set = spec["gatewayVmssProfile"].as_object().is_some_and(|profile| !profile.is_empty());
    if has("gatewayNodepoolName") == has_scale_set {
        found.push(violation("spec.gatewayNodepoolName", "or gatewayVmssProfile is there, and not both", AKS));
    }
    if spec["provisionPublicIps"] == false && has("publicIpPrefixId") {
        found.push(violation("spec.publicIpPrefixId", "stands only where provisionPublicIps is true", AKS));
    }
}

fn ip_masq_agent(object: &Value, found: &mut Vec<Violation>) {
    let field = "data.config";
    let text = object["data"]["config"].as_str().unwrap_or_default();
    let Ok(config) = serde_yaml_ng::from_str::<Value>(text) else {
        return found.push(violation(field, "is no YAML, so that the agent keeps what it had", GKE));
    };
    let blocks = items(&config["nonMasqueradeCIDRs"]);
    if blocks.len() > gke::MOST_BLOCKS {
        found.push(violation(field, gke::Error::TooMany(blocks.len()).to_string(), GKE));
    }
    for block in blocks {
        let text = block.as_str().unwrap_or_default();
        match text.parse::<Cidr>() {
            Ok(cidr) if !cidr.same_family(&Cidr::ALL_IPV4) => {
                found.push(violation(field, gke::Error::Ipv6(cidr).to_string(), GKE));
            }
            Ok(cidr) if cidr.to_string() == text => {}
            Ok(cidr) => found.push(violation(field, format!("{text} has host bits; write {cidr}"), GKE)),
            Err(error) => found.push(violation(field, error.to_string(), GKE)),
        }
    }
}

fn annotations(metadata: &Value, at: &str, found: &mut Vec<Violation>) {
    for (key, rule, source) in UNREAD {
        if metadata["annotations"].get(key).is_some() {
            found.push(violation(format!("{at}.annotations[{key:?}]"), rule, source));
        }
    }
}
