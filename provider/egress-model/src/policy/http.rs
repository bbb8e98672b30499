//! Rules about HTTP requests.

use std::fmt;
use std::str::FromStr;

use crate::shown::shown;

/// Why something is no rule about HTTP requests.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// No request method (RFC 9110, 9.1: a token; uppercase by convention, compared with case).
    #[error("{} is not an HTTP method such as \"GET\"; methods are uppercase", shown(.0))]
    Method(String),
    /// A path that does not begin with `/`.
    #[error("{} must begin with \"/\"", shown(.0))]
    Path(String),
    /// No header name (RFC 9110, 5.1).
    #[error("{} is not a header name", shown(.0))]
    Header(String),
    /// No header value that HTTP can carry (RFC 9110, 5.5): parsers take blanks around a value away, and other characters are refused
    /// or read in different ways.
    #[error("{} is not a header value: ASCII without control characters, and without blanks at its ends", shown(.0))]
    HeaderValue(String),
}

/// A request method.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Method(String);

/// A header's name, in lowercase: names have no case.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HeaderName(String);

/// What a path must be.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PathMatch {
    /// Exactly this.
    Exact(RequestPath),
    /// This, or what begins so after a `/`: `/api` matches `/api` and `/api/x`, not `/apix`.
    Prefix(RequestPath),
}

/// A path that begins with `/`, without a query.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestPath(String);

/// What a request must be; all that is given must match.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HttpRule {
    /// The method; any where there is none.
    pub method: Option<Method>,
    /// The path; any where there is none.
    pub path: Option<PathMatch>,
    /// Headers that must be there with exactly these values.
    pub headers: Vec<(HeaderName, String)>,
}

/// A request, for a verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The path.
    pub path: RequestPath,
    /// The headers.
    pub headers: Vec<(HeaderName, String)>,
}

impl HttpRule {
    /// Whether a request matches.
    pub fn matches(&self, request: &Request) -> bool {
        let path = |wanted: &PathMatch| match wanted {
            PathMatch::Exact(path) => path == &request.path,
            PathMatch::Prefix(prefix) => {
                let prefix = prefix.0.trim_end_matches('/');
                request.path.0.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            }
        };
        self.method.as_ref().is_none_or(|method| method == &request.method)
            && self.path.as_ref().is_none_or(path)
            && self.headers.iter().all(|header| request.headers.contains(header))
    }
}

impl FromStr for Method {
    type Err = HttpError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let good = !text.is_empty() && text.bytes().all(|b| b.is_ascii_uppercase() || b == b'-');
        if good { Ok(Self(text.to_owned())) } else { Err(HttpError::Method(text.to_owned())) }
    }
}

impl FromStr for RequestPath {
    type Err = HttpError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.starts_with('/') { Ok(Self(text.to_owned())) } else { Err(HttpError::Path(text.to_owned())) }
    }
}

impl FromStr for HeaderName {
    type Err = HttpError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
        if !text.is_empty() && text.bytes().all(is_token) {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(HttpError::Header(text.to_owned()))
        }
    }
}

/// Reads a header's value.
pub(crate) fn header_value(text: &str) -> Result<String, HttpError> {
    let blank = |b: &u8| matches!(b, b' ' | b'\t');
    let bytes = text.as_bytes();
    let carried = bytes.iter().all(|b| b.is_ascii_graphic() || blank(b));
    if carried && !bytes.first().is_some_and(blank) && !bytes.last().is_some_and(blank) {
        Ok(text.to_owned())
    } else {
        Err(HttpError::HeaderValue(text.to_owned()))
    }
}

macro_rules! shows_its_text {
    ($($name:ident),*) => {$(
        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

shows_its_text!(Method, RequestPath, HeaderName);

#[cfg(test)]
mod tests {
    use super::*;

    fn request(path: &str) -> Request {
        let method = "GET".parse().expect("a method");
        Request {
            method,
            path: path.parse().expect("a path"),
            headers: vec![("x-a".parse().expect("a name"), "1".into())],
        }
    }

    #[test]
    fn a_prefix_ends_at_a_slash() {
        for (prefix, path, matches) in [
            ("/api", "/api", true),
            ("/api", "/api/x", true),
            ("/api", "/apix", false),
            ("/api/", "/api/x", true),
            ("/", "/x", true),
        ] {
            let rule =
                HttpRule { path: Some(PathMatch::Prefix(prefix.parse().expect("a path"))), ..HttpRule::default() };
            assert_eq!(rule.matches(&request(path)), matches, "{prefix} {path}");
        }
    }

    #[test]
    fn everything_given_must_match() {
        let rule = HttpRule {
            method: Some("GET".parse().expect("a method")),
            path: None,
            headers: vec![("X-A".parse().expect("a name"), "1".into())],
        };
        assert!(rule.matches(&request("/")));
        let other = HttpRule { headers: vec![("x-a".parse().expect("a name"), "2".into())], ..rule };
        assert!(!other.matches(&request("/")));
    }

    #[test]
    fn says_what_is_wrong() {
        assert_eq!("get".parse::<Method>(), Err(HttpError::Method("get".into())));
        assert_eq!("api".parse::<RequestPath>(), Err(HttpError::Path("api".into())));
        assert_eq!("a b".parse::<HeaderName>(), Err(HttpError::Header("a b".into())));
        for value in [" ", " a", "a\t", "a\nb", "\u{e9}", "a\0"] {
            assert_eq!(header_value(value), Err(HttpError::HeaderValue(value.into())));
        }
        for value in ["", "a b", "text/html; q=0.5", "a\tb"] {
            assert_eq!(header_value(value), Ok(value.to_owned()));
        }
    }
}
