//! A cloud of addresses that does what operations say, to test plans with.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

use super::{
    Address, AddressId, Desired, Held, InUse, Mark, Observed, Operation, Origin, PublicIps, ReleasePolicy, Settings, Source,
    State, User, UserKind, Wanted,
};
use crate::identity::{Identity, Key, ResourceType};

/// A pool number, or any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct From(pub(super) Option<u8>);

/// A speed, or any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Speed(pub(super) Option<u8>);

impl Settings for Speed {
    fn are_met_by(&self, actual: &Self) -> bool {
        self.0.is_none() || self.0 == actual.0
    }
}

impl Source for From {
    type Settings = Speed;

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
        public_ips: IpAddr::V4(Ipv4Addr::new(203, 0, 113, number)).into(),
        source: From(Some(0)),
        settings: Speed(Some(1)),
        mark: None,
        tags: BTreeMap::new(),
        users: Vec::new(),
    }
}

impl Address<From> {
    pub(super) fn marked(mut self, pool: &str, at: &str, created: u64) -> Self {
        self.mark = Some(Mark { identity: identity(pool), key: key(at), created: Some(created), holder: None });
        self
    }

    pub(super) fn used(mut self) -> Self {
        let (association, private_ip) = (None, None);
        self.users = vec![User { id: "nat-1".to_owned(), kind: UserKind::NatGateway, association, private_ip }];
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
        settings: Speed(None),
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
        Operation::Allocate { key, source, settings, recover, tags, holder, except: _ } => {
            let next = (1..=u8::MAX).rev().find(|number| observed.get(&id(*number)).is_none()).ok_or("full")?;
            let mut new = address(next);
            new.source = From(source.0.or(Some(0)));
            new.public_ips = recover.map_or(new.public_ips, PublicIps::from);
            new.settings = Speed(settings.0.or(Some(1)));
            new.tags.clone_from(tags);
            let created = Some(u64::from(u8::MAX - next));
            new.mark = Some(Mark { identity: identity.clone(), key: key.clone(), created, holder: holder.clone() });
            observed.put(new);
            Ok(())
        }
        Operation::Settle { id, .. } => {
            let mut address = observed.get(id).cloned().ok_or_else(|| format!("{id} is missing"))?;
            address.public_ips = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 200)).into();
            observed.put(address);
            Ok(())
        }
        Operation::Update { key, id, tags, holder, stale_tags, settings } => {
            let mut address = observed.get(id).cloned().ok_or_else(|| format!("{id} is missing"))?;
            let (created, before) = address.mark.map(|mark| (mark.created, mark.holder)).unwrap_or_default();
            let holder = holder.clone().or(before);
            address.mark = Some(Mark { identity: identity.clone(), key: key.clone(), created, holder });
            address.tags.extend(tags.clone());
            address.tags.retain(|name, _| !stale_tags.contains(name));
            address.settings = settings.unwrap_or(address.settings);
            observed.put(address);
            Ok(())
        }
        Operation::Release { id, .. } => match observed.get(id) {
            Some(address) if !address.users.is_empty() => Err(format!("{id} is in use")),
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
