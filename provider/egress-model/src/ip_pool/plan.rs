//! What to do so that a pool becomes what is wanted.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;

use super::{Address, AddressId, Desired, InUse, Mark, Observed, Origin, ReleasePolicy, Source, State, Wanted};
use crate::identity::{Holder, Key, is_held_by_another};

/// One idempotent step. Its text completes "could not ...".
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation<S> {
    /// Makes sure that an address that the user named exists.
    Adopt {
        /// For this key.
        key: Key,
        /// The address.
        id: AddressId,
    },
    /// Takes an address, with the identity in the call, unless one that carries the identity is found.
    Allocate {
        /// For this key.
        key: Key,
        /// From where.
        source: S,
        /// This public IP and not any.
        recover: Option<IpAddr>,
        /// Its tags beside the identity's.
        tags: BTreeMap<String, String>,
        /// The resource instance that has it then.
        holder: Option<Holder>,
        /// The addresses that carry the identity under this key but will not do.
        except: BTreeSet<AddressId>,
    },
    /// Sets the identity and tags, and removes tags.
    Retag {
        /// For this key.
        key: Key,
        /// The address.
        id: AddressId,
        /// The tags to set beside the identity's.
        tags: BTreeMap<String, String>,
        /// The resource instance that has it then; `None` leaves it.
        holder: Option<Holder>,
        /// The keys of the tags to remove.
        stale_tags: BTreeSet<String>,
    },
    /// Gives an address back to the cloud, and waits until it is gone.
    Release {
        /// The address.
        id: AddressId,
        /// Its public IP.
        public_ip: IpAddr,
    },
    /// Removes the identity: the address stays allocated and is the pool's no more.
    Forget {
        /// The address.
        id: AddressId,
        /// Its public IP.
        public_ip: IpAddr,
    },
}

impl<S> fmt::Display for Operation<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Adopt { key, id } => write!(f, "adopt {id} as the address of key \"{key}\""),
            Self::Allocate { key, recover: Some(ip), .. } => write!(f, "recover {ip} as the address of key \"{key}\""),
            Self::Allocate { key, .. } => write!(f, "allocate the address of key \"{key}\""),
            Self::Retag { key, id, .. } => write!(f, "tag {id}, the address of key \"{key}\""),
            Self::Release { id, public_ip } => write!(f, "release {public_ip} ({id})"),
            Self::Forget { id, public_ip } => write!(f, "remove the tags of the pool from {public_ip} ({id})"),
        }
    }
}

/// Which address each wanted key has, and which addresses leave.
#[derive(Debug, PartialEq, Eq)]
pub struct Assignment<'a, S> {
    /// The address of each key that has one.
    pub kept: BTreeMap<&'a Key, &'a Address<S>>,
    /// The addresses of the pool that no key has any more, with what becomes of them.
    pub leaving: Vec<(&'a Address<S>, ReleasePolicy)>,
    /// The addresses that no key has any more and that carry another identity by now, with what the state says should become
    /// of them. They may be somebody else's, so nothing is done to them, and the user has to know.
    pub foreign: Vec<(&'a Address<S>, ReleasePolicy)>,
    /// The addresses of the state that another resource instance with this identity has adopted: they are its own now.
    pub held: Vec<&'a Address<S>>,
}

/// Decides which address each key has. An address that the user named belongs to the key that names it. Otherwise a key
/// keeps the address that the state says it has, or had until the key was removed, and takes one that carries its identity
/// (the oldest of several) only where the state knows none: what is in the state may be on an allow-list.
pub fn assign<'a, S: Source>(
    desired: &'a Desired<S>,
    state: &'a State,
    observed: &'a Observed<S>,
) -> Assignment<'a, S> {
    let mut kept = BTreeMap::new();
    let mut taken = BTreeSet::new();
    for (key, wanted) in &desired.addresses {
        if let Origin::Existing(id) = &wanted.origin {
            taken.insert(id);
            kept.extend(observed.get(id).map(|address| (key, address)));
        }
    }
    for (key, wanted) in &desired.addresses {
        let Origin::Allocated { source, recover } = &wanted.origin else { continue };
        let with = |current| state.iter().filter(move |(_, held)| held.key == *key && held.current == current);
        let held = with(true).chain(with(false)).filter_map(|(id, _)| observed.get(id));
        let found = observed.marked(&desired.identity, key).filter(|address| !state.contains_key(&address.id));
        let fits = |address: &&Address<S>| {
            source.admits(&address.source)
                && recover.is_none_or(|ip| ip == address.public_ip)
                && !taken.contains(&address.id)
        };
        if let Some(address) = held.chain(found).find(fits) {
            taken.insert(&address.id);
            kept.insert(key, address);
        }
    }
    let rest = observed.iter().filter(|address| !taken.contains(&address.id)).filter_map(|address| {
        // One that the state does not know leaves only as the duplicate of a wanted key: another state may have it.
        let duplicate = || {
            let mark = address.mark.as_ref().filter(|mark| mark.identity == desired.identity)?;
            kept.contains_key(&mark.key).then(|| desired.addresses.get(&mark.key))?.map(|wanted| wanted.release_policy)
        };
        let policy = state.get(&address.id).map(|held| held.on_leave).or_else(duplicate)?;
        Some((address, policy))
    });
    let is_held = |(address, _): &(&Address<S>, ReleasePolicy)| {
        let carried = address.mark.as_ref().and_then(|mark| mark.holder.as_ref());
        !desired.takes_over && state.contains_key(&address.id) && is_held_by_another(carried, desired.holder.as_ref())
    };
    let is_foreign = |(address, _): &(&Address<S>, ReleasePolicy)| {
        address.mark.as_ref().is_some_and(|mark| !desired.is_own(&mark.identity))
    };
    let (foreign, own): (Vec<_>, Vec<_>) = rest.partition(is_foreign);
    let (held, leaving): (Vec<_>, Vec<_>) = own.into_iter().partition(is_held);
    Assignment { kept, leaving, foreign, held: held.into_iter().map(|(address, _)| address).collect() }
}

/// Decides what to do, in an order in which nothing is given up before what replaces it is there.
pub fn plan<S: Source>(desired: &Desired<S>, state: &State, observed: &Observed<S>) -> Vec<Operation<S>> {
    let assignment = assign(desired, state, observed);
    let mut operations = Vec::new();
    for (key, wanted) in &desired.addresses {
        match (assignment.kept.get(key), &wanted.origin) {
            (Some(address), _) => operations.extend(retag(desired, key, wanted, address)),
            (None, Origin::Existing(id)) => operations.push(Operation::Adopt { key: key.clone(), id: id.clone() }),
            (None, Origin::Allocated { source, recover }) => operations.push(Operation::Allocate {
                key: key.clone(),
                source: source.clone(),
                recover: *recover,
                tags: wanted.tags.clone(),
                holder: desired.holder.clone(),
                except: observed.marked(&desired.identity, key).map(|address| address.id.clone()).collect(),
            }),
        }
    }
    for (address, policy) in assignment.leaving {
        let (id, public_ip) = (address.id.clone(), address.public_ip);
        match policy {
            ReleasePolicy::Release if waits(desired, address) => {}
            ReleasePolicy::Release => operations.push(Operation::Release { id, public_ip }),
            ReleasePolicy::Retain if is_marked(desired, address) => {
                operations.push(Operation::Forget { id, public_ip });
            }
            ReleasePolicy::Retain => {}
        }
    }
    operations
}

/// The addresses that leave the pool but are released by a later run, because something uses them now.
pub fn postponed<'a, S: Source>(
    desired: &'a Desired<S>,
    state: &'a State,
    observed: &'a Observed<S>,
) -> Vec<&'a Address<S>> {
    let leaving = assign(desired, state, observed).leaving.into_iter();
    leaving
        .filter(|(address, policy)| *policy == ReleasePolicy::Release && waits(desired, address))
        .map(|(address, _)| address)
        .collect()
}

fn waits<S>(desired: &Desired<S>, address: &Address<S>) -> bool {
    desired.in_use == InUse::Postpone && address.association.is_some()
}

fn is_marked<S>(desired: &Desired<S>, address: &Address<S>) -> bool {
    address.mark.as_ref().is_some_and(|mark| desired.is_own(&mark.identity))
}

/// What the tags of a kept address lack. An address that the user named is tagged only where it carries the pool's identity
/// under another key or name: then the user renamed the key or the pool.
fn retag<S>(desired: &Desired<S>, key: &Key, wanted: &Wanted<S>, address: &Address<S>) -> Option<Operation<S>> {
    let marked = is_marked(desired, address);
    let carried = address.mark.as_ref().and_then(|mark| mark.holder.as_ref());
    let is_held = desired.holder.is_none() || carried == desired.holder.as_ref();
    let so = |mark: &Mark| mark.identity == desired.identity && mark.key == *key;
    let marked_so = address.mark.as_ref().is_some_and(so);
    let adopted = matches!(wanted.origin, Origin::Existing(_));
    let (tags, stale_tags) = if adopted {
        (BTreeMap::new(), BTreeSet::new())
    } else {
        let differs = |(name, value): &(&String, &String)| address.tags.get(*name) != Some(value);
        let tags = wanted.tags.iter().filter(differs).map(|(name, value)| (name.clone(), value.clone())).collect();
        let stale = wanted.stale_tags.iter().filter(|name| address.tags.contains_key(*name)).cloned().collect();
        (tags, stale)
    };
    let settled = if adopted {
        !marked || (marked_so && is_held)
    } else {
        marked_so && is_held && tags.is_empty() && stale_tags.is_empty()
    };
    let holder = desired.holder.clone();
    (!settled).then(|| Operation::Retag { key: key.clone(), id: address.id.clone(), tags, holder, stale_tags })
}
