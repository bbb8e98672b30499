//! A stand-in EC2 that behaves like the real one where it hurts: states that take time, tokens, read lag, quotas and
//! faults.
//!
//! [`ec2::Ec2`] is the cloud itself, a pure state machine: a call and the time in, a reply out. [`Server`] puts it
//! behind EC2's Query protocol on a port of this machine, with the faults, holds and log that tests need. [`rules`]
//! lists what it does, and from where that is known.

mod body;
mod control;
pub mod ec2;
pub mod error;
pub mod faults;
mod gate;
pub mod log;
pub mod params;
pub mod rules;
mod serve;
mod server;
pub mod settings;
mod shared;
mod xml;

pub use server::{Config, Server};
