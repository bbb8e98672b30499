//! What can go wrong with a cluster, by the API server's own codes and reasons.

use std::time::Duration;

use kube::core::Status;
use kube::core::response::StatusCause;

/// A field that another manager owns with another value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldConflict {
    /// The other manager, such as `kubectl-client-side-apply`.
    pub manager: String,
    /// The field, such as `.spec.egress`.
    pub field: String,
}

/// A field that the API server does not take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The field, such as `spec.egress[0].ports[0].port`; empty where the server names none.
    pub field: String,
    /// Why not.
    pub message: String,
}

/// What went wrong with a cluster.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configuration cannot be read or used; nothing was sent.
    #[error("the cluster's configuration cannot be used")]
    Config(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// No answer: the network, TLS, or a credential plugin.
    #[error("the API server cannot be reached")]
    Unreachable(#[source] Box<kube::Error>),
    /// The API server does not accept the credentials.
    #[error("the API server does not accept the credentials (Unauthorized)")]
    Unauthorized,
    /// The credentials do not allow it.
    #[error("the API server refuses it (Forbidden): {message}")]
    Forbidden {
        /// The server's message, which names the user, the verb and the resource.
        message: String,
    },
    /// The namespace does not exist.
    #[error("the namespace {namespace:?} does not exist")]
    NamespaceMissing {
        /// Its name.
        namespace: String,
    },
    /// The namespace is being deleted, so nothing can be made in it.
    #[error("the namespace {namespace:?} is being deleted")]
    NamespaceTerminating {
        /// Its name.
        namespace: String,
    },
    /// The API server does not serve the kind.
    #[error("the cluster does not serve {kind} in {api_version}")]
    KindMissing {
        /// Group and version.
        api_version: String,
        /// The kind.
        kind: String,
    },
    /// Other managers own fields with other values; nothing was changed.
    #[error("other managers own fields of the object with other values: {list}", list = list(.0))]
    Conflict(Vec<FieldConflict>),
    /// The object is not the one that was looked at.
    #[error("the object was changed or replaced since it was looked at")]
    Changed,
    /// The API server does not take the object.
    #[error("the API server does not take the object ({reason}): {message}")]
    Invalid {
        /// The server's reason, such as `Invalid` or `BadRequest`.
        reason: String,
        /// The server's message.
        message: String,
        /// The fields, where it names them.
        causes: Vec<Cause>,
    },
    /// The object is still there after a deletion.
    #[error("the object is still there {} s after its deletion was accepted{}", .waited.as_secs(), held_by(.finalizers))]
    StillThere {
        /// How long was waited.
        waited: Duration,
        /// What holds it.
        finalizers: Vec<String>,
    },
    /// Anything else that the API server answered.
    #[error("the API server answered {code} {reason}: {message}")]
    Api {
        /// The HTTP status.
        code: u16,
        /// The server's reason.
        reason: String,
        /// The server's message.
        message: String,
    },
}

fn list(conflicts: &[FieldConflict]) -> String {
    conflicts.iter().map(|conflict| format!("{} ({})", conflict.field, conflict.manager)).collect::<Vec<_>>().join(", ")
}

fn held_by(finalizers: &[String]) -> String {
    if finalizers.is_empty() { String::new() } else { format!(", held by the finalizers {}", finalizers.join(", ")) }
}

/// What a request was about, for its error.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject<'a> {
    pub(crate) api_version: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) namespace: Option<&'a str>,
}

/// `None` when the answer is that there is no such object.
pub(crate) fn classify(subject: Subject<'_>, error: kube::Error) -> Option<Error> {
    match error {
        kube::Error::Api(status) => from_status(subject, &status),
        other => Some(Error::Unreachable(Box::new(other))),
    }
}

fn from_status(subject: Subject<'_>, status: &Status) -> Option<Error> {
    let details = status.details.as_ref();
    let causes = details.map(|details| details.causes.as_slice()).unwrap_or_default();
    let namespace = || subject.namespace.unwrap_or_default().to_owned();
    let message = || status.message.clone();
    Some(match (status.code, status.reason.as_str()) {
        (404, _) => match details.map(|details| details.kind.as_str()) {
            Some("namespaces") => Error::NamespaceMissing { namespace: namespace() },
            // A missing object is named in the details; a missing kind is a page that does not exist.
            Some(kind) if !kind.is_empty() && details.is_some_and(|details| !details.name.is_empty()) => return None,
            _ => Error::KindMissing { api_version: subject.api_version.to_owned(), kind: subject.kind.to_owned() },
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
        (code, reason) => Error::Api { code, reason: reason.to_owned(), message: message() },
    })
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
        classify(subject, kube::Error::Api(Box::new(status))).map(|error| error.to_string())
    }

    #[test]
    fn errors_are_told_apart_by_code_and_reason() {
        // Answers of kube-apiserver 1.37, without what does not matter here.
        let conflict = json!([
            {"reason": "FieldManagerConflict", "field": ".spec.egress", "message": "conflict with \"kubectl-edit\" using networking.k8s.io/v1"},
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
            (
                json!({"code": 409, "reason": "Conflict"}),
                Some("the object was changed or replaced since it was looked at"),
            ),
            (
                json!({"code": 422, "reason": "Invalid", "message": "bad", "details": {"causes": invalid}}),
                Some("the API server does not take the object (Invalid): bad"),
            ),
            (
                json!({"code": 500, "reason": "InternalError", "message": "oops"}),
                Some("the API server answered 500 InternalError: oops"),
            ),
        ];
        for (status, expected) in cases {
            assert_eq!(classified(status.clone()).as_deref(), expected, "{status}");
        }
    }
}
