//! Addresses as a cloud shows them.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

use crate::cidr::Cidr;
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
pub trait Source: Clone + fmt::Debug + Eq + Send + Sync + 'static {
    /// What of an address can be changed while it keeps its IP, beside tags; `()` where that is nothing.
    type Settings: Settings;

    /// Whether an address that came from `actual` is one that this source could have given. What the user did not choose
    /// admits anything, so that no change of a default ever replaces an address.
    fn admits(&self, actual: &Self) -> bool;
}

/// What of an address can be changed in place, such as its bandwidth or a guard against deletion.
pub trait Settings: Clone + fmt::Debug + Default + Eq + Send + Sync + 'static {
    /// Whether an address that is set like `actual` needs no change. What the user did not set is met by anything.
    fn are_met_by(&self, actual: &Self) -> bool;
}

impl Settings for () {
    fn are_met_by(&self, (): &Self) -> bool {
        true
    }
}

/// The public IPs that an object of a pool stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublicIps {
    /// One address, or a prefix of them.
    Block(Cidr),
    /// None yet: the cloud has accepted the call, and has still to choose.
    Pending,
}

impl PublicIps {
    /// The one IP; `None` for a prefix, and while there is none.
    pub fn single(&self) -> Option<IpAddr> {
        self.block()?.address()
    }

    /// All of them; `None` while there are none.
    pub fn block(&self) -> Option<Cidr> {
        match self {
            Self::Block(block) => Some(*block),
            Self::Pending => None,
        }
    }

    /// Whether it is this IP and no other, or may become it.
    pub fn may_be(&self, ip: IpAddr) -> bool {
        *self == Self::Pending || self.single() == Some(ip)
    }
}

impl From<IpAddr> for PublicIps {
    fn from(ip: IpAddr) -> Self {
        Self::Block(Cidr::of_address(ip))
    }
}

/// An IP without a prefix length, a block with one.
impl fmt::Display for PublicIps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.single(), self) {
            (Some(ip), _) => write!(f, "{ip}"),
            (None, Self::Block(block)) => write!(f, "{block}"),
            (None, Self::Pending) => f.write_str("an address without IP yet"),
        }
    }
}

/// What uses an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The cloud's id of it.
    pub id: String,
    /// What it is.
    pub kind: UserKind,
    /// The cloud's id of the association, where it has one.
    pub association: Option<String>,
    /// The private address that the public one stands for.
    pub private_ip: Option<IpAddr>,
}

/// What a user of an address is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserKind {
    /// A NAT gateway.
    NatGateway,
    /// A network interface, of whatever it is.
    Interface,
    /// A virtual machine.
    Instance,
    /// Anything else, such as a load balancer.
    Other,
}

/// An address, or a prefix of them, as the cloud shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address<S: Source> {
    /// Its id.
    pub id: AddressId,
    /// The public IPs that it stands for.
    pub public_ips: PublicIps,
    /// Where it came from.
    pub source: S,
    /// How it is set.
    pub settings: S::Settings,
    /// The identity that it carries; `None` when it carries none, or one that cannot be read.
    pub mark: Option<Mark>,
    /// Its other tags.
    pub tags: BTreeMap<String, String>,
    /// What uses it: one thing on most clouds, several on some.
    pub users: Vec<User>,
}

/// The addresses that carry the pool's identity, and those that were asked for by id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed<S: Source>(BTreeMap<AddressId, Address<S>>);

impl<S: Source> Observed<S> {
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

impl<S: Source> Default for Observed<S> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<S: Source> FromIterator<Address<S>> for Observed<S> {
    fn from_iter<I: IntoIterator<Item = Address<S>>>(addresses: I) -> Self {
        Self(addresses.into_iter().map(|address| (address.id.clone(), address)).collect())
    }
}
