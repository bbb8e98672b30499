//! Stand-in clouds that behave like the real ones where it hurts: states that take time, tokens, read lag, quotas and faults.
//!
//! A cloud's API is a pure state machine ([`api::Api`]): a request is read as a call, and a call and the time give a reply.
//! [`Server`] puts it on a port of this machine, with the faults, holds, log and clock that tests need, which are the same for
//! all; [`beside::Beside`] puts several APIs behind one server. Each says by its [`rules`] what it does, and from where that is
//! known. [`ec2`] and [`azure`] are there so far.

pub mod api;
pub mod azure;
pub mod beside;
mod body;
mod control;
pub mod control_request;
pub mod ec2;
pub mod error;
pub mod faults;
mod gate;
pub mod log;
pub mod params;
pub mod request;
pub mod rules;
mod serve;
mod server;
mod shared;
pub mod throttling;

pub use server::{Config, Server};
