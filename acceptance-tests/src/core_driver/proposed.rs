//! The proposed new state: the configuration, with what the provider computed before where the user writes nothing.
//!
//! By the rules of core's `objchange.ProposedNew` (Terraform, `internal/plans/objchange/objchange.go`).

use std::collections::BTreeMap;

use tfplugin::cty::Value;

use super::schema::{Attribute, Block, Nesting, Shape, distinct};

/// What `PlanResourceChange` gets as `proposed_new_state`; a null prior is a create.
pub(super) fn proposed_new(block: &Block, prior: &Value, config: &Value) -> Value {
    if prior.is_null() { merge(block, &block.empty(), config) } else { merge(block, prior, config) }
}

fn merge(block: &Block, prior: &Value, config: &Value) -> Value {
    if config.as_object().is_none() || prior.as_object().is_none() {
        return config.clone();
    }
    let mut object = merge_attributes(&block.attributes, prior, config);
    for (name, nested) in &block.blocks {
        let (prior, config) = (member(prior, name), member(config, name));
        let value =
            repeat(nested.nesting, &prior, &config, &|prior, config| merge(&nested.block, prior, config), &|_, _| true);
        object.insert(name.clone(), value);
    }
    Value::Object(object)
}

fn merge_attributes(
    attributes: &BTreeMap<String, Attribute>,
    prior: &Value,
    config: &Value,
) -> BTreeMap<String, Value> {
    let merged = attributes.iter().map(|(name, attribute)| {
        let (prior, config) = (member(prior, name), member(config, name));
        (name.clone(), merge_attribute(attribute, &prior, &config))
    });
    merged.collect()
}

fn merge_attribute(attribute: &Attribute, prior: &Value, config: &Value) -> Value {
    if attribute.computed && config.is_null() {
        // A prior value that holds what only a user can write was written by the user, who now removed it.
        return if attribute.optional && holds_configured(attribute, prior) { config.clone() } else { prior.clone() };
    }
    let Shape::Nested(nesting, attributes) = &attribute.shape else { return config.clone() };
    let merge = |prior: &Value, config: &Value| {
        if config.as_object().is_none() {
            return config.clone();
        }
        Value::Object(merge_attributes(attributes, prior, config))
    };
    repeat(*nesting, prior, config, &merge, &|prior, config| could_be_same(attributes, prior, config))
}

/// Merges element by element: lists by position, maps by key, sets with the prior element that the configured one may be.
fn repeat(
    nesting: Nesting,
    prior: &Value,
    config: &Value,
    merge: &dyn Fn(&Value, &Value) -> Value,
    same: &dyn Fn(&Value, &Value) -> bool,
) -> Value {
    if config.is_null() || config.is_unknown() {
        return config.clone();
    }
    let none = Value::Null;
    match (nesting, config.undynamic()) {
        (Nesting::Single, _) => merge(prior, config),
        (Nesting::List, Value::List(elements)) => {
            let before = prior.elements().unwrap_or_default();
            Value::List(elements.iter().enumerate().map(|(i, e)| merge(before.get(i).unwrap_or(&none), e)).collect())
        }
        (Nesting::Map, Value::Map(elements)) => {
            let before = prior.as_map();
            let prior_of = |key: &String| before.and_then(|before| before.get(key)).unwrap_or(&none);
            Value::Map(elements.iter().map(|(key, e)| (key.clone(), merge(prior_of(key), e))).collect())
        }
        (Nesting::Set, Value::Set(elements)) => {
            let before = prior.elements().unwrap_or_default();
            let mut used = vec![false; before.len()];
            let merged = elements.iter().map(|element| {
                let index = before.iter().enumerate().position(|(i, prior)| !used[i] && same(prior, element));
                let prior = index.map_or(&none, |index| {
                    used[index] = true;
                    &before[index]
                });
                merge(prior, element)
            });
            distinct(merged.collect())
        }
        _ => config.clone(),
    }
}

/// Whether a configured set element can be this prior one: they agree wherever the user wrote something.
fn could_be_same(attributes: &BTreeMap<String, Attribute>, prior: &Value, config: &Value) -> bool {
    attributes.iter().all(|(name, attribute)| {
        let (prior, config) = (member(prior, name), member(config, name));
        (attribute.computed && config.is_null()) || prior == config || nested_same(attribute, &prior, &config)
    })
}

fn nested_same(attribute: &Attribute, prior: &Value, config: &Value) -> bool {
    match &attribute.shape {
        Shape::Nested(Nesting::Single, attributes) if !prior.is_null() && !config.is_null() => {
            could_be_same(attributes, prior, config)
        }
        _ => false,
    }
}

/// Whether a nested attribute's value has a part, not null, that no provider can compute.
fn holds_configured(attribute: &Attribute, value: &Value) -> bool {
    let Shape::Nested(nesting, attributes) = &attribute.shape else { return false };
    let in_object = |object: &Value| {
        attributes.iter().any(|(name, nested)| {
            let inner = member(object, name);
            !inner.is_null() && (!nested.computed || holds_configured(nested, &inner))
        })
    };
    match nesting {
        Nesting::Single => !value.is_null() && in_object(value),
        Nesting::List | Nesting::Set => value.elements().is_some_and(|elements| elements.iter().any(in_object)),
        Nesting::Map => value.as_map().is_some_and(|elements| elements.values().any(in_object)),
    }
}

fn member(object: &Value, name: &str) -> Value {
    object.get(name).cloned().unwrap_or(Value::Null)
}

#[cfg(test)]
mod tests {
    use tfplugin::cty::Type;

    use super::*;

    fn plain(optional: bool, computed: bool) -> Attribute {
        Attribute { shape: Shape::Plain(Type::String), optional, computed, write_only: false }
    }

    fn block() -> Block {
        let nested = BTreeMap::from([("size".to_owned(), plain(true, false)), ("id".to_owned(), plain(false, true))]);
        let addresses = Attribute {
            shape: Shape::Nested(Nesting::Map, nested),
            optional: true,
            computed: false,
            write_only: false,
        };
        let attributes = [("name", plain(false, false)), ("arn", plain(false, true)), ("addresses", addresses)];
        Block { attributes: attributes.into_iter().map(|(k, v)| (k.to_owned(), v)).collect(), blocks: BTreeMap::new() }
    }

    fn address(size: Option<&str>, id: Option<&str>) -> Value {
        Value::object([("size", Value::from(size)), ("id", Value::from(id))])
    }

    fn value(name: &str, arn: Option<&str>, addresses: Value) -> Value {
        Value::object([("name", Value::from(name)), ("arn", Value::from(arn)), ("addresses", addresses)])
    }

    #[test]
    fn a_create_leaves_computed_attributes_null() {
        let config = value("n", None, Value::map([("a", address(Some("1"), None))]));
        assert_eq!(proposed_new(&block(), &Value::Null, &config), config);
    }

    #[test]
    fn an_update_keeps_what_was_computed_by_key() {
        let prior = value("n", Some("arn"), Value::map([("a", address(Some("1"), Some("id-a")))]));
        let config = value("n", None, Value::map([("a", address(Some("2"), None)), ("b", address(None, None))]));
        let expected =
            value("n", Some("arn"), Value::map([("a", address(Some("2"), Some("id-a"))), ("b", address(None, None))]));
        assert_eq!(proposed_new(&block(), &prior, &config), expected);
    }
}
