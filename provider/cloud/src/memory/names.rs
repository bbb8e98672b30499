//! A cloud of names and whole objects, as Azure Resource Manager is.
//!
//! An object is created and changed by a PUT of all of it, under a name that the caller chooses; the name locks the create, tags are the
//! identity. A PUT is accepted and takes its time, and it can fail with the object alive: another PUT repairs it. A gateway has all its
//! addresses in one PUT, and is attached in the subnet's body, of which every other part has to be written back as it was.

mod api;
mod gateways;
mod pools;
#[cfg(test)]
mod tests;

pub use api::Api;
pub use gateways::{Desired as Gateways, Wanted as Gateway};
pub use pools::{Settings, Zone};

use super::Process;

/// A process on this cloud.
pub type Names = Process<Api>;
