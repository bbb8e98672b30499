//! What AKS refuses of a `StaticGatewayConfiguration` beyond its schema.

use serde_json::Value;

use crate::companions::checks::{version_and_kind, violation};
use crate::violation::Violation;

const AKS: &str = "kube-egress-gateway 0.1.8, controllers/manager/staticgatewayconfiguration_controller.go";

/// What one object breaks.
pub(super) fn check(object: &Value) -> Vec<Violation> {
    let mut found = Vec::new();
    if version_and_kind(object) == ("egressgateway.kubernetes.azure.com/v1alpha1", "StaticGatewayConfiguration") {
        static_gateway(&object["spec"], &mut found);
    }
    found
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
