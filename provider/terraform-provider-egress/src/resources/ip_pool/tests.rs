//! The resource on the cloud in memory, driven as Terraform does, and what it refuses.

mod changes;
mod guards;
mod histories;
mod host;
mod ownership;
mod refusals;
