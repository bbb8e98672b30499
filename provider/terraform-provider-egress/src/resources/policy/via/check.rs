//! What is wrong with a `via`, without a look at a cloud.

use egress_model::policy::{ClusterRanges, Spec};
use egress_model::via::{Unroutable, destinations};
use tfplugin::Diagnostics;
use tfplugin::cty::Value;

use super::backend::Backend;
use super::{BACKENDS, part, report};

/// What is wrong with a `via`. `spec` is what is known of the policy, which the model takes.
pub(in super::super) fn check(value: &Value, spec: &Spec, cluster: &ClusterRanges) -> Diagnostics {
    let Some(via) = value.get("via").filter(|via| !via.is_null() && !via.is_unknown()) else {
        return Diagnostics::new();
    };
    let gateway = part(via, "nat_gateway");
    let mut diagnostics = Diagnostics::new();
    if part(via, "egress_gateway").is_some() {
        let options = BACKENDS.iter().map(|backend| backend.cloud()).filter(|cloud| part(via, cloud.name).is_some());
        diagnostics.extend(options.map(report::only_of_nat_gateways));
        diagnostics.extend(gateway.map(|_| report::two_gateways()));
        return diagnostics;
    }
    let clouds = gateway.map(possible).unwrap_or_default();
    match (gateway, clouds.as_slice()) {
        (None, _) => diagnostics.push(report::no_gateway()),
        (Some(_), []) => diagnostics.push(report::no_cloud()),
        (Some(_), clouds) => diagnostics.extend(clouds.iter().flat_map(|cloud| cloud.check(via))),
    }
    // Rules that are not known yet may have something to route.
    let others =
        clouds.iter().any(|cloud| cloud.sends_more(via)) || !value.get("allow").is_none_or(Value::is_wholly_known);
    if let Err(wrong) = destinations(spec, cluster, others) {
        diagnostics.extend(wrong.iter().map(|(path, why)| report::unroutable(path, why, &instead(&clouds, why))));
    }
    diagnostics
}

/// The clouds that a gateway may be in: as long as it is not known, each of them.
fn possible(gateway: &Value) -> Vec<&'static dyn Backend> {
    BACKENDS.into_iter().filter(|backend| part(gateway, backend.cloud().name).is_some()).collect()
}

fn instead(clouds: &[&dyn Backend], why: &Unroutable) -> String {
    let mut sentences: Vec<&str> = clouds.iter().map(|cloud| cloud.remedy(why)).collect();
    sentences.dedup();
    sentences.join(" ")
}
