//! What an apply would do on AWS.

use std::collections::{BTreeMap, BTreeSet};

use cloud_aws::nat_gateways::desired::Desired;
use cloud_aws::nat_gateways::observed::Observed;
use cloud_aws::nat_gateways::operation::{Operation, Target};
use cloud_aws::nat_gateways::plan::forecast::{self, Fate, Known};
use cloud_aws::nat_gateways::plan::{self, Plan, Reason, plan, reasons_to_replace, route_conflicts};
use egress_model::identity::Key;

use super::{routes, words};
use crate::resources::nat_gateway::backend::{Ahead, Open, Replacement, Stale, Undecided};

/// What an apply would do, as far as that is known. `known` are the gateways as the state has them.
pub(super) fn ahead(desired: &Desired, observed: &Observed, known: &BTreeMap<Key, Known>) -> Ahead {
    let plan = plan(&forecast::as_far_as_known(desired, observed), observed);
    let complete = desired.unknown.is_empty();
    let conflicts = if complete { plan.conflicts.clone() } else { route_conflicts(desired, observed) };
    let (mut makes, mut deletes) = (BTreeSet::new(), BTreeSet::new());
    for operation in &plan.operations {
        match operation {
            Operation::Create { key, .. } => _ = makes.insert(key.clone()),
            Operation::Delete { gateway, failed: false } => _ = deletes.insert(gateway.clone()),
            _ => {}
        }
    }
    Ahead {
        operations: plan.operations.iter().map(ToString::to_string).collect(),
        makes,
        deletes,
        changes: changed(&plan, desired, observed),
        replacements: plan.replacements.iter().map(replacement).collect(),
        undecided: undecided(desired, observed),
        conflicts: words::conflicts(&conflicts, desired),
        taken_over: plan.taken_over.iter().map(words::taken_over).collect(),
        stranded: plan.stranded.iter().map(|(route, gateway)| words::stranded(route, gateway)).collect(),
        lost: routes::lost(&plan, observed),
        interrupted: routes::interrupted(&plan, observed),
        stale: forecast::stale(desired, observed, known).into_iter().map(stale).collect(),
        held: plan.held,
    }
}

fn texts(reasons: &[Reason]) -> Vec<String> {
    reasons.iter().map(ToString::to_string).collect()
}

fn replacement(of: &plan::Replacement) -> Replacement {
    let (key, gateway) = (of.key.clone(), of.gateway.clone());
    Replacement { key, gateway, reasons: texts(&of.reasons), traffic: words::traffic(&of.traffic) }
}

fn undecided(desired: &Desired, observed: &Observed) -> Undecided {
    if desired.unknown.gateways && !desired.recorded.gateways.is_empty() {
        return Undecided::All;
    }
    if desired.unknown.gateways {
        return Undecided::default();
    }
    let open = desired.unknown.of.keys().filter_map(|key| {
        let (gateway, reasons) = match forecast::fate(desired, observed, key) {
            Fate::Open(gateway) => (gateway, Vec::new()),
            Fate::Replaced(gateway) => {
                let reasons = reasons_to_replace(gateway, &desired.gateways.get(key)?.kind);
                (gateway, texts(&reasons))
            }
            Fate::Kept(_) | Fate::Made => return None,
        };
        Some(Open { key: key.clone(), gateway: gateway.id.clone(), reasons })
    });
    Undecided::Of(open.collect())
}

fn stale(stale: forecast::Stale) -> Stale {
    match stale {
        forecast::Stale::Gone { key, gateway, now } => Stale::Gone { key, gateway, now },
        forecast::Stale::Address { key, gateway, address } => Stale::Address { key, gateway, address },
    }
}

/// The keys that the operations of a plan are about; all of them where it does not say.
fn changed(plan: &Plan, desired: &Desired, observed: &Observed) -> BTreeSet<Key> {
    let of_id = |id: &String| observed.gateway(id).map(|gateway| gateway.key.clone());
    let of_target = |target: &Target| match target {
        Target::Id(id) => of_id(id),
        Target::Made(key) => Some(key.clone()),
    };
    let key = |operation: &Operation| match operation {
        Operation::Create { key, .. } => Some(key.clone()),
        Operation::AwaitAvailable(gateway)
        | Operation::AwaitSettled(gateway)
        | Operation::Associate { gateway, .. }
        | Operation::Assign { gateway, .. }
        | Operation::Disassociate { gateway, .. }
        | Operation::Unassign { gateway, .. }
        | Operation::CreateRoute { gateway, .. }
        | Operation::ReplaceRoute { gateway, .. } => of_target(gateway),
        Operation::DeleteRoute { from, .. } => of_target(from),
        Operation::Delete { gateway, .. } | Operation::AwaitDeleted(gateway) | Operation::Tag { gateway, .. } => {
            of_id(gateway)
        }
    };
    let keys: BTreeSet<Key> =
        plan.operations.iter().filter_map(key).filter(|key| desired.gateways.contains_key(key)).collect();
    if keys.is_empty() { desired.gateways.keys().cloned().collect() } else { keys }
}
