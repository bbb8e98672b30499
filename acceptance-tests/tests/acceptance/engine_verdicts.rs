//! What an engine says about applied objects, on real hosts and an API server where the test plays the engine's controller.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use acceptance_tests::host::{Workspace, attributes, changes, unwrapped};
use acceptance_tests::kubernetes::ApiServer;
use anyhow::{Context as _, Result, anyhow, ensure};
use serde_json::{Value as Json, json};

use crate::engines::{provider, workspace};
use crate::suite::{Needs, Run, Suite};
use crate::world::says;

const CILIUM: &str = "ciliumnetworkpolicies.cilium.io";
const ADDRESS: &str = "egress_policy.backend";
/// How long the test's controller waits for what it reports on.
const PATIENCE: Duration = Duration::from_mins(1);

pub(crate) fn add_to(suite: &mut Suite) {
    let mut engines = |name: &str, run| suite.on_one_host(&format!("engine_verdicts::{name}"), Needs::Engines, run);
    engines("an_apply_waits_until_the_engine_took_the_object", an_apply_waits_until_the_engine_took_the_object);
    engines("a_refusal_is_an_error_with_the_reason", a_refusal_is_an_error_with_the_reason);
    engines("a_refused_change_can_be_corrected", a_refused_change_can_be_corrected);
    engines("without_a_controller_an_apply_warns", without_a_controller_an_apply_warns);
    engines("without_a_controller_only_the_first_object_is_waited_for_long", only_the_first_is_waited_for_long);
    engines("what_the_engine_has_not_taken_replaces_nothing", what_the_engine_has_not_taken_replaces_nothing);
    engines("a_gateway_may_need_a_moment", a_gateway_may_need_a_moment);
}

struct Cluster {
    workspace: Workspace,
    server: Arc<ApiServer>,
    namespace: String,
}

impl Cluster {
    fn new(run: &Run<'_>) -> Result<Self> {
        let (workspace, server) = workspace(run)?;
        let namespace = server.own_namespace()?;
        Ok(Self { workspace, server, namespace })
    }

    fn configure(&self, engine: &str, cidr: &str, timeout: &str) -> Result<()> {
        let body = format!(
            "resource \"egress_policy\" \"backend\" {{\n  name = \"backend\"\n  namespace = \"{}\"\n  engine = \"{engine}\"\n  \
             accept_timeout = \"{timeout}\"\n  pods {{ match_labels = {{ app = \"backend\" }} }}\n  \
             allow = {{ partner = {{ to_cidrs = [\"{cidr}\"], ports = [443] }} }}\n}}\n",
            self.namespace
        );
        self.workspace.write("main.tf", &(provider(&self.server, "") + &body))
    }

    /// Runs the host while a controller reports this status about a generation of the policy.
    fn with_controller<T>(&self, generation: i64, status: &Json, host: impl FnOnce() -> Result<T>) -> Result<T> {
        let (server, namespace, status) = (Arc::clone(&self.server), self.namespace.clone(), status.clone());
        let controller = thread::spawn(move || report(&server, CILIUM, &namespace, "backend", generation, &status));
        let ended = host();
        controller.join().map_err(|_| anyhow!("the controller panicked"))??;
        ended
    }
}

/// Waits until an object has this generation, and a moment longer, and then writes its status.
fn report(
    server: &ApiServer,
    resource: &str,
    namespace: &str,
    name: &str,
    generation: i64,
    status: &Json,
) -> Result<()> {
    let begin = Instant::now();
    loop {
        let live = server.get(resource, namespace, name)?;
        if live.is_some_and(|live| live["metadata"]["generation"] == generation) {
            thread::sleep(Duration::from_millis(500));
            return server.patch_status(resource, namespace, name, status);
        }
        ensure!(begin.elapsed() < PATIENCE, "{resource} {name} never had the generation {generation}");
        thread::sleep(Duration::from_millis(50));
    }
}

fn valid(status: &str, message: &str) -> Json {
    // Cilium's operator writes no observedGeneration.
    json!({ "conditions": [{ "type": "Valid", "status": status, "message": message, "lastTransitionTime": "2026-01-01T00:00:00Z" }] })
}

fn an_apply_waits_until_the_engine_took_the_object(run: &Run<'_>) -> Result<()> {
    let cluster = Cluster::new(run)?;
    cluster.configure("cilium", "203.0.113.0/24", "60s")?;
    let said =
        cluster.with_controller(1, &valid("True", "Policy validation succeeded"), || cluster.workspace.apply())?;
    ensure!(!said.output.contains("not yet accepted"), "{}", said.output);
    let live = cluster.server.get(CILIUM, &cluster.namespace, "backend")?.context("no policy")?;
    ensure!(live["status"]["conditions"][0]["status"] == "True", "the apply ended before the controller spoke");
    cluster.workspace.expect_empty_plan()?;
    cluster.workspace.destroy().map(drop)
}

fn a_refusal_is_an_error_with_the_reason(run: &Run<'_>) -> Result<()> {
    let cluster = Cluster::new(run)?;
    cluster.configure("cilium", "203.0.113.0/24", "60s")?;
    let refused = valid("False", "rule 1 names a label that is reserved");
    let said =
        cluster.with_controller(1, &refused, || cluster.workspace.fail(&["apply", "-auto-approve", "-no-color"]))?;
    let said = unwrapped(&said.output);
    let expected = ["does not accept CiliumNetworkPolicy", "rule 1 names a label that is reserved", "in the state"];
    says(&said, &expected)?;
    says(&said, &["tainted"])?;
    let state = cluster.workspace.state()?;
    ensure!(attributes(&state, ADDRESS)["manifests"].as_object().is_some_and(|all| all.len() == 1), "{state:#}");
    ensure!(cluster.server.get(CILIUM, &cluster.namespace, "backend")?.is_some(), "the policy is not in the cluster");
    cluster.workspace.destroy()?;
    ensure!(cluster.server.get(CILIUM, &cluster.namespace, "backend")?.is_none(), "the policy is left");
    Ok(())
}

fn a_refused_change_can_be_corrected(run: &Run<'_>) -> Result<()> {
    let cluster = Cluster::new(run)?;
    cluster.configure("cilium", "203.0.113.0/24", "60s")?;
    cluster.with_controller(1, &valid("True", "fine"), || cluster.workspace.apply())?;
    cluster.configure("cilium", "198.51.100.0/24", "60s")?;
    let refused = valid("False", "that block is reserved");
    let said =
        cluster.with_controller(2, &refused, || cluster.workspace.fail(&["apply", "-auto-approve", "-no-color"]))?;
    let said = unwrapped(&said.output);
    says(&said, &["that block is reserved"])?;
    ensure!(!said.contains("tainted"), "{said}");
    // What the engine said about the version before must not fail the correction.
    cluster.configure("cilium", "192.0.2.0/24", "60s")?;
    let (plan, _) = cluster.workspace.plan()?;
    ensure!(changes(&plan) == [(ADDRESS.to_owned(), "update".to_owned())], "{:?}", changes(&plan));
    cluster.with_controller(3, &valid("True", "fine"), || cluster.workspace.apply())?;
    cluster.workspace.expect_empty_plan()?;
    cluster.workspace.destroy().map(drop)
}

fn without_a_controller_an_apply_warns(run: &Run<'_>) -> Result<()> {
    let cluster = Cluster::new(run)?;
    cluster.configure("cilium", "203.0.113.0/24", "1s")?;
    let said = unwrapped(&cluster.workspace.apply()?.output);
    says(&said, &["has not yet accepted CiliumNetworkPolicy", "has said nothing about it within 1 s"])?;
    cluster.workspace.expect_empty_plan()?;
    cluster.workspace.destroy().map(drop)
}

fn only_the_first_is_waited_for_long(run: &Run<'_>) -> Result<()> {
    let cluster = Cluster::new(run)?;
    let policy = |name: &str, more: &str| {
        format!(
            "resource \"egress_policy\" \"{name}\" {{\n  name = \"{name}\"\n  namespace = \"{}\"\n  engine = \"cilium\"\n  \
             accept_timeout = \"4s\"\n  allow = {{ partner = {{ to_cidrs = [\"203.0.113.0/24\"], ports = [443] }} }}\n{more}}}\n",
            cluster.namespace
        )
    };
    let body = policy("first", "") + &policy("second", "  depends_on = [egress_policy.first]\n");
    cluster.workspace.write("main.tf", &(provider(&cluster.server, "") + &body))?;
    let said = unwrapped(&cluster.workspace.apply()?.output);
    says(
        &said,
        &["within 4 s. Probably", "within 2 s, and nothing about another CiliumNetworkPolicy within 4 s before"],
    )?;
    cluster.workspace.destroy().map(drop)
}

fn what_the_engine_has_not_taken_replaces_nothing(run: &Run<'_>) -> Result<()> {
    let cluster = Cluster::new(run)?;
    let is_there =
        |resource: &str| Ok::<_, anyhow::Error>(cluster.server.get(resource, &cluster.namespace, "backend")?.is_some());
    cluster.configure("network-policy", "203.0.113.0/24", "1s")?;
    cluster.workspace.apply()?;
    cluster.configure("cilium", "203.0.113.0/24", "1s")?;
    let said = unwrapped(&cluster.workspace.fail(&["apply", "-auto-approve", "-no-color"])?.output);
    says(&said, &["has not yet accepted", "The objects that it was to replace stay"])?;
    ensure!(is_there("networkpolicies.networking.k8s.io")?, "the old policy is gone before the new one is in force");
    ensure!(is_there(CILIUM)?, "the new policy is not there");
    let (plan, _) = cluster.workspace.plan()?;
    ensure!(changes(&plan) == [(ADDRESS.to_owned(), "update".to_owned())], "{:?}", changes(&plan));
    cluster.with_controller(1, &valid("True", "fine"), || {
        // The controller comes back.
        thread::sleep(Duration::from_secs(2));
        cluster.workspace.apply()
    })?;
    ensure!(!is_there("networkpolicies.networking.k8s.io")?, "the old policy is left");
    cluster.workspace.expect_empty_plan()?;
    cluster.workspace.destroy().map(drop)
}

fn a_gateway_may_need_a_moment(run: &Run<'_>) -> Result<()> {
    let cluster = Cluster::new(run)?;
    let (server, name) = (&cluster.server, format!("antrea-{}", cluster.namespace));
    let body = format!(
        "resource \"egress_gateway\" \"partners\" {{\n  name = \"{name}\"\n  namespace = \"{0}\"\n  engine = \"antrea\"\n  \
         accept_timeout = \"60s\"\n  sources = {{ own = {{ namespaces = {{ names = [\"{0}\"] }}, pods = {{ all = \
         true }} }} }}\n  ips = [\"192.168.1.50\"]\n}}\n",
        cluster.namespace
    );
    cluster.workspace.write("main.tf", &(provider(server, "") + &body))?;
    let assigned = |status: &str, reason: &str| json!({ "conditions": [{ "type": "IPAssigned", "status": status, "reason": reason }] });
    let (their_server, their_name) = (Arc::clone(server), name.clone());
    let controller = thread::spawn(move || {
        let egresses = "egresses.crd.antrea.io";
        report(&their_server, egresses, "default", &their_name, 1, &assigned("False", "AssignmentError"))?;
        thread::sleep(Duration::from_secs(1));
        report(&their_server, egresses, "default", &their_name, 1, &assigned("True", "Assigned"))
    });
    let said = cluster.workspace.apply();
    controller.join().map_err(|_| anyhow!("the controller panicked"))??;
    ensure!(!said?.output.contains("not yet accepted"), "a gateway that came up is no warning");
    cluster.workspace.destroy().map(drop)
}
