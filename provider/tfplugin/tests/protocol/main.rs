//! The plugin protocol, held against a client that does what Terraform does.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by a panic and says on what it ran")]

mod calls;
mod ending;
#[path = "../example/mod.rs"]
mod example;
mod host;
mod link;
mod logs;
mod mistakes;
mod values;
