//! Why a value does not fit.

use std::fmt;

use super::{Path, Step};
use crate::diagnostic::Diagnostic;

/// A value, or its encoding, that does not have the type it should have, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueError {
    /// The steps to the misfit, innermost first: callers add theirs on the way out, so that success pays nothing.
    steps: Vec<Step>,
    reason: String,
}

impl ValueError {
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self { steps: Vec::new(), reason: reason.into() }
    }

    /// What was needed, and what is there.
    pub(super) fn wanted(wanted: &str, found: &str) -> Self {
        Self::new(format!("{wanted} is required, not {found}"))
    }

    /// The same error, seen from the value around.
    #[must_use]
    pub(crate) fn within(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    /// The same error, seen from a set around: elements of a set have no address, so the path ends at the set.
    pub(crate) fn at_parent(mut self) -> Self {
        self.steps.clear();
        self
    }

    /// Where the misfit is, from the root of the value.
    pub fn path(&self) -> Path {
        self.steps.iter().rev().cloned().collect()
    }

    /// What does not fit.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// A message to the user, on the attribute at fault.
    pub fn into_diagnostic(self, summary: impl Into<String>) -> Diagnostic {
        let path = self.path();
        let diagnostic = Diagnostic::error(summary, format!("{self}."));
        if path.steps().is_empty() { diagnostic } else { diagnostic.at(path) }
    }
}

impl fmt::Display for ValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.steps.is_empty() {
            write!(f, "{}: ", self.path())?;
        }
        f.write_str(&self.reason)
    }
}

impl std::error::Error for ValueError {}
