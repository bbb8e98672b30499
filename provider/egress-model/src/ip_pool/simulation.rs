//! A cloud of addresses that does what operations say, to test plans with.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

use super::{
    Address, AddressId, Association, Desired, Held, InUse, Mark, Observed, Operation, Origin, ReleasePolicy, Source,
    State, Wanted,
};
use crate::identity::{Identity, Key, ResourceType};

/// A pool number, or any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct From(pub(super) Option<u8>);

impl Source for From {
    fn admits(&self, actual: &Self) -> bool {
        self.0.is_none() || self.0 == actual.0
    }
}

pub(super) fn identity(name: &str) -> Identity {
    Identity {
        owner: "acme".parse().expect("an owner"),
        resource_type: ResourceType::IpPool,
        name: name.parse().expect("a name"),
    }
}

pub(super) fn key(text: &str) -> Key {
    text.parse().expect("a key")
}

pub(super) fn id(number: u8) -> AddressId {
    AddressId::new(format!("ip-{number}"))
}

/// An address without identity, from no special pool.
pub(super) fn address(number: u8) -> Address<From> {
    Address {
        id: id(number),
        public_ip: IpAddr::V4(Ipv4Addr::new(203, 0, 113, number)),
        source: From(Some(0)),
        mark: None,
        tags: BTreeMap::new(),
        association: None,
    }
}

impl Address<From> {
    pub(super) fn marked(mut self, pool: &str, at: &str, created: u64) -> Self {
        self.mark = Some(Mark { identity: identity(pool), key: key(at), created: Some(created), holder: None });
        self
    }

    pub(super) fn used(mut self) -> Self {
        self.association = Some(Association { id: None, user: "nat-1".to_owned(), private_ip: None });
        self
    }

    pub(super) fn from(mut self, pool: u8) -> Self {
        self.source = From(Some(pool));
        self
    }
}

pub(super) fn allocated() -> Wanted<From> {
    Wanted {
        origin: Origin::Allocated { source: From(None), recover: None },
        tags: BTreeMap::new(),
        stale_tags: BTreeSet::new(),
        release_policy: ReleasePolicy::Release,
    }
}

pub(super) fn existing(number: u8) -> Wanted<From> {
    Wanted { origin: Origin::Existing(id(number)), ..allocated() }
}

pub(super) fn desired<const N: usize>(addresses: [(&str, Wanted<From>); N]) -> Desired<From> {
    Desired {
        identity: identity("partners"),
        former: None,
        holder: None,
        takes_over: false,
        addresses: addresses.into_iter().map(|(at, wanted)| (key(at), wanted)).collect(),
        in_use: InUse::Postpone,
    }
}

pub(super) fn state<const N: usize>(held: [(u8, &str); N]) -> State {
    let held =
        held.map(|(number, at)| (id(number), Held { key: key(at), current: true, on_leave: ReleasePolicy::Release }));
    held.into_iter().collect()
}

/// Does an operation as a cloud does, and says whether the cloud would have refused it.
pub(super) fn execute(
    observed: &mut Observed<From>,
    identity: &Identity,
    operation: &Operation<From>,
) -> Result<(), String> {
    match operation {
        Operation::Adopt { id, .. } => observed.get(id).map(drop).ok_or_else(|| format!("{id} is missing")),
        Operation::Allocate { key, source, recover, tags, holder, except: _ } => {
            let next = (1..=u8::MAX).rev().find(|number| observed.get(&id(*number)).is_none()).ok_or("full")?;
            let mut new = address(next);
            new.source = From(source.0.or(Some(0)));
            new.public_ip = recover.unwrap_or(new.public_ip);
            new.tags.clone_from(tags);
            let created = Some(u64::from(u8::MAX - next));
            new.mark = Some(Mark { identity: identity.clone(), key: key.clone(), created, holder: holder.clone() });
            observed.put(new);
            Ok(())
        }
        Operation::Retag { key, id, tags, holder, stale_tags } => {
            let mut address = observed.get(id).cloned().ok_or_else(|| format!("{id} is missing"))?;
            let (created, before) = address.mark.map(|mark| (mark.created, mark.holder)).unwrap_or_default();
            let holder = holder.clone().or(before);
            address.mark = Some(Mark { identity: identity.clone(), key: key.clone(), created, holder });
            address.tags.extend(tags.clone());
            address.tags.retain(|name, _| !stale_tags.contains(name));
            observed.put(address);
            Ok(())
        }
        Operation::Release { id, .. } => match observed.get(id) {
            Some(address) if address.association.is_some() => Err(format!("{id} is in use")),
            _ => {
                observed.remove(id);
                Ok(())
            }
        },
        Operation::Forget { id, .. } => {
            let mut address = observed.get(id).cloned().ok_or_else(|| format!("{id} is missing"))?;
            address.mark = None;
            observed.put(address);
            Ok(())
        }
    }
}
