//! Rules about the values of Cilium's Helm chart, as far as egress depends on them.

use serde_json::Value;

use super::Found;
use crate::violation::Violation;

const CHART: &str = "Cilium 1.20, install/kubernetes/cilium (templates and values.yaml)";
const GATEWAY: &str = "Cilium documentation, \"Egress Gateway\"";

/// What the values of a release break: what the chart refuses, and what it ignores.
pub fn check(values: &Value) -> Vec<Violation> {
    let mut found = Found::default();
    let is_true = |value: &Value| *value == true || *value == "true";
    let is_switch = |value: &Value| value.is_boolean() || *value == "true" || *value == "false";
    let replacement = &values["kubeProxyReplacement"];
    if !replacement.is_null() && !is_switch(replacement) {
        found.add(CHART, "kubeProxyReplacement", format!("is true or false, not {replacement}; the chart refuses it"));
    }
    if values["egressGateway"].get("installRoutes").is_some() {
        found.add(CHART, "egressGateway.installRoutes", "is ignored: the value no longer exists");
    }
    if values["bpf"].get("hostRouting").is_some() {
        found.add(
            CHART,
            "bpf.hostRouting",
            "is ignored: the value is bpf.hostLegacyRouting, with the opposite meaning",
        );
    }
    let mode = values["ipam"]["mode"].as_str().unwrap_or("cluster-pool");
    let pools = &values["ipam"]["operator"];
    for pool in ["clusterPoolIPv4PodCIDRList", "clusterPoolIPv6PodCIDRList"] {
        if pools.get(pool).is_some() && mode != "cluster-pool" {
            let why = format!("is ignored with ipam.mode {mode}: only cluster-pool has it");
            found.add(CHART, format!("ipam.operator.{pool}"), why);
        }
    }
    if is_true(&values["egressGateway"]["enabled"]) {
        for (field, value) in [("bpf.masquerade", &values["bpf"]["masquerade"]), ("kubeProxyReplacement", replacement)]
        {
            if !is_true(value) {
                found.add(GATEWAY, field, "must be true for egress gateways");
            }
        }
    }
    found.0
}
