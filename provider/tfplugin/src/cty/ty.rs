//! Types.

use std::collections::BTreeMap;

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
