//! The example provider under real hosts.
//!
//! `TERRAFORM` names the first (default: `terraform` on the path), `TERRAFORM_EXTRA_HOSTS` further ones, separated by colons:
//! other versions of Terraform, or OpenTofu. A test says on which hosts it ran, and what it skipped.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by a panic and says on what it ran")]

#[path = "../example/provider.rs"]
mod example;
mod features;
mod lifecycle;
mod workspace;
