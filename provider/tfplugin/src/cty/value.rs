//! Values.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeMap;

use unicode_normalization::{UnicodeNormalization, is_nfc};

use super::{Number, Path, Refinements, Step, Type};

/// A Terraform value. Its type is that of the schema at its place, so null and unknown need none; only where the schema
/// says [`Type::Dynamic`] the value carries its own ([`Value::Dynamic`]).
///
/// Two values are equal as Terraform has it: numbers by value, sets without order. The order of values means nothing; it
/// exists so that they can be sorted and looked up.
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
    /// Text in Unicode normal form C, as Terraform keeps it; the conversions from Rust strings see to that.
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

/// The part of a refined unknown value: what is promised about the whole says nothing about it.
static UNREFINED: Value = Value::UNKNOWN;

impl Value {
    /// An unknown value about which nothing is promised.
    pub const UNKNOWN: Value = Value::Unknown(None);

    /// A list of these elements.
    pub fn list<V: Into<Self>>(elements: impl IntoIterator<Item = V>) -> Self {
        Self::List(elements.into_iter().map(Into::into).collect())
    }

    /// A set of these elements, each kept once. Elements with unknown parts are all kept, as Terraform keeps them: they
    /// may turn out to differ.
    pub fn set<V: Into<Self>>(elements: impl IntoIterator<Item = V>) -> Self {
        let mut elements: Vec<Self> = elements.into_iter().map(Into::into).collect();
        elements.sort_unstable();
        elements.dedup_by(|a, b| a == b && a.is_wholly_known());
        Self::Set(elements)
    }

    /// A map of these elements.
    pub fn map<K: AsRef<str>, V: Into<Self>>(elements: impl IntoIterator<Item = (K, V)>) -> Self {
        Self::Map(elements.into_iter().map(|(key, value)| (nfc(key.as_ref()).into_owned(), value.into())).collect())
    }

    /// An object of these attributes.
    pub fn object<K: Into<String>, V: Into<Self>>(attributes: impl IntoIterator<Item = (K, V)>) -> Self {
        Self::Object(attributes.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }

    /// The value without the type that it may carry. The other accessors look through it too.
    pub fn undynamic(&self) -> &Self {
        match self {
            Self::Dynamic(typed) => typed.1.undynamic(),
            other => other,
        }
    }

    /// The same, to change it.
    pub fn undynamic_mut(&mut self) -> &mut Self {
        match self {
            Self::Dynamic(typed) => typed.1.undynamic_mut(),
            other => other,
        }
    }

    /// The part at a path, if there is one. Every part of an unknown value is unknown.
    pub fn at(&self, path: &Path) -> Option<&Self> {
        path.steps().iter().try_fold(self, |value, step| match (value.undynamic(), step) {
            (Self::Unknown(_), _) => Some(&UNREFINED),
            (Self::Object(attributes), Step::Attribute(name)) => attributes.get(name),
            (Self::Map(elements) | Self::Object(elements), Step::Key(key)) => elements.get(key),
            (Self::List(elements) | Self::Tuple(elements), Step::Index(index)) => {
                elements.get(usize::try_from(*index).ok()?)
            }
            _ => None,
        })
    }

    /// Whether there is no value.
    pub fn is_null(&self) -> bool {
        matches!(self.undynamic(), Self::Null)
    }

    /// Whether the value itself is unknown; parts of a known value may still be.
    pub fn is_unknown(&self) -> bool {
        matches!(self.undynamic(), Self::Unknown(_))
    }

    /// Whether neither the value nor any part of it is unknown.
    pub fn is_wholly_known(&self) -> bool {
        match self {
            Self::Unknown(_) => false,
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::String(_) => true,
            Self::List(elements) | Self::Set(elements) | Self::Tuple(elements) => {
                elements.iter().all(Self::is_wholly_known)
            }
            Self::Map(elements) | Self::Object(elements) => elements.values().all(Self::is_wholly_known),
            Self::Dynamic(typed) => typed.1.is_wholly_known(),
        }
    }

    /// The boolean, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self.undynamic() {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The number, if it is one.
    pub fn as_number(&self) -> Option<&Number> {
        match self.undynamic() {
            Self::Number(value) => Some(value),
            _ => None,
        }
    }

    /// The integer, if it is a number that is one and fits.
    pub fn as_i64(&self) -> Option<i64> {
        self.as_number().and_then(Number::as_i64)
    }

    /// The text, if it is a string.
    pub fn as_str(&self) -> Option<&str> {
        match self.undynamic() {
            Self::String(value) => Some(value),
            _ => None,
        }
    }

    /// The elements, if it is a list, set or tuple.
    pub fn elements(&self) -> Option<&[Self]> {
        match self.undynamic() {
            Self::List(elements) | Self::Set(elements) | Self::Tuple(elements) => Some(elements),
            _ => None,
        }
    }

    /// The elements by key, if it is a map.
    pub fn as_map(&self) -> Option<&BTreeMap<String, Self>> {
        match self.undynamic() {
            Self::Map(elements) => Some(elements),
            _ => None,
        }
    }

    /// The attributes by name, if it is an object.
    pub fn as_object(&self) -> Option<&BTreeMap<String, Self>> {
        match self.undynamic() {
            Self::Object(attributes) => Some(attributes),
            _ => None,
        }
    }

    /// The attributes by name, to change them, if it is an object.
    pub fn as_object_mut(&mut self) -> Option<&mut BTreeMap<String, Self>> {
        match self.undynamic_mut() {
            Self::Object(attributes) => Some(attributes),
            _ => None,
        }
    }

    /// An attribute, if it is an object that has it.
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.as_object()?.get(name)
    }

    /// What it is, in words of Terraform's, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Unknown(_) => "an unknown value",
            Self::Bool(_) => "a bool",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::List(_) => "a list",
            Self::Set(_) => "a set",
            Self::Map(_) => "a map",
            Self::Object(_) => "an object",
            Self::Tuple(_) => "a tuple",
            Self::Dynamic(typed) => typed.1.kind(),
        }
    }

    /// The place of the variant in the order of values.
    pub(crate) fn rank(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Unknown(_) => 1,
            Self::Bool(_) => 2,
            Self::Number(_) => 3,
            Self::String(_) => 4,
            Self::List(_) => 5,
            Self::Set(_) => 6,
            Self::Map(_) => 7,
            Self::Object(_) => 8,
            Self::Tuple(_) => 9,
            Self::Dynamic(_) => 10,
        }
    }
}

impl Ord for Value {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Unknown(a), Self::Unknown(b)) => a.cmp(b),
            (Self::Bool(a), Self::Bool(b)) => a.cmp(b),
            (Self::Number(a), Self::Number(b)) => a.cmp(b),
            (Self::String(a), Self::String(b)) => a.cmp(b),
            (Self::List(a), Self::List(b)) | (Self::Tuple(a), Self::Tuple(b)) => a.cmp(b),
            (Self::Set(a), Self::Set(b)) => sorted(a).cmp(&sorted(b)),
            (Self::Map(a), Self::Map(b)) | (Self::Object(a), Self::Object(b)) => a.cmp(b),
            (Self::Dynamic(a), Self::Dynamic(b)) => a.cmp(b),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

fn sorted(elements: &[Value]) -> Vec<&Value> {
    let mut sorted: Vec<&Value> = elements.iter().collect();
    sorted.sort_unstable();
    sorted
}

impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Value {}

/// The text in Unicode normal form C, in which Terraform holds strings and map keys.
pub(super) fn nfc(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || is_nfc(text) { Cow::Borrowed(text) } else { Cow::Owned(text.nfc().collect()) }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(nfc(text).into_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        match nfc(&text) {
            Cow::Borrowed(_) => Self::String(text),
            Cow::Owned(normal) => Self::String(normal),
        }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<Number> for Value {
    fn from(value: Number) -> Self {
        Self::Number(value)
    }
}

macro_rules! from_integers {
    ($($integer:ty),*) => {
        $(impl From<$integer> for Value {
            fn from(value: $integer) -> Self {
                Self::Number(value.into())
            }
        })*
    };
}

from_integers!(i8, i16, i32, i64, u8, u16, u32, u64, usize);

/// `None` is null.
impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::cty::arbitrary::typed_values;

    #[test]
    fn equality_is_terraforms() {
        let equal = [
            (Value::Set(vec![1.into(), 2.into()]), Value::Set(vec![2.into(), 1.into()])),
            (Value::Number("1.0".parse().unwrap()), Value::from(1)),
            (Value::from("e\u{301}"), Value::from("\u{e9}")),
            (Value::set(["a", "b", "a"]), Value::set(["b", "a"])),
            (Value::map([("e\u{301}", 1)]), Value::map([("\u{e9}", 1)])),
        ];
        for (a, b) in equal {
            assert_eq!(a, b);
        }
        let different = [
            (Value::list([1, 2]), Value::list([2, 1])),
            (Value::list([1]), Value::set([1])),
            (Value::Null, Value::UNKNOWN),
            (Value::set([1, 2]), Value::set([1])),
            (Value::set([Value::UNKNOWN, Value::UNKNOWN]), Value::set([Value::UNKNOWN])),
            (Value::map([("a", 1)]), Value::object([("a", 1)])),
        ];
        for (a, b) in different {
            assert_ne!(a, b);
        }
    }

    #[test]
    fn accessors_look_through_dynamic() {
        let value = Value::Dynamic(Box::new((Type::String, "x".into())));
        assert_eq!(value.as_str(), Some("x"));
        assert!(Value::Dynamic(Box::new((Type::String, Value::Null))).is_null());
        assert!(Value::Dynamic(Box::new((Type::String, Value::UNKNOWN))).is_unknown());
    }

    #[test]
    fn an_unknown_part_makes_a_value_not_wholly_known() {
        let part = Value::object([("a", Value::list([Value::map([("k", Value::UNKNOWN)])]))]);
        assert!(!part.is_unknown() && !part.is_wholly_known());
        assert!(Value::object([("a", Value::Null)]).is_wholly_known());
    }

    #[test]
    fn a_path_leads_to_a_part() {
        let value = Value::object([
            ("zones", Value::map([("a.b", Value::object([("ids", Value::list(["x", "y"]))]))])),
            ("later", Value::UNKNOWN),
            ("none", Value::Null),
            ("set", Value::set(["x"])),
        ]);
        let at = |path: &Path| value.at(path);
        assert_eq!(at(&Path::root()), Some(&value));
        assert_eq!(at(&Path::attribute("zones").key("a.b").child("ids").index(1)), Some(&"y".into()));
        assert_eq!(at(&Path::attribute("later").child("any").index(3)), Some(&Value::UNKNOWN));
        for path in [
            Path::attribute("zones").key("c"),
            Path::attribute("zones").key("a.b").child("ids").index(2),
            Path::attribute("none").child("x"),
            Path::attribute("set").index(0),
            Path::attribute("zones").child("a.b"),
        ] {
            assert_eq!(at(&path), None, "{path}");
        }
        let path = Path::attribute("zones").key("a.b").child("ids").index(1);
        assert_eq!(path.to_string(), "zones[\"a.b\"].ids[1]");
    }

    proptest! {
        #[test]
        fn the_order_of_a_set_does_not_count((_, value) in typed_values(true)) {
            let mut reversed = value.clone();
            if let Value::Set(elements) = &mut reversed {
                elements.reverse();
            }
            prop_assert_eq!(value, reversed);
        }
    }
}
