//! Values.

use std::collections::BTreeMap;

use super::{Number, Type};

/// What Terraform promises about a value that it does not know yet. Advisory: dropping it is always correct.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Refinements {
    /// The value will not be null.
    pub not_null: bool,
    /// The string will start so.
    pub string_prefix: Option<String>,
    /// The number will not be smaller; `true` when it may be equal.
    pub number_min: Option<(Number, bool)>,
    /// The number will not be larger; `true` when it may be equal.
    pub number_max: Option<(Number, bool)>,
    /// The collection will have at least so many elements.
    pub length_min: Option<i64>,
    /// The collection will have at most so many elements.
    pub length_max: Option<i64>,
}

/// A Terraform value. Its type is that of the schema at its place, so null and unknown need none; only where the schema
/// says [`Type::Dynamic`] the value carries its own ([`Value::Dynamic`]).
#[derive(Clone, Debug)]
pub enum Value {
    /// No value.
    Null,
    /// A value that will be known later.
    Unknown(Option<Box<Refinements>>),
    /// A boolean.
    Bool(bool),
    /// A number.
    Number(Number),
    /// Text.
    String(String),
    /// An ordered sequence of one type.
    List(Vec<Value>),
    /// An unordered collection of one type. The order here means nothing.
    Set(Vec<Value>),
    /// String keys to values of one type.
    Map(BTreeMap<String, Value>),
    /// Named attributes, all of the schema's and no others.
    Object(BTreeMap<String, Value>),
    /// A fixed sequence.
    Tuple(Vec<Value>),
    /// A value with its own type where the schema says `dynamic`; the inner value may be null or unknown.
    Dynamic(Box<(Type, Value)>),
}

impl Value {
    /// An unknown value about which nothing is promised.
    pub const UNKNOWN: Value = Value::Unknown(None);
}
