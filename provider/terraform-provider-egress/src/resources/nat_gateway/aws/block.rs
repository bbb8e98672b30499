//! The `aws` block.

use tfplugin::schema::declare::{self, boolean, number, object_map, string, string_map, string_set};
use tfplugin::schema::{Attribute, NestedBlock};

use crate::clouds::aws::AWS;
use crate::clouds::place_attribute;

pub(super) fn block() -> NestedBlock {
    let attributes = vec![
        place_attribute(
            "region",
            "The region. Default: the provider's. Gateways cannot move: another region, written here, destroys them and makes others.",
        ),
        string(
            "availability_mode",
            "`zonal` (the default): one gateway in each zone of `zones`. `regional`: one gateway for the whole VPC. \
             A change replaces the gateways, with the same addresses.",
        ),
        string(
            "connectivity_type",
            "`public` (the default), or `private` for gateways towards other private networks, without public \
             addresses; zonal only. A change replaces the gateways.",
        ),
        object_map(
            "zones",
            zone(),
            "By availability zone, such as `us-east-1a`. Zonal: the gateways, one per zone. Regional: the addresses for each zone.",
        ),
        boolean(
            "automatic_addresses",
            "Of a regional gateway, in place of `zones`: `true` lets AWS cover the zones by itself, **with public \
             addresses of its own choice that change**.",
        ),
        string(
            "vpc_id",
            "The VPC of a regional gateway; a zonal one is in its subnet's. A change replaces the gateway.",
        ),
        string_set(
            "route_table_ids",
            "The route tables whose traffic goes to the regional gateway, `[]` for none. Required there.",
        ),
        string_set(
            "destination_cidrs",
            "What the route tables send to the gateways, as CIDR blocks: `[\"0.0.0.0/0\"]` is all IPv4 traffic that \
             no narrower route takes. Required where a route table is named and `destination_prefix_list_ids` is \
             left out. `64:ff9b::/96` is what IPv6-only subnets with DNS64 send to IPv4 destinations (NAT64); other \
             IPv6 does not pass a NAT gateway: see an egress-only internet gateway in the guide \"Use the network \
             that you have\".",
        ),
        string_set(
            "destination_prefix_list_ids",
            "What the route tables send to the gateways, as managed prefix lists (`pl-...`), beside \
             `destination_cidrs` or instead of them.",
        ),
        string_set(
            "take_over_routes",
            "Ids of targets (`igw-...`, `eni-...` of a NAT instance, `nat-...`) from which existing routes may be \
             taken over. A route that points to anything else that is not of this resource is an error. The swap is \
             atomic.",
        ),
        number(
            "drain_seconds",
            "How long open connections may stay on an address that leaves a gateway, 1 to 4000. Default: `350`, the \
             time after which AWS forgets an idle connection.",
        ),
    ];
    declare::block(AWS.name, attributes, "NAT gateways on AWS.")
}

fn zone() -> Vec<Attribute> {
    vec![
        string(
            "subnet_id",
            "The subnet that the gateway stands in: a public one for public connectivity. Needed for zonal \
             gateways. A change replaces the gateway of this zone.",
        ),
        string_set(
            "addresses",
            "Required: allocation ids of Elastic IP addresses, such as those of an `egress_ip_pool`, `[]` for \
             private connectivity: 1 to 8 for a zonal gateway, 1 to 32 per zone of a regional one. More than 2 on a \
             zonal gateway need a higher quota. Addresses come and go in place; only the gateway's primary address \
             cannot leave without it, so removing that one replaces the gateway.",
        ),
        string(
            "primary_address",
            "Which of `addresses` must be the gateway's primary one. Leave it out: it makes no difference to \
             traffic, and without it more changes work without interruption.",
        ),
        string(
            "private_ip",
            "The gateway's primary private address. Default: AWS chooses. A change replaces the gateway.",
        ),
        string_set(
            "secondary_private_ips",
            "Secondary private addresses of a private gateway, at most 7. A private gateway needs this or `secondary_private_ip_count`.",
        ),
        number(
            "secondary_private_ip_count",
            "How many secondary private addresses AWS gives a private gateway, 0 to 7; instead of `secondary_private_ips`.",
        ),
        string_set(
            "route_table_ids",
            "The route tables whose traffic goes to this zone's gateway, `[]` for none. Required for zonal gateways.",
        ),
        string_map(
            "tags",
            "Tags on the gateway of this zone alone, of a zonal one; they go before the resource's `tags`. They are not in `tags_all`.",
        ),
    ]
}
