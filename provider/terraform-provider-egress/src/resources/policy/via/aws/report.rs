//! The diagnostics about routes on AWS.

use std::collections::{BTreeMap, BTreeSet};

use cloud_aws::nat_gateways::desired::RouteKey;
use cloud_aws::steering::{Conflict, Plan};
use tfplugin::{Diagnostic, Diagnostics};

use crate::resources::policy::via::at;

pub(super) fn no_tables() -> Diagnostic {
    let detail = "It has no route_table_ids, in none of its zones: nothing can be sent to it. Name the route tables \
                  of the nodes' subnets in the gateway's zones; with destination_cidrs = [] it serves the policies' \
                  destinations alone. Terraform drops attributes that it does not know here, so look for a misspelt \
                  name.";
    Diagnostic::error("The NAT gateway has no route tables", detail).at(at().child("nat_gateway"))
}

pub(super) fn no_tables_of(zone: &str) -> Diagnostic {
    let detail = "Its traffic to these destinations would leave from other addresses. Write the whole resource, \
                  such as egress_nat_gateway.partners, or the zone's route_table_ids, [] for none.";
    let path = at().child("nat_gateway").child("aws").child("zones").key(zone);
    Diagnostic::error(format!("The zone {zone} of the NAT gateway has no route_table_ids"), detail).at(path)
}

pub(super) fn no_destinations() -> Diagnostic {
    let detail = "It says neither destination_cidrs nor destination_prefix_list_ids, so it is not known what its \
                  own routes cover. Write the whole resource, such as egress_nat_gateway.partners, or \
                  destination_cidrs, [] for none.";
    let path = at().child("nat_gateway").child("aws").child("destination_cidrs");
    Diagnostic::error("The NAT gateway does not say what is routed to it", detail).at(path)
}

pub(super) fn no_prefix_list(id: &str) -> Diagnostic {
    let detail = format!("{id:?} is not the id of a managed prefix list, such as pl-0123456789abcdef0.");
    Diagnostic::error("The prefix list cannot be used", detail).at(at().child("aws").child("prefix_list_ids"))
}

/// Another resource of the run has the same route.
pub(super) fn shared(route: &str, other: &str) -> Diagnostic {
    let (table, destination) = route.split_once('_').unwrap_or((route, ""));
    let detail = format!(
        "{other} routes {destination} in {table} to a gateway too. A table has one route for a destination, and \
         destroying one of the two would cut the other's traffic. Put {destination} into destination_cidrs of the \
         gateway, of which every policy through it then makes use, or name it in one of them only."
    );
    Diagnostic::error(format!("The route of {destination} in {table} is claimed twice"), detail).at(at())
}

pub(super) fn conflicts(plan: &Plan) -> Diagnostics {
    let conflicts = plan.conflicts.iter().map(|conflict| match conflict {
        Conflict::RouteTaken { route: (table, destination), target } => Diagnostic::error(
            format!("The route of {destination} in {table} points to {target}"),
            format!(
                "It should point to the NAT gateway of via, and is not of this policy. To have it swapped, \
                 atomically, add take_over_routes = [\"{target}\"] to via.aws; or take the destination out of the \
                 policy."
            ),
        ),
        Conflict::TableNotFound { table, key } => Diagnostic::error(
            format!("The route table {table} does not exist"),
            format!("It is one of the gateway's {key}, and not in this region and account. Correct route_table_ids of the gateway."),
        ),
        Conflict::WithinNetwork { destination, network } => Diagnostic::error(
            format!("{destination} is inside the VPC"),
            format!(
                "The VPC has {network}, whose traffic stays inside and leaves by no gateway. Move the block to a \
                 policy without via (policies add up), or leave it out."
            ),
        ),
    });
    conflicts.map(|diagnostic| diagnostic.at(at())).collect()
}

/// What new routes mean for whatever else uses their tables.
pub(super) fn for_all_of_a_table(fresh: &BTreeSet<&RouteKey>) -> Option<Diagnostic> {
    let mut tables: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (table, destination) in fresh {
        tables.entry(table).or_default().push(destination.to_string());
    }
    let line = |(table, destinations): (&&str, &Vec<String>)| format!("  - {table}: {}", destinations.join(", "));
    let lines = tables.iter().map(line).collect::<Vec<_>>().join("\n");
    let detail = format!(
        "AWS routes by destination, not by pod. Everything in the subnets of these route tables, other pods and the \
         nodes included, will reach these destinations through the gateway:\n\n{lines}\n\nTo send the traffic of \
         some pods alone, use an in-cluster egress_gateway, or give the pods subnets of their own."
    );
    (!tables.is_empty()).then(|| Diagnostic::warning("The routes are for all that uses their tables", detail).at(at()))
}

/// Routes of others that are swapped to a gateway.
pub(super) fn taken_over(plan: &Plan) -> Diagnostics {
    let swapped = plan.taken_over.iter().map(|((table, destination), from)| {
        let detail = format!(
            "The route of {destination} in {table} points to {from} now. It is swapped atomically to the gateway of \
             via, as take_over_routes says. Destroying this policy deletes the route; it does not point it back."
        );
        let diagnostic = Diagnostic::warning(format!("A route is taken over from {from}"), detail);
        diagnostic.at(at().child("aws").child("take_over_routes"))
    });
    swapped.collect()
}
