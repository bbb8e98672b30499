//! Whatever the schema, a plan by it is one that Terraform accepts, and what was applied by it needs no second plan.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::{null_write_only, plan};
use crate::conformance::{check_apply, check_plan};
use crate::cty::arbitrary::values;
use crate::cty::{Path, Type, Value};
use crate::schema::declare::block;
use crate::schema::{Attribute, AttributeType, Fields, Mode, NestedBlock, Nesting, Schema, part};

const NAMES: [&str; 4] = ["a", "b", "c", "d"];
const BLOCKS: [&str; 2] = ["x", "y"];

fn schemas() -> impl Strategy<Value = Schema> {
    (attributes(2, false), blocks(2)).prop_map(|(attributes, blocks)| Schema::new("", attributes).with_blocks(blocks))
}

/// Blocks that stand once, with blocks in them.
fn blocks(depth: u32) -> BoxedStrategy<Vec<NestedBlock>> {
    if depth == 0 {
        return Just(Vec::new()).boxed();
    }
    let one = (attributes(depth - 1, false), blocks(depth - 1), any::<bool>());
    let some = vec(one, 0..=BLOCKS.len());
    let declare = |(name, (attributes, blocks, required))| {
        let block = block(name, attributes, "").with_blocks(blocks);
        if required { block.required() } else { block }
    };
    some.prop_map(move |some| BLOCKS.into_iter().zip(some).map(declare).collect()).boxed()
}

fn attributes(depth: u32, in_set: bool) -> BoxedStrategy<Vec<Attribute>> {
    let some = vec(attribute(depth, in_set), 1..=NAMES.len());
    some.prop_map(|attributes| {
        attributes.into_iter().zip(NAMES).map(|(attribute, name)| Attribute { name, ..attribute }).collect()
    })
    .boxed()
}

fn attribute(depth: u32, in_set: bool) -> BoxedStrategy<Attribute> {
    let types = prop_oneof![
        Just(Type::String),
        Just(Type::Number),
        Just(Type::list(Type::String)),
        Just(Type::set(Type::Number)),
        Just(Type::object([("x", Type::Bool)])),
    ];
    let modes =
        prop_oneof![Just(Mode::Required), Just(Mode::Optional), Just(Mode::OptionalComputed), Just(Mode::Computed)];
    let plain = (types, modes, any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
        move |(ty, mode, keep, default, write_only)| {
            // In a set Terraform finds an element again by what is not computed, which must not depend on the element.
            let mode = if in_set && mode == Mode::OptionalComputed { Mode::Computed } else { mode };
            let default = default && !in_set;
            let mut attribute = Attribute { mode, ..Attribute::new("", ty.clone(), "") };
            if default && ty == Type::String && matches!(mode, Mode::Optional | Mode::OptionalComputed) {
                attribute = attribute.default("default");
            } else if write_only && mode == Mode::Optional && !in_set {
                attribute = attribute.write_only();
            }
            if keep && attribute.is_computed() { attribute.use_state_for_unknown() } else { attribute }
        },
    );
    if depth == 0 {
        return plain.boxed();
    }
    let nestings = [Nesting::Single, Nesting::List, Nesting::Set, Nesting::Map];
    // Not optional and computed: Terraform takes what the user could set there for something that the user did set.
    let modes = prop_oneof![Just(Mode::Required), Just(Mode::Optional), Just(Mode::Computed)];
    let nested = (proptest::sample::select(nestings.to_vec()), modes).prop_flat_map(move |(nesting, mode)| {
        attributes(depth - 1, in_set || nesting == Nesting::Set)
            .prop_map(move |inner| Attribute { mode, ..Attribute::nested("", nesting, inner, "") })
    });
    prop_oneof![3 => plain, 1 => nested].boxed()
}

/// What a user could write.
fn configs(fields: Fields<'_>, unknowns: bool) -> BoxedStrategy<Value> {
    let names: Vec<_> = fields.iter().map(|field| field.name).collect();
    let attributes = fields.attributes.iter().map(|attribute| config(attribute, unknowns));
    let values: Vec<_> = attributes.chain(fields.blocks.iter().map(|block| block_config(block, unknowns))).collect();
    values.prop_map(move |values| Value::object(names.iter().copied().zip(values))).boxed()
}

/// A block that a `dynamic` block with an unknown `for_each` makes is an object whose attributes are all unknown.
fn block_config(block: &NestedBlock, unknowns: bool) -> BoxedStrategy<Value> {
    let fields = Fields { attributes: &block.attributes, blocks: &block.blocks };
    let known = configs(fields, unknowns);
    match (block.min_items, unknowns) {
        (0, true) => prop_oneof![1 => Just(Value::Null), 1 => Just(all_unknown(fields)), 2 => known].boxed(),
        (0, false) => prop_oneof![1 => Just(Value::Null), 2 => known].boxed(),
        _ => known,
    }
}

fn all_unknown(fields: Fields<'_>) -> Value {
    let attributes = fields.attributes.iter().map(|attribute| {
        let computed = attribute.mode == Mode::Computed;
        (attribute.name, if computed { Value::Null } else { Value::UNKNOWN })
    });
    let inner = |block: &NestedBlock| all_unknown(Fields { attributes: &block.attributes, blocks: &block.blocks });
    Value::object(attributes.chain(fields.blocks.iter().map(|block| (block.name, inner(block)))))
}

fn config(attribute: &Attribute, unknowns: bool) -> BoxedStrategy<Value> {
    let known = match &attribute.ty {
        AttributeType::Plain(ty) => values(ty.clone(), unknowns)
            .prop_filter("a required value is not null, and other nulls are made below", |value| !value.is_null())
            .boxed(),
        AttributeType::Nested(nesting, inner) => {
            let object = configs(Fields { attributes: inner, blocks: &[] }, unknowns);
            match nesting {
                Nesting::Single => object,
                Nesting::List => vec(object, 0..3).prop_map(Value::List).boxed(),
                Nesting::Set => vec(object, 0..3).prop_map(Value::set).boxed(),
                Nesting::Map => btree_map("[a-c]", object, 0..3).prop_map(Value::Map).boxed(),
            }
        }
    };
    match attribute.mode {
        Mode::Computed => Just(Value::Null).boxed(),
        Mode::Required => known,
        Mode::Optional | Mode::OptionalComputed => prop_oneof![1 => Just(Value::Null), 2 => known].boxed(),
    }
}

/// Terraform's proposal (terraform, `plans/objchange.ProposedNew`).
fn proposed(fields: Fields<'_>, prior: &Value, config: &Value) -> Value {
    let blocks = fields.blocks.iter().map(|block| {
        let inner = Fields { attributes: &block.attributes, blocks: &block.blocks };
        let (prior, config) = (part(prior, block.name), part(config, block.name));
        (block.name, proposed_objects(block.nesting, inner, prior, config))
    });
    let attributes = fields.attributes.iter().map(|attribute| {
        let (prior, config) = (part(prior, attribute.name), part(config, attribute.name));
        let value = match &attribute.ty {
            _ if config.is_null() && attribute.is_computed() => prior.clone(),
            AttributeType::Nested(nesting, inner) => {
                let inner = Fields { attributes: inner, blocks: &[] };
                proposed_objects(*nesting, inner, prior, config)
            }
            AttributeType::Plain(_) => config.clone(),
        };
        (attribute.name, value)
    });
    Value::object(attributes.chain(blocks))
}

fn proposed_objects(nesting: Nesting, inner: Fields<'_>, prior: &Value, config: &Value) -> Value {
    let null = &Value::Null;
    match config {
        Value::Object(_) if nesting == Nesting::Single => proposed(inner, prior, config),
        Value::List(elements) => Value::List(
            elements
                .iter()
                .enumerate()
                .map(|(n, e)| proposed(inner, prior.at(&Path::root().index(n)).unwrap_or(null), e))
                .collect(),
        ),
        Value::Map(elements) => Value::map(
            elements.iter().map(|(k, e)| (k, proposed(inner, prior.at(&Path::root().key(k)).unwrap_or(null), e))),
        ),
        Value::Set(elements) => {
            let written =
                |object: &Value| inner.attributes.iter().map(|a| written(a, part(object, a.name))).collect::<Vec<_>>();
            let find = |e: &Value| prior.elements().and_then(|all| all.iter().find(|p| written(p) == written(e)));
            Value::set(elements.iter().map(|e| proposed(inner, find(e).unwrap_or(null), e)))
        }
        other => other.clone(),
    }
}

/// A value without what the provider computes.
fn written(attribute: &Attribute, value: &Value) -> Value {
    let object = |inner: &[Attribute], object: &Value| {
        Value::object(inner.iter().map(|a| (a.name, written(a, part(object, a.name)))))
    };
    match (&attribute.ty, value) {
        _ if attribute.is_computed() => Value::Null,
        (AttributeType::Nested(Nesting::Single, inner), value @ Value::Object(_)) => object(inner, value),
        (AttributeType::Nested(_, inner), Value::List(all)) => Value::list(all.iter().map(|e| object(inner, e))),
        (AttributeType::Nested(_, inner), Value::Set(all)) => Value::set(all.iter().map(|e| object(inner, e))),
        (AttributeType::Nested(_, inner), Value::Map(all)) => {
            Value::map(all.iter().map(|(k, e)| (k, object(inner, e))))
        }
        _ => value.clone(),
    }
}

/// What a provider could have made of a plan.
fn applied(planned: &Value, ty: &Type) -> Value {
    match (planned, ty) {
        (Value::Unknown(Some(promised)), _) if !promised.not_null => Value::Null,
        (Value::Unknown(_), Type::Bool) => true.into(),
        (Value::Unknown(_), Type::Number) => 7.into(),
        (Value::Unknown(_), Type::String) => "made".into(),
        (Value::Unknown(_), Type::List(element)) => Value::List(vec![applied(&Value::UNKNOWN, element)]),
        (Value::Unknown(_), Type::Set(element)) => Value::Set(vec![applied(&Value::UNKNOWN, element)]),
        (Value::Unknown(_), Type::Map(element)) => Value::map([("k", applied(&Value::UNKNOWN, element))]),
        (Value::Unknown(_), Type::Object(types)) => {
            Value::object(types.iter().map(|(name, ty)| (name, applied(&Value::UNKNOWN, ty))))
        }
        (Value::List(all), Type::List(element)) => Value::list(all.iter().map(|e| applied(e, element))),
        (Value::Set(all), Type::Set(element)) => Value::set(all.iter().map(|e| applied(e, element))),
        (Value::Map(all), Type::Map(element)) => Value::map(all.iter().map(|(k, e)| (k, applied(e, element)))),
        (Value::Object(all), Type::Object(types)) => {
            Value::object(all.iter().map(|(name, value)| (name, applied(value, &types[name]))))
        }
        (other, _) => other.clone(),
    }
}

fn messages(diagnostics: crate::Diagnostics) -> Vec<String> {
    diagnostics.into_iter().map(|d| d.detail).collect()
}

fn cases() -> impl Strategy<Value = (Schema, Value, Value)> {
    schemas().prop_flat_map(|schema| {
        let before = configs(schema.fields(), false);
        let after = configs(schema.fields(), true);
        (Just(schema), before, after)
    })
}

proptest! {
    #[test]
    fn plans_and_what_is_made_of_them_conform((schema, before, after) in cases()) {
        let ty = schema.ty();
        let created = plan(&schema, &before, &Value::Null, &proposed(schema.fields(), &Value::Null, &before));
        prop_assert_eq!(messages(check_plan(&schema, &before, &Value::Null, &created.planned)), [""; 0]);
        prop_assert!(created.requires_replace.is_empty());
        let state = null_write_only(&schema, applied(&created.planned, &ty));
        prop_assert_eq!(messages(check_apply(&schema, &created.planned, &state)), [""; 0]);

        let updated = plan(&schema, &after, &state, &proposed(schema.fields(), &state, &after));
        prop_assert_eq!(messages(check_plan(&schema, &after, &state, &updated.planned)), [""; 0]);
    }

    #[test]
    fn a_second_plan_is_empty((schema, config, _) in cases()) {
        let created = plan(&schema, &config, &Value::Null, &proposed(schema.fields(), &Value::Null, &config));
        let state = null_write_only(&schema, applied(&created.planned, &schema.ty()));
        let again = plan(&schema, &config, &state, &proposed(schema.fields(), &state, &config));
        prop_assert_eq!(again.planned, state);
        prop_assert!(again.requires_replace.is_empty());
    }
}
