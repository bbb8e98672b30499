//! The client of a cluster.

use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use egress_engines::manifest::ObjectId;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::Request;
use serde_json::{Value, json};

use crate::error::{Subject, classify};
use crate::observe::Snapshots;
use crate::{Access, Config, Credentials, Error, Server};

/// How long to wait for a connection: a plan without a cluster must not hang.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long to wait for an answer.
const READ_TIMEOUT: Duration = Duration::from_mins(1);

/// A cluster. One per provider configuration: it keeps the connections and what was listed.
pub struct Cluster {
    client: kube::Client,
    pub(crate) snapshots: Snapshots,
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cluster").finish_non_exhaustive()
    }
}

impl Cluster {
    /// Reads the configuration and makes a client. Files are read, but nothing is sent: whether the cluster answers shows
    /// with the first request.
    pub async fn connect(config: &Config) -> Result<Self, Error> {
        let mut client_config = client_config(&config.access).await?;
        client_config.connect_timeout = Some(CONNECT_TIMEOUT);
        client_config.read_timeout = Some(READ_TIMEOUT);
        let client = kube::Client::try_from(client_config).map_err(unusable)?;
        Ok(Self { client, snapshots: Snapshots::default() })
    }

    /// Sends a request; `None` when the answer is that there is no such object.
    pub(crate) async fn send(&self, subject: Subject<'_>, request: BuiltRequest) -> Result<Option<Value>, Error> {
        let request = request.map_err(unusable)?;
        match self.client.request::<Value>(request).await {
            Ok(value) => Ok(Some(value)),
            Err(error) => match classify(subject, error) {
                Some(error) => Err(error),
                None => Ok(None),
            },
        }
    }
}

/// A request as the client library makes it.
pub(crate) type BuiltRequest = Result<http::Request<Vec<u8>>, kube::core::request::Error>;

/// The requests of an object's kind, in its namespace.
pub(crate) fn requests(id: &ObjectId) -> Request {
    Request::new(collection(&id.api_version, &id.plural, id.namespace.as_deref()))
}

/// The path of a collection (Kubernetes API concepts, "Resource URIs").
pub(crate) fn collection(api_version: &str, plural: &str, namespace: Option<&str>) -> String {
    let root = if api_version.contains('/') { "apis" } else { "api" };
    match namespace {
        Some(namespace) => format!("/{root}/{api_version}/namespaces/{namespace}/{plural}"),
        None => format!("/{root}/{api_version}/{plural}"),
    }
}

pub(crate) fn subject(id: &ObjectId) -> Subject<'_> {
    Subject { api_version: &id.api_version, kind: &id.kind, namespace: id.namespace.as_deref() }
}

fn unusable(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::Config(error.into())
}

async fn client_config(access: &Access) -> Result<kube::Config, Error> {
    let (kubeconfig, context) = match access {
        Access::InCluster => return kube::Config::incluster().map_err(unusable),
        Access::Kubeconfig { path, context } => {
            let kubeconfig = match path {
                Some(path) => Kubeconfig::read_from(expand_home(path)).map_err(unusable)?,
                None => Kubeconfig::read().map_err(unusable)?,
            };
            (kubeconfig, context.clone())
        }
        Access::Server(server) => (serde_json::from_value(kubeconfig_of(server)).map_err(unusable)?, None),
    };
    let options = KubeConfigOptions { context, ..KubeConfigOptions::default() };
    kube::Config::from_custom_kubeconfig(kubeconfig, &options).await.map_err(unusable)
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

    #[test]
    fn collections_are_where_the_api_has_them() {
        let cases = [
            ("v1", "namespaces", None, "/api/v1/namespaces"),
            ("networking.k8s.io/v1", "networkpolicies", None, "/apis/networking.k8s.io/v1/networkpolicies"),
            (
                "networking.k8s.io/v1",
                "networkpolicies",
                Some("a"),
                "/apis/networking.k8s.io/v1/namespaces/a/networkpolicies",
            ),
        ];
        for (api_version, plural, namespace, path) in cases {
            assert_eq!(collection(api_version, plural, namespace), path);
        }
    }

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
