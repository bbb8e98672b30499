//! Which object a value stands for: the attributes whose change replaces.

use serde_json::{Map, Value as Json};

use crate::cty::{Path, Value, json};
use crate::schema::{Attribute, AttributeType, Nesting, PlanModifier, Schema};

/// The values of the attributes whose change replaces the object, by path. What is not known yet has no entry of its own
/// kind in JSON, and is recorded as an object, which no plain value is.
pub(super) fn of(schema: &Schema, value: &Value) -> Json {
    let mut found = Map::new();
    collect(&schema.attributes, value, &Path::root(), &mut found);
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

fn collect(attributes: &[Attribute], value: &Value, path: &Path, found: &mut Map<String, Json>) {
    for attribute in attributes {
        let path = path.child(attribute.name);
        let part = value.get(attribute.name).unwrap_or(&Value::Null);
        let decides = |modifier: &PlanModifier| {
            matches!(modifier, PlanModifier::RequiresReplace | PlanModifier::RequiresReplaceIf(_))
        };
        if attribute.plan_modifiers.iter().any(decides) {
            let known = part.is_wholly_known().then(|| json::to_json(part, &attribute.value_type()).ok()).flatten();
            found.insert(path.to_string(), known.unwrap_or_else(unknown));
        } else if let AttributeType::Nested(Nesting::Single, inner) = &attribute.ty {
            collect(inner, part, &path, found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cty::Type;

    fn schema() -> Schema {
        Schema::new(
            "",
            vec![
                Attribute::new("name", Type::String, "").required().requires_replace(),
                Attribute::new("size", Type::Number, ""),
                Attribute::nested(
                    "place",
                    Nesting::Single,
                    vec![Attribute::new("region", Type::String, "").requires_replace()],
                    "",
                ),
            ],
        )
    }

    fn value(name: Value, size: i64, region: &str) -> Value {
        let place = Value::object([("region", region)]);
        Value::object([("name", name), ("size", size.into()), ("place", place)])
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
    fn what_is_not_known_is_not_the_same() {
        let unknown = of(&schema(), &value(Value::UNKNOWN, 1, "x"));
        assert!(!is_same(&unknown, &unknown));
    }
}
