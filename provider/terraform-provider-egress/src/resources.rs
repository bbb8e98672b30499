//! The managed resources: the only place where Terraform, the model, a cloud and a cluster meet.

pub(crate) mod timeouts;
