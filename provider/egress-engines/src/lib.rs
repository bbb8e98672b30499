//! Pure compilers from the portable egress policy to the objects of each in-cluster engine.
//!
//! A compiler is one function from a [`Policy`] to [`Compiled`]: manifests, and findings about every part that the engine
//! does not do exactly as the model means it. It does no I/O, needs no cluster, and never leaves out silently what the
//! engine cannot express: with a refused part there are no manifests at all, because the rest would mean something else.

mod finding;
pub mod manifest;
pub mod network_policy;
mod yaml;

use egress_model::policy::Policy;

pub use finding::{EngineName, Feature, Finding, Level};
pub use manifest::Manifest;

/// What a policy becomes on an engine.
#[derive(Clone, Debug, PartialEq)]
pub struct Compiled {
    /// The objects, in the order in which to apply them; none where a finding refuses.
    pub manifests: Vec<Manifest>,
    /// What is not exact.
    pub findings: Vec<Finding>,
}

impl Compiled {
    /// These objects, unless a finding refuses.
    pub fn new(manifests: Vec<Manifest>, findings: Vec<Finding>) -> Self {
        let refused = findings.iter().any(|finding| finding.level == Level::Refused);
        Self { manifests: if refused { Vec::new() } else { manifests }, findings }
    }
}

/// An engine with a compiler.
#[derive(Clone, Copy, Debug)]
pub struct Engine {
    /// Its name.
    pub name: EngineName,
    /// Its compiler.
    pub compile: fn(&Policy) -> Compiled,
}

/// The engines with a compiler.
pub const ENGINES: [Engine; 1] = [Engine { name: EngineName::NetworkPolicy, compile: network_policy::compile }];

/// The engine that users call so, if it has a compiler.
pub fn engine(name: &str) -> Option<Engine> {
    ENGINES.into_iter().find(|engine| engine.name.as_str() == name)
}
