//! Why a struct and a value do not go together.

use std::fmt;

use crate::cty::{Step, ValueError};
use crate::diagnostic::Diagnostic;

/// serde wants an error type of its own; this one is a [`ValueError`] that serde can make.
#[derive(Debug)]
pub(super) struct Error(ValueError);

impl Error {
    pub(super) fn new(reason: impl Into<String>) -> Self {
        Self(ValueError::new(reason))
    }

    pub(super) fn within(self, step: Step) -> Self {
        Self(self.0.within(step))
    }

    pub(super) fn at_parent(self) -> Self {
        Self(self.0.at_parent())
    }

    /// The message to whoever runs Terraform. The cause is mostly a mistake in the provider, which it says, because the
    /// schema has checked what the user wrote.
    pub(super) fn into_diagnostic(self) -> Diagnostic {
        self.0.into_diagnostic("A value does not fit the provider's model of it")
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Error {}

impl serde::de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message.to_string())
    }
}

impl serde::ser::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message.to_string())
    }
}
