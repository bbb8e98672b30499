//! Spidernet's `EgressGateway`, which runs beside any CNI and has gateways alone.

pub mod rules;

mod gateway;

pub use gateway::GATEWAY;
