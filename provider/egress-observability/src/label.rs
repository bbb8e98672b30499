//! Names of labels and metrics.
//!
//! Grammar: the Prometheus documentation, "Data model".

use std::fmt;
use std::str::FromStr;

/// Why a text is no name of a label or metric.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LabelError {
    /// It has another form.
    #[error("must be letters, digits and '_', and not begin with a digit")]
    Form,
    /// Prometheus keeps these for itself.
    #[error("must not begin with '__', which Prometheus keeps for itself")]
    Internal,
    /// The rules set it themselves.
    #[error("{0:?} is set by the rules themselves")]
    Taken(String),
}

/// The labels that rules set themselves.
pub const TAKEN: [&str; 4] = ["source", "severity", "category", "alertname"];

/// A label's name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LabelName(String);

/// What the names of metrics begin with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MetricPrefix(String);

fn is_name(text: &str) -> bool {
    let first = text.bytes().next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
    first && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

impl FromStr for LabelName {
    type Err = LabelError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if !is_name(text) {
            return Err(LabelError::Form);
        }
        if text.starts_with("__") {
            return Err(LabelError::Internal);
        }
        if TAKEN.contains(&text) {
            return Err(LabelError::Taken(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }
}

impl FromStr for MetricPrefix {
    type Err = LabelError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if is_name(text) { Ok(Self(text.to_owned())) } else { Err(LabelError::Form) }
    }
}

impl LabelName {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LabelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for MetricPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_is_wrong() {
        let cases = [
            ("cluster", None),
            ("_x1", None),
            ("", Some(LabelError::Form)),
            ("1a", Some(LabelError::Form)),
            ("a-b", Some(LabelError::Form)),
            ("__name__", Some(LabelError::Internal)),
            ("severity", Some(LabelError::Taken("severity".to_owned()))),
        ];
        for (text, error) in cases {
            assert_eq!(text.parse::<LabelName>().err(), error, "{text:?}");
        }
    }
}
