//! A cloud of tags and tokens, as Amazon EC2 is.
//!
//! Objects have ids that the cloud chooses. Tags are written in the call that creates, and are the identity. `CreateNatGateway` takes a
//! client token, `AllocateAddress` takes none. A gateway is fixed to its subnet and its first address; what cannot change is replaced
//! beside the old one, and the route is swapped in one call.

mod api;
mod gateways;
mod pools;
mod routes;
#[cfg(test)]
mod tests;

pub use api::Api;
pub use gateways::{Desired as Gateways, Wanted as Gateway};
pub use pools::Pool;
pub use routes::{Desired as Routes, Steers};

use super::Process;

/// A process on this cloud.
pub type Tags = Process<Api>;
