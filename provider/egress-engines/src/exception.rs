//! The values for which an engine does otherwise than its column of the capability table says of the feature as a whole: what a compiler
//! adds to [`crate::Findings`] beside the table. The guide to the engines lists them, and the tests compare them with what the compilers do
//! with random policies. Sources: beside the code that relies on them.

use crate::capability::{Feature, Level};

/// Some values of features, of policies ([`Feature`]) or of gateways ([`crate::GatewayFeature`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exception<F: 'static = Feature> {
    /// Of these.
    pub features: &'static [F],
    /// What the engine makes of them.
    pub level: Level,
    /// Which values, and why.
    pub what: &'static str,
}

pub(crate) const fn refused<F>(features: &'static [F], what: &'static str) -> Exception<F> {
    Exception { features, level: Level::Refused, what }
}

pub(crate) const fn degraded<F>(features: &'static [F], what: &'static str) -> Exception<F> {
    Exception { features, level: Level::Degraded, what }
}
