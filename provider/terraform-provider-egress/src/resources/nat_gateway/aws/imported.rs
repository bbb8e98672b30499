//! The configuration that gateways which exist would have.

use std::collections::{BTreeMap, BTreeSet};

use cloud_aws::nat_gateways::desired::{Destination, RouteKey, route_text};
use cloud_aws::nat_gateways::observed::{Gateway, Mode, Observed};
use egress_model::identity::Key;
use tfplugin::cty::Value;

use super::state::{regional_zones, standing, zone_value};
use crate::resources::nat_gateway::layers::Tags;
use crate::resources::nat_gateway::outputs::tags_value;

/// What a gateway is for, as a rule.
const EVERYTHING: &str = "0.0.0.0/0";

fn routes_to<'a>(observed: &'a Observed, gateway: &'a Gateway) -> impl Iterator<Item = &'a RouteKey> {
    observed.routes.iter().filter(|(_, route)| route.target == gateway.id).map(|(route, _)| route)
}

fn is_default(route: &RouteKey) -> bool {
    EVERYTHING.parse::<Destination>().is_ok_and(|everything| route.1 == everything)
}

/// The gateway that stands for each key.
fn all_standing(observed: &Observed) -> BTreeMap<Key, &Gateway> {
    let view = observed.view();
    let standing = view.gateways.keys().filter_map(|key| Some((key.clone(), standing(observed, &view, key)?)));
    standing.collect()
}

/// The default routes to the gateways with what each goes to, and the others, which policies make too.
pub(super) fn routes(observed: &Observed) -> (BTreeMap<String, String>, BTreeSet<String>) {
    let all = all_standing(observed);
    let routes = all.values().flat_map(|gateway| routes_to(observed, gateway).map(move |route| (route, &gateway.id)));
    let (own, others): (Vec<_>, Vec<_>) = routes.partition(|(route, _)| is_default(route));
    let own = own.into_iter().map(|(route, id)| (route_text(route), id.clone())).collect();
    (own, others.into_iter().map(|(route, _)| route_text(route)).collect())
}

/// The block that would make what there is, without the region. Each gateway has these tags of its own.
pub(super) fn block(observed: &Observed, own_tags: &BTreeMap<Key, Tags>) -> Value {
    let gateways = &all_standing(observed);
    let has_default = gateways.values().any(|gateway| routes_to(observed, gateway).any(is_default));
    // Tables in which only policies have routes are the gateway's as well: it lends itself to them.
    let tables = |gateway: &Gateway| {
        let routes = routes_to(observed, gateway).filter(|route| !has_default || is_default(route));
        Value::set(routes.map(|(table, _)| table.clone()).collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>())
    };
    let regional = gateways.values().find(|gateway| is_regional(gateway));
    let private = gateways.values().any(|gateway| gateway.mode == Mode::Private);
    let automatic = regional.is_some_and(|gateway| gateway.mode == Mode::RegionalAutomatic);
    let zones = match regional {
        Some(_) if automatic => Value::Null,
        Some(gateway) => regional_zones(gateway),
        None => {
            let tags = |key: &Key| match own_tags.get(key) {
                Some(tags) if !tags.is_empty() => tags_value(tags),
                _ => Value::Null,
            };
            let zone = |(key, gateway): (&Key, &&Gateway)| zone(gateway, tables(gateway), tags(key));
            Value::map(gateways.iter().map(|entry| (entry.0.as_str(), zone(entry))))
        }
    };
    let destinations: Vec<&str> = has_default.then_some(EVERYTHING).into_iter().collect();
    Value::object([
        ("availability_mode", Value::from(regional.map(|_| "regional"))),
        ("connectivity_type", private.then_some("private").into()),
        ("zones", zones),
        ("vpc_id", regional.map(|gateway| gateway.vpc.as_str()).into()),
        ("automatic_addresses", automatic.then_some(true).into()),
        ("route_table_ids", regional.map_or(Value::Null, |gateway| tables(gateway))),
        ("destination_cidrs", Value::set(destinations)),
        ("destination_prefix_list_ids", Value::Null),
        ("take_over_routes", Value::Null),
        ("drain_seconds", Value::Null),
    ])
}

fn is_regional(gateway: &Gateway) -> bool {
    matches!(gateway.mode, Mode::RegionalManual | Mode::RegionalAutomatic)
}

fn zone(gateway: &Gateway, tables: Value, tags: Value) -> Value {
    let private = gateway.mode == Mode::Private;
    let ids = gateway.addresses.iter().filter_map(|address| address.allocation.clone());
    let addresses: Vec<String> = ids.filter(|_| !private).collect();
    let mut zone = zone_value(gateway.subnet.clone().into(), Value::set(addresses), tables);
    if let Some(zone) = zone.as_object_mut() {
        zone.insert("tags".to_owned(), tags);
        if private {
            let secondary = gateway.addresses.len().saturating_sub(1);
            zone.insert("secondary_private_ip_count".to_owned(), secondary.into());
        }
    }
    zone
}
