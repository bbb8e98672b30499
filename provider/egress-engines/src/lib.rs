//! Pure compilers from the portable egress policy and gateway to the objects of each in-cluster engine.
//!
//! A compiler is one function from a [`Policy`](egress_model::policy::Policy) to [`Compiled`]: manifests, and findings about every part that the engine
//! does not do exactly as the model means it. It does no I/O, needs no cluster, and never leaves out silently what the
//! engine cannot express: with a refused part there are no manifests at all, because the rest would mean something else.

pub mod acceptance;
pub mod admin_network_policy;
pub mod aks;
mod alternatives;
pub mod antrea;
mod attachment;
pub mod calico;
pub mod capability;
pub mod cilium;
pub mod cluster_network_policy;
pub mod companions;
mod compiled;
pub mod eks;
mod engine;
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
mod registry;
pub mod requirement;
pub mod rules;
pub mod settings;
pub mod spidernet;
pub mod tiers;
mod violation;
mod yaml;

pub use alternatives::{better_by_table, name_engines_that_can};
pub use attachment::Attachment;
pub use capability::{EngineName, Feature, GatewayFeature, Level, Support};
pub use compiled::Compiled;
pub use engine::Engine;
pub use exceptions::{Exception, exceptions, gateway_exceptions};
pub use finding::{DecidedBy, Finding, Findings, Row};
pub use gateway::GatewayEngine;
pub use manifest::Manifest;
pub use needs::{features, look_up};
pub use own_namespaces::own_namespaces;
pub use registry::{ENGINES, GATEWAY_ENGINES, IRREGULAR_KINDS, engine, gateway_engine};
pub use requirement::Requirement;
pub use settings::Settings;
pub use violation::Violation;
