//! Pools in memory, for tests of what stands on the seam.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use egress_model::identity::{Identity, Key};
use egress_model::ip_pool::{self, Address, AddressId, Association, Mark, Observed, Operation};

use crate::ip_pools::{Effect, Quota};
use crate::{Class, Error, Freshness, IpPools, Limits};

/// Where addresses come from: one of numbered ranges, or any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source(pub Option<u8>);

impl ip_pool::Source for Source {
    fn admits(&self, actual: &Self) -> bool {
        self.0.is_none() || self.0 == actual.0
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
}

impl Default for Memory {
    fn default() -> Self {
        let addresses = Addresses { by_id: BTreeMap::new(), made: 0, limit: 100, failures: BTreeMap::new(), calls: 0 };
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
            public_ip: recover.unwrap_or(IpAddr::V4(Ipv4Addr::new(198, 18, high, low))),
            source: Source(source.0.or(Some(0))),
            mark,
            tags,
            association: None,
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
            Operation::Adopt { id, .. } => Ok(Effect::present(vec![self.get_mut(id)?.clone()])),
            Operation::Allocate { key, source, recover, tags, holder, except } => {
                let found = self.marked(identity, key);
                let fits = |address: &Address<Source>| {
                    !except.contains(&address.id)
                        && ip_pool::Source::admits(source, &address.source)
                        && recover.is_none_or(|ip| ip == address.public_ip)
                };
                if found.iter().any(fits) {
                    return Ok(Effect::present(found));
                }
                if self.by_id.len() as u64 >= self.limit {
                    return Err(Error::new(Class::QuotaExceeded, "AllocateAddress", "the account has all it may have"));
                }
                let created = Some(u64::from(self.made));
                let mark = Mark { identity: identity.clone(), key: key.clone(), created, holder: holder.clone() };
                Ok(Effect::present(vec![self.make(source, *recover, Some(mark), tags.clone())]))
            }
            Operation::Retag { key, id, tags, holder, stale_tags } => {
                let address = self.get_mut(id)?;
                let before = address.mark.take();
                let created = before.as_ref().and_then(|mark| mark.created);
                let holder = holder.clone().or_else(|| before.and_then(|mark| mark.holder));
                address.mark = Some(Mark { identity: identity.clone(), key: key.clone(), created, holder });
                address.tags.extend(tags.clone());
                address.tags.retain(|name, _| !stale_tags.contains(name));
                Ok(Effect::present(vec![address.clone()]))
            }
            Operation::Release { id, .. } => {
                if self.by_id.get(id).is_some_and(|address| address.association.is_some()) {
                    return Err(Error::new(Class::Conflict, "ReleaseAddress", format!("{id} is in use")));
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

    async fn observe(
        &self,
        identity: &Identity,
        ids: &[AddressId],
        _freshness: Freshness,
    ) -> Result<Observed<Source>, Error> {
        let ours = |address: &Address<Source>| address.mark.as_ref().is_some_and(|mark| mark.identity == *identity);
        let all = self.addresses().into_iter();
        Ok(all.filter(|address| ids.contains(&address.id) || ours(address)).collect())
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
        match addresses.failures.remove(&call) {
            Some(error) => Err(error),
            None => addresses.execute(identity, operation),
        }
    }

    fn most_tags(&self) -> usize {
        50
    }

    async fn quota(&self) -> Result<Option<Quota>, Error> {
        let addresses = self.lock();
        let used = addresses.by_id.len() as u64;
        Ok(Some(Quota { limit: addresses.limit, used, name: "addresses".to_owned() }))
    }

    async fn users(
        &self,
        associations: &BTreeMap<AddressId, Association>,
    ) -> Result<BTreeMap<AddressId, String>, Error> {
        Ok(associations.iter().map(|(id, association)| (id.clone(), association.user.clone())).collect())
    }

    async fn global_name(&self, id: &AddressId) -> Option<String> {
        Some(format!("memory:{id}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ip_pools::conformance;

    #[tokio::test]
    async fn keeps_the_contract_of_pools() {
        let cloud = Memory::default();
        conformance::suite(&cloud, "memory").await;
        assert_eq!(cloud.addresses(), []);
    }
}
