//! What finds a dashboard in Grafana.

use std::fmt;
use std::str::FromStr;

/// A dashboard's `uid`: letters, digits, `-` and `_`, at most 40 (Grafana's documentation, "Dashboard HTTP API"), of which four are kept
/// for the number of a further part.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DashboardUid(String);

/// Why a text is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UidError {
    /// It has no characters.
    #[error("must not be empty")]
    Empty,
    /// It has too many.
    #[error(
        "has {0} characters; at most {MAX_LENGTH} leave room for the number of a further part, and Grafana takes 40"
    )]
    TooLong(usize),
    /// A character that Grafana does not take.
    #[error("contains {0:?}; Grafana takes letters, digits, '-' and '_'")]
    Character(char),
}

/// The longest that a user can give.
pub const MAX_LENGTH: usize = 36;

impl FromStr for DashboardUid {
    type Err = UidError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let length = text.chars().count();
        if length == 0 {
            return Err(UidError::Empty);
        }
        if length > MAX_LENGTH {
            return Err(UidError::TooLong(length));
        }
        match text.chars().find(|c| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_')) {
            Some(bad) => Err(UidError::Character(bad)),
            None => Ok(Self(text.to_owned())),
        }
    }
}

impl DashboardUid {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// That of a further part.
    pub(crate) fn numbered(&self, number: usize) -> Self {
        Self(format!("{}-{number}", self.0))
    }
}

impl fmt::Display for DashboardUid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_is_wrong() {
        let long = "a".repeat(37);
        let cases = [("", UidError::Empty), (long.as_str(), UidError::TooLong(37)), ("a b", UidError::Character(' '))];
        for (text, error) in cases {
            assert_eq!(text.parse::<DashboardUid>(), Err(error), "{text:?}");
        }
        assert_eq!("Egress_1-x".parse::<DashboardUid>().map(|uid| uid.to_string()), Ok("Egress_1-x".to_owned()));
    }
}
