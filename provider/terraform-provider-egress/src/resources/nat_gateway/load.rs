//! Whether the addresses carry the load.

use egress_model::nat_gateway::capacity::{Need, Verdict};
use tfplugin::cty::{Path, Value};
use tfplugin::{Diagnostic, Diagnostics};

use super::arguments::Arguments;
use super::backend::Backend;

/// What the load of a resource with this value needs; `None` without one, or while it is not known.
pub(super) fn need(arguments: &Arguments, cloud: &dyn Backend, value: &Value) -> Option<Need> {
    Some(arguments.load()?.need(cloud.capacity(value)))
}

/// Whether the addresses carry the load.
pub(super) fn judge(arguments: &Arguments, cloud: &dyn Backend, value: &Value) -> Diagnostics {
    let Some(need) = need(arguments, cloud, value) else { return Diagnostics::new() };
    let judged = cloud.address_counts(value).into_iter().filter_map(|(key, (count, path))| {
        let carried = need.carried_by(count);
        let has = format!("The gateway of {key} has {count}, which carry {carried} simultaneous connections to one destination.");
        let diagnostic = match need.verdict(count) {
            Verdict::Enough => return None,
            Verdict::NoSpare => Diagnostic::warning(
                format!("The gateway of {key} has fewer spare addresses than expected_load asks for"),
                format!("{need}. {has} The load itself fits."),
            ),
            Verdict::TooFew => Diagnostic::error(
                format!("The gateway of {key} has too few addresses for expected_load"),
                format!("{need}. {has} Beyond that new connections fail. Add addresses, or correct expected_load."),
            ),
            Verdict::Impossible => Diagnostic::error(
                "No gateway can carry expected_load",
                format!(
                    "{need}, and a gateway can have at most {}. Spread the load over more gateways, or over more destination \
                     addresses.",
                    cloud.capacity(value).addresses_per_gateway
                ),
            ),
        };
        Some(diagnostic.at(path))
    });
    judged.collect()
}

/// What is wrong with the load itself.
pub(super) fn validate(arguments: &Arguments) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    let Some(load) = arguments.expected_load.known() else { return diagnostics };
    let path = Path::attribute("expected_load");
    if let Some(peak) = load.peak_connections_per_destination.known().filter(|peak| **peak < 1) {
        let detail =
            format!("It is {peak}; a load has at least 1 connection. Leave expected_load out when it is not known.");
        let diagnostic = Diagnostic::error("The peak of connections cannot be used", detail);
        diagnostics.push(diagnostic.at(path.child("peak_connections_per_destination")));
    }
    if let Some(spare) = load.spare_addresses.known().filter(|spare| u32::try_from(**spare).is_err()) {
        let diagnostic = Diagnostic::error(
            "The number of spare addresses cannot be used",
            format!("It is {spare}; write 0 or more."),
        );
        diagnostics.push(diagnostic.at(path.child("spare_addresses")));
    }
    diagnostics
}
