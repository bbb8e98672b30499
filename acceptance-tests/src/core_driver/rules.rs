//! Core's rules for what a provider may answer. A violation here is a failed run there.
//!
//! By `internal/plans/objchange` of Terraform: `compatible.go` (planned to actual) and `plan_valid.go` (configuration to
//! planned).

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use tfplugin::cty::{Path, Value};

use super::schema::{Attribute, Block, Nesting, Shape};

/// Checks that an applied value, or the plan made again inside the apply, keeps what was planned.
pub(super) fn compatible(planned: &Value, actual: &Value) -> Result<()> {
    check_compatible(&Path::root(), planned.undynamic(), actual.undynamic())
}

fn check_compatible(path: &Path, planned: &Value, actual: &Value) -> Result<()> {
    match (planned, actual) {
        (Value::Unknown(_), _) | (Value::Null, Value::Null) => Ok(()),
        (Value::Null, _) => bail!("{path}: was absent in the plan, but is now {actual:?}"),
        (_, Value::Null) => bail!("{path}: was {planned:?} in the plan, but is now absent"),
        (_, Value::Unknown(_)) => bail!("{path}: was known in the plan, but is now unknown"),
        (Value::Object(a), Value::Object(b)) | (Value::Map(a), Value::Map(b)) => {
            if let Some(extra) = b.keys().find(|key| !a.contains_key(*key)) {
                bail!("{path}: new element {extra:?} has appeared");
            }
            a.iter().try_for_each(|(key, planned)| match b.get(key) {
                Some(actual) => check_compatible(&path.key(key.clone()), planned, actual),
                None => bail!("{path}: element {key:?} has vanished"),
            })
        }
        (Value::List(a), Value::List(b)) | (Value::Tuple(a), Value::Tuple(b)) => {
            if a.len() != b.len() {
                bail!("{path}: had {} elements in the plan, but now has {}", a.len(), b.len());
            }
            a.iter().zip(b).enumerate().try_for_each(|(index, (a, b))| check_compatible(&path.index(index), a, b))
        }
        (Value::Set(a), Value::Set(b)) => {
            let matches = |a: &Value, b: &Value| check_compatible(path, a, b).is_ok();
            if b.len() > a.len() {
                bail!("{path}: the set had {} elements in the plan, but now has {}", a.len(), b.len());
            }
            if let Some(lost) = a.iter().find(|a| !b.iter().any(|b| matches(a, b))) {
                bail!("{path}: planned set element {lost:?} does not correlate with any element in actual");
            }
            if let Some(new) = b.iter().find(|b| !a.iter().any(|a| matches(a, b))) {
                bail!("{path}: actual set element {new:?} does not correlate with any element in plan");
            }
            Ok(())
        }
        _ if planned == actual => Ok(()),
        _ => bail!("{path}: was {planned:?} in the plan, but is now {actual:?}"),
    }
}

/// Checks that a plan does not contradict the configuration.
pub(super) fn plan_valid(block: &Block, prior: &Value, config: &Value, planned: &Value) -> Result<()> {
    if planned.is_null() {
        bail!("the planned value is null");
    }
    check_attributes(&Path::root(), &block.attributes, prior, config, planned)
}

fn check_attributes(
    path: &Path,
    attributes: &BTreeMap<String, Attribute>,
    prior: &Value,
    config: &Value,
    planned: &Value,
) -> Result<()> {
    attributes.iter().try_for_each(|(name, attribute)| {
        let part = |value: &Value| value.get(name).cloned().unwrap_or(Value::Null);
        check_attribute(&path.child(name.clone()), attribute, &part(prior), &part(config), &part(planned))
    })
}

fn check_attribute(path: &Path, attribute: &Attribute, prior: &Value, config: &Value, planned: &Value) -> Result<()> {
    if attribute.write_only {
        return if planned.is_null() {
            Ok(())
        } else {
            bail!("{path}: a write-only attribute is not null in the plan")
        };
    }
    let kept = planned == prior && !prior.is_null() && !config.is_null();
    if unrefined(planned) == unrefined(config) || kept || (attribute.computed && config.is_null()) {
        return Ok(());
    }
    if config.is_null() {
        bail!("{path}: planned value {planned:?} for a non-computed attribute");
    }
    let Shape::Nested(nesting, attributes) = &attribute.shape else {
        bail!("{path}: planned value {planned:?} does not match config value {config:?} nor prior value {prior:?}");
    };
    if planned.is_null() || planned.is_unknown() {
        bail!("{path}: planned value {planned:?} for a nested attribute with config value {config:?}");
    }
    let none = Value::Null;
    match nesting {
        Nesting::Single => check_attributes(path, attributes, prior, config, planned),
        Nesting::Map => {
            let (config, planned) = (config.as_map(), planned.as_map());
            let (Some(config), Some(planned)) = (config, planned) else { bail!("{path}: is not a map") };
            if !config.keys().eq(planned.keys()) {
                bail!("{path}: the planned keys are not those of the configuration");
            }
            config.iter().zip(planned.values()).try_for_each(|((key, config), planned)| {
                let prior = prior.as_map().and_then(|prior| prior.get(key)).unwrap_or(&none);
                check_attributes(&path.key(key.clone()), attributes, prior, config, planned)
            })
        }
        Nesting::List => {
            let (config, planned) = (config.elements().unwrap_or_default(), planned.elements().unwrap_or_default());
            if config.len() != planned.len() {
                bail!("{path}: {} elements are planned where {} are configured", planned.len(), config.len());
            }
            config.iter().zip(planned).enumerate().try_for_each(|(index, (config, planned))| {
                let prior = prior.elements().and_then(|prior| prior.get(index)).unwrap_or(&none);
                check_attributes(&path.index(index), attributes, prior, config, planned)
            })
        }
        // Core does not compare the elements of sets either.
        Nesting::Set => Ok(()),
    }
}

/// Plan checks ignore what is promised about an unknown value.
fn unrefined(value: &Value) -> Value {
    match value {
        Value::Unknown(_) => Value::UNKNOWN,
        Value::List(elements) => Value::List(elements.iter().map(unrefined).collect()),
        Value::Set(elements) => Value::Set(elements.iter().map(unrefined).collect()),
        Value::Tuple(elements) => Value::Tuple(elements.iter().map(unrefined).collect()),
        Value::Map(members) => Value::Map(members.iter().map(|(k, v)| (k.clone(), unrefined(v))).collect()),
        Value::Object(members) => Value::Object(members.iter().map(|(k, v)| (k.clone(), unrefined(v))).collect()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_may_become_anything_and_a_known_value_may_not_change() {
        let planned = Value::object([("id", Value::UNKNOWN), ("name", Value::from("n"))]);
        let kept = Value::object([("id", Value::Null), ("name", Value::from("n"))]);
        let changed = Value::object([("id", Value::from("i")), ("name", Value::from("m"))]);
        assert!(compatible(&planned, &kept).is_ok());
        let error = compatible(&planned, &changed).expect_err("a changed value").to_string();
        assert!(error.contains("name"), "{error}");
    }

    #[test]
    fn sets_are_matched_without_order() {
        let planned = Value::Set(vec![Value::UNKNOWN, Value::from("a")]);
        assert!(compatible(&planned, &Value::Set(vec![Value::from("a"), Value::from("b")])).is_ok());
        assert!(compatible(&planned, &Value::Set(vec![Value::from("c"), Value::from("b")])).is_err());
    }
}
