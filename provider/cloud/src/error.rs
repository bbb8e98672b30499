//! What went wrong with a call to a cloud, in classes that a plan or a retry can act on.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// What a failed call means. Decided from the cloud's error code, never from its message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// The object does not exist (or is not visible yet).
    NotFound,
    /// Another change of the object, or of what it is part of, is under way; the call had no effect, and will work when that is over.
    Busy,
    /// Something else uses the object, and has to go first.
    InUse,
    /// The object is in a state, or was changed by somebody else, such that the call cannot be done.
    Conflict,
    /// Too many calls; the call had no effect, and the same call will work later.
    Throttled,
    /// A limit of the account is reached; only the user can raise it.
    QuotaExceeded,
    /// The cloud, a pool or a network has none left, whatever the account's limits are.
    Exhausted,
    /// The credentials are missing, expired or not accepted: no call will work with them.
    Credentials,
    /// The credentials are accepted but do not allow this call.
    Denied,
    /// The cloud cannot do this at all.
    Unsupported,
    /// The cloud failed; the call may or may not have had its effect.
    Transient,
    /// There was no answer that could be read; the call may or may not have had its effect.
    Unreachable,
    /// The user interrupted the run while the call was under way or waited for; it may or may not have had its effect.
    Interrupted,
    /// What was waited for did not happen in the time that the resource has.
    Expired,
    /// Anything else: the request is wrong, or the code is not known.
    Other,
}

/// A failed call.
#[derive(Clone, Debug, thiserror::Error)]
pub struct Error {
    /// What it means.
    pub class: Class,
    /// The call, in the cloud's own name for it, such as `AllocateAddress`.
    pub operation: &'static str,
    /// The cloud's own error code, such as `AddressLimitExceeded`; empty when the call got no answer.
    pub code: String,
    /// The cloud's own message.
    pub message: String,
    /// The cloud's request id, for a support case.
    pub request_id: Option<Box<str>>,
    /// What else the cloud said, if it did.
    pub hints: Option<Box<Hints>>,
    /// Why the effect of this call, which got no clear answer, could not be looked up either.
    pub unverified: Option<Box<Error>>,
    /// The error below, when the call got no answer.
    #[source]
    pub source: Option<Arc<dyn StdError + Send + Sync>>,
}

/// What a cloud says of a failure beside its code and message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hints {
    /// When the call is worth another try (`Retry-After`).
    pub retry_after: Option<Duration>,
    /// The codes of what caused the failure, the outermost first, where the cloud nests them: `details` of Azure Resource Manager,
    /// `errors` and `ErrorInfo` of Google Cloud.
    pub inner_codes: Vec<String>,
    /// What the user can do about this code in particular, as a sentence.
    pub remedy: Option<&'static str>,
}

impl Error {
    /// A failure without a cloud's code, such as a wait that took too long.
    pub fn new(class: Class, operation: &'static str, message: impl Into<String>) -> Self {
        Self {
            class,
            operation,
            code: String::new(),
            message: message.into(),
            request_id: None,
            hints: None,
            unverified: None,
            source: None,
        }
    }

    /// Whether the call may have had its effect although it failed: it must be looked for before the call is repeated.
    pub fn is_unclear(&self) -> bool {
        matches!(self.class, Class::Transient | Class::Unreachable | Class::Interrupted)
    }

    /// Whether the same call may succeed a moment later with nothing changed by the user.
    pub fn is_temporary(&self) -> bool {
        self.had_no_effect() || matches!(self.class, Class::Transient | Class::Unreachable)
    }

    /// Whether the cloud refused the call for now alone, and certainly did nothing.
    pub fn had_no_effect(&self) -> bool {
        matches!(self.class, Class::Throttled | Class::Busy)
    }

    /// When the cloud wants the call to be sent again, if it says so.
    pub fn retry_after(&self) -> Option<Duration> {
        self.hints.as_ref()?.retry_after
    }

    /// What the user can do about the cloud's code, where the cloud's own crate knows.
    pub fn remedy(&self) -> Option<&'static str> {
        self.hints.as_ref()?.remedy
    }

    /// The same, with what the user can do about it where that is known.
    #[must_use]
    pub fn with_remedy(mut self, remedy: Option<&'static str>) -> Self {
        if remedy.is_some() {
            self.hints.get_or_insert_default().remedy = remedy;
        }
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} failed", self.operation)?;
        if !self.code.is_empty() {
            write!(f, " with {}", self.code)?;
        }
        if let Some(hints) = self.hints.as_ref().filter(|hints| !hints.inner_codes.is_empty()) {
            write!(f, " ({})", hints.inner_codes.join(", "))?;
        }
        if !self.message.is_empty() {
            write!(f, ": {}", self.message.trim_end_matches('.'))?;
        }
        if let Some(look) = &self.unverified {
            write!(f, "; whether it had its effect is not known, because {look}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_within_codes_are_shown() {
        let inner_codes = vec!["ReferencedResourceNotProvisioned".to_owned()];
        let hints = Some(Box::new(Hints { inner_codes, ..Hints::default() }));
        let error = Error { code: "RetryableError".to_owned(), hints, ..Error::new(Class::Busy, "PUT subnet", "Later.") };
        assert_eq!(error.to_string(), "PUT subnet failed with RetryableError (ReferencedResourceNotProvisioned): Later");
    }
}
