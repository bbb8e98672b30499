//! Elastic IP addresses.

use std::net::IpAddr;

use aws_sdk_ec2::types;
use cloud::marks::{mark_of, without_identity};
use egress_model::identity::ResourceType;
use egress_model::ip_pool::{Address, AddressId, User, UserKind};

use super::from_tags;
use crate::source::Source;

/// The pool id that EC2 gives to addresses of Amazon's own.
const AMAZON: &str = "amazon";
/// How the ids of IPAM pools begin: addresses from one have it where others have their public IPv4 pool.
const IPAM: &str = "ipam-pool-";

/// An address; `None` for one that has no id or IPv4 address, which EC2 never gives in a VPC.
pub(crate) fn address(address: &types::Address) -> Option<Address<Source>> {
    let tags = from_tags(address.tags());
    let pool = address.public_ipv4_pool().filter(|pool| *pool != AMAZON);
    let (ipam, byoip) = match pool {
        Some(pool) if pool.starts_with(IPAM) => (Some(pool), None),
        pool => (None, pool),
    };
    Some(Address {
        id: AddressId::new(address.allocation_id()?),
        public_ips: address.public_ip()?.parse::<IpAddr>().ok()?.into(),
        source: Source {
            network_border_group: address.network_border_group().map(ToOwned::to_owned),
            public_ipv4_pool: byoip.map(ToOwned::to_owned),
            ipam_pool_id: ipam.map(ToOwned::to_owned),
        },
        settings: (),
        mark: mark_of(&tags).filter(|mark| mark.identity.resource_type == ResourceType::IpPool),
        users: user(address).into_iter().collect(),
        tags: without_identity(&tags),
    })
}

/// An address is on one interface at most. That of a NAT gateway is an interface too, and only its description says so.
fn user(address: &types::Address) -> Option<User> {
    let id = |id: Option<&str>| id.filter(|id| !id.is_empty()).map(ToOwned::to_owned);
    let association = id(address.association_id());
    let (id, kind) = match (id(address.instance_id()), id(address.network_interface_id())) {
        (Some(instance), _) => (instance, UserKind::Instance),
        (None, Some(interface)) => (interface, UserKind::Interface),
        (None, None) => (association.clone()?, UserKind::Other),
    };
    let private_ip = address.private_ip_address().and_then(|ip| ip.parse().ok());
    Some(User { id, kind, association, private_ip })
}
