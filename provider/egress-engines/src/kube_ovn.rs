//! Kube-OVN, as far as its gateways go.

mod gateway;

pub use gateway::GATEWAY;
pub(crate) use gateway::VPC_EGRESS_GATEWAY;
