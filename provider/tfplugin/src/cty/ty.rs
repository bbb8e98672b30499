//! Types.

use std::collections::BTreeMap;
use std::fmt;

/// The type of a [`Value`](super::Value), as in a schema.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Type {
    /// `true` or `false`.
    Bool,
    /// A decimal number of any precision.
    Number,
    /// Unicode text in normal form C.
    String,
    /// Any value; on the wire it carries its own type.
    Dynamic,
    /// An ordered sequence.
    List(Box<Type>),
    /// An unordered collection without duplicates.
    Set(Box<Type>),
    /// String keys to values of one type.
    Map(Box<Type>),
    /// A fixed set of named attributes.
    Object(BTreeMap<String, Type>),
    /// A fixed sequence of types.
    Tuple(Vec<Type>),
}

impl Type {
    /// A list of this.
    pub fn list(element: Type) -> Self {
        Self::List(Box::new(element))
    }

    /// A set of this.
    pub fn set(element: Type) -> Self {
        Self::Set(Box::new(element))
    }

    /// A map to this.
    pub fn map(element: Type) -> Self {
        Self::Map(Box::new(element))
    }

    /// An object of these attributes.
    pub fn object<K: Into<String>>(attributes: impl IntoIterator<Item = (K, Type)>) -> Self {
        Self::Object(attributes.into_iter().map(|(name, ty)| (name.into(), ty)).collect())
    }

    /// Whether it is dynamic or has a dynamic part.
    pub fn has_dynamic(&self) -> bool {
        match self {
            Self::Dynamic => true,
            Self::Bool | Self::Number | Self::String => false,
            Self::List(element) | Self::Set(element) | Self::Map(element) => element.has_dynamic(),
            Self::Object(attributes) => attributes.values().any(Self::has_dynamic),
            Self::Tuple(elements) => elements.iter().any(Self::has_dynamic),
        }
    }
}

/// As Terraform writes a type constraint: `list(string)`, `object({name = string})`; `any` for dynamic.
impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool => f.write_str("bool"),
            Self::Number => f.write_str("number"),
            Self::String => f.write_str("string"),
            Self::Dynamic => f.write_str("any"),
            Self::List(element) => write!(f, "list({element})"),
            Self::Set(element) => write!(f, "set({element})"),
            Self::Map(element) => write!(f, "map({element})"),
            Self::Object(attributes) => {
                f.write_str("object({")?;
                for (position, (name, ty)) in attributes.iter().enumerate() {
                    write!(f, "{}{name} = {ty}", if position == 0 { "" } else { ", " })?;
                }
                f.write_str("})")
            }
            Self::Tuple(elements) => {
                f.write_str("tuple([")?;
                for (position, ty) in elements.iter().enumerate() {
                    write!(f, "{}{ty}", if position == 0 { "" } else { ", " })?;
                }
                f.write_str("])")
            }
        }
    }
}
