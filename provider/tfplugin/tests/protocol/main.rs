//! The plugin protocol, held against a client that does what Terraform does.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by a panic and says on what it ran")]

mod data_source;
mod describe;
mod ending;
#[path = "../example/provider.rs"]
mod example;
mod functions;
mod host;
mod import;
mod lifecycle;
mod link;
mod list;
mod logs;
mod mistakes;
mod session;
mod upgrade;
mod validate;
mod values;
