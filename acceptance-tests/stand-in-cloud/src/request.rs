//! What comes in and goes out over HTTP, as an API sees it.

use hyper::HeaderMap;
use hyper::body::Bytes;

use crate::params::Params;

/// A request.
#[derive(Debug, Clone)]
pub struct Request {
    /// The URL at which the server is reached, without a path: what links in a reply begin with.
    pub endpoint: String,
    /// The method, such as `PUT`.
    pub method: String,
    /// The path, as it was sent.
    pub path: String,
    /// The parameters of the URL.
    pub query: Params,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Request {
    /// A header's value, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// The answer to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// Headers beside those that HTTP itself needs, the type of the content among them. A body that is empty has none of the latter.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: String,
    /// The error's code, if it is one.
    pub code: Option<String>,
}

impl Reply {
    /// A reply without a body.
    pub fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: String::new(), code: None }
    }

    /// A reply with a body of this type, such as `application/json`.
    pub fn new(status: u16, content_type: &str, body: String) -> Self {
        Self { body, ..Self::empty(status).with("content-type", content_type) }
    }

    /// The same reply with one more header.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The same reply as an error with this code.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }
}
