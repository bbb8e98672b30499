//! Limits of AWS that a plan can see.

use std::collections::{BTreeMap, BTreeSet};

use cloud_aws::nat_gateways::desired::{DEFAULT_ADDRESS_QUOTA, DEFAULT_ZONE_QUOTA, Desired, Kind};
use cloud_aws::nat_gateways::observed::Observed;
use cloud_aws::nat_gateways::subnet::Subnet;
use egress_model::identity::Key;
use tfplugin::{Diagnostic, Diagnostics};

use super::input::{list, zone_path};
use super::words::address_path;
use crate::resources::nat_gateway::translate::Translate as _;

/// Limits of AWS that a plan can see.
pub(super) fn limits(desired: &Desired, observed: &Observed) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    let view = observed.view();
    for (key, gateway) in &desired.gateways {
        let addresses = gateway.kind.addresses();
        let has = view.gateways.get(key).map_or(0, |gateway| gateway.addresses.len());
        if matches!(gateway.kind, Kind::Public { .. }) && addresses.len() > DEFAULT_ADDRESS_QUOTA.max(has) {
            let detail = format!(
                "{key} is to have {}. The quota for Elastic IP addresses per public NAT gateway is \
                 {DEFAULT_ADDRESS_QUOTA} unless AWS has raised it for this account, and cannot be looked up. If it \
                 was not raised, the apply will fail.",
                addresses.len()
            );
            let at = cloud_aws::nat_gateways::Ec2Gateways::path_of(key).child("addresses");
            diagnostics.push(Diagnostic::warning("The addresses may exceed a quota", detail).at(at));
        }
        let groups: BTreeSet<String> =
            addresses.keys().filter_map(|id| observed.addresses.get(*id)?.border_group.clone()).collect();
        if matches!(gateway.kind, Kind::Public { .. }) && groups.len() > 1 {
            let detail = format!(
                "A gateway takes addresses of its zone's network border group only; these are of {}.",
                list(&groups)
            );
            let at = cloud_aws::nat_gateways::Ec2Gateways::path_of(key).child("addresses");
            diagnostics.push(Diagnostic::error(format!("The addresses of {key} do not fit together"), detail).at(at));
        }
    }
    diagnostics
}

/// The subnets in which a gateway is yet to be made, by zone.
pub(super) fn new_subnets(desired: &Desired, observed: &Observed) -> BTreeMap<Key, String> {
    let subnet = |(key, gateway): (&Key, &cloud_aws::nat_gateways::desired::Gateway)| {
        let (Kind::Public { subnet, .. } | Kind::Private { subnet, .. }) = &gateway.kind else { return None };
        let stands =
            observed.gateways.iter().any(|g| g.key == *key && g.state.is_live() && g.subnet.as_ref() == Some(subnet));
        (!stands).then(|| (key.clone(), subnet.clone()))
    };
    desired.gateways.iter().filter_map(subnet).collect()
}

/// Whether subnets exist and are in their zones.
pub(super) fn subnets(wanted: &BTreeMap<Key, String>, found: &BTreeMap<String, Subnet>) -> Diagnostics {
    let wrong = wanted.iter().filter_map(|(key, id)| {
        let at = zone_path(key.as_str()).child("subnet_id");
        match found.get(id) {
            None => Some(Diagnostic::error(
                format!("The subnet {id} does not exist"),
                format!("It is not in this region and account. Correct the subnet of {key}."),
            )
            .at(at)),
            Some(subnet) if subnet.zone != key.as_str() => Some(Diagnostic::error(
                format!("The subnet {id} is not in {key}"),
                format!(
                    "It is in {zone}. The keys of zones are the availability zones of their subnets: write {zone:?}, \
                     or another subnet.",
                    zone = subnet.zone
                ),
            )
            .at(at)),
            Some(_) => None,
        }
    });
    wrong.collect()
}

/// Zones in which there would be more gateways than an account may have that asked for no more. `made` are the gateways to be
/// made by zone, `there` those that are there, whoever's.
pub(super) fn zone_quotas(made: &BTreeMap<Key, usize>, there: &BTreeMap<String, usize>) -> Diagnostics {
    let warned = made.iter().filter_map(|(zone, made)| {
        let there = there.get(zone.as_str()).copied().unwrap_or_default();
        (there + made > DEFAULT_ZONE_QUOTA).then(|| {
            let detail = format!(
                "{zone} has {there} NAT gateways now, and this plan makes {made} more there. The quota \"NAT \
                 gateways per Availability Zone\" (vpc, L-FE5A380F) is {DEFAULT_ZONE_QUOTA} unless AWS has raised \
                 it for this account; the plan does not look that up. If it was not raised, the apply will fail \
                 with NatGatewayLimitExceeded."
            );
            Diagnostic::warning("The gateways may exceed a quota", detail).at(zone_path(zone.as_str()))
        })
    });
    warned.collect()
}

/// The zones whose addresses are of another network border group than one would expect: the region's for an availability
/// zone, which is named as the region with a letter. Only for these the zones have to be asked for.
pub(super) fn foreign_groups(desired: &Desired, observed: &Observed, region: &str) -> BTreeSet<String> {
    let is_plain = |zone: &str| zone.strip_prefix(region).is_some_and(|letter| letter.len() == 1);
    let placed = placed(desired, observed);
    let odd = placed.iter().filter(|(zone, _, _, group)| !is_plain(zone) || group != region);
    odd.map(|(zone, ..)| zone.clone()).collect()
}

/// Each known address with the zone that it is for, the gateway's key, and the address's group.
fn placed(desired: &Desired, observed: &Observed) -> Vec<(String, Key, String, String)> {
    let mut placed = Vec::new();
    for (key, gateway) in &desired.gateways {
        for (id, zone) in gateway.kind.addresses() {
            let group = observed.addresses.get(id).and_then(|address| address.border_group.clone());
            placed.extend(
                group.map(|group| (zone.unwrap_or(key.as_str()).to_owned(), key.clone(), id.to_owned(), group)),
            );
        }
    }
    placed
}

/// Addresses of another network border group than their zone's.
pub(super) fn border_groups(desired: &Desired, observed: &Observed, groups: &BTreeMap<String, String>) -> Diagnostics {
    let wrong = placed(desired, observed).into_iter().filter_map(|(zone, key, id, group)| {
        let wanted = groups.get(&zone).filter(|wanted| **wanted != group)?;
        let detail = format!(
            "The address is of the network border group {group}, and the zone {zone} is of {wanted}. AWS advertises \
             an address from its group only. Use an address that was allocated with network_border_group = \
             \"{wanted}\"."
        );
        let at = address_path(desired, &key, &id);
        Some(Diagnostic::error(format!("{id} cannot be used in {zone}"), detail).at(at))
    });
    wrong.collect()
}
