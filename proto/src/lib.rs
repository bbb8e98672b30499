//! Generated bindings of Terraform's plugin protocol 6 and of the go-plugin services.
