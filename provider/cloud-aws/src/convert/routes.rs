//! Route tables and routes.

use aws_sdk_ec2::types::{self, RouteOrigin, RouteState};

use crate::nat_gateways::desired::Destination;
use crate::nat_gateways::observed::{Route, RouteTable};
use crate::route_table::Table;

/// A route table. Propagated and advertised routes are left out: a route made by hand goes before them.
pub(crate) fn table(table: &types::RouteTable) -> Option<Table> {
    let by_hand = table.routes().iter().filter(|route| {
        !matches!(route.origin(), Some(RouteOrigin::EnableVgwRoutePropagation | RouteOrigin::Advertisement))
    });
    let subnets = table.associations().iter().filter_map(|association| association.subnet_id());
    Some(Table {
        id: table.route_table_id()?.to_owned(),
        facts: RouteTable {
            vpc: table.vpc_id().unwrap_or_default().to_owned(),
            subnets: subnets.map(str::to_owned).collect(),
            main: table.associations().iter().any(|association| association.main() == Some(true)),
        },
        routes: by_hand.filter_map(route).collect(),
    })
}

fn route(route: &types::Route) -> Option<(Destination, Route)> {
    let destination =
        [route.destination_cidr_block(), route.destination_ipv6_cidr_block(), route.destination_prefix_list_id()];
    let destination = destination.into_iter().flatten().find(|text| !text.is_empty())?.parse().ok()?;
    let target = [
        route.nat_gateway_id(),
        // A route to an instance names its network interface too.
        route.network_interface_id(),
        route.gateway_id(),
        route.transit_gateway_id(),
        route.vpc_peering_connection_id(),
        route.egress_only_internet_gateway_id(),
        route.local_gateway_id(),
        route.carrier_gateway_id(),
        route.core_network_arn(),
        route.odb_network_arn(),
        route.instance_id(),
    ];
    let target = target.into_iter().flatten().find(|text| !text.is_empty()).unwrap_or("an unknown target").to_owned();
    Some((destination, Route { target, blackhole: route.state() == Some(&RouteState::Blackhole) }))
}
