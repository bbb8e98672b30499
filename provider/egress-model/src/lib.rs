//! The domain of egress: IP pools, NAT gateways and policies as types that cannot hold an invalid value. No I/O.

pub mod cidr;
pub mod gateway;
pub mod identity;
pub mod ip_pool;
pub mod labels;
pub mod nat_gateway;
pub mod policy;
mod shown;
pub mod via;

pub use shown::shown;
