//! What routes carry, table by table.

use std::collections::{BTreeMap, BTreeSet};

use cloud_aws::nat_gateways::desired::{Desired, RouteKey};
use cloud_aws::nat_gateways::observed::{Observed, RouteTable};
use cloud_aws::nat_gateways::plan::Plan;
use tfplugin::{Diagnostic, Diagnostics};

use super::input::list;
use crate::resources::nat_gateway::translate::Translate as _;

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
pub(super) fn lost(plan: &Plan, observed: &Observed) -> Vec<String> {
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
pub(super) fn interrupted(plan: &Plan, observed: &Observed) -> Vec<String> {
    let mut tables: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (table, destination) in &plan.interrupted {
        if is_used(table, observed) {
            tables.entry(table).or_default().insert(destination.to_string());
        }
    }
    let line = |(table, destinations): (&str, BTreeSet<String>)| {
        let table = table_text(table, observed);
        format!(
            "- {table} has no way out for {} until the new gateway is available, 3 to 5 minutes as a rule: the \
             address that the new gateway needs is on the old one, which has to go first.",
            list(&destinations)
        )
    };
    tables.into_iter().map(line).collect()
}

/// Gateways that stand in a subnet whose own traffic they should carry. `explicit` has the table of each subnet that has one of its own.
pub(super) fn loops(desired: &Desired, observed: &Observed, explicit: &BTreeMap<String, String>) -> Diagnostics {
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
                "The gateway of {key} stands in {subnet}, which follows {table}, and the route of {} in {table} \
                 would point to the gateway itself: what the gateway sends would come back to it, and nothing would \
                 leave. Put it into a subnet with a route table of its own, whose default route goes to an internet \
                 gateway (or, for private connectivity, to the other network); or take {table} out of \
                 route_table_ids.",
                list(&destinations)
            );
            let at = cloud_aws::nat_gateways::Ec2Gateways::path_of(key).child("route_table_ids");
            found.push(Diagnostic::error(format!("The NAT gateway of {key} would route to itself"), detail).at(at));
        }
    }
    found
}
