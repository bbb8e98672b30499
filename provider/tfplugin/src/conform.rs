//! A value of any type as one of a schema, as strictly as Terraform reads a block.
//!
//! Terraform converts what is written in a nested attribute, or given to a function, and drops the words that the type does not
//! have without a message. Where a word is dropped, a misspelt restriction is no restriction. So a function that takes an object
//! takes it as a dynamic value and reads it here.

use std::collections::{BTreeMap, BTreeSet};

use crate::config_check;
use crate::cty::{Brief, Number, Path, Type, Value};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::schema::{Attribute, Field, Fields, Mode, Nesting, Schema};
use crate::similar::did_you_mean;

/// The value with the schema's types, defaults in place of what is missing, and null in place of the rest; or one error for each
/// word that the schema does not have, each value of another type and each rule of the schema that is broken. Types are converted
/// as Terraform converts them: numbers to strings and back, tuples to lists and sets, objects to maps.
pub fn conform(schema: &Schema, value: &Value) -> Result<Value, Diagnostics> {
    let mut diagnostics = Diagnostics::new();
    let conformed = object(schema.fields(), value, &Path::root(), &mut diagnostics);
    // The rules presume the types.
    if !diagnostics.has_errors() {
        diagnostics.extend(config_check::check(schema, &conformed));
    }
    if diagnostics.has_errors() { Err(diagnostics) } else { Ok(conformed) }
}

fn object(fields: Fields<'_>, value: &Value, path: &Path, diagnostics: &mut Diagnostics) -> Value {
    let value = value.undynamic();
    let (Value::Object(written) | Value::Map(written)) = value else {
        return other_type("an object", value, path, diagnostics);
    };
    let names: BTreeSet<&str> = fields.iter().map(|field| field.name).collect();
    for name in written.keys().filter(|name| !names.contains(name.as_str())) {
        diagnostics.push(no_such_argument(name, &names, path));
    }
    let parts = fields.iter().map(|field| {
        let part = written.get(field.name).filter(|part| !part.is_null());
        let at = path.child(field.name);
        let part = match part {
            Some(part) => conformed_field(&field, part, &at, diagnostics),
            None => absent(&field, &at, diagnostics),
        };
        (field.name, part)
    });
    Value::object(parts.collect::<Vec<_>>())
}

fn no_such_argument(name: &str, names: &BTreeSet<&str>, path: &Path) -> Diagnostic {
    let hint = did_you_mean(name, names.iter().copied());
    let hint = hint.unwrap_or_else(|| {
        let names: Vec<&str> = names.iter().copied().collect();
        format!("There are: {}.", names.join(", "))
    });
    let at = path.child(name);
    Diagnostic::error("There is no such argument", format!("{at} does not exist. {hint}")).at(at)
}

/// What stands for an attribute or block that is not written.
fn absent(field: &Field<'_>, path: &Path, diagnostics: &mut Diagnostics) -> Value {
    if let Some(attribute) = field.attribute {
        return attribute.default.clone().unwrap_or(Value::Null);
    }
    if field.is_required_block {
        diagnostics
            .push(Diagnostic::error(format!("{path} is missing"), format!("{path} is required.")).at(path.clone()));
    }
    match field.nested {
        Some((Nesting::List, _)) => Value::List(Vec::new()),
        Some((Nesting::Set, _)) => Value::Set(Vec::new()),
        Some((Nesting::Map, _)) => Value::Map(BTreeMap::new()),
        Some((Nesting::Single, _)) | None => Value::Null,
    }
}

fn conformed_field(field: &Field<'_>, value: &Value, path: &Path, diagnostics: &mut Diagnostics) -> Value {
    let Some((nesting, inner)) = field.nested else {
        let ty = field.attribute.map_or(Type::Dynamic, Attribute::value_type);
        return typed(&ty, value, path, diagnostics);
    };
    // Said at once: what is in it would only add to the noise.
    if let Some(Mode::Computed) = field.attribute.map(|attribute| attribute.mode) {
        let detail = format!("Only the provider sets {path}. Leave it out.");
        diagnostics.push(Diagnostic::error(format!("{path} cannot be set"), detail).at(path.clone()));
        return Value::Null;
    }
    let value = value.undynamic();
    match (nesting, value) {
        (Nesting::Single, value) => object(inner, value, path, diagnostics),
        (Nesting::List, Value::List(all) | Value::Tuple(all) | Value::Set(all)) => Value::List(
            all.iter()
                .enumerate()
                .map(|(n, element)| element_of(inner, element, &path.index(n), diagnostics))
                .collect(),
        ),
        (Nesting::Set, Value::List(all) | Value::Tuple(all) | Value::Set(all)) => {
            let all: Vec<Value> = all.iter().map(|element| element_of(inner, element, path, diagnostics)).collect();
            Value::set(all)
        }
        (Nesting::Map, Value::Map(all) | Value::Object(all)) => {
            let all = all
                .iter()
                .map(|(key, element)| (key.clone(), element_of(inner, element, &path.key(key.clone()), diagnostics)));
            Value::Map(all.collect())
        }
        (Nesting::Map, other) => other_type("a map", other, path, diagnostics),
        (Nesting::List | Nesting::Set, other) => other_type("a list", other, path, diagnostics),
    }
}

/// An object in a collection. Null is no object that says nothing.
fn element_of(fields: Fields<'_>, value: &Value, path: &Path, diagnostics: &mut Diagnostics) -> Value {
    if value.is_null() {
        let detail = format!("{path} is null. Write its arguments, or leave the element out.");
        diagnostics.push(Diagnostic::error("An element is null", detail).at(path.clone()));
        return Value::Null;
    }
    object(fields, value, path, diagnostics)
}

/// A value of a plain type.
fn typed(ty: &Type, value: &Value, path: &Path, diagnostics: &mut Diagnostics) -> Value {
    let value = value.undynamic();
    if value.is_null() || value.is_unknown() {
        return value.clone();
    }
    let converted = match (ty, value) {
        (Type::Dynamic, value) => Some(value.clone()),
        (Type::Bool, Value::Bool(_)) | (Type::Number, Value::Number(_)) | (Type::String, Value::String(_)) => {
            Some(value.clone())
        }
        (Type::Bool, Value::String(text)) => match text.as_str() {
            "true" => Some(true.into()),
            "false" => Some(false.into()),
            _ => None,
        },
        (Type::Number, Value::String(text)) => text.parse::<Number>().ok().map(Value::from),
        (Type::String, Value::Number(number)) => Some(number.to_string().into()),
        (Type::String, Value::Bool(value)) => Some(value.to_string().into()),
        (Type::List(of), Value::List(all) | Value::Tuple(all) | Value::Set(all)) => Some(Value::List(
            all.iter().enumerate().map(|(n, element)| typed(of, element, &path.index(n), diagnostics)).collect(),
        )),
        (Type::Set(of), Value::List(all) | Value::Tuple(all) | Value::Set(all)) => {
            let all: Vec<Value> = all.iter().map(|element| typed(of, element, path, diagnostics)).collect();
            Some(Value::set(all))
        }
        (Type::Map(of), Value::Map(all) | Value::Object(all)) => {
            let all =
                all.iter().map(|(key, element)| (key.clone(), typed(of, element, &path.key(key.clone()), diagnostics)));
            Some(Value::Map(all.collect()))
        }
        (Type::Object(attributes), Value::Map(all) | Value::Object(all)) => {
            let names: BTreeSet<&str> = attributes.keys().map(String::as_str).collect();
            for name in all.keys().filter(|name| !names.contains(name.as_str())) {
                diagnostics.push(no_such_argument(name, &names, path));
            }
            let parts = attributes.iter().map(|(name, ty)| {
                let part = all.get(name).map_or(Value::Null, |part| typed(ty, part, &path.child(name), diagnostics));
                (name.clone(), part)
            });
            Some(Value::Object(parts.collect()))
        }
        (Type::Tuple(types), Value::List(all) | Value::Tuple(all)) if types.len() == all.len() => {
            let pairs = types.iter().zip(all).enumerate();
            Some(Value::Tuple(
                pairs.map(|(n, (ty, element))| typed(ty, element, &path.index(n), diagnostics)).collect(),
            ))
        }
        _ => None,
    };
    converted.unwrap_or_else(|| other_type(&demanded(ty), value, path, diagnostics))
}

fn demanded(ty: &Type) -> String {
    match ty {
        Type::Bool => "true or false".to_owned(),
        Type::Number => "a number".to_owned(),
        Type::String => "a string".to_owned(),
        Type::Dynamic => "a value".to_owned(),
        Type::List(_) | Type::Set(_) => "a list".to_owned(),
        Type::Map(_) => "a map".to_owned(),
        Type::Object(_) => "an object".to_owned(),
        Type::Tuple(types) => format!("a list of {}", types.len()),
    }
}

fn other_type(demand: &str, value: &Value, path: &Path, diagnostics: &mut Diagnostics) -> Value {
    let what = if path.steps().is_empty() { "The value".to_owned() } else { path.to_string() };
    let detail = format!("{what} must be {demand}, not {}.", Brief(value));
    diagnostics.push(Diagnostic::error("A value has another type", detail).at(path.clone()));
    Value::Null
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::schema::declare::block;
    use crate::validators;

    fn schema() -> Schema {
        let rule = vec![
            Attribute::new("ports", Type::list(Type::String), "").required(),
            Attribute::new("to_cidrs", Type::set(Type::String), ""),
            Attribute::new("weight", Type::Number, "").default(1),
        ];
        let inner = Schema::new("", vec![Attribute::new("labels", Type::map(Type::String), "")]);
        Schema {
            blocks: vec![block("pods", inner.attributes, "")],
            ..Schema::new(
                "",
                vec![
                    Attribute::new("name", Type::String, "").required().validate(validators::length(1..=3)),
                    Attribute::new("deep", Type::Bool, ""),
                    Attribute::nested("allow", Nesting::Map, rule, ""),
                    Attribute::new("id", Type::String, "").computed(),
                    Attribute::nested("made", Nesting::Map, vec![Attribute::new("x", Type::Bool, "").computed()], "")
                        .computed(),
                ],
            )
        }
    }

    /// As Terraform sends what is written between braces.
    fn written<const N: usize>(parts: [(&str, Value); N]) -> Value {
        Value::Dynamic(Box::new((Type::Dynamic, Value::object(parts))))
    }

    fn tuple<const N: usize>(elements: [Value; N]) -> Value {
        Value::Tuple(elements.into())
    }

    #[test]
    fn what_is_written_gets_the_types_of_the_schema() {
        let rule =
            Value::object([("ports", tuple([443.into(), "8000-8099".into()])), ("to_cidrs", tuple(["::/0".into()]))]);
        let pods = Value::object([("labels", Value::object([("app", Value::from("web")), ("tier", 1.into())]))]);
        let value = written([
            ("name", "abc".into()),
            ("deep", "true".into()),
            ("allow", Value::object([("a", rule)])),
            ("pods", pods),
        ]);
        let rule = Value::object([
            ("ports", Value::list(["443", "8000-8099"])),
            ("to_cidrs", Value::set(["::/0"])),
            ("weight", 1.into()),
        ]);
        let expected = Value::object([
            ("name", "abc".into()),
            ("deep", true.into()),
            ("allow", Value::map([("a", rule)])),
            ("id", Value::Null),
            ("made", Value::Null),
            ("pods", Value::object([("labels", Value::map([("app", "web"), ("tier", "1")]))])),
        ]);
        assert_eq!(conform(&schema(), &value).map_err(|d| said(&d)), Ok(expected));
    }

    fn said(diagnostics: &Diagnostics) -> Vec<String> {
        diagnostics.iter().map(|diagnostic| diagnostic.detail.clone()).collect()
    }

    #[test]
    fn a_word_that_the_schema_does_not_have_is_an_error_at_any_depth() {
        let rule = |name: &'static str| {
            let rule = Value::object([("ports", tuple(["443".into()])), (name, tuple([]))]);
            ("allow", Value::object([("a", rule)]))
        };
        let name = || ("name", Value::from("abc"));
        let cases = [
            (written([name(), ("deeep", true.into())]), "deeep does not exist. Did you mean deep?"),
            (
                written([name(), ("metadata", true.into())]),
                "metadata does not exist. There are: allow, deep, id, made, name, pods.",
            ),
            (written([name(), rule("to_cidr")]), "allow[\"a\"].to_cidr does not exist. Did you mean to_cidrs?"),
            (
                written([name(), ("pods", Value::object([("label", tuple([]))]))]),
                "pods.label does not exist. Did you mean labels?",
            ),
            (written([name(), ("id", "x".into())]), "Only the provider sets id. Remove it from the configuration."),
            (
                written([name(), ("made", Value::object([("y", Value::from(1))]))]),
                "Only the provider sets made. Leave it out.",
            ),
            (
                written([name(), ("allow", Value::object([("a", Value::Null)]))]),
                "allow[\"a\"] is null. Write its arguments, or leave the element out.",
            ),
            (
                written([name(), ("allow", Value::object([("a", Value::object::<&str, Value>([]))]))]),
                "allow[\"a\"].ports is required.",
            ),
            (written([]), "name is required."),
            (written([("name", "abcd".into())]), "name must be 1 to 3 characters, not \"abcd\"."),
            (written([name(), ("deep", "yes".into())]), "deep must be true or false, not \"yes\"."),
            (written([name(), ("allow", tuple([]))]), "allow must be a map, not a tuple of 0."),
            ("backend".into(), "The value must be an object, not \"backend\"."),
        ];
        for (value, expected) in cases {
            assert_eq!(conform(&schema(), &value).map_err(|d| said(&d)), Err(vec![expected.to_owned()]), "{value:?}");
        }
    }
}
