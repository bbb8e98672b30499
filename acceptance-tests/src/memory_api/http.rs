//! As much of HTTP/1.1 as the client sends, and the answers of an API server.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use serde_json::{Value as Json, json};

/// A request.
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    query: Vec<(String, String)>,
    /// Null for none.
    pub(super) body: Json,
}

impl Request {
    /// A parameter; empty for none.
    pub(super) fn query(&self, name: &str) -> &str {
        self.query.iter().find(|(other, _)| other == name).map_or("", |(_, value)| value)
    }
}

/// An answer.
pub(super) struct Answer {
    code: u16,
    body: Json,
}

impl Answer {
    pub(super) fn ok(body: Json) -> Self {
        Self { code: 200, body }
    }

    fn status(code: u16, reason: &str, message: &str, details: Json) -> Self {
        let mut body = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message, "reason": reason,
            "code": code,
        });
        if !details.is_null() {
            body["details"] = details;
        }
        Self { code, body }
    }

    /// A path at which there is nothing.
    pub(super) fn no_page() -> Self {
        Self::status(404, "NotFound", "the server could not find the requested resource", json!({}))
    }

    pub(super) fn not_found(plural: &str, name: &str) -> Self {
        let message = format!("{plural} \"{name}\" not found");
        Self::status(404, "NotFound", &message, json!({ "name": name, "kind": plural }))
    }

    /// An object is not the one that the preconditions name.
    pub(super) fn changed() -> Self {
        Self::status(409, "Conflict", "the object has been modified", Json::Null)
    }

    /// Fields are another manager's.
    pub(super) fn conflict(fields: Vec<(String, String)>) -> Self {
        let causes = fields.into_iter().map(|(field, manager)| {
            json!({ "reason": "FieldManagerConflict", "message": format!("conflict with \"{manager}\""), "field": field })
        });
        let causes: Vec<Json> = causes.collect();
        Self::status(409, "Conflict", "Apply failed with conflicts", json!({ "causes": causes }))
    }
}

/// Answers every connection in a thread of its own, for as long as the process runs.
pub(super) fn serve(listener: &TcpListener, answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) {
    let answer = Arc::new(answer);
    for connection in listener.incoming().flatten() {
        let answer = answer.clone();
        std::thread::spawn(move || {
            // A connection that the client cuts is at its end.
            let _cut = talk(&connection, &*answer);
        });
    }
}

fn talk(connection: &TcpStream, answer: &dyn Fn(&Request) -> Answer) -> std::io::Result<()> {
    connection.set_nodelay(true)?;
    let mut reader = BufReader::new(connection);
    while let Some(request) = read(&mut reader)? {
        let Answer { code, body } = answer(&request);
        let body = body.to_string();
        let reply = format!(
            "HTTP/1.1 {code} Answer\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        (&*connection).write_all(reply.as_bytes())?;
    }
    Ok(())
}

fn read(reader: &mut BufReader<&TcpStream>) -> std::io::Result<Option<Request>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut parts = line.split_whitespace();
    let method = parts.next().unwrap_or_default().to_owned();
    let target = parts.next().unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let query = query.split('&').filter_map(|pair| pair.split_once('='));
    let query = query.map(|(name, value)| (decoded(name), decoded(value))).collect();
    let path = path.to_owned();
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header)?;
        let Some((name, value)) = header.split_once(':') else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Some(Request { method, path, query, body: serde_json::from_slice(&body).unwrap_or_default() }))
}

/// A part of a query without its percent signs.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let mut digit = || rest.next().and_then(|byte| char::from(byte).to_digit(16)).unwrap_or_default();
        bytes.push(match byte {
            b'%' => u8::try_from(digit() * 16 + digit()).unwrap_or_default(),
            b'+' => b' ',
            other => other,
        });
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
