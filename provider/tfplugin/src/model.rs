//! Values to and from a provider's own structs, through serde.
//!
//! A struct that derives `serde::Deserialize` and `serde::Serialize` stands for an object, with [`Arg`] where Terraform may
//! give null or unknown, `Option` where only null can occur, `Vec` for lists and sets, `BTreeMap` for maps.

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
