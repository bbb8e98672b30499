//! The plugin protocol, held against a client that does what Terraform does.

mod calls;
mod ending;
#[path = "../example.rs"]
mod example;
mod host;
mod link;
mod logs;
mod mistakes;
mod values;
