//! Route tables, routes, subnets and zones.

use aws_sdk_ec2::types::{AvailabilityZone, RouteTable, Subnet};
use cloud::{Calls, Error};
use ipnet::IpNet;

use super::{Client, pages};
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
        calls: &Calls<'_>,
        filters: &[(&str, Vec<String>)],
    ) -> Result<Vec<RouteTable>, Error> {
        const OPERATION: &str = "DescribeRouteTables";
        pages(calls, OPERATION, filters, |filters, token| async {
            // 100 is the most that the call takes (Amazon EC2 API reference, `DescribeRouteTables`).
            let call = self.ec2.describe_route_tables().set_filters(filters).set_next_token(token).max_results(100);
            let answer = call.send().await.map_err(|e| classify(OPERATION, e))?;
            Ok((answer.route_tables, answer.next_token))
        })
        .await
    }

    /// `DescribeSubnets` for these ids; those that do not exist are left out.
    pub(crate) async fn describe_subnets(&self, calls: &Calls<'_>, ids: Vec<String>) -> Result<Vec<Subnet>, Error> {
        const OPERATION: &str = "DescribeSubnets";
        pages(calls, OPERATION, &[("subnet-id", ids)], |filters, token| async {
            let answer = self.ec2.describe_subnets().set_filters(filters).set_next_token(token).send().await;
            let answer = answer.map_err(|e| classify(OPERATION, e))?;
            Ok((answer.subnets, answer.next_token))
        })
        .await
    }

    /// `DescribeAvailabilityZones` for these names; those that do not exist are left out. Local and Wavelength Zones that the
    /// account has not opted into are there too.
    pub(crate) async fn describe_zones(
        &self,
        calls: &Calls<'_>,
        names: Vec<String>,
    ) -> Result<Vec<AvailabilityZone>, Error> {
        const OPERATION: &str = "DescribeAvailabilityZones";
        pages(calls, OPERATION, &[("zone-name", names)], |filters, _| async {
            let call = self.ec2.describe_availability_zones().set_filters(filters).all_availability_zones(true);
            let answer = call.send().await.map_err(|e| classify(OPERATION, e))?;
            Ok((answer.availability_zones, None))
        })
        .await
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
