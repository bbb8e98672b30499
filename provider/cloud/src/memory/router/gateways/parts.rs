//! What a resource changes in the list of NATs, with everything else as it was. Pure. `None` where nothing is left to change.

use std::collections::BTreeSet;

use super::super::api::Nat;

/// Gives the NAT these addresses and subnetworks, and lets those that leave drain. Its rules are policies', and stay.
pub(in super::super) fn put(
    nats: &[Nat],
    name: &str,
    addresses: &BTreeSet<String>,
    subnetworks: &BTreeSet<String>,
) -> Option<Vec<Nat>> {
    let change = |nat: &mut Nat| {
        nat.drain_ips.extend(std::mem::replace(&mut nat.ips, addresses.clone()));
        nat.drain_ips.retain(|address| !addresses.contains(address));
        nat.subnetworks.clone_from(subnetworks);
    };
    if nats.iter().any(|nat| nat.name == name) {
        return changed(nats, name, change);
    }
    let mut nat = Nat { name: name.to_owned(), ..Nat::default() };
    change(&mut nat);
    Some(nats.iter().cloned().chain([nat]).collect())
}

/// Takes addresses away that were drained.
pub(super) fn end_drain(nats: &[Nat], name: &str, addresses: &BTreeSet<String>) -> Option<Vec<Nat>> {
    changed(nats, name, |nat| nat.drain_ips.retain(|address| !addresses.contains(address)))
}

/// Takes the NAT away.
pub(super) fn remove(nats: &[Nat], name: &str) -> Option<Vec<Nat>> {
    let others: Vec<Nat> = nats.iter().filter(|nat| nat.name != name).cloned().collect();
    (others.len() < nats.len()).then_some(others)
}

/// Changes one NAT of the list.
pub(in super::super) fn changed(nats: &[Nat], name: &str, change: impl FnOnce(&mut Nat)) -> Option<Vec<Nat>> {
    let mut all = nats.to_vec();
    change(all.iter_mut().find(|nat| nat.name == name)?);
    (all != nats).then_some(all)
}
