//! The diagnostics about routes.

use std::collections::BTreeMap;

use cloud::{End, Error};
use cloud_aws::nat_gateways::desired::RouteKey;
use cloud_aws::steering::{Conflict, Plan};
use egress_engines::EngineName;
use egress_model::policy::Path as ModelPath;
use egress_model::via::Unroutable;
use tfplugin::cty::Path;
use tfplugin::{Diagnostic, Diagnostics};

use super::{at, route_text};
use crate::resources::cloud_error::{remedy, said};
use crate::resources::objects::outcome::attribute_path;
use crate::session::Adoption;

pub(super) fn no_gateway() -> Diagnostic {
    let detail = "Write nat_gateway = egress_nat_gateway.NAME or egress_gateway = egress_gateway.NAME, with the resource whose addresses the \
                  traffic is to leave from. Terraform drops \
                  attributes that it does not know here, so look for a misspelt name.";
    Diagnostic::error("via names no gateway", detail).at(at())
}

/// Routes are no objects of a cluster.
pub(in super::super) fn not_rendered() -> Diagnostic {
    let detail = "Its routes are made in a cloud's network, which only the resource egress_policy does. Leave via out to render the objects, \
                  which are the same without it.";
    Diagnostic::error("A policy that leaves through a NAT gateway cannot be rendered", detail)
        .at(at().child("nat_gateway"))
}

pub(super) fn two_gateways() -> Diagnostic {
    let detail = "It names an egress_nat_gateway and an egress_gateway, and traffic leaves through one. To give an in-cluster gateway fixed \
                  public addresses, point the default route of its nodes' subnets to the NAT gateway.";
    Diagnostic::error("via names two gateways", detail).at(at())
}

pub(super) fn egress_gateway() -> Path {
    at().child("egress_gateway")
}

pub(super) fn only_of_nat_gateways() -> Diagnostic {
    let detail = "It is about routes of a cloud's network, and an in-cluster egress_gateway has none. Leave it out.";
    Diagnostic::error("via.aws needs a nat_gateway", detail).at(at().child("aws"))
}

/// The engine cannot send other pods through a gateway that is there.
pub(super) fn no_second_way(engine: EngineName, why: &str) -> Diagnostic {
    let detail = format!(
        "On {engine}, {why}. Put the policy's pods into sources of the egress_gateway, and what it is for into its `to`; the policy then \
         needs no via."
    );
    Diagnostic::error(format!("The engine {engine} cannot send the traffic of a policy through a gateway"), detail)
        .at(egress_gateway())
}

pub(super) fn no_cloud() -> Diagnostic {
    let detail = "It has no aws attribute. Write the whole resource, such as egress_nat_gateway.partners; Terraform drops attributes that it \
                  does not know here, so look for a misspelt name.";
    Diagnostic::error("This is no NAT gateway on AWS", detail).at(at().child("nat_gateway"))
}

pub(super) fn no_tables() -> Diagnostic {
    let detail = "It has no route_table_ids, in none of its zones: nothing can be sent to it. Name the route tables of the nodes' subnets in \
                  the gateway's zones; with destination_cidrs = [] it serves the policies' destinations alone. Terraform drops attributes that it does \
                  not know here, so look for a misspelt name.";
    Diagnostic::error("The NAT gateway has no route tables", detail).at(at().child("nat_gateway"))
}

pub(super) fn no_tables_of(zone: &str) -> Diagnostic {
    let detail = "Its traffic to these destinations would leave from other addresses. Write the whole resource, such as \
                  egress_nat_gateway.partners, or the zone's route_table_ids, [] for none.";
    let path = at().child("nat_gateway").child("aws").child("zones").key(zone);
    Diagnostic::error(format!("The zone {zone} of the NAT gateway has no route_table_ids"), detail).at(path)
}

pub(super) fn no_destinations() -> Diagnostic {
    let detail = "It says neither destination_cidrs nor destination_prefix_list_ids, so it is not known what its own routes cover. Write the \
                  whole resource, such as egress_nat_gateway.partners, or destination_cidrs, [] for none.";
    let path = at().child("nat_gateway").child("aws").child("destination_cidrs");
    Diagnostic::error("The NAT gateway does not say what is routed to it", detail).at(path)
}

pub(super) fn no_prefix_list(id: &str) -> Diagnostic {
    let detail = format!("{id:?} is not the id of a managed prefix list, such as pl-0123456789abcdef0.");
    Diagnostic::error("The prefix list cannot be used", detail).at(at().child("aws").child("prefix_list_ids"))
}

/// Terraform shows no line of a rule, so the summary says which part is meant.
pub(super) fn unroutable(path: &ModelPath, why: &Unroutable) -> Diagnostic {
    let part = if *why == Unroutable::Nothing { "The policy".to_owned() } else { path.to_string() };
    Diagnostic::error(format!("{part} cannot be sent through the gateway of via"), format!("It {why}."))
        .at(attribute_path(path))
}

/// AWS is not configured, or not known even now.
pub(super) fn unavailable(why: Option<Diagnostic>) -> Diagnostic {
    let detail = match why {
        Some(diagnostic) => diagnostic.detail,
        None => "The provider's aws block depends on values that are known only after apply. Apply what they come from first."
            .to_owned(),
    };
    Diagnostic::error("Routes need AWS in the provider's configuration", detail).at(at())
}

pub(super) fn another_region(used: &str, wanted: &str) -> Diagnostic {
    let detail = format!(
        "The policy's routes are in {used}, and its gateway would be in {wanted}. Nothing was changed. Remove via in an apply of its own \
         first, or use the region of the routes."
    );
    Diagnostic::error("Routes cannot move to another region", detail).at(at())
}

pub(super) fn not_looked(error: &Error) -> Diagnostic {
    Diagnostic::error("The routes cannot be read", format!("{}. {}", said(error), remedy(error))).at(at())
}

/// Another resource of the configuration has the same route.
pub(super) fn shared((table, destination): &RouteKey, other: &str) -> Diagnostic {
    let detail = format!(
        "{other} routes {destination} in {table} to a gateway too. A table has one route for a destination, and destroying one of the two \
         would cut the other's traffic. Put {destination} into destination_cidrs of the gateway, of which every policy through it then \
         makes use, or name it in one of them only."
    );
    Diagnostic::error(format!("The route of {destination} in {table} is claimed twice"), detail).at(at())
}

pub(super) fn conflicts(plan: &Plan) -> Diagnostics {
    let conflicts = plan.conflicts.iter().map(|conflict| match conflict {
        Conflict::RouteTaken { route: (table, destination), target } => Diagnostic::error(
            format!("The route of {destination} in {table} points to {target}"),
            format!(
                "It should point to the NAT gateway of via, and is not of this policy. To have it swapped, atomically, add \
                 take_over_routes = [\"{target}\"] to via.aws; or take the destination out of the policy."
            ),
        ),
        Conflict::TableNotFound { table, key } => Diagnostic::error(
            format!("The route table {table} does not exist"),
            format!("It is one of the gateway's {key}, and not in this region and account. Correct route_table_ids of the gateway."),
        ),
        Conflict::WithinNetwork { destination, network } => Diagnostic::error(
            format!("{destination} is inside the VPC"),
            format!(
                "The VPC has {network}, whose traffic stays inside and leaves by no gateway. Move the block to a policy without via \
                 (policies add up), or leave it out."
            ),
        ),
    });
    conflicts.map(|diagnostic| diagnostic.at(at())).collect()
}

/// What a plan does that the user should know beforehand.
pub(super) fn notes(plan: &Plan, fresh: &[&RouteKey], adoption: Adoption) -> Diagnostics {
    let mut notes = Diagnostics::new();
    if !fresh.is_empty() {
        let mut tables: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (table, destination) in fresh {
            tables.entry(table).or_default().push(destination.to_string());
        }
        let lines: Vec<String> =
            tables.iter().map(|(table, destinations)| format!("  - {table}: {}", destinations.join(", "))).collect();
        let detail = format!(
            "AWS routes by destination, not by pod. Everything in the subnets of these route tables, other pods and the nodes \
             included, will reach these destinations through the gateway:\n\n{}\n\nTo send the traffic of some pods alone, use an in-cluster \
             egress_gateway, or give the pods subnets of their own.",
            lines.join("\n")
        );
        notes.push(Diagnostic::warning("The routes are for all that uses their tables", detail).at(at()));
    }
    for ((table, destination), from) in &plan.taken_over {
        let detail = format!(
            "The route of {destination} in {table} points to {from} now. It is swapped atomically to the gateway of via, as \
             take_over_routes says. Destroying this policy deletes the route; it does not point it back."
        );
        notes.push(
            Diagnostic::warning(format!("A route is taken over from {from}"), detail)
                .at(at().child("aws").child("take_over_routes")),
        );
    }
    if !plan.found.is_empty() {
        let routes: Vec<String> = plan.found.iter().map(route_text).collect();
        let detail = format!(
            "These point to the gateway already, and are not in the state: {}. That is what an interrupted apply leaves, and then it is \
             right. If somebody else made them, destroying this policy deletes them.",
            routes.join(", ")
        );
        let diagnostic = match adoption {
            // Routes have no time of their own, and are kept by nobody but this owner's policies.
            Adoption::Recent | Adoption::Automatic => Diagnostic::warning("Routes that exist will be adopted", detail),
            Adoption::Error => Diagnostic::error(
                "Routes that exist would be adopted",
                format!(
                    "{detail} The provider's adoption = \"error\" forbids to adopt them: delete them, or set it to \"automatic\"."
                ),
            ),
        };
        notes.push(diagnostic.at(at()));
    }
    notes
}

/// What exists after work on routes that failed.
pub(super) const REACHED: &str = "What was done is in the state; the next apply goes on from there.";

/// How the work on routes ended that did not reach what was planned.
pub(super) fn end(end: &End) -> Option<Diagnostic> {
    let undone = |left: &[String]| format!("Not done: {}.", left.join("; "));
    let after = REACHED;
    let diagnostic = match end {
        End::Done => return None,
        End::Stopped(left) => {
            Diagnostic::error("The change of the routes was interrupted", format!("{after} {}", undone(left)))
        }
        End::Expired(left) => Diagnostic::error("The routes took too long", format!("{after} {}", undone(left))),
        End::Failed { operation, error, remaining } => {
            let rest = if remaining.is_empty() { String::new() } else { format!(" {}", undone(remaining)) };
            Diagnostic::error(
                "The routes could not be made as planned",
                format!("Could not {operation}: {}. {}\n\n{after}{rest}", said(error), remedy(error)),
            )
        }
        End::Unsettled(left) => Diagnostic::error(
            "The routes could not be made as planned",
            format!("Somebody else seems to change the same routes. {after} {}", undone(left)),
        ),
    };
    Some(diagnostic.at(at()))
}
