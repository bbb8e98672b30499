//! The JSON of `terraform providers schema -json`, as far as pages are made from it.
//!
//! Format: <https://developer.hashicorp.com/terraform/cli/commands/providers/schema>. Keys that a host does not know are
//! absent, and so empty here.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use serde::Deserialize;
use serde_json::Value;

/// The whole answer: one schema per provider address.
#[derive(Debug, Deserialize)]
pub(super) struct Answer {
    #[serde(default)]
    pub(super) provider_schemas: BTreeMap<String, ProviderSchema>,
}

/// Everything that one provider offers, by full name.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ProviderSchema {
    pub(super) provider: Schema,
    pub(super) resource_schemas: BTreeMap<String, Schema>,
    pub(super) data_source_schemas: BTreeMap<String, Schema>,
    pub(super) ephemeral_resource_schemas: BTreeMap<String, Schema>,
    pub(super) list_resource_schemas: BTreeMap<String, Schema>,
    pub(super) action_schemas: BTreeMap<String, Schema>,
    pub(super) resource_identity_schemas: BTreeMap<String, Identity>,
    pub(super) functions: BTreeMap<String, Function>,
}

/// The schema of the provider's configuration or of one resource.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Schema {
    pub(super) block: Block,
}

/// Attributes and nested blocks.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Block {
    pub(super) attributes: BTreeMap<String, Attribute>,
    #[serde(rename = "block_types")]
    pub(super) blocks: BTreeMap<String, NestedBlock>,
    pub(super) description: String,
    pub(super) deprecated: bool,
}

/// One attribute; exactly one of `type` and `nested_type` is there.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "the flags are the format's own")]
pub(super) struct Attribute {
    pub(super) r#type: Option<Type>,
    pub(super) nested_type: Option<NestedType>,
    pub(super) description: String,
    pub(super) required: bool,
    pub(super) optional: bool,
    pub(super) computed: bool,
    pub(super) sensitive: bool,
    pub(super) deprecated: bool,
    pub(super) write_only: bool,
}

/// The attributes of an object that an attribute holds, alone or in a collection.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct NestedType {
    pub(super) attributes: BTreeMap<String, Attribute>,
    pub(super) nesting_mode: String,
}

/// A block inside a block.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct NestedBlock {
    pub(super) nesting_mode: String,
    pub(super) block: Block,
    pub(super) min_items: u64,
    pub(super) max_items: u64,
}

/// What identifies a resource outside of the state.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Identity {
    pub(super) attributes: BTreeMap<String, IdentityAttribute>,
}

/// One attribute of an identity.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct IdentityAttribute {
    pub(super) r#type: Option<Type>,
    pub(super) description: String,
    pub(super) required_for_import: bool,
}

/// A function of the provider.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Function {
    pub(super) description: String,
    pub(super) summary: String,
    pub(super) deprecation_message: String,
    pub(super) return_type: Option<Type>,
    pub(super) parameters: Vec<Parameter>,
    pub(super) variadic_parameter: Option<Parameter>,
}

/// A parameter of a function.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Parameter {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) is_nullable: bool,
    pub(super) r#type: Option<Type>,
}

/// A type constraint.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Value")]
pub(super) enum Type {
    /// `string`, `number`, `bool` or `dynamic`.
    Primitive(String),
    /// `list`, `set` or `map` of one type.
    Collection(String, Box<Type>),
    /// An object, by attribute.
    Object(BTreeMap<String, Type>),
    /// A tuple, by position.
    Tuple(Vec<Type>),
}

impl TryFrom<Value> for Type {
    type Error = anyhow::Error;

    fn try_from(value: Value) -> anyhow::Result<Self> {
        let parts = match value {
            Value::String(name) => return Ok(Self::Primitive(name)),
            Value::Array(parts) => parts,
            other => bail!("a type is a string or a list, not {other}"),
        };
        let mut parts = parts.into_iter();
        let (Some(Value::String(kind)), Some(of)) = (parts.next(), parts.next()) else {
            bail!("a type in a list needs a kind and what it holds");
        };
        Ok(match kind.as_str() {
            "object" => Self::Object(serde_json::from_value(of).context("attributes of an object type")?),
            "tuple" => Self::Tuple(serde_json::from_value(of).context("elements of a tuple type")?),
            _ => Self::Collection(kind, Box::new(Self::try_from(of)?)),
        })
    }
}

impl Type {
    /// The type in words: `List of String`.
    pub(super) fn in_words(&self) -> String {
        match self {
            Self::Primitive(name) if name == "bool" => "Boolean".to_owned(),
            Self::Primitive(name) => capitalised(name),
            Self::Collection(kind, of) => format!("{} of {}", capitalised(kind), of.in_words()),
            Self::Object(_) => "Object".to_owned(),
            Self::Tuple(_) => "Tuple".to_owned(),
        }
    }

    /// The type as Terraform's language has it in a function's signature: `list of string`.
    pub(super) fn in_signature(&self) -> String {
        match self {
            Self::Primitive(name) => name.clone(),
            Self::Collection(kind, of) => format!("{kind} of {}", of.in_signature()),
            Self::Object(_) => "object".to_owned(),
            Self::Tuple(_) => "tuple".to_owned(),
        }
    }

    /// The attributes of the object that the type is or is a collection of.
    pub(super) fn object(&self) -> Option<&BTreeMap<String, Self>> {
        match self {
            Self::Object(attributes) => Some(attributes),
            Self::Collection(_, of) => of.object(),
            Self::Primitive(_) | Self::Tuple(_) => None,
        }
    }
}

/// The word with a capital first letter.
pub(super) fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_and_told_in_words() {
        for (json, words) in [
            (r#""string""#, "String"),
            (r#""bool""#, "Boolean"),
            (r#"["list","number"]"#, "List of Number"),
            (r#"["map",["set","string"]]"#, "Map of Set of String"),
            (r#"["map",["object",{"a":"string"}]]"#, "Map of Object"),
            (r#"["tuple",["string","bool"]]"#, "Tuple"),
        ] {
            let parsed: Type = serde_json::from_str(json).unwrap();
            assert_eq!(parsed.in_words(), words);
        }
    }

    #[test]
    fn what_is_not_a_type_is_an_error() {
        for json in ["1", "[]", r#"["list"]"#, r#"["object","x"]"#] {
            assert!(serde_json::from_str::<Type>(json).is_err(), "{json}");
        }
    }
}
