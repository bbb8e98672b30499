//! Drives real Terraform and OpenTofu against the provider binary, stand-in clouds and a real Kubernetes API server.
//!
//! - [`host`]: a real host program in a folder of its own.
//! - [`core_driver`]: what a host does to a provider, step by step, so that a test can stop between two steps.
//! - [`crash_safety`]: kills, interrupts and faults at every call of any cloud, and applies side by side.
//! - [`cloud`], [`localstack`], [`kubernetes`], [`engine_definitions`], [`silent_server`]: what the provider acts on.
//! - [`mod@bench`]: what the provider must show, in figures.
//! - [`environment`]: which of all that this machine has.

pub mod bench;
pub mod cloud;
pub mod core_driver;
pub mod crash_safety;
pub mod engine_definitions;
pub mod environment;
pub mod host;
pub mod kubernetes;
pub mod localstack;
pub mod memory_api;
pub mod silent_server;
