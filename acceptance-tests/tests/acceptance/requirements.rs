//! `check_requirements` on real hosts and an API server: the test makes the objects that an engine's installation makes.

use acceptance_tests::host::{attributes, unwrapped};
use anyhow::{Result, ensure};
use serde_json::json;

use crate::cluster::Cluster;
use crate::suite::{Needs, Run, Suite, api_server, api_server_with_engines, own_server_with_engines};
use crate::world::says;

pub(crate) fn add_to(suite: &mut Suite) {
    let mut engines = |name: &str, run| suite.on_one_host(&format!("requirements::{name}"), Needs::Engines, run);
    engines("what_is_missing_is_an_error_until_it_is_there", what_is_missing_is_an_error_until_it_is_there);
    engines("nobody_looks_unless_asked", nobody_looks_unless_asked);
    let mut cluster = |name: &str, run| suite.on_one_host(&format!("requirements::{name}"), Needs::Cluster, run);
    cluster("a_kind_that_is_not_served_is_an_error", a_kind_that_is_not_served_is_an_error);
    let mut host = |name: &str, run| suite.on_one_host(&format!("requirements::{name}"), Needs::Host, run);
    host("a_cluster_that_does_not_answer_is_an_error", a_cluster_that_does_not_answer_is_an_error);
}

/// A gateway of its own namespace, on nodes with a label that no other run has.
fn gateway(namespace: &str, engine: &str, checks: bool) -> String {
    format!(
        "resource \"egress_gateway\" \"partners\" {{\n  name = \"{engine}-{namespace}\"\n  \
         namespace = \"{namespace}\"\n  engine = \"{engine}\"\n  \
         accept_timeout = \"0s\"\n  check_requirements = {checks}\n  \
         sources = {{ own = {{ namespaces = {{ names = [\"{namespace}\"] }}, pods = {{ all = true }} }} }}\n  \
         ips = [\"192.168.1.50\"]\n  nodes {{ match_labels = {{ egress = \"{namespace}\" }} }}\n}}\n"
    )
}

impl Cluster {
    fn refusal(&self) -> Result<String> {
        Ok(unwrapped(&self.fail(&["plan", "-no-color"])?.output))
    }
}

fn what_is_missing_is_an_error_until_it_is_there(run: &Run<'_>) -> Result<()> {
    // The engine's configuration is one object of the cluster, which every run changes.
    let cluster = Cluster::new(run, own_server_with_engines()?)?;
    let node = |name: &str, label: &str| {
        let labels = json!({ "egress": label });
        json!({ "apiVersion": "v1", "kind": "Node", "metadata": { "name": name, "labels": labels } })
    };
    let own_node = format!("node-{}", cluster.namespace);
    let config = |value: &str| {
        let data = json!({
            "enable-egress-gateway": value, "enable-bpf-masquerade": "true", "kube-proxy-replacement": "true",
            "identity-allocation-mode": "crd",
        });
        let metadata = json!({ "name": "cilium-config", "namespace": "kube-system" });
        json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data })
    };
    cluster.configure(&gateway(&cluster.namespace, "cilium", true))?;
    cluster.server.apply_as("cilium", &config("false"))?;
    let said = cluster.refusal()?;
    says(
        &said,
        &["Helm chart cilium: egressGateway.enabled = true", "data.enable-egress-gateway is false", "helm upgrade"],
    )?;
    says(&said, &["A node matches egress=", "no node does", "kubectl label node"])?;
    ensure!(!said.contains("bpf.masquerade = true"), "what is met is listed: {said}");
    ensure!(!said.contains("The API server serves"), "what is served is listed: {said}");

    cluster.server.apply_as("cilium", &config("true"))?;
    cluster.server.apply_as("kubelet", &node(&own_node, &cluster.namespace))?;
    let said = unwrapped(&cluster.apply()?.output);
    says(&said, &["Some requirements are yours to check", "ciliumEndpointSlice.enabled"])?;
    cluster.expect_empty_plan()?;
    let (_, said) = cluster.plan()?;
    ensure!(!said.output.contains("yours to check"), "it is said once: {}", said.output);

    // A plan without changes looks too, but must not hinder a destroy.
    cluster.server.apply_as("kubelet", &node(&own_node, "no-more"))?;
    let (_, said) = cluster.plan()?;
    says(&unwrapped(&said.output), &["Warning: The cluster lacks what this needs", "no node does"])?;
    cluster.destroy()?;
    cluster.server.delete("nodes", "default", &own_node)
}

fn nobody_looks_unless_asked(run: &Run<'_>) -> Result<()> {
    let cluster = Cluster::new(run, api_server_with_engines()?)?;
    cluster.configure(&gateway(&cluster.namespace, "antrea", false))?;
    cluster.apply()?;
    let state = cluster.state()?;
    let requirements = attributes(&state, "egress_gateway.partners")["requirements"].to_string();
    says(&requirements, &["The API server serves Egress in crd.antrea.io/v1beta1", "A node matches egress="])?;
    cluster.destroy().map(drop)
}

fn a_kind_that_is_not_served_is_an_error(run: &Run<'_>) -> Result<()> {
    let cluster = Cluster::new(run, api_server()?)?;
    cluster.configure(&gateway(&cluster.namespace, "antrea", true))?;
    let said = cluster.refusal()?;
    says(
        &said,
        &["Needed: The API server serves Egress in crd.antrea.io/v1beta1", "knows nothing of crd.antrea.io/v1beta1"],
    )
}

fn a_cluster_that_does_not_answer_is_an_error(run: &Run<'_>) -> Result<()> {
    let workspace = run.workspace()?;
    let nowhere = "provider \"egress\" {\n  owner = \"acme-engines\"\n  kubernetes {\n    \
                   host = \"https://127.0.0.1:1\"\n    token = \"none\"\n    insecure = true\n  }\n}\n";
    let body = format!("{}{nowhere}{}", crate::suite::REQUIRED_PROVIDERS, gateway("production", "antrea", true));
    workspace.write("main.tf", &body)?;
    let said = unwrapped(&workspace.fail(&["plan", "-no-color"])?.output);
    says(&said, &["The cluster cannot be reached", "on_unreachable"])
}
