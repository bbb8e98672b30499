//! Values as MessagePack, the form in which Terraform sends every value (plugin protocol 6, `DynamicValue.msgpack`).
//!
//! The type says how to read the bytes. What MessagePack has no form for, go-cty's `msgpack` package defines, and this
//! module follows: unknown values are extensions, numbers beyond `i64` and `f64` are decimal text, and a dynamic value is
//! an array of its type and itself.

mod decode;
mod encode;
mod reader;
mod refinements;
#[cfg(test)]
mod tests;
mod writer;

pub use decode::decode;
pub use encode::encode;

/// The extension type of an unknown value that carries refinements (go-cty, `unknownWithRefinementsExt`).
const REFINED_UNKNOWN: i8 = 12;
