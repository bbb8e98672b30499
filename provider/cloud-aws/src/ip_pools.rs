//! Elastic IP addresses as a pool.

mod execute;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use cloud::ip_pools::{Effect, Quota};
use cloud::{Error, IpPools, Limits};
use egress_model::identity::{Identity, KEY_TAG, Key, NAME_TAG, OWNER_TAG, Owner, TYPE_TAG};
use egress_model::ip_pool::{Address, AddressId, Association, Observed, Operation};

use crate::Region;
use crate::convert;

/// Where EC2 takes an Elastic IP address from. What is `None` was not chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// The group of zones from which AWS advertises the address, such as `us-east-1-wl1-bos-wlz-1`. A NAT gateway takes only
    /// addresses of its zone's group.
    pub network_border_group: Option<String>,
    /// A pool of addresses that the user brought to AWS, such as `ipv4pool-ec2-0123`.
    pub public_ipv4_pool: Option<String>,
    /// A pool of Amazon VPC IP Address Manager, such as `ipam-pool-0123`.
    pub ipam_pool_id: Option<String>,
}

impl egress_model::ip_pool::Source for Source {
    fn admits(&self, actual: &Self) -> bool {
        let admits = |wanted: &Option<String>, actual: &Option<String>| wanted.is_none() || wanted == actual;
        admits(&self.network_border_group, &actual.network_border_group)
            && admits(&self.public_ipv4_pool, &actual.public_ipv4_pool)
            && admits(&self.ipam_pool_id, &actual.ipam_pool_id)
    }
}

/// The account attribute that limits Elastic IP addresses per region (Amazon EC2 API reference, `AccountAttribute`).
const QUOTA: &str = "vpc-max-elastic-ips";

#[async_trait]
impl IpPools for Region {
    type Source = Source;

    async fn observe(&self, identity: &Identity, ids: &[AddressId]) -> Result<Observed<Source>, Error> {
        let mut addresses = self.addresses_by_id(&identity.owner, ids).await?;
        let snapshot = self.owned_addresses(&identity.owner).await?;
        let marked = |address: &&Address<Source>| address.mark.as_ref().is_some_and(|mark| mark.identity == *identity);
        addresses.extend(snapshot.iter().filter(marked).cloned());
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

    async fn quota(&self) -> Result<Option<Quota>, Error> {
        let Some(limit) = self.client.account_attribute(QUOTA).await? else { return Ok(None) };
        let all = self.client.describe_addresses(&[("domain", vec!["vpc".to_owned()])]).await?;
        // Addresses that the user brought to AWS do not count (Amazon VPC user guide, "Elastic IP addresses").
        let counted =
            all.iter().filter_map(convert::addresses::address).filter(|a| a.source.public_ipv4_pool.is_none());
        Ok(Some(Quota { limit, used: counted.count() as u64, name: "EC2-VPC Elastic IPs (L-0263D0A3)".to_owned() }))
    }

    async fn users(
        &self,
        associations: &BTreeMap<AddressId, Association>,
    ) -> Result<BTreeMap<AddressId, String>, Error> {
        let used = || associations.iter().map(|(id, association)| (id, association.user.as_str()));
        let ids: Vec<_> = used().map(|(_, user)| user.to_owned()).filter(|user| user.starts_with("eni-")).collect();
        let interfaces = if ids.is_empty() { Vec::new() } else { self.client.describe_network_interfaces(ids).await? };
        let text = |user: &str| {
            let interface = interfaces.iter().find(|interface| interface.network_interface_id() == Some(user));
            match interface.and_then(|interface| interface.description()).filter(|text| !text.is_empty()) {
                Some(description) => format!("network interface {user} ({description})"),
                None if user.starts_with("eni-") => format!("network interface {user}"),
                None => user.to_owned(),
            }
        };
        Ok(used().map(|(id, user)| (id.clone(), text(user))).collect())
    }

    /// The format is that of the service authorization reference, "Actions, resources, and condition keys for Amazon EC2".
    async fn global_name(&self, id: &AddressId) -> Option<String> {
        self.arn(&format!("elastic-ip/{id}")).await
    }
}

impl Region {
    /// The owner's addresses, from the snapshot.
    pub(crate) async fn owned_addresses(&self, owner: &Owner) -> Result<Arc<Vec<Address<Source>>>, Error> {
        let filter = (format!("tag:{OWNER_TAG}"), vec![owner.as_str().to_owned()]);
        self.addresses.get(owner, || async { self.find_addresses(&[(&filter.0, filter.1.clone())]).await }).await
    }

    /// The addresses with these ids that exist. Those that are not in the owner's snapshot are asked for, in one call.
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
        let missing: Vec<_> = ids.iter().filter(|id| !found.iter().any(|a| a.id == **id)).cloned().collect();
        found.extend(self.read_addresses(&missing).await?);
        Ok(found)
    }

    /// The addresses with these ids as they are now.
    pub(crate) async fn read_addresses(&self, ids: &[AddressId]) -> Result<Vec<Address<Source>>, Error> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let ids_text: Vec<_> = ids.iter().map(|id| id.as_str().to_owned()).collect();
        let found = self.find_addresses(&[("allocation-id", ids_text)]).await?;
        Ok(found.into_iter().filter(|address| ids.contains(&address.id)).collect())
    }

    /// The address with this id as it is now.
    async fn read_address(&self, id: &AddressId) -> Result<Option<Address<Source>>, Error> {
        Ok(self.read_addresses(std::slice::from_ref(id)).await?.pop())
    }

    /// The addresses that carry this identity under this key now.
    async fn marked_addresses(&self, identity: &Identity, key: &Key) -> Result<Vec<Address<Source>>, Error> {
        let tags = [
            (OWNER_TAG, identity.owner.as_str()),
            (TYPE_TAG, identity.resource_type.as_str()),
            (NAME_TAG, identity.name.as_str()),
            (KEY_TAG, key.as_str()),
        ];
        let names = tags.map(|(tag, _)| format!("tag:{tag}"));
        let filters: Vec<_> =
            names.iter().zip(tags).map(|(name, (_, value))| (name.as_str(), vec![value.to_owned()])).collect();
        let found = self.find_addresses(&filters).await?.into_iter().collect::<Observed<_>>();
        Ok(found.marked(identity, key).cloned().collect())
    }

    async fn find_addresses(&self, filters: &[(&str, Vec<String>)]) -> Result<Vec<Address<Source>>, Error> {
        let found = self.client.describe_addresses(filters).await?;
        Ok(found.iter().filter_map(convert::addresses::address).collect())
    }
}
