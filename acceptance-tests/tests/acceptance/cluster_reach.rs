//! A cluster that cannot be reached, answers in part, or is not ready yet, on real hosts: one error for a run, however many resources it
//! has, and no long wait.

use std::sync::Arc;
use std::time::{Duration, Instant};

use acceptance_tests::host::{Workspace, changes, unwrapped};
use acceptance_tests::kubernetes::ApiServer;
use acceptance_tests::silent_server::SilentServer;
use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use crate::suite::{Needs, REQUIRED_PROVIDERS, Run, Suite, api_server};
use crate::world::says;

/// How long a plan may take, whatever the cluster does.
const LIMIT: Duration = Duration::from_mins(2);
/// As many resources as would show that each waits or reports on its own.
const COUNT: usize = 40;

pub(crate) fn add_to(suite: &mut Suite) {
    let mut cluster = |name: &str, run| suite.on_one_host(&format!("cluster_reach::{name}"), Needs::Cluster, run);
    cluster("a_silent_server_ends_a_plan_with_one_error", a_silent_server_ends_a_plan_with_one_error);
    cluster("an_unreachable_server_is_one_error_or_one_warning", an_unreachable_server_is_one_error_or_one_warning);
    cluster("an_expired_token_is_one_error", an_expired_token_is_one_error);
    cluster("an_apply_without_the_cluster_keeps_the_state", an_apply_without_the_cluster_keeps_the_state);
    cluster("an_aggregated_api_without_its_server_is_one_error", an_aggregated_api_without_its_server_is_one_error);
    cluster("a_kind_that_is_made_during_the_apply_is_waited_for", a_kind_that_is_made_during_the_apply_is_waited_for);
    let mut host = |name: &str, run| suite.on_one_host(&format!("cluster_reach::{name}"), Needs::Host, run);
    host("a_create_without_the_cluster_is_one_error_or_one_warning", a_create_without_the_cluster);
}

/// The arguments of a provider's kubernetes settings that reach a server with a token.
fn at(host: &str, token: &str) -> String {
    format!("host = \"{host}\"\n    token = \"{token}\"\n    insecure = true")
}

fn policies(kubernetes: &str, engine: &str, namespace: &str, cidr: &str) -> String {
    format!(
        "{REQUIRED_PROVIDERS}provider \"egress\" {{\n  owner = \"acme-reach\"\n  kubernetes {{\n    {kubernetes}\n  }}\n}}\n\
         resource \"egress_policy\" \"all\" {{\n  count = {COUNT}\n  name = \"p${{count.index}}\"\n  namespace = \"{namespace}\"\n  \
         engine = \"{engine}\"\n  accept_timeout = \"0s\"\n  pods {{ match_labels = {{ app = \"a${{count.index}}\" }} }}\n  \
         allow = {{ partner = {{ to_cidrs = [\"{cidr}\"], ports = [443] }} }}\n}}\n"
    )
}

pub(crate) fn errors(output: &str) -> usize {
    output.matches("Error: ").count()
}

/// The warnings, without the host's own about where it found the provider.
fn warnings(output: &str) -> usize {
    output.matches("Warning: ").count() - output.matches("Warning: Provider development overrides").count()
}

/// Policies in the cluster and in the state.
struct Applied {
    workspace: Workspace,
    server: Arc<ApiServer>,
    namespace: String,
}

impl Applied {
    fn new(run: &Run<'_>) -> Result<Self> {
        let server = api_server()?;
        let applied = Self { workspace: run.workspace()?, namespace: server.own_namespace()?, server };
        applied.configure(&applied.settings(), "203.0.113.0/24")?;
        applied.workspace.apply()?;
        Ok(applied)
    }

    fn settings(&self) -> String {
        format!("config_path = \"{}\"", self.server.kubeconfig().display())
    }

    fn configure(&self, kubernetes: &str, cidr: &str) -> Result<()> {
        self.workspace.write("main.tf", &policies(kubernetes, "network-policy", &self.namespace, cidr))
    }

    /// A plan that fails with one error that says all of this, within the limit.
    fn plan_fails(&self, said: &[&str]) -> Result<()> {
        fails_once(&self.workspace, said)
    }
}

/// A plan that fails with one error that says all of this, within the limit.
pub(crate) fn fails_once(workspace: &Workspace, said: &[&str]) -> Result<()> {
    let begin = Instant::now();
    let run = workspace.fail(&["plan", "-no-color"])?;
    ensure!(begin.elapsed() < LIMIT, "the plan took {:?}", begin.elapsed());
    ensure!(errors(&run.output) == 1, "{} errors: {}", errors(&run.output), run.output);
    ensure!(warnings(&run.output) == 0, "{}", run.output);
    says(&unwrapped(&run.output), said)
}

fn warns_once(workspace: &Workspace, said: &[&str]) -> Result<Vec<(String, String)>> {
    let (plan, run) = workspace.plan()?;
    ensure!(warnings(&run.output) == 1, "{}", run.output);
    says(&unwrapped(&run.output), said)?;
    Ok(changes(&plan))
}

fn a_silent_server_ends_a_plan_with_one_error(run: &Run<'_>) -> Result<()> {
    let applied = Applied::new(run)?;
    let silent = SilentServer::start()?;
    let host = format!("https://{}", silent.address());
    applied.configure(&at(&host, "none"), "203.0.113.0/24")?;
    applied.plan_fails(&[
        "The cluster cannot be reached",
        &format!("The API server {host} has not answered within 10 s"),
    ])?;
    ensure!(silent.connections() < 5, "it was asked {} times", silent.connections());
    // The same without a refresh, where the plan looks at what it would change.
    applied.configure(&at(&host, "none"), "198.51.100.0/24")?;
    let begin = Instant::now();
    let failed = applied.workspace.fail(&["plan", "-no-color", "-refresh=false"])?;
    ensure!(begin.elapsed() < LIMIT && errors(&failed.output) == 1, "{:?}: {}", begin.elapsed(), failed.output);
    applied.configure(&applied.settings(), "203.0.113.0/24")?;
    applied.workspace.expect_empty_plan()?;
    applied.workspace.destroy().map(drop)
}

fn an_unreachable_server_is_one_error_or_one_warning(run: &Run<'_>) -> Result<()> {
    let applied = Applied::new(run)?;
    let nowhere = at("https://127.0.0.1:1", "none");
    applied.configure(&nowhere, "203.0.113.0/24")?;
    applied.plan_fails(&[
        "The cluster cannot be reached",
        "The API server https://127.0.0.1:1 cannot be reached: Connection refused (os error 111). What is in the cluster was not compared \
         with the state, so nothing can be planned.",
        "on_unreachable = \"warn\"",
    ])?;
    applied.configure(&format!("{nowhere}\n    on_unreachable = \"warn\""), "203.0.113.0/24")?;
    let warning = "cannot be reached: Connection refused (os error 111). The plan goes on with what the state says (on_unreachable = \
                \"warn\"): changes made outside of Terraform do not show.";
    let changes = warns_once(&applied.workspace, &[warning])?;
    ensure!(changes.is_empty(), "{changes:?}");
    applied.configure(&applied.settings(), "203.0.113.0/24")?;
    applied.workspace.destroy().map(drop)
}

fn an_expired_token_is_one_error(run: &Run<'_>) -> Result<()> {
    let applied = Applied::new(run)?;
    let url =
        applied.server.kubectl(&["config", "view", "--raw", "-o", "jsonpath={.clusters[0].cluster.server}"], "")?;
    applied.configure(&at(url.trim(), "expired"), "203.0.113.0/24")?;
    applied.plan_fails(&["The cluster does not accept the credentials", "(Unauthorized)", "Renew the credentials"])?;
    applied.configure(&applied.settings(), "203.0.113.0/24")?;
    applied.workspace.destroy().map(drop)
}

fn an_apply_without_the_cluster_keeps_the_state(run: &Run<'_>) -> Result<()> {
    let applied = Applied::new(run)?;
    let silent = SilentServer::start()?;
    let before = applied.workspace.state()?;
    // The plan is made with the cluster, and then nobody answers.
    let host = format!("https://{}", silent.address());
    let kubernetes = format!("{}\n    on_unreachable = \"warn\"", at(&host, "none"));
    applied.configure(&kubernetes, "198.51.100.0/24")?;
    let begin = Instant::now();
    let failed = applied.workspace.fail(&["apply", "-auto-approve", "-no-color", "-refresh=false"])?;
    ensure!(begin.elapsed() < 2 * LIMIT, "the apply took {:?}", begin.elapsed());
    // Every resource has to fail; one says why.
    let said = unwrapped(&failed.output);
    ensure!(said.matches("has not answered within 10 s. Nothing was changed").count() == 1, "{said}");
    ensure!(said.contains("There is no answer from the cluster; the error of egress_policy \"p"), "{said}");
    ensure!(applied.workspace.state()?["values"] == before["values"], "the state is another");
    applied.configure(&applied.settings(), "198.51.100.0/24")?;
    applied.workspace.apply()?;
    applied.workspace.expect_empty_plan()?;
    applied.workspace.destroy().map(drop)
}

fn an_aggregated_api_without_its_server_is_one_error(run: &Run<'_>) -> Result<()> {
    // What the API server serves is the whole cluster's.
    let server = ApiServer::start_own()?;
    let service = json!({
        "apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": { "name": "v3.projectcalico.org" },
        "spec": {
            "group": "projectcalico.org", "version": "v3", "groupPriorityMinimum": 1500, "versionPriority": 200,
            "insecureSkipTLSVerify": true, "service": { "name": "calico-api", "namespace": "calico-system" },
        },
    });
    server.kubectl(&["apply", "--filename", "-"], &service.to_string())?;
    let namespace = server.own_namespace()?;
    let workspace = run.workspace()?;
    let kubernetes = format!("config_path = \"{}\"", server.kubeconfig().display());
    workspace.write("main.tf", &policies(&kubernetes, "calico", &namespace, "203.0.113.0/24"))?;
    let begin = Instant::now();
    let said = [
        "The cluster cannot handle requests for projectcalico.org/v3",
        "The server is currently unable to handle the request (projectcalico.org/v3)",
        "kubectl get apiservice v3.projectcalico.org",
    ];
    fails_once(&workspace, &said)?;
    ensure!(begin.elapsed() < Duration::from_mins(1), "kubectl answers at once: {:?}", begin.elapsed());
    Ok(())
}

fn a_kind_that_is_made_during_the_apply_is_waited_for(run: &Run<'_>) -> Result<()> {
    let server = ApiServer::start_own()?;
    let namespace = server.own_namespace()?;
    let workspace = run.workspace()?;
    let kubernetes = format!("config_path = \"{}\"", server.kubeconfig().display());
    workspace.write("main.tf", &policies(&kubernetes, "cilium", &namespace, "203.0.113.0/24"))?;
    warns_once(&workspace, &["The cluster does not serve CiliumNetworkPolicy yet", "waits for the kind up to 5m"])?;
    let schema = json!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true });
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": { "name": "ciliumnetworkpolicies.cilium.io" },
        "spec": {
            "group": "cilium.io", "scope": "Namespaced",
            "names": { "kind": "CiliumNetworkPolicy", "plural": "ciliumnetworkpolicies" },
            "versions": [{ "name": "v2", "served": true, "storage": true, "schema": { "openAPIV3Schema": schema } }],
        },
    });
    let applied = std::thread::scope(|scope| {
        let installed = scope.spawn(|| {
            std::thread::sleep(Duration::from_secs(8));
            server.kubectl(&["apply", "--filename", "-"], &definition.to_string())
        });
        let applied = workspace.apply();
        installed.join().map_err(|_| anyhow::anyhow!("the definition could not be made"))??;
        applied
    });
    applied.context("the kind came during the apply")?;
    workspace.expect_empty_plan()?;
    workspace.destroy().map(drop)
}

fn a_create_without_the_cluster(run: &Run<'_>) -> Result<()> {
    let workspace = run.workspace()?;
    let nowhere = at("https://127.0.0.1:1", "none");
    workspace.write("main.tf", &policies(&nowhere, "network-policy", "production", "203.0.113.0/24"))?;
    fails_once(&workspace, &["Whether the objects exist already, and who owns them, was not checked."])?;
    let warn = format!("{nowhere}\n    on_unreachable = \"warn\"");
    workspace.write("main.tf", &policies(&warn, "network-policy", "production", "203.0.113.0/24"))?;
    let created =
        warns_once(&workspace, &["The plan goes on without (on_unreachable = \"warn\"): the apply looks again."])?;
    ensure!(created.len() == COUNT, "{created:?}");
    Ok(())
}
