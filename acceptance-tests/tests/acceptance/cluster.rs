//! A host's folder with a namespace of its own on an API server.

use std::ops::Deref;
use std::sync::Arc;

use acceptance_tests::host::Workspace;
use acceptance_tests::kubernetes::ApiServer;
use anyhow::Result;
use serde_json::Value as Json;

use crate::suite::{REQUIRED_PROVIDERS, Run};
use crate::world::OWNER;

/// The policies of Kubernetes itself.
pub(crate) const NETWORK_POLICIES: &str = "networkpolicies.networking.k8s.io";

/// A workspace whose provider reaches an API server.
pub(crate) struct Cluster {
    workspace: Workspace,
    /// The API server.
    pub(crate) server: Arc<ApiServer>,
    /// A namespace that no other scenario has.
    pub(crate) namespace: String,
}

impl Deref for Cluster {
    type Target = Workspace;

    fn deref(&self) -> &Workspace {
        &self.workspace
    }
}

impl Cluster {
    pub(crate) fn new(run: &Run<'_>, server: Arc<ApiServer>) -> Result<Self> {
        let namespace = server.own_namespace()?;
        Ok(Self { workspace: run.workspace()?, server, namespace })
    }

    /// Writes `main.tf`: the provider, then the body.
    pub(crate) fn configure(&self, body: &str) -> Result<()> {
        self.write("main.tf", &(provider(&self.server, "") + body))
    }

    /// Applies the body, and then expects nothing more to do.
    pub(crate) fn settle(&self, body: &str) -> Result<()> {
        self.configure(body)?;
        self.apply()?;
        self.expect_empty_plan()
    }

    /// The `NetworkPolicy` of this name in the namespace.
    pub(crate) fn network_policy(&self, name: &str) -> Result<Option<Json>> {
        self.server.get(NETWORK_POLICIES, &self.namespace, name)
    }
}

/// The provider on an API server, with these further lines of `kubernetes`.
pub(crate) fn provider(server: &ApiServer, kubernetes: &str) -> String {
    let kubeconfig = server.kubeconfig().display();
    format!(
        "{REQUIRED_PROVIDERS}provider \"egress\" {{\n  owner = \"{OWNER}\"\n  kubernetes {{\n    \
         config_path = \"{kubeconfig}\"\n{kubernetes}  }}\n}}\n"
    )
}
