//! What loses its way out.

use std::fmt::Write as _;

use egress_model::identity::Key;
use egress_model::nat_gateway::{Gateway, View};
use tfplugin::cty::Path;
use tfplugin::{Diagnostic, Diagnostics};

use super::{block, gateway_text};
use crate::resources::nat_gateway::arguments::OnInterruption;
use crate::resources::nat_gateway::backend::{Ahead, Gateways, Open, Undecided};

/// What a change of gateways that stay interrupts.
pub(in super::super) fn interruptions(
    gateways: &dyn Gateways,
    ahead: &Ahead,
    on: OnInterruption,
) -> Option<Diagnostic> {
    let Ahead { lost, interrupted, .. } = ahead;
    if lost.is_empty() && interrupted.is_empty() {
        return None;
    }
    let mut detail = [lost.clone(), interrupted.clone()].concat().join("\n");
    detail.push_str("\n\nWhoever depends on this egress must hear of it first.");
    if on == OnInterruption::Warn {
        let summary = "The change of the NAT gateways interrupts egress";
        return Some(Diagnostic::warning(summary, detail).at(block(gateways)));
    }
    detail.push_str(" If that is done, set on_interruption = \"warn\" together with this change.");
    if !lost.is_empty() {
        detail.push_str(gateways.words().without_loss);
    }
    if !interrupted.is_empty() {
        detail.push_str(gateways.words().without_gap);
    }
    let path = Path::attribute("on_interruption");
    Some(Diagnostic::error("The change of the NAT gateways would interrupt egress", detail).at(path))
}

/// What a destroy takes away.
pub(super) fn destroyed(gateways: &dyn Gateways, ahead: &Ahead, view: &View) -> Option<Diagnostic> {
    let cidrs = view.egress_cidrs().unwrap_or_default();
    if ahead.lost.is_empty() && cidrs.is_empty() {
        return None;
    }
    let mut detail = match &ahead.lost[..] {
        [] => gateways.words().unused.to_owned(),
        lines => lines.join("\n"),
    };
    if !cidrs.is_empty() {
        let cidrs = cidrs.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let _ = write!(
            detail,
            "\n\nTheir addresses stay allocated to whoever holds them, such as an egress_ip_pool: {cidrs}."
        );
    }
    let summary = if ahead.lost.is_empty() {
        "The NAT gateways are destroyed"
    } else {
        "The NAT gateways are destroyed, and subnets lose their way out"
    };
    Some(Diagnostic::warning(summary, detail).at(block(gateways)))
}

/// What cannot be said yet of gateways of which something is unknown.
pub(in super::super) fn undecided(
    gateways: &dyn Gateways,
    ahead: &Ahead,
    all: &[(Key, Gateway)],
    on: OnInterruption,
) -> Diagnostics {
    let refuses = match on {
        OnInterruption::Error => {
            " If egress turns out to be interrupted, the apply changes nothing and says so, because on_interruption is \"error\"."
        }
        OnInterruption::Warn => " Egress may be interrupted for a few minutes.",
    };
    let open = match &ahead.undecided {
        Undecided::Of(open) => open,
        Undecided::All => {
            let detail = format!(
                "Which gateways there are to be depends on values that are known only after apply: one that stays \
                 wanted may be replaced, and one that is not goes with its routes.{refuses}"
            );
            let summary = "Whether the NAT gateways are kept is not known yet";
            return Diagnostic::warning(summary, detail).at(block(gateways)).into();
        }
    };
    let text = |id: &str| {
        let gateway = all.iter().find(|(_, gateway)| gateway.id == id);
        gateway.map_or_else(|| id.to_owned(), |(_, gateway)| gateway_text(gateway))
    };
    let diagnostic = |Open { key, gateway, reasons }: &Open| {
        let (gateway, fixed) = (text(gateway), gateways.words().fixed);
        let diagnostic = if reasons.is_empty() {
            let detail = format!(
                "What {key} says depends on values that are known only after apply. If {fixed}, {gateway} is \
                 replaced by a new gateway in the same apply, in the order that keeps traffic flowing where that is \
                 possible.{refuses}"
            );
            Diagnostic::warning(format!("The NAT gateway of {key} may be replaced"), detail)
        } else {
            let detail = format!(
                "{gateway} is replaced by a new gateway, because {}. Whether traffic can go on meanwhile depends on \
                 addresses that are known only after apply.{refuses} Open connections through it are cut.",
                reasons.join("; ")
            );
            Diagnostic::warning(format!("The NAT gateway of {key} is replaced"), detail)
        };
        diagnostic.at(gateways.path_of(key))
    };
    open.iter().map(diagnostic).collect()
}
