//! Values to and from a provider's own structs, through serde.
//!
//! A struct that derives `serde::Deserialize` and `serde::Serialize` stands for an object: [`Arg`] where Terraform may give
//! null or unknown, `Option` where only null can occur, `Vec` for lists and sets, `BTreeMap` for maps, [`Number`] or Rust's
//! numbers for numbers, enums without data for strings, and
//! [`Value`] for what is dynamic or only passed on.
//!
//! [`Number`]: crate::cty::Number

mod arg;
mod error;
mod newtypes;
mod number;
mod read;
mod value;
mod write;

pub use arg::Arg;

use serde::{Deserialize, Serialize};

use crate::cty::{Type, Value};
use crate::diagnostic::Diagnostic;

/// Reads an object into a struct. The struct's fields and the object's attributes must be the same, at every depth; see
/// [`from_value_subset`] for a struct that holds some of them. Integers must fit their field, and null and unknown need a
/// field that can hold them.
///
/// The error is on the attribute that does not fit.
pub fn from_value<'de, T: Deserialize<'de>>(value: &'de Value) -> Result<T, Diagnostic> {
    read::read(value, read::Fields::All).map_err(error::Error::into_diagnostic)
}

/// Reads an object into a struct that has fields for some of its attributes only. A field that the object has no attribute
/// for is still an error.
pub fn from_value_subset<'de, T: Deserialize<'de>>(value: &'de Value) -> Result<T, Diagnostic> {
    read::read(value, read::Fields::Some).map_err(error::Error::into_diagnostic)
}

/// Makes the value of a type out of a struct. The struct's fields and the type's attributes must be the same: a missing one
/// would otherwise become a null that Terraform takes for the provider's word.
///
/// The error names what is missing or too much, and is on the attribute that does not fit.
pub fn to_value<T: Serialize + ?Sized>(value: &T, ty: &Type) -> Result<Value, Diagnostic> {
    write::write(value, ty).map_err(error::Error::into_diagnostic)
}

#[cfg(test)]
mod tests;
