//! The errors that EC2 has for what is wrong with a request, whatever the action.

use std::str::FromStr;

use crate::error::ApiError;
use crate::params::Params;

impl ApiError {
    /// A required parameter is absent.
    pub(super) fn missing(parameter: &str) -> Self {
        Self::new("MissingParameter", format!("The request must contain the parameter {parameter}"))
    }

    /// A parameter's value is not acceptable.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new("InvalidParameterValue", message)
    }

    /// Two parameters exclude each other.
    pub(super) fn combination(message: impl Into<String>) -> Self {
        Self::new("InvalidParameterCombination", message)
    }

    /// Something still needs the object.
    pub(super) fn dependency(message: impl Into<String>) -> Self {
        Self::new("DependencyViolation", message)
    }
}

impl Params {
    /// The value of a parameter that the call cannot do without.
    pub(super) fn required(&self, name: &str) -> Result<&str, ApiError> {
        self.get(name).filter(|value| !value.is_empty()).ok_or_else(|| ApiError::missing(name))
    }

    /// A number, or absent.
    pub(super) fn number<T: FromStr>(&self, name: &str) -> Result<Option<T>, ApiError> {
        self.get(name).map(|value| parse(name, value)).transpose()
    }
}

/// Reads the value of a parameter as a type of its own.
pub(super) fn parse<T: FromStr>(name: &str, value: &str) -> Result<T, ApiError> {
    value.parse().map_err(|_| ApiError::invalid(format!("Value ({value}) for parameter {name} is invalid.")))
}
