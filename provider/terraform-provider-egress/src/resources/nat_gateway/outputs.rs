//! The computed attributes.

use std::collections::{BTreeMap, BTreeSet};

use egress_model::cidr::Cidr;
use egress_model::identity::Key;
use egress_model::nat_gateway::{Address, Carries, Gateway, State, View};
use tfplugin::cty::Value;

use super::backend::{Coming, Forecast};
use super::layers::Tags;
use super::subject::{Change, Recorded};
use crate::clouds::Cloud;
use crate::resources::import_id;

/// Computed attributes by name; those left out stay as they are.
pub(super) type Computed = BTreeMap<&'static str, Value>;

/// The global ids of gateways, by id.
pub(super) type GlobalIds = BTreeMap<String, String>;

/// What a state or plan says of one gateway: null, known, or known after apply.
struct GatewayOutput {
    id: Value,
    arn: Value,
    state: Value,
    addresses: Value,
    public_ips: Value,
    private_ips: Value,
}

impl GatewayOutput {
    /// The same of each part.
    fn each(part: &Value) -> Self {
        let part = || part.clone();
        Self { id: part(), arn: part(), state: part(), addresses: part(), public_ips: part(), private_ips: part() }
    }

    /// A gateway with the addresses that stay: one that is only drained never carries a new connection.
    fn of(gateway: &Gateway, global_ids: &GlobalIds) -> Self {
        let addresses = || gateway.addresses.iter().filter(|address| address.carries == Carries::All);
        let ips = |ip: fn(&Address) -> Option<std::net::IpAddr>| {
            Value::list(addresses().filter_map(ip).map(|ip| ip.to_string()))
        };
        Self {
            id: gateway.id.as_str().into(),
            arn: global_ids.get(&gateway.id).map(String::as_str).into(),
            state: gateway.state.as_str().into(),
            addresses: Value::list(addresses().filter_map(|address| address.id.clone())),
            public_ips: ips(|address| address.public_ip),
            private_ips: ips(|address| address.private_ip),
        }
    }

    fn into_value(self) -> Value {
        let Self { id, arn, state, addresses, public_ips, private_ips } = self;
        Value::object([
            ("id", id),
            ("arn", arn),
            ("state", state),
            ("addresses", addresses),
            ("public_ips", public_ips),
            ("private_ips", private_ips),
        ])
    }
}

/// What is there.
pub(super) fn computed(view: &View, routes: &BTreeMap<String, String>, global_ids: &GlobalIds) -> Computed {
    let gateways = view.gateways.iter();
    let gateways = gateways.map(|(key, gateway)| (key.as_str(), GatewayOutput::of(gateway, global_ids).into_value()));
    BTreeMap::from([
        ("gateways", Value::map(gateways)),
        ("egress_cidrs", egress_cidrs(view)),
        ("routes", Value::map(routes.iter().map(|(route, target)| (route, target.as_str())))),
    ])
}

/// What of it is there, for what is planned: a gateway or route that was planned and is not there is null.
pub(super) fn reached(planned: &Value, mut computed: Computed, tags: &Tags) -> Value {
    computed.insert("tags_all", tags_value(tags));
    let missing = [("gateways", GatewayOutput::each(&Value::Null).into_value()), ("routes", Value::Null)];
    for (name, missing) in missing {
        let planned = planned.get(name).and_then(Value::as_map).into_iter().flatten();
        if let Some(Value::Map(parts)) = computed.get_mut(name) {
            for (key, _) in planned {
                parts.entry(key.clone()).or_insert_with(|| missing.clone());
            }
        }
    }
    if let Some(egress) = planned.get("egress_cidrs").filter(|cidrs| cidrs.is_wholly_known()) {
        computed.insert("egress_cidrs", egress.clone());
    }
    with(planned, computed)
}

/// A value with these attributes.
pub(super) fn with(value: &Value, computed: Computed) -> Value {
    let mut value = value.clone();
    if let Some(attributes) = value.as_object_mut() {
        attributes.extend(computed.into_iter().map(|(name, value)| (name.to_owned(), value)));
    }
    value
}

/// What a plan promises.
pub(super) struct Promise<'a> {
    pub(super) forecast: Forecast,
    pub(super) recorded: &'a Recorded,
    /// Whether there is no state yet. An interrupted creation ends with what it reached, and Terraform accepts that only of what is
    /// unknown.
    pub(super) of: Change,
    /// The keys of gateways that are repaired where no value differs. Terraform calls for an update only where a value may change: that is
    /// the state of these.
    pub(super) repaired: BTreeSet<Key>,
}

impl Promise<'_> {
    /// The computed attributes of which something is known. One gateway of which something is open leaves the others known.
    pub(super) fn computed(&self) -> Computed {
        let mut computed = Computed::new();
        let forecast = &self.forecast;
        if let Some(gateways) = &forecast.gateways {
            let gateways = gateways.iter().map(|(key, coming)| (key.as_str(), self.gateway(key, coming).into_value()));
            computed.insert("gateways", Value::map(gateways));
        }
        if let Some(routes) = &forecast.routes {
            let target = |target: &Option<String>| target.as_deref().map_or(Value::UNKNOWN, Value::from);
            computed.insert("routes", Value::map(routes.iter().map(|(route, to)| (route, target(to)))));
        }
        if let Some(cidrs) = &forecast.egress_cidrs {
            computed.insert("egress_cidrs", Value::list(cidrs.iter().map(Cidr::to_string)));
        }
        if let Some(replaced) = &forecast.replaced {
            computed.insert(PLANNED_REPLACEMENTS, replacements(replaced));
        }
        computed.insert("tags_all", forecast.tags.as_ref().map_or(Value::UNKNOWN, tags_value));
        computed
    }

    fn gateway(&self, key: &Key, coming: &Coming) -> GatewayOutput {
        let mut output = GatewayOutput::each(&Value::UNKNOWN);
        if let Some((id, state)) = &coming.stays {
            output.id = id.as_str().into();
            let held = self.recorded.gateways.values().find(|held| held.id == *id);
            if let Some(global_id) = held.and_then(|held| held.global_id.as_deref()) {
                output.arn = global_id.into();
            }
            if *state == State::Available && !self.repaired.contains(key) {
                output.state = state.as_str().into();
            }
        }
        if self.of != Change::Create {
            output.addresses = list(coming.addresses.as_deref());
            output.public_ips = list(coming.public_ips.as_deref());
            output.private_ips = list(coming.private_ips.as_deref());
        }
        output
    }
}

fn list<T: ToString>(list: Option<&[Option<T>]>) -> Value {
    let Some(elements) = list else { return Value::UNKNOWN };
    let element = |element: &Option<T>| element.as_ref().map_or(Value::UNKNOWN, |it| it.to_string().into());
    Value::List(elements.iter().map(element).collect())
}

/// The attribute for policy tools: the keys whose gateway a plan replaces.
pub(super) const PLANNED_REPLACEMENTS: &str = "planned_replacements";

/// Its value.
pub(super) fn replacements(keys: &BTreeSet<Key>) -> Value {
    Value::list(keys.iter().map(Key::as_str))
}

/// Tags as a value.
pub(super) fn tags_value(tags: &Tags) -> Value {
    Value::map(tags.iter().map(|(name, value)| (name, value.as_str())))
}

/// What others refer to, in plain types.
pub(super) fn plain(view: &View) -> Computed {
    let gateways = || view.gateways.iter();
    let public_ips = |gateway: &Gateway| Value::list(gateway.public_ips().map(|ip| ip.to_string()));
    BTreeMap::from([
        ("gateway_ids", Value::map(gateways().map(|(key, gateway)| (key.as_str(), gateway.id.as_str())))),
        ("gateway_public_ips", Value::map(gateways().map(|(key, gateway)| (key.as_str(), public_ips(gateway))))),
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

/// Sets what follows in a plan or state.
pub(super) fn derive(value: &mut Value, clouds: &[&'static Cloud]) {
    let id = import_id::of(value, clouds);
    let gateways = value.get("gateways").cloned().unwrap_or(Value::Null);
    let Some(attributes) = value.as_object_mut() else { return };
    attributes.insert("id".to_owned(), id);
    attributes.insert("gateway_ids".to_owned(), each(&gateways, "id"));
    attributes.insert("gateway_public_ips".to_owned(), each(&gateways, "public_ips"));
}

/// One part of each gateway, by key.
fn each(gateways: &Value, part: &str) -> Value {
    let Some(gateways) = gateways.as_map() else { return gateways.clone() };
    let parts = gateways.iter().map(|(key, gateway)| {
        let part = if gateway.is_unknown() { Some(gateway) } else { gateway.get(part) };
        (key.clone(), part.cloned().unwrap_or(Value::Null))
    });
    Value::Map(parts.collect::<BTreeMap<_, _>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_of_a_gateway_is_not_known_in_the_plain_maps() {
        let with = |gateways: Value| {
            let mut state = Value::object([("name", Value::from("prod")), ("gateways", gateways)]);
            derive(&mut state, &[]);
            state
        };
        let known = Value::object([("id", Value::from("nat-1")), ("public_ips", Value::list(["203.0.113.7"]))]);
        let coming = Value::object([("id", Value::UNKNOWN), ("public_ips", Value::UNKNOWN)]);
        let state = with(Value::map([("a", known), ("b", coming), ("c", Value::UNKNOWN)]));
        let ids = Value::map([("a", Value::from("nat-1")), ("b", Value::UNKNOWN), ("c", Value::UNKNOWN)]);
        assert_eq!(state.get("gateway_ids"), Some(&ids));
        let ips = Value::map([("a", Value::list(["203.0.113.7"])), ("b", Value::UNKNOWN), ("c", Value::UNKNOWN)]);
        assert_eq!(state.get("gateway_public_ips"), Some(&ips));
        assert_eq!(state.get("id"), Some(&Value::from("prod")));
        assert_eq!(with(Value::UNKNOWN).get("gateway_ids"), Some(&Value::UNKNOWN));
    }
}
