//! IP pools and NAT gateways on Microsoft Azure.
//!
//! Everything goes through Azure Resource Manager: an object is written whole by a PUT, under a name that follows from its identity, and
//! what it is to be is reached when the operation that the PUT began is done.

mod client;
pub mod config;
mod connect;
mod credentials;
mod error;
pub mod id;
pub mod ip_pools;
pub mod nat_gateways;
mod object;
mod place;
#[cfg(test)]
mod stand_in;
mod write;

pub use config::Config;
pub use connect::{Cloud, ConnectError};
pub use place::Place;

/// The most tags of one object
/// (<https://learn.microsoft.com/azure/azure-resource-manager/management/tag-resources>).
pub const MAX_TAGS: usize = 50;
