//! Values to and from a provider's own structs, through serde.
//!
//! A struct that derives `serde::Deserialize` and `serde::Serialize` stands for an object, with [`Arg`] where Terraform may
//! give null or unknown, `Option` where only null can occur, `Vec` for lists and sets, `BTreeMap` for maps.

use serde::{Deserialize, Serialize};

use crate::cty::{Type, Value};
use crate::diagnostic::Diagnostic;

/// Reads an object into a struct. The struct's fields and the object's attributes must be the same; see
/// [`from_value_subset`] for a struct that holds some of them. The error is on the attribute that does not fit.
pub fn from_value<'de, T: Deserialize<'de>>(_value: &'de Value) -> Result<T, Diagnostic> {
    Err(Diagnostic::error("Values cannot be read into structs yet", "The bridge is being written."))
}

/// Reads an object into a struct that has fields for some of its attributes only.
pub fn from_value_subset<'de, T: Deserialize<'de>>(_value: &'de Value) -> Result<T, Diagnostic> {
    Err(Diagnostic::error("Values cannot be read into structs yet", "The bridge is being written."))
}

/// Makes the value of a type out of a struct. The struct's fields and the type's attributes must be the same; the error
/// names what is missing or too much, or is on the attribute that does not fit.
pub fn to_value<T: Serialize + ?Sized>(_value: &T, _ty: &Type) -> Result<Value, Diagnostic> {
    Err(Diagnostic::error("Structs cannot be turned into values yet", "The bridge is being written."))
}

/// A value that may be null or not known yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Arg<T> {
    /// No value.
    #[default]
    Null,
    /// A value that will be known later.
    Unknown,
    /// A value.
    Known(T),
}

impl<T> Arg<T> {
    /// The value, if it is known and not null.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Null | Self::Unknown => None,
        }
    }

    /// Whether it is not known yet.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }

    /// Whether there is no value.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }
}
