//! What loses its way out.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use cloud_aws::nat_gateways::desired::{Desired, RouteKey};
use cloud_aws::nat_gateways::observed::{Observed, RouteTable};
use cloud_aws::nat_gateways::plan::forecast::{self, Fate};
use cloud_aws::nat_gateways::plan::{Plan, reasons_to_replace};
use tfplugin::cty::Path;
use tfplugin::{Diagnostic, Diagnostics};

use super::{aws, gateway_path, list};
use crate::resources::nat_gateway::aws::input::OnInterruption;

#[cfg(test)]
mod tests;

/// A route table with the subnets whose traffic follows it, such as `rtb-1 (subnet-1, subnet-2)`.
fn table_text(id: &str, observed: &Observed) -> String {
    let Some(table) = observed.tables.get(id) else { return id.to_owned() };
    let mut served: Vec<String> = table.subnets.iter().cloned().collect();
    if table.main {
        served.push(format!("the main table of {}, of every subnet without a table of its own", table.vpc));
    }
    if served.is_empty() { format!("{id} (of no subnet)") } else { format!("{id} ({})", served.join(", ")) }
}

/// A gateway with the public addresses from which its traffic leaves.
fn gateway_text(id: &str, observed: &Observed) -> String {
    let addresses = observed.gateway(id).into_iter().flat_map(|gateway| &gateway.addresses);
    let ips: Vec<String> = addresses.filter_map(|address| Some(address.public_ip?.to_string())).collect();
    if ips.is_empty() { id.to_owned() } else { format!("{id} ({})", ips.join(", ")) }
}

fn is_used(table: &str, observed: &Observed) -> bool {
    observed.tables.get(table).is_some_and(RouteTable::is_used)
}

/// One line for each table and gateway that loses routes permanently.
fn lost(plan: &Plan, observed: &Observed) -> Vec<String> {
    let mut lost: BTreeMap<(&str, &str), BTreeSet<String>> = BTreeMap::new();
    for ((table, destination), gateway) in plan.lost.iter().chain(&plan.stranded) {
        if is_used(table, observed) {
            lost.entry((table, gateway)).or_default().insert(destination.to_string());
        }
    }
    let line = |((table, gateway), destinations): ((&str, &str), BTreeSet<String>)| {
        let (table, gateway) = (table_text(table, observed), gateway_text(gateway, observed));
        format!("- {table} loses its route of {} to {gateway}.", list(&destinations))
    };
    lost.into_iter().map(line).collect()
}

/// One line for each table that has no way out for a few minutes.
fn interrupted(plan: &Plan, observed: &Observed) -> Vec<String> {
    let mut tables: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (table, destination) in &plan.interrupted {
        if is_used(table, observed) {
            tables.entry(table).or_default().insert(destination.to_string());
        }
    }
    let line = |(table, destinations): (&str, BTreeSet<String>)| {
        let table = table_text(table, observed);
        format!(
            "- {table} has no way out for {} until the new gateway is available, 3 to 5 minutes as a rule: the address that the new \
             gateway needs is on the old one, which has to go first.",
            list(&destinations)
        )
    };
    tables.into_iter().map(line).collect()
}

/// What a change of gateways that stay interrupts.
pub(in super::super) fn interruptions(plan: &Plan, observed: &Observed, on: OnInterruption) -> Option<Diagnostic> {
    let (lost, interrupted) = (lost(plan, observed), interrupted(plan, observed));
    if lost.is_empty() && interrupted.is_empty() {
        return None;
    }
    let mut detail = [lost.clone(), interrupted.clone()].concat().join("\n");
    detail.push_str("\n\nWhoever depends on this egress must hear of it first.");
    if on == OnInterruption::Warn {
        return Some(Diagnostic::warning("The change of the NAT gateways interrupts egress", detail).at(aws()));
    }
    detail.push_str(" If that is done, set on_interruption = \"warn\" together with this change.");
    if !lost.is_empty() {
        detail.push_str(
            " To move a route table without a gap, let its new target take the route over first (another egress_nat_gateway with \
             take_over_routes), apply, and then take the table out here.",
        );
    }
    if !interrupted.is_empty() {
        detail.push_str(" To avoid the gap, give the gateway a second address first, or have a gateway in another zone of this resource.");
    }
    let path = Path::attribute("on_interruption");
    Some(Diagnostic::error("The change of the NAT gateways would interrupt egress", detail).at(path))
}

/// What a destroy takes away.
pub(in super::super) fn destroyed(plan: &Plan, observed: &Observed) -> Option<Diagnostic> {
    let lines = lost(plan, observed);
    let cidrs = observed.view().egress_cidrs().unwrap_or_default();
    if lines.is_empty() && cidrs.is_empty() {
        return None;
    }
    let mut detail = match &lines[..] {
        [] => "No route table of a subnet routes to them.".to_owned(),
        lines => lines.join("\n"),
    };
    if !cidrs.is_empty() {
        let cidrs = cidrs.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let _ = write!(
            detail,
            "\n\nTheir addresses stay allocated to whoever holds them, such as an egress_ip_pool: {cidrs}."
        );
    }
    let summary = if lines.is_empty() {
        "The NAT gateways are destroyed"
    } else {
        "The NAT gateways are destroyed, and subnets lose their way out"
    };
    Some(Diagnostic::warning(summary, detail).at(aws()))
}

/// What cannot be said yet of gateways of which something is unknown.
pub(in super::super) fn undecided(desired: &Desired, observed: &Observed, on: OnInterruption) -> Diagnostics {
    let refuses = match on {
        OnInterruption::Error => {
            " If egress turns out to be interrupted, the apply changes nothing and says so, because on_interruption is \"error\"."
        }
        OnInterruption::Warn => " Egress may be interrupted for a few minutes.",
    };
    if desired.unknown.gateways {
        let detail = format!(
            "Which gateways there are to be depends on values that are known only after apply: one that stays wanted may be replaced, and \
             one that is not goes with its routes.{refuses}"
        );
        let known = !desired.recorded.gateways.is_empty();
        let diagnostic = Diagnostic::warning("Whether the NAT gateways are kept is not known yet", detail).at(aws());
        return known.then_some(diagnostic).into_iter().collect();
    }
    let undecided = desired.unknown.of.keys().filter_map(|key| {
        let at = gateway_path(key);
        match forecast::fate(desired, observed, key) {
            Fate::Open(gateway) => {
                let detail = format!(
                    "What {key} says depends on values that are known only after apply. If its subnet, its primary address or another part \
                     turns out to be one that AWS cannot change, {} is replaced by a new gateway in the same apply, in the order that keeps \
                     traffic flowing where that is possible.{refuses}",
                    gateway_text(&gateway.id, observed)
                );
                Some(Diagnostic::warning(format!("The NAT gateway of {key} may be replaced"), detail).at(at))
            }
            Fate::Replaced(gateway) => {
                let wanted = desired.gateways.get(key)?;
                let reasons = reasons_to_replace(gateway, &wanted.kind);
                let reasons: Vec<String> = reasons.iter().map(ToString::to_string).collect();
                let detail = format!(
                    "{} is replaced by a new gateway, because {}. Whether traffic can go on meanwhile depends on addresses that are known \
                     only after apply.{refuses} Open connections through it are cut.",
                    gateway_text(&gateway.id, observed),
                    reasons.join("; ")
                );
                Some(Diagnostic::warning(format!("The NAT gateway of {key} is replaced"), detail).at(at))
            }
            Fate::Kept(_) | Fate::Made => None,
        }
    });
    undecided.collect()
}

/// Gateways that stand in a subnet whose own traffic they should carry. `explicit` has the table of each subnet that has one of its own.
pub(in super::super) fn loops(
    desired: &Desired,
    observed: &Observed,
    explicit: &BTreeMap<String, String>,
) -> Diagnostics {
    let looping = |(table, destination): &RouteKey, subnet: &str| {
        let own = explicit.get(subnet).map(String::as_str);
        let main = || observed.tables.get(table).is_some_and(|table| table.main);
        (own == Some(table) || own.is_none() && main()).then(|| destination.to_string())
    };
    let routes = desired.routes();
    let mut found = Diagnostics::new();
    for (key, gateway) in &desired.gateways {
        let Some(subnet) = gateway.kind.subnet() else { continue };
        let mut tables: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for route in routes.iter().filter(|(_, of)| **of == key).map(|(route, _)| route) {
            if let Some(destination) = looping(route, subnet) {
                tables.entry(&route.0).or_default().insert(destination);
            }
        }
        for (table, destinations) in tables {
            let detail = format!(
                "The gateway of {key} stands in {subnet}, which follows {table}, and the route of {} in {table} would point to the gateway itself: what \
                 the gateway sends would come back to it, and nothing would leave. Put it into a subnet with a route table of its own, whose \
                 default route goes to an internet gateway (or, for private connectivity, to the other network); or take {table} out of \
                 route_table_ids.",
                list(&destinations)
            );
            let at = gateway_path(key).child("route_table_ids");
            found.push(Diagnostic::error(format!("The NAT gateway of {key} would route to itself"), detail).at(at));
        }
    }
    found
}

/// Another resource of the configuration has the same route.
pub(in super::super) fn shared(
    (table, destination): &RouteKey,
    key: &egress_model::identity::Key,
    other: &str,
) -> Diagnostic {
    let detail = format!(
        "{other} routes {destination} in {table} to a gateway too. A route has one target: the two would take it from each other with \
         every apply, and destroying one would cut the other's traffic. Name {table} in one of them only, or give them different \
         destinations. Terraform plans what is written before a destroy too: to destroy what there is first, run it with -refresh=false."
    );
    let at = gateway_path(key).child("route_table_ids");
    Diagnostic::error(format!("The route of {destination} in {table} is claimed twice"), detail).at(at)
}
