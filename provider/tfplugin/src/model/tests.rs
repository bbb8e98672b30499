use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Arg, from_value, from_value_subset, to_value};
use crate::cty::arbitrary::typed_values;
use crate::cty::{Number, Path, Type, Value};

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Policy {
    Retain,
    ReleaseNow,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Address {
    id: Arg<String>,
    cost: Number,
    ports: Vec<u16>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Pool {
    name: String,
    policy: Policy,
    comment: Option<String>,
    labels: Option<BTreeMap<String, String>>,
    addresses: Arg<BTreeMap<String, Address>>,
    #[serde(rename = "type")]
    kind: Arg<bool>,
}

fn address_type() -> Type {
    Type::object([("id", Type::String), ("cost", Type::Number), ("ports", Type::set(Type::Number))])
}

fn pool_type() -> Type {
    Type::object([
        ("name", Type::String),
        ("policy", Type::String),
        ("comment", Type::String),
        ("labels", Type::map(Type::String)),
        ("addresses", Type::map(address_type())),
        ("type", Type::Bool),
    ])
}

fn pool() -> Pool {
    let cost = "0.123456789012345678901234567890123".parse().unwrap();
    Pool {
        name: "partners".into(),
        policy: Policy::ReleaseNow,
        comment: None,
        labels: Some([("team".into(), "a".into())].into()),
        addresses: Arg::Known([("a".into(), Address { id: Arg::Unknown, cost, ports: vec![443, 80] })].into()),
        kind: Arg::Null,
    }
}

fn pool_value() -> Value {
    let cost: Number = "0.123456789012345678901234567890123".parse().unwrap();
    let address = Value::object([("id", Value::UNKNOWN), ("cost", cost.into()), ("ports", Value::set([443, 80]))]);
    Value::object([
        ("name", "partners".into()),
        ("policy", "release_now".into()),
        ("comment", Value::Null),
        ("labels", Value::map([("team", "a")])),
        ("addresses", Value::map([("a", address)])),
        ("type", Value::Null),
    ])
}

#[test]
fn a_struct_becomes_a_value() {
    assert_eq!(to_value(&pool(), &pool_type()), Ok(pool_value()));
}

#[test]
fn a_value_becomes_a_struct() {
    let mut expected = pool();
    if let Arg::Known(addresses) = &mut expected.addresses {
        // A set gives its elements in its own order.
        addresses.get_mut("a").unwrap().ports = vec![80, 443];
    }
    assert_eq!(from_value(&pool_value()), Ok(expected));
}

fn pool_with(name: &str, value: Value) -> Value {
    let mut pool = pool_value();
    pool.as_object_mut().unwrap().insert(name.into(), value);
    pool
}

fn address_with(name: &str, value: Value) -> Value {
    let mut address = pool_value().get("addresses").unwrap().as_map().unwrap()["a"].clone();
    address.as_object_mut().unwrap().insert(name.into(), value);
    pool_with("addresses", Value::map([("a.b", address)]))
}

#[test]
fn reading_names_what_does_not_fit_and_where() {
    let mut short = pool_value();
    short.as_object_mut().unwrap().remove("comment");
    let cases = [
        (short, "", "the model has a field \"comment\", and the schema no such attribute"),
        (pool_with("more", true.into()), "", "the schema has an attribute \"more\", and the model no such field"),
        (pool_with("name", Value::Null), "name", "the value is null, and the model needs one"),
        (pool_with("name", Value::UNKNOWN), "name", "the value is not known yet, and the model needs it"),
        (pool_with("comment", Value::UNKNOWN), "comment", "the value is not known yet, and the model needs it"),
        (pool_with("name", 1.into()), "name", "invalid type: integer `1`, expected a string"),
        (pool_with("policy", "keep".into()), "policy", "unknown variant `keep`, expected `retain` or `release_now`"),
        (pool_with("labels", Value::map([("k", 1)])), "labels[\"k\"]", "invalid type: integer `1`, expected a string"),
        (
            address_with("ports", Value::set([70_000])),
            "addresses[\"a.b\"].ports",
            "invalid value: integer `70000`, expected u16",
        ),
        (
            address_with("ports", Value::list([1, 70_000])),
            "addresses[\"a.b\"].ports[1]",
            "invalid value: integer `70000`, expected u16",
        ),
        (address_with("cost", "x".into()), "addresses[\"a.b\"].cost", "\"x\" is not a decimal number"),
        (Value::list(["x"]), "", "the model is an object, and the value is a list"),
        (Value::Null, "", "the value is null, and the model needs one"),
    ];
    for (value, path, reason) in cases {
        let diagnostic = from_value::<Pool>(&value).unwrap_err();
        assert_eq!(diagnostic.path.unwrap_or_default().to_string(), path);
        let expected = if path.is_empty() { format!("{reason}.") } else { format!("{path}: {reason}.") };
        assert_eq!(diagnostic.detail, expected);
    }
}

#[test]
fn a_subset_passes_over_attributes_but_not_over_fields() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Name<'a> {
        name: &'a str,
    }
    #[derive(Debug, Deserialize)]
    struct Misspelt {
        #[expect(dead_code, reason = "reading fails before it is set")]
        nmae: Option<String>,
    }
    let value = pool_with("name", "borrowed".into());
    assert_eq!(from_value_subset::<Name<'_>>(&value), Ok(Name { name: "borrowed" }));
    let diagnostic = from_value_subset::<Misspelt>(&value).unwrap_err();
    assert_eq!(diagnostic.detail, "the model has a field \"nmae\", and the schema no such attribute.");
}

#[test]
fn writing_names_what_is_missing_or_does_not_fit() {
    #[derive(Serialize)]
    struct Partial {
        id: &'static str,
    }
    #[derive(Serialize)]
    struct Wrong {
        id: u8,
        cost: u8,
        ports: Vec<&'static str>,
    }
    let detail = |result: Result<Value, crate::Diagnostic>| result.unwrap_err().detail;
    assert_eq!(
        detail(to_value(&Partial { id: "x" }, &address_type())),
        "the schema has an attribute \"cost\", and the model no such field."
    );
    assert_eq!(
        detail(to_value(&Partial { id: "x" }, &Type::object([("name", Type::String)]))),
        "the model has a field \"id\", and the schema no such attribute."
    );
    assert_eq!(
        detail(to_value(&Wrong { id: 1, cost: 1, ports: vec![] }, &address_type())),
        "id: the schema says string, and the model gives a number."
    );
    let listed = Type::object([("id", Type::Number), ("cost", Type::Number), ("ports", Type::list(Type::Number))]);
    let diagnostic = to_value(&Wrong { id: 1, cost: 1, ports: vec!["x"] }, &listed).unwrap_err();
    assert_eq!(diagnostic.path, Some(Path::attribute("ports").index(0)));
}

#[test]
fn a_set_from_a_struct_holds_each_element_once() {
    assert_eq!(to_value(&[2, 1, 2], &Type::set(Type::Number)), Ok(Value::set([1, 2])));
}

#[test]
fn other_formats_have_null_and_known_only() {
    assert_eq!(serde_json::to_string(&Arg::Known(1)).unwrap(), "1");
    assert_eq!(serde_json::to_string(&Arg::<u8>::Unknown).unwrap(), "null");
    assert_eq!(serde_json::from_str::<Arg<u8>>("null").unwrap(), Arg::Null);
    assert_eq!(serde_json::from_str::<Arg<u8>>("1").unwrap(), Arg::Known(1));
}

#[test]
fn floats_and_infinities_pass() {
    assert_eq!(to_value(&0.1_f32, &Type::Number), Ok(Value::Number("0.1".parse().unwrap())));
    assert_eq!(from_value::<f64>(&Value::from(3)), Ok(3.0));
    assert_eq!(from_value::<Number>(&Number::INFINITY.into()), Ok(Number::INFINITY));
    assert_eq!(to_value(&Number::INFINITY, &Type::Number), Ok(Number::INFINITY.into()));
}

#[test]
fn any_value_passes_as_it_is() {
    #[derive(Serialize, Deserialize)]
    struct Any {
        any: Value,
        tags: Value,
    }
    let ty = Type::object([("any", Type::Dynamic), ("tags", Type::map(Type::String))]);
    let typed = |ty: Type, value: Value| Value::Dynamic(Box::new((ty, value)));
    for any in [
        Value::Null,
        Value::UNKNOWN,
        typed(Type::set(Type::Number), Value::set([1, 2])),
        typed(Type::String, Value::UNKNOWN),
        typed(Type::object([("inner", Type::Dynamic)]), Value::object([("inner", typed(Type::Bool, true.into()))])),
    ] {
        let value = Value::object([("any", any), ("tags", Value::map([("k", "v")]))]);
        let model: Any = from_value(&value).unwrap();
        assert_eq!(to_value(&model, &ty), Ok(value));
    }
    let untyped = to_value(&Any { any: "x".into(), tags: Value::Null }, &ty).unwrap_err();
    assert_eq!(untyped.detail, "any: the schema says any, and the model gives a string.");
}

proptest! {
    #[test]
    fn values_of_every_type_pass((ty, value) in typed_values(true)) {
        let read: Value = from_value(&value).unwrap();
        // Promises about unknown values are dropped, which is always correct.
        prop_assert_eq!(read.rank(), value.rank());
        let written = to_value(&read, &ty).unwrap();
        prop_assert_eq!(written, read);
    }
}
