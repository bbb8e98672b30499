//! The diagnostics about routes.

use std::collections::BTreeSet;

use cloud::{End, Error};
use egress_engines::EngineName;
use egress_model::policy::Path as ModelPath;
use egress_model::via::Unroutable;
use tfplugin::Diagnostic;
use tfplugin::cty::Path;

use super::{BACKENDS, at};
use crate::clouds::{Cloud, Difference};
use crate::resources::cloud_error::{remedy, said};
use crate::resources::objects::outcome::attribute_path;
use crate::session::Adoption;

pub(super) fn no_gateway() -> Diagnostic {
    let detail = "Write nat_gateway = egress_nat_gateway.NAME or egress_gateway = egress_gateway.NAME, with the \
                  resource whose addresses the traffic is to leave from. Terraform drops attributes that it does \
                  not know here, so look for a misspelt name.";
    Diagnostic::error("via names no gateway", detail).at(at())
}

/// Routes are no objects of a cluster.
pub(in super::super) fn not_rendered() -> Diagnostic {
    let detail = "Its routes are made in a cloud's network, which only the resource egress_policy does. Leave via \
                  out to render the objects, which are the same without it.";
    Diagnostic::error("A policy that leaves through a NAT gateway cannot be rendered", detail)
        .at(at().child("nat_gateway"))
}

pub(super) fn two_gateways() -> Diagnostic {
    let detail = "It names an egress_nat_gateway and an egress_gateway, and traffic leaves through one. To give an \
                  in-cluster gateway fixed public addresses, point the default route of its nodes' subnets to the \
                  NAT gateway.";
    Diagnostic::error("via names two gateways", detail).at(at())
}

pub(super) fn egress_gateway() -> Path {
    at().child("egress_gateway")
}

pub(super) fn only_of_nat_gateways(cloud: &Cloud) -> Diagnostic {
    let detail = "It is about routes of a cloud's network, and an in-cluster egress_gateway has none. Leave it out.";
    Diagnostic::error(format!("via.{} needs a nat_gateway", cloud.name), detail).at(at().child(cloud.name))
}

/// The engine cannot send other pods through a gateway that is there.
pub(super) fn no_second_way(engine: EngineName, why: &str) -> Diagnostic {
    let detail = format!(
        "On {engine}, {why}. Put the policy's pods into sources of the egress_gateway, and what it is for into its \
         `to`; the policy then needs no via."
    );
    Diagnostic::error(format!("The engine {engine} cannot send the traffic of a policy through a gateway"), detail)
        .at(egress_gateway())
}

/// A gateway of no cloud that sends destinations through one.
pub(super) fn no_cloud() -> Diagnostic {
    let list = |text: fn(&Cloud) -> &'static str| {
        BACKENDS.iter().map(|backend| text(backend.cloud())).collect::<Vec<_>>().join(" or ")
    };
    let (names, titles) = (list(|cloud| cloud.name), list(|cloud| cloud.title));
    let detail = format!(
        "It has no {names} attribute. Write the whole resource, such as egress_nat_gateway.partners; Terraform \
         drops attributes that it does not know here, so look for a misspelt name."
    );
    Diagnostic::error(format!("This is no NAT gateway on {titles}"), detail).at(at().child("nat_gateway"))
}

/// A part of the policy that cannot be sent through a gateway, with what to do instead, as sentences. Terraform shows no line of a rule, so
/// the summary says which part is meant.
pub(super) fn unroutable(path: &ModelPath, why: &Unroutable, instead: &str) -> Diagnostic {
    let part = if *why == Unroutable::Nothing { "The policy".to_owned() } else { path.to_string() };
    let summary = format!("{part} cannot be sent through the gateway of via");
    Diagnostic::error(summary, format!("It {why}. {instead}")).at(attribute_path(path))
}

/// What to do about what no gateway takes, as a sentence, whatever the gateway.
pub(super) const MOVE_BLOCK: &str = "Move the block to a policy without via (policies add up), or leave it out.";

/// The same of a policy that is not enforced.
pub(super) const ENFORCE: &str = "Set mode = \"enforce\", or leave via out until then.";

/// The cloud is not configured, or not known even now.
pub(super) fn unavailable(cloud: &Cloud, why: Option<Diagnostic>) -> Diagnostic {
    let detail = why.map_or_else(
        || {
            format!(
                "The provider's {} block depends on values that are known only after apply. Apply what they come from first.",
                cloud.name
            )
        },
        |diagnostic| diagnostic.detail,
    );
    Diagnostic::error(format!("Routes need {} in the provider's configuration", cloud.title), detail).at(at())
}

pub(super) fn another_place(difference: Difference<'_>) -> Diagnostic {
    let Difference { part, one, other } = difference;
    cannot_move(part, one, other)
}

pub(super) fn another_cloud(one: &Cloud, other: &Cloud) -> Diagnostic {
    cannot_move("cloud", one.title, other.title)
}

fn cannot_move(part: &str, one: &str, other: &str) -> Diagnostic {
    let detail = format!(
        "The policy's routes are in {one}, and its gateway would be in {other}. Nothing was changed. Remove via in \
         an apply of its own first, or use the {part} of the routes."
    );
    Diagnostic::error(format!("Routes cannot move to another {part}"), detail).at(at())
}

pub(super) fn not_looked(error: &Error) -> Diagnostic {
    Diagnostic::error("The routes cannot be read", format!("{}. {}", said(error), remedy(error))).at(at())
}

/// Routes that are there, point to the gateway and are not in the state.
pub(super) fn adopted(found: &BTreeSet<String>, adoption: Adoption) -> Option<Diagnostic> {
    let routes = found.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    let detail = format!(
        "These point to the gateway already, and are not in the state: {routes}. That is what an interrupted apply \
         leaves, and then it is right. If somebody else made them, destroying this policy deletes them."
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
    (!found.is_empty()).then(|| diagnostic.at(at()))
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
