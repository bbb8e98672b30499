//! What a plan is checked against beside what it wants: the other resources of the run, and what further calls say.

use std::collections::{BTreeMap, BTreeSet};

use cloud_aws::Region;
use cloud_aws::nat_gateways::desired::{Desired, Kind, route_text};
use cloud_aws::nat_gateways::observed::Observed;
use cloud_aws::nat_gateways::operation::Operation;
use cloud_aws::nat_gateways::plan::{forecast, plan};
use egress_model::identity::Key;
use tfplugin::Diagnostics;

use super::{limits, routes, words};
use crate::clouds::aws::{AWS, place};
use crate::resources::nat_gateway::report::unchecked;
use crate::resources::nat_gateway::task::resource;
use crate::session::ThisRun;

/// Routes of this resource that another resource of the run has too.
fn claimed_twice(this_run: &ThisRun, region: &Region, desired: &Desired) -> Diagnostics {
    let (us, place) = (resource(&desired.identity), place(region.name()));
    let routes = forecast::known_routes(desired).into_iter();
    let shared = routes.filter_map(|(route, key)| {
        let other = this_run.routes.claim(&place, &route_text(&route), &us)?;
        Some(words::shared(&route, &key, &other))
    });
    shared.collect()
}

/// What is said beside what a plan decides by: routes that two resources have, limits, and what can only be found out by further calls
/// about what is yet to be made: subnets, quotas of zones, and the groups of zones that addresses can be used in. None of that is needed
/// to decide, so a call that fails is a warning.
pub(super) async fn checks(this_run: &ThisRun, region: &Region, desired: &Desired, observed: &Observed) -> Diagnostics {
    let mut diagnostics = claimed_twice(this_run, region, desired);
    diagnostics.extend(limits::limits(desired, observed));
    match region.tables_of_subnets().await {
        Ok(explicit) => diagnostics.extend(routes::loops(desired, observed, &explicit)),
        Err(error) => diagnostics.push(unchecked(&AWS, "the route tables", &error)),
    }
    let wanted = limits::new_subnets(desired, observed);
    match region.subnets(wanted.values().cloned().collect()).await {
        Ok(found) => diagnostics.extend(limits::subnets(&wanted, &found)),
        Err(error) => diagnostics.push(unchecked(&AWS, "the subnets", &error)),
    }
    let made = made_per_zone(desired, observed);
    if !made.is_empty() {
        match region.nat_gateways_per_zone().await {
            Ok(there) => {
                let resource = resource(&desired.identity);
                let of_run =
                    |zone: &Key, made: usize| this_run.made.note(&format!("NAT gateways in {zone}"), &resource, made);
                let made = made.into_iter().map(|(zone, made)| (zone.clone(), of_run(&zone, made))).collect();
                diagnostics.extend(limits::zone_quotas(&made, &there));
            }
            Err(error) => diagnostics.push(unchecked(&AWS, "the quota of NAT gateways", &error)),
        }
    }
    let odd = limits::foreign_groups(desired, observed, region.name());
    if !odd.is_empty() {
        match region.border_groups(odd.into_iter().collect()).await {
            Ok(groups) => diagnostics.extend(limits::border_groups(desired, observed, &groups)),
            Err(error) => diagnostics.push(unchecked(&AWS, "the zones", &error)),
        }
    }
    diagnostics
}

/// How many gateways are made in each zone. Regional ones are in no zone's quota. While something is not known, one is made where there
/// is none.
fn made_per_zone(desired: &Desired, observed: &Observed) -> BTreeMap<Key, usize> {
    let keys: Vec<Key> = if desired.unknown.is_empty() {
        let made = plan(desired, observed).operations.into_iter().filter_map(|operation| match operation {
            Operation::Create { key, .. } => Some(key),
            _ => None,
        });
        made.collect()
    } else {
        let live = observed.gateways.iter().filter(|gateway| gateway.state.is_live());
        let live: BTreeSet<&Key> = live.map(|gateway| &gateway.key).collect();
        desired.gateways.keys().filter(|key| !live.contains(key)).cloned().collect()
    };
    let mut made = BTreeMap::new();
    for key in keys {
        let kind = desired.gateways.get(&key).map(|gateway| &gateway.kind);
        if matches!(kind, Some(Kind::Public { .. } | Kind::Private { .. })) {
            *made.entry(key).or_default() += 1;
        }
    }
    made
}
