//! Random types and values for property tests.

use std::collections::BTreeMap;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::value::nfc;
use super::{Number, Refinements, Type, Value};

/// How deep values that bring their own type nest. Each can hold several more, so without a bound some would never end.
const DYNAMIC_DEPTH: u8 = 2;

/// Any type. Dynamic stands everywhere but in sets, where Terraform refuses it.
pub(crate) fn types() -> impl Strategy<Value = Type> {
    types_of(prop_oneof![Just(Type::Bool), Just(Type::Number), Just(Type::String), Just(Type::Dynamic)].boxed())
}

fn types_of(leaf: BoxedStrategy<Type>) -> impl Strategy<Value = Type> {
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            inner.clone().prop_map(Type::list),
            inner.clone().prop_filter("no dynamic in sets", |ty| !ty.has_dynamic()).prop_map(Type::set),
            inner.clone().prop_map(Type::map),
            btree_map("[a-z_]{1,6}", inner.clone(), 0..4).prop_map(Type::Object),
            vec(inner, 0..3).prop_map(Type::Tuple),
        ]
    })
}

/// Any number, of each kind that the wire tells apart.
pub(crate) fn numbers() -> impl Strategy<Value = Number> {
    prop_oneof![
        any::<i64>().prop_map(Number::from),
        any::<u64>().prop_map(Number::from),
        any::<f64>().prop_filter_map("NaN", Number::from_f64),
        "-?[1-9][0-9]{0,153}".prop_map(|text| parsed(&text)),
        "-?[0-9]{1,80}\\.[0-9]{1,74}".prop_map(|text| parsed(&text)),
    ]
}

fn parsed(text: &str) -> Number {
    text.parse().expect("the pattern makes numbers only")
}

/// Any value of a type, with nulls, and with unknowns if wanted.
pub(crate) fn values(ty: Type, unknowns: bool) -> BoxedStrategy<Value> {
    values_within(DYNAMIC_DEPTH, ty, unknowns)
}

fn values_within(depth: u8, ty: Type, unknowns: bool) -> BoxedStrategy<Value> {
    let values = move |ty: Type| values_within(depth, ty, unknowns);
    let known = match ty {
        Type::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        Type::Number => numbers().prop_map(Value::Number).boxed(),
        Type::String => any::<String>().prop_map(Value::from).boxed(),
        // A dynamic type inside says nothing, so decoding leaves it out.
        Type::Dynamic => dynamic_types(depth)
            .prop_flat_map(move |ty| (Just(ty.clone()), values_within(depth.saturating_sub(1), ty, unknowns)))
            .prop_map(|typed| Value::Dynamic(Box::new(typed)))
            .boxed(),
        Type::List(element) => vec(values(*element), 0..4).prop_map(Value::List).boxed(),
        Type::Set(element) => vec(values(*element), 0..4).prop_map(Value::set).boxed(),
        Type::Map(element) => {
            let keys = any::<String>().prop_map(|key| nfc(&key).into_owned());
            btree_map(keys, values(*element), 0..4).prop_map(Value::Map).boxed()
        }
        Type::Object(attributes) => {
            let (names, types): (Vec<_>, Vec<_>) = attributes.into_iter().unzip();
            let attributes: Vec<_> = types.into_iter().map(values).collect();
            let object = move |attributes: Vec<Value>| {
                Value::Object(names.iter().cloned().zip(attributes).collect::<BTreeMap<_, _>>())
            };
            attributes.prop_map(object).boxed()
        }
        Type::Tuple(elements) => elements.into_iter().map(values).collect::<Vec<_>>().prop_map(Value::Tuple).boxed(),
    };
    if unknowns {
        prop_oneof![1 => Just(Value::Null), 1 => unknown(), 6 => known].boxed()
    } else {
        prop_oneof![1 => Just(Value::Null), 6 => known].boxed()
    }
}

fn dynamic_types(depth: u8) -> BoxedStrategy<Type> {
    if depth == 0 {
        types_of(prop_oneof![Just(Type::Bool), Just(Type::Number), Just(Type::String)].boxed()).boxed()
    } else {
        types().prop_filter("dynamic in dynamic", |ty| *ty != Type::Dynamic).boxed()
    }
}

fn unknown() -> impl Strategy<Value = Value> {
    let refinements = (
        any::<bool>(),
        proptest::option::of("[a-z]{0,20}"),
        proptest::option::of((numbers(), any::<bool>())),
        proptest::option::of((numbers(), any::<bool>())),
        proptest::option::of(0..100_i64),
        proptest::option::of(0..100_i64),
    );
    let refined = refinements.prop_filter_map(
        "no refinement, or too many bytes of them",
        |(not_null, string_prefix, number_min, number_max, length_min, length_max)| {
            let text = |bound: &Option<(Number, bool)>| bound.as_ref().map_or(0, |(n, _)| n.to_string().len());
            let fits = text(&number_min) + text(&number_max) < 900;
            let refinements = Refinements { not_null, string_prefix, number_min, number_max, length_min, length_max };
            (fits && refinements != Refinements::default()).then(|| Value::Unknown(Some(Box::new(refinements))))
        },
    );
    prop_oneof![Just(Value::UNKNOWN), refined]
}

/// Any type with a value of it.
pub(crate) fn typed_values(unknowns: bool) -> impl Strategy<Value = (Type, Value)> {
    types().prop_flat_map(move |ty| (Just(ty.clone()), values(ty, unknowns)))
}
