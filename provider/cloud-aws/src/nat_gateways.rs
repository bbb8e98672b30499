//! NAT gateways: zonal ones, one per availability zone, or a regional one, with their addresses and the routes to them.

pub mod desired;
mod execute;
pub mod observe;
pub mod observed;
pub mod operation;
pub mod plan;
pub mod subnet;

pub use execute::Ec2Gateways;
