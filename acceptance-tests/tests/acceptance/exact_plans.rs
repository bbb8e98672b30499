//! Plans of pools and gateways say what will be: what cannot change stays known, what they leave unknown may change, and where the world
//! changed since, the apply changes nothing and says so. On real hosts, which hold a provider to its plans.

use acceptance_tests::cloud::ZONES;
use acceptance_tests::host::unwrapped;
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value as Json, json};

use crate::suite::{Needs, Run, Suite};
use crate::world::{World, address_lines, gateway_lines, gateways, pool, says};

const WARN: &str = "  on_ip_change   = \"warn\"\n  release_policy = \"release\"\n";

pub(crate) fn add_to(suite: &mut Suite) {
    let mut add = |name: &str, run| suite.on_one_host(&format!("exact_plans::{name}"), Needs::Host, run);
    add("an_unknown_subnet_leaves_the_routes_as_they_will_be", an_unknown_subnet);
    add("a_stale_state_changes_nothing", a_stale_state_changes_nothing);
    add("a_saved_plan_of_a_lost_gateway_changes_nothing", a_saved_plan_of_a_lost_gateway);
    add("a_saved_plan_of_a_moved_address_changes_nothing", a_saved_plan_of_a_moved_address);
    add("what_others_change_during_an_apply_is_said", what_others_change_during_an_apply);
    add("a_released_address_ends_a_saved_plan", a_released_address_ends_a_saved_plan);
    add("untouched_zones_stay_known", untouched_zones_stay_known);
    add("a_replacement_is_planned_by_key", a_replacement_is_planned_by_key);
    add("unknown_parts_hide_no_replacement", unknown_parts_hide_no_replacement);
    add("a_subnet_that_loses_its_way_out_is_named", a_subnet_that_loses_its_way_out);
    add("a_destroy_names_what_loses_its_way_out", a_destroy_names_what_loses_its_way_out);
    add("a_gateway_in_a_subnet_that_it_serves_is_refused", a_loop_is_refused);
    add("a_route_table_has_one_gateway", a_route_table_has_one_gateway);
    add("unknown_default_tags_are_unknown_tags_and_no_more", unknown_default_tags);
    add("one_cause_in_the_middle_of_an_apply_is_one_error", one_cause_is_one_error);
}

fn both(world: &World, keys: &[&str], zones: [&[&str]; 2]) -> String {
    pool(keys, WARN) + &gateways(&world.cloud, zones, "")
}

/// The planned change of a resource.
fn change<'p>(plan: &'p Json, address: &str) -> Result<&'p Json> {
    let changes = plan["resource_changes"].as_array().context("changes")?;
    let found = changes.iter().find(|change| change["address"] == address);
    Ok(&found.with_context(|| format!("{address} is not in the plan"))?["change"])
}

fn gateway_in(world: &World, zone: &str) -> Result<String> {
    let inventory = world.cloud.server.inventory();
    let subnet = world.cloud.subnet(zone);
    let found = inventory.live_nat_gateways().find(|(_, gateway)| gateway.subnet_id.as_deref() == Some(subnet));
    found.map(|(id, _)| id.clone()).context("there is no gateway in the zone")
}

fn lose(world: &World, gateway: &str) -> Result<()> {
    world.cloud.call("DeleteNatGateway", &[("NatGatewayId", gateway)])?;
    while world.cloud.server.inventory().live_nat_gateways().any(|(id, _)| id == gateway) {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    Ok(())
}

/// The subnet of a zone is what `terraform_data` makes of it, and so not known before the apply in which `trigger` changes.
fn with_unknown_subnet(body: &str, subnet: &str, trigger: &str) -> String {
    let data = format!(
        "resource \"terraform_data\" \"subnet\" {{\n  input = \"{subnet}\"\n  triggers_replace = \"{trigger}\"\n}}\n"
    );
    body.replace(&format!("\"{subnet}\""), "terraform_data.subnet.output") + &data
}

/// A create, an added zone and a changed subnet.
fn an_unknown_subnet(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    let (first, second) = (world.cloud.subnet(ZONES[0]).to_owned(), world.cloud.subnet(ZONES[1]).to_owned());
    world.settle(&with_unknown_subnet(&both(&world, &["a", "b"], [&["a"], &[]]), &first, "1"))?;
    let two = both(&world, &["a", "b"], [&["a"], &["b"]]);
    world.settle(&with_unknown_subnet(&two, &second, "2"))?;
    let before = gateway_in(&world, ZONES[1])?;
    // Unknown, and the same in the end.
    world.configure(&with_unknown_subnet(&two, &second, "3"))?;
    let (plan, said) = world.plan()?;
    says(&unwrapped(&said.output), &["may be replaced", &before])?;
    let planned = change(&plan, "egress_nat_gateway.prod")?;
    ensure!(planned["after"]["gateways"][ZONES[0]]["id"].is_string(), "{planned:#}");
    ensure!(planned["after_unknown"]["gateways"][ZONES[1]]["id"] == true, "{planned:#}");
    world.apply()?;
    world.expect_empty_plan()?;
    ensure!(gateway_in(&world, ZONES[1])? == before, "it was replaced");
    // Unknown, and another in the end: the gateway of the other zone stands in meanwhile.
    let other = other_subnet(&world)?;
    let moved = with_unknown_subnet(&two, &second, "4").replace(&format!("\"{second}\""), &format!("\"{other}\""));
    world.settle(&moved)?;
    ensure!(gateway_in(&world, ZONES[1]).is_err(), "it was not replaced");
    Ok(())
}

/// Another public subnet of the second zone.
fn other_subnet(world: &World) -> Result<String> {
    let vpc = &world.cloud.vpc.vpc_id;
    let subnet = [("VpcId", vpc.as_str()), ("CidrBlock", "10.0.240.0/24"), ("AvailabilityZone", ZONES[1])];
    let reply = world.cloud.call("CreateSubnet", &subnet)?;
    let id = reply.split("<subnetId>").nth(1).and_then(|rest| rest.split('<').next()).context("no subnet was made")?;
    let table = &world.cloud.vpc.public_route_table_id;
    world.cloud.call("AssociateRouteTable", &[("RouteTableId", table), ("SubnetId", id)])?;
    Ok(id.to_owned())
}

fn a_stale_state_changes_nothing(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    let body = both(&world, &["a", "b"], [&["a"], &["b"]]);
    world.settle(&body)?;
    let gateway = gateway_in(&world, ZONES[0])?;
    lose(&world, &gateway)?;
    let before = world.cloud.footprint();
    let run = world.fail(&["apply", "-refresh=false", "-auto-approve", "-no-color"])?;
    let said = unwrapped(&run.output);
    says(&said, &["no longer as it was planned", &gateway, "was deleted", "Nothing was changed", "Plan again"])?;
    ensure!(!said.contains("bug"), "{said}");
    ensure!(world.cloud.footprint() == before, "something was changed");
    world.settle(&body)
}

fn a_saved_plan_of_a_lost_gateway(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    world.settle(&both(&world, &["a", "b", "c"], [&["a"], &["b"]]))?;
    let body = both(&world, &["a", "b", "c"], [&["a", "c"], &["b"]]);
    world.configure(&body)?;
    world.plan()?;
    let gateway = gateway_in(&world, ZONES[0])?;
    lose(&world, &gateway)?;
    let before = world.cloud.footprint();
    let said = unwrapped(&world.fail(&["apply", "-no-color", "plan.bin"])?.output);
    says(&said, &["no longer as it was planned", &gateway, "Nothing was changed"])?;
    ensure!(!said.contains("bug") && !said.contains("known, but now unknown"), "{said}");
    ensure!(world.cloud.footprint() == before, "something was changed");
    world.settle(&body)
}

/// Takes an address off the gateway of the first zone, as by hand; its allocation id.
fn disassociate(world: &World, key: &str) -> Result<String> {
    let inventory = world.cloud.server.inventory();
    let found =
        inventory.addresses.iter().find(|(_, address)| address.tags.get("egress-key").is_some_and(|k| k == key));
    let (id, address) = found.context("there is no such address")?;
    let association = address.association_id.as_deref().context("the address is free")?;
    let gateway = gateway_in(world, ZONES[0])?;
    let leaves =
        [("NatGatewayId", gateway.as_str()), ("AssociationId.1", association), ("MaxDrainDurationSeconds", "1")];
    world.cloud.call("DisassociateNatGatewayAddress", &leaves)?;
    Ok(id.clone())
}

/// An address that the plan relies on is off its gateway: what the plan says of its private address would not come.
fn a_saved_plan_of_a_moved_address(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    world.settle(&both(&world, &["a", "b", "c", "d"], [&["a", "d"], &["b"]]))?;
    let body = both(&world, &["a", "b", "c", "d"], [&["a", "d", "c"], &["b"]]);
    world.configure(&body)?;
    world.plan()?;
    let address = disassociate(&world, "d")?;
    while world.cloud.server.inventory().addresses[&address].nat_gateway_id.is_some() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let before = world.cloud.footprint();
    let said = unwrapped(&world.fail(&["apply", "-no-color", "plan.bin"])?.output);
    let gateway = gateway_in(&world, ZONES[0])?;
    says(&said, &["no longer as they were planned", &address, &gateway, "Nothing was changed", "Plan again"])?;
    ensure!(!said.contains("bug"), "{said}");
    ensure!(world.cloud.footprint() == before, "something was changed");
    world.settle(&body)
}

/// The same once the apply has looked: it goes on with what it finds, and says what is not as it was planned.
fn what_others_change_during_an_apply(run: &Run<'_>) -> Result<()> {
    use stand_in_cloud::faults::{Hold, HoldPhase, Matcher, Resume};
    let world = World::new(run)?;
    world.settle(&both(&world, &["a", "b", "c", "d"], [&["a", "d"], &["b"]]))?;
    let body = both(&world, &["a", "b", "c", "d"], [&["a", "d", "c"], &["b"]]);
    world.configure(&body)?;
    world.plan()?;
    world.cloud.server.hold(Hold { at: Matcher::action("AssociateNatGatewayAddress"), phase: HoldPhase::BeforeCommit });
    let failed = std::thread::scope(|scope| {
        let applied = scope.spawn(|| world.fail(&["apply", "-no-color", "plan.bin"]));
        let held = world.cloud.server.wait_until_held(std::time::Duration::from_mins(1));
        let disturbed = held.context("nothing was associated").and_then(|_| disassociate(&world, "d"));
        world.cloud.server.resume(Resume::Continue);
        let failed = applied.join().map_err(|_| anyhow::anyhow!("the apply could not be tried"))?;
        disturbed?;
        failed
    })?;
    let said = unwrapped(&failed.output);
    let what = format!("The gateway of {} is not the planned one", ZONES[0]);
    says(&said, &["changed by somebody else during the apply", &what, "the state has what exists now"])?;
    ensure!(!said.contains("bug") && !said.contains("inconsistent"), "{said}");
    // Nothing remains to be done: the address is back.
    world.expect_empty_plan()?;
    let zones = gateway_lines(&world.cloud, [&["a", "c", "d"], &["b"]]);
    world.expect_footprint([address_lines(&["a", "b", "c", "d"]), zones].concat())
}

/// The same of a pool.
fn a_released_address_ends_a_saved_plan(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    world.settle(&pool(&["a"], WARN))?;
    let body = pool(&["a", "b"], WARN);
    world.configure(&body)?;
    world.plan()?;
    let ip = world.public_ip("a")?;
    let id = world.cloud.server.inventory().addresses.into_keys().next().context("an address")?;
    world.cloud.call("ReleaseAddress", &[("AllocationId", &id)])?;
    let said = unwrapped(&world.fail(&["apply", "-no-color", "plan.bin"])?.output);
    says(&said, &["no longer as it was planned", &ip, "Nothing was changed"])?;
    ensure!(!said.contains("bug"), "{said}");
    world.settle(&body)
}

fn untouched_zones_stay_known(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    world.settle(&both(&world, &["a", "b", "c"], [&["a"], &["b"]]))?;
    // A new key of the pool, and with it an address that is not known yet, on one of the gateways.
    world.configure(&both(&world, &["a", "b", "c", "d"], [&["a"], &["b", "d"]]))?;
    let (plan, _) = world.plan()?;
    let gateways = change(&plan, "egress_nat_gateway.prod")?;
    let unknown = &gateways["after_unknown"];
    let (before, after) = (&gateways["before"], &gateways["after"]);
    ensure!(before["gateways"][ZONES[0]] == after["gateways"][ZONES[0]], "{gateways:#}");
    for part in ["id", "arn", "state"] {
        ensure!(before["gateways"][ZONES[1]][part] == after["gateways"][ZONES[1]][part], "{part}: {gateways:#}");
    }
    ensure!(unknown["gateways"][ZONES[1]]["public_ips"] == true, "{gateways:#}");
    ensure!(before["routes"] == after["routes"] && before["routes"].is_object(), "{gateways:#}");
    ensure!(after["planned_replacements"] == json!([]), "{gateways:#}");
    let pool = change(&plan, "egress_ip_pool.partners")?;
    for part in ["ids", "public_ips", "details"] {
        ensure!(pool["before"][part]["a"] == pool["after"][part]["a"], "{part}: {pool:#}");
    }
    world.apply()?;
    world.expect_empty_plan()?;
    // A tag touches no gateway's values.
    let tagged = both(&world, &["a", "b", "c", "d"], [&["a"], &["b", "d"]]).replacen(
        "  name = \"prod\"\n",
        "  name = \"prod\"\n  tags = { team = \"net\" }\n",
        1,
    );
    world.configure(&tagged)?;
    let (plan, _) = world.plan()?;
    let gateways = change(&plan, "egress_nat_gateway.prod")?;
    for part in ["gateways", "routes", "egress_cidrs", "planned_replacements"] {
        ensure!(gateways["before"][part] == gateways["after"][part], "{part}: {gateways:#}");
    }
    ensure!(gateways["after"]["tags_all"] == json!({ "team": "net" }), "{gateways:#}");
    world.settle(&tagged)
}

fn a_replacement_is_planned_by_key(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    world.settle(&both(&world, &["a", "b", "c"], [&["a"], &["b"]]))?;
    let body = both(&world, &["a", "b", "c"], [&["a"], &["c"]]);
    world.configure(&body)?;
    let (plan, _) = world.plan()?;
    let gateways = change(&plan, "egress_nat_gateway.prod")?;
    ensure!(gateways["after"]["planned_replacements"] == json!([ZONES[1]]), "{gateways:#}");
    ensure!(gateways["after_unknown"]["gateways"][ZONES[1]]["id"] == true, "{gateways:#}");
    ensure!(gateways["before"]["gateways"][ZONES[0]] == gateways["after"]["gateways"][ZONES[0]], "{gateways:#}");
    world.settle(&body)?;
    let (plan, _) = world.plan()?;
    let gateways = change(&plan, "egress_nat_gateway.prod")?;
    ensure!(gateways["after"]["planned_replacements"] == json!([]), "{gateways:#}");
    Ok(())
}

/// Another subnet beside an address that is allocated in the same apply.
fn unknown_parts_hide_no_replacement(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    world.settle(&both(&world, &["a", "b"], [&["a"], &["b"]]))?;
    let other = other_subnet(&world)?;
    let body = both(&world, &["a", "b", "c"], [&["a"], &["b", "c"]]);
    let body = body.replace(world.cloud.subnet(ZONES[1]), &other);
    world.configure(&body)?;
    let (plan, run) = world.plan()?;
    let said = unwrapped(&run.output);
    says(&said, &["is replaced", "the subnet of a gateway is fixed", &gateway_in(&world, ZONES[1])?])?;
    let gateways = change(&plan, "egress_nat_gateway.prod")?;
    ensure!(gateways["after"]["planned_replacements"] == json!([ZONES[1]]), "{gateways:#}");
    world.settle(&body)
}

fn a_subnet_that_loses_its_way_out(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    world.settle(&both(&world, &["a", "b"], [&["a"], &["b"]]))?;
    let table = world.cloud.route_table(ZONES[1]).to_owned();
    let subnet = world.cloud.vpc.private_subnet_ids[ZONES[1]].clone();
    let (gateway, ip) = (gateway_in(&world, ZONES[1])?, world.public_ip("b")?);
    let named = [table.as_str(), &subnet, "0.0.0.0/0", &gateway, &ip];
    let refusal = [&["would interrupt egress", "on_interruption = \"warn\""][..], &named].concat();
    let warns =
        |body: &str| body.replacen("  name = \"prod\"\n", "  name = \"prod\"\n  on_interruption = \"warn\"\n", 1);
    // A table is taken out.
    let without_table = both(&world, &["a", "b"], [&["a"], &["b"]]).replace(&format!("[\"{table}\"]"), "[]");
    world.refuses(&without_table, &refusal)?;
    // A zone is taken out.
    let without_zone = both(&world, &["a", "b"], [&["a"], &[]]);
    world.refuses(&without_zone, &refusal)?;
    // The destination is another.
    let other = pool(&["a", "b"], WARN)
        + &gateways(&world.cloud, [&["a"], &["b"]], "    destination_cidrs = [\"10.9.0.0/16\"]\n");
    world.refuses(&other, &refusal)?;
    // Its table goes to the other zone: nothing is lost.
    let first = world.cloud.route_table(ZONES[0]).to_owned();
    let handed_over = without_zone.replace(&format!("[\"{first}\"]"), &format!("[\"{first}\", \"{table}\"]"));
    let (_, said) = world.plan_of(&handed_over)?;
    ensure!(!said.contains("interrupt"), "{said}");
    let (_, said) = world.plan_of(&warns(&without_zone))?;
    says(&said, &[&["Warning", "interrupts egress"][..], &named].concat())?;
    world.settle(&warns(&without_zone))
}

fn a_destroy_names_what_loses_its_way_out(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    world.settle(&both(&world, &["a"], [&["a"], &[]]))?;
    let table = world.cloud.route_table(ZONES[0]);
    let said = unwrapped(&world.succeed(&["plan", "-destroy", "-no-color"])?.output);
    says(&said, &["subnets lose their way out", table, "0.0.0.0/0", &world.public_ip("a")?, "subnet-"])?;
    world.destroy()?;
    world.expect_footprint(Vec::new())
}

fn a_loop_is_refused(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    let (subnet, own) = (world.cloud.subnet(ZONES[0]), world.cloud.vpc.public_route_table_id.as_str());
    let body = both(&world, &["a"], [&["a"], &[]]).replace(world.cloud.route_table(ZONES[0]), own);
    world.refuses(&body, &["would route to itself", own, subnet, "route table of its own"])?;
    world.expect_footprint(Vec::new())
}

fn a_route_table_has_one_gateway(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    let one = both(&world, &["a", "b"], [&["a"], &[]]);
    let second = |keys: [&[&str]; 2]| {
        let text = gateways(&world.cloud, keys, "").replace("\"prod\"", "\"other\"").replace(".prod.", ".other.");
        text.replace("tell_partners", "tell_others")
    };
    let table = world.cloud.route_table(ZONES[0]);
    world.refuses(&(one.clone() + &second([&["b"], &[]])), &["claimed twice", table, "egress_nat_gateway"])?;
    // The same by a policy through another gateway that names the table.
    let partner = "    destination_cidrs = [\"203.0.113.0/24\"]\n";
    let routed = pool(&["a", "b"], WARN) + &gateways(&world.cloud, [&["a"], &[]], partner);
    let idle = second([&[], &["b"]]).replace("destination_cidrs = [\"0.0.0.0/0\"]", "destination_cidrs = []");
    let idle = idle.replace(world.cloud.route_table(ZONES[1]), table);
    let policy = "resource \"egress_policy\" \"backend\" {\n  name = \"backend\"\n  namespace = \"production\"\n  delivery = \"render\"\n  \
                  allow = { partner = { to_cidrs = [\"203.0.113.0/24\"], ports = [443] } }\n  via {\n    nat_gateway = \
                  egress_nat_gateway.other\n  }\n}\n";
    world.refuses(&(routed + &idle + policy), &["claimed twice", table, "203.0.113.0/24"])?;
    world.settle(&one)?;
    world.refuses(&(one.clone() + &second([&["b"], &[]])), &["claimed twice", table])?;
    // Before a destroy Terraform plans what is written, which is refused, unless it is to refresh nothing.
    world.succeed(&["destroy", "-refresh=false", "-auto-approve", "-no-color"])?;
    world.expect_footprint(Vec::new())?;
    world.settle(&one)?;
    world.destroy()?;
    world.expect_footprint(Vec::new())
}

fn unknown_default_tags(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    let body = both(&world, &["a", "b"], [&["a"], &["b"]]);
    let stamp = "    default_tags = { at = timestamp(), team = \"net\" }\n";
    world.configure_as(crate::world::OWNER, stamp, "", &body)?;
    world.apply()?;
    let (plan, _) = world.plan()?;
    let gateways = change(&plan, "egress_nat_gateway.prod")?;
    ensure!(gateways["after_unknown"]["tags_all"] == true, "{gateways:#}");
    for part in ["gateways", "routes", "egress_cidrs"] {
        ensure!(gateways["before"][part] == gateways["after"][part], "{part}: {gateways:#}");
    }
    let pool = change(&plan, "egress_ip_pool.partners")?;
    for part in ["ids", "public_ips", "cidrs"] {
        ensure!(pool["before"][part] == pool["after"][part], "{part}: {pool:#}");
    }
    let detail = |side: &str, part: &str| pool[side]["details"]["a"][part].clone();
    ensure!(pool["after_unknown"]["details"]["a"]["tags"] == true, "{pool:#}");
    for part in ["id", "public_ip", "arn", "association"] {
        ensure!(detail("before", part) == detail("after", part), "{part}: {pool:#}");
    }
    world.apply()?;
    world.destroy()?;
    world.expect_footprint(Vec::new())
}

/// Two resources that fail for one cause say it once in full.
fn one_cause_is_one_error(run: &Run<'_>) -> Result<()> {
    use stand_in_cloud::faults::{Effect, Fault, FaultPhase, Matcher};
    let world = World::new(run)?;
    let second =
        gateways(&world.cloud, [&[], &["b"]], "").replace("\"prod\"", "\"other\"").replace(".prod.", ".other.");
    let body = both(&world, &["a", "b"], [&["a"], &[]]) + &second.replace("tell_partners", "tell_others");
    let refusal = Effect::Error { status: 403, code: "UnauthorizedOperation".to_owned(), message: "No.".to_owned() };
    let at = Matcher { nth: None, ..Matcher::action("CreateNatGateway") };
    world.cloud.server.set_faults(vec![Fault { times: None, ..Fault::once(at, FaultPhase::BeforeCommit, refusal) }]);
    world.configure(&body)?;
    let said = unwrapped(&world.fail(&["apply", "-auto-approve", "-no-color"])?.output);
    ensure!(said.matches("CreateNatGateway failed").count() == 1, "{said}");
    says(&said, &["has the details", "No gateway exists now"])?;
    world.cloud.server.set_faults(Vec::new());
    world.settle(&body)
}
