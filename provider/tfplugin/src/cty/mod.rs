//! Terraform's type system: [`Type`], [`Value`], [`Path`], and their wire forms.

#[cfg(test)]
pub(crate) mod arbitrary;
mod error;
pub mod json;
pub mod msgpack;
mod number;
mod path;
mod ty;
mod type_json;
mod value;

pub use error::ValueError;
pub use number::{Number, ParseNumberError};
pub use path::{Path, Step};
pub use ty::Type;
pub use type_json::ParseTypeError;
pub use value::{Refinements, Value};
