//! Addresses as a cloud shows them.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

pub use crate::identity::Mark;
use crate::identity::{Identity, Key};

/// A cloud's own id of an address, such as `eipalloc-0123456789abcdef0`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AddressId(String);

impl AddressId {
    /// The id with this text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AddressId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a cloud takes addresses from, such as a border group and a pool of the user's own addresses.
pub trait Source: Clone + fmt::Debug + PartialEq + Send + Sync + 'static {
    /// Whether an address that came from `actual` is one that this source could have given. What the user did not choose
    /// admits anything, so that no change of a default ever replaces an address.
    fn admits(&self, actual: &Self) -> bool;
}

/// What uses an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Association {
    /// The cloud's id of the association, where it has one.
    pub id: Option<String>,
    /// The cloud's id of what uses the address: an instance, a gateway, or a network interface.
    pub user: String,
    /// The private address that it stands for.
    pub private_ip: Option<IpAddr>,
}

/// An address as the cloud shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address<S> {
    /// Its id.
    pub id: AddressId,
    /// The address.
    pub public_ip: IpAddr,
    /// Where it came from.
    pub source: S,
    /// The identity that it carries; `None` when it carries none, or one that cannot be read.
    pub mark: Option<Mark>,
    /// Its other tags.
    pub tags: BTreeMap<String, String>,
    /// What uses it.
    pub association: Option<Association>,
}

/// The addresses that carry the pool's identity, and those that were asked for by id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed<S>(BTreeMap<AddressId, Address<S>>);

impl<S> Observed<S> {
    /// The address with this id.
    pub fn get(&self, id: &AddressId) -> Option<&Address<S>> {
        self.0.get(id)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Address<S>> {
        self.0.values()
    }

    /// An address was made, found or changed.
    pub fn put(&mut self, address: Address<S>) {
        self.0.insert(address.id.clone(), address);
    }

    /// An address is gone.
    pub fn remove(&mut self, id: &AddressId) {
        self.0.remove(id);
    }

    /// The addresses that carry this identity under this key, the oldest first. One without a time is taken for older than
    /// one with: its tag was lost since.
    pub fn marked(&self, identity: &Identity, key: &Key) -> impl Iterator<Item = &Address<S>> {
        let mut marked: Vec<_> = self
            .iter()
            .filter_map(|address| Some((address.mark.as_ref()?, address)))
            .filter(|(mark, _)| mark.identity == *identity && mark.key == *key)
            .collect();
        marked.sort_by_key(|(mark, address)| (mark.created, &address.id));
        marked.into_iter().map(|(_, address)| address)
    }
}

impl<S> Default for Observed<S> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<S> FromIterator<Address<S>> for Observed<S> {
    fn from_iter<I: IntoIterator<Item = Address<S>>>(addresses: I) -> Self {
        Self(addresses.into_iter().map(|address| (address.id.clone(), address)).collect())
    }
}
