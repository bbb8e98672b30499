//! From what is wanted and what there is to an ordered list of operations. Pure.
//!
//! A gateway takes all its addresses in one PUT, so only what moves between two gateways has an order: it leaves the one before the other
//! asks for it. A gateway that takes another's place, for what is fixed differs, gets its addresses in two goes: of those that it has
//! from the other one stays there until the subnets have moved. Where there is no second address the subnets are without for a while.

use std::collections::{BTreeMap, BTreeSet};

use cloud::Stages;
use egress_model::identity::Key;

use super::{Desired, Gateway, Observed, Operation, Wanted};
use crate::id::ResourceId;
use crate::object::Provisioning;

/// What is to be done, and what the user is to know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The steps.
    pub steps: Stages<Operation>,
    /// The subnets that name a gateway of somebody else, and which.
    pub conflicts: BTreeMap<ResourceId, ResourceId>,
    /// The subnets that have no way out for a while.
    pub gaps: BTreeSet<ResourceId>,
}

impl From<Plan> for Stages<Operation> {
    fn from(plan: Plan) -> Self {
        plan.steps
    }
}

type Addresses = BTreeSet<ResourceId>;

/// What has to be done; nothing where all is as wanted.
pub(super) fn plan(desired: &Desired, observed: &Observed) -> Plan {
    let mut plan = Planner { desired, observed, kept: BTreeMap::new(), steps: Vec::new(), gaps: BTreeSet::new() };
    plan.hand_over();
    plan.put();
    let conflicts = plan.attach();
    plan.detach_and_delete();
    plan.complete();
    Plan { steps: Stages::one_by_one(plan.steps), conflicts, gaps: plan.gaps }
}

struct Planner<'a> {
    desired: &'a Desired,
    observed: &'a Observed,
    /// What a gateway that leaves keeps until its subnets have moved.
    kept: BTreeMap<&'a ResourceId, Addresses>,
    steps: Vec<Operation>,
    gaps: BTreeSet<ResourceId>,
}

impl Planner<'_> {
    fn is_kept(&self, id: &ResourceId, gateway: &Gateway) -> bool {
        let wanted = self.desired.gateways.get(&gateway.mark.key);
        let current = wanted.and_then(|wanted| self.observed.current(&gateway.mark.key, &wanted.fixed));
        current.is_some_and(|(current, _)| current == id)
    }

    fn subnets_of(&self, id: &ResourceId) -> BTreeSet<ResourceId> {
        let names = |(_, named): &(&ResourceId, &Option<ResourceId>)| named.as_ref() == Some(id);
        self.observed.subnets.iter().filter(names).map(|(subnet, _)| subnet.clone()).collect()
    }

    /// Takes off each gateway what another one of the resource is to have.
    fn hand_over(&mut self) {
        let observed = self.observed;
        for (id, gateway) in observed.gateways.iter().filter(|(_, gateway)| gateway.is_live()) {
            let is_kept = self.is_kept(id, gateway);
            let others = self.desired.gateways.iter().filter(|(key, _)| !is_kept || **key != gateway.mark.key);
            let wanted: BTreeSet<&ResourceId> = others.flat_map(|(_, wanted)| &wanted.addresses).collect();
            let (mut leave, mut stay): (Addresses, Addresses) =
                gateway.addresses.keys().cloned().partition(|address| wanted.contains(address));
            let subnets = self.subnets_of(id);
            let has_subnets = !subnets.is_empty();
            if has_subnets && stay.is_empty() && !is_kept && (leave.len() > 1 || self.heir_has_more(gateway, &leave)) {
                stay.extend(leave.pop_last());
                self.kept.insert(id, stay.clone());
            }
            if leave.is_empty() {
                continue;
            }
            if has_subnets && stay.is_empty() {
                self.gaps.extend(subnets);
            }
            self.steps.push(put(&gateway.mark.key, Some(id), stay));
        }
    }

    /// Whether the gateway that takes this one's place has an address beside these.
    fn heir_has_more(&self, gateway: &Gateway, leave: &Addresses) -> bool {
        self.desired.gateways.get(&gateway.mark.key).is_some_and(|heir| !heir.addresses.is_subset(leave))
    }

    fn held_back(&self) -> Addresses {
        self.kept.values().flatten().cloned().collect()
    }

    fn put(&mut self) {
        let (desired, observed, held_back) = (self.desired, self.observed, self.held_back());
        for (key, wanted) in &desired.gateways {
            let addresses: Addresses = wanted.addresses.difference(&held_back).cloned().collect();
            let current = observed.current(key, &wanted.fixed);
            if !current.is_some_and(|(_, gateway)| is_settled(desired, gateway, wanted, &addresses)) {
                self.steps.push(put(key, current.map(|(id, _)| id), addresses));
            }
        }
    }

    fn attach(&mut self) -> BTreeMap<ResourceId, ResourceId> {
        let (desired, observed, mut conflicts) = (self.desired, self.observed, BTreeMap::new());
        for (key, wanted) in &desired.gateways {
            let current = observed.current(key, &wanted.fixed).map(|(id, _)| id);
            for subnet in &wanted.subnets {
                match observed.subnets.get(subnet).and_then(Option::as_ref) {
                    Some(named) if current == Some(named) => {}
                    Some(named) if !observed.gateways.contains_key(named) && !desired.takes_from.contains(named) => {
                        conflicts.insert(subnet.clone(), named.clone());
                    }
                    _ => self.steps.push(Operation::Attach { subnet: subnet.clone(), key: key.clone() }),
                }
            }
        }
        conflicts
    }

    fn detach_and_delete(&mut self) {
        let (desired, observed) = (self.desired, self.observed);
        let attached: BTreeSet<&ResourceId> = desired.gateways.values().flat_map(|wanted| &wanted.subnets).collect();
        for (subnet, named) in &observed.subnets {
            let own = named.as_ref().filter(|named| observed.gateways.contains_key(*named));
            if let Some(gateway) = own.filter(|_| !attached.contains(subnet)) {
                self.steps.push(Operation::Detach { subnet: subnet.clone(), gateway: gateway.clone() });
            }
        }
        for (id, gateway) in &observed.gateways {
            if !self.is_kept(id, gateway) {
                self.steps.push(Operation::Delete { gateway: id.clone() });
            }
        }
    }

    /// Gives what was held back to the gateways that are to have it. Which they are is found when it is done: they may be new.
    fn complete(&mut self) {
        let held_back = self.held_back();
        for (key, wanted) in &self.desired.gateways {
            if !wanted.addresses.is_disjoint(&held_back) {
                let current = self.observed.current(key, &wanted.fixed).map(|(id, _)| id);
                self.steps.push(put(key, current, wanted.addresses.clone()));
            }
        }
    }
}

fn put(key: &Key, gateway: Option<&ResourceId>, addresses: Addresses) -> Operation {
    Operation::Put { key: key.clone(), gateway: gateway.cloned(), addresses }
}

fn is_settled(desired: &Desired, gateway: &Gateway, wanted: &Wanted, addresses: &Addresses) -> bool {
    gateway.provisioning == Provisioning::Succeeded
        && gateway.mark.identity == desired.identity
        && gateway.addresses.keys().eq(addresses)
        && (wanted.idle_timeout.is_none() || wanted.idle_timeout == gateway.idle_timeout)
        && wanted.tags.iter().all(|(name, value)| gateway.tags.get(name) == Some(value))
}
