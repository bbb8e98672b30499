//! Azure Kubernetes Service, as far as its gateways go.

mod gateway;

pub use gateway::GATEWAY;
