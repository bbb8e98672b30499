//! The configuration that gateways which exist would have.

use std::collections::{BTreeMap, BTreeSet};

use cloud_aws::nat_gateways::desired::{Destination, RouteKey};
use cloud_aws::nat_gateways::observed::{Gateway, Mode, Observed};
use egress_model::identity::{Key, RESERVED_TAGS, SHOWN_NAME_TAG};
use tfplugin::cty::Value;

use super::state::{Arns, PLANNED_REPLACEMENTS, computed, regional_zones, replacements, standing, zone_value};

/// What a gateway is for, as a rule.
const EVERYTHING: &str = "0.0.0.0/0";

type Tags = BTreeMap<String, String>;

fn routes_to<'a>(observed: &'a Observed, gateway: &'a Gateway) -> impl Iterator<Item = &'a RouteKey> {
    observed.routes.iter().filter(|(_, route)| route.target == gateway.id).map(|(route, _)| route)
}

fn is_default(route: &RouteKey) -> bool {
    EVERYTHING.parse::<Destination>().is_ok_and(|everything| route.1 == everything)
}

fn default_routes(observed: &Observed, gateway: &Gateway) -> BTreeSet<RouteKey> {
    routes_to(observed, gateway).filter(|route| is_default(route)).cloned().collect()
}

/// The gateway that stands for each key.
fn all_standing(observed: &Observed) -> BTreeMap<Key, &Gateway> {
    let view = observed.view();
    let standing = view.gateways.keys().filter_map(|key| Some((key.clone(), standing(observed, &view, key)?)));
    standing.collect()
}

/// The routes to the gateways that are not imported: policies make such routes too.
pub(super) fn others(observed: &Observed) -> BTreeSet<RouteKey> {
    let all = all_standing(observed);
    all.values().flat_map(|gateway| routes_to(observed, gateway)).filter(|route| !is_default(route)).cloned().collect()
}

/// The attributes of gateways that were found, by name.
pub(super) fn values(
    observed: &Observed,
    region: Option<&str>,
    arns: &Arns,
    default_tags: &Tags,
) -> BTreeMap<String, Value> {
    let all = all_standing(observed);
    let recorded: BTreeSet<RouteKey> = all.values().flat_map(|gateway| default_routes(observed, gateway)).collect();
    let mut values: BTreeMap<String, Value> =
        computed(observed, &recorded, arns).into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let tags = shared_tags(&all);
    values.insert("tags".to_owned(), tags_beside(&tags, &[default_tags]));
    values.insert("tags_all".to_owned(), Value::map(tags.iter().map(|(name, value)| (name, value.as_str()))));
    values.insert(PLANNED_REPLACEMENTS.to_owned(), replacements(&BTreeSet::new()));
    values.insert("on_interruption".to_owned(), "error".into());
    let own_tags = |gateway: &Gateway| tags_beside(&tags_of_users(gateway), &[&tags, default_tags]);
    values.insert("aws".to_owned(), aws(observed, &all, region, !recorded.is_empty(), &own_tags));
    values
}

/// The tags of a gateway without those that the provider gave it: the identity's, and the name to show where the user gave none.
fn tags_of_users(gateway: &Gateway) -> Tags {
    let given = gateway.shows_given_name();
    let is_own = |name: &str| RESERVED_TAGS.contains(&name) || given && name == SHOWN_NAME_TAG;
    let tags = gateway.tags.iter().filter(|(name, _)| !is_own(name));
    tags.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// The tags of users that all gateways have.
fn shared_tags(gateways: &BTreeMap<Key, &Gateway>) -> Tags {
    let mut all = gateways.values().map(|gateway| tags_of_users(gateway));
    let Some(mut shared) = all.next() else { return Tags::new() };
    for tags in all {
        shared.retain(|name, value| tags.get(name) == Some(value));
    }
    shared
}

/// Those of these tags that no layer below them gives, as a configuration writes them.
fn tags_beside(tags: &Tags, layers: &[&Tags]) -> Value {
    let is_given = |name: &String, value: &String| layers.iter().any(|layer| layer.get(name) == Some(value));
    let own: Vec<_> = tags.iter().filter(|(name, value)| !is_given(name, value)).collect();
    if own.is_empty() { Value::Null } else { Value::map(own.into_iter().map(|(name, value)| (name, value.as_str()))) }
}

fn aws(
    observed: &Observed,
    gateways: &BTreeMap<Key, &Gateway>,
    region: Option<&str>,
    has_default: bool,
    own_tags: &dyn Fn(&Gateway) -> Value,
) -> Value {
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
            let zone = |gateway: &Gateway| zone(gateway, tables(gateway), own_tags(gateway));
            Value::map(gateways.iter().map(|(key, gateway)| (key.as_str(), zone(gateway))))
        }
    };
    let destinations: Vec<&str> = has_default.then_some(EVERYTHING).into_iter().collect();
    Value::object([
        ("region", Value::from(region)),
        ("availability_mode", regional.map(|_| "regional").into()),
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
