//! Domain names and patterns of them.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use crate::shown::shown;

/// Why a text is no domain or pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DomainError {
    /// It has no characters.
    #[error("It must not be empty")]
    Empty,
    /// It has too many characters for DNS (RFC 1035: 253 without the final dot).
    #[error("It has {0} characters, a domain name has at most 253")]
    TooLong(usize),
    /// A part between dots is no DNS label.
    #[error("{} is no part of a domain name: 1 to 63 lowercase letters, digits, '-' and '_'", shown(.0))]
    Part(String),
    /// Uppercase letters: names compare without case, so there is one spelling.
    #[error("Write {}: domain names have no case", shown(.0))]
    Case(String),
    /// A `*` where none can be.
    #[error(
        "A '*' must be the whole first part: \"*.example.com\" for one label, \"**.example.com\" for any number of labels"
    )]
    Wildcard,
    /// A wildcard over a top-level domain.
    #[error("{} would match every name of a top-level domain; a wildcard needs at least two parts after it", shown(.0))]
    TooWide(String),
    /// An IP address.
    #[error(
        "{0} is an address, and DNS gives no address for it; addresses are blocks of to_cidrs (cidrs of a gateway), this one \
         \"{0}/{bits}\"", bits = if .0.is_ipv4() { 32 } else { 128 }
    )]
    Address(IpAddr),
    /// A name whose last part is a number, which no top-level domain is (RFC 3696, 2): programs take it for an IPv4 address.
    #[error("{} is no domain name: the last part of one is not a number", shown(.0))]
    Number(String),
    /// A scheme, port or path.
    #[error("It is a URL or an address with a port; write only the domain name, such as \"api.example.com\"")]
    Url,
}

/// A domain name in lowercase without a final dot.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Domain(String);

/// Which names below a domain a pattern matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Depth {
    /// The name itself and nothing below it.
    Exact,
    /// `*.x`: names with exactly one label more, not the name itself; as in certificates (RFC 9525, 6.3).
    OneLabel,
    /// `**.x`: names with one or more labels more, not the name itself.
    AnyDepth,
}

/// One domain, or those below it. `*` is one label and `**` any number of labels everywhere in this provider, whatever an
/// engine means by its own wildcards; neither matches the name after it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DomainPattern {
    depth: Depth,
    base: Domain,
}

impl Domain {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Domain {
    type Err = DomainError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let name = text.strip_suffix('.').unwrap_or(text);
        if name.is_empty() {
            return Err(DomainError::Empty);
        }
        if let Ok(address) = name.trim_start_matches('[').trim_end_matches(']').parse() {
            return Err(DomainError::Address(address));
        }
        if name.contains(['/', ':']) {
            return Err(DomainError::Url);
        }
        if name.len() > 253 {
            return Err(DomainError::TooLong(name.len()));
        }
        if name.contains('*') {
            return Err(DomainError::Wildcard);
        }
        if name.contains(|c: char| c.is_ascii_uppercase()) {
            return Err(DomainError::Case(name.to_ascii_lowercase()));
        }
        let is_part = |part: &str| {
            (1..=63).contains(&part.len())
                && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_')
                && !part.starts_with('-')
                && !part.ends_with('-')
        };
        if let Some(part) = name.split('.').find(|part| !is_part(part)) {
            return Err(DomainError::Part(part.to_owned()));
        }
        if name.rsplit('.').next().is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit())) {
            return Err(DomainError::Number(name.to_owned()));
        }
        Ok(Self(name.to_owned()))
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl DomainPattern {
    /// Which names below the base it matches.
    pub fn depth(&self) -> Depth {
        self.depth
    }

    /// The name after the wildcard.
    pub fn base(&self) -> &Domain {
        &self.base
    }

    /// Whether it matches a name.
    pub fn matches(&self, name: &Domain) -> bool {
        if self.depth == Depth::Exact {
            return name == &self.base;
        }
        let Some(above) = name.0.strip_suffix(&self.base.0).and_then(|rest| rest.strip_suffix('.')) else {
            return false;
        };
        self.depth == Depth::AnyDepth || !above.contains('.')
    }
}

impl FromStr for DomainPattern {
    type Err = DomainError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (depth, rest) = if let Some(rest) = text.strip_prefix("**.") {
            (Depth::AnyDepth, rest)
        } else if let Some(rest) = text.strip_prefix("*.") {
            (Depth::OneLabel, rest)
        } else {
            (Depth::Exact, text)
        };
        let base: Domain = rest.parse()?;
        if depth != Depth::Exact && !base.0.contains('.') {
            return Err(DomainError::TooWide(text.to_owned()));
        }
        Ok(Self { depth, base })
    }
}

impl fmt::Display for DomainPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefix = match self.depth {
            Depth::Exact => "",
            Depth::OneLabel => "*.",
            Depth::AnyDepth => "**.",
        };
        write!(f, "{prefix}{}", self.base)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_have_one_meaning() {
        let cases = [
            ("a.example.com", "a.example.com", true),
            ("a.example.com", "b.a.example.com", false),
            ("*.example.com", "a.example.com", true),
            ("*.example.com", "b.a.example.com", false),
            ("*.example.com", "example.com", false),
            ("**.example.com", "a.example.com", true),
            ("**.example.com", "b.a.example.com", true),
            ("**.example.com", "example.com", false),
            ("**.example.com", "badexample.com", false),
        ];
        for (pattern, name, matches) in cases {
            let pattern: DomainPattern = pattern.parse().expect("a pattern");
            assert_eq!(pattern.matches(&name.parse().expect("a name")), matches, "{pattern} {name}");
        }
    }

    #[test]
    fn says_what_is_wrong() {
        for (text, error) in [
            ("", DomainError::Empty),
            ("https://example.com", DomainError::Url),
            ("example.com:443", DomainError::Url),
            ("API.example.com", DomainError::Case("api.example.com".into())),
            ("a*.example.com", DomainError::Wildcard),
            ("*", DomainError::Wildcard),
            ("a.*.com", DomainError::Wildcard),
            ("*.com", DomainError::TooWide("*.com".into())),
            ("a..b", DomainError::Part(String::new())),
            ("-a.example.com", DomainError::Part("-a".into())),
            ("203.0.113.7", DomainError::Address([203, 0, 113, 7].into())),
            ("[2001:db8::7]", DomainError::Address("2001:db8::7".parse().expect("an address"))),
            ("*.0.113.7", DomainError::Number("0.113.7".into())),
            ("a.1", DomainError::Number("a.1".into())),
            ("1", DomainError::Number("1".into())),
        ] {
            assert_eq!(text.parse::<DomainPattern>(), Err(error), "{text:?}");
        }
    }

    #[test]
    fn says_where_an_address_belongs() {
        let message = |text: &str| text.parse::<DomainPattern>().expect_err("an address").to_string();
        assert_eq!(
            message("203.0.113.7"),
            "203.0.113.7 is an address, and DNS gives no address for it; addresses are blocks of to_cidrs (cidrs of a gateway), \
             this one \"203.0.113.7/32\""
        );
        assert!(message("2001:db8::7").ends_with("this one \"2001:db8::7/128\""));
    }

    #[test]
    fn a_final_dot_means_nothing() {
        assert_eq!("example.com.".parse::<Domain>().map(|d| d.to_string()), Ok("example.com".to_owned()));
    }
}
