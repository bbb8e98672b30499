//! From what is wanted and what there is to an ordered list of operations. Pure.
//!
//! An address is in one NAT, and leaves it by being drained. So a NAT first gets what no other one of the resource has; the drains end; and
//! then the rest is given.

use std::collections::BTreeSet;

use egress_model::identity::Key;

use super::super::api::Nat;
use super::{Desired, Observed, Operation, Wanted, names};
use crate::Stages;

/// What has to be done; nothing where all is as wanted.
pub(super) fn plan(desired: &Desired, observed: &Observed) -> Stages<Operation> {
    let (mut first, mut drains, mut last) = (Vec::new(), Vec::new(), Vec::new());
    for (key, wanted) in &desired.gateways {
        let (nat, addresses) = (observed.nats.get(key), names(&wanted.addresses));
        let elsewhere = held_by_others(observed, key);
        let free: BTreeSet<String> = addresses.difference(&elsewhere).cloned().collect();
        let put = |addresses| {
            let (key, subnetworks) = (key.clone(), wanted.subnetworks.clone());
            Operation::Put { key, addresses, subnetworks }
        };
        // A NAT has an address at any time.
        if !free.is_empty() && nat.is_none_or(|nat| !is_like(nat, &free, wanted)) {
            first.push(put(free.clone()));
        }
        if free != addresses {
            last.push(put(addresses));
        }
        let leaving: BTreeSet<String> =
            nat.into_iter().flat_map(|nat| nat.ips.union(&nat.drain_ips)).cloned().collect();
        let leaving: BTreeSet<String> = leaving.difference(&free).cloned().collect();
        if !leaving.is_empty() {
            drains.push(Operation::EndDrain { key: key.clone(), addresses: leaving });
        }
    }
    let unwanted = observed.nats.keys().filter(|key| !desired.gateways.contains_key(*key));
    let remove = unwanted.map(|key| Operation::Remove { key: key.clone() });
    Stages::one_by_one(first.into_iter().chain(drains).chain(remove).chain(last))
}

fn is_like(nat: &Nat, addresses: &BTreeSet<String>, wanted: &Wanted) -> bool {
    nat.ips == *addresses && nat.subnetworks == wanted.subnetworks
}

fn held_by_others(observed: &Observed, key: &Key) -> BTreeSet<String> {
    let others = observed.nats.iter().filter(|(other, _)| *other != key).map(|(_, nat)| nat);
    others.flat_map(|nat| nat.ips.union(&nat.drain_ips)).cloned().collect()
}
