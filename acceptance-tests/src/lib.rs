//! Drives real Terraform and OpenTofu against the provider binary, stand-in clouds and a real Kubernetes API server.
//!
//! - [`core_driver`]: what a host does to a provider, step by step, so that a test can stop between two steps.

pub mod core_driver;
pub mod environment;
pub mod host;
pub mod kubernetes;
