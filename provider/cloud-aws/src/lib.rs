//! IP pools, NAT gateways and routes to them on Amazon EC2.

mod client;
pub mod config;
mod connect;
mod convert;
mod error;
pub mod ip_pools;
pub mod nat_gateways;
mod region;
mod routes;
pub mod steering;
mod write;

pub use client::Timeouts;
pub use config::Config;
pub use connect::{Cloud, ConnectError};
pub use region::Region;
pub use routes::Routes;
