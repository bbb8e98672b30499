//! Addresses and prefixes as the model has them.

use cloud::marks::{mark_of, without_identity};
use egress_model::cidr::Cidr;
use egress_model::ip_pool::{Address, AddressId, PublicIps, User, UserKind};

use super::source::{Settings, Source};
use crate::id::{Kind, ResourceId};
use crate::object::{Object, Provisioning};

/// An address or a prefix; `None` for what is neither, and for what is going.
pub(super) fn address(object: &Object) -> Option<Address<Source>> {
    let id = object.id()?;
    let kind = id.kind().filter(|kind| matches!(kind, Kind::Address | Kind::Prefix))?;
    let tags = object.tags();
    (object.provisioning() != Provisioning::Deleting).then(|| Address {
        id: address_id(&id),
        public_ips: public_ips(object),
        source: Source::read(kind, object),
        settings: Settings::read(object),
        mark: mark_of(&tags),
        tags: without_identity(&tags),
        users: users(object),
    })
}

pub(super) fn address_id(id: &ResourceId) -> AddressId {
    AddressId::new(id.as_str())
}

/// The IPs of an address or a prefix.
pub(crate) fn public_ips(object: &Object) -> PublicIps {
    let text = |name: &str| object.property(name).as_str().filter(|text| !text.is_empty());
    let of_address = text("ipAddress").and_then(|text| text.parse().ok()).map(Cidr::of_address);
    let of_prefix = || text("ipPrefix").and_then(|text| text.parse().ok());
    of_address.or_else(of_prefix).map_or(PublicIps::Pending, PublicIps::Block)
}

/// What uses it. The interface of an address is told by the configuration that has it.
fn users(object: &Object) -> Vec<User> {
    let user = |id: ResourceId| {
        let kind = match id.kind() {
            Some(Kind::Gateway) => UserKind::NatGateway,
            _ if id.as_str().contains("/networkinterfaces/") => UserKind::Interface,
            _ => UserKind::Other,
        };
        User { id: id.to_string(), kind, association: None, private_ip: None }
    };
    let all = ["natGateway", "ipConfiguration", "loadBalancerFrontendIpConfiguration"];
    all.iter().flat_map(|name| object.references(name)).map(user).collect()
}
