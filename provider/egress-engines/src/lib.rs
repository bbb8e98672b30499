//! Pure compilers from the portable egress policy and gateway to the objects of each in-cluster engine.
//!
//! A compiler is one function from a [`Policy`] to [`Compiled`]: manifests, and findings about every part that the engine
//! does not do exactly as the model means it. It does no I/O, needs no cluster, and never leaves out silently what the
//! engine cannot express: with a refused part there are no manifests at all, because the rest would mean something else.

pub mod acceptance;
pub mod admin_network_policy;
pub mod aks;
pub mod antrea;
mod attachment;
pub mod calico;
pub mod capability;
pub mod cilium;
pub mod cluster_network_policy;
pub mod companions;
pub mod eks;
mod exceptions;
mod finding;
pub mod gateway;
pub mod gke;
pub mod guide;
pub mod istio;
pub mod kube_ovn;
pub mod label_selector;
pub mod linkerd;
pub mod manifest;
mod needs;
pub mod network_policy;
pub mod ovn_kubernetes;
mod own_namespaces;
pub mod requirement;
pub mod rules;
pub mod settings;
pub mod spidernet;
pub mod tiers;
mod yaml;

use egress_model::policy::Policy;

use self::manifest::Kind;

pub use attachment::Attachment;
pub use capability::{EngineName, Feature, GatewayFeature, Support};
pub use exceptions::{Exception, exceptions, gateway_exceptions};
pub use finding::{Capability, Finding, Findings, Level, Row, keep_engines_that_can};
pub use gateway::{GATEWAY_ENGINES, GatewayEngine, Requirement};
pub use manifest::Manifest;
pub use needs::{features, look_up};
pub use own_namespaces::own_namespaces;
pub use rules::Violation;
pub use settings::Settings;

/// What a policy becomes on an engine.
#[derive(Clone, Debug, PartialEq)]
pub struct Compiled {
    /// The objects, in the order in which to apply them; none where a finding refuses.
    pub manifests: Vec<Manifest>,
    /// What is added to objects of others once the manifests are applied.
    pub attachments: Vec<Attachment>,
    /// What is not exact.
    pub findings: Vec<Finding>,
}

impl Compiled {
    /// These objects, unless a finding refuses.
    pub fn new<C: Capability>(manifests: Vec<Manifest>, findings: Findings<'_, C>) -> Self {
        let findings = findings.into_vec();
        let refused = findings.iter().any(|finding| finding.level == Level::Refused);
        Self { manifests: if refused { Vec::new() } else { manifests }, attachments: Vec::new(), findings }
    }

    /// The same with additions to objects of others, unless a finding refuses.
    #[must_use]
    pub fn attaching(mut self, attachments: Vec<Attachment>) -> Self {
        if !self.findings.iter().any(|finding| finding.level == Level::Refused) {
            self.attachments = attachments;
        }
        self
    }
}

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

/// The engines that policies can be compiled to.
pub const ENGINES: &[Engine] = &[
    network_policy::ENGINE,
    cilium::ENGINE,
    calico::ENGINE,
    calico::ENTERPRISE,
    antrea::ENGINE,
    istio::ENGINE,
    cluster_network_policy::ENGINE,
    admin_network_policy::ENGINE,
    ovn_kubernetes::ENGINE,
    eks::ENGINE,
    gke::ENGINE,
    linkerd::ENGINE,
];

/// The engine that users call so, if it has a compiler.
pub fn engine(name: &str) -> Option<Engine> {
    ENGINES.iter().copied().find(|engine| engine.name.as_str() == name)
}
