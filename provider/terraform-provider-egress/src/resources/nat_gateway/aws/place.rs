//! Where the gateways are: in which account and region.

use std::sync::Arc;

use cloud_aws::Region;
use cloud_aws::nat_gateways::observed::Observed;
use tfplugin::Diagnostic;
use tfplugin::cty::Value;

use super::input::Input;
use super::report;
use super::state::Arns;
use crate::session::{Configured, Failure, Unavailable};

/// Why AWS cannot be called.
pub(super) enum Unreached {
    /// How it is reached is known only after apply.
    Unknown,
    /// It was tried, or is not configured.
    Failed(Failure),
}

pub(super) async fn region(configured: &Configured, name: Option<&str>) -> Result<Arc<Region>, Unreached> {
    let aws = configured.aws.as_ref().map_err(|unavailable| match unavailable {
        Unavailable::Missing(diagnostic) => Unreached::Failed(diagnostic.clone().into()),
        Unavailable::Unknown => Unreached::Unknown,
    })?;
    Ok(aws.cloud().await.map_err(Unreached::Failed)?.region(name))
}

/// The gateways stay in their region. A change from one written region to another replaces the resource; where one of the
/// two is the provider's, Terraform sees no such change.
pub(super) async fn check_region(configured: &Configured, prior: &Value, now: &Region) -> Result<(), Diagnostic> {
    let prior = Input::read(prior)?;
    let used = connected(configured, prior.region().known().copied()).await.map_err(|failure| failure.diagnostic)?;
    if used.name() == now.name() { Ok(()) } else { Err(report::moved(used.name(), now.name())) }
}

/// A zone of the state that is not one of this region. The names of zones begin with their region's (Amazon EC2 user guide,
/// "Regions and Zones"), so that gateways of another region are not mistaken for gateways that are gone.
pub(in super::super) fn foreign_zone<'a>(state: &'a Value, region: &str) -> Option<&'a str> {
    let zones = state.get("aws")?.get("zones")?.as_map()?;
    zones.keys().map(String::as_str).find(|zone| !zone.starts_with(region))
}

/// A gateway of the state that is not even listed as deleted may be in another account or region.
pub(super) async fn check_place(region: &Region, state: &Value, observed: &Observed) -> Result<(), Diagnostic> {
    for (id, was) in recorded_arns(state)? {
        if observed.gateway(&id).is_none()
            && let Some(now) = region.arn(&object(&id)).await.filter(|now| *now != was)
        {
            return Err(report::elsewhere_by_name(&was, &now));
        }
    }
    Ok(())
}

/// The global names of the gateways: those of the state, or AWS's answer.
pub(super) async fn arns(region: &Region, state: &Value, observed: &Observed) -> Result<Arns, Diagnostic> {
    let mut arns = recorded_arns(state)?;
    for id in observed.view().gateways.into_values().map(|gateway| gateway.id) {
        if !arns.contains_key(&id)
            && let Some(arn) = region.arn(&object(&id)).await
        {
            arns.insert(id, arn);
        }
    }
    Ok(arns)
}

/// How a gateway is called in its ARN (service authorization reference, "Resource types defined by Amazon EC2").
fn object(id: &str) -> String {
    format!("natgateway/{id}")
}

pub(super) fn writes_region(value: &Value) -> bool {
    value.get("aws").and_then(|aws| aws.get("region")).is_some_and(|region| !region.is_null())
}

pub(super) async fn connected(configured: &Configured, name: Option<&str>) -> Result<Arc<Region>, Failure> {
    region(configured, name).await.map_err(|unreached| match unreached {
        Unreached::Failed(failure) => failure,
        Unreached::Unknown => {
            let detail = "How AWS is reached depends on values of the provider's aws block that are known only after apply. Apply what they \
                          come from first.";
            Diagnostic::error("AWS is not known yet", detail).into()
        }
    })
}

/// The global names that a state has.
pub(super) fn recorded_arns(prior: &Value) -> Result<Arns, Diagnostic> {
    if prior.is_null() { Ok(Arns::new()) } else { Ok(Input::read(prior)?.arns()) }
}
