//! `egress_nat_gateway`, with a pool under it, on real hosts.

use acceptance_tests::cloud::ZONES;
use anyhow::{Context as _, Result, ensure};
use stand_in_cloud::ec2::Timings;
use stand_in_cloud::faults::{Effect, Fault, FaultPhase, Matcher};

use crate::suite::{Needs, Run, Suite};
use crate::world::{World, address_lines, gateway_lines, gateways, pool, says, sorted_strings};

const WARN: &str = "  on_ip_change = \"warn\"\n  release_policy = \"release\"\n";

pub(crate) fn add_to(suite: &mut Suite) {
    let mut each = |name: &str, needs, run| suite.on_each_host(&format!("egress_nat_gateway::{name}"), needs, run);
    each("a_second_plan_is_empty", Needs::Host, a_second_plan_is_empty);
    each("addresses_come_and_go_in_place", Needs::Host, addresses_come_and_go_in_place);
    each("a_zone_is_added_and_removed", Needs::Host, a_zone_is_added_and_removed);
    each("destroy_leaves_nothing", Needs::Host, destroy_leaves_nothing);
    each("import_by_name", Needs::Host, import_by_name);
    each("import_by_identity", Needs::HostWithIdentity, import_by_identity);
    let mut one = |name: &str, run| suite.on_one_host(&format!("egress_nat_gateway::{name}"), Needs::Host, run);
    one("a_primary_address_is_exchanged_inside_the_update", a_primary_address_is_exchanged_inside_the_update);
    one("a_route_pointed_elsewhere_comes_back", a_route_pointed_elsewhere_comes_back);
    one("a_gateway_deleted_outside_comes_back_with_its_ip", a_gateway_deleted_outside_comes_back_with_its_ip);
    one("routes_to_a_gateway_deleted_outside_go_with_it", routes_to_a_gateway_deleted_outside_go_with_it);
    one("a_foreign_route_is_not_taken_unasked", a_foreign_route_is_not_taken_unasked);
    one("a_lost_state_is_adopted_with_a_warning", a_lost_state_is_adopted_with_a_warning);
    one("gateways_are_renamed_in_place", gateways_are_renamed_in_place);
    one("a_gateway_with_the_tags_of_others_is_not_deleted", a_gateway_with_the_tags_of_others_is_not_deleted);
    one("gateways_of_another_account_are_not_gone", gateways_of_another_account_are_not_gone);
    one("default_tags_go_when_the_provider_loses_them", default_tags_go_when_the_provider_loses_them);
    one("a_new_zone_leaves_the_others_known", a_new_zone_leaves_the_others_known);
    one("quotas_and_border_groups_are_seen_in_the_plan", quotas_and_border_groups_are_seen_in_the_plan);
    one("a_plan_that_may_not_look_is_no_plan", a_plan_that_may_not_look_is_no_plan);
    one("bad_input_is_refused", bad_input_is_refused);
}

fn both(world: &World, keys: &[&str], zones: [&[&str]; 2]) -> String {
    pool(keys, WARN) + &gateways(&world.cloud, zones, "")
}

fn expect(world: &World, keys: &[&str], zones: [&[&str]; 2]) -> Result<()> {
    world.expect_footprint([address_lines(keys), gateway_lines(&world.cloud, zones)].concat())
}

fn a_second_plan_is_empty(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    world.settle(&both(&world, &["a", "b"], [&["a"], &["b"]]))?;
    expect(&world, &["a", "b"], [&["a"], &["b"]])?;
    let inventory = world.cloud.server.inventory();
    let shown = |tags: &std::collections::BTreeMap<String, String>| tags.get("Name").cloned().unwrap_or_default();
    let gateways = inventory.live_nat_gateways().map(|(_, gateway)| shown(&gateway.tags));
    let addresses = inventory.addresses.values().map(|address| shown(&address.tags));
    let names: std::collections::BTreeSet<String> = gateways.chain(addresses).collect();
    let expected = ["partners-a", "partners-b", "prod-eu-west-1a", "prod-eu-west-1b"].map(str::to_owned);
    ensure!(names.into_iter().eq(expected), "what consoles show");
    let told = sorted_strings(&world.output("tell_partners")?);
    let mut expected = vec![format!("{}/32", world.public_ip("a")?), format!("{}/32", world.public_ip("b")?)];
    expected.sort();
    ensure!(told == expected, "{told:?}");
    Ok(())
}

fn addresses_come_and_go_in_place(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    world.settle(&both(&world, &["a", "b", "c"], [&["a"], &["b", "c"]]))?;
    let gateways_before = gateway_ids(&world);
    let (changes, _) = world.plan_of(&both(&world, &["a", "b", "c", "d", "e"], [&["a", "d"], &["b", "e"]]))?;
    ensure!(changes.iter().all(|(_, action)| action == "update"), "{changes:?}");
    world.settle(&both(&world, &["a", "b", "c", "d", "e"], [&["a", "d"], &["b", "e"]]))?;
    expect(&world, &["a", "b", "c", "d", "e"], [&["a", "d"], &["b", "e"]])?;
    ensure!(gateway_ids(&world) == gateways_before, "a gateway was replaced");
    Ok(())
}

fn a_primary_address_is_exchanged_inside_the_update(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    world.settle(&both(&world, &["a", "b", "c"], [&["a"], &["b"]]))?;
    let (changes, said) = world.plan_of(&both(&world, &["a", "b", "c"], [&["a"], &["c"]]))?;
    ensure!(changes == [("egress_nat_gateway.prod".to_owned(), "update".to_owned())], "{changes:?}");
    says(&said, &["Warning", ZONES[1]])?;
    world.settle(&both(&world, &["a", "b", "c"], [&["a"], &["c"]]))?;
    expect(&world, &["a", "b", "c"], [&["a"], &["c"]])
}

fn a_zone_is_added_and_removed(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    world.settle(&both(&world, &["a", "b"], [&["a"], &[]]))?;
    world.settle(&both(&world, &["a", "b"], [&["a"], &["b"]]))?;
    expect(&world, &["a", "b"], [&["a"], &["b"]])?;
    let body = both(&world, &["a", "b"], [&[], &["b"]]);
    let warns = "  name = \"prod\"\n  on_interruption = \"warn\"\n";
    world.settle(&body.replacen("  name = \"prod\"\n", warns, 1))?;
    expect(&world, &["a", "b"], [&[], &["b"]])
}

fn destroy_leaves_nothing(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    world.settle(&both(&world, &["a", "b"], [&["a"], &["b"]]))?;
    world.destroy()?;
    world.expect_footprint(Vec::new())
}

fn a_route_pointed_elsewhere_comes_back(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    let body = both(&world, &["a", "b"], [&["a"], &["b"]]);
    world.settle(&body)?;
    let (table, elsewhere) = (world.cloud.route_table(ZONES[0]), gateway_in(&world, ZONES[1])?);
    let route = [("RouteTableId", table), ("DestinationCidrBlock", "0.0.0.0/0"), ("NatGatewayId", &elsewhere)];
    world.cloud.call("ReplaceRoute", &route)?;
    let (changes, _) = world.plan_of(&body)?;
    ensure!(changes == [("egress_nat_gateway.prod".to_owned(), "update".to_owned())], "{changes:?}");
    world.settle(&body)?;
    expect(&world, &["a", "b"], [&["a"], &["b"]])
}

fn a_gateway_deleted_outside_comes_back_with_its_ip(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    let body = both(&world, &["a", "b"], [&["a"], &["b"]]);
    world.settle(&body)?;
    let (lost, ip) = (gateway_in(&world, ZONES[0])?, world.public_ip("a")?);
    lose(&world, &lost)?;
    let (changes, _) = world.plan_of(&body)?;
    ensure!(changes.iter().any(|(address, _)| address == "egress_nat_gateway.prod"), "{changes:?}");
    world.settle(&body)?;
    expect(&world, &["a", "b"], [&["a"], &["b"]])?;
    ensure!(world.public_ip("a")? == ip, "the IP changed");
    Ok(())
}

/// Deletes a gateway as by hand.
fn lose(world: &World, gateway: &str) -> Result<()> {
    world.cloud.call("DeleteNatGateway", &[("NatGatewayId", gateway)])?;
    while gateway_ids(world).iter().any(|id| id == gateway) {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    Ok(())
}

/// With its zone, or with the whole resource, also when it was so long ago that EC2 no longer lists it; never one that somebody pointed
/// elsewhere since.
fn routes_to_a_gateway_deleted_outside_go_with_it(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    world.cloud.server.set_timings(Timings { tombstone_ms: 0, token_ms: 0, ..Timings::fast() });
    world.settle(&both(&world, &["a", "b"], [&["a"], &["b"]]))?;
    lose(&world, &gateway_in(&world, ZONES[0])?)?;
    // The state has the zone no more, and is looked at once more before it goes from the configuration.
    world.succeed(&["apply", "-refresh-only", "-auto-approve", "-no-color"])?;
    world.settle(&both(&world, &["a", "b"], [&[], &["b"]]))?;
    expect(&world, &["a", "b"], [&[], &["b"]])?;
    lose(&world, &gateway_in(&world, ZONES[1])?)?;
    world.succeed(&["apply", "-refresh-only", "-auto-approve", "-no-color"])?;
    world.settle(&pool(&["a", "b"], WARN))?;
    world.expect_footprint(address_lines(&["a", "b"]))?;
    // The last gateway of the resource comes back, too.
    let body = both(&world, &["a", "b"], [&["a"], &[]]);
    world.settle(&body)?;
    lose(&world, &gateway_in(&world, ZONES[0])?)?;
    world.settle(&body)?;
    expect(&world, &["a", "b"], [&["a"], &[]])?;
    lose(&world, &gateway_in(&world, ZONES[0])?)?;
    let (table, elsewhere) = (world.cloud.route_table(ZONES[0]), world.cloud.vpc.internet_gateway_id.as_str());
    let route = [("RouteTableId", table), ("DestinationCidrBlock", "0.0.0.0/0"), ("GatewayId", elsewhere)];
    world.cloud.call("ReplaceRoute", &route)?;
    world.settle(&pool(&["a", "b"], WARN))?;
    ensure!(world.cloud.server.inventory().route_tables[table].routes["0.0.0.0/0"].target == elsewhere);
    world.expect_footprint(address_lines(&["a", "b"]))
}

fn a_foreign_route_is_not_taken_unasked(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    let (table, gateway) = (world.cloud.route_table(ZONES[0]), world.cloud.vpc.internet_gateway_id.clone());
    let route = [("RouteTableId", table), ("DestinationCidrBlock", "0.0.0.0/0"), ("GatewayId", &gateway)];
    world.cloud.call("CreateRoute", &route)?;
    let pool = pool(&["a"], WARN);
    world.refuses(&(pool.clone() + &gateways(&world.cloud, [&["a"], &[]], "")), &[&gateway, "take_over_routes"])?;
    let taking = format!("    take_over_routes = [\"{gateway}\"]\n");
    world.settle(&(pool + &gateways(&world.cloud, [&["a"], &[]], &taking)))?;
    expect(&world, &["a"], [&["a"], &[]])
}

fn gateways_are_renamed_in_place(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    let body = both(&world, &["a", "b", "c"], [&["a"], &["b"]]);
    world.settle(&body)?;
    let before = gateway_ids(&world);
    let rename = |body: &str| body.replace("name = \"prod\"", "name = \"main\"");
    // A gateway that would be made by the same apply makes it two steps.
    world.refuses(&rename(&both(&world, &["a", "b", "c"], [&["a"], &["c"]])), &["renamed alone", "prod"])?;
    let (changes, _) = world.plan_of(&rename(&body))?;
    ensure!(changes == [("egress_nat_gateway.prod".to_owned(), "update".to_owned())], "{changes:?}");
    world.settle(&rename(&body))?;
    ensure!(gateway_ids(&world) == before, "a gateway was replaced");
    let named = |line: String| line.replace("gateway prod/", "gateway main/").replace("to prod/", "to main/");
    let gateways = gateway_lines(&world.cloud, [&["a"], &["b"]]).into_iter().map(named).collect();
    world.expect_footprint([address_lines(&["a", "b", "c"]), gateways].concat())
}

fn a_gateway_with_the_tags_of_others_is_not_deleted(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    let body = both(&world, &["a"], [&["a"], &[]]);
    world.settle(&body)?;
    let gateway = gateway_in(&world, ZONES[0])?;
    let tag = [("ResourceId.1", gateway.as_str()), ("Tag.1.Key", "egress-owner"), ("Tag.1.Value", "globex")];
    world.cloud.call("CreateTags", &tag)?;
    let said = acceptance_tests::host::unwrapped(&world.fail(&["destroy", "-auto-approve", "-no-color"])?.output);
    says(&said, &[&gateway, &world.public_ip("a")?, "globex/nat-gateway/prod", "state rm"])?;
    ensure!(gateway_ids(&world) == [gateway.clone()], "it was deleted");
    let (_, said) = world.plan_of(&body)?;
    says(&said, &["changes its owner", "globex/nat-gateway/prod"])?;
    world.settle(&body)?;
    world.destroy()?;
    world.expect_footprint(Vec::new())
}

fn gateways_of_another_account_are_not_gone(run: &Run<'_>) -> Result<()> {
    let mut world = World::new(run)?;
    let zone = ZONES[0];
    // A gateway alone, of an address that no pool of the state has.
    world.cloud.call("AllocateAddress", &[("Domain", "vpc")])?;
    let id = world.cloud.server.inventory().addresses.into_keys().next().context("an address")?;
    let body =
        gateways(&world.cloud, [&["a"], &[]], "").replace("egress_ip_pool.partners.ids[\"a\"]", &format!("\"{id}\""));
    world.settle(&body)?;
    let gateway = gateway_in(&world, zone)?;
    world.set("AWS_ACCESS_KEY_ID", "444455556666");
    let account = acceptance_tests::cloud::ACCOUNT;
    let arn = format!("arn:aws:ec2:eu-west-1:{account}:natgateway/{gateway}");
    for command in [&["plan", "-no-color"][..], &["plan", "-refresh=false", "-destroy", "-no-color"]] {
        let said = acceptance_tests::host::unwrapped(&world.fail(command)?.output);
        says(&said, &["another account", &arn, "444455556666"])?;
    }
    world.set("AWS_ACCESS_KEY_ID", account);
    world.expect_empty_plan()
}

fn default_tags_go_when_the_provider_loses_them(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    let body = both(&world, &["a"], [&["a"], &[]]);
    world.configure_as(crate::world::OWNER, "    default_tags = { team = \"net\", stage = \"prod\" }\n", "", &body)?;
    world.apply()?;
    world.expect_empty_plan()?;
    let gateway = gateway_in(&world, ZONES[0])?;
    let tag = |name: &str| world.cloud.server.inventory().nat_gateways[&gateway].tags.get(name).cloned();
    ensure!(tag("stage").as_deref() == Some("prod"), "the tags are there");
    world.configure_as(crate::world::OWNER, "    default_tags = { team = \"net\" }\n", "", &body)?;
    world.apply()?;
    world.expect_empty_plan()?;
    ensure!(tag("stage").is_none() && tag("team").is_some(), "{:?}", tag("stage"));
    Ok(())
}

fn a_new_zone_leaves_the_others_known(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    world.settle(&both(&world, &["a"], [&["a"], &[]]))?;
    let gateway = gateway_in(&world, ZONES[0])?;
    world.configure(&both(&world, &["a", "b"], [&["a"], &["b"]]))?;
    let (plan, _) = world.plan()?;
    let changes = plan["resource_changes"].as_array().context("changes")?;
    let change =
        changes.iter().find(|change| change["address"] == "egress_nat_gateway.prod").context("the gateways")?;
    let (after, unknown) = (&change["change"]["after"], &change["change"]["after_unknown"]);
    ensure!(after["gateways"][ZONES[0]]["id"] == gateway.as_str(), "{after:#}");
    ensure!(unknown["gateways"][ZONES[1]]["id"] == true, "{unknown:#}");
    let route = format!("{}_0.0.0.0/0", world.cloud.route_table(ZONES[0]));
    ensure!(after["routes"][&route] == gateway.as_str(), "{after:#}");
    ensure!(unknown["egress_cidrs"] == true, "never a part: {unknown:#}");
    world.apply()?;
    world.expect_empty_plan()
}

fn quotas_and_border_groups_are_seen_in_the_plan(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    let subnet = world.cloud.subnet(ZONES[0]);
    let allocate = |more: &[(&str, &str)]| -> Result<String> {
        let ids = || world.cloud.server.inventory().addresses.into_keys().collect::<std::collections::BTreeSet<_>>();
        let before = ids();
        world.cloud.call("AllocateAddress", &[&[("Domain", "vpc")], more].concat())?;
        ids().difference(&before).next().cloned().context("no address was allocated")
    };
    for _ in 0..5 {
        let address = allocate(&[])?;
        world.cloud.call("CreateNatGateway", &[("SubnetId", subnet), ("AllocationId", &address)])?;
    }
    let with = |id: &str| {
        let body = gateways(&world.cloud, [&["a"], &[]], "");
        body.replace("egress_ip_pool.partners.ids[\"a\"]", &format!("\"{id}\""))
    };
    let (_, said) = world.plan_of(&with(&allocate(&[])?))?;
    says(&said, &["exceed a quota", "has 5 NAT gateways", "L-FE5A380F"])?;
    let far = allocate(&[("NetworkBorderGroup", "eu-west-1-lhr-1")])?;
    world.refuses(&with(&far), &[&far, "cannot be used", "eu-west-1-lhr-1", "network_border_group"])
}

/// It could not say what it interrupts.
fn a_plan_that_may_not_look_is_no_plan(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    let body = both(&world, &["a"], [&["a"], &[]]);
    world.settle(&body)?;
    let refusal = Effect::Error { status: 403, code: "UnauthorizedOperation".to_owned(), message: "No.".to_owned() };
    let at = Matcher { nth: None, ..Matcher::action("DescribeRouteTables") };
    world.cloud.server.set_faults(vec![Fault { times: None, ..Fault::once(at, FaultPhase::BeforeCommit, refusal) }]);
    let said = acceptance_tests::host::unwrapped(&world.fail(&["plan", "-refresh=false", "-no-color"])?.output);
    says(&said, &["cannot be read", "UnauthorizedOperation", "credentials"])
}

fn a_lost_state_is_adopted_with_a_warning(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    let body = both(&world, &["a", "b"], [&["a"], &["b"]]);
    world.settle(&body)?;
    let before = gateway_ids(&world);
    let world = world.forget(run)?;
    let (_, said) = world.plan_of(&body)?;
    says(&said, &["Warning"])?;
    for id in &before {
        says(&said, &[id])?;
    }
    world.settle(&body)?;
    ensure!(gateway_ids(&world) == before, "a gateway was replaced");
    expect(&world, &["a", "b"], [&["a"], &["b"]])
}

fn import_by_name(run: &Run<'_>) -> Result<()> {
    imports(run, "id = \"prod\"", "id = \"partners\"")
}

fn import_by_identity(run: &Run<'_>) -> Result<()> {
    imports(run, "identity = { name = \"prod\" }", "identity = { name = \"partners\" }")
}

fn imports(run: &Run<'_>, gateways: &str, pool: &str) -> Result<()> {
    let world = World::new(run)?;
    let body = both(&world, &["a", "b"], [&["a"], &["b"]]);
    world.settle(&body)?;
    let before = gateway_ids(&world);
    let world = world.forget(run)?;
    let imports = format!(
        "import {{\n  to = egress_nat_gateway.prod\n  {gateways}\n}}\nimport {{\n  to = egress_ip_pool.partners\n  {pool}\n}}\n"
    );
    world.configure(&(body.clone() + &imports))?;
    let (_, said) = world.plan()?;
    says(&said.output, &["2 to import, 0 to add"])?;
    world.apply()?;
    world.expect_empty_plan()?;
    ensure!(gateway_ids(&world) == before, "a gateway was replaced");
    Ok(())
}

fn bad_input_is_refused(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    let body = both(&world, &["a"], [&["a"], &[]]);
    let with = |more: &str| body.replace("    drain_seconds = 1\n", more);
    world.refuses(&with("    drain_seconds = 5000\n"), &["drain time", "4000"])?;
    world.refuses(&with("    connectivity_type = \"secret\"\n"), &["connectivity type", "private"])?;
    let idle = body.replacen("  name = \"prod\"\n", "  name = \"prod\"\n  idle_timeout_seconds = 60\n", 1);
    world.refuses(&idle, &["idle_timeout_seconds", "350"])?;
    let load = "  name = \"prod\"\n  expected_load { peak_connections_per_destination = 100000 }\n";
    world.refuses(&body.replacen("  name = \"prod\"\n", load, 1), &["55,000"])?;
    world.refuses(
        &body.replace(world.cloud.subnet(ZONES[0]), "subnet-00000000000000000"),
        &["subnet-00000000000000000"],
    )?;
    world.expect_footprint(Vec::new())
}

fn gateway_ids(world: &World) -> Vec<String> {
    world.cloud.server.inventory().live_nat_gateways().map(|(id, _)| id.clone()).collect()
}

fn gateway_in(world: &World, zone: &str) -> Result<String> {
    let inventory = world.cloud.server.inventory();
    let subnet = world.cloud.subnet(zone);
    let found = inventory.live_nat_gateways().find(|(_, gateway)| gateway.subnet_id.as_deref() == Some(subnet));
    found.map(|(id, _)| id.clone()).context("there is no gateway in the zone")
}
