//! The cloud's side.
//!
//! Rules, from the Compute API (`addresses`, `routers`, `regionOperations`), whose description gives a router neither fingerprint nor
//! `etag`, and from what public clients meet:
//!
//! - A name is taken once (409 `alreadyExists`). An address has labels from its `insert` on, changed with a `labelFingerprint` (412
//!   `conditionNotMet`). It is `RESERVING` before it has an IP, and cannot be deleted while a NAT has it
//!   (`resourceInUseByAnotherResource`).
//! - `routers.patch` is a JSON merge patch: the list `nats` is replaced as a whole, whatever it was made from. It answers with an
//!   operation; while one runs, another is refused (`resourceNotReady`).
//! - `drainNatIps` may only name what the NAT had until now, and never in a new NAT. An address is in one NAT. A NAT with chosen
//!   addresses has at least one.
//! - A rule of a NAT has a number that is its own in the NAT, at most 50 rules.

mod outside;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use tokio::time::Instant;

use crate::Class;
use crate::marks::Tags;
use crate::memory::process::Codes;
use crate::memory::served::{Answer, Served, State, refuse, refuse_for_now};

/// How long a change of a router goes on, at the most. Some are quick: what was read before one can then be written after it.
const PATCH: Duration = Duration::from_millis(300);
/// How long an address is being reserved.
const RESERVE: Duration = Duration::from_millis(700);
/// How many addresses a region of a project may have.
pub(super) const ADDRESSES: usize = 50;

/// The cloud.
#[derive(Debug)]
pub struct Api(Served<Region>);

/// A region with one router.
#[derive(Debug, Default)]
struct Region {
    addresses: BTreeMap<String, Address>,
    nats: Vec<Nat>,
    /// The change of the router that is under way.
    running: Option<(Instant, Vec<Nat>)>,
    /// How many operations there were.
    operations: u64,
    made: u16,
}

/// A static address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) name: String,
    /// `None` while it is `RESERVING`.
    pub(super) ip: Option<IpAddr>,
    /// The network tier.
    pub(super) tier: u8,
    pub(super) labels: Labels,
    due: Instant,
}

/// Labels, and what says that they are still these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Labels {
    pub(super) labels: Tags,
    pub(super) fingerprint: u64,
}

/// A NAT of a router.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Nat {
    pub(super) name: String,
    /// `natIps`.
    pub(super) ips: BTreeSet<String>,
    /// `drainNatIps`.
    pub(super) drain_ips: BTreeSet<String>,
    pub(super) subnetworks: BTreeSet<String>,
    /// By number.
    pub(super) rules: BTreeMap<u32, Rule>,
    /// What a client may not know.
    pub(super) rest: Tags,
}

/// A rule of a NAT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) matches: String,
    pub(super) active_ips: BTreeSet<String>,
}

impl Nat {
    fn has(&self, address: &str) -> bool {
        let rules = self.rules.values().map(|rule| &rule.active_ips);
        [&self.ips, &self.drain_ips].into_iter().chain(rules).any(|ips| ips.contains(address))
    }
}

impl State for Region {
    fn pass(&mut self, now: Instant) {
        if let Some((_, nats)) = self.running.take_if(|(due, _)| *due <= now) {
            self.nats = nats;
        }
        for address in self.addresses.values_mut().filter(|address| address.due <= now && address.ip.is_none()) {
            self.made += 1;
            let [high, low] = self.made.to_be_bytes();
            address.ip = Some(IpAddr::V4(Ipv4Addr::new(198, 18, high, low)));
        }
    }
}

impl Region {
    /// The NATs that have an address now, or will when the change under way is done.
    fn users_of(&self, address: &str) -> Vec<String> {
        let coming = self.running.iter().flat_map(|(_, nats)| nats);
        let users = self.nats.iter().chain(coming).filter(|nat| nat.has(address)).map(|nat| &nat.name);
        users.collect::<BTreeSet<_>>().into_iter().cloned().collect()
    }

    fn insert(&mut self, name: &str, tier: u8, labels: Tags) -> Answer<()> {
        if self.addresses.contains_key(name) {
            return refuse("alreadyExists", format!("The resource '{name}' already exists"));
        }
        if self.addresses.len() >= ADDRESSES {
            return refuse("quotaExceeded", "Quota 'STATIC_ADDRESSES' exceeded.");
        }
        let (labels, due) = (Labels { labels, fingerprint: 1 }, Instant::now() + RESERVE);
        let address = Address { name: name.to_owned(), ip: None, tier, labels, due };
        self.addresses.insert(name.to_owned(), address);
        Ok(())
    }

    fn address(&mut self, name: &str) -> Answer<&mut Address> {
        match self.addresses.get_mut(name) {
            Some(address) => Ok(address),
            None => refuse("notFound", format!("The resource '{name}' was not found")),
        }
    }

    fn set_labels(&mut self, name: &str, labels: Labels) -> Answer<()> {
        let address = self.address(name)?;
        if address.labels.fingerprint != labels.fingerprint {
            return refuse("conditionNotMet", "Labels fingerprint either invalid or outdated");
        }
        address.labels = Labels { fingerprint: labels.fingerprint + 1, ..labels };
        Ok(())
    }

    fn delete(&mut self, name: &str) -> Answer<()> {
        self.address(name)?;
        if let Some(user) = self.users_of(name).first() {
            return refuse("resourceInUseByAnotherResource", format!("'{name}' is already being used by '{user}'"));
        }
        self.addresses.remove(name);
        Ok(())
    }

    /// Replaces the list. Returns the operation.
    fn patch(&mut self, nats: Vec<Nat>) -> Answer<u64> {
        if self.running.is_some() {
            return refuse_for_now("resourceNotReady", "The resource router is not ready");
        }
        let mut taken = BTreeSet::new();
        for nat in &nats {
            self.check(nat)?;
            let rules = nat.rules.values().flat_map(|rule| &rule.active_ips).collect::<BTreeSet<_>>();
            for address in nat.ips.iter().chain(&nat.drain_ips).chain(rules) {
                if !taken.insert(address) {
                    return refuse("invalid", format!("'{address}' is used twice"));
                }
                if self.addresses.get(address).is_none_or(|address| address.ip.is_none()) {
                    return refuse("notFound", format!("The resource '{address}' was not found"));
                }
            }
        }
        self.operations += 1;
        let lasts = PATCH.mul_f64(f64::from(u8::try_from(self.operations % 4).unwrap_or_default()) / 3.0);
        self.running = Some((Instant::now() + lasts, nats));
        Ok(self.operations)
    }

    fn check(&self, nat: &Nat) -> Answer<()> {
        let before = self.nats.iter().find(|before| before.name == nat.name);
        let had =
            |address: &String| before.is_some_and(|nat| nat.ips.contains(address) || nat.drain_ips.contains(address));
        if nat.ips.is_empty() || nat.rules.len() > 50 {
            return refuse("invalid", format!("Invalid value for '{}'", nat.name));
        }
        if !nat.drain_ips.iter().all(had) {
            return refuse("invalid", "drainNatIps must have been in natIps");
        }
        Ok(())
    }
}

/// An address, and the NATs that have it.
pub(super) type UsedAddress = (Address, Vec<String>);

impl Api {
    pub(super) async fn insert_address(&self, name: &str, tier: u8, labels: Tags) -> Answer<()> {
        self.0.create("quotaExceeded", |region| region.insert(name, tier, labels)).await
    }

    pub(super) async fn list_addresses(&self) -> Answer<Vec<UsedAddress>> {
        let used = |region: &mut Region| {
            let used = |address: &Address| (address.clone(), region.users_of(&address.name));
            region.addresses.values().map(used).collect()
        };
        Ok(self.0.read(used).await)
    }

    pub(super) async fn set_labels(&self, name: &str, labels: Labels) -> Answer<()> {
        self.0.write(|region| region.set_labels(name, labels)).await
    }

    pub(super) async fn delete_address(&self, name: &str) -> Answer<()> {
        self.0.write(|region| region.delete(name)).await
    }

    pub(super) async fn get_router(&self) -> Answer<Vec<Nat>> {
        Ok(self.0.read(|region| region.nats.clone()).await)
    }

    pub(super) async fn patch_router(&self, nats: Vec<Nat>) -> Answer<u64> {
        let there: BTreeSet<String> = self.0.outside(|region| region.nats.iter().map(|nat| nat.name.clone()).collect());
        let creates = nats.iter().any(|nat| !there.contains(&nat.name));
        let patch = |region: &mut Region| region.patch(nats);
        if creates { self.0.create("quotaExceeded", patch).await } else { self.0.write(patch).await }
    }

    /// Whether an operation is done.
    pub(super) async fn is_done(&self, operation: u64) -> Answer<bool> {
        let done = |region: &mut Region| region.operations > operation || region.running.is_none();
        Ok(self.0.read(done).await)
    }
}

impl Codes for Api {
    fn class(code: &str) -> Class {
        match code {
            "notFound" => Class::NotFound,
            // What was read has changed since: another read makes it good.
            "resourceNotReady" | "conditionNotMet" => Class::Busy,
            "resourceInUseByAnotherResource" => Class::InUse,
            "quotaExceeded" => Class::QuotaExceeded,
            "alreadyExists" => Class::Conflict,
            _ => Class::Other,
        }
    }
}
