//! What fails the calls of many resources at once, reported once in a run.
//!
//! Expired credentials, an endpoint that does not answer and a permission that is missing fail every resource in the same way. The
//! first resource that meets such a cause reports it in full. The others stay quiet where Terraform allows it: a refresh or a plan
//! that could not look is an error of the run already. An apply has to fail each resource; it then says in one line where the cause is
//! reported.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use tfplugin::{Diagnostic, Severity};

/// Why calls of more than one resource fail. `place` names what is called, such as `AWS in eu-west-1` or `the cluster at
/// https://10.0.0.1:6443`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cause {
    /// Nothing answers there.
    Unreachable {
        /// What is called.
        place: String,
    },
    /// The credentials are missing, expired or not accepted there.
    Credentials {
        /// What is called.
        place: String,
    },
    /// The credentials are accepted and do not allow an action.
    Denied {
        /// What is called.
        place: String,
        /// The action, in the service's own name for it, such as `DescribeAddresses`.
        action: String,
    },
    /// It cannot be called with what the provider's configuration and the environment say.
    Configuration {
        /// What would be called.
        place: String,
    },
    /// The user interrupted the run.
    Interrupted,
}

/// Which call of a resource failed, as far as that decides whether it may stay quiet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    /// A refresh. It answers with the state as it was.
    Refresh,
    /// A plan whose values without a look are valid whatever the look would have found: all that is computed is unknown, or is
    /// known without a look.
    PlanUnseen,
    /// A plan that knows less without a look. During an apply Terraform plans again, and takes it for a bug when what was known before
    /// no longer is.
    PlanSeen,
    /// An apply, or an import.
    Apply,
}

/// Why a call of a resource failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// The cause, if it is one that fails other resources as well.
    pub(crate) cause: Option<Cause>,
    /// What the first resource says that meets the cause.
    pub(crate) diagnostic: Diagnostic,
    /// What exists now and what was not started, as whole sentences that a later resource says beside the cause. Empty when nothing was
    /// changed.
    pub(crate) exists: String,
}

impl Failure {
    /// A failure with this cause before anything was changed.
    pub(crate) fn new(cause: Option<Cause>, diagnostic: Diagnostic) -> Self {
        Self { cause, diagnostic, exists: String::new() }
    }
}

impl From<Diagnostic> for Failure {
    fn from(diagnostic: Diagnostic) -> Self {
        Self::new(None, diagnostic)
    }
}

/// The causes that were met in a run, each with the resource that reported it.
#[derive(Debug, Default)]
pub(crate) struct Causes {
    reported: Mutex<BTreeMap<Cause, String>>,
    refreshed: AtomicBool,
}

impl Causes {
    /// Notes that Terraform refreshes a resource: this run is a plan, or the refresh before one, and not an apply.
    pub(crate) fn note_refresh(&self) {
        self.refreshed.store(true, Ordering::Relaxed);
    }

    /// What the failed call of a resource, such as `egress_ip_pool "partners"`, reports. A failure without a common cause is always
    /// reported in full. Of those with the same cause the first is, as an error whatever its severity was; the others are `None`, or
    /// one line that names the first.
    pub(crate) fn report(&self, failure: Failure, resource: &str, call: Call) -> Option<Diagnostic> {
        let Failure { cause, diagnostic, exists } = failure;
        let Some(cause) = cause else { return Some(diagnostic) };
        let mut reported = self.reported.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(first) = reported.get(&cause) else {
            reported.insert(cause, resource.to_owned());
            return Some(Diagnostic { severity: Severity::Error, ..diagnostic });
        };
        let quiet = match call {
            Call::Refresh | Call::PlanUnseen => true,
            Call::PlanSeen => self.refreshed.load(Ordering::Relaxed),
            Call::Apply => false,
        };
        if quiet {
            return None;
        }
        let space = if exists.is_empty() { "" } else { " " };
        let detail = format!("{cause}; the error of {first} has the details.{space}{exists}");
        Some(Diagnostic { severity: Severity::Error, detail, ..diagnostic })
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable { place } => write!(f, "There is no answer from {place}"),
            Self::Credentials { place } => write!(f, "The credentials do not work for {place}"),
            Self::Denied { place, action } => write!(f, "The credentials do not allow {action} in {place}"),
            Self::Configuration { place } => write!(f, "{place} cannot be used with this provider configuration"),
            Self::Interrupted => f.write_str("The run was interrupted"),
        }
    }
}

#[cfg(test)]
mod tests {
    use tfplugin::cty::Path;

    use super::*;

    fn expired() -> Cause {
        Cause::Credentials { place: "AWS in eu-west-1".to_owned() }
    }

    fn failure(cause: impl Into<Option<Cause>>) -> Failure {
        let diagnostic = Diagnostic::warning("Could not read the pool's addresses", "All that is known of it.");
        Failure::new(cause.into(), diagnostic.at(Path::attribute("addresses")))
    }

    const A: &str = "egress_ip_pool \"a\"";
    const B: &str = "egress_ip_pool \"b\"";

    #[test]
    fn the_first_reports_in_full_and_a_refresh_or_plan_after_it_is_quiet() {
        let causes = Causes::default();
        let first = causes.report(failure(expired()), A, Call::Refresh);
        let expected = Diagnostic::error("Could not read the pool's addresses", "All that is known of it.");
        assert_eq!(first, Some(expected.at(Path::attribute("addresses"))), "an error: the run did not look");
        for call in [Call::Refresh, Call::PlanUnseen] {
            assert_eq!(causes.report(failure(expired()), B, call), None, "{call:?}");
        }
    }

    #[test]
    fn a_plan_that_knows_less_is_quiet_only_in_a_run_that_refreshes() {
        let causes = Causes::default();
        causes.report(failure(expired()), A, Call::PlanSeen);
        assert!(causes.report(failure(expired()), B, Call::PlanSeen).is_some());
        causes.note_refresh();
        assert_eq!(causes.report(failure(expired()), B, Call::PlanSeen), None);
    }

    #[test]
    fn an_apply_names_the_first_and_says_what_exists() {
        let causes = Causes::default();
        causes.report(failure(expired()), A, Call::Apply);
        let exists = "The pool has no address now.".to_owned();
        let later = causes.report(Failure { exists, ..failure(expired()) }, B, Call::Apply);
        let detail = "The credentials do not work for AWS in eu-west-1; the error of egress_ip_pool \"a\" has the details. The pool has no \
                      address now.";
        let expected = Diagnostic::error("Could not read the pool's addresses", detail);
        assert_eq!(later, Some(expected.at(Path::attribute("addresses"))));
    }

    #[test]
    fn other_causes_and_failures_without_one_are_reported() {
        let causes = Causes::default();
        causes.report(failure(expired()), A, Call::Refresh);
        let denied = |action: &str| Cause::Denied { place: "AWS in eu-west-1".to_owned(), action: action.to_owned() };
        for cause in [None, None, Some(denied("DescribeAddresses")), Some(denied("DescribeNatGateways"))] {
            assert!(causes.report(failure(cause.clone()), B, Call::Refresh).is_some(), "{cause:?}");
        }
    }
}
