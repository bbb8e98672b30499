//! What the user can write, apart from the clouds.

use std::time::Duration;

use egress_model::identity::{Key, Name};
use tfplugin::schema::declare::{boolean, object, object_map, string, string_map, strings};
use tfplugin::schema::{Attribute, NestedBlock, Schema};
use tfplugin::validators::{each, keys, one_of, parsed};

use crate::resources::import_id;
use crate::resources::timeouts::Defaults;

/// Each address takes a few seconds; destroying waits until gateways that are being deleted have let go.
pub(super) const TIMEOUTS: Defaults =
    Defaults { create: Duration::from_mins(10), update: Duration::from_mins(10), delete: Duration::from_mins(20) };

/// The release policies.
const POLICIES: [&str; 2] = ["release", "retain"];

/// The schema, with the blocks that choose a cloud, and what each cloud adds to an address.
pub(super) fn schema(clouds: Vec<NestedBlock>, of_addresses: Vec<Attribute>) -> Schema {
    let mut attributes = vec![
        string(
            "name",
            "What it is called, unique per provider `owner`. Together they are written on every address as tags, by \
             which an address is found again after a crash. 1 to 40 lowercase letters, digits and hyphens, \
             beginning with a letter. A change renames the pool in place: only the tags of its addresses change, \
             and no IP. It is applied alone, without other changes of addresses.",
        )
        .required()
        .validate(parsed::<Name>("a name")),
        addresses(of_addresses),
    ];
    attributes.extend([
        string(
            "release_policy",
            "What becomes of an address whose key is removed, and of all when the pool is destroyed: `release` \
             gives it back to the cloud; `retain` leaves it allocated in the account, where it costs money, without \
             the pool's tags. Required with `on_ip_change = \"warn\"`; without that no address leaves, and the \
             default is `release`.",
        )
        .default("release")
        .validate(one_of(POLICIES)),
        string_map(
            "release_policies",
            "The release policy of single addresses by key, in place of a `retain` of the pool: `{ a = \"release\" }`. \
             Each key must be one of `addresses`; what a key had before it was removed goes on to hold for its \
             address. An adopted address (`existing_id`) is `retain` unless it stands here. In a pool that \
             releases, none can be retained so: this map, lost in a module's input, would release it.",
        )
        .validate(each(one_of(POLICIES))),
        string(
            "on_ip_change",
            "What a plan says in which a public IP leaves the pool, because its key is removed or gets another \
             address, or because the pool is destroyed: `error` (the default) fails, `warn` warns. Both name every \
             IP and what uses it now. For a key that goes, set `warn` in the same change. For a destroy, which goes \
             by what was applied last, set `warn`, apply, and then destroy: two steps. An apply that turns out to \
             give up an IP of which its plan could not know refuses it too.",
        )
        .default("error")
        .validate(one_of(["error", "warn"])),
        string_map(
            "tags",
            "Tags on the addresses that the pool allocates, beside the provider's `default_tags`; a tag here goes \
             before one of the same key there. Tags that others set are left alone.",
        ),
    ]);
    attributes.push(import_id::attribute());
    attributes.extend(computed());
    Schema::new(
        "Public IPs that outlive gateways, one per stable key. Adding or removing a key never touches another key's \
         IP, and a plan in which an IP would leave an allow-list says so.\n\nAn address that has left the pool but \
         is still used, such as one that a NAT gateway lets go of later in the same apply, is listed in `leaving` \
         and released by the next apply.\n\nImport by name (`partners`), with `aws.region=...` where it is not the \
         provider's (`partners,aws.region=eu-west-1`), and with addresses that do not carry the pool's tags \
         (`partners,a=eipalloc-0123`): these come in as `existing_id`. With `new = true` in its place such an \
         address becomes the pool's own: the next apply tags it, and it keeps the tags that it has.\n\nA renamed \
         pool and a changed provider `owner` keep their IPs: the next apply writes the new tags. Another \
         `aws.region` is another pool, and gives up the IPs of the old one, which the plan refuses unless \
         `on_ip_change` is `warn`. `lifecycle { prevent_destroy = true }` keeps Terraform from planning a destroy \
         at all, but not while the block is removed from the configuration; `on_ip_change` and `release_policy` \
         hold then too. `create_before_destroy` has no use: nothing is replaced to be changed, and a tainted pool \
         adopts what it has.",
        attributes,
    )
    .with_blocks(clouds.into_iter().chain([TIMEOUTS.block()]).collect())
}

fn addresses(of_clouds: Vec<Attribute>) -> Attribute {
    let mut attributes = vec![
        boolean(
            "new",
            "`true` allocates a new address: from the pool of addresses that the resource's `aws` names, or else from the cloud's own.",
        ),
        string(
            "existing_id",
            "The cloud's id of an address that exists already, to adopt: on AWS an allocation id such as \
             `eipalloc-0123`. An adopted address is not tagged, and not released when its key goes unless \
             `release_policies` says so. Naming the address of another key of this pool here renames the key and \
             keeps the IP.",
        ),
        string(
            "recover",
            "A public IPv4 address that was the account's before and was released, to get back, or one of \
             `public_ipv4_pool` to choose. The cloud refuses when somebody else has it by now, and then nothing is \
             allocated. The address becomes the pool's own. It may stay in the configuration afterwards; `new = \
             true` in its place changes nothing. On a key that has another address it asks for an exchange, which \
             `on_ip_change` guards.",
        ),
        string_map("tags", "Tags on this address; they go before those of the pool. Not with `existing_id`."),
    ];
    attributes.extend(of_clouds);
    object_map(
        "addresses",
        attributes,
        "The addresses, by keys that you choose and keep: 1 to 40 lowercase letters, digits and hyphens. Each says \
         where it comes from, by exactly one of `new = true`, `existing_id`, `recover`, and on AWS \
         `aws.public_ipv4_pool` or `aws.ipam_pool_id`. `recover` may stand beside one of the last two, and then \
         chooses out of that pool.",
    )
    .required()
    .validate(keys(parsed::<Key>("a key")))
}

fn computed() -> [Attribute; 6] {
    let association = vec![
        string("id", "The cloud's id of the association.").computed(),
        string("user", "The cloud's id of what uses the address: an instance or a network interface.").computed(),
        string("private_ip", "The private address that it stands for.").computed(),
    ];
    [
        string_map("ids",
            "The cloud's id of each address by key, for `egress_nat_gateway` or whatever uses it. The plan knows it \
             for every key that keeps its address.",
        )
        .computed(),
        string_map("public_ips",
            "The public IP of each address by key. The plan knows it for every key that keeps its address.",
        )
        .computed(),
        strings("cidrs",
            "All public IPs as sorted `/32` blocks, for allow-lists. Complete or unknown (null in the state), never a part.",
        )
        .computed(),
        object_map("details",
            vec![
                string("id", "The cloud's id.").computed(),
                string("public_ip", "The public IP.").computed(),
                string("arn", "The Amazon resource name, on AWS.").computed(),
                boolean("managed",
                    "Whether the address carries the pool's identity: not when it is adopted, or when its tags were removed outside.",
                )
                .computed(),
                string_map("tags", "The tags that the pool sets, with the provider's `default_tags`.")
                    .computed(),
                object("association", association, "What uses the address; null when nothing does.")
                    .computed(),
            ],
            "Everything about each address, by key.",
        )
        .computed(),
        object_map("leaving",
            vec![
                string("public_ip", "The public IP.").computed(),
                string("key", "The key that it had.").computed(),
                string("release_policy", "What becomes of it when nothing uses it any more.").computed(),
            ],
            "Addresses that no key has any more and that are still allocated, by id: the next apply releases those that nothing uses.",
        )
        .computed(),
        object_map("lost",
            vec![
                string("public_ip", "The public IP.").computed(),
                string("id", "The cloud's id that it had.").computed(),
            ],
            "Addresses that were released outside of Terraform, by key. The plan says so; `recover` asks the cloud for the IP back.",
        )
        .computed(),
    ]
}
