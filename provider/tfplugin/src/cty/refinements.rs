//! What is known about unknown values.

use super::Number;

/// What Terraform promises about a value that it does not know yet. Advisory: dropping it is always correct.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Refinements {
    /// The value will not be null.
    pub not_null: bool,
    /// The string will start so.
    pub string_prefix: Option<String>,
    /// The number will not be smaller; `true` when it may be equal.
    pub number_min: Option<(Number, bool)>,
    /// The number will not be larger; `true` when it may be equal.
    pub number_max: Option<(Number, bool)>,
    /// The collection will have at least so many elements.
    pub length_min: Option<i64>,
    /// The collection will have at most so many elements.
    pub length_max: Option<i64>,
}
