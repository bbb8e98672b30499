//! Public addresses that outlive gateways, one per stable key, and the decisions about them.
//!
//! An address is the pool's own when the pool allocated it, or adopted when the user named one that exists already. What is
//! known of a pool is what the cloud showed ([`Observed`]) and what the state says ([`Held`]); from both and from what is
//! wanted ([`Desired`]) [`plan()`] decides what to do. The decisions hold for every cloud: what differs is only where an
//! address can come from ([`Source`]).

mod address;
mod plan;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;

pub use address::{Address, AddressId, Mark, Observed, PublicIps, Settings, Source, User, UserKind};
pub use plan::{Assignment, Operation, Plan, assign, plan, postponed};

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::identity::{Holder, Identity, Key};

/// What becomes of an address that leaves the pool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ReleasePolicy {
    /// It is given back to the cloud.
    #[default]
    Release,
    /// It stays allocated in the account, and costs money there, without the pool's tags.
    Retain,
}

/// Where a key's address comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin<S> {
    /// It exists and is only used: it is neither tagged, unless it carries the pool's tags already, nor released, unless the
    /// policy of the address says so.
    Existing(AddressId),
    /// The pool allocates it.
    Allocated {
        /// From where.
        source: S,
        /// This public IP, which was released earlier, and not any.
        recover: Option<IpAddr>,
    },
}

/// One wanted address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted<S: Source> {
    /// Where it comes from.
    pub origin: Origin<S>,
    /// How it should be set, where the pool allocates it.
    pub settings: S::Settings,
    /// The tags it should have, without the identity's. Tags that others set are left alone.
    pub tags: BTreeMap<String, String>,
    /// The keys of tags that the pool once set and that it should have no more.
    pub stale_tags: BTreeSet<String>,
    /// What becomes of an address that this key has and should no more have.
    pub release_policy: ReleasePolicy,
}

/// A pool as the user wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Desired<S: Source> {
    /// The pool.
    pub identity: Identity,
    /// The identity that it had, where it is being renamed.
    pub former: Option<Identity>,
    /// The resource instance; `None` where it is not known.
    pub holder: Option<Holder>,
    /// Whether it takes the place of the instance that the state is of: what that one holds is then its own.
    pub takes_over: bool,
    /// The addresses; none when the pool is destroyed.
    pub addresses: BTreeMap<Key, Wanted<S>>,
    /// What to do with an address that leaves while something uses it.
    pub in_use: InUse,
}

impl<S: Source> Desired<S> {
    /// Whether an identity is the pool's, or was until now.
    pub fn is_own(&self, identity: &Identity) -> bool {
        self.identity == *identity || self.former.as_ref() == Some(identity)
    }
}

/// What to do with an address that leaves the pool while something uses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InUse {
    /// Try, and wait until it is free: what used it is being deleted.
    Wait,
    /// Leave it for a later run: Terraform changes what uses the address after the pool, never before it.
    Postpone,
}

/// An address that the state says the pool has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The key that it has, or had.
    pub key: Key,
    /// Whether the key still has it; otherwise it left, and waits until nothing uses it.
    pub current: bool,
    /// What becomes of it when it leaves.
    pub on_leave: ReleasePolicy,
}

/// What the state says the pool has, by address.
pub type State = BTreeMap<AddressId, Held>;
