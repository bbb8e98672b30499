//! The least of an HTTP client: one request per connection, and what came back, however broken.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// What came back.
#[derive(Debug)]
pub(crate) struct Response {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The headers, by their names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    /// The body, as far as it came.
    pub(crate) body: String,
    /// Whether all came that the headers promised.
    pub(crate) whole: bool,
}

const SIGNATURE: &str =
    "AWS4-HMAC-SHA256 Credential=123456789012/20260101/eu-west-1/ec2/aws4_request, SignedHeaders=host, Signature=0";

/// Calls an action of the API; an error if the connection was cut.
pub(crate) fn call(endpoint: &str, form: &str) -> io::Result<Response> {
    let body = format!("Version=2016-11-15&{form}");
    send(endpoint, "POST", "/", &format!("Authorization: {SIGNATURE}\r\n"), &body)
}

/// Uses the control API.
pub(crate) fn control(endpoint: &str, method: &str, path: &str, body: &str) -> io::Result<Response> {
    send(endpoint, method, &format!("/_stand-in{path}"), "", body)
}

/// Sends a request.
pub(crate) fn send(endpoint: &str, method: &str, path: &str, headers: &str, body: &str) -> io::Result<Response> {
    let address = endpoint.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    );
    stream.write_all(request.as_bytes())?;
    let mut received = Vec::new();
    // A reset ends a broken reply as well as a close does.
    let _ = stream.read_to_end(&mut received);
    let text = String::from_utf8_lossy(&received).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").ok_or(io::ErrorKind::UnexpectedEof)?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or(io::ErrorKind::InvalidData)?;
    let headers = head.lines().filter_map(|line| line.split_once(": "));
    let headers: BTreeMap<_, _> = headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
    let promised = headers.get("content-length").and_then(|length| length.parse().ok());
    Ok(Response { status, headers, body: body.to_owned(), whole: promised == Some(body.len()) })
}
