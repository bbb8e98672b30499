//! The errors of the API.

/// An error that the API answers with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct ApiError {
    /// The HTTP status.
    pub status: u16,
    /// The API's error code, such as `NatGatewayNotFound`.
    pub code: String,
    /// The message for humans.
    pub message: String,
}

impl ApiError {
    /// A client error, which EC2 sends with HTTP status 400.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self { status: 400, code: code.to_owned(), message: message.into() }
    }

    /// The same error with another HTTP status.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// A required parameter is absent.
    pub fn missing(parameter: &str) -> Self {
        Self::new("MissingParameter", format!("The request must contain the parameter {parameter}"))
    }

    /// A parameter's value is not acceptable.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new("InvalidParameterValue", message)
    }

    /// Two parameters exclude each other.
    pub fn combination(message: impl Into<String>) -> Self {
        Self::new("InvalidParameterCombination", message)
    }

    /// Something still needs the object.
    pub fn dependency(message: impl Into<String>) -> Self {
        Self::new("DependencyViolation", message)
    }
}
