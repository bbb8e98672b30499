//! From what is wanted and what there is to an ordered list of operations. Pure.
//!
//! A gateway takes all its addresses in one PUT, so only what moves between two gateways has an order: it leaves the one before the other
//! asks for it. A subnet is swapped from one gateway to another in one PUT. One that names a gateway of somebody else stays.

use std::collections::{BTreeMap, BTreeSet};

use egress_model::identity::Key;

use super::super::api::Provisioning;
use super::{Desired, Observed, Operation};
use crate::Stages;

/// What is to be done, and what stands in the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The steps.
    pub steps: Stages<Operation>,
    /// The subnets that name a gateway of somebody else, and which.
    pub conflicts: BTreeMap<String, String>,
}

impl From<Plan> for Stages<Operation> {
    fn from(plan: Plan) -> Self {
        plan.steps
    }
}

/// What has to be done; nothing where all is as wanted.
pub(super) fn plan(desired: &Desired, observed: &Observed) -> Plan {
    let (mut steps, mut conflicts) = (hand_over(desired, observed), BTreeMap::new());
    for (key, wanted) in &desired.gateways {
        let current = observed.current(key);
        let is_settled = current.is_some_and(|(_, gateway)| {
            let is_done = gateway.provisioning == Provisioning::Succeeded;
            is_done && gateway.has(&wanted.addresses) && gateway.identity == desired.identity
        });
        if !is_settled {
            let gateway = current.map(|(id, _)| id.clone());
            steps.push(Operation::Put { key: key.clone(), gateway, addresses: wanted.addresses.clone() });
        }
    }
    for (key, wanted) in &desired.gateways {
        let current = observed.current(key).map(|(id, _)| id);
        match observed.subnets.get(&wanted.subnet).cloned().flatten() {
            Some(named) if current == Some(&named) => {}
            Some(named) if !observed.gateways.contains_key(&named) => {
                conflicts.insert(wanted.subnet.clone(), named);
            }
            _ => steps.push(Operation::Attach { subnet: wanted.subnet.clone(), key: key.clone() }),
        }
    }
    let attached: BTreeSet<&String> = desired.gateways.values().map(|wanted| &wanted.subnet).collect();
    let own = |named: &String| observed.gateways.contains_key(named);
    for (subnet, named) in &observed.subnets {
        if let Some(gateway) = named.clone().filter(own).filter(|_| !attached.contains(subnet)) {
            steps.push(Operation::Detach { subnet: subnet.clone(), gateway });
        }
    }
    let leaving = observed.gateways.iter().filter(|(id, gateway)| !is_kept(desired, observed, id, &gateway.key));
    steps.extend(leaving.map(|(id, _)| Operation::Delete { gateway: id.clone() }));
    Plan { steps: Stages::one_by_one(steps), conflicts }
}

fn is_kept(desired: &Desired, observed: &Observed, id: &str, key: &Key) -> bool {
    desired.gateways.contains_key(key) && observed.current(key).is_some_and(|(current, _)| current == id)
}

/// Takes off each gateway what another one of the resource is to have.
fn hand_over(desired: &Desired, observed: &Observed) -> Vec<Operation> {
    let mut steps = Vec::new();
    for (id, gateway) in &observed.gateways {
        let others = desired.gateways.iter().filter(|(key, _)| !is_kept(desired, observed, id, key));
        let wanted: BTreeSet<&String> = others.flat_map(|(_, wanted)| &wanted.addresses).collect();
        let (leave, stay): (Vec<_>, Vec<_>) = gateway.addresses.keys().partition(|address| wanted.contains(address));
        if !leave.is_empty() && gateway.provisioning != Provisioning::Deleting {
            let addresses = stay.into_iter().cloned().collect();
            steps.push(Operation::Put { key: gateway.key.clone(), gateway: Some(id.clone()), addresses });
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::super::{Gateway, Wanted};
    use super::*;

    fn set(texts: &[&str]) -> BTreeSet<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    fn desired(gateways: &[(&str, &[&str])]) -> Desired {
        let wanted = |(key, addresses): &(&str, &[&str])| {
            (key.parse().expect("a key"), Wanted { subnet: format!("subnet-{key}"), addresses: set(addresses) })
        };
        let (owner, name) = ("acme".parse().expect("an owner"), "one".parse().expect("a name"));
        let resource_type = egress_model::identity::ResourceType::NatGateway;
        let identity = egress_model::identity::Identity { owner, resource_type, name };
        Desired { identity, gateways: gateways.iter().map(wanted).collect(), recorded: BTreeSet::new() }
    }

    /// All is as this is.
    fn observed(desired: &Desired) -> Observed {
        let mut observed = Observed::default();
        for (key, wanted) in &desired.gateways {
            let addresses = wanted.addresses.iter().map(|address| (address.clone(), None)).collect();
            let (key, identity) = (key.clone(), desired.identity.clone());
            let id = format!("id-{key}");
            observed.subnets.insert(wanted.subnet.clone(), Some(id.clone()));
            let provisioning = Provisioning::Succeeded;
            observed.gateways.insert(id, Gateway { key, identity, addresses, provisioning });
        }
        observed
    }

    fn texts(plan: &Plan) -> Vec<String> {
        plan.steps.iter().flatten().map(ToString::to_string).collect()
    }

    #[test]
    fn an_address_leaves_one_gateway_before_another_asks_for_it() {
        let observed = observed(&desired(&[("a", &["x", "y"]), ("b", &["z"])]));
        let plan = plan(&desired(&[("a", &["x", "z"]), ("b", &["y"])]), &observed);
        let update = |key: &str| format!("update id-{key}, the gateway of key \"{key}\"");
        assert_eq!(texts(&plan), [update("a"), update("b"), update("a"), update("b")]);
        let puts = plan.steps.iter().flatten().map(|step| match step {
            Operation::Put { addresses, .. } => addresses.clone(),
            other => panic!("{other:?}"),
        });
        assert_eq!(puts.collect::<Vec<_>>(), [set(&["x"]), set(&[]), set(&["x", "z"]), set(&["y"])]);
    }

    #[test]
    fn a_subnet_of_somebody_else_stays() {
        let mut observed = observed(&desired(&[("a", &["x"])]));
        observed.subnets.insert("subnet-b".to_owned(), Some("theirs".to_owned()));
        let plan = plan(&desired(&[("a", &["x"]), ("b", &["y"])]), &observed);
        assert_eq!(texts(&plan), ["create the gateway of key \"b\""]);
        assert_eq!(plan.conflicts, BTreeMap::from([("subnet-b".to_owned(), "theirs".to_owned())]));
    }
}
