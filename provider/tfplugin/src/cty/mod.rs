//! Terraform's type system: [`Type`], [`Value`], [`Path`], and their wire forms.

mod number;
mod path;
mod ty;
mod value;

pub use number::{Number, ParseNumberError};
pub use path::{Path, Step};
pub use ty::Type;
pub use value::{Refinements, Value};
