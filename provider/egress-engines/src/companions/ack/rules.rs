//! What Terway refuses of these objects beyond their schemas, and what ACK takes and does not do.

use serde_json::Value;

use super::object::{SecurityGroupId, VSwitchId};
use crate::companions::checks::{Ids, Unread, unread, version_and_kind, violation};
use crate::violation::Violation;

const TERWAY: &str = "Terway 1.17.5, pkg/controller/webhook/validate.go";
const ACK: &str = "ACK documentation, \"Attach an independent EIP to a pod\"";

const UNREAD: &[Unread] = &[
    Unread {
        key: "k8s.aliyun.com/pod-eip",
        instead: "is read by nothing: write k8s.aliyun.com/pod-with-eip",
        source: ACK,
    },
    Unread {
        key: "k8s.aliyun.com/eip-bindingtype",
        instead: "is read by nothing: a NAT gateway is the VPC's, whatever the pod says",
        source: ACK,
    },
];

/// What one object breaks.
pub(super) fn check(object: &Value) -> Vec<Violation> {
    match version_and_kind(object) {
        ("network.alibabacloud.com/v1beta1", "PodNetworking") => pod_networking(&object["spec"]),
        _ => unread(object, UNREAD),
    }
}

fn pod_networking(spec: &Value) -> Vec<Violation> {
    let vswitches =
        Ids { field: "spec.vSwitchOptions", list: &spec["vSwitchOptions"], count: 1..=usize::MAX, source: TERWAY };
    let groups = Ids { field: "spec.securityGroupIDs", list: &spec["securityGroupIDs"], count: 1..=10, source: TERWAY };
    let mut found = vswitches.check::<VSwitchId>();
    found.extend(groups.check::<SecurityGroupId>());
    let allocation = &spec["allocationType"];
    let release_after = allocation["releaseAfter"].as_str().unwrap_or_default();
    if allocation["releaseStrategy"] == "Never" && !release_after.is_empty() {
        found.push(violation("spec.allocationType.releaseAfter", "is empty where releaseStrategy is Never", TERWAY));
    }
    if allocation["releaseStrategy"] == "TTL" && release_after.is_empty() {
        found.push(violation("spec.allocationType.releaseAfter", "is a duration where releaseStrategy is TTL", TERWAY));
    }
    found
}
