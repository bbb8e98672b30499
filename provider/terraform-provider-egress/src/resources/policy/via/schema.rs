//! What a user can write in `via`, and what is computed of it.

use tfplugin::cty::Type;
use tfplugin::schema::{Attribute, NestedBlock, Nesting, declare};

use super::BACKENDS;
use crate::resources::objects::attributes::{labels_selector, single, text, whole};

pub(super) fn set(name: &'static str, description: &str) -> Attribute {
    Attribute::new(name, Type::set(Type::String), description)
}

/// `routes` and `egress_cidrs`.
pub(in super::super) fn attributes() -> Vec<Attribute> {
    vec![
        Attribute::new(
            "routes",
            Type::map(Type::String),
            "The routes that this policy has made or taken over, with the id of what each points to now. The keys \
             are `<route table>_<destination>`. Null without a `nat_gateway` in `via`.",
        )
        .computed(),
        Attribute::new(
            "egress_cidrs",
            Type::list(Type::String),
            "The public addresses that the destinations see: those of the gateway of `via`. Null without it.",
        )
        .computed(),
    ]
}

/// `via`.
pub(in super::super) fn block() -> NestedBlock {
    let gateways = vec![
        single(
            "nat_gateway",
            nat_gateway(),
            "The whole `egress_nat_gateway` resource, such as `egress_nat_gateway.partners`; what is not listed \
             here is passed over. In each of its route tables the policy adds a route for every block in `to_cidrs` \
             of its `allow` rules to that zone's gateway, unless the gateway's own destinations route it there \
             already.",
        ),
        single(
            "egress_gateway",
            egress_gateway(),
            "The whole `egress_gateway` resource, such as `egress_gateway.partners`; what is not listed here is \
             passed over. The policy's pods are routed to its addresses and nodes by an object of their own, which \
             is among `manifests`. On the engine `cilium`; on others a gateway lists in its own `sources` whose \
             traffic it takes.",
        ),
    ];
    let via = declare::block(
        "via",
        gateways,
        "Through which gateway the policy's allowed traffic to `to_cidrs` leaves, so that its destinations see that \
         gateway's addresses. Exactly one of `nat_gateway` and `egress_gateway`. **A cloud's network routes by \
         destination: on AWS, whatever else uses the same route tables reaches these destinations through the \
         gateway too**, other pods and the nodes included. Routes are made before the policy's objects and removed \
         after them, also with `delivery = \"render\"`. Rules about pods, Services and parts of the cluster are not \
         routed; domains, `to_external`, exceptions in `to_cidrs`, IPv6 and the modes `audit` and `staged` are \
         refused with the reason.",
    );
    via.with_blocks(BACKENDS.iter().map(|backend| backend.options()).collect())
}

/// What `via` reads of an `egress_gateway`.
pub(in super::super) fn read_of_gateways() -> Vec<&'static str> {
    egress_gateway().iter().map(|attribute| attribute.name).collect()
}

fn egress_gateway() -> Vec<Attribute> {
    let attributes = vec![
        text("engine", "Its engine."),
        Attribute::new("ips", Type::list(Type::String), "The addresses that traffic leaves from."),
        Attribute::new(
            "public_ips",
            Type::list(Type::String),
            "The public addresses that a cloud translates these to.",
        ),
        single("nodes", of_a_whole_resource(labels_selector()).collect(), "Which nodes traffic leaves from."),
        text("interface", "The network interface of those nodes."),
        whole("replicas", "How many gateways at a time."),
        Attribute::new("egress_cidrs", Type::list(Type::String), "The addresses that the outside sees."),
    ];
    let named = [text("name", "The gateway's name.").required(), text("namespace", "Its namespace.").required()];
    named.into_iter().chain(of_a_whole_resource(attributes)).collect()
}

/// Attributes of another resource that is referred to as a whole, which has each of them, null or not. An object in which one is missing
/// is none, and Terraform would drop what is misspelt in it.
pub(super) fn of_a_whole_resource(attributes: Vec<Attribute>) -> impl Iterator<Item = Attribute> {
    attributes.into_iter().map(Attribute::required_or_null)
}

fn nat_gateway() -> Vec<Attribute> {
    let gateway = vec![text("id", "The gateway's id.").required_or_null()];
    let clouds = BACKENDS.iter().map(|backend| backend.of_gateways().required_or_null());
    let attributes = [
        Attribute::nested("gateways", Nesting::Map, gateway, "The gateways, by key.").required(),
        Attribute::new("egress_cidrs", Type::list(Type::String), "The gateway's public addresses.").required_or_null(),
    ];
    clouds.chain(attributes).collect()
}
