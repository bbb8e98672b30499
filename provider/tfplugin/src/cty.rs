//! Terraform's type system: [`Type`], [`Value`], [`Path`], and their wire forms.

#[cfg(test)]
pub(crate) mod arbitrary;
mod brief;
mod error;
pub mod json;
pub mod msgpack;
mod number;
mod path;
mod promise;
mod refinements;
mod ty;
mod type_json;
mod value;

pub(crate) use brief::Brief;
pub use error::ValueError;
pub use number::{Number, ParseNumberError};
pub use path::{Path, Step};
pub use refinements::Refinements;
pub use ty::Type;
pub use type_json::ParseTypeError;
pub use value::Value;
