//! Every configuration under `examples/`, applied.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use acceptance_tests::cloud::ZONES;
use acceptance_tests::kubernetes::ApiServer;
use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use crate::suite::{Needs, Run, Suite, api_server, api_server_with_engines, own_server_with_engines};
use crate::world::{World, says};

/// The namespace that the examples name. Each run puts one of its own in its place: on an existing cluster it may be in use.
const NAMESPACE: &str = "production";

pub(crate) fn add_to(suite: &mut Suite) {
    suite.on_each_host("examples::demo", Needs::Cluster, |run| applies(run, "demo"));
    suite.on_each_host("examples::eks", Needs::Engines, eks_applies);
    suite.on_each_host("examples::existing_network", Needs::Host, |run| applies(run, "existing-network"));
    suite.on_each_host("examples::egress_ip_pool", Needs::Host, |run| imports(run, "egress_ip_pool"));
    suite.on_each_host("examples::egress_nat_gateway", Needs::Host, |run| imports(run, "egress_nat_gateway"));
    suite.on_each_host("examples::egress_policy", Needs::Cluster, |run| imports(run, "egress_policy"));
    suite.on_each_host("examples::egress_gateway", Needs::Engines, |run| imports(run, "egress_gateway"));
    suite.on_each_host("examples::egress_log_collection", Needs::Cluster, |run| imports(run, "egress_log_collection"));
    suite.on_each_host("examples::egress_monitoring", Needs::Engines, |run| imports(run, "egress_monitoring"));
    suite.on_each_host("examples::egress_pod_network", Needs::Engines, |run| imports(run, "egress_pod_network"));
    suite.on_each_host("examples::guide_calico", Needs::Host, |run| renders(run, "calico"));
    suite.on_each_host("examples::guide_cilium", Needs::Host, |run| renders(run, "cilium"));
    suite.on_each_host("examples::guide_istio", Needs::Host, |run| renders(run, "istio"));
    suite.on_each_host("examples::guide_monitoring", Needs::Host, |run| renders(run, "monitoring"));
    suite.on_each_host("examples::guide_network_policy", Needs::Host, |run| renders(run, "network-policy"));
    suite.on_each_host("examples::policy_module", Needs::Host, |run| applies(run, "policy-module"));
    suite.on_each_host(
        "examples::misspelt_input_of_the_policy_module",
        Needs::Host,
        misspelt_input_of_the_policy_module,
    );
    suite.on_each_host("examples::via", Needs::Cluster, |run| applies(run, "via"));
    suite.with_provider("examples::all_are_covered", |_| all_are_covered());
}

/// The folder of all examples.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples")
}

/// A new example must get a test.
fn all_are_covered() -> Result<()> {
    let names = |folder: PathBuf| -> Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(names)
    };
    let (examples, resources) = (names(folder())?, names(folder().join("resources"))?);
    let guide = names(folder().join("guide"))?;
    ensure!(guide == ["calico", "cilium", "istio", "monitoring", "network-policy"], "{guide:?}");
    // `permissions` and `testing` have tests of their own, and `gitops` is applied by that of its guide.
    let expected = [
        "data-sources",
        "demo",
        "eks",
        "existing-network",
        "functions",
        "gitops",
        "guide",
        "permissions",
        "policy-module",
        "provider",
        "resources",
        "testing",
        "via",
    ];
    ensure!(examples == expected, "{examples:?}");
    let (data_sources, functions) = (names(folder().join("data-sources"))?, names(folder().join("functions"))?);
    ensure!(data_sources == ["egress_ip_pool", "egress_nat_gateway"], "{data_sources:?}");
    ensure!(functions == ["cidr_aggregate", "cidr_subtract", "nat_capacity", "render"], "{functions:?}");
    let expected = [
        "egress_gateway",
        "egress_ip_pool",
        "egress_log_collection",
        "egress_monitoring",
        "egress_nat_gateway",
        "egress_pod_network",
        "egress_policy",
    ];
    ensure!(resources == expected, "{resources:?}");
    Ok(())
}

/// Applies a whole configuration; then there is nothing more to do.
fn applies(run: &Run<'_>, example: &str) -> Result<()> {
    with_world(run, api_server, |world, namespace| {
        copy(&folder().join(example), world.path(), namespace)?;
        world.succeed(&["get", "-no-color"])?;
        world.apply()?;
        world.expect_empty_plan()
    })
}

/// Every word of the module's typed variable is in the example, and a plan in which one is misspelt fails.
fn misspelt_input_of_the_policy_module(run: &Run<'_>) -> Result<()> {
    let example = folder().join("policy-module");
    let workspace = run.workspace()?;
    copy(&example, workspace.path(), NAMESPACE)?;
    workspace.succeed(&["get", "-no-color"])?;
    workspace.plan()?;
    let module = fs::read_to_string(example.join("egress-policies/main.tf"))?;
    let ty = module.split("type = map(").nth(1).and_then(|rest| rest.split("\n}\n").next()).context("no type")?;
    let begins = |line: &str| Some(line.trim().split_once(" = ")?.0.trim().to_owned());
    let words: std::collections::BTreeSet<String> =
        ty.lines().filter_map(begins).chain(["match_labels".to_owned()]).collect();
    ensure!(words.len() == 11, "{words:?}");
    let input = fs::read_to_string(example.join("main.tf"))?;
    for word in words {
        let place = input.match_indices(&word).find(|(at, _)| {
            let is_word = !input[..*at].ends_with(|before: char| before.is_alphanumeric() || before == '_');
            is_word && input[at + word.len()..].trim_start().starts_with("= ")
        });
        let (at, _) = place.with_context(|| format!("the example does not write {word}"))?;
        let misspelt = format!("{}{}{}", &input[..at], &word[..word.len() - 1], &input[at + word.len()..]);
        workspace.write("main.tf", &misspelt)?;
        workspace.fail(&["plan", "-no-color"]).with_context(|| format!("{word} is misspelt"))?;
    }
    Ok(())
}

/// The same on a cluster of its own with the definitions of EKS: the objects are called after zones, which all scenarios share.
fn eks_applies(run: &Run<'_>) -> Result<()> {
    with_world(run, own_server_with_engines, |world, _| {
        copy(&folder().join("eks"), world.path(), NAMESPACE)?;
        world.apply()?;
        world.expect_empty_plan()
    })
}

/// Applies a part of the guide, which needs no cluster, and compares what is rendered with what was reviewed.
/// `UPDATE_GOLDEN=1` rewrites it.
fn renders(run: &Run<'_>, part: &str) -> Result<()> {
    let example = folder().join("guide").join(part);
    let workspace = run.workspace()?;
    fs::copy(example.join("main.tf"), workspace.path().join("main.tf"))?;
    workspace.apply()?;
    workspace.expect_empty_plan()?;
    let state = workspace.state()?;
    let mut rendered = Vec::new();
    for resource in state["values"]["root_module"]["resources"].as_array().context("no resources")? {
        let manifests = resource["values"]["manifests"].as_object().context("no manifests")?;
        let document = |lines: &serde_json::Value| -> Vec<String> {
            lines.as_array().into_iter().flatten().filter_map(|line| line.as_str().map(str::to_owned)).collect()
        };
        rendered.extend(manifests.values().map(|lines| document(lines).join("\n") + "\n"));
    }
    rendered.sort();
    let rendered = rendered.join("---\n");
    let golden = example.join("manifests.yaml");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&golden, &rendered)?;
    }
    let reviewed = fs::read_to_string(&golden).unwrap_or_default();
    ensure!(rendered == reviewed, "{} is not what is rendered:\n{rendered}", golden.display());
    Ok(())
}

/// Applies a resource's example under the provider's, then loses the state and imports it as the examples say.
fn imports(run: &Run<'_>, resource: &str) -> Result<()> {
    // The kinds of an engine's gateways and of managed clusters are not Kubernetes' own.
    let server = match resource {
        "egress_gateway" | "egress_monitoring" => api_server_with_engines,
        // A pod network is known by its name alone, which all hosts share: each needs a cluster of its own.
        "egress_pod_network" => own_server_with_engines,
        _ => api_server,
    };
    with_world(run, server, |world, namespace| {
        let example = folder().join("resources").join(resource);
        fs::copy(folder().join("provider/provider.tf"), world.path().join("provider.tf"))?;
        copy_file(&example.join("resource.tf"), &world.path().join("resource.tf"), namespace)?;
        world.apply()?;
        world.expect_empty_plan()?;
        for (file, by_identity) in [("import-by-string-id.tf", false), ("import-by-identity.tf", true)] {
            let import = example.join(file);
            if !import.exists() || (by_identity && !run.host.imports_by_identity()) {
                continue;
            }
            let address = format!("{resource}.{}", resource_name(&example)?);
            world.succeed(&["state", "rm", &address])?;
            copy_file(&import, &world.path().join("import.tf"), namespace)?;
            let (_, said) = world.plan()?;
            says(&said.output, &["1 to import, 0 to add"]).with_context(|| file.to_owned())?;
            world.apply()?;
            fs::remove_file(world.path().join("import.tf"))?;
            world.expect_empty_plan()?;
        }
        Ok(())
    })
}

fn resource_name(example: &Path) -> Result<String> {
    let import = fs::read_to_string(example.join("import-by-string-id.tf"))?;
    let target = import.lines().find_map(|line| line.trim().strip_prefix("to ")).context("the import has no target")?;
    target.rsplit('.').next().map(|name| name.trim().to_owned()).context("the target has no name")
}

/// A world with the variables of all examples, and with a cluster where the kubeconfig of the examples is, if there is one,
/// and a namespace in it.
fn with_world(
    run: &Run<'_>,
    server: fn() -> Result<Arc<ApiServer>>,
    test: impl FnOnce(&World, &str) -> Result<()>,
) -> Result<()> {
    let mut world = World::new(run)?;
    let zones = ZONES.map(|zone| (zone, world.cloud.subnet(zone).to_owned(), world.cloud.route_table(zone).to_owned()));
    let [first, _] = &zones;
    let (subnet, table) = (first.1.clone(), first.2.clone());
    let by_zone = |value: &dyn Fn(&(&str, String, String)) -> serde_json::Value| {
        let map: serde_json::Map<_, _> = zones.iter().map(|zone| (zone.0.to_owned(), value(zone))).collect();
        serde_json::Value::Object(map).to_string()
    };
    // The cluster's own matter: the cloud has no subnets of pods.
    let pod_subnets: serde_json::Map<_, _> =
        (0..).zip(ZONES).map(|(n, zone)| (zone.to_owned(), json!(format!("subnet-0a1b2c3d4e5f6071{n}")))).collect();
    let pod_subnets = serde_json::Value::Object(pod_subnets).to_string();
    let variables = [
        ("TF_VAR_zones", by_zone(&|zone| json!({ "public_subnet_id": zone.1, "route_table_id": zone.2 }))),
        ("TF_VAR_pod_subnet_ids", pod_subnets),
        ("TF_VAR_public_subnet_ids", by_zone(&|zone| json!(zone.1))),
        ("TF_VAR_private_route_table_ids", by_zone(&|zone| json!(zone.2))),
        ("TF_VAR_public_subnet_id", subnet),
        ("TF_VAR_private_route_table_id", table),
    ];
    for (name, value) in variables {
        world.set(name, value);
    }
    let Ok(server) = ApiServer::available().map_err(anyhow::Error::msg).and_then(|()| server()) else {
        return test(&world, NAMESPACE);
    };
    let home = world.path().join("home");
    fs::create_dir_all(home.join(".kube"))?;
    fs::copy(server.kubeconfig(), home.join(".kube/config"))?;
    world.set("HOME", &home);
    world.set("KUBECONFIG", server.kubeconfig());
    test(&world, &server.own_namespace()?)
}

pub(crate) fn copy(from: &Path, to: &Path, namespace: &str) -> Result<()> {
    for entry in fs::read_dir(from).with_context(|| from.display().to_string())? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            fs::create_dir_all(&target)?;
            copy(&entry.path(), &target, namespace)?;
        } else {
            copy_file(&entry.path(), &target, namespace)?;
        }
    }
    Ok(())
}

fn copy_file(from: &Path, to: &Path, namespace: &str) -> Result<()> {
    let text = fs::read_to_string(from).with_context(|| from.display().to_string())?;
    // An import names the gateway after its namespace, the resource by itself. Gateways are the whole cluster's, which all hosts
    // share.
    let of_gateway = from.components().any(|part| part.as_os_str() == "egress_gateway");
    let text = if of_gateway {
        // No engine runs there that could say that it took the gateway.
        text.replace("\"partners\"\n", &format!("\"{namespace}\"\n"))
            .replace("/partners\"", &format!("/{namespace}\""))
            .replace("  failover  =", "  accept_timeout = \"0s\"\n  failover =")
    } else {
        text
    };
    Ok(fs::write(to, text.replace(NAMESPACE, namespace))?)
}
