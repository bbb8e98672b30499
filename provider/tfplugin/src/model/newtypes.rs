//! The names by which what serde has no form for passes through it.

/// The newtype by which [`Value`](crate::cty::Value) asks this crate's deserializer for all that a value is.
pub(super) const VALUE: &str = "$tfplugin::Value";

/// The newtype by which a dynamic value passes through serde, around a pair of its type as JSON and itself.
pub(super) const DYNAMIC: &str = "$tfplugin::Dynamic";
