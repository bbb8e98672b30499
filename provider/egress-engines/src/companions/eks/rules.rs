//! What EKS refuses of these objects beyond their schemas, and what it takes and does not do.

use serde_json::Value;

use super::object::{SecurityGroupId, SubnetId};
use crate::companions::checks::{Ids, Unread, unread, version_and_kind, violation};
use crate::violation::Violation;

const EKS: &str = "EKS documentation, \"Assign security groups to individual pods\" and \"Custom networking\"";

const UNREAD: &[Unread] = &[Unread {
    key: "k8s.amazonaws.com/pod-networking-config",
    instead: "is read by nothing: a SecurityGroupPolicy gives pods security groups, an ENIConfig gives the pods of a zone a subnet",
    source: EKS,
}];

/// What one object breaks.
pub(super) fn check(object: &Value) -> Vec<Violation> {
    let spec = &object["spec"];
    match version_and_kind(object) {
        ("vpcresources.k8s.aws/v1beta1", "SecurityGroupPolicy") => {
            let list = &spec["securityGroups"]["groupIds"];
            Ids { field: "spec.securityGroups.groupIds", list, count: 1..=5, source: EKS }.check::<SecurityGroupId>()
        }
        ("crd.k8s.amazonaws.com/v1alpha1", "ENIConfig") => {
            let list = &spec["securityGroups"];
            let groups = Ids { field: "spec.securityGroups", list, count: 0..=5, source: EKS };
            let mut found = groups.check::<SecurityGroupId>();
            if let Err(error) = spec["subnet"].as_str().unwrap_or_default().parse::<SubnetId>() {
                found.push(violation("spec.subnet", error.to_string(), EKS));
            }
            found
        }
        _ => unread(object, UNREAD),
    }
}
