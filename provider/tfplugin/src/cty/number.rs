//! Numbers.

/// A decimal number of any precision, equal to another when the values are equal whatever their spelling.
///
/// Terraform computes with 512-bit floats and sends what neither `i64`/`u64` nor `f64` holds exactly as decimal text, so
/// the text is kept as it came.
#[derive(Clone, Debug)]
pub struct Number(pub(super) String);
