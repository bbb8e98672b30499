//! Terraform provider for everything that decides how traffic leaves a Kubernetes cluster.

fn main() {}
