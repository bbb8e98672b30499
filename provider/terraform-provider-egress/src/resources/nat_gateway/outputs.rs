//! What follows from the other outputs: the import id, and plain maps for what refers to gateways.

use std::collections::BTreeMap;

use tfplugin::cty::Value;

use crate::resources::import_id;

/// Sets what follows in a plan or state.
pub(super) fn derive(value: &mut Value) {
    let id = import_id::of(value);
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
            derive(&mut state);
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
