//! Terraform's plugin protocol 6 in native Rust types, for any provider.
//!
//! A provider is a value that implements [`Provider`]; [`serve`] answers Terraform with it. The crate speaks Terraform's
//! words only: it knows nothing of what a provider manages.
//!
//! - [`cty`]: values as Terraform has them, with unknowns, nulls and numbers of any precision, and their wire forms.
//! - [`schema`]: what a user can write, as a value.
//! - [`model`]: values to and from a provider's own structs.
//! - [`resource`], [`data_source`], [`function`], [`list`]: what a provider implements.

pub mod config_check;
pub mod conform;
pub mod conformance;
pub mod cty;
pub mod data_source;
pub mod diagnostic;
pub mod function;
pub mod list;
pub mod model;
pub mod plan;
pub mod provider;
pub mod provider_check;
pub mod resource;
pub mod schema;
pub mod schema_check;
pub mod serve;
pub mod similar;
pub mod validators;

mod context;
mod from_proto;
mod log;
mod panic;
mod quoted;
mod rpc;
mod to_proto;

pub use diagnostic::{Diagnostic, Diagnostics, Severity};
pub use provider::{Context, Provider};
