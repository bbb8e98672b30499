//! Which object a value stands for: the attributes whose change replaces.

use serde_json::{Map, Value as Json};

use crate::cty::{Path, Value, json};
use crate::schema::{Fields, Nesting, PlanModifier, Schema, part};

/// The values of the attributes whose change replaces the object, by path. What is not known yet has no entry of its own
/// kind in JSON, and is recorded as an object, which no plain value is.
pub(super) fn of(schema: &Schema, value: &Value) -> Json {
    let mut found = Map::new();
    collect(schema.fields(), value, &Path::root(), &mut found);
    Json::Object(found)
}

/// Whether both are known to be of one object.
pub(super) fn is_same(one: &Json, other: &Json) -> bool {
    let known = |part: &Json| part.as_object().is_some_and(|parts| !parts.values().any(|value| *value == unknown()));
    one == other && known(one) && known(other)
}

fn unknown() -> Json {
    serde_json::json!({"unknown": true})
}

fn collect(fields: Fields<'_>, value: &Value, path: &Path, found: &mut Map<String, Json>) {
    for field in fields.iter() {
        let path = path.child(field.name);
        let part = part(value, field.name);
        let decides = |modifier: &PlanModifier| {
            matches!(modifier, PlanModifier::RequiresReplace | PlanModifier::RequiresReplaceIf(_))
        };
        let presence = |modifier: &PlanModifier| matches!(modifier, PlanModifier::RequiresReplaceOnPresence);
        if field.plan_modifiers.iter().any(decides) {
            let known = part.is_wholly_known().then(|| json::to_json(part, &field.value_type()).ok()).flatten();
            found.insert(path.to_string(), known.unwrap_or_else(unknown));
            continue;
        }
        if field.plan_modifiers.iter().any(presence) {
            found.insert(path.to_string(), if part.is_unknown() { unknown() } else { Json::Bool(!part.is_null()) });
        }
        if let Some((Nesting::Single, inner)) = field.nested {
            collect(inner, part, &path, found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cty::Type;
    use crate::schema::Attribute;
    use crate::schema::declare::{block, object, string};

    fn schema() -> Schema {
        Schema::new(
            "",
            vec![
                Attribute::new("name", Type::String, "").required().requires_replace(),
                Attribute::new("size", Type::Number, ""),
                object("place", vec![string("region", "").requires_replace()], ""),
            ],
        )
        .with_blocks(vec![
            block("cloud", vec![string("zone", "").requires_replace(), string("tag", "")], "")
                .modify(PlanModifier::RequiresReplaceOnPresence),
        ])
    }

    fn value(name: Value, size: i64, region: &str) -> Value {
        let place = Value::object([("region", region)]);
        Value::object([("name", name), ("size", size.into()), ("place", place), ("cloud", Value::Null)])
    }

    fn in_cloud(zone: &str, tag: &str) -> Value {
        let mut value = value("a".into(), 1, "x");
        let cloud = Value::object([("zone", zone), ("tag", tag)]);
        value.as_object_mut().unwrap().insert("cloud".to_owned(), cloud);
        value
    }

    #[test]
    fn only_what_replaces_decides() {
        let same = |one: &Value, other: &Value| is_same(&of(&schema(), one), &of(&schema(), other));
        let object = value("a".into(), 1, "x");
        assert!(same(&object, &value("a".into(), 2, "x")));
        assert!(!same(&object, &value("b".into(), 1, "x")));
        assert!(!same(&object, &value("a".into(), 1, "y")));
    }

    #[test]
    fn a_block_decides_by_being_there_and_by_what_replaces_in_it() {
        let same = |one: &Value, other: &Value| is_same(&of(&schema(), one), &of(&schema(), other));
        assert!(same(&in_cloud("a", "x"), &in_cloud("a", "y")));
        assert!(!same(&in_cloud("a", "x"), &in_cloud("b", "x")));
        assert!(!same(&in_cloud("a", "x"), &value("a".into(), 1, "x")));
    }

    #[test]
    fn what_is_not_known_is_not_the_same() {
        let unknown = of(&schema(), &value(Value::UNKNOWN, 1, "x"));
        assert!(!is_same(&unknown, &unknown));
    }
}
