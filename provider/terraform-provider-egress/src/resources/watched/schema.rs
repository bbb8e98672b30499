//! What others read of whole policies and gateways.

use tfplugin::schema::{Attribute, Nesting};

use crate::resources::objects::attributes::{text, texts};

/// `policies`.
pub(crate) fn policies(description: &str) -> Attribute {
    Attribute::nested("policies", Nesting::Map, policy(), description)
}

/// `gateways`.
pub(crate) fn gateways(description: &str) -> Attribute {
    Attribute::nested("gateways", Nesting::Map, gateway(), description)
}

/// Attributes of another resource that is referred to as a whole, which has each of them, null or not. An object in which one is missing
/// is none, and Terraform would drop what is misspelt in it.
pub(crate) fn of_a_whole_resource<const N: usize>(attributes: [Attribute; N]) -> Vec<Attribute> {
    attributes.map(Attribute::required_or_null).into()
}

fn policy() -> Vec<Attribute> {
    let allow = of_a_whole_resource([texts("to_domains", "The hosts that the rule allows.")]);
    of_a_whole_resource([
        text("name", "The policy's name."),
        text("namespace", "Its namespace."),
        text("engine", "Its engine; null for the provider's."),
        Attribute::nested("allow", Nesting::Map, allow, "What it allows."),
    ])
}

fn gateway() -> Vec<Attribute> {
    of_a_whole_resource([
        text("name", "The gateway's name."),
        text("namespace", "Its namespace."),
        text("engine", "Its engine; null for the provider's."),
    ])
}
