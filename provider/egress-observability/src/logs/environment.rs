//! Names of environment variables, and of hosts, as configurations write them without quoting.

use std::fmt;
use std::str::FromStr;

/// Why a text is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// It is no name of a variable.
    #[error("must be the name of an environment variable, in capitals, digits and '_', such as ES_PASSWORD: no value")]
    Variable,
    /// It is no host.
    #[error("must be the name or address of a host alone, without a scheme, a user or a path")]
    Host,
    /// It is no path.
    #[error("must be an absolute path without blanks and quotes, in which * stands for any part of a name")]
    Path,
    /// It is no text for a field.
    #[error("must be letters, digits and _ . / - alone")]
    Field,
}

macro_rules! text_type {
    ($(#[$doc:meta])* $name:ident, $error:expr, $fits:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl FromStr for $name {
            type Err = TextError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let fits: fn(&str) -> bool = $fits;
                if !text.is_empty() && fits(text) { Ok(Self(text.to_owned())) } else { Err($error) }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_type! {
    /// A variable of the collector's environment. A password is no such name, so none can stand in its place.
    Variable, TextError::Variable, |text| {
        text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_') && !text.starts_with(|c: char| c.is_ascii_digit())
    }
}
text_type! {
    /// A host.
    Host, TextError::Host, |text| text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'[' | b']'))
        && (text.starts_with('[') || !text.contains(':'))
}
text_type! {
    /// A file, or a pattern for files.
    LogPath, TextError::Path, |text| {
        text.starts_with('/') && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'.' | b'-' | b'_' | b'*'))
    }
}
text_type! {
    /// The name or value of a field that every record gets.
    FieldText, TextError::Field, |text| text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'/' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_is_wrong() {
        for text in ["ES_PASSWORD", "_A1"] {
            assert!(text.parse::<Variable>().is_ok(), "{text}");
        }
        for text in ["", "hunter2", "1A", "A-B", "${A}"] {
            assert_eq!(text.parse::<Variable>(), Err(TextError::Variable), "{text:?}");
        }
        for text in ["elasticsearch.logging.svc", "10.0.0.1", "[2001:db8::1]"] {
            assert!(text.parse::<Host>().is_ok(), "{text}");
        }
        for text in ["", "https://es", "user:secret@es", "es/x", "es:9200"] {
            assert_eq!(text.parse::<Host>(), Err(TextError::Host), "{text:?}");
        }
        assert!("/var/log/flows/*.log".parse::<LogPath>().is_ok());
        for text in ["", "var/log", "/var/log/a b", "/var/log/\"x"] {
            assert_eq!(text.parse::<LogPath>(), Err(TextError::Path), "{text:?}");
        }
        assert!("prod-eu.1".parse::<FieldText>().is_ok() && "a b".parse::<FieldText>().is_err());
    }
}
