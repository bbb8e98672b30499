//! Route tables, routes, subnets and zones.

use aws_sdk_ec2::types::{AvailabilityZone, RouteTable, Subnet};
use cloud::Error;
use ipnet::IpNet;

use super::Client;
use crate::convert;
use crate::error::classify;
use crate::nat_gateways::desired::Destination;

/// A destination as the three parameters that the calls on routes have for it.
struct Parameters {
    ipv4: Option<String>,
    ipv6: Option<String>,
    prefix_list: Option<String>,
}

impl From<&Destination> for Parameters {
    fn from(destination: &Destination) -> Self {
        let none = Self { ipv4: None, ipv6: None, prefix_list: None };
        let text = Some(destination.to_string());
        match destination {
            Destination::Cidr(IpNet::V4(_)) => Self { ipv4: text, ..none },
            Destination::Cidr(IpNet::V6(_)) => Self { ipv6: text, ..none },
            Destination::PrefixList(_) => Self { prefix_list: text, ..none },
        }
    }
}

impl Client {
    /// `DescribeRouteTables` with filters, all pages; an empty list means all.
    pub(crate) async fn describe_route_tables(
        &self,
        filters: &[(&str, Vec<String>)],
    ) -> Result<Vec<RouteTable>, Error> {
        let call = self.ec2.describe_route_tables().set_filters(convert::filters(filters));
        // 100 is the most that the call takes (Amazon EC2 API reference, `DescribeRouteTables`).
        let mut pages = call.into_paginator().page_size(100).items().send();
        let mut tables = Vec::new();
        while let Some(table) = pages.next().await {
            tables.push(table.map_err(|e| classify("DescribeRouteTables", e))?);
        }
        Ok(tables)
    }

    /// `DescribeSubnets` for these ids; those that do not exist are left out.
    pub(crate) async fn describe_subnets(&self, ids: Vec<String>) -> Result<Vec<Subnet>, Error> {
        let filters = convert::filters(&[("subnet-id", ids)]);
        let mut pages = self.ec2.describe_subnets().set_filters(filters).into_paginator().items().send();
        let mut subnets = Vec::new();
        while let Some(subnet) = pages.next().await {
            subnets.push(subnet.map_err(|e| classify("DescribeSubnets", e))?);
        }
        Ok(subnets)
    }

    /// `DescribeAvailabilityZones` for these names; those that do not exist are left out. Local and Wavelength Zones that the
    /// account has not opted into are there too.
    pub(crate) async fn describe_zones(&self, names: Vec<String>) -> Result<Vec<AvailabilityZone>, Error> {
        let filters = convert::filters(&[("zone-name", names)]);
        let call = self.ec2.describe_availability_zones().set_filters(filters).all_availability_zones(true);
        let answer = call.send().await.map_err(|e| classify("DescribeAvailabilityZones", e))?;
        Ok(answer.availability_zones.unwrap_or_default())
    }

    /// `CreateRoute` to a NAT gateway.
    pub(crate) async fn create_route(&self, table: &str, to: &Destination, gateway: &str) -> Result<(), Error> {
        let Parameters { ipv4, ipv6, prefix_list } = to.into();
        let call = self.ec2.create_route().route_table_id(table).nat_gateway_id(gateway);
        let call = call.set_destination_cidr_block(ipv4).set_destination_ipv6_cidr_block(ipv6);
        let answer = call.set_destination_prefix_list_id(prefix_list).send().await;
        answer.map(drop).map_err(|e| classify("CreateRoute", e))
    }

    /// `ReplaceRoute` to a NAT gateway.
    pub(crate) async fn replace_route(&self, table: &str, to: &Destination, gateway: &str) -> Result<(), Error> {
        let Parameters { ipv4, ipv6, prefix_list } = to.into();
        let call = self.ec2.replace_route().route_table_id(table).nat_gateway_id(gateway);
        let call = call.set_destination_cidr_block(ipv4).set_destination_ipv6_cidr_block(ipv6);
        let answer = call.set_destination_prefix_list_id(prefix_list).send().await;
        answer.map(drop).map_err(|e| classify("ReplaceRoute", e))
    }

    /// `DeleteRoute`.
    pub(crate) async fn delete_route(&self, table: &str, to: &Destination) -> Result<(), Error> {
        let Parameters { ipv4, ipv6, prefix_list } = to.into();
        let call = self.ec2.delete_route().route_table_id(table);
        let call = call.set_destination_cidr_block(ipv4).set_destination_ipv6_cidr_block(ipv6);
        let answer = call.set_destination_prefix_list_id(prefix_list).send().await;
        answer.map(drop).map_err(|e| classify("DeleteRoute", e))
    }
}
