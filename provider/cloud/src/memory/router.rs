//! A cloud of one shared list, as a router of Google Cloud is.
//!
//! A router holds a list of NATs and is patched with the whole list, without a fingerprint: of two writers the second loses what the first
//! wrote. A NAT has no labels, so its name is its identity, and stays; a policy's rules are inside the NAT that another resource has. An
//! address has a name and labels, and leaves a NAT by being drained.

mod api;
mod gateways;
mod pools;
mod rules;
#[cfg(test)]
mod tests;

pub use api::Api;
pub use gateways::{Desired as Gateways, Wanted as Gateway};
pub use pools::Tier;
pub use rules::{Desired as Rules, Steers};

use super::Process;

/// A process on this cloud.
pub type Router = Process<Api>;
