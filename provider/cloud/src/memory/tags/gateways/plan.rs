//! From what is wanted and what there is to an ordered list of operations. Pure.
//!
//! New before old: a gateway that takes over is made, grown and routed to before the one that it replaces goes. An address can be on one
//! gateway only, so a new gateway begins with one that is free. Where none is, one is taken off the old gateway first; and only where it is
//! that one's first address the old gateway goes before the new one is there.

use egress_model::identity::Key;

use super::super::api::{Phase, Status};
use super::{Desired, Gateway, Member, Observed, Operation, Wanted};
use crate::Stages;

/// What has to be done; nothing where all is as wanted.
pub(super) fn plan(desired: &Desired, observed: &Observed) -> Stages<Operation> {
    let mut planner = Planner { desired, now: observed.clone(), steps: Vec::new() };
    planner.settle();
    loop {
        let before = planner.steps.len();
        planner.create();
        planner.grow();
        planner.route();
        planner.retire();
        planner.shrink();
        if planner.steps.len() == before && !planner.unblock() {
            break;
        }
    }
    planner.tag();
    Stages::one_by_one(planner.steps)
}

/// Plays each step that it plans on what it knows.
struct Planner<'a> {
    desired: &'a Desired,
    now: Observed,
    steps: Vec<Operation>,
}

impl<'a> Planner<'a> {
    /// The wanted gateways, with the ids of those that are there.
    fn wanted(&self) -> Vec<(&'a Key, &'a Wanted, Option<String>)> {
        let current = |key, wanted| self.now.current(key, wanted).cloned();
        self.desired.gateways.iter().map(|(key, wanted)| (key, wanted, current(key, wanted))).collect()
    }

    /// Finishes what a run began that was interrupted, and cleans up what could not be made.
    fn settle(&mut self) {
        for (id, gateway) in self.now.gateways.clone() {
            if matches!(gateway.phase, Phase::Failed(_) | Phase::Deleting) {
                self.delete(&id);
                continue;
            }
            if gateway.phase == Phase::Pending {
                self.steps.push(Operation::Await { key: gateway.key.clone(), gateway: id.clone() });
                continue;
            }
            for address in gateway.addresses.iter().skip(1).filter(|address| address.status != Status::Succeeded) {
                self.disassociate(&id, &address.allocation);
            }
        }
    }

    fn create(&mut self) {
        for (key, wanted, current) in self.wanted() {
            if current.is_some() {
                continue;
            }
            let Some(primary) = wanted.addresses.iter().find(|address| self.now.free.contains(*address)) else {
                continue;
            };
            self.now.free.remove(primary);
            let gateway = Gateway {
                key: key.clone(),
                identity: self.desired.identity.clone(),
                subnet: wanted.subnet.clone(),
                phase: Phase::Available,
                addresses: vec![member(primary)],
            };
            self.now.gateways.insert(format!("the new gateway of {key}"), gateway);
            let (key, subnet, primary) = (key.clone(), wanted.subnet.clone(), primary.clone());
            self.steps.push(Operation::Create { key, subnet, primary });
        }
    }

    fn grow(&mut self) {
        for (key, wanted, current) in self.wanted() {
            let Some(gateway) = current.and_then(|id| self.now.gateways.get_mut(&id)) else { continue };
            for address in &wanted.addresses {
                if self.now.free.remove(address) {
                    gateway.addresses.push(member(address));
                    self.steps.push(Operation::Associate { key: key.clone(), address: address.clone() });
                }
            }
        }
    }

    fn route(&mut self) {
        for (key, wanted, current) in self.wanted() {
            let Some(id) = current.filter(|id| self.now.routes.get(&wanted.table) != Some(id)) else { continue };
            self.now.routes.insert(wanted.table.clone(), id);
            self.steps.push(Operation::Route { table: wanted.table.clone(), key: key.clone() });
        }
    }

    /// Deletes the gateways that no key has any more, and those whose successor is there.
    fn retire(&mut self) {
        for (id, gateway) in self.now.gateways.clone() {
            let goes = match self.desired.gateways.get(&gateway.key) {
                Some(wanted) => self.now.current(&gateway.key, wanted).is_some_and(|current| *current != id),
                None => true,
            };
            if !goes {
                continue;
            }
            let routes: Vec<String> =
                self.now.routes.iter().filter(|(_, target)| **target == id).map(|(table, _)| table.clone()).collect();
            for table in routes {
                self.now.routes.remove(&table);
                self.steps.push(Operation::Unroute { table, gateway: id.clone() });
            }
            self.delete(&id);
        }
    }

    fn shrink(&mut self) {
        for (_, wanted, current) in self.wanted() {
            let Some(id) = current else { continue };
            let addresses = self.now.gateways[&id].addresses.clone();
            for address in addresses.iter().filter(|address| !wanted.addresses.contains(&address.allocation)) {
                self.disassociate(&id, &address.allocation);
            }
        }
    }

    /// Frees an address for a gateway that cannot begin without; whether there was one to free.
    fn unblock(&mut self) -> bool {
        let waiting = self.wanted().into_iter().filter(|(_, _, current)| current.is_none());
        let mut addresses = waiting.flat_map(|(_, wanted, _)| &wanted.addresses);
        let Some((id, address)) = addresses.find_map(|address| {
            let holder = self.now.gateways.iter().find(|(_, gateway)| gateway.is_live() && gateway.has(address));
            holder.map(|(id, _)| (id.clone(), address))
        }) else {
            return false;
        };
        if self.now.gateways[&id].addresses.first().is_some_and(|first| first.allocation == *address) {
            self.delete(&id);
        } else {
            self.disassociate(&id, address);
        }
        true
    }

    fn tag(&mut self) {
        for (key, _, current) in self.wanted() {
            if let Some(gateway) = current.filter(|id| self.now.gateways[id].identity != self.desired.identity) {
                self.steps.push(Operation::Tag { key: key.clone(), gateway });
            }
        }
    }

    fn delete(&mut self, id: &str) {
        let gone =
            self.now.gateways.remove(id).into_iter().filter(|gateway| !matches!(gateway.phase, Phase::Failed(_)));
        self.now.free.extend(gone.flat_map(|gateway| gateway.addresses).map(|address| address.allocation));
        self.steps.push(Operation::Delete { gateway: id.to_owned() });
    }

    fn disassociate(&mut self, id: &str, address: &str) {
        if let Some(gateway) = self.now.gateways.get_mut(id) {
            gateway.addresses.retain(|member| member.allocation != address);
        }
        self.now.free.insert(address.to_owned());
        self.steps.push(Operation::Disassociate { gateway: id.to_owned(), address: address.to_owned() });
    }
}

fn member(address: &str) -> Member {
    Member { allocation: address.to_owned(), ip: None, status: Status::Succeeded }
}
