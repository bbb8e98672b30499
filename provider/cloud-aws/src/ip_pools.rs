//! Elastic IP addresses as a pool.

mod execute;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use cloud::ip_pools::{Effect, Quota};
use cloud::{Error, Freshness, IpPools, Limits};
use egress_model::identity::{Identity, KEY_TAG, Key, OWNER_TAG, Owner};
use egress_model::ip_pool::{Address, AddressId, Observed, Operation, User, UserKind};

pub use crate::source::Source;
use crate::{MAX_TAGS, Region, convert};

/// How often addresses that their owner does not have are asked for by id, before all of the account are read at once.
const NAMED_READS: usize = 3;

/// The account attribute that limits Elastic IP addresses per region (Amazon EC2 API reference, `AccountAttribute`).
const QUOTA: &str = "vpc-max-elastic-ips";

#[async_trait]
impl IpPools for Region {
    type Source = Source;

    /// Allocation ids (Amazon EC2 API reference, `Address`).
    fn address_id(text: &str) -> Result<AddressId, String> {
        if text.strip_prefix("eipalloc-").is_some_and(|rest| !rest.is_empty()) {
            return Ok(AddressId::new(text));
        }
        Err(format!("is {text:?}, and allocation ids begin with eipalloc-"))
    }

    async fn observe(
        &self,
        identity: &Identity,
        ids: &[AddressId],
        freshness: Freshness,
    ) -> Result<Observed<Source>, Error> {
        let marked = |address: &&Address<Source>| address.mark.as_ref().is_some_and(|mark| mark.identity == *identity);
        if freshness == Freshness::Snapshot {
            let mut addresses = self.addresses_by_id(&identity.owner, ids).await?;
            let snapshot = self.owned_addresses(&identity.owner).await?;
            addresses.extend(snapshot.iter().filter(marked).cloned());
            return Ok(addresses.into_iter().collect());
        }
        let limits = self.look();
        let mut addresses = self.find_addresses(&limits, &filters(&identity.tags())).await?;
        addresses.retain(|address| marked(&address));
        let missing: Vec<_> = ids.iter().filter(|id| !addresses.iter().any(|a| a.id == **id)).cloned().collect();
        addresses.extend(self.read_addresses(&limits, &missing).await?);
        Ok(addresses.into_iter().collect())
    }

    async fn execute(
        &self,
        identity: &Identity,
        operation: &Operation<Source>,
        limits: &Limits,
    ) -> Result<Effect<Source>, Error> {
        execute::execute(self, identity, operation, limits).await
    }

    fn most_tags(&self) -> usize {
        MAX_TAGS
    }

    async fn quotas(&self) -> Result<Vec<Quota>, Error> {
        let limits = self.look();
        let calls = self.calls(&limits);
        let limit = self.address_limit.get(&(), || self.client.account_attribute(&calls, QUOTA)).await?;
        let Some(limit) = *limit else { return Ok(Vec::new()) };
        let all = self.all_addresses().await?;
        // Addresses that the user brought to AWS do not count (Amazon VPC user guide, "Elastic IP addresses").
        let counted = all.iter().filter(|address| address.source.public_ipv4_pool.is_none());
        let name = "EC2-VPC Elastic IPs (L-0263D0A3)".to_owned();
        Ok(vec![Quota { limit, used: counted.count() as u64, name }])
    }

    async fn describe_users(
        &self,
        users: &BTreeMap<AddressId, Vec<User>>,
    ) -> Result<BTreeMap<AddressId, String>, Error> {
        let interfaces = users.values().flatten().filter(|user| user.kind == UserKind::Interface);
        let ids = interfaces.map(|user| user.id.clone()).collect();
        let limits = self.look();
        let interfaces = self.client.describe_network_interfaces(&self.calls(&limits), ids).await?;
        let text = |user: &User| {
            let of_user = |interface: &&aws_sdk_ec2::types::NetworkInterface| {
                interface.network_interface_id() == Some(user.id.as_str())
            };
            let description = interfaces.iter().find(of_user).and_then(|interface| interface.description());
            match (user.kind, description.filter(|text| !text.is_empty())) {
                (UserKind::Interface, Some(description)) => format!("network interface {} ({description})", user.id),
                (UserKind::Interface, None) => format!("network interface {}", user.id),
                (UserKind::NatGateway | UserKind::Instance | UserKind::Other, _) => user.id.clone(),
            }
        };
        let texts = |users: &Vec<User>| users.iter().map(text).collect::<Vec<_>>().join(", ");
        Ok(users.iter().map(|(id, users)| (id.clone(), texts(users))).collect())
    }

    /// The format is that of the service authorization reference, "Actions, resources, and condition keys for Amazon EC2".
    async fn global_id(&self, id: &AddressId) -> Option<String> {
        self.arn(&format!("elastic-ip/{id}")).await
    }
}

impl Region {
    /// The owner's addresses, from the snapshot.
    pub(crate) async fn owned_addresses(&self, owner: &Owner) -> Result<Arc<Vec<Address<Source>>>, Error> {
        let load = || async { self.find_addresses(&self.look(), &filters(&[(OWNER_TAG, owner.as_str())])).await };
        self.addresses.get(owner, load).await
    }

    /// All addresses of the account here, whoever's, from the snapshot.
    async fn all_addresses(&self) -> Result<Arc<Vec<Address<Source>>>, Error> {
        let load =
            || async { self.find_addresses(&self.look(), &[("domain".to_owned(), vec!["vpc".to_owned()])]).await };
        self.all_addresses.get(&(), load).await
    }

    /// The addresses with these ids that exist. Those that the owner does not have are asked for together with those of other readers,
    /// and where there are many such readers, all addresses of the account are read once.
    pub(crate) async fn addresses_by_id(
        &self,
        owner: &Owner,
        ids: &[AddressId],
    ) -> Result<Vec<Address<Source>>, Error> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let snapshot = self.owned_addresses(owner).await?;
        let mut found: Vec<_> = snapshot.iter().filter(|address| ids.contains(&address.id)).cloned().collect();
        let mut missing: Vec<_> = ids.iter().filter(|id| !found.iter().any(|a| a.id == **id)).cloned().collect();
        if missing.is_empty() {
            return Ok(found);
        }
        if self.named_reads.load(Ordering::Relaxed) >= NAMED_READS {
            let all = self.all_addresses().await?;
            found.extend(all.iter().filter(|address| missing.contains(&address.id)).cloned());
            missing.retain(|id| !found.iter().any(|address| address.id == *id));
        }
        let named = self.named_addresses.get(&missing, |ids| async move {
            self.named_reads.fetch_add(1, Ordering::Relaxed);
            let found = self.read_addresses(&self.look(), &ids).await?;
            Ok(found.into_iter().map(|address| (address.id.clone(), address)).collect())
        });
        found.extend(named.await?);
        Ok(found)
    }

    /// The addresses with these ids as they are now.
    pub(crate) async fn read_addresses(
        &self,
        limits: &Limits,
        ids: &[AddressId],
    ) -> Result<Vec<Address<Source>>, Error> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let ids_text: Vec<_> = ids.iter().map(|id| id.as_str().to_owned()).collect();
        let found = self.find_addresses(limits, &[("allocation-id".to_owned(), ids_text)]).await?;
        Ok(found.into_iter().filter(|address| ids.contains(&address.id)).collect())
    }

    /// The address with this id as it is now.
    async fn read_address(&self, limits: &Limits, id: &AddressId) -> Result<Option<Address<Source>>, Error> {
        Ok(self.read_addresses(limits, std::slice::from_ref(id)).await?.pop())
    }

    /// The addresses that carry this identity under this key now.
    async fn marked_addresses(
        &self,
        limits: &Limits,
        identity: &Identity,
        key: &Key,
    ) -> Result<Vec<Address<Source>>, Error> {
        let tags: Vec<_> = identity.tags().into_iter().chain([(KEY_TAG, key.as_str())]).collect();
        let found = self.find_addresses(limits, &filters(&tags)).await?.into_iter().collect::<Observed<_>>();
        Ok(found.marked(identity, key).cloned().collect())
    }

    async fn find_addresses(
        &self,
        limits: &Limits,
        filters: &[(String, Vec<String>)],
    ) -> Result<Vec<Address<Source>>, Error> {
        let filters: Vec<_> = filters.iter().map(|(name, values)| (name.as_str(), values.clone())).collect();
        let found = self.client.describe_addresses(&self.calls(limits), &filters).await?;
        Ok(found.iter().filter_map(convert::addresses::address).collect())
    }
}

/// Filters by these tags.
fn filters(tags: &[(&str, &str)]) -> Vec<(String, Vec<String>)> {
    tags.iter().map(|(tag, value)| (format!("tag:{tag}"), vec![(*value).to_owned()])).collect()
}
