//! Short functions that declare the attributes and blocks that most schemas are made of.

use super::{Attribute, NestedBlock, Nesting};
use crate::cty::Type;

/// An optional string.
pub fn string(name: &'static str, description: impl Into<String>) -> Attribute {
    Attribute::new(name, Type::String, description)
}

/// An optional boolean.
pub fn boolean(name: &'static str, description: impl Into<String>) -> Attribute {
    Attribute::new(name, Type::Bool, description)
}

/// An optional number.
pub fn number(name: &'static str, description: impl Into<String>) -> Attribute {
    Attribute::new(name, Type::Number, description)
}

/// An optional list of strings: the order means something, or there are few enough that it does not matter.
pub fn strings(name: &'static str, description: impl Into<String>) -> Attribute {
    Attribute::new(name, Type::list(Type::String), description)
}

/// An optional set of strings.
pub fn string_set(name: &'static str, description: impl Into<String>) -> Attribute {
    Attribute::new(name, Type::set(Type::String), description)
}

/// An optional map of strings.
pub fn string_map(name: &'static str, description: impl Into<String>) -> Attribute {
    Attribute::new(name, Type::map(Type::String), description)
}

/// An optional list of numbers.
pub fn numbers(name: &'static str, description: impl Into<String>) -> Attribute {
    Attribute::new(name, Type::list(Type::Number), description)
}

/// An optional object.
pub fn object(name: &'static str, attributes: Vec<Attribute>, description: impl Into<String>) -> Attribute {
    Attribute::nested(name, Nesting::Single, attributes, description)
}

/// An optional map of objects, by keys of the user's choice. Terraform drops words that the schema does not have without a
/// message, so a key that narrows what the object does must be required.
pub fn object_map(name: &'static str, attributes: Vec<Attribute>, description: impl Into<String>) -> Attribute {
    Attribute::nested(name, Nesting::Map, attributes, description)
}

/// A block that can stand once: an object, or null where it is not written. Terraform refuses every word in it that the
/// schema does not have.
pub fn block(name: &'static str, attributes: Vec<Attribute>, description: impl Into<String>) -> NestedBlock {
    NestedBlock {
        name,
        nesting: Nesting::Single,
        description: description.into(),
        attributes,
        blocks: Vec::new(),
        min_items: 0,
        max_items: 0,
        plan_modifiers: Vec::new(),
    }
}
