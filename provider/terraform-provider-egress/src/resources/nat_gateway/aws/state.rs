//! From what there is to the state.

use std::collections::{BTreeMap, BTreeSet};

use cloud_aws::nat_gateways::desired::{Desired, Kind, REGIONAL_KEY, RouteKey};
use cloud_aws::nat_gateways::observed::{Gateway, Mode, Observed, Route, Status};
use egress_model::identity::Key;
use egress_model::nat_gateway::{self, View};
use tfplugin::cty::Value;

use super::input::route_text;

/// The attributes of a gateway in `gateways`.
pub(super) const GATEWAY: [&str; 6] = ["id", "arn", "state", "addresses", "public_ips", "private_ips"];

/// The attribute for policy tools: the keys whose gateway a plan replaces.
pub(super) const PLANNED_REPLACEMENTS: &str = "planned_replacements";

/// Its value.
pub(super) fn replacements(keys: &BTreeSet<Key>) -> Value {
    Value::list(keys.iter().map(Key::as_str))
}

/// The global names of gateways, by id.
pub(super) type Arns = BTreeMap<String, String>;

/// What is computed, by attribute, but for the tags.
pub(super) fn computed(
    observed: &Observed,
    recorded: &BTreeSet<RouteKey>,
    arns: &Arns,
) -> BTreeMap<&'static str, Value> {
    let view = observed.view();
    BTreeMap::from([
        ("gateways", gateways(observed, &view, arns)),
        ("egress_cidrs", egress_cidrs(&view)),
        ("routes", routes(observed, recorded)),
    ])
}

/// The gateways with the addresses that stay: one that is only drained never carries a new connection.
fn gateways(observed: &Observed, view: &View, arns: &Arns) -> Value {
    Value::map(view.gateways.iter().map(|(key, gateway)| {
        let texts = |texts: Vec<String>| Value::list(texts);
        let going = |address: &nat_gateway::Address| {
            let mut all = observed.gateway(&gateway.id).into_iter().flat_map(|gateway| &gateway.addresses);
            all.any(|found| {
                let same_ip = found.private_ip.map(Into::into) == address.private_ip;
                found.status == Status::Going && found.allocation == address.id && same_ip
            })
        };
        let addresses = || gateway.addresses.iter().filter(|address| !going(address));
        let object = Value::object([
            ("id", Value::from(gateway.id.clone())),
            ("arn", arns.get(&gateway.id).map(String::as_str).into()),
            ("state", gateway.state.as_str().into()),
            ("addresses", texts(addresses().filter_map(|address| address.id.clone()).collect())),
            ("public_ips", texts(addresses().filter_map(|address| Some(address.public_ip?.to_string())).collect())),
            ("private_ips", texts(addresses().filter_map(|address| Some(address.private_ip?.to_string())).collect())),
        ]);
        (key.as_str(), object)
    }))
}

/// What others refer to, in plain types.
pub(super) fn plain(view: &View) -> BTreeMap<&'static str, Value> {
    let gateways = || view.gateways.iter();
    let public_ips = |addresses: &[nat_gateway::Address]| {
        Value::list(addresses.iter().filter_map(|address| Some(address.public_ip?.to_string())).collect::<Vec<_>>())
    };
    BTreeMap::from([
        ("gateway_ids", Value::map(gateways().map(|(key, gateway)| (key.as_str(), gateway.id.as_str())))),
        (
            "gateway_public_ips",
            Value::map(gateways().map(|(key, gateway)| (key.as_str(), public_ips(&gateway.addresses)))),
        ),
        ("egress_cidrs", egress_cidrs(view)),
    ])
}

fn egress_cidrs(view: &View) -> Value {
    view.egress_cidrs().map(|cidrs| Value::list(cidrs.iter().map(ToString::to_string))).into()
}

/// What a state has otherwise than its plan, as sentences. Nothing, unless somebody changed it while the apply ran.
pub(super) fn contradictions(planned: &Value, state: &Value) -> Vec<String> {
    let parts = |name: &str| {
        let planned = planned.get(name).and_then(Value::as_map).into_iter().flatten();
        let actual = |key: &String| state.get(name).and_then(Value::as_map).and_then(|parts| parts.get(key));
        let differs = planned.filter(move |(key, planned)| !actual(key).is_some_and(|actual| keeps(planned, actual)));
        differs.map(|(key, _)| key.clone()).collect::<Vec<String>>()
    };
    let gateways = parts("gateways").into_iter().map(|key| format!("The gateway of {key} is not the planned one."));
    let routes =
        parts("routes").into_iter().map(|route| format!("The route {route} does not have the planned target."));
    gateways.chain(routes).collect()
}

/// Whether a value is what was planned of it.
fn keeps(planned: &Value, actual: &Value) -> bool {
    match (planned, actual) {
        (Value::Unknown(_), _) => true,
        (Value::Object(planned), Value::Object(actual)) => {
            planned.iter().all(|(name, planned)| actual.get(name).is_some_and(|actual| keeps(planned, actual)))
        }
        (Value::List(planned), Value::List(actual)) => {
            planned.len() == actual.len() && planned.iter().zip(actual).all(|(planned, actual)| keeps(planned, actual))
        }
        (planned, actual) => planned == actual,
    }
}

/// The routes that are recorded and still there, with where they point.
fn routes(observed: &Observed, recorded: &BTreeSet<RouteKey>) -> Value {
    let present = recorded.iter().filter_map(|route| Some((route, observed.routes.get(route)?)));
    Value::map(present.map(|(route, now)| (route_text(route), now.target.as_str())))
}

/// The routes that are this resource's: those recorded before, and those wanted that point to its gateways now.
pub(super) fn recorded_routes(desired: &Desired, observed: &Observed) -> BTreeSet<RouteKey> {
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

/// The resource as it is: what the user wrote, corrected where the cloud has it otherwise. Null when nothing of it is there: without a
/// gateway its routes may be, whose target is gone.
pub(super) fn corrected(value: &Value, desired: &Desired, observed: &Observed, arns: &Arns) -> Value {
    let view = observed.view();
    let recorded = recorded_routes(desired, observed);
    let is_left = |route: &RouteKey| {
        let now = observed.routes.get(route).filter(|_| desired.recorded.routes.contains(route));
        now.is_some_and(|now| now.is_lost() || observed.gateway(&now.target).is_some())
    };
    if view.gateways.is_empty() && !recorded.iter().any(is_left) {
        return Value::Null;
    }
    let mut value = value.clone();
    let standing: Vec<&Gateway> = view.gateways.keys().filter_map(|key| standing(observed, &view, key)).collect();
    let tags = |name: &str| Some(shown_tags(value.get(name)?.as_map()?, desired, &standing));
    let (own, all) = (tags("tags"), tags("tags_all"));
    let Some(attributes) = value.as_object_mut() else { return value };
    for (name, tags) in [("tags", own), ("tags_all", all)] {
        attributes.extend(tags.map(|tags| (name.to_owned(), tags)));
    }
    // Without a gateway it says what there was to be: the next plan makes it again.
    if let Some(aws) = attributes.get_mut("aws").and_then(Value::as_object_mut).filter(|_| !view.gateways.is_empty()) {
        correct_aws(aws, desired, observed, &view);
    }
    attributes.extend(computed(observed, &recorded, arns).into_iter().map(|(name, value)| (name.to_owned(), value)));
    // What was planned is done or void.
    attributes.insert(PLANNED_REPLACEMENTS.to_owned(), replacements(&BTreeSet::new()));
    value
}

/// A state with those gateways alone whose ids `stay`, and without the routes to the others; null when nothing is left.
pub(super) fn without(state: &Value, stays: &dyn Fn(&str) -> bool) -> Value {
    let mut state = state.clone();
    let Some(attributes) = state.as_object_mut() else { return state };
    if let Some(Value::Map(gateways)) = attributes.get_mut("gateways") {
        let id = |gateway: &Value| gateway.get("id").and_then(Value::as_str).map(str::to_owned);
        gateways.retain(|_, gateway| id(gateway).is_none_or(|id| stays(&id)));
    }
    if let Some(Value::Map(routes)) = attributes.get_mut("routes") {
        routes.retain(|_, target| target.as_str().is_none_or(stays));
    }
    let is_empty = |name: &str| attributes.get(name).and_then(Value::as_map).is_none_or(BTreeMap::is_empty);
    if is_empty("gateways") && is_empty("routes") { Value::Null } else { state }
}

/// The tags of a state as the gateways have them: those that all have, with a value that is not the wanted one where there is.
fn shown_tags(tags: &BTreeMap<String, Value>, desired: &Desired, gateways: &[&Gateway]) -> Value {
    let is_own = |gateway: &Gateway, key: &String| {
        desired.gateways.get(&gateway.key).is_some_and(|wanted| wanted.tags.contains_key(key))
    };
    let other = |key: &String| {
        let mut others = gateways.iter().filter(|gateway| !is_own(gateway, key));
        others.find_map(|gateway| gateway.tags.get(key).filter(|has| desired.tags.get(key) != Some(*has)))
    };
    let all_have = |key: &&String| gateways.iter().all(|gateway| gateway.tags.contains_key(*key));
    let shown = tags.keys().filter(all_have).map(|key| {
        let wanted = desired.tags.get(key).cloned().unwrap_or_default();
        (key.clone(), other(key).cloned().unwrap_or(wanted))
    });
    Value::map(shown)
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
