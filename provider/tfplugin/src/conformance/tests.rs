use super::*;
use crate::cty::{Refinements, Type};
use crate::schema::declare::block;
use crate::schema::{Attribute, NestedBlock, Nesting};

fn schema() -> Schema {
    let inner =
        || vec![Attribute::new("cidr", Type::String, "").required(), Attribute::new("id", Type::String, "").computed()];
    let mut schema = Schema::new(
        "",
        vec![
            Attribute::new("name", Type::String, "").required(),
            Attribute::new("note", Type::String, ""),
            Attribute::new("zone", Type::String, "").optional_computed(),
            Attribute::new("policy", Type::String, "").default("retain"),
            Attribute::new("key", Type::String, "").sensitive(),
            Attribute::new("token", Type::String, "").write_only(),
            Attribute::new("tags", Type::map(Type::String), ""),
            Attribute::nested("rules", Nesting::List, inner(), ""),
            Attribute::nested("routes", Nesting::Map, inner(), ""),
            Attribute::nested("members", Nesting::Set, inner(), ""),
            Attribute::nested("disk", Nesting::Single, inner(), ""),
        ],
    );
    let listener = NestedBlock { nesting: Nesting::List, ..block("listener", inner(), "") };
    schema.blocks = vec![listener, block("cloud", inner(), "")];
    schema
}

fn object<const N: usize>(values: [(&str, Value); N]) -> Value {
    let Type::Object(types) = schema().ty() else { unreachable!("a schema's type is an object") };
    let mut object = Value::object(types.into_keys().map(|name| (name, Value::Null)));
    let attributes = object.as_object_mut().unwrap();
    attributes.insert("listener".into(), Value::List(vec![]));
    attributes.insert("name".into(), "a".into());
    for (name, value) in values {
        assert!(attributes.insert(name.to_owned(), value).is_some(), "{name}");
    }
    object
}

fn rule(cidr: impl Into<Value>, id: impl Into<Value>) -> Value {
    Value::object([("cidr", cidr.into()), ("id", id.into())])
}

fn refined() -> Value {
    Value::Unknown(Some(Box::new(Refinements { not_null: true, ..Refinements::default() })))
}

/// What is said about a plan, without the sentence on bugs; no message when Terraform accepts it.
fn said(diagnostics: Diagnostics) -> Vec<String> {
    diagnostics.into_iter().map(|d| d.detail.split(". This is a bug").next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn plans_that_terraform_accepts() {
    let null = || rule("c", Value::Null);
    let cases = [
        ("as configured", "note", "x".into(), Value::Null, "x".into()),
        ("the state's spelling", "note", "X".into(), "x".into(), "x".into()),
        ("computed, not configured", "zone", Value::Null, "z".into(), Value::UNKNOWN),
        ("a default", "policy", Value::Null, Value::Null, "retain".into()),
        ("unknown stays unknown", "note", refined(), Value::Null, Value::UNKNOWN),
        ("write-only, dropped", "token", "secret".into(), Value::Null, Value::Null),
        (
            "a computed part of a list",
            "rules",
            Value::list([null()]),
            Value::Null,
            Value::list([rule("c", Value::UNKNOWN)]),
        ),
        (
            "a computed part of a set",
            "members",
            Value::set([null()]),
            Value::Null,
            Value::set([rule("c", Value::UNKNOWN)]),
        ),
        ("a computed part of an object", "disk", null(), Value::Null, rule("c", "1")),
        (
            "a computed part of a block",
            "listener",
            Value::list([null()]),
            Value::List(vec![]),
            Value::list([rule("c", "1")]),
        ),
        ("an unknown dynamic block", "listener", Value::UNKNOWN, Value::List(vec![]), Value::UNKNOWN),
        ("an unknown nested attribute", "routes", Value::UNKNOWN, Value::Null, Value::UNKNOWN),
    ];
    for (case, name, config, prior, planned) in cases {
        let (config, prior, planned) = (object([(name, config)]), object([(name, prior)]), object([(name, planned)]));
        assert_eq!(said(check_plan(&schema(), &config, &prior, &planned)), [""; 0], "{case}");
    }
}

#[test]
fn plans_that_terraform_rejects() {
    let one = |cidr: &str| Value::list([rule(cidr, Value::Null)]);
    let keyed = |key: &str| Value::map([(key, rule("c", Value::Null))]);
    let cases: [(&str, Value, Value, &[&str]); 14] = [
        (
            "note",
            Value::Null,
            "x".into(),
            &["note is planned as \"x\"; it is not configured, and not computed in the schema"],
        ),
        ("note", "x".into(), "y".into(), &["note is configured as \"x\" and planned as \"y\""]),
        ("note", "x".into(), Value::Null, &["note is configured as \"x\" and planned as null"]),
        ("note", "x".into(), Value::UNKNOWN, &["note is configured as \"x\" and planned as an unknown value"]),
        ("note", Value::UNKNOWN, "x".into(), &["note is configured as an unknown value and planned as \"x\""]),
        ("key", "x".into(), "y".into(), &["key is configured as a sensitive value and planned as a sensitive value"]),
        ("token", "x".into(), "x".into(), &["token is write-only, and the plan holds a value for it"]),
        ("rules", one("c"), one("d"), &["rules[0].cidr is configured as \"c\" and planned as \"d\""]),
        ("rules", one("c"), Value::List(vec![]), &["rules[0] is configured and not planned"]),
        ("rules", one("c"), Value::UNKNOWN, &["rules is configured as a list of 1 and planned as an unknown value"]),
        (
            "routes",
            keyed("a"),
            keyed("b"),
            &["routes[\"b\"] is planned and not configured", "routes[\"a\"] is configured and not planned"],
        ),
        (
            "members",
            Value::set([rule("c", Value::Null)]),
            Value::set([rule("c", "1"), rule("d", "2")]),
            &["members is configured as a set of 1 and planned as a set of 2"],
        ),
        ("listener", Value::List(vec![]), one("c"), &["listener[0] is planned and not configured"]),
        ("listener", one("c"), Value::Null, &["listener is configured as a list of 1 and planned as null"]),
    ];
    for (name, config, planned, expected) in cases {
        let (config, planned) = (object([(name, config)]), object([(name, planned)]));
        assert_eq!(said(check_plan(&schema(), &config, &Value::Null, &planned)), expected);
    }
    let nothing = check_plan(&schema(), &object([]), &Value::Null, &Value::Null);
    assert_eq!(said(nothing), ["The object is planned as null, and the configuration has it"]);
}

#[test]
fn results_that_terraform_accepts() {
    let cases = [
        ("as planned", "note", "x".into(), "x".into()),
        ("unknown becomes known", "zone", Value::UNKNOWN, "z".into()),
        ("unknown becomes null", "zone", Value::UNKNOWN, Value::Null),
        ("a promise kept", "zone", refined(), "z".into()),
        ("an unknown part", "rules", Value::list([rule("c", Value::UNKNOWN)]), Value::list([rule("c", "1")])),
        (
            "unknown parts of a set",
            "members",
            Value::set([rule("c", Value::UNKNOWN), rule("d", Value::UNKNOWN)]),
            Value::set([rule("d", "1"), rule("c", "2")]),
        ),
        ("unknown keys", "tags", Value::UNKNOWN, Value::map([("k", "v")])),
    ];
    for (case, name, planned, state) in cases {
        let diagnostics = check_apply(&schema(), &object([(name, planned)]), &object([(name, state)]));
        assert_eq!(said(diagnostics), [""; 0], "{case}");
    }
}

#[test]
fn results_that_terraform_rejects() {
    let cases: [(&str, Value, Value, &[&str]); 10] = [
        ("note", "x".into(), "y".into(), &["note was planned as \"x\" and is \"y\""]),
        ("note", Value::Null, "y".into(), &["note was planned as null and is \"y\""]),
        ("note", "x".into(), Value::Null, &["note was planned as \"x\" and is null"]),
        ("zone", refined(), Value::Null, &["zone is null, against what the plan promised about it"]),
        ("key", "x".into(), "y".into(), &["key has another value than planned; it is sensitive, so neither is shown"]),
        (
            "tags",
            Value::map([("a", "1")]),
            Value::map([("b", "1")]),
            &["tags[\"a\"] was planned and is missing", "tags[\"b\"] was not planned and is there"],
        ),
        (
            "rules",
            Value::list([rule("c", "1")]),
            Value::list([rule("c", "2")]),
            &["rules[0].id was planned as \"1\" and is \"2\""],
        ),
        ("rules", Value::list([rule("c", "1")]), Value::List(vec![]), &["rules[0] was planned and is missing"]),
        (
            "members",
            Value::set([rule("c", Value::UNKNOWN)]),
            Value::set([rule("d", "1")]),
            &["members is a set with other elements than planned"],
        ),
        (
            "members",
            Value::set([rule("c", Value::UNKNOWN)]),
            Value::set([rule("c", "1"), rule("c", "2")]),
            &["members was planned as a set of 1 and is a set of 2, or of other elements"],
        ),
    ];
    for (name, planned, state, expected) in cases {
        let diagnostics = check_apply(&schema(), &object([(name, planned)]), &object([(name, state)]));
        let paths: Vec<_> = diagnostics.iter().map(|d| d.path.clone().is_some()).collect();
        assert_eq!(paths, vec![true; expected.len()]);
        assert_eq!(said(diagnostics), expected);
    }
}

/// Whatever the recipe plans from what Terraform proposes, Terraform accepts.
#[test]
fn the_recipe_conforms() {
    let inner = rule("c", Value::Null);
    let config = object([
        ("note", Value::UNKNOWN),
        ("rules", Value::list([inner.clone()])),
        ("routes", Value::map([("a", inner.clone())])),
        ("members", Value::set([inner.clone()])),
        ("disk", inner.clone()),
        ("token", "secret".into()),
        ("listener", Value::list([inner])),
    ]);
    let plan = crate::plan::plan(&schema(), &config, &Value::Null, &config);
    assert_eq!(said(check_plan(&schema(), &config, &Value::Null, &plan.planned)), [""; 0]);
}
