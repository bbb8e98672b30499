//! Types as JSON: how schemas and dynamic values carry them.
//!
//! `"string"`, `"number"`, `"bool"`, `"dynamic"`, `["list", T]`, `["set", T]`, `["map", T]`, `["object", {"a": T}]` and
//! `["tuple", [T]]` (go-cty, `Type.MarshalJSON`; plugin protocol 6, `Schema.Attribute.type`). Anything else stops the host.

use serde_json::Value as Json;

use super::Type;

/// JSON that is not a type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not the JSON of a type")]
pub struct ParseTypeError(String);

impl Type {
    /// The type as JSON.
    pub fn to_json(&self) -> Json {
        match self {
            Self::Bool => "bool".into(),
            Self::Number => "number".into(),
            Self::String => "string".into(),
            Self::Dynamic => "dynamic".into(),
            Self::List(element) => Json::Array(vec!["list".into(), element.to_json()]),
            Self::Set(element) => Json::Array(vec!["set".into(), element.to_json()]),
            Self::Map(element) => Json::Array(vec!["map".into(), element.to_json()]),
            Self::Object(attributes) => {
                let attributes = attributes.iter().map(|(name, ty)| (name.clone(), ty.to_json())).collect();
                Json::Array(vec!["object".into(), Json::Object(attributes)])
            }
            Self::Tuple(elements) => {
                Json::Array(vec!["tuple".into(), Json::Array(elements.iter().map(Self::to_json).collect())])
            }
        }
    }

    /// The type that this JSON says. An object's list of optional attributes, which only the language uses, is passed over.
    pub fn from_json(json: &Json) -> Result<Self, ParseTypeError> {
        parse(json).ok_or_else(|| ParseTypeError(json.to_string()))
    }

    /// The type as the bytes that the protocol carries.
    pub fn encode(&self) -> Vec<u8> {
        self.to_json().to_string().into_bytes()
    }

    /// The type that the protocol's bytes say.
    pub fn decode(bytes: &[u8]) -> Result<Self, ParseTypeError> {
        let json = serde_json::from_slice(bytes).map_err(|e| ParseTypeError(e.to_string()))?;
        Self::from_json(&json)
    }
}

fn parse(json: &Json) -> Option<Type> {
    let parts = match json {
        Json::String(name) => {
            return match name.as_str() {
                "bool" => Some(Type::Bool),
                "number" => Some(Type::Number),
                "string" => Some(Type::String),
                "dynamic" => Some(Type::Dynamic),
                _ => None,
            };
        }
        Json::Array(parts) => parts.as_slice(),
        _ => return None,
    };
    match parts {
        [Json::String(kind), Json::Object(attributes)]
        | [Json::String(kind), Json::Object(attributes), Json::Array(_)]
            if kind == "object" =>
        {
            attributes
                .iter()
                .map(|(name, ty)| Some((name.clone(), parse(ty)?)))
                .collect::<Option<_>>()
                .map(Type::Object)
        }
        [Json::String(kind), Json::Array(elements)] if kind == "tuple" => {
            elements.iter().map(parse).collect::<Option<_>>().map(Type::Tuple)
        }
        [Json::String(kind), element] => {
            let element = parse(element)?;
            match kind.as_str() {
                "list" => Some(Type::list(element)),
                "set" => Some(Type::set(element)),
                "map" => Some(Type::map(element)),
                _ => None,
            }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::cty::arbitrary::types;

    #[test]
    fn writes_what_terraform_reads() {
        let ty = Type::object([
            ("a", Type::list(Type::String)),
            ("b", Type::set(Type::Number)),
            ("c", Type::map(Type::Dynamic)),
            ("d", Type::Tuple(vec![Type::Bool])),
        ]);
        let json =
            br#"["object",{"a":["list","string"],"b":["set","number"],"c":["map","dynamic"],"d":["tuple",["bool"]]}]"#;
        assert_eq!(ty.encode(), json);
    }

    #[test]
    fn reads_optional_attributes() {
        let ty = Type::decode(br#"["object",{"a":"string"},["a"]]"#);
        assert_eq!(ty, Ok(Type::object([("a", Type::String)])));
    }

    #[test]
    fn refuses_anything_else() {
        for json in [
            "\"text\"",
            "[]",
            "[\"list\"]",
            "[\"bag\",\"string\"]",
            "{}",
            "null",
            "[\"object\",[]]",
            "[\"tuple\",\"string\"]",
            "x",
        ] {
            assert!(Type::decode(json.as_bytes()).is_err(), "{json}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(ty in types()) {
            prop_assert_eq!(Type::decode(&ty.encode()).unwrap(), ty);
        }
    }
}
