//! Kubernetes: observe, server-side apply, delete and wait.
//!
//! Of the provider this crate knows [`Manifest`](egress_engines::Manifest) and
//! [`ObjectId`](egress_engines::manifest::ObjectId) alone. It writes as one field manager ([`FIELD_MANAGER`]), so that others
//! can own other fields of the same object, and forces nothing unless asked.

mod apply;
mod attach;
mod classify;
mod config;
mod connect;
mod delete;
mod error;
mod facts;
mod limits;
mod managed_fields;
mod object;
mod observe;
mod once;
mod remembered;
mod request;

pub use apply::{Applied, Mode, TakeOver};
pub use attach::bare;
pub use config::{Access, Config, Credentials, Secret, Server};
pub use connect::Cluster;
pub use error::{Cause, Error, FieldConflict};
pub use facts::Served;
pub use limits::Limits;
pub use managed_fields::{FieldPath, Operation, Ownership, ownerships};
pub use object::{Object, object_id, owned_part};
pub use once::Once;

/// The name under which this provider owns fields of objects.
pub const FIELD_MANAGER: &str = "terraform-provider-egress";
/// The label that says which tool manages an object (Kubernetes documentation, "Recommended Labels").
pub const MANAGED_BY_LABEL: &str = "app.kubernetes.io/managed-by";
