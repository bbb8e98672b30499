//! Rules about HTTP requests.

use std::fmt;
use std::str::FromStr;

/// Why something is no rule about HTTP requests.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// No request method (RFC 9110, 9.1: a token; uppercase by convention, compared with case).
    #[error("{0:?} is no HTTP method such as \"GET\"; methods are uppercase")]
    Method(String),
    /// A path that does not begin with `/`.
    #[error("{0:?} must begin with \"/\"")]
    Path(String),
    /// No header name (RFC 9110, 5.1).
    #[error("{0:?} is no header name")]
    Header(String),
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
    }
}
