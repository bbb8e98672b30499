//! Terraform provider for everything that decides how traffic leaves a Kubernetes cluster.

mod duration;
mod resources;
mod session;

fn main() {}
