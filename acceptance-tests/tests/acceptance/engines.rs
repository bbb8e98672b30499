//! Policies of several engines, on real hosts and an API server that has the engines' published definitions.
//!
//! No engine runs there: what is shown is that the API server takes every object as it is, and that what Terraform does with
//! several kinds at a time is right.

use std::sync::Arc;

use acceptance_tests::host::{Workspace, attributes, changes, unwrapped};
use acceptance_tests::kubernetes::ApiServer;
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value as Json, json};

use crate::cluster::{self, Cluster};
use crate::suite::{Needs, Run, Suite, api_server, api_server_with_engines};
use crate::world::says;

pub(crate) fn add_to(suite: &mut Suite) {
    let mut engines = |name: &str, run| suite.on_one_host(&format!("engines::{name}"), Needs::Engines, run);
    engines("a_switch_applies_the_new_before_it_deletes_the_old", a_switch_applies_the_new_before_it_deletes_the_old);
    engines("two_policies_that_become_one_object_are_refused", two_policies_that_become_one_object_are_refused);
    let mut cluster = |name: &str, run| suite.on_one_host(&format!("engines::{name}"), Needs::Cluster, run);
    cluster("a_missing_definition_is_an_error_that_says_what_to_do", a_missing_definition_is_an_error);
}

/// The provider on an API server, with the cluster's ranges and these further lines of `kubernetes`.
pub(crate) fn provider(server: &ApiServer, more: &str) -> String {
    let ranges = "    cluster_cidrs {\n      pods = [\"10.42.0.0/16\"]\n      services = [\"10.43.0.0/16\"]\n      \
                  nodes = [\"192.168.0.0/20\"]\n    }\n";
    cluster::provider(server, &format!("{ranges}{more}"))
}

pub(crate) fn policy(resource: &str, engine: &str, namespace: &str, cidr: &str) -> String {
    // OVN-Kubernetes governs whole namespaces.
    let pods = if engine == "ovn-kubernetes" { "" } else { "  pods { match_labels = { app = \"backend\" } }\n" };
    format!(
        "resource \"egress_policy\" \"{resource}\" {{\n  name = \"{resource}\"\n  namespace = \"{namespace}\"\n  \
         engine = \"{engine}\"\n{pods}  accept_timeout = \"0s\"\n  allow = {{ partner = {{ to_cidrs = [\"{cidr}\"], \
         ports = [443] }} }}\n}}\n"
    )
}

pub(crate) fn workspace(run: &Run<'_>) -> Result<(Workspace, Arc<ApiServer>)> {
    Ok((run.workspace()?, api_server_with_engines()?))
}

/// An object as kubectl finds it: kind with version and group, namespace, name.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Object {
    /// `Kind.version.group`.
    pub(crate) resource: String,
    /// Its namespace; any for kinds of the whole cluster.
    pub(crate) namespace: String,
    /// Whether it is of the whole cluster.
    pub(crate) is_cluster_wide: bool,
    /// Its name.
    pub(crate) name: String,
}

impl Object {
    /// Its kind.
    pub(crate) fn kind(&self) -> &str {
        self.resource.split('.').next().unwrap_or_default()
    }

    /// Its group and version.
    pub(crate) fn api_version(&self) -> String {
        let mut parts = self.resource.splitn(3, '.').skip(1);
        let (version, group) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        format!("{group}/{version}")
    }
}

/// The objects in the `manifests` of a resource.
pub(crate) fn objects(workspace: &Workspace, address: &str) -> Result<Vec<Object>> {
    let state = workspace.state()?;
    let manifests = attributes(&state, address)["manifests"].clone();
    let object = |(id, lines): (&String, &Json)| {
        let (group, version) = lines[0].as_str()?.strip_prefix("apiVersion: ")?.split_once('/')?;
        let parts: Vec<_> = id.split('/').collect();
        let (kind, namespace, name) = match parts[..] {
            [kind, namespace, name] => (kind, namespace, name),
            [kind, name] => (kind, "default", name),
            _ => return None,
        };
        let resource = format!("{kind}.{version}.{group}");
        let is_cluster_wide = parts.len() == 2;
        Some(Object { resource, namespace: namespace.to_owned(), is_cluster_wide, name: name.to_owned() })
    };
    let manifests = manifests.as_object().context("no manifests")?;
    manifests.iter().map(|entry| object(entry).with_context(|| format!("no object: {entry:?}"))).collect()
}

/// Who takes fields over.
pub(crate) const SOMEBODY: &str = "platform-gitops";

/// Somebody else takes over the label `team` of an object.
pub(crate) fn take_over_label(server: &ApiServer, object: &Object) -> Result<()> {
    let mut metadata = json!({ "name": object.name, "labels": { "team": "platform" } });
    if !object.is_cluster_wide {
        metadata["namespace"] = object.namespace.as_str().into();
    }
    let theirs = json!({ "apiVersion": object.api_version(), "kind": object.kind(), "metadata": metadata });
    server.apply_as(SOMEBODY, &theirs)
}

pub(crate) fn exists(server: &ApiServer, object: &Object) -> bool {
    let arguments = ["get", &object.resource, "--namespace", &object.namespace, &object.name, "--output", "name"];
    server.kubectl(&arguments, "").is_ok()
}

fn a_switch_applies_the_new_before_it_deletes_the_old(run: &Run<'_>) -> Result<()> {
    let (workspace, server) = workspace(run)?;
    let namespace = server.own_namespace()?;
    let address = "egress_policy.backend";
    let mut before: Vec<Object> = Vec::new();
    for engine in ["network-policy", "cilium", "calico", "antrea", "network-policy"] {
        let body = provider(&server, "") + &policy("backend", engine, &namespace, "203.0.113.0/24");
        workspace.write("main.tf", &body)?;
        if !before.is_empty() {
            let (plan, said) = workspace.plan()?;
            ensure!(changes(&plan) == [(address.to_owned(), "update".to_owned())], "{:?}", changes(&plan));
            says(&unwrapped(&said.output), &["Objects will be replaced by others", &before[0].name])?;
        }
        workspace.apply()?;
        workspace.expect_empty_plan()?;
        let now = objects(&workspace, address)?;
        for id in &now {
            ensure!(exists(&server, id), "{engine}: {id:?} is not in the cluster");
        }
        for id in before.iter().filter(|id| !now.contains(id)) {
            ensure!(!exists(&server, id), "{engine}: {id:?} of the engine before is left");
        }
        before = now;
    }
    workspace.destroy()?;
    ensure!(!exists(&server, &before[0]), "{:?} is left after the destroy", before[0]);
    Ok(())
}

fn a_missing_definition_is_an_error(run: &Run<'_>) -> Result<()> {
    let workspace = run.workspace()?;
    let server = api_server()?;
    let namespace = server.own_namespace()?;
    let body = policy("backend", "cilium", &namespace, "203.0.113.0/24");
    let body = body.replacen("accept_timeout", "timeouts { create = \"2s\" }\n  accept_timeout", 1);
    workspace.write("main.tf", &(provider(&server, "") + &body))?;
    let said = unwrapped(&workspace.fail(&["apply", "-auto-approve", "-no-color"])?.output);
    says(&said, &["does not serve CiliumNetworkPolicy in cilium.io/v2", "Install the engine that defines it"])?;
    workspace.destroy().map(drop)
}

/// With Antrea a policy's rules that deny are an object of their own, whose name another policy may have.
fn two_policies_that_become_one_object_are_refused(run: &Run<'_>) -> Result<()> {
    let cluster = Cluster::new(run, api_server_with_engines()?)?;
    let namespace = &cluster.namespace;
    let denies = policy("p", "antrea", namespace, "203.0.113.0/24").replacen(
        "  allow = ",
        "  deny = { metadata = { to_cidrs = [\"169.254.169.254/32\"], ports = [80] } }\n  allow = ",
        1,
    );
    let second = policy("p-deny", "antrea", namespace, "203.0.113.0/24");
    cluster.settle(&denies)?;
    cluster.configure(&(denies.clone() + &second))?;
    let said = unwrapped(&cluster.fail(&["plan", "-no-color"])?.output);
    says(&said, &["Two resources make ", &format!("/{namespace}/p-deny"), "would take it from each other"])?;
    // With another name both are there.
    cluster.settle(&(denies + &second.replace("p-deny", "q")))?;
    cluster.destroy().map(drop)
}
