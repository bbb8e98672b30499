//! IP pools and NAT gateways on Amazon EC2.

mod client;
pub mod config;
mod connect;
mod convert;
mod error;
pub mod ip_pools;
pub mod nat_gateways;
mod region;
mod snapshot;
mod unclear;

pub use config::Config;
pub use connect::{Cloud, ConnectError};
pub use region::Region;
