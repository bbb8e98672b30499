//! What there is of one resource.

use std::collections::{BTreeMap, BTreeSet};

use cloud::marks::{mark_of, without_identity};
use cloud::{Error, Freshness};
use egress_model::identity::ResourceType;

use super::{Desired, Fixed, Gateway, Observed};
use crate::id::{Kind, ResourceId};
use crate::ip_pools::{Sku, public_ips};
use crate::object::Object;
use crate::place::Place;

/// The properties that list the addresses and prefixes of a gateway, by what they list.
pub(super) const SOURCES: [&str; 4] =
    ["publicIpAddresses", "publicIpAddressesV6", "publicIpPrefixes", "publicIpPrefixesV6"];

impl Place {
    pub(super) async fn see(&self, desired: &Desired, freshness: Freshness) -> Result<Observed, Error> {
        let limits = self.look();
        let (gateways, addresses) = tokio::try_join!(
            self.list(Kind::Gateway, freshness, &limits),
            self.list(Kind::Address, freshness, &limits)
        )?;
        let mut all: BTreeMap<ResourceId, Object> =
            gateways.iter().filter_map(|object| Some((object.id()?, object.clone()))).collect();
        for id in desired.recorded.iter().filter(|id| !all.contains_key(id)).cloned().collect::<Vec<_>>() {
            all.extend(self.get(&id, &limits).await?.map(|object| (id, object)));
        }
        let ips: BTreeMap<ResourceId, _> =
            addresses.iter().filter_map(|object| Some((object.id()?, public_ips(object).single()?))).collect();
        let (mut observed, mut subnets) = (Observed::default(), BTreeSet::new());
        for (id, object) in all {
            let Some(mut gateway) = own(desired, &id, &object) else { continue };
            for (address, ip) in &mut gateway.addresses {
                *ip = ips.get(address).copied();
            }
            subnets.extend(object.references("subnets"));
            observed.gateways.insert(id, gateway);
        }
        subnets.extend(desired.gateways.values().flat_map(|wanted| wanted.subnets.iter().cloned()));
        for subnet in subnets {
            if let Some(object) = self.get(&subnet, &limits).await? {
                observed.subnets.insert(subnet, object.references("natGateway").into_iter().next());
            }
        }
        Ok(observed)
    }
}

/// A gateway of the resource; `None` for what is another's.
fn own(desired: &Desired, id: &ResourceId, object: &Object) -> Option<Gateway> {
    let tags = object.tags();
    let mark = mark_of(&tags)?;
    let is_own = mark.identity == desired.identity || desired.recorded.contains(id);
    let is_gateway = mark.identity.resource_type == ResourceType::NatGateway;
    let idle = object.property("idleTimeoutInMinutes").as_u64();
    (is_own && is_gateway).then_some(())?;
    Some(Gateway {
        mark,
        fixed: Fixed {
            sku: Sku::of(object)?,
            zone: object.zones().into_iter().next(),
            network: object.references("sourceVirtualNetwork").into_iter().next(),
        },
        idle_timeout: idle.and_then(|minutes| u8::try_from(minutes).ok()),
        addresses: SOURCES.iter().flat_map(|list| object.references(list)).map(|id| (id, None)).collect(),
        tags: without_identity(&tags),
        provisioning: object.provisioning(),
    })
}
