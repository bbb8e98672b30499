//! NAT gateways and their addresses.

use std::net::Ipv4Addr;

use aws_sdk_ec2::types::{
    AvailabilityMode, AvailabilityZoneAddress, ConnectivityType, NatGateway, ResourceType, Tag, TagSpecification,
};
use cloud::{Calls, Error};

use super::{Client, pages};
use crate::error::classify;

/// What to create.
#[derive(Clone, Debug, Default)]
pub(crate) struct NewNatGateway {
    pub(crate) token: String,
    pub(crate) connectivity: Option<ConnectivityType>,
    pub(crate) mode: Option<AvailabilityMode>,
    pub(crate) subnet: Option<String>,
    pub(crate) vpc: Option<String>,
    pub(crate) private_ip: Option<Ipv4Addr>,
    pub(crate) primary: Option<String>,
    pub(crate) secondary: Vec<String>,
    pub(crate) secondary_private_ips: Vec<Ipv4Addr>,
    pub(crate) secondary_private_ip_count: Option<i32>,
    pub(crate) zones: Vec<(String, Vec<String>)>,
    pub(crate) tags: Vec<Tag>,
}

fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}

fn texts(ips: &[Ipv4Addr]) -> Vec<String> {
    ips.iter().map(ToString::to_string).collect()
}

impl Client {
    /// `DescribeNatGateways` with filters, all pages.
    pub(crate) async fn describe_nat_gateways(
        &self,
        calls: &Calls<'_>,
        filters: &[(&str, Vec<String>)],
    ) -> Result<Vec<NatGateway>, Error> {
        const OPERATION: &str = "DescribeNatGateways";
        pages(calls, OPERATION, filters, |filters, token| async {
            let call = self.ec2.describe_nat_gateways().set_filter(filters).set_next_token(token).max_results(1000);
            let answer = call.send().await.map_err(|e| classify(OPERATION, e))?;
            Ok((answer.nat_gateways, answer.next_token))
        })
        .await
    }

    /// `CreateNatGateway`, with a token by which it can be repeated.
    pub(crate) async fn create_nat_gateway(&self, new: NewNatGateway) -> Result<Option<NatGateway>, Error> {
        let tags = TagSpecification::builder().resource_type(ResourceType::Natgateway).set_tags(Some(new.tags)).build();
        let zones = new.zones.into_iter().map(|(zone, ids)| {
            AvailabilityZoneAddress::builder().availability_zone(zone).set_allocation_ids(Some(ids)).build()
        });
        let call = self.ec2.create_nat_gateway().client_token(new.token).tag_specifications(tags);
        let call = call
            .set_connectivity_type(new.connectivity)
            .set_availability_mode(new.mode)
            .set_subnet_id(new.subnet)
            .set_vpc_id(new.vpc)
            .set_private_ip_address(new.private_ip.map(|ip| ip.to_string()))
            .set_allocation_id(new.primary)
            .set_secondary_allocation_ids(some(new.secondary))
            .set_secondary_private_ip_addresses(some(texts(&new.secondary_private_ips)))
            .set_secondary_private_ip_address_count(new.secondary_private_ip_count)
            .set_availability_zone_addresses(some(zones.collect()));
        Ok(call.send().await.map_err(|e| classify("CreateNatGateway", e))?.nat_gateway)
    }

    /// `DeleteNatGateway`.
    pub(crate) async fn delete_nat_gateway(&self, id: &str) -> Result<(), Error> {
        let answer = self.ec2.delete_nat_gateway().nat_gateway_id(id).send().await;
        answer.map(drop).map_err(|e| classify("DeleteNatGateway", e))
    }

    /// `AssociateNatGatewayAddress`, which has no token.
    pub(crate) async fn associate_nat_gateway_address(
        &self,
        id: &str,
        addresses: Vec<String>,
        zone: Option<String>,
    ) -> Result<(), Error> {
        let call = self.ec2.associate_nat_gateway_address().nat_gateway_id(id).set_allocation_ids(Some(addresses));
        let answer = call.set_availability_zone(zone).send().await;
        answer.map(drop).map_err(|e| classify("AssociateNatGatewayAddress", e))
    }

    /// `DisassociateNatGatewayAddress`.
    pub(crate) async fn disassociate_nat_gateway_address(
        &self,
        id: &str,
        associations: Vec<String>,
        drain: u16,
    ) -> Result<(), Error> {
        let call =
            self.ec2.disassociate_nat_gateway_address().nat_gateway_id(id).set_association_ids(Some(associations));
        let call = call.max_drain_duration_seconds(drain.into());
        let answer = call.send().await;
        answer.map(drop).map_err(|e| classify("DisassociateNatGatewayAddress", e))
    }

    /// `AssignPrivateNatGatewayAddress` for these addresses, or for this many.
    pub(crate) async fn assign_private_nat_gateway_address(
        &self,
        id: &str,
        ips: &[Ipv4Addr],
        count: Option<i32>,
    ) -> Result<(), Error> {
        let call = self.ec2.assign_private_nat_gateway_address().nat_gateway_id(id);
        let call = call.set_private_ip_addresses(some(texts(ips))).set_private_ip_address_count(count);
        let answer = call.send().await;
        answer.map(drop).map_err(|e| classify("AssignPrivateNatGatewayAddress", e))
    }

    /// `UnassignPrivateNatGatewayAddress`.
    pub(crate) async fn unassign_private_nat_gateway_address(
        &self,
        id: &str,
        ips: &[Ipv4Addr],
        drain: u16,
    ) -> Result<(), Error> {
        let call = self.ec2.unassign_private_nat_gateway_address().nat_gateway_id(id);
        let call = call.set_private_ip_addresses(some(texts(ips))).max_drain_duration_seconds(drain.into());
        let answer = call.send().await;
        answer.map(drop).map_err(|e| classify("UnassignPrivateNatGatewayAddress", e))
    }
}
