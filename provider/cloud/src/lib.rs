//! The seam between the provider and a cloud: one trait for every resource kind, error classes, the driver, and clouds in memory.
//!
//! A resource kind is managed in three steps ([`Reconcile`]). *Observe* asks the cloud what there is. *Plan* is pure: it compares what is
//! wanted with what was observed and answers with operations in stages. *Execute* does one of them. [`drive()`] runs the operations; what
//! it has observed after a failure is what the state records.
//!
//! # Contract
//!
//! An implementor promises, and [`conformance`] checks:
//!
//! - An operation is idempotent. It looks whether its effect is there already before it causes it, so that a crash between
//!   any two calls loses nothing and duplicates nothing.
//! - An object carries its identity ([`egress_model::identity`]) as tags or labels from the call that creates it. A name is no identity: it
//!   only locks that call ([`names`]). What cannot carry one, such as a route ([`Steering`]), is known by its place, and recorded by the state.
//! - An answer that says that an object is missing was asked for by that object's id, and not taken from a cache.
//! - An object that several resources have a part of is changed under its lock ([`Locks`]), from what it is at that moment, and every part
//!   that is not the resource's is as it was.
//! - Every call has a time after which it is given up, and every wait ends with the [`Limits`] of the work, also inside a call that
//!   hangs ([`Calls`]).
//! - Nothing that does not carry the identity, or that the user did not name, is changed or removed.

pub mod calls;
pub mod conformance;
mod default_tags;
pub mod drive;
pub mod error;
pub mod ip_pools;
pub mod limits;
mod locks;
pub mod marks;
pub mod memory;
pub mod names;
pub mod nat_gateways;
pub mod reconcile;
pub mod snapshot;
pub mod steering;
pub mod token;

pub use calls::Calls;
pub use default_tags::DefaultTags;
pub use drive::{End, Outcome, drive};
pub use error::{Class, Error, Hints};
pub use ip_pools::IpPools;
pub use limits::{Ended, Limits, Poll};
pub use locks::{Held, Locks};
pub use nat_gateways::NatGateways;
pub use reconcile::{Reached, Reconcile, Stages};
pub use snapshot::Freshness;
pub use steering::Steering;
