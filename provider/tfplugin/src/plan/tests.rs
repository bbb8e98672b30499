use std::sync::Arc;

use super::*;
use crate::cty::Type;
use crate::schema::Nesting;
use crate::schema::declare::{block, string};

/// Each kind of attribute that the recipe tells apart, at the top and inside a map.
fn schema() -> Schema {
    let inner = vec![
        Attribute::new("subnet", Type::String, "").requires_replace(),
        Attribute::new("size", Type::Number, "").default(3),
        Attribute::new("id", Type::String, "").computed().use_state_for_unknown(),
        Attribute::new("state", Type::String, "").computed(),
    ];
    let grew = |change: Change<'_>| change.planned.as_i64() > change.prior.as_i64();
    Schema::new(
        "",
        vec![
            Attribute::new("name", Type::String, "").required().requires_replace(),
            Attribute::new("comment", Type::String, ""),
            Attribute::new("policy", Type::String, "").default("retain"),
            Attribute::new("token", Type::String, "").write_only(),
            Attribute::new("id", Type::String, "").computed().use_state_for_unknown(),
            Attribute::new("cidrs", Type::set(Type::String), "").computed(),
            Attribute::new("zone", Type::String, "").optional_computed().use_state_for_unknown(),
            Attribute::new("disk", Type::Number, "").modify(PlanModifier::RequiresReplaceIf(Arc::new(grew))),
            Attribute::nested("zones", Nesting::Map, inner, ""),
        ],
    )
}

const NAMES: [&str; 9] = ["name", "comment", "policy", "token", "id", "cidrs", "zone", "disk", "zones"];

/// An object of the schema with these values, and null otherwise.
fn object<const N: usize>(values: [(&str, Value); N]) -> Value {
    let mut object = Value::object(NAMES.map(|name| (name, Value::Null)));
    let attributes = object.as_object_mut().unwrap();
    for (name, value) in values {
        assert!(attributes.insert(name.to_owned(), value).is_some(), "{name}");
    }
    object
}

fn zone(subnet: &str, size: impl Into<Value>, id: impl Into<Value>, state: impl Into<Value>) -> Value {
    Value::object([("subnet", subnet.into()), ("size", size.into()), ("id", id.into()), ("state", state.into())])
}

fn state() -> Value {
    object([
        ("name", "a".into()),
        ("policy", "retain".into()),
        ("id", "1".into()),
        ("cidrs", Value::set(["c"])),
        ("zone", "z".into()),
        ("disk", 5.into()),
        ("zones", Value::map([("x", zone("s", 3, "i", "up"))])),
    ])
}

fn config() -> Value {
    let zones = Value::map([("x", zone("s", Value::Null, Value::Null, Value::Null))]);
    object([("name", "a".into()), ("disk", 5.into()), ("zones", zones)])
}

fn with(mut object: Value, name: &str, value: impl Into<Value>) -> Value {
    object.as_object_mut().unwrap().insert(name.to_owned(), value.into());
    object
}

#[test]
fn create_applies_defaults_and_marks_what_is_computed() {
    let config = with(config(), "token", "secret");
    // On create the proposal is the configuration: nothing is known that could fill it.
    let plan = plan(&schema(), &config, &Value::Null, &config);
    let expected = object([
        ("name", "a".into()),
        ("policy", "retain".into()),
        ("id", Value::UNKNOWN),
        ("cidrs", Value::UNKNOWN),
        ("zone", Value::UNKNOWN),
        ("disk", 5.into()),
        ("zones", Value::map([("x", zone("s", 3, Value::UNKNOWN, Value::UNKNOWN))])),
    ]);
    assert_eq!(plan, Planned { planned: expected, requires_replace: vec![] });
}

#[test]
fn without_a_difference_everything_stays() {
    let plan = plan(&schema(), &config(), &state(), &state());
    assert_eq!(plan, Planned { planned: state(), requires_replace: vec![] });
}

#[test]
fn a_write_only_value_alone_is_no_difference() {
    let config = with(config(), "token", "secret");
    let plan = plan(&schema(), &config, &state(), &with(state(), "token", "secret"));
    assert_eq!(plan.planned, state());
}

#[test]
fn an_update_marks_what_may_change_and_keeps_what_does_not() {
    let config = with(config(), "comment", "new");
    let plan = plan(&schema(), &config, &state(), &with(state(), "comment", "new"));
    let zones = Value::map([("x", zone("s", 3, "i", Value::UNKNOWN))]);
    let expected = with(with(with(state(), "comment", "new"), "cidrs", Value::UNKNOWN), "zones", zones);
    assert_eq!(plan, Planned { planned: expected, requires_replace: vec![] });
}

#[test]
fn a_new_element_is_unknown_where_an_old_one_is_kept() {
    let new = zone("t", Value::Null, Value::Null, Value::Null);
    let old = zone("s", Value::Null, Value::Null, Value::Null);
    let config = with(config(), "zones", Value::map([("x", old), ("y", new.clone())]));
    let proposed = with(state(), "zones", Value::map([("x", zone("s", 3, "i", "up")), ("y", new)]));
    let plan = plan(&schema(), &config, &state(), &proposed);
    let zones = [("x", zone("s", 3, "i", Value::UNKNOWN)), ("y", zone("t", 3, Value::UNKNOWN, Value::UNKNOWN))];
    assert_eq!(plan.planned.get("zones"), Some(&Value::map(zones)));
    // The new element's subnet is new, but no element changed.
    assert_eq!(plan.requires_replace, []);
}

#[test]
fn state_that_was_never_known_is_not_kept() {
    let prior = with(state(), "zone", Value::Null);
    let proposed = with(prior.clone(), "comment", "new");
    let plan = plan(&schema(), &with(config(), "comment", "new"), &prior, &proposed);
    assert_eq!(plan.planned.get("zone"), Some(&Value::UNKNOWN));
}

#[test]
fn an_unknown_configuration_stays_unknown() {
    let config = with(config(), "zone", Value::UNKNOWN);
    let plan = plan(&schema(), &config, &state(), &with(state(), "zone", Value::UNKNOWN));
    assert_eq!(plan.planned.get("zone"), Some(&Value::UNKNOWN));
}

#[test]
fn destroy_plans_nothing() {
    let plan = plan(&schema(), &Value::Null, &state(), &Value::Null);
    assert_eq!(plan, Planned { planned: Value::Null, requires_replace: vec![] });
}

#[test]
fn changes_replace_where_the_schema_says_so() {
    let zones = |zone: Value| Value::map([("x", zone)]);
    let moved = (zones(zone("t", Value::Null, Value::Null, Value::Null)), zones(zone("t", 3, "i", "up")));
    let none = || Value::map::<&str, Value>([]);
    let same = |value: Value| (value.clone(), value);
    let subnet = Path::attribute("zones").key("x").child("subnet");
    let cases = [
        ("an attribute without the modifier", "comment", same("new".into()), vec![]),
        ("a changed value", "name", same("b".into()), vec![Path::attribute("name")]),
        ("a value that may change", "name", same(Value::UNKNOWN), vec![Path::attribute("name")]),
        ("a condition that holds", "disk", same(6.into()), vec![Path::attribute("disk")]),
        ("a condition that does not hold", "disk", same(4.into()), vec![]),
        ("a changed value in an element", "zones", moved, vec![subnet]),
        ("an element that goes", "zones", same(none()), vec![]),
    ];
    for (case, name, (configured, proposed), expected) in cases {
        let config = with(config(), name, configured);
        let plan = plan(&schema(), &config, &state(), &with(state(), name, proposed));
        assert_eq!(plan.requires_replace, expected, "{case}");
    }
}

#[test]
fn elements_of_sets_are_found_by_what_the_user_wrote() {
    let attributes = vec![
        Attribute::new("cidr", Type::String, "").required(),
        Attribute::new("id", Type::String, "").computed().use_state_for_unknown(),
        Attribute::new("state", Type::String, "").computed(),
    ];
    let rules = Attribute::nested("rules", Nesting::Set, attributes, "");
    let schema = Schema::new("", vec![rules, Attribute::new("comment", Type::String, "")]);
    let rule =
        |cidr: &str, id: Value, state: Value| Value::object([("cidr", cidr.into()), ("id", id), ("state", state)]);
    let object =
        |rules: Vec<Value>, comment: &str| Value::object([("rules", Value::set(rules)), ("comment", comment.into())]);
    let config = object(vec![rule("a", Value::Null, Value::Null), rule("b", Value::Null, Value::Null)], "new");
    let prior = object(vec![rule("b", "2".into(), "up".into())], "old");
    let proposed = object(vec![rule("a", Value::Null, Value::Null), rule("b", "2".into(), "up".into())], "new");
    let expected =
        object(vec![rule("a", Value::UNKNOWN, Value::UNKNOWN), rule("b", "2".into(), Value::UNKNOWN)], "new");
    assert_eq!(plan(&schema, &config, &prior, &proposed).planned, expected);
}

#[test]
fn a_default_object_is_filled_as_a_configured_one() {
    let inner = || {
        vec![
            Attribute::new("size", Type::Number, "").default(3),
            Attribute::new("kind", Type::String, ""),
            Attribute::new("id", Type::String, "").computed(),
        ]
    };
    let object = |size: Value, id: Value| Value::object([("size", size), ("kind", "k".into()), ("id", id)]);
    let disk = Attribute::nested("disk", Nesting::Single, inner(), "").default(object(Value::Null, Value::Null));
    let computed = Attribute::nested("made", Nesting::Single, inner(), "").computed();
    let schema = Schema::new("", vec![disk, computed]);
    let config = Value::object([("disk", Value::Null), ("made", Value::Null)]);
    let planned = plan(&schema, &config, &Value::Null, &config).planned;
    let expected = Value::object([("disk", object(3.into(), Value::UNKNOWN)), ("made", Value::UNKNOWN)]);
    assert_eq!(planned, expected);
}

#[test]
fn write_only_values_go_at_every_depth() {
    let inner = vec![Attribute::new("secret", Type::String, "").write_only(), Attribute::new("user", Type::String, "")];
    let schema = Schema::new("", vec![Attribute::nested("logins", Nesting::List, inner, "")]);
    let login = |secret: Value| Value::object([("secret", secret), ("user", "u".into())]);
    let value = Value::object([("logins", Value::list([login("s".into())]))]);
    let cleared = Value::object([("logins", Value::list([login(Value::Null)]))]);
    assert_eq!(null_write_only(&schema, value), cleared);
}

#[test]
fn a_block_is_planned_as_it_is_written_with_what_is_computed_in_it() {
    let schema = Schema::new("", vec![Attribute::new("name", Type::String, "")]).with_blocks(vec![
        block(
            "cloud",
            vec![
                string("zone", "").requires_replace(),
                string("mode", "").default("fast"),
                string("id", "").computed().use_state_for_unknown(),
                string("status", "").computed(),
            ],
            "",
        )
        .modify(PlanModifier::RequiresReplaceOnPresence),
    ]);
    let cloud = |zone: Value, mode: Value, id: Value, status: Value| {
        Value::object([("zone", zone), ("mode", mode), ("id", id), ("status", status)])
    };
    let value = |name: &str, cloud: Value| Value::object([("name", name.into()), ("cloud", cloud)]);
    let written = |zone: Value| cloud(zone, Value::Null, Value::Null, Value::Null);
    let replaced = |planned: &Planned| planned.requires_replace.iter().map(ToString::to_string).collect::<Vec<_>>();

    let absent = value("x", Value::Null);
    assert_eq!(plan(&schema, &absent, &Value::Null, &absent).planned, absent, "an absent block stays null");

    let config = value("x", written("a".into()));
    let created = plan(&schema, &config, &Value::Null, &config);
    let expected = cloud("a".into(), "fast".into(), Value::UNKNOWN, Value::UNKNOWN);
    assert_eq!(created.planned, value("x", expected));

    let state = value("x", cloud("a".into(), "fast".into(), "id".into(), "up".into()));
    let renamed =
        plan(&schema, &value("y", written("a".into())), &state, &value("y", state.get("cloud").unwrap().clone()));
    let expected = cloud("a".into(), "fast".into(), "id".into(), Value::UNKNOWN);
    assert_eq!(renamed.planned, value("y", expected));
    assert_eq!(replaced(&renamed), [""; 0]);

    let moved = value("x", written("b".into()));
    let proposed = value("x", cloud("b".into(), "fast".into(), "id".into(), "up".into()));
    assert_eq!(replaced(&plan(&schema, &moved, &state, &proposed)), ["cloud.zone"]);
    assert_eq!(replaced(&plan(&schema, &absent, &state, &absent)), ["cloud"], "the block goes");
    assert_eq!(replaced(&plan(&schema, &config, &absent, &config)), ["cloud"], "the block comes");

    // A dynamic block whose for_each is not known yet: everything in it that a user can write is unknown.
    let unknown = value("x", cloud(Value::UNKNOWN, Value::UNKNOWN, Value::Null, Value::Null));
    let planned = plan(&schema, &unknown, &Value::Null, &unknown).planned;
    assert_eq!(planned, value("x", cloud(Value::UNKNOWN, Value::UNKNOWN, Value::UNKNOWN, Value::UNKNOWN)));
}
