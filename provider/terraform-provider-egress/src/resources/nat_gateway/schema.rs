//! What the user can write, apart from the clouds.

use std::time::Duration;

use tfplugin::cty::Type;
use tfplugin::schema::declare::{block, string};
use tfplugin::schema::{Attribute, NestedBlock, Nesting, Schema};
use tfplugin::validators::one_of;

use crate::resources::import_id;
use crate::resources::timeouts::Defaults;

/// Three gateways side by side are ready after about three minutes; a replacement deletes, makes and drains one after another.
pub(super) const TIMEOUTS: Defaults =
    Defaults { create: Duration::from_mins(20), update: Duration::from_hours(1), delete: Duration::from_mins(30) };

pub(super) fn schema(clouds: Vec<NestedBlock>) -> Schema {
    let mut attributes = vec![
        Attribute::new(
            "name",
            Type::String,
            "What it is called, unique per provider `owner`. Together they are written on every gateway as tags, by \
             which a gateway is found again after a crash. 1 to 40 lowercase letters, digits and hyphens, beginning \
             with a letter. A change renames the gateways in place: only their tags change, in an apply without \
             other changes that make a gateway.",
        )
        .required(),
    ];
    attributes.extend([
        Attribute::new(
            "idle_timeout_seconds",
            Type::Number,
            "After how many seconds without a packet a connection is forgotten, where the cloud lets it be chosen. \
             AWS does not: 350 seconds are fixed there, and setting this is an error.",
        ),
        string(
            "on_interruption",
            "What a plan says that takes the way out of subnets while the resource stays: because a zone, a route \
             table or a destination is removed and nothing else takes its route, or because a gateway must be \
             replaced and has to go before the new one can be made. `error` (the default) fails, `warn` warns. Both \
             name each route table with its subnets and what they lose. Set `warn` in the same change. An apply \
             that turns out to interrupt what its plan could not know refuses it too. A destroy of the whole \
             resource only warns.",
        )
        .default("error")
        .validate(one_of(["error", "warn"])),
        Attribute::new(
            "tags",
            Type::map(Type::String),
            "Tags on the gateways, beside the provider's `default_tags`; a tag here goes before one of the same key \
             there. Keys that begin with `egress-` and hold the identity are reserved. A gateway that is made gets \
             the tag `Name` with `<name>-<key>`, where no tags give another; one that is adopted or imported keeps \
             its own.",
        ),
    ]);
    attributes.extend(computed());
    Schema::new(
        "NAT gateways with fixed public addresses and the routes to them, changed in place in the order that keeps \
         traffic flowing: new addresses are associated and shown to work before routes are swapped, routes are \
         swapped atomically, old addresses are drained, and waited for until they are really free.\n\n\
         What the cloud cannot change in place is replaced within the resource, one gateway beside the other, with \
         the same addresses. Where an address cannot be on both, traffic goes through another gateway of the \
         resource meanwhile; only where there is none is egress interrupted. The plan says in a warning which \
         gateway is replaced, why, and what becomes of the traffic.\n\n\
         Addresses come from an `egress_ip_pool`, so that no change here ever releases one.\n\n\
         **IPv6**: traffic leaves through the gateways to IPv4 destinations alone. IPv6-only pods reach these by \
         DNS64 and NAT64, with `64:ff9b::/96` among the destinations. IPv6 itself does not pass a NAT gateway and \
         has no fixed addresses: on AWS it leaves through an egress-only internet gateway, which this provider does \
         not make; the guide \"Use the network that you have\" shows how both share a route table.\n\n\
         A renamed resource and a changed provider `owner` keep their gateways: the next apply writes the new tags. \
         A tainted resource adopts the gateways that it has, so `create_before_destroy` has no use. `lifecycle { \
         prevent_destroy = true }` keeps Terraform from planning the destroy, which interrupts egress; the \
         addresses stay with their pool in any case.\n\n\
         The plan warns where a zone would have more gateways than the 5 of an account whose quota was never raised \
         (L-FE5A380F), counting all that there are, and refuses an address of another network border group than its \
         zone's.",
        attributes,
    )
    .with_blocks(clouds.into_iter().chain([expected_load(), TIMEOUTS.block()]).collect())
}

/// What the provider computes.
fn computed() -> Vec<Attribute> {
    vec![
        Attribute::new(
            "tags_all",
            Type::map(Type::String),
            "The tags that the resource sets, with the provider's `default_tags` and without those that hold the identity.",
        )
        .computed(),
        Attribute::nested(
            "gateways",
            Nesting::Map,
            vec![
                Attribute::new("id", Type::String, "The gateway's id.").computed(),
                Attribute::new(
                    "arn",
                    Type::String,
                    "The Amazon resource name, on AWS: by its account and region the provider tells a gateway that \
                     is gone from one that it looks for in the wrong place. Null when the account could not be \
                     asked for.",
                )
                .computed(),
                Attribute::new("state", Type::String, "`pending`, `available`, `failed`, `deleting` or `deleted`.").computed(),
                Attribute::new("addresses", Type::list(Type::String), "The ids of its public addresses, the primary first.").computed(),
                Attribute::new("public_ips", Type::list(Type::String), "Its public addresses, in the same order.").computed(),
                Attribute::new("private_ips", Type::list(Type::String), "Its private addresses, in the same order.").computed(),
            ],
            "The gateways that there are, by key: the availability zone, or `regional`.",
        )
        .computed(),
        Attribute::new(
            "gateway_ids",
            Type::map(Type::String),
            "The id of each gateway by key, as in `gateways`: a plain map, for what refers to it and for mocks in tests.",
        )
        .computed(),
        Attribute::new(
            "gateway_public_ips",
            Type::map(Type::list(Type::String)),
            "The public addresses of each gateway by key, the primary one first.",
        )
        .computed(),
        import_id::attribute(),
        Attribute::new(
            "egress_cidrs",
            Type::list(Type::String),
            "Every public address from which traffic leaves, as sorted `/32` blocks: what partners put on their \
             allow-lists. Complete or unknown (null in the state), never a part. Known in the plan when the \
             addresses are.",
        )
        .computed(),
        Attribute::new(
            "routes",
            Type::map(Type::String),
            "The routes that this resource has made or taken over, with the id of what each points to now. The keys \
             are `<route table>_<destination>`.",
        )
        .computed(),
        Attribute::new(
            "planned_replacements",
            Type::list(Type::String),
            "The keys of `gateways` whose gateway a plan replaces by another, sorted; `[]` when it replaces none. \
             For policy tools such as Open Policy Agent and Sentinel, which read it from the planned values of a \
             resource that is updated. Unknown in a plan only where a replacement depends on a value that is known \
             after apply. The next refresh empties it.",
        )
        .computed(),
        Attribute::new(
            "required_addresses",
            Type::Number,
            "How many addresses each gateway needs for `expected_load`; null without it.",
        )
        .computed(),
    ]
}

fn expected_load() -> NestedBlock {
    block(
        "expected_load",
        vec![
            Attribute::new(
                "peak_connections_per_destination",
                Type::Number,
                "The most simultaneous connections through one gateway to one destination (IP address, port and \
                 protocol), such as the busiest partner's API. 1 or more.",
            )
            .required(),
            Attribute::new(
                "spare_addresses",
                Type::Number,
                "Addresses beyond those that the load needs, such as 1 to exchange an address without losing capacity. Default: `0`.",
            ),
        ],
        "What the gateways must carry. The plan computes how many addresses each of them needs (on AWS one carries \
         55,000 simultaneous connections per destination), and fails where there are too few; spare ones that are \
         missing are a warning.",
    )
}
