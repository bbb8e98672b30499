//! The seam between the provider and a cloud: one small trait per resource kind, error classes, and an in-memory cloud.

pub mod error;

pub use error::{Class, Error};
