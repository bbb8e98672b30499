//! What a plan is checked against beside what it wants: the other resources of the run, the state, and what further calls say.

use std::collections::BTreeMap;

use cloud_aws::Region;
use cloud_aws::nat_gateways::desired::Desired;
use cloud_aws::nat_gateways::observed::Observed;
use cloud_aws::nat_gateways::plan::Plan;
use cloud_aws::nat_gateways::plan::forecast::{self, Known};
use egress_model::identity::Key;
use tfplugin::Diagnostics;

use super::{input, predicted, report, resource};
use crate::session::Configured;

/// Routes of this resource that another resource of the run has too.
pub(super) fn claimed_twice(configured: &Configured, region: &Region, desired: &Desired) -> Diagnostics {
    let us = resource(&desired.identity);
    let routes = forecast::known_routes(desired).into_iter();
    let shared = routes.filter_map(|(route, key)| {
        let claim = format!("{}/{}", region.name(), input::route_text(&route));
        Some(report::shared(&route, &key, &configured.this_run.routes.claim(&claim, &us)?))
    });
    shared.collect()
}

/// The error where the world is no longer what the state says, so that what was planned would not come.
pub(super) fn refuse_stale(
    desired: &Desired,
    observed: &Observed,
    known: &BTreeMap<Key, Known>,
) -> Result<(), Diagnostics> {
    let stale = forecast::stale(desired, observed, known);
    if stale.is_empty() { Ok(()) } else { Err(stale.iter().map(report::stale).collect()) }
}

/// What can only be found out by further calls, about what is yet to be made: subnets, quotas of zones, and the groups of zones
/// that addresses can be used in. None of it is needed to decide, so a call that fails is a warning. Without a plan, a gateway
/// is made where there is none.
pub(super) async fn checks(
    configured: &Configured,
    region: &Region,
    desired: &Desired,
    observed: &Observed,
    plan: Option<&Plan>,
) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    match region.tables_of_subnets().await {
        Ok(explicit) => diagnostics.extend(report::loops(desired, observed, &explicit)),
        Err(error) => diagnostics.push(report::unchecked("the route tables", &error)),
    }
    let wanted = report::new_subnets(desired, observed);
    match region.subnets(wanted.values().cloned().collect()).await {
        Ok(found) => diagnostics.extend(report::subnets(&wanted, &found)),
        Err(error) => diagnostics.push(report::unchecked("the subnets", &error)),
    }
    let made = predicted::made_per_zone(desired, observed, plan);
    if !made.is_empty() {
        match region.nat_gateways_per_zone().await {
            Ok(there) => {
                let resource = resource(&desired.identity);
                let of_run = |zone: &Key, made: usize| {
                    configured.this_run.made.note(&format!("NAT gateways in {zone}"), &resource, made)
                };
                let made = made.into_iter().map(|(zone, made)| (zone.clone(), of_run(&zone, made))).collect();
                diagnostics.extend(report::zone_quotas(&made, &there));
            }
            Err(error) => diagnostics.push(report::unchecked("the quota of NAT gateways", &error)),
        }
    }
    let odd = report::foreign_groups(desired, observed, region.name());
    if !odd.is_empty() {
        match region.border_groups(odd.into_iter().collect()).await {
            Ok(groups) => diagnostics.extend(report::border_groups(desired, observed, &groups)),
            Err(error) => diagnostics.push(report::unchecked("the zones", &error)),
        }
    }
    diagnostics
}
