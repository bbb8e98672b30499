//! Values as JSON: the form of stored state, and one that a reply may use (plugin protocol 6, `DynamicValue.json` and
//! `RawState.json`; go-cty, package `json`). JSON has no unknown values.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::value::nfc;
use super::{Number, Step, Type, Value, ValueError};

/// Attributes of an object that its type does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undefined {
    /// They are an error, as for Terraform.
    Refuse,
    /// They are passed over: state of a version of the provider that had more.
    Ignore,
}

/// The value of this type in JSON text. Attributes that are missing are null.
pub fn decode(bytes: &[u8], ty: &Type, undefined: Undefined) -> Result<Value, ValueError> {
    let json: Json = serde_json::from_slice(bytes).map_err(|e| ValueError::new(e.to_string()))?;
    from_json(&json, ty, undefined)
}

/// The value as JSON text. Fails where the value does not have the type, and where it is unknown or infinite.
pub fn encode(value: &Value, ty: &Type) -> Result<Vec<u8>, ValueError> {
    Ok(to_json(value, ty)?.to_string().into_bytes())
}

/// The value of this type in JSON. Attributes that are missing are null.
pub fn from_json(json: &Json, ty: &Type, undefined: Undefined) -> Result<Value, ValueError> {
    Ok(match (ty, json) {
        (_, Json::Null) => Value::Null,
        (Type::Dynamic, Json::Object(parts)) => {
            let [Some(ty), Some(value)] = [parts.get("type"), parts.get("value")] else {
                return Err(ValueError::new("a dynamic value is an object of \"type\" and \"value\""));
            };
            let ty = Type::from_json(ty).map_err(|e| ValueError::new(e.to_string()))?;
            let value = from_json(value, &ty, undefined)?;
            if ty == Type::Dynamic { value } else { Value::Dynamic(Box::new((ty, value))) }
        }
        (Type::Bool, Json::Bool(value)) => Value::Bool(*value),
        (Type::Number, Json::Number(value)) => Value::Number(parse_number(&value.to_string())?),
        (Type::Number, Json::String(value)) => Value::Number(parse_number(value)?),
        (Type::String, Json::String(value)) => Value::String(nfc(value).into_owned()),
        (Type::List(element), Json::Array(values)) => {
            Value::List(elements(values, std::iter::repeat(&**element), undefined)?)
        }
        (Type::Set(element), Json::Array(values)) => {
            Value::Set(elements(values, std::iter::repeat(&**element), undefined).map_err(ValueError::at_parent)?)
        }
        (Type::Tuple(types), Json::Array(values)) if types.len() == values.len() => {
            Value::Tuple(elements(values, types, undefined)?)
        }
        (Type::Map(element), Json::Object(values)) => {
            let value = |(key, value): (&String, &Json)| {
                let value = from_json(value, element, undefined).map_err(|e| e.within(Step::Key(key.clone())))?;
                Ok((nfc(key).into_owned(), value))
            };
            Value::Map(values.iter().map(value).collect::<Result<_, ValueError>>()?)
        }
        (Type::Object(types), Json::Object(values)) => object(values, types, undefined)?,
        _ => return Err(ValueError::wanted(&ty.to_string(), kind(json))),
    })
}

fn elements<'a>(
    values: &[Json],
    types: impl IntoIterator<Item = &'a Type>,
    undefined: Undefined,
) -> Result<Vec<Value>, ValueError> {
    let element = |(position, (value, ty)): (usize, (&Json, &Type))| {
        from_json(value, ty, undefined).map_err(|e| e.within(Step::at(position)))
    };
    values.iter().zip(types).enumerate().map(element).collect()
}

fn object(
    values: &serde_json::Map<String, Json>,
    types: &BTreeMap<String, Type>,
    undefined: Undefined,
) -> Result<Value, ValueError> {
    if undefined == Undefined::Refuse
        && let Some(name) = values.keys().find(|name| !types.contains_key(*name))
    {
        return Err(ValueError::new(format!("the schema has no attribute {name:?}")));
    }
    let attribute = |(name, ty): (&String, &Type)| {
        let value = match values.get(name) {
            Some(value) => from_json(value, ty, undefined).map_err(|e| e.within(Step::Attribute(name.clone())))?,
            None => Value::Null,
        };
        Ok((name.clone(), value))
    };
    Ok(Value::Object(types.iter().map(attribute).collect::<Result<_, ValueError>>()?))
}

fn parse_number(text: &str) -> Result<Number, ValueError> {
    text.parse().map_err(|e: super::ParseNumberError| ValueError::new(e.to_string()))
}

fn kind(json: &Json) -> &'static str {
    match json {
        Json::Null => "null",
        Json::Bool(_) => "a bool",
        Json::Number(_) => "a number",
        Json::String(_) => "a string",
        Json::Array(_) => "an array",
        Json::Object(_) => "an object",
    }
}

/// The value as JSON. Fails where the value does not have the type, and where it is unknown or infinite.
pub fn to_json(value: &Value, ty: &Type) -> Result<Json, ValueError> {
    Ok(match (ty, value) {
        (_, Value::Null) => Json::Null,
        (_, Value::Unknown(_)) => return Err(ValueError::new("the value is unknown, which JSON cannot say")),
        (Type::Dynamic, Value::Dynamic(typed)) => {
            let (ty, value) = &**typed;
            Json::Object(
                [("type".to_owned(), ty.to_json()), ("value".to_owned(), to_json(value, ty)?)].into_iter().collect(),
            )
        }
        (Type::Bool, Value::Bool(value)) => Json::Bool(*value),
        (Type::Number, Value::Number(value)) => {
            let number = value
                .to_string()
                .parse()
                .map_err(|_| ValueError::new("the number is infinite, which JSON cannot say"))?;
            Json::Number(number)
        }
        (Type::String, Value::String(value)) => Json::String(value.clone()),
        (Type::List(element), Value::List(values)) => array(values, std::iter::repeat(&**element))?,
        (Type::Set(element), Value::Set(values)) => {
            array(values, std::iter::repeat(&**element)).map_err(ValueError::at_parent)?
        }
        (Type::Tuple(types), Value::Tuple(values)) if types.len() == values.len() => array(values, types)?,
        (Type::Map(element), Value::Map(values)) => {
            let value = |(key, value): (&String, &Value)| {
                Ok((key.clone(), to_json(value, element).map_err(|e| e.within(Step::Key(key.clone())))?))
            };
            Json::Object(values.iter().map(value).collect::<Result<_, ValueError>>()?)
        }
        (Type::Object(types), Value::Object(values)) => {
            if let Some(name) = values.keys().find(|name| !types.contains_key(*name)) {
                return Err(ValueError::new(format!("the schema has no attribute {name:?}")));
            }
            let attribute = |(name, ty): (&String, &Type)| {
                let value = values
                    .get(name)
                    .ok_or_else(|| ValueError::new(format!("the attribute {name:?} is missing from the object")))?;
                Ok((name.clone(), to_json(value, ty).map_err(|e| e.within(Step::Attribute(name.clone())))?))
            };
            Json::Object(types.iter().map(attribute).collect::<Result<_, ValueError>>()?)
        }
        _ => return Err(ValueError::wanted(&ty.to_string(), value.kind())),
    })
}

fn array<'a>(values: &[Value], types: impl IntoIterator<Item = &'a Type>) -> Result<Json, ValueError> {
    let element = |(position, (value, ty)): (usize, (&Value, &Type))| {
        to_json(value, ty).map_err(|e| e.within(Step::at(position)))
    };
    values.iter().zip(types).enumerate().map(element).collect::<Result<_, _>>().map(Json::Array)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::cty::arbitrary::{typed_values, types};

    fn read(json: &str, ty: &Type) -> Result<Value, String> {
        decode(json.as_bytes(), ty, Undefined::Refuse).map_err(|e| e.to_string())
    }

    #[test]
    fn reads_state() {
        let ty = Type::object([
            ("name", Type::String),
            ("size", Type::Number),
            ("tags", Type::map(Type::String)),
            ("any", Type::Dynamic),
            ("gone", Type::Bool),
        ]);
        let json = r#"{"name": "a", "size": 0.12345678901234567890123456789, "tags": {"k": "v"},
            "any": {"value": ["x"], "type": ["list", "string"]}}"#;
        let value = read(json, &ty).unwrap();
        let size: Number = "0.12345678901234567890123456789".parse().unwrap();
        let any = Value::Dynamic(Box::new((Type::list(Type::String), Value::list(["x"]))));
        let expected = Value::object([
            ("name", "a".into()),
            ("size", size.into()),
            ("tags", Value::map([("k", "v")])),
            ("any", any),
            ("gone", Value::Null),
        ]);
        assert_eq!(value, expected);
    }

    #[test]
    fn numbers_may_be_text_and_have_exponents() {
        for (json, number) in [("\"5\"", "5"), ("1e3", "1000"), ("12.50", "12.5"), ("-0", "0"), ("1E-2", "0.01")] {
            assert_eq!(read(json, &Type::Number), Ok(Value::Number(number.parse().unwrap())), "{json}");
        }
    }

    #[test]
    fn names_what_does_not_fit_and_where() {
        let ty = Type::object([("list", Type::list(Type::Bool)), ("set", Type::set(Type::Bool))]);
        let cases = [
            (r#"{"more": 1}"#, "the schema has no attribute \"more\""),
            (r#"{"list": [true, 1]}"#, "list[1]: bool is required, not a number"),
            (r#"{"set": [true, 1]}"#, "set: bool is required, not a number"),
            (r"[]", "object({list = list(bool), set = set(bool)}) is required, not an array"),
        ];
        for (json, message) in cases {
            assert_eq!(read(json, &ty), Err(message.to_owned()));
        }
        assert!(decode(br#"{"more": 1}"#, &ty, Undefined::Ignore).is_ok());
    }

    #[test]
    fn says_what_json_cannot() {
        let unknown = Value::object([("a", Value::UNKNOWN)]);
        let ty = Type::object([("a", Type::Number)]);
        assert_eq!(encode(&unknown, &ty).unwrap_err().to_string(), "a: the value is unknown, which JSON cannot say");
        let infinite = Value::object([("a", Number::INFINITY)]);
        assert_eq!(encode(&infinite, &ty).unwrap_err().to_string(), "a: the number is infinite, which JSON cannot say");
    }

    fn has_infinity(value: &Value) -> bool {
        match value {
            Value::Number(number) => *number == Number::INFINITY || *number == Number::NEG_INFINITY,
            Value::List(values) | Value::Set(values) | Value::Tuple(values) => values.iter().any(has_infinity),
            Value::Map(values) | Value::Object(values) => values.values().any(has_infinity),
            Value::Dynamic(typed) => has_infinity(&typed.1),
            Value::Null | Value::Unknown(_) | Value::Bool(_) | Value::String(_) => false,
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back((ty, value) in typed_values(false)) {
            prop_assume!(!has_infinity(&value));
            let bytes = encode(&value, &ty).unwrap();
            prop_assert_eq!(decode(&bytes, &ty, Undefined::Refuse).unwrap(), value);
        }

        #[test]
        fn random_text_does_no_harm(ty in types(), text in "[\\[\\]{}\",:0-9a-z.e-]{0,40}") {
            if let Ok(value) = decode(text.as_bytes(), &ty, Undefined::Ignore) {
                prop_assert!(encode(&value, &ty).is_ok());
            }
        }

        #[test]
        fn mutated_text_does_no_harm((ty, value) in typed_values(false), position in any::<prop::sample::Index>(), byte in any::<u8>()) {
            prop_assume!(!has_infinity(&value));
            let mut bytes = encode(&value, &ty).unwrap();
            *position.get_mut(&mut bytes) = byte;
            if let Ok(value) = decode(&bytes, &ty, Undefined::Ignore) {
                prop_assert!(encode(&value, &ty).is_ok());
            }
        }
    }
}
