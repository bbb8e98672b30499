//! Elastic IP addresses.

use aws_sdk_ec2::types::{Address, DomainType, ResourceType, Tag, TagSpecification};
use cloud::{Calls, Error};

use super::{Client, pages};
use crate::error::classify;
use crate::source::Source;

/// What to allocate.
#[derive(Clone, Debug)]
pub(crate) struct Allocation {
    /// This address and not any: one that the account had, or one of the user's own pool.
    pub(crate) address: Option<String>,
    /// From where.
    pub(crate) source: Source,
    /// All of its tags.
    pub(crate) tags: Vec<Tag>,
}

impl Client {
    /// `DescribeAddresses` with filters; an empty list means all. The call has no pages.
    pub(crate) async fn describe_addresses(
        &self,
        calls: &Calls<'_>,
        filters: &[(&str, Vec<String>)],
    ) -> Result<Vec<Address>, Error> {
        const OPERATION: &str = "DescribeAddresses";
        pages(calls, OPERATION, filters, |filters, _| async {
            let answer = self.ec2.describe_addresses().set_filters(filters).send().await;
            Ok((answer.map_err(|e| classify(OPERATION, e))?.addresses, None))
        })
        .await
    }

    /// `AllocateAddress`. The answer lacks the tags.
    pub(crate) async fn allocate_address(&self, allocation: Allocation) -> Result<Address, Error> {
        let tags =
            TagSpecification::builder().resource_type(ResourceType::ElasticIp).set_tags(Some(allocation.tags)).build();
        let call = self.ec2.allocate_address().domain(DomainType::Vpc).tag_specifications(tags);
        let call = call
            .set_address(allocation.address)
            .set_network_border_group(allocation.source.network_border_group)
            .set_public_ipv4_pool(allocation.source.public_ipv4_pool)
            .set_ipam_pool_id(allocation.source.ipam_pool_id);
        let answer = call.send().await;
        let allocated = answer.map_err(|e| classify("AllocateAddress", e))?;
        Ok(Address::builder()
            .set_allocation_id(allocated.allocation_id)
            .set_public_ip(allocated.public_ip)
            .set_public_ipv4_pool(allocated.public_ipv4_pool)
            .set_network_border_group(allocated.network_border_group)
            .build())
    }

    /// `ReleaseAddress`.
    pub(crate) async fn release_address(&self, allocation_id: &str) -> Result<(), Error> {
        let answer = self.ec2.release_address().allocation_id(allocation_id).send().await;
        answer.map(drop).map_err(|e| classify("ReleaseAddress", e))
    }
}
