//! The `aws` attribute.

use std::sync::Arc;

use tfplugin::cty::Type;
use tfplugin::schema::{Attribute, Nesting, PlanModifier};

use crate::resources::region;

fn text(name: &'static str, description: &str) -> Attribute {
    Attribute::new(name, Type::String, description)
}

fn texts(name: &'static str, description: &str) -> Attribute {
    Attribute::new(name, Type::set(Type::String), description)
}

pub(super) fn attribute() -> Attribute {
    let attributes = vec![
        text(
            "region",
            "The region. Default: the provider's. Gateways cannot move: another region, written here, destroys them and makes others.",
        )
            .modify(PlanModifier::RequiresReplaceIf(Arc::new(region::another))),
        text(
            "availability_mode",
            "`zonal` (the default): one gateway in each zone of `zones`. `regional`: one gateway for the whole VPC. A change replaces the \
             gateways, with the same addresses.",
        ),
        text(
            "connectivity_type",
            "`public` (the default), or `private` for gateways towards other private networks, without public addresses; zonal only. A change \
             replaces the gateways.",
        ),
        Attribute::nested(
            "zones",
            Nesting::Map,
            zone(),
            "By availability zone, such as `us-east-1a`. Zonal: the gateways, one per zone. Regional: the addresses for each zone; without \
             `zones` AWS covers the zones by itself, **with public addresses of its own choice that change**.",
        ),
        text("vpc_id", "The VPC of a regional gateway; a zonal one is in its subnet's. A change replaces the gateway."),
        texts("route_table_ids", "The route tables whose traffic goes to the regional gateway."),
        texts(
            "destination_cidrs",
            "What the route tables send to the gateways, as CIDR blocks. Default: `[\"0.0.0.0/0\"]`, unless there are prefix lists.",
        ),
        texts(
            "destination_prefix_list_ids",
            "What the route tables send to the gateways, as managed prefix lists (`pl-...`).",
        ),
        texts(
            "take_over_routes",
            "Ids of targets (`igw-...`, `eni-...` of a NAT instance, `nat-...`) from which existing routes may be taken over. A route that \
             leads to anything else that is not of this resource is an error. The swap is atomic.",
        ),
        Attribute::new(
            "drain_seconds",
            Type::Number,
            "How long open connections may stay on an address that leaves a gateway, 1 to 4000. Default: `350`, the time after which AWS \
             forgets an idle connection.",
        ),
    ];
    Attribute::nested("aws", Nesting::Single, attributes, "NAT gateways on AWS.")
}

fn zone() -> Vec<Attribute> {
    vec![
        text(
            "subnet_id",
            "The subnet that the gateway stands in: a public one for public connectivity. Needed for zonal gateways. A change replaces the gateway of this zone.",
        ),
        texts(
            "addresses",
            "Allocation ids of Elastic IP addresses, such as those of an `egress_ip_pool`: 1 to 8 for a zonal gateway, 1 to 32 per zone of a regional \
             one. More than 2 on a zonal gateway need a higher quota. Addresses come and go in place; only the gateway's primary address cannot \
             leave without it, so removing that one replaces the gateway.",
        ),
        text(
            "primary_address",
            "Which of `addresses` must be the gateway's primary one. Leave it out: it makes no difference to traffic, and without it more changes work without interruption.",
        ),
        text(
            "private_ip",
            "The gateway's primary private address. Default: AWS chooses. A change replaces the gateway.",
        ),
        texts("secondary_private_ips", "Secondary private addresses of a private gateway, at most 7."),
        Attribute::new(
            "secondary_private_ip_count",
            Type::Number,
            "How many secondary private addresses AWS gives a private gateway, at most 7; instead of `secondary_private_ips`.",
        ),
        texts("route_table_ids", "The route tables whose traffic goes to this zone's gateway."),
    ]
}
