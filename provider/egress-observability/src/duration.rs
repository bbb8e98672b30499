//! Lengths of time, as Prometheus writes them.

use std::fmt;
use std::str::FromStr;

/// A length of time in whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration {
    seconds: u32,
}

/// Why a text is no length of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a whole number with one unit, s, m, h or d, such as \"90s\" or \"5m\"")]
pub struct DurationError;

impl Duration {
    /// So many minutes.
    pub const fn minutes(minutes: u32) -> Self {
        Self { seconds: minutes * 60 }
    }

    /// So many seconds.
    pub const fn seconds(seconds: u32) -> Self {
        Self { seconds }
    }

    /// In seconds.
    pub const fn as_seconds(self) -> u32 {
        self.seconds
    }
}

const UNITS: [(char, u32); 4] = [('d', 86400), ('h', 3600), ('m', 60), ('s', 1)];

impl FromStr for Duration {
    type Err = DurationError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (unit, seconds) = UNITS.into_iter().find(|(unit, _)| text.ends_with(*unit)).ok_or(DurationError)?;
        let digits = text.trim_end_matches(unit);
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) || digits.len() + 1 != text.len() {
            return Err(DurationError);
        }
        let count: u32 = digits.parse().map_err(|_| DurationError)?;
        count.checked_mul(seconds).map(Self::seconds).ok_or(DurationError)
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fits = |(_, unit): &(char, u32)| self.seconds.is_multiple_of(*unit) && self.seconds > 0;
        let (name, unit) = UNITS.into_iter().find(fits).unwrap_or(('s', 1));
        write!(f, "{}{name}", self.seconds / unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_written_as_prometheus_writes_it() {
        for (text, shown) in [("90s", "90s"), ("120s", "2m"), ("5m", "5m"), ("24h", "1d"), ("0s", "0s")] {
            assert_eq!(text.parse::<Duration>().map(|parsed| parsed.to_string()), Ok(shown.to_owned()));
        }
        for text in ["", "5", "m", "5 m", "-5m", "1.5h", "5mm", "1h30m", "99999999999s", "4294967295d"] {
            assert_eq!(text.parse::<Duration>(), Err(DurationError), "{text:?}");
        }
    }
}
