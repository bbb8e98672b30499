//! Engines of policies: what every one has.

use egress_model::policy::Policy;

use crate::capability::{EngineName, Feature, Support};
use crate::compiled::Compiled;
use crate::manifest::Kind;
use crate::settings::Settings;

/// An engine with a compiler of policies.
#[derive(Clone, Copy, Debug)]
pub struct Engine {
    /// Its name.
    pub name: EngineName,
    /// Its column of the capability table.
    pub support: fn(Feature, &Settings) -> Support,
    /// Its compiler.
    pub compile: fn(&Policy, &Settings) -> Compiled,
    /// The kinds of object that policies become.
    pub kinds: &'static [&'static Kind],
}
