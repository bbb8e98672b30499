//! From what there is to the state.

use std::collections::{BTreeMap, BTreeSet};

use cloud_aws::nat_gateways::desired::{self, Desired, Kind, REGIONAL_KEY, RouteKey, route_text};
use cloud_aws::nat_gateways::observed::{Gateway, Mode, Observed, Route, Status};
use egress_model::identity::Key;
use egress_model::nat_gateway::View;
use tfplugin::cty::Value;

use crate::clouds::aws::AWS;
use crate::resources::nat_gateway::backend::Shown;

/// What the state is to say of a resource with this value.
pub(super) fn shown(value: &Value, desired: &Desired, observed: &Observed) -> Shown {
    let recorded = recorded_routes(desired, observed);
    let present =
        recorded.iter().filter_map(|route| Some((route_text(route), observed.routes.get(route)?.target.clone())));
    let is_left = |route: &RouteKey| {
        let now = observed.routes.get(route).filter(|_| desired.recorded.routes.contains(route));
        now.is_some_and(|now| now.is_lost() || observed.gateway(&now.target).is_some())
    };
    let own_tags = |gateway: &desired::Gateway| gateway.tags.keys().cloned().collect();
    let mut block = value.get(AWS.name).cloned().unwrap_or(Value::Null);
    if let Some(aws) = block.as_object_mut() {
        correct_aws(aws, desired, observed, &observed.view());
    }
    Shown {
        block,
        has_rest: recorded.iter().any(is_left),
        routes: present.collect(),
        tags: desired.tags.clone(),
        own_tags: desired.gateways.iter().map(|(key, gateway)| (key.clone(), own_tags(gateway))).collect(),
    }
}

/// The routes that are this resource's: those recorded before, and those wanted that point to its gateways now.
fn recorded_routes(desired: &Desired, observed: &Observed) -> BTreeSet<RouteKey> {
    let ours = |route: &RouteKey| observed.routes.get(route).is_some_and(|now| observed.gateway(&now.target).is_some());
    let wanted = desired.routes();
    // Of a gateway that somebody deleted the routes are left, which only the state knows to be ours.
    let left = |route: &RouteKey| ours(route) || observed.routes.get(route).is_some_and(Route::is_lost);
    let before = desired.recorded.routes.iter().filter(|route| wanted.contains_key(*route) || left(route));
    wanted.keys().filter(|route| ours(route)).chain(before).cloned().collect()
}

/// The gateway that stands for a key now.
pub(super) fn standing<'a>(observed: &'a Observed, view: &View, key: &Key) -> Option<&'a Gateway> {
    observed.gateway(&view.gateways.get(key)?.id)
}

fn correct_aws(aws: &mut BTreeMap<String, Value>, desired: &Desired, observed: &Observed, view: &View) {
    let regional = desired.gateways.iter().find(|(key, _)| key.as_str() == REGIONAL_KEY);
    if let Some((key, wanted)) = regional {
        let Some(gateway) = standing(observed, view, key) else { return };
        keep(aws, "vpc_id", gateway.vpc.as_str());
        let tables = leading(&wanted.route_tables, desired, observed, gateway);
        keep(aws, "route_table_ids", Value::set(tables));
        if !matches!(wanted.kind, Kind::RegionalAutomatic { .. }) {
            aws.insert("zones".to_owned(), regional_zones(gateway));
        }
        return;
    }
    let Some(zones) = aws.get_mut("zones").and_then(|zones| match zones {
        Value::Map(zones) => Some(zones),
        _ => None,
    }) else {
        return;
    };
    zones.retain(|zone, _| zone.parse().is_ok_and(|key: Key| standing(observed, view, &key).is_some()));
    for (zone, value) in zones {
        let (Ok(key), Some(value)) = (zone.parse::<Key>(), value.as_object_mut()) else { continue };
        let (Some(gateway), Some(wanted)) = (standing(observed, view, &key), desired.gateways.get(&key)) else {
            continue;
        };
        correct_zone(value, gateway);
        if let Some(tags) = value.get("tags").and_then(Value::as_map) {
            let shown = tags.keys().filter_map(|key| Some((key.clone(), gateway.tags.get(key)?.clone())));
            let shown = Value::map(shown);
            value.insert("tags".to_owned(), shown);
        }
        let tables = leading(&wanted.route_tables, desired, observed, gateway);
        keep(value, "route_table_ids", Value::set(tables));
    }
}

/// Sets an attribute that is not null: null means that the user left it to others.
fn keep(attributes: &mut BTreeMap<String, Value>, name: &str, value: impl Into<Value>) {
    if let Some(now) = attributes.get_mut(name).filter(|now| !now.is_null()) {
        *now = value.into();
    }
}

fn correct_zone(zone: &mut BTreeMap<String, Value>, gateway: &Gateway) {
    let primary = gateway.primary();
    keep(zone, "subnet_id", gateway.subnet.clone());
    keep(zone, "primary_address", primary.and_then(|address| address.allocation.clone()));
    keep(zone, "private_ip", primary.and_then(|address| address.private_ip).map(|ip| ip.to_string()));
    let staying = || gateway.addresses.iter().filter(|a| matches!(a.status, Status::Coming | Status::Succeeded));
    let addresses: Vec<String> = staying().filter_map(|address| address.allocation.clone()).collect();
    if gateway.mode == Mode::Public {
        zone.insert("addresses".to_owned(), Value::set(addresses));
    }
    let secondary = || staying().filter(|address| Some(*address) != primary).filter_map(|address| address.private_ip);
    keep(zone, "secondary_private_ips", Value::set(secondary().map(|ip| ip.to_string())));
    keep(zone, "secondary_private_ip_count", secondary().count());
}

pub(super) fn regional_zones(gateway: &Gateway) -> Value {
    let mut zones: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for address in gateway.addresses.iter().filter(|a| matches!(a.status, Status::Coming | Status::Succeeded)) {
        if let (Some(zone), Some(id)) = (&address.zone, &address.allocation) {
            zones.entry(zone).or_default().push(id);
        }
    }
    Value::map(zones.into_iter().map(|(zone, ids)| (zone, zone_value(Value::Null, Value::set(ids), Value::Null))))
}

pub(super) fn zone_value(subnet: Value, addresses: Value, tables: Value) -> Value {
    Value::object([
        ("subnet_id", subnet),
        ("addresses", addresses),
        ("primary_address", Value::Null),
        ("private_ip", Value::Null),
        ("secondary_private_ips", Value::Null),
        ("secondary_private_ip_count", Value::Null),
        ("route_table_ids", tables),
        ("tags", Value::Null),
    ])
}

/// The tables among these whose routes all point to the gateway.
fn leading(tables: &BTreeSet<String>, desired: &Desired, observed: &Observed, gateway: &Gateway) -> Vec<String> {
    let points = |table: &&String| {
        desired.destinations.iter().all(|destination| {
            let route = observed.routes.get(&((*table).clone(), destination.clone()));
            route.is_some_and(|route| route.target == gateway.id && !route.blackhole)
        })
    };
    tables.iter().filter(points).cloned().collect()
}
