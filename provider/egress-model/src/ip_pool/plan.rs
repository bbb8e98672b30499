//! What to do so that a pool becomes what is wanted.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;

use super::{
    Address, AddressId, Desired, InUse, Mark, Observed, Origin, PublicIps, ReleasePolicy, Settings as _, Source, State, Wanted,
};
use crate::identity::{Holder, Key, is_held_by_another};

/// One idempotent step. Its text completes "could not ...".
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation<S: Source> {
    /// Makes sure that an address that the user named exists.
    Adopt {
        /// For this key.
        key: Key,
        /// The address.
        id: AddressId,
    },
    /// Takes an address, with the identity in the call, unless one that carries the identity is found. Done when it has its public IP.
    Allocate {
        /// For this key.
        key: Key,
        /// From where.
        source: S,
        /// How it is set.
        settings: S::Settings,
        /// This public IP and not any.
        recover: Option<IpAddr>,
        /// Its tags beside the identity's.
        tags: BTreeMap<String, String>,
        /// The resource instance that has it then.
        holder: Option<Holder>,
        /// The addresses that carry the identity under this key but will not do.
        except: BTreeSet<AddressId>,
    },
    /// Waits until an address that an earlier run allocated has its public IP.
    Settle {
        /// For this key.
        key: Key,
        /// The address.
        id: AddressId,
    },
    /// Sets the identity, tags and settings, and removes tags.
    Update {
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
        /// How it is set then; `None` leaves that.
        settings: Option<S::Settings>,
    },
    /// Gives an address back to the cloud, and waits until it is gone.
    Release {
        /// The address.
        id: AddressId,
        /// Its public IPs.
        public_ips: PublicIps,
    },
    /// Removes the identity: the address stays allocated and is the pool's no more.
    Forget {
        /// The address.
        id: AddressId,
        /// Its public IPs.
        public_ips: PublicIps,
    },
}

impl<S: Source> fmt::Display for Operation<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Adopt { key, id } => write!(f, "adopt {id} as the address of key \"{key}\""),
            Self::Allocate { key, recover: Some(ip), .. } => write!(f, "recover {ip} as the address of key \"{key}\""),
            Self::Allocate { key, .. } => write!(f, "allocate the address of key \"{key}\""),
            Self::Settle { key, id } => write!(f, "wait for the public IP of {id}, the address of key \"{key}\""),
            Self::Update { key, id, settings: None, .. } => write!(f, "tag {id}, the address of key \"{key}\""),
            Self::Update { key, id, .. } => write!(f, "set {id}, the address of key \"{key}\""),
            Self::Release { id, public_ips } => write!(f, "release {public_ips} ({id})"),
            Self::Forget { id, public_ips } => write!(f, "remove the tags of the pool from {public_ips} ({id})"),
        }
    }
}

/// Which address each wanted key has, and which addresses leave.
#[derive(Debug, PartialEq, Eq)]
pub struct Assignment<'a, S: Source> {
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
                && recover.is_none_or(|ip| address.public_ips.may_be(ip))
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

/// What is to be done: nothing is given up before all that replaces it is there. Within a half the order is of no matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan<S: Source> {
    /// What takes, keeps and changes addresses.
    pub take: Vec<Operation<S>>,
    /// What gives them up.
    pub give_up: Vec<Operation<S>>,
}

impl<S: Source> Plan<S> {
    /// Both halves, in order.
    pub fn into_operations(self) -> impl Iterator<Item = Operation<S>> {
        self.take.into_iter().chain(self.give_up)
    }
}

/// Decides what to do.
pub fn plan<S: Source>(desired: &Desired<S>, state: &State, observed: &Observed<S>) -> Plan<S> {
    let assignment = assign(desired, state, observed);
    let (mut take, mut give_up) = (Vec::new(), Vec::new());
    for (key, wanted) in &desired.addresses {
        match (assignment.kept.get(key), &wanted.origin) {
            (Some(address), _) => {
                if address.public_ips == PublicIps::Pending {
                    take.push(Operation::Settle { key: key.clone(), id: address.id.clone() });
                }
                take.extend(update(desired, key, wanted, address));
            }
            (None, Origin::Existing(id)) => take.push(Operation::Adopt { key: key.clone(), id: id.clone() }),
            (None, Origin::Allocated { source, recover }) => take.push(Operation::Allocate {
                key: key.clone(),
                source: source.clone(),
                settings: wanted.settings.clone(),
                recover: *recover,
                tags: wanted.tags.clone(),
                holder: desired.holder.clone(),
                except: observed.marked(&desired.identity, key).map(|address| address.id.clone()).collect(),
            }),
        }
    }
    for (address, policy) in assignment.leaving {
        let (id, public_ips) = (address.id.clone(), address.public_ips);
        match policy {
            ReleasePolicy::Release if waits(desired, address) => {}
            ReleasePolicy::Release => give_up.push(Operation::Release { id, public_ips }),
            ReleasePolicy::Retain if is_marked(desired, address) => give_up.push(Operation::Forget { id, public_ips }),
            ReleasePolicy::Retain => {}
        }
    }
    Plan { take, give_up }
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

fn waits<S: Source>(desired: &Desired<S>, address: &Address<S>) -> bool {
    desired.in_use == InUse::Postpone && !address.users.is_empty()
}

fn is_marked<S: Source>(desired: &Desired<S>, address: &Address<S>) -> bool {
    address.mark.as_ref().is_some_and(|mark| desired.is_own(&mark.identity))
}

/// What a kept address lacks. An address that the user named is tagged only where it carries the pool's identity under another
/// key or name: then the user renamed the key or the pool.
fn update<S: Source>(
    desired: &Desired<S>,
    key: &Key,
    wanted: &Wanted<S>,
    address: &Address<S>,
) -> Option<Operation<S>> {
    let carried = address.mark.as_ref().and_then(|mark| mark.holder.as_ref());
    let is_held = desired.holder.is_none() || carried == desired.holder.as_ref();
    let is_right = |mark: &Mark| mark.identity == desired.identity && mark.key == *key;
    let marked_right = address.mark.as_ref().is_some_and(is_right) && is_held;
    let update = |tags, stale_tags, settings| Operation::Update {
        key: key.clone(),
        id: address.id.clone(),
        tags,
        holder: desired.holder.clone(),
        stale_tags,
        settings,
    };
    if matches!(wanted.origin, Origin::Existing(_)) {
        let settled = marked_right || !is_marked(desired, address);
        return (!settled).then(|| update(BTreeMap::new(), BTreeSet::new(), None));
    }
    let differs = |(name, value): &(&String, &String)| address.tags.get(*name) != Some(value);
    let tags: BTreeMap<_, _> =
        wanted.tags.iter().filter(differs).map(|(name, value)| (name.clone(), value.clone())).collect();
    let stale: BTreeSet<_> =
        wanted.stale_tags.iter().filter(|name| address.tags.contains_key(*name)).cloned().collect();
    let settings = (!wanted.settings.are_met_by(&address.settings)).then(|| wanted.settings.clone());
    let settled = marked_right && tags.is_empty() && stale.is_empty() && settings.is_none();
    (!settled).then(|| update(tags, stale, settings))
}
