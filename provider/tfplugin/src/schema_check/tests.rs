use super::*;
use crate::cty::Value;
use crate::schema::{IdentityAttribute, declare};
use crate::validators;

fn text(name: &'static str) -> Attribute {
    Attribute::new(name, Type::String, "")
}

fn nested(nesting: Nesting, attributes: Vec<Attribute>) -> Attribute {
    Attribute::nested("outer", nesting, attributes, "")
}

fn block(nesting: Nesting, min_items: i64, max_items: i64) -> NestedBlock {
    let attributes = vec![text("inner")];
    NestedBlock { nesting, min_items, max_items, ..declare::block("block", attributes, "") }
}

fn said(schema: &Schema) -> Vec<String> {
    check(schema).iter().map(ToString::to_string).collect()
}

#[test]
fn a_schema_that_terraform_takes() {
    let mut schema = Schema::new(
        "",
        vec![
            text("name").required().requires_replace().validate(validators::length(1..)),
            text("policy").default("retain").deprecated("Use name."),
            text("id").computed().use_state_for_unknown(),
            text("zone").optional_computed().use_state_for_unknown(),
            Attribute::new("any", Type::Dynamic, ""),
            nested(Nesting::Map, vec![text("inner").write_only(), Attribute::new("any", Type::map(Type::Dynamic), "")]),
            Attribute::nested("secrets", Nesting::List, vec![text("a").write_only()], "").write_only(),
            Attribute::nested("rules", Nesting::Set, vec![text("a").required(), text("b").computed()], ""),
        ],
    );
    schema.blocks = vec![
        block(Nesting::List, 1, 0),
        declare::block("cloud", vec![text("key").sensitive()], "").required().modify(PlanModifier::RequiresReplace),
    ];
    assert_eq!(said(&schema), [""; 0]);
}

#[test]
fn attributes_that_terraform_refuses_or_never_heeds() {
    let secret = || text("inner").write_only();
    let any = |ty| Attribute::new("inner", ty, "");
    let cases = [
        (text("Name"), "Name: a name is lower-case letters, digits and underscores, and begins with no digit"),
        (text("1st"), "1st: a name is lower-case letters, digits and underscores, and begins with no digit"),
        (text("count"), "count: the name is reserved by the language"),
        (text("a").required().default("x"), "a: a default is for what the user may leave out"),
        (text("a").default(1), "a: the default does not have the attribute's type: string is required, not a number"),
        (text("a").default(Value::Null), "a: a default is a known value"),
        (text("a").default(Value::UNKNOWN), "a: a default is a known value"),
        (
            text("a").computed().validate(validators::length(1..)),
            "a: a validator checks what the user sets, and only the provider sets this",
        ),
        (
            text("a").use_state_for_unknown(),
            "a: only a computed attribute is unknown in a plan, so there is no state to use for it",
        ),
        (
            text("a").optional_computed().write_only(),
            "a: a write-only attribute is not computed and has no default: nothing could hold the value",
        ),
        (
            text("a").write_only().requires_replace(),
            "a: a write-only value has no old one to differ from, so it never requires replacement",
        ),
        (text("a").deprecated(""), "a: a deprecation says what to do instead"),
        (
            nested(Nesting::Set, vec![secret()]),
            "outer.inner: a set has no write-only parts: an element is what its values are",
        ),
        (
            nested(Nesting::Set, vec![text("inner").requires_replace()]),
            "outer.inner: a changed element of a set is another element: the set itself can require replacement",
        ),
        (
            nested(Nesting::Set, vec![text("inner").default("x")]),
            "outer.inner: inside a set an attribute is the user's or the provider's: Terraform finds an element again by \
             what is not computed",
        ),
        (
            nested(Nesting::Set, vec![any(Type::list(Type::Dynamic))]),
            "outer.inner: a set has no dynamic parts: its elements have one type",
        ),
        (any(Type::map(Type::set(Type::Dynamic))), "inner: a set has no dynamic parts: its elements have one type"),
        (
            nested(Nesting::Single, vec![text("inner")]).write_only(),
            "outer.inner: inside a write-only attribute everything is write-only",
        ),
        (
            nested(Nesting::Map, vec![text("inner").sensitive()]),
            "outer.inner: inside a map nothing is sensitive: a null element would crash the host",
        ),
    ];
    for (attribute, expected) in cases {
        assert_eq!(said(&Schema::new("", vec![attribute])), [expected]);
    }
}

#[test]
fn schemas_and_blocks_that_terraform_refuses() {
    let with = |block: NestedBlock| Schema { blocks: vec![block], ..Schema::default() };
    let cases = [
        (Schema { version: -1, ..Schema::default() }, "a schema's version is not negative"),
        (Schema::new("", vec![text("a"), text("a")]), "a: two attributes or blocks have the same name"),
        (
            Schema { attributes: vec![text("block")], ..with(block(Nesting::List, 0, 0)) },
            "block: two attributes or blocks have the same name",
        ),
        (with(block(Nesting::List, -1, 0)), "block: the number of blocks is not negative"),
        (with(block(Nesting::Set, 3, 2)), "block: the least number of blocks is above the most"),
        (with(block(Nesting::Map, 1, 0)), "block: the number of blocks in a map is not limited"),
        (
            with(block(Nesting::List, 0, 0).modify(PlanModifier::RequiresReplace)),
            "block: only a block that stands once has plan modifiers: others are one of several",
        ),
        (
            with(block(Nesting::Single, 0, 0).modify(PlanModifier::UseStateForUnknown)),
            "block: a block is the user's, so there is no state to use for it",
        ),
        (with(block(Nesting::Single, 0, 1)), "block: of a single block the least and the most are both 0 or both 1"),
        (
            with(NestedBlock { attributes: vec![text("inner").write_only()], ..block(Nesting::Set, 0, 0) }),
            "block.inner: a set has no write-only parts: an element is what its values are",
        ),
    ];
    for (schema, expected) in cases {
        assert_eq!(said(&schema), [expected]);
    }
}

#[test]
fn a_provider_reserves_other_names() {
    assert_eq!(check_configuration(&Schema::new("", vec![text("count")])), []);
}

#[test]
fn identities_are_simple() {
    let identity = |ty: Type| {
        let attribute = IdentityAttribute { name: "id", ty, required_for_import: true, description: String::new() };
        let violations = check_identity(&IdentitySchema { version: 0, attributes: vec![attribute], mutable: false });
        violations.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let refused = ["id: an identity has bools, numbers, strings and lists of those only"];
    for ty in [Type::String, Type::Number, Type::Bool, Type::list(Type::String)] {
        assert_eq!(identity(ty), [""; 0]);
    }
    for ty in [Type::map(Type::String), Type::set(Type::String), Type::Dynamic, Type::list(Type::list(Type::Bool))] {
        assert_eq!(identity(ty), refused);
    }
}
