//! What can go wrong with a cluster.

use std::time::Duration;

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

/// What went wrong with a cluster. Each text says all of it: there are no sources.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The configuration cannot be read or used; nothing was sent.
    #[error("the cluster's configuration cannot be used: {0}")]
    Config(String),
    /// The command or file that gives the credentials failed; nothing was sent.
    #[error("there are no credentials for the cluster: {0}")]
    Credentials(String),
    /// The API server, or something on the way to it, does not take the connection.
    #[error("the API server {server} cannot be reached: {why}")]
    Unreachable {
        /// Its URL.
        server: String,
        /// The innermost cause, such as `Connection refused`.
        why: String,
    },
    /// No answer in time, to the connection or to a request.
    #[error("the API server {server} has not answered within {} s", .waited.as_secs())]
    Silent {
        /// Its URL.
        server: String,
        /// How long was waited.
        waited: Duration,
    },
    /// The API server, or the aggregated one that serves the kind, says that it cannot answer (503). kubectl has the same words.
    #[error("the server is currently unable to handle the request ({api_version}): {message}")]
    Unavailable {
        /// Group and version that were asked for.
        api_version: String,
        /// The server's message.
        message: String,
    },
    /// The API server sheds load (429), and still did after a while of waiting. kubectl has the same words.
    #[error("the server has received too many requests and has asked us to try again later, for {} s", .waited.as_secs())]
    Throttled {
        /// How long was waited.
        waited: Duration,
    },
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
    /// The object is not the one that was observed.
    #[error("the object was changed or replaced in the meantime")]
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
    /// The user interrupted before it was started or while nothing was changed.
    #[error("it was interrupted")]
    Interrupted,
    /// The user interrupted, and the answer to a change did not come soon after.
    #[error("it was interrupted before the answer came, so it may have been carried out")]
    InterruptedWrite,
    /// The operation's time was over before it was started or while nothing was changed.
    #[error("the timeout was reached")]
    Overdue,
    /// The operation's time was over, and the answer to a change had not come.
    #[error("the timeout was reached before the answer came, so it may have been carried out")]
    OverdueWrite,
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

impl Error {
    /// Whether this is about the cluster, or the way to it, and not about one object: every other call would fail in the same way.
    pub fn is_of_the_cluster(&self) -> bool {
        matches!(
            self,
            Self::Config(_)
                | Self::Credentials(_)
                | Self::Unreachable { .. }
                | Self::Silent { .. }
                | Self::Unavailable { .. }
                | Self::Throttled { .. }
                | Self::Unauthorized
                | Self::Interrupted
        ) || matches!(self, Self::Api { code: 500.., .. })
    }
}

fn list(conflicts: &[FieldConflict]) -> String {
    conflicts.iter().map(|conflict| format!("{} ({})", conflict.field, conflict.manager)).collect::<Vec<_>>().join(", ")
}

fn held_by(finalizers: &[String]) -> String {
    if finalizers.is_empty() { String::new() } else { format!(", held by the finalizers {}", finalizers.join(", ")) }
}
