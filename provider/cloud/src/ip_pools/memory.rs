//! Pools in memory, for tests of what stands on the seam.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use egress_model::identity::{Identity, Key};
use egress_model::ip_pool::{self, Address, AddressId, Mark, Observed, Operation, User};

use crate::conformance::World;
use crate::ip_pools::{Effect, Quota, shown};
use crate::{Class, Error, Freshness, IpPools, Limits};

/// Where addresses come from: one of numbered ranges, or any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source(pub Option<u8>);

impl ip_pool::Source for Source {
    type Settings = Settings;

    fn admits(&self, actual: &Self) -> bool {
        self.0.is_none() || self.0 == actual.0
    }
}

/// How an address is set: its bandwidth, or as the cloud sets it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// In Mbit/s.
    pub bandwidth: Option<u32>,
}

impl ip_pool::Settings for Settings {
    fn are_met_by(&self, actual: &Self) -> bool {
        self.bandwidth.is_none() || self.bandwidth == actual.bandwidth
    }
}

/// A cloud in memory. Everything happens at once; what is in use cannot be released.
#[derive(Debug)]
pub struct Memory {
    addresses: Mutex<Addresses>,
}

#[derive(Debug)]
struct Addresses {
    by_id: BTreeMap<AddressId, Address<Source>>,
    /// Counts all that were ever made: ids and public IPs are not used again.
    made: u16,
    limit: u64,
    /// The calls that will fail, by how many calls come before.
    failures: BTreeMap<usize, Error>,
    calls: usize,
    loses_next_answer: bool,
    refuses_next_create: bool,
}

impl Default for Memory {
    fn default() -> Self {
        let addresses = Addresses {
            by_id: BTreeMap::new(),
            made: 0,
            limit: 100,
            failures: BTreeMap::new(),
            calls: 0,
            loses_next_answer: false,
            refuses_next_create: false,
        };
        Self { addresses: Mutex::new(addresses) }
    }
}

impl Memory {
    fn lock(&self) -> MutexGuard<'_, Addresses> {
        self.addresses.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every address that there is.
    pub fn addresses(&self) -> Vec<Address<Source>> {
        self.lock().by_id.values().cloned().collect()
    }

    /// Makes an address that carries no identity, as by hand.
    pub fn allocate_outside(&self) -> Address<Source> {
        self.lock().make(&Source(Some(0)), None, None, BTreeMap::new())
    }

    /// Changes or removes an address, as by hand.
    pub fn change_outside(&self, id: &AddressId, change: impl FnOnce(Address<Source>) -> Option<Address<Source>>) {
        let mut addresses = self.lock();
        if let Some(address) = addresses.by_id.remove(id).and_then(change) {
            addresses.by_id.insert(id.clone(), address);
        }
    }

    /// How many addresses the account may have.
    pub fn set_limit(&self, limit: u64) {
        self.lock().limit = limit;
    }

    /// Lets the operation that comes after `calls` others fail before it has any effect.
    pub fn fail_after(&self, calls: usize, error: Error) {
        let mut addresses = self.lock();
        let at = addresses.calls + calls;
        addresses.failures.insert(at, error);
    }
}

impl Addresses {
    fn make(
        &mut self,
        source: &Source,
        recover: Option<IpAddr>,
        mark: Option<Mark>,
        tags: BTreeMap<String, String>,
    ) -> Address<Source> {
        self.made += 1;
        let [high, low] = self.made.to_be_bytes();
        let address = Address {
            id: AddressId::new(format!("ip-{:04}", self.made)),
            public_ips: recover.unwrap_or(IpAddr::V4(Ipv4Addr::new(198, 18, high, low))).into(),
            source: Source(source.0.or(Some(0))),
            settings: Settings { bandwidth: Some(5) },
            mark,
            tags,
            users: Vec::new(),
        };
        self.by_id.insert(address.id.clone(), address.clone());
        address
    }

    fn marked(&self, identity: &Identity, key: &Key) -> Vec<Address<Source>> {
        let observed: Observed<_> = self.by_id.values().cloned().collect();
        observed.marked(identity, key).cloned().collect()
    }

    fn get_mut(&mut self, id: &AddressId) -> Result<&mut Address<Source>, Error> {
        let missing = || Error::new(Class::NotFound, "GetAddress", format!("there is no address {id}"));
        self.by_id.get_mut(id).ok_or_else(missing)
    }

    fn execute(&mut self, identity: &Identity, operation: &Operation<Source>) -> Result<Effect<Source>, Error> {
        match operation {
            Operation::Adopt { id, .. } | Operation::Settle { id, .. } => {
                Ok(Effect::present(vec![self.get_mut(id)?.clone()]))
            }
            Operation::Allocate { key, source, settings, recover, tags, holder, except } => {
                let found = self.marked(identity, key);
                let fits = |address: &Address<Source>| {
                    !except.contains(&address.id)
                        && ip_pool::Source::admits(source, &address.source)
                        && recover.is_none_or(|ip| address.public_ips.may_be(ip))
                };
                if found.iter().any(fits) {
                    return Ok(Effect::present(found));
                }
                if std::mem::take(&mut self.refuses_next_create) || self.by_id.len() as u64 >= self.limit {
                    return Err(Error::new(Class::QuotaExceeded, "AllocateAddress", "the account has all it may have"));
                }
                let created = Some(u64::from(self.made));
                let mark = Mark { identity: identity.clone(), key: key.clone(), created, holder: holder.clone() };
                let id = self.make(source, *recover, Some(mark), tags.clone()).id;
                let address = self.get_mut(&id)?;
                address.settings.bandwidth = settings.bandwidth.or(address.settings.bandwidth);
                Ok(Effect::present(vec![address.clone()]))
            }
            Operation::Update { key, id, tags, holder, stale_tags, settings } => {
                let address = self.get_mut(id)?;
                let before = address.mark.take();
                let created = before.as_ref().and_then(|mark| mark.created);
                let holder = holder.clone().or_else(|| before.and_then(|mark| mark.holder));
                address.mark = Some(Mark { identity: identity.clone(), key: key.clone(), created, holder });
                address.tags.extend(tags.clone());
                address.tags.retain(|name, _| !stale_tags.contains(name));
                address.settings = settings.clone().unwrap_or_else(|| address.settings.clone());
                Ok(Effect::present(vec![address.clone()]))
            }
            Operation::Release { id, .. } => {
                if self.by_id.get(id).is_some_and(|address| !address.users.is_empty()) {
                    return Err(Error::new(Class::InUse, "ReleaseAddress", format!("{id} is in use")));
                }
                self.by_id.remove(id);
                Ok(Effect::gone(id.clone()))
            }
            Operation::Forget { id, .. } => {
                let address = self.get_mut(id)?;
                address.mark = None;
                Ok(Effect::present(vec![address.clone()]))
            }
        }
    }
}

#[async_trait]
impl IpPools for Memory {
    type Source = Source;

    fn address_id(text: &str) -> Result<AddressId, String> {
        if text.starts_with("ip-") { Ok(AddressId::new(text)) } else { Err("must begin with ip-".to_owned()) }
    }

    async fn observe(
        &self,
        identity: &Identity,
        ids: &[AddressId],
        _freshness: Freshness,
    ) -> Result<Observed<Source>, Error> {
        Ok(shown(self.addresses(), identity, ids))
    }

    async fn execute(
        &self,
        identity: &Identity,
        operation: &Operation<Source>,
        _limits: &Limits,
    ) -> Result<Effect<Source>, Error> {
        let mut addresses = self.lock();
        let call = addresses.calls;
        addresses.calls += 1;
        if let Some(error) = addresses.failures.remove(&call) {
            return Err(error);
        }
        let effect = addresses.execute(identity, operation)?;
        let reads = matches!(operation, Operation::Adopt { .. } | Operation::Settle { .. });
        if !reads && std::mem::take(&mut addresses.loses_next_answer) {
            return Err(Error::new(Class::Unreachable, "Change", "the answer was lost"));
        }
        Ok(effect)
    }

    fn most_tags(&self) -> usize {
        50
    }

    async fn quotas(&self) -> Result<Vec<Quota>, Error> {
        let addresses = self.lock();
        let used = addresses.by_id.len() as u64;
        Ok(vec![Quota { limit: addresses.limit, used, name: "addresses".to_owned() }])
    }

    async fn describe_users(
        &self,
        users: &BTreeMap<AddressId, Vec<User>>,
    ) -> Result<BTreeMap<AddressId, String>, Error> {
        let all = |users: &Vec<User>| users.iter().map(|user| user.id.clone()).collect::<Vec<_>>().join(", ");
        Ok(users.iter().map(|(id, users)| (id.clone(), all(users))).collect())
    }

    async fn global_id(&self, id: &AddressId) -> Option<String> {
        Some(format!("memory:{id}"))
    }
}

#[async_trait]
impl World for Memory {
    async fn lose_next_answer(&self) {
        self.lock().loses_next_answer = true;
    }

    async fn refuse_next_create(&self) {
        self.lock().refuses_next_create = true;
    }

    async fn inventory(&self) -> BTreeSet<String> {
        self.addresses().into_iter().map(|address| format!("{address:?}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::conformance::pools::{self, Subject};

    #[async_trait]
    impl Subject for Arc<Memory> {
        type Cloud = Self;

        fn cloud(&self) -> Self {
            Self::clone(self)
        }

        fn source(&self) -> Source {
            Source(None)
        }

        fn exclusive_sources(&self) -> Option<[Source; 2]> {
            Some([Source(Some(1)), Source(Some(2))])
        }

        fn other_settings(&self) -> Option<Settings> {
            Some(Settings { bandwidth: Some(200) })
        }
    }

    #[tokio::test]
    async fn keeps_the_contract_of_pools() {
        let cloud = Arc::new(Memory::default());
        let foreign = cloud.allocate_outside();
        pools::suite(&cloud).await;
        assert_eq!(cloud.addresses(), [foreign]);
    }
}
