//! What the user can write, apart from the clouds.

use std::time::Duration;

use egress_model::identity::{Key, Name};
use tfplugin::cty::Type;
use tfplugin::schema::{Attribute, Nesting, Schema};
use tfplugin::validators::{keys, one_of, parsed};

use crate::resources::timeouts::Defaults;

/// Each address takes a few seconds; destroying waits until gateways that are being deleted have let go.
pub(super) const TIMEOUTS: Defaults =
    Defaults { create: Duration::from_mins(10), update: Duration::from_mins(10), delete: Duration::from_mins(20) };

fn text(name: &'static str, description: &str) -> Attribute {
    Attribute::new(name, Type::String, description)
}

fn release_policy(description: &str) -> Attribute {
    text("release_policy", description).validate(one_of(["release", "retain"]))
}

/// The schema, with the attributes that choose a cloud, and what each cloud adds to an address.
pub(super) fn schema(clouds: Vec<Attribute>, of_addresses: Vec<Attribute>) -> Schema {
    let mut attributes = vec![
        text(
            "name",
            "What it is called, unique per provider `owner`. Together they are written on every address as tags, by which an address is \
             found again after a crash. 1 to 40 lowercase letters, digits and hyphens, beginning with a letter. A change renames the pool \
             in place: only the tags of its addresses change, and no IP. It is applied alone, without other changes of addresses.",
        )
        .required()
        .validate(parsed::<Name>("a name")),
        addresses(of_addresses),
    ];
    attributes.extend(clouds);
    attributes.extend([
        release_policy(
            "What becomes of an address whose key is removed, and of all when the pool is destroyed: `release` (the default) gives it \
             back to the cloud; `retain` leaves it allocated in the account, where it costs money, without the pool's tags.",
        )
        .default("release"),
        text(
            "on_ip_change",
            "What a plan says in which a public IP leaves the pool, because its key is removed or gets another address, or because the \
             pool is destroyed: `error` (the default) fails, `warn` warns. Both name every IP and what uses it now. For a key that goes, \
             set `warn` in the same change. For a destroy, which goes by what was applied last, set `warn`, apply, and then destroy: two \
             steps. An apply that turns out to give up an IP of which its plan could not know refuses it too.",
        )
        .default("error")
        .validate(one_of(["error", "warn"])),
        Attribute::new(
            "tags",
            Type::map(Type::String),
            "Tags on the addresses that the pool allocates, beside the provider's `default_tags`; a tag here goes before one of the same \
             key there. Tags that others set are left alone.",
        ),
    ]);
    attributes.extend(computed());
    Schema::new(
        "Public IPs that outlive gateways, one per stable key. Adding or removing a key never touches another key's IP, and a plan in \
         which an IP would leave an allow-list says so.\n\nAn address that has left the pool but is still used, such as one that a NAT \
         gateway lets go of later in the same apply, is listed in `leaving` and released by the next apply.\n\nImport by name \
         (`partners`), or by name and addresses (`partners,a=eipalloc-0123,b=eipalloc-4567`), with `region=...` where it is not the \
         provider's: addresses that are imported so become the pool's own, and are tagged by the next apply.\n\nA renamed pool and a \
         changed provider `owner` keep their IPs: the next apply writes the new tags. Another `aws.region` is another pool, and gives \
         up the IPs of the old one, which the plan refuses unless `on_ip_change` is `warn`. `lifecycle { prevent_destroy = true }` keeps \
         Terraform from planning a destroy at all, but not while the block is removed from the configuration; `on_ip_change` and \
         `release_policy` hold then too. `create_before_destroy` has no use: nothing is replaced to be changed, and a tainted pool \
         adopts what it has.",
        attributes,
    )
    .with_blocks(vec![TIMEOUTS.block()])
}

fn addresses(of_clouds: Vec<Attribute>) -> Attribute {
    let mut attributes = vec![
        text(
            "existing_id",
            "The cloud's id of an address that exists already, to adopt: on AWS an allocation id such as `eipalloc-0123`. An adopted \
             address is not tagged, and not released when its key goes unless the `release_policy` of this address says `release`. \
             Naming the address of another key of this pool here renames the key and keeps the IP.",
        ),
        text(
            "recover",
            "A public IPv4 address that was the account's before and was released, to get back, or one of `public_ipv4_pool` to choose. \
             The cloud refuses when somebody else has it by now, and then nothing is allocated. The address becomes the pool's own. It \
             may stay in the configuration afterwards; taking it out changes nothing. On a key that has another address it asks for an \
             exchange, which `on_ip_change` guards.",
        ),
        release_policy(
            "What becomes of this address when its key is removed. Default: the pool's, or `retain` with `existing_id`.",
        ),
        Attribute::new(
            "tags",
            Type::map(Type::String),
            "Tags on this address; they go before those of the pool. Not with `existing_id`.",
        ),
    ];
    attributes.extend(of_clouds);
    Attribute::nested(
        "addresses",
        Nesting::Map,
        attributes,
        "The addresses, by keys that you choose and keep: 1 to 40 lowercase letters, digits and hyphens. `{}` allocates a new address.",
    )
    .required()
    .validate(keys(parsed::<Key>("a key")))
}

fn computed() -> [Attribute; 6] {
    let association = vec![
        text("id", "The cloud's id of the association.").computed(),
        text("user", "The cloud's id of what uses the address: an instance or a network interface.").computed(),
        text("private_ip", "The private address that it stands for.").computed(),
    ];
    [
        Attribute::new(
            "ids",
            Type::map(Type::String),
            "The cloud's id of each address by key, for `egress_nat_gateway` or whatever uses it. The plan knows it for every key that \
             keeps its address.",
        )
        .computed(),
        Attribute::new(
            "public_ips",
            Type::map(Type::String),
            "The public IP of each address by key. The plan knows it for every key that keeps its address.",
        )
        .computed(),
        Attribute::new(
            "cidrs",
            Type::list(Type::String),
            "All public IPs as sorted `/32` blocks, for allow-lists. Complete or unknown (null in the state), never a part.",
        )
        .computed(),
        Attribute::nested(
            "details",
            Nesting::Map,
            vec![
                text("id", "The cloud's id.").computed(),
                text("public_ip", "The public IP.").computed(),
                text("arn", "The Amazon resource name, on AWS.").computed(),
                Attribute::new(
                    "managed",
                    Type::Bool,
                    "Whether the address carries the pool's identity: not when it is adopted, or when its tags were removed outside.",
                )
                .computed(),
                Attribute::new("tags", Type::map(Type::String), "The tags that the pool sets, with the provider's `default_tags`.")
                    .computed(),
                Attribute::nested("association", Nesting::Single, association, "What uses the address; null when nothing does.")
                    .computed(),
            ],
            "Everything about each address, by key.",
        )
        .computed(),
        Attribute::nested(
            "leaving",
            Nesting::Map,
            vec![
                text("public_ip", "The public IP.").computed(),
                text("key", "The key that it had.").computed(),
                text("release_policy", "What becomes of it when nothing uses it any more.").computed(),
            ],
            "Addresses that no key has any more and that are still allocated, by id: the next apply releases those that nothing uses.",
        )
        .computed(),
        Attribute::nested(
            "lost",
            Nesting::Map,
            vec![
                text("public_ip", "The public IP.").computed(),
                text("id", "The cloud's id that it had.").computed(),
            ],
            "Addresses that were released outside of Terraform, by key. The plan says so; `recover` asks the cloud for the IP back.",
        )
        .computed(),
    ]
}
