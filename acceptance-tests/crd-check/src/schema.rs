//! `openAPIV3Schema`, as far as Kubernetes allows it: a keyword that is not here fails the reading, so that none is overlooked.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use regex::Regex;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A schema, or a part of one.
#[expect(clippy::struct_excessive_bools, reason = "they are keywords of the format")]
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Schema {
    #[serde(rename = "description")]
    _description: IgnoredAny,
    #[serde(rename = "title")]
    _title: IgnoredAny,
    #[serde(rename = "example")]
    _example: IgnoredAny,
    #[serde(rename = "$schema")]
    _dialect: IgnoredAny,
    #[serde(rename = "$id")]
    _id: IgnoredAny,
    #[serde(rename = "x-kubernetes-group-version-kind")]
    _group_version_kind: IgnoredAny,
    /// Only how fields are owned and merged.
    #[serde(rename = "x-kubernetes-map-type")]
    _map_type: IgnoredAny,
    #[serde(rename = "x-kubernetes-patch-merge-key")]
    _patch_merge_key: IgnoredAny,
    #[serde(rename = "x-kubernetes-patch-strategy")]
    _patch_strategy: IgnoredAny,
    #[serde(rename = "type")]
    pub(crate) types: Types,
    pub(crate) format: Option<String>,
    pub(crate) nullable: bool,
    pub(crate) default: Option<Value>,
    #[serde(rename = "enum")]
    pub(crate) one_of_values: Option<Vec<Value>>,
    pub(crate) pattern: Option<Pattern>,
    pub(crate) min_length: Option<usize>,
    pub(crate) max_length: Option<usize>,
    pub(crate) minimum: Option<f64>,
    pub(crate) maximum: Option<f64>,
    pub(crate) exclusive_minimum: bool,
    pub(crate) exclusive_maximum: bool,
    pub(crate) min_items: Option<usize>,
    pub(crate) max_items: Option<usize>,
    pub(crate) min_properties: Option<usize>,
    pub(crate) max_properties: Option<usize>,
    pub(crate) required: Vec<String>,
    pub(crate) properties: BTreeMap<String, Schema>,
    pub(crate) additional_properties: Option<Additional>,
    pub(crate) items: Option<Box<Schema>>,
    pub(crate) all_of: Vec<Schema>,
    pub(crate) any_of: Vec<Schema>,
    pub(crate) one_of: Vec<Schema>,
    pub(crate) not: Option<Box<Schema>>,
    #[serde(rename = "x-kubernetes-int-or-string")]
    pub(crate) int_or_string: bool,
    #[serde(rename = "x-kubernetes-preserve-unknown-fields")]
    pub(crate) preserve_unknown_fields: bool,
    #[serde(rename = "x-kubernetes-list-type")]
    pub(crate) list_type: ListType,
    #[serde(rename = "x-kubernetes-list-map-keys")]
    pub(crate) list_map_keys: Vec<String>,
    #[serde(rename = "x-kubernetes-validations")]
    pub(crate) rules: Vec<Rule>,
}

impl Schema {
    /// The schemas of fields and items, which are all that rules may stand in.
    pub(crate) fn parts(&self) -> impl Iterator<Item = &Self> {
        let additional = match &self.additional_properties {
            Some(Additional::Schema(schema)) => Some(&**schema),
            Some(Additional::Allowed(_)) | None => None,
        };
        self.properties.values().chain(additional).chain(self.items.as_deref())
    }
}

/// What the fields may be that `properties` does not name.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Additional {
    Allowed(bool),
    Schema(Box<Schema>),
}

/// What makes two items of a list the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ListType {
    #[default]
    Atomic,
    Set,
    Map,
}

/// A rule in CEL.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Rule {
    #[serde(rename = "rule")]
    pub(crate) text: String,
    #[serde(default)]
    pub(crate) message: Option<String>,
    /// Where the violation is reported, relative to the schema of the rule, such as `.spec.tls`.
    #[serde(default)]
    pub(crate) field_path: Option<String>,
    #[serde(default, rename = "reason")]
    _reason: IgnoredAny,
}

/// The types that a value may have; any where there is none.
#[derive(Debug, Default)]
pub(crate) struct Types(Vec<Type>);

/// A type of JSON, as schemas name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Type {
    Object,
    Array,
    String,
    Integer,
    Number,
    Boolean,
    Null,
}

impl Type {
    fn fits(self, value: &Value) -> bool {
        match self {
            Self::Object => value.is_object(),
            Self::Array => value.is_array(),
            Self::String => value.is_string(),
            Self::Integer => value.is_i64() || value.is_u64(),
            Self::Number => value.is_number(),
            Self::Boolean => value.is_boolean(),
            Self::Null => value.is_null(),
        }
    }
}

impl Types {
    /// Whether a value has one of the types.
    pub(crate) fn fit(&self, value: &Value) -> bool {
        self.0.is_empty() || self.0.iter().any(|ty| ty.fits(value))
    }

    pub(crate) fn has(&self, ty: Type) -> bool {
        self.0.contains(&ty)
    }
}

impl<'de> Deserialize<'de> for Types {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            One(Type),
            Several(Vec<Type>),
        }
        Ok(Self(match Form::deserialize(deserializer)? {
            Form::One(ty) => vec![ty],
            Form::Several(types) => types,
        }))
    }
}

/// A regular expression. Kubernetes takes RE2, whose syntax is that of the regex crate.
///
/// Compiled when it is asked for the first time: definitions have a thousand, and one object needs few.
#[derive(Debug, Deserialize)]
#[serde(from = "String")]
pub(crate) struct Pattern {
    pub(crate) text: String,
    compiled: OnceLock<Option<Regex>>,
}

impl Pattern {
    /// Whether it is found in a text. Nothing fits a pattern that cannot be compiled.
    pub(crate) fn fits(&self, text: &str) -> bool {
        let compiled = self.compiled.get_or_init(|| Regex::new(&self.text).ok());
        compiled.as_ref().is_some_and(|pattern| pattern.is_match(text))
    }
}

impl From<String> for Pattern {
    fn from(text: String) -> Self {
        Self { text, compiled: OnceLock::new() }
    }
}
