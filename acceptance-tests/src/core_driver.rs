//! Does to a provider binary what Terraform core does: go-plugin's handshake with mutual TLS, then the calls of a plan walk
//! and of an apply walk, with core's rules about what is recorded when a call fails or the provider dies.
//!
//! A real host cannot be stopped between two cloud calls of its provider; this one can, because the test holds the pieces.
//! It is sequential where core keeps ten calls in flight, so that a run can be repeated call by call.

mod apply;
mod configuration;
mod driver;
mod message;
mod plan;
mod process;
mod proposed;
mod rules;
mod schema;
mod state;
mod tls;
mod wire;

pub use apply::Applied;
pub use configuration::{Address, Configuration};
pub use driver::{Driver, Interrupter, Provider};
pub use message::Message;
pub use plan::{Action, Change, Plan};
pub use process::{Control, Process, StartError, Startup, time_to_first_line};
pub use schema::{Attribute, Block, NestedBlock, Nesting, ProviderSchema, ResourceSchema, Shape};
pub use state::{Object, State};
