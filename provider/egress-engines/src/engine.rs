//! Engines of policies: what every one has.

use egress_model::policy::Policy;

use crate::capability::{Feature, Support};
use crate::compiled::Compiled;
use crate::engine_name::EngineName;
use crate::exception::Exception;
use crate::manifest::Kind;
use crate::settings::Settings;

/// An engine with a compiler of policies.
#[derive(Clone, Copy, Debug)]
pub struct Engine {
    /// Its name.
    pub name: EngineName,
    /// Its column of the capability table.
    pub support: fn(Feature, &Settings) -> Support,
    /// The values for which it does otherwise.
    pub exceptions: &'static [Exception],
    /// Its compiler.
    pub compile: fn(&Policy, &Settings) -> Compiled,
    /// The kinds of object that policies become.
    pub kinds: &'static [&'static Kind],
    /// The namespaces of its own pods, in the order of their names, which policies of the whole cluster leave alone unless they say
    /// otherwise: a default deny that reaches them can stop the engine itself. Beside the namespaces that Kubernetes makes, and those of
    /// the platform, which the model knows; only namespaces with pods on the pods' network, and none where the engine has no policies
    /// of the whole cluster.
    pub own_namespaces: &'static [&'static str],
}
