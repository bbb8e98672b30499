//! Diagnostics of NAT gateways on AWS.

mod interruption;
mod limits;
mod ownership;
mod stale;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use cloud::{End, Error};
use cloud_aws::nat_gateways::desired::{Desired, RouteKey};
use cloud_aws::nat_gateways::observed::Observed;
use cloud_aws::nat_gateways::plan::{Conflict, Plan, Traffic};
use egress_model::identity::Key;
use tfplugin::cty::Path;
use tfplugin::{Diagnostic, Diagnostics};

use super::input::{list, path, route_text, zone_path};
use crate::resources::cloud_error::{self, remedy, said};
use crate::session::Failure;

pub(super) use interruption::{interruptions, loops, shared, undecided};
pub(super) use limits::{border_groups, foreign_groups, limits, new_subnets, subnets, zone_quotas};
pub(super) use ownership::{adoption, elsewhere, elsewhere_by_name, kept, moved, of_others, refused_rename};
pub(super) use stale::{changed_meanwhile, stale};

fn aws() -> Path {
    Path::attribute("aws")
}

/// A call that failed before anything was done.
pub(super) fn failure(summary: &str, error: &Error) -> Diagnostic {
    Diagnostic::error(summary, format!("{}. {}", said(error), remedy(error))).at(aws())
}

/// A check of the plan alone could not be made.
pub(super) fn unchecked(what: &str, error: &Error) -> Diagnostic {
    let detail = format!("{}. The plan goes on without; what is wrong there would fail in the apply.", said(error));
    Diagnostic::warning(format!("The plan could not be checked against {what}"), detail).at(aws())
}

/// What exists, for the end of a message.
fn exists(observed: &Observed) -> String {
    let view = observed.view();
    if view.gateways.is_empty() {
        return "No gateway exists now.".to_owned();
    }
    let gateways =
        view.gateways.iter().map(|(key, gateway)| format!("{key}: {} ({})", gateway.id, gateway.state.as_str()));
    format!("Gateways that exist now: {}.", gateways.collect::<Vec<_>>().join(", "))
}

fn not_done(left: &[String]) -> String {
    if left.is_empty() { String::new() } else { format!("\n\nNot done: {}.", left.join("; ")) }
}

/// What an import says of routes that it leaves to whoever made them.
pub(super) fn routes_left(routes: &BTreeSet<RouteKey>) -> Option<Diagnostic> {
    if routes.is_empty() {
        return None;
    }
    let routes: Vec<String> = routes.iter().map(route_text).collect();
    let detail = format!(
        "They go to the gateways and may be those of policies: {}. Where the gateways' own resource made them, write their destinations into \
         destination_cidrs, with 0.0.0.0/0 where that is served too; the next apply then records them.",
        routes.join(", ")
    );
    Some(Diagnostic::warning("Routes were not imported", detail).at(path("destination_cidrs")))
}

/// How an apply at `place` ended that did not reach what was planned.
pub(super) fn end(end: &End, place: &str, observed: &Observed, destroying: bool) -> Option<Failure> {
    let exists = exists(observed);
    let what = if destroying { "destroyed" } else { "made as planned" };
    let summary = format!("The NAT gateways could not be {what}");
    let diagnostic = match end {
        End::Done => return None,
        End::Stopped(left) => Diagnostic::error(
            "The change of the NAT gateways was interrupted",
            format!(
                "What had begun was finished; nothing new was started. {exists} The next apply goes on from there.{}",
                not_done(left)
            ),
        ),
        End::Expired(left) => Diagnostic::error(
            summary,
            format!(
                "The time that the timeouts block allows is over. {exists} The next apply goes on from there.{}",
                not_done(left)
            ),
        ),
        End::Failed { operation, error, remaining } => Diagnostic::error(
            summary,
            format!("Could not {operation}: {}. {}\n\n{exists}{}", said(error), remedy(error), not_done(remaining)),
        ),
        End::Unsettled(left) => Diagnostic::error(
            summary,
            format!(
                "Everything was done, and yet something is not as planned: somebody else seems to change the same objects. {exists}{}",
                not_done(left)
            ),
        ),
    };
    let exists = match end {
        End::Failed { remaining, .. } => format!("{exists}{}", not_done(remaining)),
        _ => exists,
    };
    Some(Failure { cause: cloud_error::cause_of_end(end, place), diagnostic: diagnostic.at(aws()), exists })
}

/// An interrupted creation.
pub(super) fn interrupted(left: &[String], observed: &Observed) -> Diagnostic {
    let detail = format!(
        "What had begun was finished; nothing new was started. {} The next apply goes on from there.{}",
        exists(observed),
        not_done(left)
    );
    Diagnostic::warning("The creation of the NAT gateways was interrupted", detail).at(aws())
}

/// Something is to be done although nothing that the user wrote differs.
pub(super) fn repair(plan: &Plan) -> Diagnostic {
    let steps: Vec<String> = plan.operations.iter().map(ToString::to_string).collect();
    let detail =
        format!("Something was changed outside of Terraform. The apply will put it right: {}.", steps.join("; "));
    Diagnostic::warning("The NAT gateways need a repair", detail).at(aws())
}

/// What a plan does that the user should know beforehand.
pub(super) fn notes(plan: &Plan, observed: &Observed, destroying: bool) -> Diagnostics {
    let mut notes = Diagnostics::new();
    for replacement in &plan.replacements {
        let reasons: Vec<String> = replacement.reasons.iter().map(ToString::to_string).collect();
        let traffic = match &replacement.traffic {
            Traffic::Kept => "The new gateway carries traffic before routes are swapped to it; egress is not interrupted.".to_owned(),
            Traffic::Detour(key) => format!(
                "An address cannot be on both, so traffic goes through the gateway of {key} meanwhile, and leaves from that one's \
                 addresses; egress is not interrupted."
            ),
            Traffic::Interrupted => {
                "Its address cannot be on both, and no other gateway of this resource can stand in: EGRESS IS INTERRUPTED from the \
                 deletion of the old gateway until the new one is available, 3 to 5 minutes as a rule. To avoid that, give it a second \
                 address first, or have a gateway in another zone of this resource."
                    .to_owned()
            }
        };
        let detail = format!(
            "{} is replaced by a new gateway, because {}. Its addresses stay the same as far as they are still wanted. {traffic} Open \
             connections through it are cut.",
            replacement.gateway,
            reasons.join("; "),
        );
        let at = gateway_path(&replacement.key);
        notes.push(Diagnostic::warning(format!("The NAT gateway of {} is replaced", replacement.key), detail).at(at));
    }
    for taken in &plan.taken_over {
        let (table, destination) = &taken.route;
        let detail = format!(
            "The route of {destination} in {table} points to {} now. It is swapped atomically to the gateway of {}, as take_over_routes says. \
             Destroying this resource deletes the route; it does not point it back.",
            taken.from, taken.key
        );
        notes.push(
            Diagnostic::warning(format!("A route is taken over from {}", taken.from), detail)
                .at(path("take_over_routes")),
        );
    }
    let stranded = plan.stranded.iter().filter(|_| !destroying);
    for ((table, destination), gateway) in stranded {
        let detail = format!(
            "The route of {destination} in {table} points to {gateway}, which is removed, and was not made by this resource. It will lead \
             nowhere (blackhole) until whoever made it changes it."
        );
        notes.push(Diagnostic::warning("A route of others will point nowhere", detail).at(aws()));
    }
    if destroying {
        notes.extend(interruption::destroyed(plan, observed));
    }
    notes
}

fn gateway_path(key: &Key) -> Path {
    if key.as_str() == cloud_aws::nat_gateways::desired::REGIONAL_KEY { aws() } else { zone_path(key.as_str()) }
}

/// Where an address is written.
fn address_path(desired: &Desired, key: &Key, address: &str) -> Path {
    let zone = desired.gateways.get(key).and_then(|gateway| *gateway.kind.addresses().get(address)?);
    zone.map_or_else(|| gateway_path(key), zone_path).child("addresses")
}

/// What stands in the way.
pub(super) fn conflicts(conflicts: &BTreeSet<Conflict>, desired: &Desired) -> Diagnostics {
    let conflicts = conflicts.iter().map(|conflict| match conflict {
        Conflict::AddressInUse { key, address, by } => Diagnostic::error(
            format!("{address} is in use"),
            format!("It is on {by}, which is not of this resource, and is never taken from there. Free it first, or use another address for {key}."),
        )
        .at(address_path(desired, key, address)),
        Conflict::AddressNotFound { key, address } => Diagnostic::error(
            format!("{address} does not exist"),
            format!(
                "The address that {key} should have is not in this region and account. It may have been released: if it was in an \
                 egress_ip_pool, the pool's plan says how to get it back."
            ),
        )
        .at(address_path(desired, key, address)),
        Conflict::RouteTaken { key, route: (table, destination), target } => Diagnostic::error(
            format!("The route of {destination} in {table} points to {target}"),
            format!(
                "It should point to the gateway of {key}, and is not of this resource. To have it swapped, atomically, add \
                 take_over_routes = [\"{target}\"]; or remove {table} from route_table_ids."
            ),
        )
        .at(gateway_path(key).child("route_table_ids")),
        Conflict::TableNotFound { key, table } => Diagnostic::error(
            format!("The route table {table} does not exist"),
            format!("It is not in this region and account. Correct route_table_ids of {key}."),
        )
        .at(gateway_path(key).child("route_table_ids")),
    });
    conflicts.collect()
}
