//! What fails in a cluster, as the user reads it: what could not be done, why, what exists now, and what to do next.

use cluster::Error;
use egress_engines::companions;
use egress_engines::manifest::ObjectId;
use tfplugin::Diagnostic;
use tfplugin::cty::Path;

use super::outcome::upper_first;
use crate::session::{Cause, Failure};

/// What was being done when it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doing {
    /// A refresh.
    Refresh,
    /// A plan.
    Plan,
    /// A change, or the check before one.
    Apply,
    /// An import.
    Import,
}

/// What could not be done with an object, in the past participle: "could not be applied".
pub(super) type Done = &'static str;

/// The failure of a call about an object.
pub(super) fn failed(id: &ObjectId, done: Done, error: &Error, doing: Doing) -> Failure {
    let diagnostic =
        if error.is_of_the_cluster() { of_the_cluster(error, doing) } else { of_object(id, done, error, doing) };
    Failure::new(cause(error), diagnostic)
}

/// The failure of a call that is about the cluster as a whole.
pub(super) fn unreachable(error: &Error, doing: Doing) -> Failure {
    Failure::new(cause(error), of_the_cluster(error, doing))
}

/// The cause of a failure, if it is one that fails the calls of other resources as well.
fn cause(error: &Error) -> Option<Cause> {
    let place = || "the cluster".to_owned();
    match error {
        Error::Config(_) | Error::Credentials(_) | Error::Unauthorized => Some(Cause::Credentials { place: place() }),
        Error::Unavailable { api_version, .. } => {
            Some(Cause::Unreachable { place: format!("{api_version} in the cluster") })
        }
        // The message begins with the object's name.
        Error::Forbidden { message } => {
            let action = message.split_once(" cannot ").map_or(message.as_str(), |(_, action)| action);
            Some(Cause::Denied { place: place(), action: action.to_owned() })
        }
        Error::Interrupted => Some(Cause::Interrupted),
        error if error.is_of_the_cluster() => Some(Cause::Unreachable { place: place() }),
        _ => None,
    }
}

fn of_the_cluster(error: &Error, doing: Doing) -> Diagnostic {
    let summary = match error {
        Error::Config(_) => "The cluster's configuration cannot be used".to_owned(),
        Error::Credentials(_) => "There are no credentials for the cluster".to_owned(),
        Error::Unauthorized => "The cluster does not accept the credentials".to_owned(),
        Error::Unavailable { api_version, .. } => format!("The cluster cannot handle requests for {api_version}"),
        Error::Interrupted => "The run was interrupted".to_owned(),
        _ => "The cluster cannot be reached".to_owned(),
    };
    let consequence = match doing {
        Doing::Refresh => "What is in the cluster was not compared with the state, so nothing can be planned.",
        Doing::Plan => "Whether the objects exist already, and who owns them, was not checked.",
        Doing::Apply => "Nothing was changed.",
        Doing::Import => "Nothing was imported.",
    };
    let remedy = match error {
        Error::Config(_) => {
            "Correct the provider's kubernetes settings or the kubeconfig, then run Terraform again.".to_owned()
        }
        Error::Credentials(_) | Error::Unauthorized => {
            "Renew the credentials (log in again, or correct token, exec or the kubeconfig), then run Terraform again."
                .to_owned()
        }
        Error::Unavailable { api_version, .. } => format!(
            "kube-apiserver passes these requests on to another server: `kubectl get apiservice {}` says why that one does not answer.",
            service_name(api_version)
        ),
        Error::Interrupted => "Run Terraform again.".to_owned(),
        _ => "Check the host, the network and any VPN or proxy on the way, then run Terraform again.".to_owned(),
    };
    let without = match (doing, error) {
        (Doing::Apply | Doing::Import, _) | (_, Error::Interrupted) => "",
        _ => {
            " To plan without looking at the cluster, set on_unreachable = \"warn\" in the provider's kubernetes settings."
        }
    };
    Diagnostic::error(summary, format!("{}. {consequence} {remedy}{without}", sentence(error)))
}

/// The name of the object that registers a group and version (Kubernetes API reference, `APIService`).
fn service_name(api_version: &str) -> String {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    format!("{version}.{group}")
}

fn sentence(error: &Error) -> String {
    upper_first(error.to_string().trim_end_matches('.'))
}

fn of_object(id: &ObjectId, done: Done, error: &Error, doing: Doing) -> Diagnostic {
    let summary = match doing {
        Doing::Plan => format!("{id} cannot be {done}"),
        Doing::Refresh | Doing::Apply | Doing::Import => format!("{id} could not be {done}"),
    };
    match error {
        Error::NamespaceMissing { namespace } => Diagnostic::error(
            format!("The namespace {namespace:?} does not exist"),
            format!(
                "{id} could not be {done}, and nothing was changed. Create the namespace first; if the same \
                 configuration makes it, refer to it (namespace = kubernetes_namespace_v1.example.metadata[0].name) \
                 so that Terraform knows the order."
            ),
        )
        .at(Path::attribute("namespace")),
        Error::NamespaceTerminating { namespace } => Diagnostic::error(
            format!("The namespace {namespace:?} is being deleted"),
            format!("{id} could not be {done}: nothing can be created in it until it is gone and created again."),
        )
        .at(Path::attribute("namespace")),
        Error::Conflict(conflicts) => {
            let list: Vec<_> = conflicts
                .iter()
                .map(|conflict| format!("  - {} is owned by {:?}", conflict.field, conflict.manager))
                .collect();
            Diagnostic::error(
                summary,
                format!(
                    "Other field managers own fields of it with other values:\n\n{}\n\nNothing was changed. Let the \
                     other manager give the field up (remove it from what it applies), or set force_conflicts = \
                     true to take it over.",
                    list.join("\n")
                ),
            )
            .at(Path::attribute("force_conflicts"))
        }
        Error::KindMissing { kind, api_version } => {
            let (why, path) = not_served(kind, api_version);
            let diagnostic = Diagnostic::error(summary, why);
            if let Some(path) = path { diagnostic.at(path) } else { diagnostic }
        }
        Error::Invalid { causes, .. } if !causes.is_empty() => {
            let list: Vec<_> = causes.iter().map(|cause| format!("  - {}: {}", cause.field, cause.message)).collect();
            Diagnostic::error(
                summary,
                format!("The API server does not take it, and nothing was changed:\n\n{}", list.join("\n")),
            )
        }
        Error::StillThere { .. } => Diagnostic::error(
            summary,
            format!("{}. Whatever set the finalizers has to remove them; then apply again.", sentence(error)),
        ),
        Error::Changed => Diagnostic::error(
            summary,
            "It was changed or replaced in the meantime by somebody else, and was left as it is. Plan again.",
        ),
        Error::InterruptedWrite | Error::OverdueWrite => {
            Diagnostic::error(summary, format!("{}. Plan again: what exists is found again.", sentence(error)))
        }
        Error::Overdue => Diagnostic::error(
            summary,
            format!("{}. Nothing was changed. Apply again, or set a longer timeout.", sentence(error)),
        )
        .at(Path::attribute("timeouts")),
        other => Diagnostic::error(summary, format!("{}. Nothing was changed.", sentence(other))),
    }
}

/// Why there is no such kind, and the attribute that the message is about.
pub(super) fn not_served(kind: &str, api_version: &str) -> (String, Option<Path>) {
    if let Some(with) = companions::installed_with(kind) {
        return (format!("The cluster does not serve {kind} in {api_version}. It comes with {with}."), None);
    }
    let why = format!(
        "The cluster does not serve {kind} in {api_version}. Install the engine that defines it, or choose another \
         engine; the engine network-policy needs nothing but Kubernetes."
    );
    (why, Some(Path::attribute("engine")))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn id(name: &str) -> ObjectId {
        ObjectId {
            api_version: "projectcalico.org/v3".to_owned(),
            kind: "NetworkPolicy".to_owned(),
            plural: "networkpolicies".to_owned(),
            namespace: Some("production".to_owned()),
            name: name.to_owned(),
        }
    }

    #[test]
    fn an_aggregated_api_without_its_server_is_said_in_kubectls_words() {
        let error = Error::Unavailable {
            api_version: "projectcalico.org/v3".to_owned(),
            message: "service unavailable".to_owned(),
        };
        let failure = failed(&id("a"), "read", &error, Doing::Refresh);
        let expected = Diagnostic::error(
            "The cluster cannot handle requests for projectcalico.org/v3",
            "The server is currently unable to handle the request (projectcalico.org/v3): service unavailable. What \
             is in the cluster was not compared with the state, so nothing can be planned. kube-apiserver passes \
             these requests on to another server: `kubectl get apiservice v3.projectcalico.org` says why that one \
             does not answer. To plan without looking at the cluster, set on_unreachable = \"warn\" in the \
             provider's kubernetes settings.",
        );
        assert_eq!(failure.diagnostic, expected);
        assert_eq!(failure.cause, Some(Cause::Unreachable { place: "projectcalico.org/v3 in the cluster".to_owned() }));
    }

    #[test]
    fn an_apply_that_is_not_answered_says_what_exists() {
        let error = Error::Silent { server: "https://10.0.0.1".to_owned(), waited: Duration::from_secs(75) };
        let expected = Diagnostic::error(
            "The cluster cannot be reached",
            "The API server https://10.0.0.1 has not answered within 75 s. Nothing was changed. Check the host, the \
             network and any VPN or proxy on the way, then run Terraform again.",
        );
        assert_eq!(failed(&id("a"), "applied", &error, Doing::Apply).diagnostic, expected);
    }

    #[test]
    fn what_is_forbidden_is_one_cause_for_every_object() {
        let forbidden = |name: &str| {
            let message = format!(
                "networkpolicies.networking.k8s.io {name:?} is forbidden: User \"ci\" cannot get resource \
                 \"networkpolicies\" in API group \"networking.k8s.io\" in the namespace \"production\""
            );
            failed(&id(name), "read", &Error::Forbidden { message }, Doing::Refresh).cause
        };
        assert_eq!(forbidden("a"), forbidden("b"));
        assert!(forbidden("a").is_some());
    }
}
