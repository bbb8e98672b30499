//! What went wrong with a call to a cloud, in classes that a plan or a retry can act on.

use std::error::Error as StdError;
use std::fmt;

/// What a failed call means. Decided from the cloud's error code, never from its message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// The object does not exist (or is not visible yet).
    NotFound,
    /// The object is in a state, in use, or changed by somebody else, such that the call cannot be done now.
    Conflict,
    /// Too many calls; the same call will work later.
    Throttled,
    /// A limit of the account is reached; only the user can raise it.
    QuotaExceeded,
    /// The credentials are missing, expired or not allowed to do this.
    Denied,
    /// The cloud cannot do this at all.
    Unsupported,
    /// The cloud or the network failed; the call may or may not have had its effect.
    Transient,
    /// Anything else: the request is wrong, or the code is not known.
    Other,
}

/// A failed call.
#[derive(Debug, thiserror::Error)]
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
    pub request_id: Option<String>,
    /// The error below, when the call got no answer.
    #[source]
    pub source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// A failure without a cloud's code, such as a wait that took too long.
    pub fn new(class: Class, operation: &'static str, message: impl Into<String>) -> Self {
        Self { class, operation, code: String::new(), message: message.into(), request_id: None, source: None }
    }

    /// Whether the call may have had its effect although it failed: it must be looked for before the call is repeated.
    pub fn is_unclear(&self) -> bool {
        self.class == Class::Transient
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} failed", self.operation)?;
        if !self.code.is_empty() {
            write!(f, " with {}", self.code)?;
        }
        if !self.message.is_empty() {
            write!(f, ": {}", self.message)?;
        }
        Ok(())
    }
}
