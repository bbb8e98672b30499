//! From what the client library and the API server say to [`Error`], by their own codes and reasons.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use http::StatusCode;
use kube::client::AuthError;
use kube::core::Status;
use kube::core::response::StatusCause;

use crate::error::{Cause, Error, FieldConflict};

/// What a request was about, for its error.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject<'a> {
    pub(crate) api_version: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) namespace: Option<&'a str>,
}

/// A request that was sent to an API server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sent<'a> {
    /// The server's URL.
    pub(crate) server: &'a str,
    /// How long ago.
    pub(crate) waited: Duration,
}

/// `None` when the answer is that there is no such object.
pub(crate) fn classify(subject: Subject<'_>, sent: Sent<'_>, error: &kube::Error) -> Option<Error> {
    match error {
        kube::Error::Api(status) => from_status(subject, status),
        kube::Error::SerdeError(_) | kube::Error::FromUtf8(_) => {
            let why = "what answers there does not speak JSON, so it is no API server".to_owned();
            Some(Error::Unreachable { server: sent.server.to_owned(), why })
        }
        other => Some(from_transport(sent, other)),
    }
}

/// Why a client cannot be made.
pub(crate) fn unusable(error: &kube::Error) -> Error {
    credentials(error).unwrap_or_else(|| Error::Config(error.to_string()))
}

fn from_transport(sent: Sent<'_>, error: &kube::Error) -> Error {
    if let Some(error) = credentials(error) {
        return error;
    }
    let server = sent.server.to_owned();
    let timed_out = |error: &(dyn StdError + 'static)| {
        error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::TimedOut)
    };
    if chain(error).any(timed_out) {
        return Error::Silent { server, waited: sent.waited };
    }
    // Each layer of the client repeats the ones beneath it; only the innermost says why.
    let why = chain(error).last().map(ToString::to_string).unwrap_or_default();
    Error::Unreachable { server, why }
}

fn credentials(error: &kube::Error) -> Option<Error> {
    let error = chain(error).find_map(|error| error.downcast_ref::<AuthError>())?;
    Some(Error::Credentials(match error {
        // The client library's text has the command with its environment, which may hold secrets.
        AuthError::AuthExecRun { out, .. } => {
            let said = String::from_utf8_lossy(&out.stderr);
            let said = said.trim();
            let colon = if said.is_empty() { "" } else { ": " };
            format!("the command of the credential plugin ended with {}{colon}{said}", out.status)
        }
        AuthError::AuthExecStart(error) => format!("the command of the credential plugin cannot be run: {error}"),
        other => other.to_string(),
    }))
}

/// An error and what it comes from, outermost first.
fn chain<'e>(error: &'e (dyn StdError + 'static)) -> impl Iterator<Item = &'e (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error: &&'e (dyn StdError + 'static)| (*error).source())
}

fn from_status(subject: Subject<'_>, status: &Status) -> Option<Error> {
    let details = status.details.as_ref();
    let causes = details.map(|details| details.causes.as_slice()).unwrap_or_default();
    let namespace = || subject.namespace.unwrap_or_default().to_owned();
    let message = || status.message.clone();
    let api_version = || subject.api_version.to_owned();
    Some(match (status.code, status.reason.as_str()) {
        (404, _) => match details.map(|details| details.kind.as_str()) {
            Some("namespaces") => Error::NamespaceMissing { namespace: namespace() },
            // A missing object is named in the details; a missing kind is a page that does not exist.
            Some(kind) if !kind.is_empty() && details.is_some_and(|details| !details.name.is_empty()) => return None,
            _ => Error::KindMissing { api_version: api_version(), kind: subject.kind.to_owned() },
        },
        (401, _) => Error::Unauthorized,
        (403, _) if causes.iter().any(|cause| cause.reason == "NamespaceTerminating") => {
            Error::NamespaceTerminating { namespace: namespace() }
        }
        (403, _) => Error::Forbidden { message: message() },
        (409, _) => {
            let conflicts: Vec<_> = causes.iter().filter_map(field_conflict).collect();
            if conflicts.is_empty() { Error::Changed } else { Error::Conflict(conflicts) }
        }
        (400 | 422, reason) => {
            let causes =
                causes.iter().map(|cause| Cause { field: cause.field.clone(), message: cause.message.clone() });
            Error::Invalid { reason: reason.to_owned(), message: message(), causes: causes.collect() }
        }
        (503, _) => Error::Unavailable { api_version: api_version(), message: message() },
        (code, reason) => Error::Api { code, reason: reason_of(code, reason), message: message() },
    })
}

/// What the client library puts in place of the reason of an answer that is no Status, such as that of a proxy.
const NO_STATUS: &str = "Failed to parse error data";

fn reason_of(code: u16, reason: &str) -> String {
    let name = || StatusCode::from_u16(code).ok()?.canonical_reason();
    if reason == NO_STATUS { name().unwrap_or_default() } else { reason }.to_owned()
}

/// A cause such as `conflict with "kubectl" using networking.k8s.io/v1` on `.spec.egress`.
fn field_conflict(cause: &StatusCause) -> Option<FieldConflict> {
    if cause.reason != "FieldManagerConflict" {
        return None;
    }
    let manager = cause.message.split('"').nth(1).unwrap_or(&cause.message).to_owned();
    Some(FieldConflict { manager, field: cause.field.clone() })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn classified(status: Value) -> Option<String> {
        let status: Status = serde_json::from_value(status).expect("a status");
        let subject =
            Subject { api_version: "networking.k8s.io/v1", kind: "NetworkPolicy", namespace: Some("production") };
        let sent = Sent { server: "https://cluster.example", waited: Duration::from_secs(10) };
        classify(subject, sent, &kube::Error::Api(Box::new(status))).map(|error| error.to_string())
    }

    #[test]
    fn errors_are_told_apart_by_code_and_reason() {
        // Answers of kube-apiserver 1.37, without what does not matter here.
        let conflict = json!([
            {"reason": "FieldManagerConflict", "field": ".spec.egress", "message": "conflict with \"kubectl-edit\" \
                                                                                    using networking.k8s.io/v1"},
        ]);
        let invalid = json!([{"reason": "FieldValueInvalid", "field": "spec.egress[0].to[0].ipBlock.cidr", "message": "Invalid value"}]);
        let cases = [
            (
                json!({"code": 404, "reason": "NotFound", "details": {"name": "p", "group": "networking.k8s.io", "kind": "networkpolicies"}}),
                None,
            ),
            (
                json!({"code": 404, "reason": "NotFound", "details": {"name": "production", "kind": "namespaces"}}),
                Some("the namespace \"production\" does not exist"),
            ),
            (
                json!({"code": 404, "reason": "NotFound", "details": {}}),
                Some("the cluster does not serve NetworkPolicy in networking.k8s.io/v1"),
            ),
            (
                json!({"code": 401, "reason": "Unauthorized"}),
                Some("the API server does not accept the credentials (Unauthorized)"),
            ),
            (
                json!({"code": 403, "reason": "Forbidden", "message": "no"}),
                Some("the API server refuses it (Forbidden): no"),
            ),
            (
                json!({"code": 403, "reason": "Forbidden", "details": {"causes": [{"reason": "NamespaceTerminating"}]}}),
                Some("the namespace \"production\" is being deleted"),
            ),
            (
                json!({"code": 409, "reason": "Conflict", "details": {"causes": conflict}}),
                Some("other managers own fields of the object with other values: .spec.egress (kubectl-edit)"),
            ),
            (json!({"code": 409, "reason": "Conflict"}), Some("the object was changed or replaced in the meantime")),
            (
                json!({"code": 422, "reason": "Invalid", "message": "bad", "details": {"causes": invalid}}),
                Some("the API server does not take the object (Invalid): bad"),
            ),
            (
                json!({"code": 500, "reason": "InternalError", "message": "oops"}),
                Some("the API server answered 500 InternalError: oops"),
            ),
            // The answer for an aggregated API whose Service is not there: plain text.
            (
                json!({"code": 503, "reason": NO_STATUS, "message": "service unavailable"}),
                Some(
                    "the server is currently unable to handle the request (networking.k8s.io/v1): service unavailable",
                ),
            ),
            (
                json!({"code": 502, "reason": NO_STATUS, "message": "<html>"}),
                Some("the API server answered 502 Bad Gateway: <html>"),
            ),
        ];
        for (status, expected) in cases {
            assert_eq!(classified(status.clone()).as_deref(), expected, "{status}");
        }
    }
}
