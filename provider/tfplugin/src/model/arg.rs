//! Values that may be null or unknown.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};

/// The newtype by which [`Arg`] tells this crate's deserializer that null and unknown may be given as such.
pub(super) const ARG: &str = "$tfplugin::Arg";

/// The unit struct by which [`Arg::Unknown`] passes through serde.
pub(super) const UNKNOWN: &str = "$tfplugin::Unknown";

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

    /// The value itself, if it is known and not null.
    pub fn into_known(self) -> Option<T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Null | Self::Unknown => None,
        }
    }

    /// The same with a borrowed value.
    pub fn as_ref(&self) -> Arg<&T> {
        match self {
            Self::Null => Arg::Null,
            Self::Unknown => Arg::Unknown,
            Self::Known(value) => Arg::Known(value),
        }
    }

    /// The same with another value, if it is known and not null.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Arg<U> {
        match self {
            Self::Null => Arg::Null,
            Self::Unknown => Arg::Unknown,
            Self::Known(value) => Arg::Known(f(value)),
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

impl<T> From<T> for Arg<T> {
    fn from(value: T) -> Self {
        Self::Known(value)
    }
}

/// `None` is null.
impl<T> From<Option<T>> for Arg<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Self::Known)
    }
}

impl<T: Serialize> Serialize for Arg<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_none(),
            Self::Unknown => serializer.serialize_unit_struct(UNKNOWN),
            Self::Known(value) => value.serialize(serializer),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Arg<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(ARG, ArgVisitor(PhantomData))
    }
}

struct ArgVisitor<T>(PhantomData<T>);

/// This crate's deserializer gives nothing for null and a unit for unknown; others give a newtype, where null is all there
/// can be beside a value.
impl<'de, T: Deserialize<'de>> Visitor<'de> for ArgVisitor<T> {
    type Value = Arg<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value, null or unknown")
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(Arg::Null)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Arg::Unknown)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        T::deserialize(deserializer).map(Arg::Known)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        Option::deserialize(deserializer).map(Arg::from)
    }
}
