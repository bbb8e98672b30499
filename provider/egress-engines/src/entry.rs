//! What the registry has of the folder of an engine.

use crate::engine::Engine;
use crate::gateway::GatewayEngine;
use crate::violation::Check;

/// The folder of an engine, or of all editions of one.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The engines that policies can be compiled to.
    pub policies: &'static [Engine],
    /// The engines that gateways can be compiled to.
    pub gateways: &'static [GatewayEngine],
    /// The engine's own rules about objects, beyond what the schema of a custom resource says.
    pub rules: Option<Check>,
    /// What the cluster has to serve beyond what the engine's own chart installs: an item of a list, in Markdown.
    pub required_apis: Option<&'static str>,
    /// What several policies of the same pods do together that no plan of one of them can see: sentences, in Markdown.
    pub policies_together: Option<&'static str>,
}

impl Entry {
    /// None of all this.
    pub const EMPTY: Self =
        Self { policies: &[], gateways: &[], rules: None, required_apis: None, policies_together: None };
}
