//! What exists comes back without its state: imported by id and by identity, with the configuration that the host writes for it, there is
//! nothing to change and nothing to warn of.

use std::fs;

use acceptance_tests::cloud::ZONES;
use acceptance_tests::host::{Workspace, attributes, unwrapped};
use acceptance_tests::kubernetes::ApiServer;
use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use crate::suite::{
    Needs, REQUIRED_PROVIDERS, Run, Suite, api_server, api_server_with_engines, own_server_with_engines,
};
use crate::world::{OWNER, World, gateways, pool, says};

const KIND: &str = "networkpolicies.networking.k8s.io";

pub(crate) fn add_to(suite: &mut Suite) {
    suite.on_each_host("import::egress_ip_pool", Needs::Host, pools_come_back);
    suite.on_each_host("import::tags_of_an_imported_address_stay", Needs::Host, tags_of_an_imported_address_stay);
    suite.on_each_host("import::egress_nat_gateway", Needs::Host, nat_gateways_come_back);
    suite.on_each_host("import::egress_policy", Needs::Cluster, policies_come_back);
    suite.on_each_host("import::egress_policy_with_routes", Needs::Cluster, a_policy_with_routes_comes_back);
    suite.on_each_host(
        "import::egress_policy_of_another_engine",
        Needs::Engines,
        a_policy_of_another_engine_comes_back,
    );
    suite.on_each_host("import::egress_gateway", Needs::Engines, gateways_come_back);
    suite.on_each_host("import::egress_pod_network", Needs::Engines, pod_networks_come_back);
    suite.on_each_host("import::egress_monitoring", Needs::Engines, monitorings_come_back);
    suite.on_each_host("import::egress_log_collection", Needs::Cluster, log_collections_come_back);
    suite.on_each_host("import::what_cannot_be_read_is_refused", Needs::Cluster, what_cannot_be_read_is_refused);
}

/// Loses the state, and imports a resource by id and by identity under the same provider block.
fn comes_back(
    run: &Run<'_>,
    workspace: &Workspace,
    provider: &str,
    address: &str,
    id: &str,
    identity: &str,
) -> Result<()> {
    let before = attributes(&workspace.state()?, address).clone();
    ensure!(before["id"] == id, "the id is {}, and not {id}", before["id"]);
    let mut ways = vec![format!("id = {id:?}")];
    if run.host.imports_by_identity() && !identity.is_empty() {
        ways.push(format!("identity = {identity}"));
    }
    for way in ways {
        for file in ["terraform.tfstate", "generated.tf"] {
            _ = fs::remove_file(workspace.path().join(file));
        }
        let import = format!("import {{\n  to = {address}\n  {way}\n}}\n");
        workspace.write("main.tf", &format!("{provider}{import}"))?;
        let planned =
            workspace.succeed(&["plan", "-no-color", "-generate-config-out=generated.tf", "-out=import.bin"])?;
        let generated = fs::read_to_string(workspace.path().join("generated.tf"))?;
        let context = || format!("{way}\n{generated}\n{}", planned.output);
        says(&planned.output, &["1 to import, 0 to add, 0 to change, 0 to destroy"]).with_context(context)?;
        ensure!(!planned.output.contains("-> null"), "{}", context());
        without_warnings(&planned.output).with_context(context)?;
        workspace.succeed(&["apply", "-no-color", "import.bin"])?;
        workspace.write("main.tf", provider)?;
        workspace.expect_empty_plan().with_context(context)?;
        without_warnings(&workspace.succeed(&["plan", "-no-color"])?.output).with_context(context)?;
        let after = attributes(&workspace.state()?, address).clone();
        ensure!(after == before, "{way}: the state is {after:#}, and was {before:#}");
    }
    Ok(())
}

/// Fails for a warning other than those of the host about itself.
fn without_warnings(output: &str) -> Result<()> {
    let own = ["Provider development overrides are in effect", "Config generation is experimental"];
    let warnings = output.lines().filter_map(|line| line.split_once("Warning: ")).map(|(_, text)| text);
    let ours: Vec<&str> = warnings.filter(|text| !own.iter().any(|own| text.contains(own))).collect();
    ensure!(ours.is_empty(), "{ours:?}");
    Ok(())
}

fn aws_provider(more: &str) -> String {
    format!(
        "{REQUIRED_PROVIDERS}provider \"egress\" {{\n  owner = \"{OWNER}\"\n  aws {{ poll_interval = \"10ms\" }}\n{more}}}\n"
    )
}

fn cluster_provider(server: &ApiServer, more: &str) -> String {
    let kubeconfig = server.kubeconfig().display();
    format!(
        "{REQUIRED_PROVIDERS}provider \"egress\" {{\n  owner = \"{OWNER}\"\n  kubernetes {{\n    \
         config_path = \"{kubeconfig}\"\n{more}  }}\n}}\n"
    )
}

/// Applies the body under the provider block.
fn settle(workspace: &Workspace, provider: &str, body: &str) -> Result<()> {
    workspace.write("main.tf", &format!("{provider}{body}"))?;
    workspace.apply()?;
    workspace.expect_empty_plan()
}

fn pools_come_back(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    let provider = aws_provider("");
    let tagged = pool(&["a"], "  tags = { team = \"platform\" }\n").replace(
        "    a = { new = true }\n",
        "    a = { new = true, tags = { Name = \"first\" } }\n    b = { new = true }\n",
    );
    settle(&world, &provider, &tagged)?;
    let identity = "{ name = \"partners\", region = \"eu-west-1\", cloud = \"aws\" }";
    comes_back(run, &world, &provider, "egress_ip_pool.partners", "partners", identity)?;
    // An address that does not carry the pool's tags is named in the id, and no identity finds it.
    world.cloud.call("AllocateAddress", &[("Domain", "vpc")])?;
    let inventory = world.cloud.server.inventory();
    let foreign = inventory.addresses.iter().find(|(_, address)| !address.tags.contains_key("egress-key"));
    let (foreign, _) = foreign.context("the address was not allocated")?;
    fs::remove_file(world.path().join("generated.tf"))?;
    let adopting = tagged.replace("    b = {", &format!("    c = {{ existing_id = \"{foreign}\" }}\n    b = {{"));
    settle(&world, &provider, &adopting)?;
    comes_back(run, &world, &provider, "egress_ip_pool.partners", &format!("partners,c={foreign}"), "")
}

/// An address with tags of its own comes in by its id, and becomes the pool's own with `new`.
fn tags_of_an_imported_address_stay(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    world.cloud.call("AllocateAddress", &[("Domain", "vpc")])?;
    let id = world.cloud.server.inventory().addresses.keys().next().context("no address")?.clone();
    world.cloud.call("CreateTags", &[("ResourceId.1", &id), ("Tag.1.Key", "Name"), ("Tag.1.Value", "legacy")])?;
    let import = format!("import {{\n  to = egress_ip_pool.partners\n  id = \"partners,a={id}\"\n}}\n");
    world.configure(&(pool(&["a"], "") + &import))?;
    world.apply()?;
    world.expect_empty_plan()?;
    let inventory = world.cloud.server.inventory();
    let tags = &inventory.addresses[&id].tags;
    ensure!(tags.get("Name").is_some_and(|name| name == "legacy"), "{tags:?}");
    ensure!(tags.get("egress-key").is_some_and(|key| key == "a"), "the address is not the pool's own: {tags:?}");
    Ok(())
}

fn nat_gateways_come_back(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    let provider = aws_provider("");
    let body = pool(&["a", "b"], "") + &gateways(&world.cloud, [&["a"], &["b"]], "");
    // What the import cannot know: which address has to be the primary one, and how long to drain.
    let lines = body.lines().filter(|line| !line.contains("drain_seconds"));
    let plain: Vec<String> = lines.map(|line| without(line, "primary_address = ", ", ")).collect();
    let body =
        plain.join("\n").replacen("  aws {\n    zones", "  tags = { team = \"platform\" }\n  aws {\n    zones", 1);
    // A name to show that is the user's, beside one that the provider gives.
    let body =
        body.replacen("route_table_ids = [", "tags = { Name = \"first\", stage = \"edge\" }, route_table_ids = [", 1);
    settle(&world, &provider, &body)?;
    let state = world.state()?;
    let gateway = attributes(&state, "egress_nat_gateway.prod");
    for zone in ZONES {
        ensure!(gateway["gateway_ids"][zone] == gateway["gateways"][zone]["id"], "{gateway:#}");
        ensure!(gateway["gateway_public_ips"][zone] == gateway["gateways"][zone]["public_ips"], "{gateway:#}");
    }
    let identity = "{ name = \"prod\", region = \"eu-west-1\" }";
    comes_back(run, &world, &provider, "egress_nat_gateway.prod", "prod", identity)
}

/// The line without the part that begins so, up to and with the end.
fn without(line: &str, begin: &str, end: &str) -> String {
    let Some((before, rest)) = line.split_once(begin) else { return line.to_owned() };
    let rest = rest.split_once(end).map_or("", |(_, rest)| rest);
    format!("{before}{rest}")
}

const RULES: &str = "  pods { match_labels = { app = \"backend\" } }\n  labels = { team = \"platform\" }\n  \
                     timeouts { create = \"2m\" }\n  \
                     allow = {\n    db = { to_pods = { match_labels = { app = \"database\" } }, ports = [5432] }\n    \
                     partner = { to_cidrs = [\"203.0.113.0/24\", \"!203.0.113.128/25\"], ports = [443, \"8000-8099/TCP\"] }\n    \
                     monitoring = { to_namespaces = { names = [\"monitoring\"], pods = { all = true } }, ports = [\"any\"] }\n  }\n";

fn policy(namespace: &str, more: &str) -> String {
    format!(
        "resource \"egress_policy\" \"backend\" {{\n  name = \"backend\"\n  namespace = \"{namespace}\"\n{RULES}{more}}}\n"
    )
}

fn policies_come_back(run: &Run<'_>) -> Result<()> {
    let (workspace, server) = (run.workspace()?, api_server()?);
    let namespace = server.own_namespace()?;
    let provider = cluster_provider(&server, "");
    settle(&workspace, &provider, &policy(&namespace, ""))?;
    let live = server.get(KIND, &namespace, "backend")?.context("there is no policy")?;
    let written = live["metadata"]["annotations"]["egress-configuration"].as_str().context("no annotation")?;
    says(written, &["!203.0.113.128/25", "\"2m\""])?;
    let state = workspace.state()?;
    let manifests = attributes(&state, "egress_policy.backend")["manifests"].to_string();
    ensure!(!manifests.contains("egress-configuration"), "the annotation is noise in a plan: {manifests}");
    let (id, identity) = named_in(&namespace, "backend");
    comes_back(run, &workspace, &provider, "egress_policy.backend", &id, &identity)
}

fn a_policy_with_routes_comes_back(run: &Run<'_>) -> Result<()> {
    let (world, server) = (World::new(run)?, api_server()?);
    let namespace = server.own_namespace()?;
    let kubernetes = format!("  kubernetes {{ config_path = \"{}\" }}\n", server.kubeconfig().display());
    let provider = aws_provider(&kubernetes);
    let cloud = pool(&["a", "b"], "") + &gateways(&world.cloud, [&["a"], &["b"]], "    destination_cidrs = []\n");
    let policy = format!(
        "resource \"egress_policy\" \"backend\" {{\n  name = \"backend\"\n  namespace = \"{namespace}\"\n  \
         allow = {{ partner = {{ to_cidrs = [\"203.0.113.0/24\"], ports = [443] }} }}\n  \
         via {{ nat_gateway = egress_nat_gateway.prod }}\n}}\n"
    );
    settle(&world, &provider, &(cloud + &policy))?;
    let routes = attributes(&world.state()?, "egress_policy.backend")["routes"].clone();
    ensure!(routes.as_object().is_some_and(|routes| routes.len() == 2), "{routes:#}");
    let (id, identity) = named_in(&namespace, "backend");
    comes_back(run, &world, &provider, "egress_policy.backend", &id, &identity)
}

/// The provider's engine was another one when the policy was applied: the import names it.
fn a_policy_of_another_engine_comes_back(run: &Run<'_>) -> Result<()> {
    let (workspace, server) = (run.workspace()?, api_server_with_engines()?);
    let namespace = server.own_namespace()?;
    let body = policy(&namespace, "  accept_timeout = \"0s\"\n");
    settle(&workspace, &cluster_provider(&server, "    engine = \"cilium\"\n"), &body)?;
    fs::remove_file(workspace.path().join("terraform.tfstate"))?;
    let provider = cluster_provider(&server, "");
    let import = format!("import {{\n  to = egress_policy.backend\n  id = \"{namespace}/backend\"\n}}\n");
    workspace.write("main.tf", &format!("{provider}{import}"))?;
    workspace.succeed(&["plan", "-no-color", "-generate-config-out=generated.tf"])?;
    let generated = fs::read_to_string(workspace.path().join("generated.tf"))?;
    ensure!(generated.lines().any(|line| line.split_whitespace().eq(["engine", "=", "\"cilium\""])), "{generated}");
    workspace.apply()?;
    workspace.expect_empty_plan()
}

fn gateways_come_back(run: &Run<'_>) -> Result<()> {
    let (workspace, server) = (run.workspace()?, api_server_with_engines()?);
    let namespace = server.own_namespace()?;
    let provider = cluster_provider(&server, "    engine = \"antrea\"\n");
    let body = format!(
        "resource \"egress_gateway\" \"partners\" {{\n  name = \"{namespace}\"\n  namespace = \"{namespace}\"\n  \
         accept_timeout = \"0s\"\n  \
         ips = [\"192.168.1.50\"]\n  nodes {{ match_labels = {{ egress = \"yes\" }} }}\n  \
         sources = {{ shop = {{ namespaces = {{ names = [\"shop\"] }}, pods = {{ all = true }} }} }}\n}}\n"
    );
    settle(&workspace, &provider, &body)?;
    let (id, identity) = named_in(&namespace, &namespace);
    comes_back(run, &workspace, &provider, "egress_gateway.partners", &id, &identity)
}

fn pod_networks_come_back(run: &Run<'_>) -> Result<()> {
    let (workspace, server) = (run.workspace()?, own_server_with_engines()?);
    let provider = cluster_provider(&server, "");
    let body = "resource \"egress_pod_network\" \"prod\" {\n  name = \"prod\"\n  eks {\n    eni_configs = {\n      \
                eu-west-1a = { subnet_id = \"subnet-0a1b2c3d4e5f60710\", security_group_ids = [] }\n      \
                eu-west-1b = { subnet_id = \"subnet-0a1b2c3d4e5f60711\", security_group_ids = \
                [\"sg-0123456789abcdef0\"] }\n    }\n  }\n}\n";
    settle(&workspace, &provider, body)?;
    comes_back(run, &workspace, &provider, "egress_pod_network.prod", "prod", "{ name = \"prod\" }")
}

fn monitorings_come_back(run: &Run<'_>) -> Result<()> {
    let (workspace, server) = (run.workspace()?, own_server_with_engines()?);
    let (namespace, provider) = (server.own_namespace()?, cluster_provider(&server, ""));
    let body = format!(
        "resource \"egress_monitoring\" \"egress\" {{\n  name = \"egress\"\n  namespace = \"{namespace}\"\n  \
         existing_nat_gateways = {{ prod = {{ cloud = \"aws\", region = \"eu-west-1\", ids = [\"nat-1\"] }} }}\n  \
         rules {{ labels = {{ release = \"prometheus\" }} }}\n  dashboard {{ folder = \"Network\" }}\n}}\n"
    );
    settle(&workspace, &provider, &body)?;
    let (id, identity) = named_in(&namespace, "egress");
    comes_back(run, &workspace, &provider, "egress_monitoring.egress", &id, &identity)
}

fn log_collections_come_back(run: &Run<'_>) -> Result<()> {
    let (workspace, server) = (run.workspace()?, api_server()?);
    let (namespace, provider) = (server.own_namespace()?, cluster_provider(&server, ""));
    let body = format!(
        "resource \"egress_log_collection\" \"egress\" {{\n  name = \"egress\"\n  namespace = \"{namespace}\"\n  \
         collector = \"fluent-bit\"\n  keep = \"denied\"\n  files_of = {{ vpc-flow-logs = [\"/var/log/flows/*.log\"] }}\n  \
         stdout {{}}\n}}\n"
    );
    settle(&workspace, &provider, &body)?;
    let (id, identity) = named_in(&namespace, "egress");
    comes_back(run, &workspace, &provider, "egress_log_collection.egress", &id, &identity)
}

/// What imports a resource that is named within a namespace: its id, and its identity.
fn named_in(namespace: &str, name: &str) -> (String, String) {
    (format!("{namespace}/{name}"), format!("{{ namespace = {namespace:?}, name = {name:?} }}"))
}

fn what_cannot_be_read_is_refused(run: &Run<'_>) -> Result<()> {
    let (workspace, server) = (run.workspace()?, api_server()?);
    let namespace = server.own_namespace()?;
    let provider = cluster_provider(&server, "");
    let import = format!("import {{\n  to = egress_policy.backend\n  id = \"{namespace}/backend\"\n}}\n");
    let refused = |provider: &str, said: &[&str]| -> Result<()> {
        workspace.write("main.tf", &format!("{provider}{import}{}", policy(&namespace, "")))?;
        says(&unwrapped(&workspace.fail(&["plan", "-no-color"])?.output), said)
    };
    refused(&provider, &["There is no policy \"backend\" in the namespace", "delivery = \"render\""])?;
    let theirs = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": { "name": "backend", "namespace": namespace },
        "spec": { "podSelector": {}, "policyTypes": ["Egress"] },
    });
    server.apply_as("platform-gitops", &theirs)?;
    refused(&provider, &["is foreign", "platform-gitops", "force_conflicts = true"])?;
    server.delete(KIND, &namespace, "backend")?;
    workspace.write("main.tf", &format!("{provider}{}", policy(&namespace, "")))?;
    workspace.apply()?;
    fs::remove_file(workspace.path().join("terraform.tfstate"))?;
    let other = provider.replace(&format!("owner = \"{OWNER}\""), "owner = \"globex\"");
    refused(&other, &["is foreign", &format!("belongs to the owner \"{OWNER}\"")])?;
    let arguments = ["annotate", KIND, "backend", "--namespace", &namespace, "egress-configuration-"];
    server.kubectl(&arguments, "")?;
    refused(&provider, &["cannot be read back", "the apply adopts them"])
}
