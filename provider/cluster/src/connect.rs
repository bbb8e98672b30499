//! The client of a cluster.

use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kube::config::{KubeConfigOptions, Kubeconfig};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::classify::unusable;
use crate::remembered::{Facts, Outage, Snapshots};
use crate::{Access, Config, Credentials, Error, Server};

/// How long to wait for a connection, TLS included: a plan without a cluster must not hang.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long to wait for the next part of an answer.
const READ_TIMEOUT: Duration = Duration::from_mins(1);
/// How long a credential plugin may take, which may open a browser.
const CREDENTIALS_TIMEOUT: Duration = Duration::from_mins(1);

/// A cluster. One per provider configuration: it keeps the connections and what was listed.
pub struct Cluster {
    pub(crate) client: kube::Client,
    /// Its URL, for messages.
    pub(crate) server: String,
    pub(crate) outage: Outage,
    pub(crate) snapshots: Snapshots,
    pub(crate) facts: Facts,
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cluster").finish_non_exhaustive()
    }
}

impl Cluster {
    /// Its URL.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// Reads the configuration and makes a client. Files are read and a credential plugin is run, but nothing is sent: whether the
    /// cluster answers shows with the first request.
    pub async fn connect(config: &Config) -> Result<Self, Error> {
        let mut client_config = client_config(&config.access).await?;
        client_config.connect_timeout = Some(CONNECT_TIMEOUT);
        client_config.read_timeout = Some(READ_TIMEOUT);
        // It waits minutes for an aggregated API that is not there, and says nothing of it.
        client_config.default_retry = false;
        let server = client_config.cluster_url.to_string().trim_end_matches('/').to_owned();
        // Runs the plugin, and waits for it.
        let made = tokio::task::spawn_blocking(move || kube::Client::try_from(client_config));
        let client = match timeout(CREDENTIALS_TIMEOUT, made).await {
            Ok(Ok(made)) => made.map_err(|error| unusable(&error))?,
            Ok(Err(panicked)) => return Err(Error::Config(panicked.to_string())),
            Err(_) => {
                let seconds = CREDENTIALS_TIMEOUT.as_secs();
                return Err(Error::Credentials(format!("the credential plugin has not ended within {seconds} s")));
            }
        };
        Ok(Self { client, server, outage: Outage::default(), snapshots: Snapshots::default(), facts: Facts::default() })
    }
}

fn wrong(error: impl std::fmt::Display) -> Error {
    Error::Config(error.to_string())
}

async fn client_config(access: &Access) -> Result<kube::Config, Error> {
    let (kubeconfig, context) = match access {
        Access::InCluster => return kube::Config::incluster().map_err(wrong),
        Access::Kubeconfig { path, context } => {
            let kubeconfig = match path {
                Some(path) => Kubeconfig::read_from(expand_home(path)).map_err(wrong)?,
                None => Kubeconfig::read().map_err(wrong)?,
            };
            (kubeconfig, context.clone())
        }
        Access::Server(server) => (serde_json::from_value(kubeconfig_of(server)).map_err(wrong)?, None),
    };
    let options = KubeConfigOptions { context, ..KubeConfigOptions::default() };
    kube::Config::from_custom_kubeconfig(kubeconfig, &options).await.map_err(wrong)
}

/// A server as a kubeconfig, so that there is one way to read certificates and run credential plugins.
fn kubeconfig_of(server: &Server) -> Value {
    let mut cluster = json!({ "server": server.host });
    if let Some(pem) = &server.certificate_authority {
        cluster["certificate-authority-data"] = STANDARD.encode(pem).into();
    }
    if let Some(name) = &server.tls_server_name {
        cluster["tls-server-name"] = name.as_str().into();
    }
    if server.insecure {
        cluster["insecure-skip-tls-verify"] = true.into();
    }
    let user = match &server.credentials {
        Credentials::Anonymous => json!({}),
        Credentials::Token(token) => json!({ "token": token.reveal() }),
        Credentials::ClientCertificate { certificate, key } => json!({
            "client-certificate-data": STANDARD.encode(certificate),
            "client-key-data": STANDARD.encode(key.reveal()),
        }),
        Credentials::Exec { api_version, command, args, env } => {
            let env: Vec<_> = env.iter().map(|(name, value)| json!({"name": name, "value": value.reveal()})).collect();
            let exec = json!({
                "apiVersion": api_version, "command": command, "args": args, "env": env, "interactiveMode": "Never",
            });
            json!({ "exec": exec })
        }
    };
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "configured", "cluster": cluster}],
        "users": [{"name": "configured", "user": user}],
        "contexts": [{"name": "configured", "context": {"cluster": "configured", "user": "configured"}}],
        "current-context": "configured",
    })
}

fn expand_home(path: &Path) -> PathBuf {
    match (path.strip_prefix("~"), std::env::home_dir()) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Secret;

    #[tokio::test]
    async fn a_server_becomes_a_client_configuration() {
        let server = Server {
            host: "https://cluster.example:6443".into(),
            certificate_authority: None,
            tls_server_name: Some("kubernetes".into()),
            insecure: true,
            credentials: Credentials::Token(Secret::new("t")),
        };
        let config = client_config(&Access::Server(server)).await.expect("a configuration");
        assert_eq!(config.cluster_url.to_string(), "https://cluster.example:6443/");
        assert!(config.accept_invalid_certs && config.tls_server_name.as_deref() == Some("kubernetes"));
        assert!(config.auth_info.token.is_some());
    }

    #[tokio::test]
    async fn a_missing_kubeconfig_is_an_error_of_the_configuration() {
        let access = Access::Kubeconfig { path: Some("/nowhere/config".into()), context: None };
        assert!(matches!(Cluster::connect(&Config { access }).await, Err(Error::Config(_))));
    }

    #[tokio::test]
    async fn a_missing_context_is_an_error_of_the_configuration() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("config");
        std::fs::write(&path, "apiVersion: v1\nkind: Config\ncontexts: []\n").expect("a file");
        let access = Access::Kubeconfig { path: Some(path), context: Some("missing".into()) };
        assert!(matches!(Cluster::connect(&Config { access }).await, Err(Error::Config(_))));
    }

    #[test]
    fn a_tilde_is_the_home_folder() {
        if let Some(home) = std::env::home_dir() {
            assert_eq!(expand_home(Path::new("~/.kube/config")), home.join(".kube/config"));
        }
        assert_eq!(expand_home(Path::new("/a/~/b")), Path::new("/a/~/b"));
    }
}
