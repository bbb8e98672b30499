//! The example provider under real hosts.
//!
//! `TERRAFORM` names the first (default: `terraform` on the path), `TERRAFORM_EXTRA_HOSTS` further ones, separated by colons:
//! other versions of Terraform, or OpenTofu. A test says on which hosts it ran, and what it skipped.

#[path = "../example.rs"]
mod example;
mod features;
mod lifecycle;
mod workspace;
