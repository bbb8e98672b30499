//! IP pools, NAT gateways and routes to them on Amazon EC2.

mod client;
pub mod config;
mod connect;
mod convert;
mod error;
pub mod ip_pools;
pub mod nat_gateways;
mod region;
mod route_table;
mod routes;
mod source;
#[cfg(test)]
mod stand_in;
pub mod steering;
mod write;

/// The most tags of one object ("Tag your Amazon EC2 resources" in the Amazon EC2 user guide).
pub const MAX_TAGS: usize = 50;

pub use client::Timeouts;
pub use config::Config;
pub use connect::{Cloud, ConnectError};
pub use region::Region;
pub use routes::Routes;
