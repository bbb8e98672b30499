//! What every handler's result goes through before Terraform sees it: a provider's mistake is reported here, by name, and
//! with the state kept, where Terraform would reject the whole reply in general words.

use tfplugin_proto::tfplugin6 as proto;

use super::parts::Shape;
use crate::cty::{Path, Step, Type, Value, ValueError};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::to_proto;

/// The end of every message about a mistake that only the provider's developers can mend.
pub(crate) const BUG: &str = "This is a bug in the provider, which should be reported to its developers.";

/// A value that the provider returned, as the wire's type check found it.
pub(crate) fn misfit(what: &str, error: &ValueError) -> Diagnostics {
    let path = error.path();
    let diagnostic = Diagnostic::error(
        format!("The provider returned {what} that does not fit its schema"),
        format!("{error}. {BUG}"),
    );
    if path.steps().is_empty() { diagnostic.into() } else { diagnostic.at(path).into() }
}

/// A value that Terraform sent, as the wire's type check found it.
pub(crate) fn unreadable(what: &'static str) -> impl Fn(ValueError) -> Diagnostics {
    move |error| {
        Diagnostic::error(
            format!("The {what} that Terraform sent cannot be read"),
            format!(
                "It does not fit the provider's schema: {error}. The state may be of another version of the provider."
            ),
        )
        .into()
    }
}

/// A state as Terraform stores it: blocks complete, write-only values gone, everything known. Unknown values become null,
/// as Terraform would make them, and are an error unless there is one already.
pub(crate) fn settled(shape: &Shape, state: Value, diagnostics: &mut Diagnostics) -> Value {
    let mut state = without_write_only(shape, shape.with_blocks(state));
    if state.is_wholly_known() {
        return state;
    }
    let failed = diagnostics.has_errors();
    null_unknown(&mut state, &Path::root(), &mut |path| {
        if !failed {
            diagnostics.push(
                Diagnostic::error(
                    "The provider left a value unknown",
                    format!(
                        "{path} has no value after the operation. {BUG} The object itself is recorded in the state."
                    ),
                )
                .at(path.clone()),
            );
        }
    });
    state
}

/// A state on the wire, with null in place of every part that does not have its type: the object exists, and Terraform can
/// only keep what fits. None where nothing fits.
pub(crate) fn fitted(mut state: Value, ty: &Type, mut found: impl FnMut(&ValueError)) -> Option<proto::DynamicValue> {
    loop {
        let error = match to_proto::value(&state, ty) {
            Ok(wire) => return Some(wire),
            Err(error) => error,
        };
        found(&error);
        // Null fits everywhere, so that every turn leaves one misfit fewer.
        let part = part_mut(&mut state, error.path().steps()).filter(|part| !part.is_null())?;
        *part = Value::Null;
        if state.is_null() {
            return None;
        }
    }
}

fn part_mut<'a>(value: &'a mut Value, steps: &[Step]) -> Option<&'a mut Value> {
    let Some((step, rest)) = steps.split_first() else { return Some(value) };
    let part = match (step, value) {
        (Step::Attribute(name) | Step::Key(name), Value::Object(parts) | Value::Map(parts)) => parts.get_mut(name)?,
        (Step::Index(index), Value::List(parts) | Value::Tuple(parts)) => {
            parts.get_mut(usize::try_from(*index).ok()?)?
        }
        (_, Value::Dynamic(inner)) => return part_mut(&mut inner.1, steps),
        _ => return None,
    };
    part_mut(part, rest)
}

/// The value without what must never be stored.
pub(crate) fn without_write_only(shape: &Shape, value: Value) -> Value {
    crate::plan::null_write_only(&shape.schema, value)
}

fn null_unknown(value: &mut Value, path: &Path, found: &mut impl FnMut(&Path)) {
    match value {
        Value::Unknown(_) => {
            found(path);
            *value = Value::Null;
        }
        Value::List(elements) | Value::Tuple(elements) => {
            for (position, element) in elements.iter_mut().enumerate() {
                null_unknown(element, &path.index(position), found);
            }
        }
        // Elements of sets have no address.
        Value::Set(elements) => elements.iter_mut().for_each(|element| null_unknown(element, path, found)),
        Value::Map(elements) => {
            for (key, element) in elements {
                null_unknown(element, &path.key(key), found);
            }
        }
        Value::Object(attributes) => {
            for (name, value) in attributes {
                null_unknown(value, &path.child(name), found);
            }
        }
        Value::Dynamic(inner) => null_unknown(&mut inner.1, path, found),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Checks the identity that an operation on an object that was `before` returned. It does not change unless its schema says
/// so, because it is what finds the object; without one in the reply the old one stays.
pub(crate) fn identity(
    shape: &Shape,
    before: Option<Value>,
    now: Option<Value>,
    diagnostics: &mut Diagnostics,
) -> Option<Value> {
    shape.identity.as_ref()?;
    let Some(now) = now.filter(|identity| !identity.is_null()) else { return before };
    if !now.is_wholly_known() {
        diagnostics.push(Diagnostic::error(
            "The provider left the object's identity unknown",
            format!("Every part of an identity has to be known once the object exists. {BUG}"),
        ));
        return before;
    }
    match before {
        Some(before) if before != now && !shape.identity_is_mutable() => {
            diagnostics.push(Diagnostic::error(
                "The provider changed the object's identity",
                format!(
                    "An identity is what finds an object again, so it stays the same for as long as the object lives. {BUG} \
                     The state keeps the old identity."
                ),
            ));
            Some(before)
        }
        _ => Some(now),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_is_kept_and_every_misfit_is_named() {
        let inner = Type::object([("a", Type::String), ("b", Type::Number)]);
        let ty = Type::object([("list", Type::list(inner)), ("name", Type::String), ("flag", Type::Bool)]);
        let state = |a: Value, flag: Value| {
            let element = Value::object([("a", a), ("b", 1.into())]);
            Value::object([("list", Value::list([element])), ("name", "x".into()), ("flag", flag)])
        };
        let mut paths = Vec::new();
        let wire = fitted(state(true.into(), "no".into()), &ty, |error| paths.push(error.path().to_string())).unwrap();
        paths.sort();
        assert_eq!(paths, ["flag", "list[0].a"]);
        assert_eq!(wire, to_proto::value(&state(Value::Null, Value::Null), &ty).unwrap());
        assert_eq!(fitted(Value::from("text"), &ty, |_| ()), None);
        assert_eq!(fitted(Value::object([("other", 1)]), &ty, |_| ()), None);
    }

    #[test]
    fn unknown_values_become_null_wherever_they_are() {
        let mut value = Value::object([
            ("list", Value::list([Value::UNKNOWN, 1.into()])),
            ("set", Value::set([Value::object([("a", Value::UNKNOWN)])])),
            ("map", Value::map([("k", Value::UNKNOWN)])),
        ]);
        let mut paths = Vec::new();
        null_unknown(&mut value, &Path::root(), &mut |path| paths.push(path.to_string()));
        assert!(value.is_wholly_known());
        assert_eq!(paths, ["list[0]", "map[\"k\"]", "set.a"]);
    }
}
