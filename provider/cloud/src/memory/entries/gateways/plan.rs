//! From what is wanted and what there is to an ordered list of operations. Pure.
//!
//! An address is bound before an entry has it, and leaves the entry before it is unbound; a gateway goes when nothing is bound to it. What
//! moves between two gateways leaves the one first.

use std::collections::BTreeSet;

use egress_model::identity::Key;

use super::super::api::Status;
use super::{Desired, Gateway, Observed, Operation, Wanted};
use crate::Stages;

/// What has to be done; nothing where all is as wanted.
pub(super) fn plan(desired: &Desired, observed: &Observed) -> Stages<Operation> {
    let mut steps = Vec::new();
    let awaited = observed.gateways.iter().filter(|(_, gateway)| gateway.status == Status::Coming);
    steps.extend(awaited.map(|(id, _)| Operation::Await { gateway: id.clone() }));
    for (id, gateway) in &observed.gateways {
        let moved = moved(desired, observed, id, gateway);
        if !moved.is_empty() {
            give_up(&mut steps, id, gateway, &moved);
        }
    }
    for (key, wanted) in &desired.gateways {
        become_wanted(&mut steps, desired, observed, key, wanted);
    }
    for (id, gateway) in &observed.gateways {
        if !is_kept(desired, observed, id, &gateway.key) {
            let gone = moved(desired, observed, id, gateway);
            retire(&mut steps, id, gateway, &gone);
        }
    }
    Stages::one_by_one(steps)
}

fn is_kept(desired: &Desired, observed: &Observed, id: &str, key: &Key) -> bool {
    desired.gateways.contains_key(key) && observed.current(key).is_some_and(|(current, _)| current == id)
}

/// What a gateway has and another one of the resource is to have.
fn moved(desired: &Desired, observed: &Observed, id: &str, gateway: &Gateway) -> BTreeSet<String> {
    let others = desired.gateways.iter().filter(|(key, _)| !is_kept(desired, observed, id, key));
    let wanted: BTreeSet<&String> = others.flat_map(|(_, wanted)| &wanted.addresses).collect();
    gateway.addresses.keys().filter(|address| wanted.contains(address)).cloned().collect()
}

/// Takes addresses off a gateway, the entries first.
fn give_up(steps: &mut Vec<Operation>, id: &str, gateway: &Gateway, addresses: &BTreeSet<String>) {
    for (vswitch, serves) in &gateway.entries {
        let rest: BTreeSet<String> = serves.addresses.difference(addresses).cloned().collect();
        if rest.is_empty() {
            steps.push(Operation::StopServing { gateway: id.to_owned(), vswitch: vswitch.clone() });
        } else if rest != serves.addresses {
            let (key, vswitch) = (gateway.key.clone(), vswitch.clone());
            steps.push(Operation::Serve { key, vswitch, addresses: rest });
        }
    }
    steps.extend(addresses.iter().map(|address| unbind(id, address)));
}

fn become_wanted(steps: &mut Vec<Operation>, desired: &Desired, observed: &Observed, key: &Key, wanted: &Wanted) {
    let current = observed.current(key);
    if current.is_none() {
        steps.push(Operation::Create { key: key.clone() });
    }
    let is_bound = |address: &&String| {
        let there = current.and_then(|(_, gateway)| gateway.addresses.get(*address));
        there.is_some_and(|bound| bound.status == Status::There)
    };
    for address in wanted.addresses.iter().filter(|address| !is_bound(address)) {
        steps.push(Operation::Bind { key: key.clone(), address: address.clone() });
    }
    let serves = current.and_then(|(_, gateway)| gateway.entries.get(&wanted.vswitch));
    if !serves.is_some_and(|serves| serves.status == Status::There && serves.addresses == wanted.addresses) {
        let (key, vswitch, addresses) = (key.clone(), wanted.vswitch.clone(), wanted.addresses.clone());
        steps.push(Operation::Serve { key, vswitch, addresses });
    }
    let Some((id, gateway)) = current else { return };
    let gone = moved(desired, observed, id, gateway);
    let leaving =
        gateway.addresses.keys().filter(|address| !wanted.addresses.contains(*address) && !gone.contains(*address));
    steps.extend(leaving.map(|address| unbind(id, address)));
    if gateway.identity != desired.identity {
        steps.push(Operation::Tag { key: key.clone(), gateway: id.clone() });
    }
}

/// In the order that the cloud demands.
fn retire(steps: &mut Vec<Operation>, id: &str, gateway: &Gateway, gone: &BTreeSet<String>) {
    for (vswitch, serves) in &gateway.entries {
        if !serves.addresses.is_subset(gone) {
            steps.push(Operation::StopServing { gateway: id.to_owned(), vswitch: vswitch.clone() });
        }
    }
    let bound = gateway.addresses.keys().filter(|address| !gone.contains(*address));
    steps.extend(bound.map(|address| unbind(id, address)));
    steps.push(Operation::Delete { gateway: id.to_owned() });
}

fn unbind(gateway: &str, address: &str) -> Operation {
    Operation::Unbind { gateway: gateway.to_owned(), address: address.to_owned() }
}
