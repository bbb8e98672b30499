//! Lengths of time as users write them.

use std::time::Duration;

use egress_model::shown;
use jiff::SignedDuration;

/// Parses a positive length of time in Go's spelling, such as `90s`, `10m` or `1h30m`. The error completes "the value ...".
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    match parse_or_nothing(text) {
        Ok(duration) if duration.is_zero() => Err(format!("{} is not longer than nothing", shown(text))),
        parsed => parsed,
    }
}

/// The same, where `0s` is a length too.
pub(crate) fn parse_or_nothing(text: &str) -> Result<Duration, String> {
    let not_a_duration = || format!("{} is not a length of time; write one such as 90s, 10m or 1h30m", shown(text));
    // A bare number has no unit in Go either; jiff refuses it too, but takes spellings with spaces and words, which we do not promise.
    if text.chars().any(char::is_whitespace) || text.starts_with('P') || text.starts_with('p') {
        return Err(not_a_duration());
    }
    let duration: SignedDuration = text.parse().map_err(|_| not_a_duration())?;
    Duration::try_from(duration).map_err(|_| format!("{} is shorter than nothing", shown(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_go_writes() {
        for (text, seconds) in [("90s", 90), ("10m", 600), ("1h30m", 5400), ("1h", 3600), ("1m30s", 90)] {
            assert_eq!(parse(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        assert_eq!(parse("250ms"), Ok(Duration::from_millis(250)));
    }

    #[test]
    fn nothing_is_a_length_where_it_makes_sense() {
        assert_eq!(parse_or_nothing("0s"), Ok(Duration::ZERO));
        assert_eq!(parse_or_nothing("2m"), Ok(Duration::from_mins(2)));
        assert!(parse_or_nothing("0").is_err() && parse_or_nothing("-1s").is_err());
    }

    #[test]
    fn says_what_it_wants() {
        for text in ["", "10", "ten minutes", "10 m", "PT10M", "-5m", "0s"] {
            assert!(parse(text).is_err(), "{text:?}");
        }
        assert_eq!(parse("10"), Err("\"10\" is not a length of time; write one such as 90s, 10m or 1h30m".to_owned()));
    }
}
