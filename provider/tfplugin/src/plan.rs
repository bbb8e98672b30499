//! What the schema alone says about a plan.
//!
//! Terraform proposes a new state: the configuration, with the state's values where a computed attribute is not configured
//! (plugin protocol 6, `PlanResourceChange`; terraform, `plans/objchange.ProposedNew`). A provider must turn that into what
//! will be: apply defaults, drop what is never stored, and mark as unknown what may change. This is the order of the Go
//! framework's `PlanResourceChange`, but for one thing: known state is put back everywhere before replacement is judged, so
//! that an object is not replaced for a part that keeps its value.

use crate::cty::{Path, Step, Value};
use crate::schema::{Attribute, Change, Fields, Place, PlanModifier, Schema, counterpart, objects, objects_mut, part};

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

/// A plan by the schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// The planned state; null when the object goes.
    pub planned: Value,
    /// The attributes whose change replaces the object, sorted.
    pub requires_replace: Vec<Path>,
}

/// Plans by the schema: from the configuration, the state (null when creating) and Terraform's proposal (null when
/// destroying).
pub fn plan(schema: &Schema, config: &Value, prior: &Value, proposed: &Value) -> Planned {
    if proposed.is_null() {
        return Planned { planned: Value::Null, requires_replace: Vec::new() };
    }
    let fields = schema.fields();
    let mut planned = null_write_only(schema, proposed.clone());
    fill_defaults(fields, config, &mut planned);
    // Without a difference by now nothing changes, and what the provider computed stays.
    if planned != *prior {
        mark_unknown(fields, config, &mut planned);
        keep_known(fields, config, prior, &mut planned);
    }
    let mut requires_replace = Vec::new();
    if !prior.is_null() {
        replacements(fields, prior, &planned, &Path::root(), &mut requires_replace);
        requires_replace.sort();
    }
    Planned { planned, requires_replace }
}

/// The value with null in place of everything write-only, which neither plan nor state may hold.
#[must_use]
pub fn null_write_only(schema: &Schema, mut value: Value) -> Value {
    clear_write_only(schema.fields(), &mut value);
    value
}

fn clear_write_only(fields: Fields<'_>, object: &mut Value) {
    let Some(values) = object.as_object_mut() else { return };
    for field in fields.iter() {
        let Some(value) = values.get_mut(field.name) else { continue };
        if field.attribute.is_some_and(|a| a.write_only) {
            *value = Value::Null;
        } else if let Some((nesting, inner)) = field.nested {
            for (_, object) in objects_mut(nesting, value) {
                clear_write_only(inner, object);
            }
        }
    }
}

/// What the configuration says about an attribute, or else its default.
fn configured<'a>(attribute: Option<&'a Attribute>, config: &'a Value) -> &'a Value {
    match attribute.and_then(|a| a.default.as_ref()) {
        Some(default) if config.is_null() => default,
        _ => config,
    }
}

fn fill_defaults(fields: Fields<'_>, config: &Value, planned: &mut Value) {
    let Some(values) = planned.as_object_mut() else { return };
    for field in fields.iter() {
        let Some(value) = values.get_mut(field.name) else { continue };
        let given = part(config, field.name);
        let config = configured(field.attribute, given);
        if given.is_null() && !config.is_null() {
            *value = config.clone();
        }
        // Objects that nobody configured are the state's, which the provider made.
        if let (Some((nesting, inner)), false) = (field.nested, config.is_null()) {
            for (place, object) in objects_mut(nesting, value) {
                fill_defaults(inner, counterpart(inner, config, place, object), object);
            }
        }
    }
}

/// Marks what the provider computes: all that is computed and not configured.
fn mark_unknown(fields: Fields<'_>, config: &Value, planned: &mut Value) {
    let Some(values) = planned.as_object_mut() else { return };
    for field in fields.iter() {
        let Some(value) = values.get_mut(field.name) else { continue };
        let config = configured(field.attribute, part(config, field.name));
        if config.is_null() && field.attribute.is_some_and(Attribute::is_computed) {
            *value = Value::UNKNOWN;
        } else if let Some((nesting, inner)) = field.nested {
            for (place, object) in objects_mut(nesting, value) {
                mark_unknown(inner, counterpart(inner, config, place, object), object);
            }
        }
    }
}

/// Puts back the state's value where the schema says that it does not change once it is known. A null in the state is not
/// known: it may come from a version of the provider that had no such attribute.
fn keep_known(fields: Fields<'_>, config: &Value, prior: &Value, planned: &mut Value) {
    let Some(values) = planned.as_object_mut() else { return };
    for field in fields.iter() {
        let Some(value) = values.get_mut(field.name) else { continue };
        let (config, prior) = (part(config, field.name), part(prior, field.name));
        let keeps = |a: &Attribute| a.plan_modifiers.iter().any(|m| matches!(m, PlanModifier::UseStateForUnknown));
        if value.is_unknown() && !config.is_unknown() && !prior.is_null() && field.attribute.is_some_and(keeps) {
            *value = prior.clone();
        } else if let Some((nesting, inner)) = field.nested {
            for (place, object) in objects_mut(nesting, value) {
                let prior = counterpart(inner, prior, place, object);
                if !prior.is_null() {
                    keep_known(inner, counterpart(inner, config, place, object), prior, object);
                }
            }
        }
    }
}

/// Collects the attributes and blocks whose change replaces the object. Inside a nested attribute only objects that were there before
/// can have changed; adding and removing one is a change of the attribute itself.
fn replacements(fields: Fields<'_>, prior: &Value, planned: &Value, path: &Path, found: &mut Vec<Path>) {
    for field in fields.iter() {
        let (prior, planned) = (part(prior, field.name), part(planned, field.name));
        if prior == planned {
            continue;
        }
        let path = path.then(Step::Attribute(field.name.to_owned()));
        if let Some((nesting, inner)) = field.nested {
            for (place, object) in objects(nesting, planned) {
                let prior = counterpart(inner, prior, place, object);
                // A changed element of a set is another element, and has no path.
                if !prior.is_null() && !matches!(place, Place::Member) {
                    let path = place.step().map_or_else(|| path.clone(), |step| path.then(step));
                    replacements(inner, prior, object, &path, found);
                }
            }
        }
        if field.plan_modifiers.iter().any(|modifier| modifier.replaces(Change { prior, planned })) {
            found.push(path);
        }
    }
}
