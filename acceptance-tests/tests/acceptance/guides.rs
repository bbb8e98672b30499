//! What the guides show, on real hosts.

use std::fs;
use std::time::Duration;

use acceptance_tests::cloud::ZONES;
use acceptance_tests::host::{changes, unwrapped};
use anyhow::{Context as _, Result, ensure};

use crate::examples;
use crate::suite::{Needs, REQUIRED_PROVIDERS, Run, Suite, api_server};
use crate::world::{World, says};

pub(crate) fn add_to(suite: &mut Suite) {
    suite.on_each_host("guides::a_cluster_takes_what_is_rendered", Needs::Cluster, a_cluster_takes_what_is_rendered);
    suite.on_each_host("guides::modules_are_tested_with_mocks", Needs::Host, modules_are_tested_with_mocks);
    suite.on_each_host(
        "guides::what_another_resource_had_is_taken_over_in_one_plan",
        Needs::Host,
        taken_over_in_one_plan,
    );
}

/// The stream that the guide to rendered manifests writes is what an API server takes.
fn a_cluster_takes_what_is_rendered(run: &Run<'_>) -> Result<()> {
    let server = api_server()?;
    let namespace = server.own_namespace()?;
    let workspace = run.workspace()?;
    examples::copy(&examples::folder().join("gitops"), workspace.path(), &namespace)?;
    workspace.apply()?;
    workspace.expect_empty_plan()?;
    let manifests = workspace.succeed(&["output", "-raw", "manifests"])?.output;
    let applied = server.kubectl(&["apply", "--filename", "-", "--output", "name"], &manifests)?;
    ensure!(applied.trim() == "networkpolicy.networking.k8s.io/backend", "{applied}");
    Ok(())
}

/// The tests of the module run as they are, without an account or a cluster.
fn modules_are_tested_with_mocks(run: &Run<'_>) -> Result<()> {
    let workspace = run.workspace()?;
    let example = examples::folder().join("testing");
    fs::copy(example.join("main.tf"), workspace.path().join("main.tf"))?;
    let tests = workspace.path().join("tests");
    fs::create_dir_all(&tests)?;
    for entry in fs::read_dir(example.join("tests"))? {
        let entry = entry?;
        fs::copy(entry.path(), tests.join(entry.file_name()))?;
    }
    let tested = workspace.succeed(&["test", "-no-color"])?;
    says(&tested.output, &["2 passed, 0 failed"])
}

/// Addresses, a gateway and a route that other resources of the same state had, as a module of a network has them. The host's own
/// `terraform_data` stands for the resources of the cloud's own provider, which moves and removes like any other.
fn taken_over_in_one_plan(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    let [zone, _] = ZONES;
    let (subnet, table) = (world.cloud.subnet(zone).to_owned(), world.cloud.route_table(zone).to_owned());
    let id = |reply: &str, tag: &str| -> Result<String> {
        let (_, rest) = reply.split_once(&format!("<{tag}>")).with_context(|| reply.to_owned())?;
        Ok(rest.split('<').next().unwrap_or_default().to_owned())
    };
    let address = id(&world.cloud.call("AllocateAddress", &[("Domain", "vpc")])?, "allocationId")?;
    let gateway = world.cloud.call("CreateNatGateway", &[("SubnetId", &subnet), ("AllocationId", &address)])?;
    let gateway = id(&gateway, "natGatewayId")?;
    // The gateway is available after a moment.
    world.cloud.server.advance(Duration::from_mins(5));
    let route = [("RouteTableId", table.as_str()), ("DestinationCidrBlock", "0.0.0.0/0"), ("NatGatewayId", &gateway)];
    world.cloud.call("CreateRoute", &route)?;
    let module = |count: u8| {
        let kinds = ["eip", "nat_gateway", "route"];
        let resources = kinds
            .map(|kind| format!("resource \"terraform_data\" \"{kind}\" {{\n  count = var.nat ? {count} : 0\n}}\n"));
        format!("variable \"nat\" {{ type = bool }}\n{}", resources.concat())
    };
    fs::create_dir_all(world.path().join("network"))?;
    world.write("network/main.tf", &module(1))?;
    let call = |nat: bool| format!("module \"network\" {{\n  source = \"./network\"\n  nat = {nat}\n}}\n");
    world.write("main.tf", &(REQUIRED_PROVIDERS.to_owned() + &call(true)))?;
    world.succeed(&["get", "-no-color"])?;
    world.apply()?;
    let moved = ["eip", "nat_gateway", "route"].map(|kind| {
        format!(
            "moved {{\n  from = module.network.terraform_data.{kind}[0]\n  to = terraform_data.{kind}_left_behind[0]\n}}\n\
             removed {{\n  from = terraform_data.{kind}_left_behind\n  lifecycle {{\n    destroy = false\n  }}\n}}\n"
        )
    });
    let resources = format!(
        "import {{\n  to = egress_ip_pool.partners\n  id = \"partners,a={address}\"\n}}\n\
         import {{\n  to = egress_nat_gateway.prod\n  id = \"prod,{zone}={gateway}\"\n}}\n\
         resource \"egress_ip_pool\" \"partners\" {{\n  name = \"partners\"\n  addresses = {{ a = {{ new = true }} }}\n  aws {{}}\n}}\n\
         resource \"egress_nat_gateway\" \"prod\" {{\n  name = \"prod\"\n  aws {{\n    zones = {{\n      \
         {zone} = {{ subnet_id = \"{subnet}\", addresses = [egress_ip_pool.partners.ids[\"a\"]], route_table_ids = \
         [\"{table}\"] }}\n    }}\n    destination_cidrs = [\"0.0.0.0/0\"]\n  }}\n}}\n"
    );
    let before = world.cloud.server.log().len();
    world.configure(&(call(false) + &moved.concat() + &resources))?;
    let (plan, said) = world.plan()?;
    let said = unwrapped(&said.output);
    ensure!(changes(&plan).iter().all(|(_, action)| !action.contains("delete")), "{:?}", changes(&plan));
    says(&said, &["2 to import", "0 to destroy", "will not be destroyed"])?;
    world.apply()?;
    world.expect_empty_plan()?;
    let called: Vec<String> = world.cloud.server.log().into_iter().skip(before).map(|entry| entry.action).collect();
    let changed: Vec<&String> =
        called.iter().filter(|action| !action.starts_with("Describe") && !action.starts_with("Get")).collect();
    ensure!(changed.iter().all(|action| *action == "CreateTags"), "{changed:?}");
    Ok(())
}
