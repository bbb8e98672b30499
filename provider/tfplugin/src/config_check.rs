//! A configuration against its schema's own rules.
//!
//! Terraform checks types, required attributes and the number of blocks itself, and calls the provider for the rest. What is
//! not known yet is not judged: Terraform asks again when it is.

use crate::cty::{Brief, Path, Step, Value};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::schema::{Attribute, Fields, Mode, Nesting, Schema, objects, part};

/// Runs every attribute's validators, and finds attributes that are required and missing or computed and set, and objects that
/// are null in a list or map, at any depth.
pub fn check(schema: &Schema, config: &Value) -> Diagnostics {
    let mut diagnostics = collect(schema, config, check_attribute);
    diagnostics.extend(refuse_null_objects(schema, config));
    diagnostics
}

/// Refuses null in place of an object of a nested list, set or map: it could be read as an object that says nothing, and so
/// as the widest one.
pub fn refuse_null_objects(schema: &Schema, config: &Value) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    null_objects(schema.fields(), config, &Path::root(), &mut diagnostics);
    diagnostics
}

fn null_objects(fields: Fields<'_>, object: &Value, path: &Path, diagnostics: &mut Diagnostics) {
    for field in fields.iter() {
        let Some((nesting, inner)) = field.nested else { continue };
        let path = path.child(field.name);
        for (place, object) in objects(nesting, part(object, field.name)) {
            let path = place.step().map_or_else(|| path.clone(), |step| path.then(step));
            if object.is_null() {
                let detail = format!("{path} is null. Write its attributes, or leave the element out.");
                diagnostics.push(Diagnostic::error("An element is null", detail).at(path));
            } else {
                null_objects(inner, object, &path, diagnostics);
            }
        }
    }
}

/// Refuses every write-only value. For Terraform before 1.11, which would store it (plugin protocol 6.8,
/// `ClientCapabilities.write_only_attributes_allowed`).
pub fn refuse_write_only(schema: &Schema, config: &Value) -> Diagnostics {
    collect(schema, config, |attribute, path, value| {
        if !attribute.write_only || value.is_null() {
            return Diagnostics::new();
        }
        let detail = format!(
            "{path} is never stored, which takes Terraform 1.11 or newer; this Terraform would store it. Use a newer one, or \
             leave the attribute out."
        );
        Diagnostic::error("Write-only attributes need Terraform 1.11", detail).at(path.clone()).into()
    })
}

/// What a check says about every attribute of every object that there is.
fn collect(schema: &Schema, config: &Value, check: impl Fn(&Attribute, &Path, &Value) -> Diagnostics) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    walk(schema.fields(), config, &Path::root(), None, &mut |attribute, place, value| {
        let said = check(attribute, place.path, value).into_iter();
        diagnostics.extend(said.map(|d| match place.set {
            Some(set) => d.at(set.clone()),
            None => d,
        }));
    });
    diagnostics
}

/// Where an attribute is.
struct Place<'a> {
    /// The way to it, for people.
    path: &'a Path,
    /// The outermost set around it. Elements of sets have no address, so for Terraform a path ends there.
    set: Option<&'a Path>,
}

fn walk(
    fields: Fields<'_>,
    object: &Value,
    path: &Path,
    set: Option<&Path>,
    visit: &mut dyn FnMut(&Attribute, Place<'_>, &Value),
) {
    if object.as_object().is_none() {
        return;
    }
    for field in fields.iter() {
        let value = part(object, field.name);
        let path = path.then(Step::Attribute(field.name.to_owned()));
        if let Some(attribute) = field.attribute {
            visit(attribute, Place { path: &path, set }, value);
        }
        let Some((nesting, inner)) = field.nested else { continue };
        let set = set.or((nesting == Nesting::Set).then_some(&path));
        for (place, object) in objects(nesting, value) {
            match place.step() {
                Some(step) => walk(inner, object, &path.then(step), set, visit),
                None => walk(inner, object, &path, set, visit),
            }
        }
    }
}

fn check_attribute(attribute: &Attribute, path: &Path, value: &Value) -> Diagnostics {
    match attribute.mode {
        Mode::Required if value.is_null() && !attribute.nullable => {
            return Diagnostic::error(format!("{path} is missing"), format!("{path} is required."))
                .at(path.clone())
                .into();
        }
        Mode::Computed if !value.is_null() => {
            let detail = format!("Only the provider sets {path}. Remove it from the configuration.");
            return Diagnostic::error(format!("{path} cannot be set"), detail).at(path.clone()).into();
        }
        _ if value.is_null() || value.is_unknown() => return Diagnostics::new(),
        _ => {}
    }
    let known = value.is_wholly_known();
    let validators = attribute.validators.iter().filter(|validator| known || validator.tolerates_unknown);
    validators
        .flat_map(|validator| {
            let diagnostics = (validator.check)(path, value);
            if attribute.sensitive || attribute.write_only {
                without_value(diagnostics, &validator.demand)
            } else {
                diagnostics
            }
        })
        .collect()
}

/// The messages of a check on a value that must not be shown: what is demanded, on the same paths.
fn without_value(diagnostics: Diagnostics, demand: &str) -> Diagnostics {
    let hide = |d: Diagnostic| {
        let detail = format!("It must be {demand}. The value is sensitive and not shown.");
        Diagnostic { summary: "A sensitive attribute is not valid".to_owned(), detail, ..d }
    };
    diagnostics.into_iter().map(hide).collect()
}

/// What `value` is, for a message that says what it should be.
pub(crate) fn not_valid(path: &Path, demand: &str, value: &Value) -> Diagnostic {
    Diagnostic::error(format!("{path} is not valid"), format!("{path} must be {demand}, not {}.", Brief(value)))
        .at(path.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cty::Type;
    use crate::schema::declare::block;
    use crate::validators;

    fn schema() -> Schema {
        let short = || validators::length(1..=3);
        let inner = || {
            vec![
                Attribute::new("id", Type::String, "").required().validate(short()),
                Attribute::new("made", Type::String, "").computed(),
                Attribute::new("secret", Type::String, "").write_only().validate(short()),
            ]
        };
        Schema::new(
            "",
            vec![
                Attribute::new("name", Type::String, "").validate(short()),
                Attribute::new("key", Type::String, "").sensitive().validate(short()),
                Attribute::new("cidrs", Type::set(Type::String), "").validate(validators::size(2..)),
                Attribute::nested("zones", Nesting::Map, inner(), ""),
                Attribute::nested("rules", Nesting::Set, inner(), ""),
            ],
        )
        .with_blocks(vec![block("cloud", inner(), "")])
    }

    fn config<const N: usize>(values: [(&str, Value); N]) -> Value {
        let mut config =
            Value::object(["name", "key", "cidrs", "zones", "rules", "cloud"].map(|name| (name, Value::Null)));
        let attributes = config.as_object_mut().unwrap();
        attributes.extend(values.map(|(name, value)| (name.to_owned(), value)));
        config
    }

    fn inner(id: impl Into<Value>, made: impl Into<Value>, secret: impl Into<Value>) -> Value {
        Value::object([("id", id.into()), ("made", made.into()), ("secret", secret.into())])
    }

    fn said(diagnostics: &Diagnostics) -> Vec<(String, String)> {
        diagnostics.iter().map(|d| (d.path.clone().unwrap_or_default().to_string(), d.detail.clone())).collect()
    }

    #[test]
    fn reports_on_the_attribute() {
        type Expected<'a> = &'a [(&'a str, &'a str)];
        let zones = |zone: Value| Value::map([("a", zone)]);
        let cases: [(&str, Value, Expected<'_>); 12] = [
            ("name", "abc".into(), &[]),
            ("name", "abcd".into(), &[("name", "name must be 1 to 3 characters, not \"abcd\".")]),
            ("key", "abcd".into(), &[("key", "It must be 1 to 3 characters. The value is sensitive and not shown.")]),
            ("cidrs", Value::set(["x"]), &[("cidrs", "cidrs must be at least 2 elements, not a set of 1.")]),
            (
                "zones",
                zones(inner("abcd", Value::Null, Value::Null)),
                &[("zones[\"a\"].id", "zones[\"a\"].id must be 1 to 3 characters, not \"abcd\".")],
            ),
            (
                "zones",
                zones(inner(Value::Null, "x", "abcd")),
                &[
                    ("zones[\"a\"].id", "zones[\"a\"].id is required."),
                    (
                        "zones[\"a\"].made",
                        "Only the provider sets zones[\"a\"].made. Remove it from the configuration.",
                    ),
                    ("zones[\"a\"].secret", "It must be 1 to 3 characters. The value is sensitive and not shown."),
                ],
            ),
            (
                "rules",
                Value::set([inner("abcd", Value::Null, Value::Null)]),
                &[("rules", "rules.id must be 1 to 3 characters, not \"abcd\".")],
            ),
            ("cidrs", Value::set([Value::UNKNOWN]), &[]),
            (
                "zones",
                zones(Value::Null),
                &[("zones[\"a\"]", "zones[\"a\"] is null. Write its attributes, or leave the element out.")],
            ),
            (
                "rules",
                Value::set([Value::Null]),
                &[("rules", "rules is null. Write its attributes, or leave the element out.")],
            ),
            (
                "cloud",
                inner("abcd", "x", Value::Null),
                &[
                    ("cloud.id", "cloud.id must be 1 to 3 characters, not \"abcd\"."),
                    ("cloud.made", "Only the provider sets cloud.made. Remove it from the configuration."),
                ],
            ),
            ("cloud", inner(Value::UNKNOWN, Value::Null, Value::UNKNOWN), &[]),
        ];
        for (name, value, expected) in cases {
            let expected: Vec<_> = expected.iter().map(|(p, d)| ((*p).to_owned(), (*d).to_owned())).collect();
            assert_eq!(said(&check(&schema(), &config([(name, value)]))), expected);
        }
    }

    #[test]
    fn what_is_not_known_is_not_judged() {
        for name in ["name", "key", "cidrs", "zones", "rules", "cloud"] {
            assert_eq!(said(&check(&schema(), &config([(name, Value::UNKNOWN)]))), []);
        }
    }

    #[test]
    fn write_only_values_are_refused_for_an_old_terraform() {
        let config = config([("zones", Value::map([("a", inner("x", Value::Null, Value::UNKNOWN))]))]);
        let diagnostics = refuse_write_only(&schema(), &config);
        let paths: Vec<_> = said(&diagnostics).into_iter().map(|(path, _)| path).collect();
        assert_eq!(paths, ["zones[\"a\"].secret"]);
    }
}
