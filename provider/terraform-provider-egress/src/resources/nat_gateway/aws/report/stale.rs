//! The world is no longer what the state says.

use cloud_aws::nat_gateways::plan::forecast::Stale;
use egress_model::nat_gateway::State;
use tfplugin::Diagnostic;

use super::{aws, gateway_path};

const PLAN_AGAIN: &str = "Nothing was changed. Plan again, with a refresh (without -refresh=false): the new plan sees what there is now, and \
                          says what it does about it.";

/// Something that a plan relies on was changed since the state was read.
pub(in super::super) fn stale(stale: &Stale) -> Diagnostic {
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
            .at(gateway_path(key))
        }
        Stale::Address { key, gateway, address } => Diagnostic::error(
            format!("The addresses of the NAT gateway of {key} are no longer as they were planned"),
            format!("{address} of {gateway} was changed since the state was read, outside of this run. {PLAN_AGAIN}"),
        )
        .at(gateway_path(key).child("addresses")),
    }
}

/// Something that was planned was changed while the apply ran. What exists is in the state.
pub(in super::super) fn changed_meanwhile(what: &[String]) -> Diagnostic {
    let detail = format!(
        "{} The apply went on with what it found, and the state has what exists now. Plan again to see whether anything remains to be done.",
        what.join(" ")
    );
    Diagnostic::error("The NAT gateways were changed by somebody else during the apply", detail).at(aws())
}
