//! Who owns which part of an object, on real hosts and an API server: what is taken over, taken back, refused and released.

use acceptance_tests::host::{changes, unwrapped};
use acceptance_tests::kubernetes::ApiServer;
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value as Json, json};

use crate::cluster::{Cluster, NETWORK_POLICIES, provider};
use crate::suite::{Needs, Run, Suite, api_server};
use crate::world::says;

const ADDRESS: &str = "egress_policy.backend";
const FORCE: &str = "  force_conflicts = true\n";

pub(crate) fn add_to(suite: &mut Suite) {
    let mut cluster = |name: &str, run| suite.on_one_host(&format!("ownership::{name}"), Needs::Cluster, run);
    cluster("a_patch_of_our_fields_is_taken_back", a_patch_of_our_fields_is_taken_back);
    cluster(
        "a_field_that_another_manager_applies_is_a_conflict_in_the_plan",
        another_manager_is_a_conflict_in_the_plan,
    );
    cluster("a_takeover_shows_in_the_plan", a_takeover_shows_in_the_plan);
    cluster("a_takeover_that_would_open_ingress_is_refused", a_takeover_that_would_open_ingress_is_refused);
    cluster("ingress_that_others_added_is_kept", ingress_that_others_added_is_kept);
    cluster("a_config_map_that_others_share_is_released", a_config_map_that_others_share_is_released);
    cluster("a_new_name_applies_the_new_object_before_the_old_one_goes", a_new_name_applies_the_new_object_first);
}

/// A policy of this name that allows this port.
fn policy(cluster: &Cluster, name: &str, port: u16, more: &str) -> String {
    format!(
        "resource \"egress_policy\" \"backend\" {{\n  name = \"{name}\"\n  namespace = \"{}\"\n  \
         pods {{ match_labels = {{ app = \"backend\" }} }}\n  \
         allow = {{ partner = {{ to_cidrs = [\"203.0.113.0/24\"], ports = [{port}] }} }}\n{more}}}\n",
        cluster.namespace
    )
}

impl Cluster {
    fn spec(&self) -> Result<Json> {
        Ok(self.network_policy("backend")?.context("there is no policy")?["spec"].clone())
    }

    /// A policy of others.
    fn theirs(&self, spec: &Json) -> Json {
        json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": { "name": "backend", "namespace": self.namespace }, "spec": spec,
        })
    }

    /// What a person does with kubectl, whose changes are updates.
    fn patch(&self, change: &Json) -> Result<()> {
        let patch = json!({ "spec": change }).to_string();
        let arguments =
            ["patch", NETWORK_POLICIES, "backend", "--namespace", &self.namespace, "--type=merge", "--patch", &patch];
        self.server.kubectl(&arguments, "").map(drop)
    }

    fn planned(&self) -> Result<String> {
        let (plan, run) = self.plan()?;
        ensure!(changes(&plan).len() == 1, "{:?}", changes(&plan));
        Ok(unwrapped(&run.output))
    }

    fn apply_fails(&self, said: &[&str]) -> Result<()> {
        says(&unwrapped(&self.fail(&["apply", "-auto-approve", "-no-color"])?.output), said)
    }

    fn refused(&self, said: &[&str]) -> Result<()> {
        says(&unwrapped(&self.fail(&["plan", "-no-color"])?.output), said)
    }
}

fn a_patch_of_our_fields_is_taken_back(run: &Run<'_>) -> Result<()> {
    let cluster = Cluster::new(run, api_server()?)?;
    cluster.settle(&policy(&cluster, "backend", 443, ""))?;
    let ours = cluster.spec()?;
    cluster.patch(&json!({ "egress": [{}] }))?;
    let said = cluster.planned()?;
    let object = format!("NetworkPolicy/{}/backend", cluster.namespace);
    says(&said, &[&format!("Changes of {object} by others are undone"), ".spec.egress (kubectl-patch)"])?;
    ensure!(cluster.spec()?["egress"] == json!([{}]), "the plan changed it");
    cluster.apply()?;
    ensure!(cluster.spec()? == ours, "{:#}", cluster.spec()?);
    cluster.expect_empty_plan()?;
    cluster.destroy()?;
    ensure!(cluster.network_policy("backend")?.is_none(), "the policy is left");
    Ok(())
}

fn another_manager_is_a_conflict_in_the_plan(run: &Run<'_>) -> Result<()> {
    let cluster = Cluster::new(run, api_server()?)?;
    cluster.settle(&policy(&cluster, "backend", 443, ""))?;
    cluster.server.apply_as("argocd", &cluster.theirs(&json!({ "egress": [{}] })))?;
    // Nobody changed the configuration, so that a destroy makes this plan too.
    let conflict = ["cannot be applied", ".spec.egress is owned by \"argocd\"", "force_conflicts = true"];
    says(&cluster.planned()?, &conflict)?;
    cluster.apply_fails(&["could not be applied", conflict[1], conflict[2]])?;
    cluster.configure(&policy(&cluster, "backend", 5432, ""))?;
    cluster.refused(&conflict)?;
    ensure!(cluster.spec()?["egress"] == json!([{}]), "it was taken");
    cluster.settle(&policy(&cluster, "backend", 443, FORCE))?;
    cluster.destroy()?;
    ensure!(cluster.network_policy("backend")?.is_none(), "the policy is left");
    Ok(())
}

fn a_takeover_shows_in_the_plan(run: &Run<'_>) -> Result<()> {
    let cluster = Cluster::new(run, api_server()?)?;
    let spec = json!({ "podSelector": { "matchLabels": { "app": "frontend" } }, "policyTypes": ["Egress"] });
    cluster.server.kubectl(&["create", "--filename", "-"], &cluster.theirs(&spec).to_string())?;
    cluster.configure(&policy(&cluster, "backend", 443, ""))?;
    cluster.refused(&["exists and is foreign", "kubectl-create"])?;
    cluster.configure(&policy(&cluster, "backend", 443, FORCE))?;
    let object = format!("NetworkPolicy/{}/backend", cluster.namespace);
    let said = cluster.planned()?;
    says(&said, &[&format!("{object} is taken over"), "These change:", "- .spec.podSelector (kubectl-create)"])?;
    cluster.apply()?;
    cluster.expect_empty_plan()?;
    cluster.destroy()?;
    ensure!(cluster.network_policy("backend")?.is_none(), "nothing in it was anybody else's any more");
    Ok(())
}

fn a_takeover_that_would_open_ingress_is_refused(run: &Run<'_>) -> Result<()> {
    let cluster = Cluster::new(run, api_server()?)?;
    let spec = json!({ "podSelector": { "matchLabels": { "app": "backend" } }, "policyTypes": ["Egress", "Ingress"] });
    cluster.server.kubectl(&["create", "--filename", "-"], &cluster.theirs(&spec).to_string())?;
    cluster.configure(&policy(&cluster, "backend", 443, FORCE))?;
    cluster.refused(&[
        "would open ingress",
        "Give this resource another name",
        "kubectl get networkpolicies.networking.k8s.io backend",
    ])?;
    ensure!(cluster.spec()? == spec, "{:#}", cluster.spec()?);
    // Under another name both are in force.
    cluster.settle(&policy(&cluster, "backend-egress", 443, FORCE))?;
    ensure!(cluster.spec()? == spec, "{:#}", cluster.spec()?);
    cluster.destroy().map(drop)
}

fn ingress_that_others_added_is_kept(run: &Run<'_>) -> Result<()> {
    let cluster = Cluster::new(run, api_server()?)?;
    cluster.settle(&policy(&cluster, "backend", 443, ""))?;
    let ingress = json!([{ "from": [{ "podSelector": { "matchLabels": { "app": "frontend" } } }] }]);
    cluster.patch(&json!({ "policyTypes": ["Egress", "Ingress"], "ingress": ingress }))?;
    // What was changed is a field of ours, and taking it back would open ingress.
    says(&cluster.planned()?, &["would open ingress", "Somebody changed it after it was applied."])?;
    cluster.apply_fails(&["would open ingress"])?;
    cluster.configure(&policy(&cluster, "backend", 5432, ""))?;
    cluster.refused(&["would open ingress"])?;
    cluster.configure(&policy(&cluster, "backend", 443, ""))?;
    ensure!(cluster.spec()?["ingress"] == ingress, "{:#}", cluster.spec()?);
    // Destroying releases what is ours, and ingress stays as it was.
    let said = unwrapped(&cluster.destroy()?.output);
    says(&said, &["was released and not deleted", ".spec.ingress (kubectl-patch)"])?;
    let left = cluster.network_policy("backend")?.context("their part is gone")?;
    ensure!(left["spec"]["ingress"] == ingress, "{left:#}");
    ensure!(left["spec"]["podSelector"] == json!({ "matchLabels": { "app": "backend" } }), "{left:#}");
    ensure!(left["spec"]["policyTypes"].as_array().is_some_and(|types| types.contains(&json!("Ingress"))), "{left:#}");
    ensure!(left["metadata"]["labels"]["egress-owner"].is_null(), "it is marked as ours: {left:#}");
    Ok(())
}

fn a_config_map_that_others_share_is_released(run: &Run<'_>) -> Result<()> {
    // There is one of these in a cluster.
    let server = ApiServer::start_own()?;
    let workspace = run.workspace()?;
    let theirs = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "ip-masq-agent", "namespace": "kube-system" },
        "data": { "config": "nonMasqueradeCIDRs: []\n", "notes": "by the platform team" },
    });
    server.kubectl(&["create", "--filename", "-"], &theirs.to_string())?;
    let body = |more: &str| {
        format!(
            "{}resource \"egress_pod_network\" \"prod\" {{\n  name = \"prod\"\n  \
             gke {{ non_masquerade_cidrs = [\"10.0.0.0/8\"] }}\n{more}}}\n",
            provider(&server, "")
        )
    };
    workspace.write("main.tf", &body(""))?;
    says(&unwrapped(&workspace.fail(&["plan", "-no-color"])?.output), &["exists and is foreign", "kubectl-create"])?;
    workspace.write("main.tf", &body(FORCE))?;
    let (_, run) = workspace.plan()?;
    says(
        &unwrapped(&run.output),
        &[
            "ConfigMap/kube-system/ip-masq-agent is taken over",
            "These change:",
            "- .data.config (kubectl-create)",
            "These stay as they are:",
            "- .data.notes (kubectl-create)",
        ],
    )?;
    workspace.apply()?;
    workspace.expect_empty_plan()?;
    let said = unwrapped(&workspace.destroy()?.output);
    says(&said, &["was released and not deleted", ".data.notes (kubectl-create)"])?;
    let left = server.get("configmaps", "kube-system", "ip-masq-agent")?.context("their part is gone")?;
    ensure!(left["data"] == json!({ "notes": "by the platform team" }), "{left:#}");
    Ok(())
}

fn a_new_name_applies_the_new_object_first(run: &Run<'_>) -> Result<()> {
    let cluster = Cluster::new(run, api_server()?)?;
    cluster.settle(&policy(&cluster, "backend", 443, ""))?;
    let hold = |finalizers: Json| {
        let patch = json!({ "metadata": { "finalizers": finalizers } }).to_string();
        let arguments = [
            "patch",
            NETWORK_POLICIES,
            "backend",
            "--namespace",
            &cluster.namespace,
            "--type=merge",
            "--patch",
            &patch,
        ];
        cluster.server.kubectl(&arguments, "").map(drop)
    };
    hold(json!(["example.com/hold"]))?;
    let short = "  timeouts { update = \"3s\" }\n";
    cluster.configure(&policy(&cluster, "renamed", 443, short))?;
    let (plan, run) = cluster.plan()?;
    ensure!(changes(&plan) == [(ADDRESS.to_owned(), "update".to_owned())], "{:?}", changes(&plan));
    let old = format!("NetworkPolicy/{}/backend", cluster.namespace);
    says(&unwrapped(&run.output), &["deleted once all new objects are applied", &old])?;
    // The old one is held, so that the new one shows beside it.
    let said = unwrapped(&cluster.fail(&["apply", "-auto-approve", "-no-color"])?.output);
    says(&said, &[&format!("{old} could not be deleted"), "example.com/hold"])?;
    ensure!(cluster.network_policy("renamed")?.is_some(), "the new one is not there before the old one is gone");
    hold(Json::Null)?;
    cluster.settle(&policy(&cluster, "renamed", 443, ""))?;
    ensure!(cluster.network_policy("backend")?.is_none(), "the old one is left");
    cluster.destroy()?;
    ensure!(cluster.network_policy("renamed")?.is_none(), "the new one is left");
    Ok(())
}
