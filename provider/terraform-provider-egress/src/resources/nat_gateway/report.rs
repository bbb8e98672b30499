//! Diagnostics of NAT gateways on every cloud.

mod interruption;
mod ownership;

use std::collections::BTreeSet;

use cloud::{End, Error};
use egress_model::identity::Identity;
use egress_model::nat_gateway::{Gateway, State, View};
use tfplugin::cty::Path;
use tfplugin::{Diagnostic, Diagnostics};

use super::backend::{Ahead, Gateways, Stale};
use super::subject::Change;
use crate::clouds::{Cloud, Difference};
use crate::resources::cloud_error::{self, remedy, said};
use crate::session::Failure;

pub(super) use interruption::{interruptions, undecided};
pub(super) use ownership::{adoption, kept, of_others, refused_rename};

/// Where all of the gateways are written.
fn block(gateways: &dyn Gateways) -> Path {
    Path::attribute(gateways.place().cloud().name)
}

/// A gateway with the public addresses from which its traffic leaves.
fn gateway_text(gateway: &Gateway) -> String {
    let ips: Vec<String> = gateway.public_ips().map(|ip| ip.to_string()).collect();
    if ips.is_empty() { gateway.id.clone() } else { format!("{} ({})", gateway.id, ips.join(", ")) }
}

/// How the cloud is reached is not known yet.
pub(super) fn not_known_yet(cloud: &Cloud) -> Diagnostic {
    let detail = format!(
        "How {} is reached depends on values of the provider's {} block that are known only after apply. Apply what they come from first.",
        cloud.title, cloud.name
    );
    Diagnostic::error(format!("{} is not known yet", cloud.title), detail)
}

/// A call that failed before anything was done.
pub(super) fn unreadable(gateways: &dyn Gateways, error: &Error) -> Diagnostic {
    let detail = format!("{}. {}", said(error), remedy(error));
    Diagnostic::error("The NAT gateways cannot be read", detail).at(block(gateways))
}

/// A check of the plan alone could not be made.
pub(super) fn unchecked(cloud: &Cloud, what: &str, error: &Error) -> Diagnostic {
    let detail = format!("{}. The plan goes on without; what is wrong there would fail in the apply.", said(error));
    Diagnostic::warning(format!("The plan could not be checked against {what}"), detail).at(Path::attribute(cloud.name))
}

/// The place would be another one, without a replacement.
pub(super) fn moved(cloud: &Cloud, difference: &Difference<'_>) -> Diagnostic {
    let Difference { part, one, other } = difference;
    let detail = format!(
        "The gateways are in {one}, and would be in {other}. Nothing was changed. Write {}.{part} = \"{one}\" to \
         keep them; to move, make a new resource for {other}.",
        cloud.name
    );
    Diagnostic::error(format!("Gateways cannot move to another {part}"), detail).at(cloud.path(part))
}

/// The provider looks for a gateway in another account or place than the state has it in.
pub(super) fn elsewhere(cloud: &Cloud, was: &str, now: &str) -> Diagnostic {
    let detail = format!(
        "The state has a gateway as {was}, and with the provider's credentials and region of this run it would be \
         {now}. The gateway is not gone, and nothing was changed. Use the account and region of the gateways."
    );
    Diagnostic::error("The NAT gateways are in another account or region", detail).at(Path::attribute(cloud.name))
}

/// What an import asks for is not there. `missing` are the ids that it names.
pub(super) fn nothing_to_import(gateways: &dyn Gateways, identity: &Identity, missing: &[&String]) -> Diagnostic {
    let what = if missing.is_empty() {
        let example = gateways.words().example_import;
        format!("No live gateway carries the tags of {identity}. Name the gateways: `{example}`.")
    } else {
        let missing: Vec<&str> = missing.iter().map(|id| id.as_str()).collect();
        format!("{} is not there, failed or deleted.", missing.join(", "))
    };
    let cloud = gateways.place().cloud().name;
    let parts = gateways.place().parts();
    let parts: Vec<String> = parts
        .map(|(part, value)| {
            format!("The {part} is {value}; write `{cloud}.{part}=...` into the import id for another.")
        })
        .collect();
    Diagnostic::error("There is no NAT gateway to import", format!("{what} {}", parts.join(" ")))
}

/// What an import says of routes that it leaves to whoever made them.
pub(super) fn routes_left(gateways: &dyn Gateways, routes: &BTreeSet<String>) -> Option<Diagnostic> {
    if routes.is_empty() {
        return None;
    }
    let routes: Vec<&str> = routes.iter().map(String::as_str).collect();
    let (attribute, everything) = gateways.words().destinations;
    let detail = format!(
        "They go to the gateways and may be those of policies: {}. Where the gateways' own resource made them, \
         write their destinations into {attribute}, with {everything} where that is served too; the next apply then \
         records them.",
        routes.join(", ")
    );
    Some(Diagnostic::warning("Routes were not imported", detail).at(block(gateways).child(attribute)))
}

/// What exists, for the end of a message.
fn exists(view: &View) -> String {
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

/// How an apply ended that did not reach what was planned.
pub(super) fn end(gateways: &dyn Gateways, end: &End, view: &View, change: Change) -> Option<Failure> {
    let exists = exists(view);
    let what = if change == Change::Destroy { "destroyed" } else { "made as planned" };
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
    let cause = cloud_error::cause_of_end(end, &gateways.place().to_string());
    Some(Failure { cause, diagnostic: diagnostic.at(block(gateways)), exists })
}

/// An interrupted creation.
pub(super) fn interrupted(gateways: &dyn Gateways, left: &[String], view: &View) -> Diagnostic {
    let detail = format!(
        "What had begun was finished; nothing new was started. {} The next apply goes on from there.{}",
        exists(view),
        not_done(left)
    );
    Diagnostic::warning("The creation of the NAT gateways was interrupted", detail).at(block(gateways))
}

/// Something is to be done although nothing that the user wrote differs.
pub(super) fn repair(gateways: &dyn Gateways, ahead: &Ahead) -> Diagnostic {
    let detail = format!(
        "Something was changed outside of Terraform. The apply will put it right: {}.",
        ahead.operations.join("; ")
    );
    Diagnostic::warning("The NAT gateways need a repair", detail).at(block(gateways))
}

/// What a plan does that the user should know beforehand.
pub(super) fn notes(gateways: &dyn Gateways, ahead: &Ahead, change: Change, view: &View) -> Diagnostics {
    let mut notes = Diagnostics::new();
    for replacement in &ahead.replacements {
        let detail = format!(
            "{} is replaced by a new gateway, because {}. Its addresses stay the same as far as they are still \
             wanted. {} Open connections through it are cut.",
            replacement.gateway,
            replacement.reasons.join("; "),
            replacement.traffic,
        );
        let at = gateways.path_of(&replacement.key);
        notes.push(Diagnostic::warning(format!("The NAT gateway of {} is replaced", replacement.key), detail).at(at));
    }
    notes.extend(ahead.taken_over.clone());
    match change {
        Change::Destroy => notes.extend(interruption::destroyed(gateways, ahead, view)),
        Change::Create | Change::Update => notes.extend(ahead.stranded.clone()),
    }
    notes
}

const PLAN_AGAIN: &str = "Nothing was changed. Plan again, with a refresh (without -refresh=false): the new plan \
                          sees what there is now, and says what it does about it.";

/// The error where the world is no longer what the state says, so that what was planned would not come.
pub(super) fn refuse_stale(gateways: &dyn Gateways, ahead: &Ahead) -> Result<(), Diagnostics> {
    let stale = ahead.stale.iter().map(|stale| self::stale(gateways, stale));
    if ahead.stale.is_empty() { Ok(()) } else { Err(stale.collect()) }
}

/// Something that a plan relies on was changed since the state was read.
fn stale(gateways: &dyn Gateways, stale: &Stale) -> Diagnostic {
    match stale {
        Stale::Gone { key, gateway, now } => {
            let now = match now {
                None | Some(State::Deleted) => "was deleted".to_owned(),
                Some(State::Dead { code, message }) => format!("has failed ({code}: {message})"),
                Some(other) => format!("is {}", other.as_str()),
            };
            Diagnostic::error(
                format!("The NAT gateway of {key} is no longer as it was planned"),
                format!("{gateway} {now} since the state was read, outside of this run. {PLAN_AGAIN}"),
            )
            .at(gateways.path_of(key))
        }
        Stale::Address { key, gateway, address } => Diagnostic::error(
            format!("The addresses of the NAT gateway of {key} are no longer as they were planned"),
            format!("{address} of {gateway} was changed since the state was read, outside of this run. {PLAN_AGAIN}"),
        )
        .at(gateways.path_of(key).child("addresses")),
    }
}

/// Something that was planned was changed while the apply ran. What exists is in the state.
pub(super) fn changed_meanwhile(gateways: &dyn Gateways, what: &[String]) -> Diagnostic {
    let detail = format!(
        "{} The apply went on with what it found, and the state has what exists now. Plan again to see whether \
         anything remains to be done.",
        what.join(" ")
    );
    Diagnostic::error("The NAT gateways were changed by somebody else during the apply", detail).at(block(gateways))
}
