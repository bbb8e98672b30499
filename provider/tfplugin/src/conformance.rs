//! Terraform's own checks of what a provider answers, made here first.
//!
//! Terraform rejects a plan that contradicts the configuration and a result that contradicts the plan (terraform,
//! `plans/objchange`: `AssertPlanValid` and `AssertObjectCompatible`). It can then only say that the provider has a bug; and a
//! rejected result may not be recorded. Found here, the mistake is named and the state is kept.

mod applied;
mod planned;
#[cfg(test)]
mod tests;

use crate::cty::{Path, Value};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::schema::Schema;

/// Checks a plan for a create or an update against the configuration and the state (null when creating).
pub fn check_plan(schema: &Schema, config: &Value, prior: &Value, planned: &Value) -> Diagnostics {
    let misfits = planned::misfits(schema, config, prior, planned);
    misfits.into_iter().map(|m| m.into_diagnostic("The provider planned what the configuration does not say")).collect()
}

/// Checks the state after a create or an update against what was planned. Neither may be null.
pub fn check_apply(schema: &Schema, planned: &Value, state: &Value) -> Diagnostics {
    let misfits = applied::misfits(schema, planned, state);
    misfits.into_iter().map(|m| m.into_diagnostic("The provider's result is not what it planned")).collect()
}

/// Something that the provider answered and Terraform would reject.
#[derive(Debug)]
struct Misfit {
    path: Path,
    reason: String,
}

impl Misfit {
    fn into_diagnostic(self, summary: &str) -> Diagnostic {
        let Self { path, reason } = self;
        let place = if path.steps().is_empty() { "The object".to_owned() } else { path.to_string() };
        let detail =
            format!("{place} {reason}. This is a bug in the provider, which should be reported to its developers.");
        let diagnostic = Diagnostic::error(summary, detail);
        if path.steps().is_empty() { diagnostic } else { diagnostic.at(path) }
    }
}
