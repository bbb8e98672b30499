//! Pure compilers from the portable egress policy and gateway to the objects of each in-cluster engine.
//!
//! A compiler is one function from a [`Policy`](egress_model::policy::Policy) to [`Compiled`]: manifests, and findings about every part
//! that the engine does not do exactly as the model means it. It does no I/O, needs no cluster, and never leaves out silently what the
//! engine cannot express: with a refused part there are no manifests at all, because the rest would mean something else.

pub mod acceptance;
mod alternatives;
mod attachment;
pub mod capability;
pub mod companions;
mod compiled;
mod engine;
mod engine_name;
pub mod engines;
mod entry;
mod exception;
mod finding;
pub mod gateway;
pub mod guide;
pub mod label_selector;
pub mod manifest;
mod needs;
mod registry;
pub mod requirement;
pub mod rules;
pub mod settings;
pub mod tiers;
mod violation;
mod yaml;

pub use alternatives::{better_by_table, name_engines_that_can};
pub use attachment::Attachment;
pub use capability::{Feature, GatewayFeature, Level, Support};
pub use compiled::Compiled;
pub use engine::Engine;
pub use engine_name::EngineName;
pub use entry::Entry;
pub use exception::Exception;
pub use finding::{DecidedBy, Finding, Findings, Row};
pub use gateway::GatewayEngine;
pub use manifest::Manifest;
pub use needs::{features, look_up};
pub use registry::{ENGINES, GATEWAY_ENGINES, engine, gateway_engine, plural};
pub use requirement::Requirement;
pub use settings::Settings;
pub use violation::Violation;
