//! Drives real Terraform and OpenTofu against the provider binary, stand-in clouds and a real Kubernetes API server.
