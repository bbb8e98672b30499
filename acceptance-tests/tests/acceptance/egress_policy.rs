//! `egress_policy` on real hosts and a real API server.

use acceptance_tests::host::{attributes, changes, unwrapped};
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value as Json, json};

use crate::cluster::{Cluster, NETWORK_POLICIES};
use crate::suite::{Needs, REQUIRED_PROVIDERS, Run, Suite, api_server};
use crate::world::says;

const MANAGER: &str = "terraform-provider-egress";
/// Nobody listens there.
const NOWHERE: &str = "kubernetes {\n  host = \"https://127.0.0.1:1\"\n  token = \"none\"\n  insecure = true\n}";

pub(crate) fn add_to(suite: &mut Suite) {
    let mut each = |name: &str, needs, run| suite.on_each_host(&format!("egress_policy::{name}"), needs, run);
    each("a_second_plan_is_empty", Needs::Cluster, a_second_plan_is_empty);
    each(
        "a_change_is_in_place_and_destroy_leaves_nothing",
        Needs::Cluster,
        a_change_is_in_place_and_destroy_leaves_nothing,
    );
    each("import_by_name", Needs::Cluster, import_by_name);
    each("rendering_needs_no_cluster", Needs::Host, rendering_needs_no_cluster);
    let mut one = |name: &str, needs, run| suite.on_one_host(&format!("egress_policy::{name}"), needs, run);
    one("our_fields_changed_by_others_show_in_the_plan", Needs::Cluster, our_fields_changed_by_others_show_in_the_plan);
    one("fields_of_others_are_left_alone", Needs::Cluster, fields_of_others_are_left_alone);
    one("a_conflict_names_the_other_manager", Needs::Cluster, a_conflict_names_the_other_manager);
    one("deleted_outside_it_is_made_again", Needs::Cluster, deleted_outside_it_is_made_again);
    one("a_missing_namespace_is_an_error", Needs::Cluster, a_missing_namespace_is_an_error);
    one("planning_works_without_the_cluster", Needs::Host, planning_works_without_the_cluster);
    one("what_the_engine_cannot_do_is_an_error", Needs::Host, what_the_engine_cannot_do_is_an_error);
    one("bad_input_is_refused", Needs::Host, bad_input_is_refused);
}

fn provider(kubernetes: &str) -> String {
    format!("{REQUIRED_PROVIDERS}provider \"egress\" {{\n  owner = \"acme-acceptance\"\n  {kubernetes}\n}}\n")
}

fn policy(namespace: &str, more: &str) -> String {
    format!(
        "resource \"egress_policy\" \"backend\" {{\n  name = \"backend\"\n  namespace = \"{namespace}\"\n  \
         pods {{ match_labels = {{ app = \"backend\" }} }}\n  allow = {{\n    \
         db = {{ to_pods = {{ match_labels = {{ app = \"database\" }} }}, ports = [5432] }}\n    \
         partner = {{ to_cidrs = [\"203.0.113.0/24\", \"!203.0.113.128/25\"], ports = [443] }}\n  }}\n{more}}}\n"
    )
}

fn managers(object: &Json) -> Vec<&str> {
    let fields = object["metadata"]["managedFields"].as_array().into_iter().flatten();
    fields.filter_map(|entry| entry["manager"].as_str()).collect()
}

fn a_second_plan_is_empty(run: &Run<'_>) -> Result<()> {
    let cluster = Cluster::new(run, api_server()?)?;
    cluster.settle(&policy(&cluster.namespace, ""))?;
    let live = cluster.network_policy("backend")?.context("there is no policy in the cluster")?;
    ensure!(managers(&live) == [MANAGER], "{:?}", managers(&live));
    ensure!(live["spec"]["policyTypes"] == json!(["Egress"]), "{:#}", live["spec"]);
    let blocks = live["spec"].to_string();
    says(&blocks, &["203.0.113.0/24", "203.0.113.128/25", "5432", "443", "53", "kube-dns"])
}

fn a_change_is_in_place_and_destroy_leaves_nothing(run: &Run<'_>) -> Result<()> {
    let cluster = Cluster::new(run, api_server()?)?;
    cluster.settle(&policy(&cluster.namespace, ""))?;
    let before =
        cluster.network_policy("backend")?.context("there is no policy in the cluster")?["metadata"]["uid"].clone();
    let changed = policy(&cluster.namespace, "").replace("5432", "3306");
    cluster.configure(&changed)?;
    let (plan, _) = cluster.plan()?;
    ensure!(changes(&plan) == [("egress_policy.backend".to_owned(), "update".to_owned())], "{:?}", changes(&plan));
    let planned = plan["resource_changes"][0]["change"]["after"]["manifests"].to_string();
    says(&planned, &["3306"]).context("the manifests are known in the plan")?;
    cluster.settle(&changed)?;
    let live = cluster.network_policy("backend")?.context("there is no policy in the cluster")?;
    ensure!(live["metadata"]["uid"] == before, "the object was replaced");
    cluster.destroy()?;
    ensure!(cluster.network_policy("backend")?.is_none(), "the policy is still there");
    Ok(())
}

fn our_fields_changed_by_others_show_in_the_plan(run: &Run<'_>) -> Result<()> {
    let cluster = Cluster::new(run, api_server()?)?;
    cluster.settle(&policy(&cluster.namespace, ""))?;
    let patch = json!({ "spec": { "podSelector": { "matchLabels": { "app": "frontend" } } } }).to_string();
    let arguments =
        ["patch", NETWORK_POLICIES, "backend", "--namespace", &cluster.namespace, "--type=merge", "--patch", &patch];
    cluster.server.kubectl(&arguments, "")?;
    let (plan, _) = cluster.plan()?;
    ensure!(changes(&plan) == [("egress_policy.backend".to_owned(), "update".to_owned())], "{:?}", changes(&plan));
    Ok(())
}

fn fields_of_others_are_left_alone(run: &Run<'_>) -> Result<()> {
    let cluster = Cluster::new(run, api_server()?)?;
    cluster.settle(&policy(&cluster.namespace, ""))?;
    let label = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": { "name": "backend", "namespace": cluster.namespace, "labels": { "audited": "yes" } },
    });
    cluster.server.apply_as("auditor", &label)?;
    cluster.expect_empty_plan()?;
    cluster.settle(&policy(&cluster.namespace, "").replace("5432", "3306"))?;
    let live = cluster.network_policy("backend")?.context("there is no policy in the cluster")?;
    ensure!(live["metadata"]["labels"]["audited"] == "yes", "{:#}", live["metadata"]);
    Ok(())
}

fn a_conflict_names_the_other_manager(run: &Run<'_>) -> Result<()> {
    let cluster = Cluster::new(run, api_server()?)?;
    let theirs = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": { "name": "backend", "namespace": cluster.namespace },
        "spec": { "podSelector": { "matchLabels": { "app": "frontend" } }, "policyTypes": ["Egress"] },
    });
    cluster.server.apply_as("platform-gitops", &theirs)?;
    cluster.configure(&policy(&cluster.namespace, ""))?;
    let said = unwrapped(&cluster.fail(&["apply", "-auto-approve", "-no-color"])?.output);
    says(&said, &["platform-gitops", "force_conflicts"])?;
    let live = cluster.network_policy("backend")?.context("their policy is gone")?;
    ensure!(live["spec"]["podSelector"]["matchLabels"]["app"] == "frontend", "their policy was changed");
    cluster.settle(&policy(&cluster.namespace, "  force_conflicts = true\n"))
}

fn deleted_outside_it_is_made_again(run: &Run<'_>) -> Result<()> {
    let cluster = Cluster::new(run, api_server()?)?;
    cluster.settle(&policy(&cluster.namespace, ""))?;
    cluster.server.delete(NETWORK_POLICIES, &cluster.namespace, "backend")?;
    let (plan, _) = cluster.plan()?;
    ensure!(changes(&plan) == [("egress_policy.backend".to_owned(), "create".to_owned())], "{:?}", changes(&plan));
    cluster.settle(&policy(&cluster.namespace, ""))?;
    ensure!(cluster.network_policy("backend")?.is_some(), "the policy was not made again");
    Ok(())
}

fn a_missing_namespace_is_an_error(run: &Run<'_>) -> Result<()> {
    let cluster = Cluster::new(run, api_server()?)?;
    cluster.configure(&policy("not-there", ""))?;
    let said = unwrapped(&cluster.fail(&["apply", "-auto-approve", "-no-color"])?.output);
    says(&said, &["not-there", "namespace"])
}

fn import_by_name(run: &Run<'_>) -> Result<()> {
    let cluster = Cluster::new(run, api_server()?)?;
    let body = policy(&cluster.namespace, "");
    cluster.settle(&body)?;
    std::fs::remove_file(cluster.path().join("terraform.tfstate"))?;
    let import = format!("import {{\n  to = egress_policy.backend\n  id = \"{}/backend\"\n}}\n", cluster.namespace);
    cluster.configure(&(body + &import))?;
    let (_, said) = cluster.plan()?;
    says(&said.output, &["1 to import, 0 to add"])?;
    cluster.apply()?;
    cluster.expect_empty_plan()
}

fn rendering_needs_no_cluster(run: &Run<'_>) -> Result<()> {
    let workspace = run.workspace()?;
    let body = policy("production", "  delivery = \"render\"\n");
    workspace.write("main.tf", &(provider("") + &body))?;
    workspace.apply()?;
    workspace.expect_empty_plan()?;
    let state = workspace.state()?;
    let manifests = attributes(&state, "egress_policy.backend")["manifests"].to_string();
    says(&manifests, &["NetworkPolicy", "203.0.113.128/25"])?;
    workspace.destroy().map(drop)
}

fn planning_works_without_the_cluster(run: &Run<'_>) -> Result<()> {
    let workspace = run.workspace()?;
    let body = policy("production", "");
    // The cluster's address comes from something that is made in the same apply.
    let unknown = "kubernetes {\n  host = terraform_data.cluster.output\n  token = \"none\"\n  insecure = true\n}";
    let cluster = "resource \"terraform_data\" \"cluster\" {\n  input = \"https://127.0.0.1:1\"\n}\n";
    workspace.write("main.tf", &(provider(unknown) + cluster + &body))?;
    let (plan, _) = workspace.plan()?;
    let changed = changes(&plan);
    ensure!(
        changed.iter().any(|change| *change == ("egress_policy.backend".to_owned(), "create".to_owned())),
        "{changed:?}"
    );
    // An address at which nobody answers.
    let nowhere = NOWHERE.replacen("host", "on_unreachable = \"warn\"\n  host", 1);
    workspace.write("main.tf", &(provider(&nowhere) + &body))?;
    let (plan, _) = workspace.plan()?;
    let manifests = plan["resource_changes"][0]["change"]["after"]["manifests"].to_string();
    says(&manifests, &["NetworkPolicy"])
}

fn what_the_engine_cannot_do_is_an_error(run: &Run<'_>) -> Result<()> {
    let workspace = run.workspace()?;
    let body = policy("production", "  delivery = \"render\"\n")
        .replace("to_cidrs = [\"203.0.113.0/24\", \"!203.0.113.128/25\"]", "to_domains = [\"api.stripe.com\"]");
    workspace.write("main.tf", &(provider("") + &body))?;
    let said = unwrapped(&workspace.fail(&["plan", "-no-color"])?.output);
    says(&said, &["network-policy", "domain names", "cilium"])
}

fn bad_input_is_refused(run: &Run<'_>) -> Result<()> {
    let workspace = run.workspace()?;
    let body = policy("production", "  delivery = \"render\"\n");
    let wrong = [
        (body.replace("203.0.113.0/24", "203.0.113.0/33"), "203.0.113.0/33"),
        (body.replace("203.0.113.128/25", "198.51.100.0/25"), "198.51.100.0/25"),
        (body.replace("[443]", "[70000]"), "70000"),
        (body.replace("name = \"backend\"", "name = \"Back_end\""), "Back_end"),
        (body.replace("\"render\"", "\"pray\""), "pray"),
    ];
    for (body, part) in wrong {
        workspace.write("main.tf", &(provider("") + &body))?;
        let said = unwrapped(&workspace.fail(&["validate", "-no-color"])?.output);
        says(&said, &[part])?;
    }
    Ok(())
}
