//! How to reach a cluster.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// A text that must not be shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps a text from being shown.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// How to reach a cluster. Making one does no I/O.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Where it is, and as whom.
    pub access: Access,
}

/// Where a cluster is described.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// In a kubeconfig file, as kubectl has it.
    Kubeconfig {
        /// The file, where a leading `~` is the home folder; without one, the files of `KUBECONFIG` or `~/.kube/config`.
        path: Option<PathBuf>,
        /// The context; the file's current one where there is none.
        context: Option<String>,
    },
    /// Here.
    Server(Server),
    /// In the pod that this process runs in: its service account and the cluster's environment variables.
    InCluster,
}

/// An API server and how to authenticate to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Its URL, such as `https://203.0.113.10:6443`.
    pub host: String,
    /// The certificates that sign the server's, in PEM; those of the system where there are none.
    pub certificate_authority: Option<String>,
    /// The name that the server's certificate must have, where it is not that of the URL.
    pub tls_server_name: Option<String>,
    /// Whether any server certificate is taken.
    pub insecure: bool,
    /// As whom.
    pub credentials: Credentials,
}

/// How to authenticate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// Not at all.
    Anonymous,
    /// With a bearer token.
    Token(Secret),
    /// With a client certificate.
    ClientCertificate {
        /// The certificate, in PEM.
        certificate: String,
        /// Its key, in PEM.
        key: Secret,
    },
    /// With what a command prints, such as `aws eks get-token` (Kubernetes documentation, "client-go credential plugins").
    Exec {
        /// The version of the `client.authentication.k8s.io` API that the command speaks.
        api_version: String,
        /// The command.
        command: String,
        /// Its arguments.
        args: Vec<String>,
        /// Environment variables for it. The values may be secret.
        env: BTreeMap<String, Secret>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_shown() {
        let env = BTreeMap::from([("VAR".to_owned(), Secret::new("hunter1"))]);
        let exec = Credentials::Exec { api_version: "v1".into(), command: "c".into(), args: vec![], env };
        let key = Secret::new("hunter2");
        let all = [
            exec,
            Credentials::Token(Secret::new("hunter3")),
            Credentials::ClientCertificate { certificate: "public".into(), key },
        ];
        for credentials in all {
            let server = Server {
                host: "https://localhost".into(),
                certificate_authority: None,
                tls_server_name: None,
                insecure: false,
                credentials,
            };
            let shown = format!("{:?}", Config { access: Access::Server(server) });
            assert!(!shown.contains("hunter") && shown.contains("(secret)"), "{shown}");
        }
    }
}
