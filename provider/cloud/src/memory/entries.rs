//! A cloud of busy states, as Alibaba Cloud is.
//!
//! Tags are the identity, and every create takes a client token. What makes it hard is that nearly every state refuses nearly every change:
//! a network makes one gateway at a time, a gateway takes one change at a time, and things go in the order in which they depend on each
//! other. Who is served by which addresses is an SNAT entry per source.

mod api;
mod gateways;
mod pools;
#[cfg(test)]
mod tests;

pub use api::Api;
pub use gateways::{Desired as Gateways, Wanted as Gateway};
pub use pools::{Line, Settings};

use super::Process;

/// A process on this cloud.
pub type Entries = Process<Api>;
