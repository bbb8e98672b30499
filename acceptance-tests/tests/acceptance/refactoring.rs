//! Blocks that are renamed, replaced, doubled and copied, on real hosts: what one run plans and does for one identity.

use std::collections::BTreeMap;

use acceptance_tests::cloud::caller;
use acceptance_tests::host::{Workspace, changes, unwrapped};
use anyhow::{Context as _, Result, ensure};
use serde_json::Value as Json;

use crate::cluster::{Cluster, NETWORK_POLICIES};
use crate::suite::{Needs, REQUIRED_PROVIDERS, Run, Suite, api_server_with_engines};
use crate::world::{OWNER, World, address_lines, gateway_lines, gateways, pool, says};

const WARN: &str = "  on_ip_change   = \"warn\"\n  release_policy = \"release\"\n";
const CREATE_FIRST: &str = "  lifecycle {\n    create_before_destroy = true\n  }\n";
const NO_COLOR: &[&str] = &["apply", "-auto-approve", "-no-color"];

pub(crate) fn add_to(suite: &mut Suite) {
    let mut each = |name: &str, needs, run| suite.on_each_host(&format!("refactoring::{name}"), needs, run);
    each("a_renamed_pool_asks_for_moved", Needs::Host, a_renamed_pool_asks_for_moved);
    each("another_key_or_module_asks_for_moved", Needs::Host, another_key_or_module_asks_for_moved);
    each("a_pool_is_replaced_in_place", Needs::Host, a_pool_is_replaced_in_place);
    each("objects_are_replaced_in_place", Needs::Engines, objects_are_replaced_in_place);
    let mut one = |name: &str, needs, run| suite.on_one_host(&format!("refactoring::{name}"), needs, run);
    one("a_renamed_gateway_asks_for_moved", Needs::Host, a_renamed_gateway_asks_for_moved);
    one("a_gateway_is_replaced_in_place", Needs::Host, a_gateway_is_replaced_in_place);
    one("another_region_releases_the_address_there", Needs::Host, another_region_releases_the_address_there);
    one("one_name_in_two_regions", Needs::Host, one_name_in_two_regions);
    one("two_pools_of_one_name_are_refused", Needs::Host, two_pools_of_one_name_are_refused);
    one("a_second_state_of_one_owner_is_refused", Needs::Host, a_second_state_of_one_owner_is_refused);
    one("what_another_state_has_adopted_is_kept", Needs::Host, what_another_state_has_adopted_is_kept);
    one("renamed_objects_ask_for_moved", Needs::Engines, renamed_objects_ask_for_moved);
    one("two_policies_of_one_name_are_refused", Needs::Engines, two_policies_of_one_name_are_refused);
}

fn renamed(body: &str, from: &str, to: &str) -> String {
    body.replace(&format!("\"{from}\" {{\n  name"), &format!("\"{to}\" {{\n  name"))
}

fn moved(resource: &str, from: &str, to: &str) -> String {
    format!("moved {{\n  from = {resource}.{from}\n  to   = {resource}.{to}\n}}\n")
}

fn a_renamed_pool_asks_for_moved(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    for more in ["", WARN] {
        let body = pool(&["a", "b"], more);
        world.settle(&body)?;
        let there = world.cloud.owned_ids(OWNER);
        let other = renamed(&body, "partners", "renamed");
        world
            .refuses(&other, &["would be destroyed and created in one plan", "moved {", "from = egress_ip_pool.OLD"])?;
        world.configure(&other)?;
        world.fail(NO_COLOR)?;
        ensure!(world.cloud.owned_ids(OWNER) == there, "an address was exchanged");
        let (planned, _) = world.plan_of(&(other.clone() + &moved("egress_ip_pool", "partners", "renamed")))?;
        ensure!(planned.is_empty(), "{planned:?}");
    }
    Ok(())
}

fn a_renamed_gateway_asks_for_moved(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    let own = pool(&["a", "b"], "");
    let zones: [&[&str]; 2] = [&["a"], &["b"]];
    let body = own + gateways(&world.cloud, zones, "").split("output").next().unwrap_or_default();
    world.settle(&body)?;
    let there = world.cloud.owned_ids(OWNER);
    let other = renamed(&body, "prod", "renamed");
    world.refuses(&other, &["would be destroyed and created in one plan", "from = egress_nat_gateway.OLD"])?;
    world.configure(&other)?;
    world.fail(NO_COLOR)?;
    ensure!(world.cloud.owned_ids(OWNER) == there, "something was exchanged");
    let (planned, _) = world.plan_of(&(other + &moved("egress_nat_gateway", "prod", "renamed")))?;
    ensure!(planned.is_empty(), "{planned:?}");
    let lines = [address_lines(&["a", "b"]), gateway_lines(&world.cloud, zones)].concat();
    world.expect_footprint(lines)
}

/// The pool `partners` for each of these keys, which it does not use.
fn for_each(key: &str) -> String {
    pool(&["a"], &format!("  for_each = toset([\"{key}\"])\n"))
}

fn another_key_or_module_asks_for_moved(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    world.settle(&for_each("x"))?;
    let there = world.cloud.owned_ids(OWNER);
    world.refuses(&for_each("y"), &["would be destroyed and created in one plan"])?;
    let (planned, _) =
        world.plan_of(&(for_each("y") + &moved("egress_ip_pool", "partners[\"x\"]", "partners[\"y\"]")))?;
    ensure!(planned.is_empty(), "{planned:?}");
    std::fs::create_dir_all(world.path().join("network"))?;
    world.write("network/main.tf", &(REQUIRED_PROVIDERS.to_owned() + &pool(&["a"], "")))?;
    world.configure("module \"network\" {\n  source = \"./network\"\n}\n")?;
    world.succeed(&["get"])?;
    let said = unwrapped(&world.fail(&["plan", "-no-color"])?.output);
    says(&said, &["would be destroyed and created in one plan"])?;
    ensure!(world.cloud.owned_ids(OWNER) == there, "an address was exchanged");
    Ok(())
}

/// Replaces a resource in each way, and expects that what it has stays and that the next plan is empty.
fn replace_in_each_way(workspace: &Workspace, address: &str, check: &dyn Fn(&str) -> Result<()>) -> Result<()> {
    let replace = format!("-replace={address}");
    workspace.succeed(&["apply", "-auto-approve", "-no-color", &replace])?;
    check("-replace")?;
    workspace.expect_empty_plan()?;
    workspace.succeed(&["taint", address])?;
    workspace.succeed(NO_COLOR)?;
    check("taint")?;
    workspace.expect_empty_plan()
}

fn a_pool_is_replaced_in_place(run: &Run<'_>) -> Result<()> {
    for more in [String::new(), CREATE_FIRST.to_owned(), format!("{WARN}{CREATE_FIRST}")] {
        let world = World::new(run)?;
        world.settle(&pool(&["a", "b"], &more))?;
        let there = world.cloud.owned_ids(OWNER);
        replace_in_each_way(&world, "egress_ip_pool.partners", &|how| {
            ensure!(world.cloud.owned_ids(OWNER) == there, "{how}: an address was exchanged with {more:?}");
            Ok(())
        })?;
    }
    Ok(())
}

fn a_gateway_is_replaced_in_place(run: &Run<'_>) -> Result<()> {
    for lifecycle in ["", CREATE_FIRST] {
        let world = World::new(run)?;
        let own = pool(&["a"], lifecycle);
        let zones: [&[&str]; 2] = [&["a"], &[]];
        let body = gateways(&world.cloud, zones, "");
        let body = body.split("output").next().unwrap_or_default().trim_end();
        let body = format!("{own}{}\n{lifecycle}}}\n", body.trim_end_matches('}'));
        world.settle(&body)?;
        let there = world.cloud.owned_ids(OWNER);
        replace_in_each_way(&world, "egress_nat_gateway.prod", &|how| {
            ensure!(world.cloud.owned_ids(OWNER) == there, "{how}: something was exchanged with {lifecycle:?}");
            Ok(())
        })?;
        world.expect_footprint([address_lines(&["a"]), gateway_lines(&world.cloud, zones)].concat())?;
    }
    Ok(())
}

fn in_region(region: &str, more: &str) -> String {
    pool(&["a"], more).replace("aws {}", &format!("aws {{\n    region = \"{region}\"\n  }}"))
}

fn another_region_releases_the_address_there(run: &Run<'_>) -> Result<()> {
    let more = format!("{WARN}{CREATE_FIRST}");
    let world = World::new(run)?;
    world.settle(&in_region("eu-west-1", &more))?;
    let old = world.cloud.owned_ids(OWNER);
    let ip = world.public_ip("a")?;
    world.configure(&in_region("us-east-1", &more))?;
    let said = unwrapped(&world.succeed(NO_COLOR)?.output);
    says(&said, &[&ip, "will be released"])?;
    ensure!(!said.contains("adopted"), "{said}");
    world.expect_empty_plan()?;
    let now = world.cloud.owned_ids(OWNER);
    ensure!(now.len() == 1 && now.is_disjoint(&old), "{old:?} became {now:?}");
    Ok(())
}

fn one_name_in_two_regions(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    let each = "  for_each = toset([\"eu-west-1\", \"us-east-1\"])\n";
    let by_argument = pool(&["a"], &format!("{each}{WARN}")).replace("aws {}", "aws {\n    region = each.key\n  }");
    world.settle(&by_argument)?;
    ensure!(world.cloud.owned_ids(OWNER).len() == 2, "one in each region");
    world.destroy()?;
    let alias = format!(
        "provider \"egress\" {{\n  alias = \"us\"\n  owner = \"{OWNER}\"\n  aws {{\n    region = \"us-east-1\"\n  }}\n}}\n{}{}",
        pool(&["a"], WARN),
        pool(&["a"], &format!("{WARN}  provider = egress.us\n")).replace("\"partners\" {", "\"us\" {")
    );
    world.settle(&alias)?;
    ensure!(world.cloud.owned_ids(OWNER).len() == 2, "one in each region");
    Ok(())
}

fn two_pools_of_one_name_are_refused(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    let second = pool(&["b"], "").replace("\"partners\" {", "\"second\" {");
    let both = pool(&["a"], "") + &second;
    world.refuses(&both, &["Two resources are egress_ip_pool \"partners\"", "AWS in eu-west-1"])?;
    world.settle(&pool(&["a"], ""))?;
    world.refuses(&both, &["Two resources are egress_ip_pool \"partners\""])?;
    world.expect_footprint(address_lines(&["a"]))
}

/// Writes on every address that it was made so long ago.
fn aged(world: &World, seconds: u64) -> Result<()> {
    let now = std::time::SystemTime::now().duration_since(std::time::SystemTime::UNIX_EPOCH)?.as_secs();
    let created = (now - seconds).to_string();
    for id in world.cloud.server.inventory().addresses.keys() {
        let tag = [("ResourceId.1", id.as_str()), ("Tag.1.Key", "egress-created"), ("Tag.1.Value", &created)];
        world.cloud.call("CreateTags", &tag)?;
    }
    ensure!(caller().region == acceptance_tests::cloud::REGION, "the addresses are in the caller's region");
    Ok(())
}

fn a_second_state_of_one_owner_is_refused(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    let body = pool(&["a"], "");
    world.settle(&body)?;
    aged(&world, 3 * 3_600)?;
    world.expect_empty_plan()?;
    let there = world.cloud.owned_ids(OWNER);
    let world = world.forget(run)?;
    world.refuses(
        &body,
        &[
            "Addresses with this identity exist already",
            "3 hours old",
            "terraform.workspace",
            "import {",
            "id = \"partners\"",
        ],
    )?;
    world.configure(&body)?;
    world.fail(NO_COLOR)?;
    ensure!(world.cloud.owned_ids(OWNER) == there, "something was changed");
    // Whoever has lost the state says so.
    world.configure_with("  adoption = \"automatic\"\n", &body)?;
    world.apply()?;
    world.configure(&body)?;
    world.expect_empty_plan()?;
    ensure!(world.cloud.owned_ids(OWNER) == there, "the address was adopted");
    Ok(())
}

fn what_another_state_has_adopted_is_kept(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    let body = pool(&["a"], WARN);
    world.settle(&body)?;
    let there = world.cloud.owned_ids(OWNER);
    // Young enough to be what an interrupted run has left.
    let second = World::workspace_for(run, &world.cloud)?;
    World::write_as(&second, OWNER, "", "", &body)?;
    second.apply()?;
    let said = unwrapped(&world.succeed(&["destroy", "-auto-approve", "-no-color"])?.output);
    says(&said, &["Addresses that another instance has adopted are kept"])?;
    ensure!(world.cloud.owned_ids(OWNER) == there, "the other state's address is gone");
    second.expect_empty_plan()?;
    second.destroy()?;
    world.expect_footprint(Vec::new())
}

const GATEWAYS: &str = "ciliumegressgatewaypolicies.cilium.io";
const POD_NETWORKS: &str = "eniconfigs.crd.k8s.amazonaws.com";

impl Cluster {
    /// A name that no other scenario uses: some objects are the whole cluster's.
    fn name(&self) -> String {
        let last: Vec<&str> = self.namespace.rsplitn(4, '-').take(3).collect();
        format!("r{}", last.join("-"))
    }

    /// One resource of each type with objects, as blocks of this name, with further arguments; each with its objects' kind.
    fn resources(&self, block: &str, more: &str) -> BTreeMap<&'static str, (&'static str, String)> {
        let (name, namespace) = (self.name(), &self.namespace);
        let head = format!("\"{block}\" {{\n  name = \"{name}\"\n  accept_timeout = \"0s\"\n{more}");
        let policy = format!(
            "resource \"egress_policy\" {head}  namespace = \"{namespace}\"\n  pods {{\n    \
             match_labels = {{ app = \"backend\" }}\n  }}\n  \
             allow = {{ partner = {{ to_cidrs = [\"203.0.113.0/24\"], ports = [443] }} }}\n}}\n"
        );
        let gateway = format!(
            "resource \"egress_gateway\" {head}  namespace = \"{namespace}\"\n  engine = \"cilium\"\n  \
             ips = [\"203.0.113.7\"]\n  nodes {{\n    match_labels = {{ egress = \"true\" }}\n  }}\n  \
             sources = {{ own = {{ namespaces = {{ names = [\"{namespace}\"] }}, pods = {{ all = true }} }} }}\n}}\n"
        );
        let network = format!(
            "resource \"egress_pod_network\" {head}  eks {{\n    \
             eni_configs = {{ {name}-a = {{ subnet_id = \"subnet-0123456789abcdef0\", security_group_ids = [] }} }}\n  }}\n}}\n"
        );
        BTreeMap::from([
            ("egress_policy", (NETWORK_POLICIES, policy)),
            ("egress_gateway", (GATEWAYS, gateway)),
            ("egress_pod_network", (POD_NETWORKS, network)),
        ])
    }

    fn uid(&self, kind: &str) -> Result<Json> {
        let name = if kind == POD_NETWORKS { format!("{}-a", self.name()) } else { self.name() };
        let namespace = if kind == NETWORK_POLICIES { self.namespace.as_str() } else { "" };
        let object = self.server.get(kind, namespace, &name)?;
        Ok(object.with_context(|| format!("there is no {kind}/{name}"))?["metadata"]["uid"].clone())
    }
}

fn renamed_objects_ask_for_moved(run: &Run<'_>) -> Result<()> {
    let cluster = Cluster::new(run, api_server_with_engines()?)?;
    for (resource, (kind, body)) in cluster.resources("old", "") {
        cluster.settle(&body).context(resource)?;
        let uid = cluster.uid(kind)?;
        let (_, body) = &cluster.resources("new", "")[resource];
        cluster.configure(body)?;
        let said = unwrapped(&cluster.fail(NO_COLOR)?.output);
        let from = format!("from = {resource}.OLD");
        says(&said, &["would be destroyed and created in one plan", &from]).context(resource)?;
        ensure!(cluster.uid(kind)? == uid, "{resource}: the object was exchanged");
        cluster.configure(&(body.clone() + &moved(resource, "old", "new")))?;
        let (plan, _) = cluster.plan()?;
        ensure!(changes(&plan).is_empty(), "{resource}: {:?}", changes(&plan));
        cluster.apply()?;
        cluster.destroy()?;
    }
    Ok(())
}

fn objects_are_replaced_in_place(run: &Run<'_>) -> Result<()> {
    let cluster = Cluster::new(run, api_server_with_engines()?)?;
    for lifecycle in ["", CREATE_FIRST] {
        for (resource, (kind, body)) in cluster.resources("one", lifecycle) {
            cluster.settle(&body).context(resource)?;
            let uid = cluster.uid(kind)?;
            replace_in_each_way(&cluster, &format!("{resource}.one"), &|how| {
                ensure!(cluster.uid(kind)? == uid, "{resource}, {how}: the object was exchanged with {lifecycle:?}");
                Ok(())
            })
            .context(resource)?;
            cluster.destroy()?;
        }
    }
    Ok(())
}

fn two_policies_of_one_name_are_refused(run: &Run<'_>) -> Result<()> {
    let cluster = Cluster::new(run, api_server_with_engines()?)?;
    for (resource, (_, body)) in cluster.resources("one", "") {
        let (_, second) = &cluster.resources("two", "")[resource];
        cluster.configure(&(body + second))?;
        let said = unwrapped(&cluster.fail(&["plan", "-no-color"])?.output);
        says(&said, &[&format!("Two resources are {resource} \"{}\"", cluster.name())])?;
    }
    Ok(())
}
