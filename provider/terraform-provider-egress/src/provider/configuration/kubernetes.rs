//! The `kubernetes` part of the block.

use std::collections::BTreeMap;

use cluster::{Access, Config, Credentials, Secret, Server};
use serde::Deserialize;
use tfplugin::cty::{Path, Value};
use tfplugin::similar::hint;
use tfplugin::{Diagnostic, Diagnostics, model};

use super::wrong::{beneath, wrong_url};
use crate::session::{Kubernetes, OnUnreachable};

#[derive(Deserialize)]
struct Part {
    config_path: Option<String>,
    config_context: Option<String>,
    host: Option<String>,
    cluster_ca_certificate: Option<String>,
    tls_server_name: Option<String>,
    insecure: Option<bool>,
    token: Option<String>,
    client_certificate: Option<String>,
    client_key: Option<String>,
    exec: Option<Exec>,
    in_cluster: Option<bool>,
    on_unreachable: Option<String>,
}

#[derive(Deserialize)]
struct Exec {
    api_version: String,
    command: String,
    args: Option<Vec<String>>,
    env: Option<BTreeMap<String, String>>,
}

/// The versions of the credential API that client-go's plugins speak (Kubernetes documentation, "client-go credential
/// plugins").
const EXEC_VERSIONS: [&str; 2] = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"];

/// Parses the `kubernetes` block at this path, of which the attributes of [`crate::provider::schema::CONNECTION`] are known.
pub(super) fn parse(path: &Path, value: &Value) -> Result<Kubernetes, Diagnostics> {
    let part: Part = model::from_value_subset(value).map_err(|error| beneath(path, error))?;
    let on_unreachable = on_unreachable(&part, path)?;
    access(&part, path).map(|access| Kubernetes::new(Config { access }, on_unreachable)).map_err(Into::into)
}

fn on_unreachable(part: &Part, path: &Path) -> Result<OnUnreachable, Diagnostic> {
    match part.on_unreachable.as_deref() {
        None | Some("error") => Ok(OnUnreachable::Error),
        Some("warn") => Ok(OnUnreachable::Warn),
        Some(other) => Err(Diagnostic::error(
            format!("The on_unreachable {other:?} does not exist"),
            format!(
                "Choose \"error\" (a plan that cannot look at the cluster fails) or \"warn\" (it goes on with what the state says).{}",
                hint(other, ["error", "warn"])
            ),
        )
        .at(path.child("on_unreachable"))),
    }
}

fn access(part: &Part, path: &Path) -> Result<Access, Diagnostic> {
    let kubeconfig = part.config_path.is_some() || part.config_context.is_some();
    let in_cluster = part.in_cluster == Some(true);
    let ways = [(kubeconfig, "config_path"), (part.host.is_some(), "host"), (in_cluster, "in_cluster")];
    let chosen: Vec<_> = ways.iter().filter(|(chosen, _)| *chosen).map(|(_, name)| *name).collect();
    if let [_, second, ..] = chosen[..] {
        return Err(Diagnostic::error(
            format!("The cluster is described twice, by {}", chosen.join(" and ")),
            "Give a kubeconfig (config_path, config_context), or an API server (host), or in_cluster = true.",
        )
        .at(path.child(second)));
    }
    let Some(host) = &part.host else {
        return match only_with_host(part) {
            Some(name) => Err(Diagnostic::error(
                format!("{name} is given without a host"),
                "It describes the API server that host names, and has no effect with a kubeconfig or in_cluster. \
                 Add host, or leave it out.",
            )
            .at(path.child(name))),
            None if in_cluster => Ok(Access::InCluster),
            None => Ok(Access::Kubeconfig {
                path: part.config_path.as_ref().map(Into::into),
                context: part.config_context.clone(),
            }),
        };
    };
    if let Some(problem) = wrong_url(host) {
        return Err(Diagnostic::error("The kubernetes host cannot be used", problem).at(path.child("host")));
    }
    if part.insecure == Some(true) && part.cluster_ca_certificate.is_some() {
        return Err(Diagnostic::error(
            "insecure contradicts cluster_ca_certificate",
            "The first says not to check the API server's certificate, the second with what to check it. Leave one out.",
        )
        .at(path.child("insecure")));
    }
    Ok(Access::Server(Server {
        host: host.clone(),
        certificate_authority: part.cluster_ca_certificate.clone(),
        tls_server_name: part.tls_server_name.clone(),
        insecure: part.insecure == Some(true),
        credentials: credentials(part, path)?,
    }))
}

/// The first attribute that is given and means something only with `host`.
fn only_with_host(part: &Part) -> Option<&'static str> {
    [
        ("cluster_ca_certificate", part.cluster_ca_certificate.is_some()),
        ("tls_server_name", part.tls_server_name.is_some()),
        ("insecure", part.insecure == Some(true)),
        ("token", part.token.is_some()),
        ("client_certificate", part.client_certificate.is_some()),
        ("client_key", part.client_key.is_some()),
        ("exec", part.exec.is_some()),
    ]
    .into_iter()
    .find_map(|(name, given)| given.then_some(name))
}

fn credentials(part: &Part, path: &Path) -> Result<Credentials, Diagnostic> {
    let one_of = "Give one of token, exec, or client_certificate with client_key.";
    match (&part.token, &part.exec, &part.client_certificate, &part.client_key) {
        (Some(token), None, None, None) => Ok(Credentials::Token(Secret::new(token.clone()))),
        (None, Some(exec), None, None) => exec_credentials(exec, &path.child("exec")),
        (None, None, Some(certificate), Some(key)) => {
            Ok(Credentials::ClientCertificate { certificate: certificate.clone(), key: Secret::new(key.clone()) })
        }
        (None, None, Some(_), None) => Err(Diagnostic::error("The client certificate has no key", "Add client_key.")
            .at(path.child("client_certificate"))),
        (None, None, None, Some(_)) => {
            Err(Diagnostic::error("The client key has no certificate", "Add client_certificate.")
                .at(path.child("client_key")))
        }
        (None, None, None, None) => {
            Err(Diagnostic::error("The host is given without credentials", one_of).at(path.child("host")))
        }
        _ => {
            Err(Diagnostic::error("The host is given more than one kind of credentials", one_of).at(path.child("host")))
        }
    }
}

fn exec_credentials(exec: &Exec, path: &Path) -> Result<Credentials, Diagnostic> {
    if !EXEC_VERSIONS.contains(&exec.api_version.as_str()) {
        return Err(Diagnostic::error(
            format!("The exec api_version {:?} does not exist", exec.api_version),
            format!("Use {}.{}", EXEC_VERSIONS.join(" or "), hint(&exec.api_version, EXEC_VERSIONS)),
        )
        .at(path.child("api_version")));
    }
    let env = exec.env.iter().flatten().map(|(name, value)| (name.clone(), Secret::new(value.clone()))).collect();
    Ok(Credentials::Exec {
        api_version: exec.api_version.clone(),
        command: exec.command.clone(),
        args: exec.args.clone().unwrap_or_default(),
        env,
    })
}
