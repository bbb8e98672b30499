//! `egress_ip_pool` on real hosts.

use acceptance_tests::host::attributes;
use anyhow::{Result, ensure};

use crate::suite::{Needs, Run, Suite};
use crate::world::{World, address_lines, pool, says};

const WARN: &str = "  on_ip_change = \"warn\"\n  release_policy = \"release\"\n";

pub(crate) fn add_to(suite: &mut Suite) {
    let mut each = |name: &str, needs, run| suite.on_each_host(&format!("egress_ip_pool::{name}"), needs, run);
    each("a_second_plan_is_empty", Needs::Host, a_second_plan_is_empty);
    each("keys_come_and_go_without_touching_others", Needs::Host, keys_come_and_go_without_touching_others);
    each("destroying_the_pool_is_asked_for_too", Needs::Host, destroying_the_pool_is_asked_for_too);
    each("import_by_name", Needs::Host, import_by_name);
    each("import_by_identity", Needs::HostWithIdentity, import_by_identity);
    let mut one = |name: &str, run| suite.on_one_host(&format!("egress_ip_pool::{name}"), Needs::Host, run);
    one("an_ip_does_not_leave_unasked", an_ip_does_not_leave_unasked);
    one("an_ip_leaves_in_one_plan_that_asks_for_it", an_ip_leaves_in_one_plan_that_asks_for_it);
    one("a_pool_is_renamed_in_place", a_pool_is_renamed_in_place);
    one("a_changed_owner_forgets_no_address", a_changed_owner_forgets_no_address);
    one("an_address_in_use_is_adopted_and_never_released", an_address_in_use_is_adopted_and_never_released);
    one("retained_addresses_outlive_the_pool", retained_addresses_outlive_the_pool);
    one("a_lost_state_is_adopted_with_a_warning", a_lost_state_is_adopted_with_a_warning);
    one("adoption_can_be_refused", adoption_can_be_refused);
    one("a_released_address_is_reported", a_released_address_is_reported);
    one("tags_removed_outside_come_back", tags_removed_outside_come_back);
    one("bad_input_is_refused", bad_input_is_refused);
}

fn a_second_plan_is_empty(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    world.settle(&pool(&["a", "b"], ""))?;
    world.expect_footprint(address_lines(&["a", "b"]))?;
    let state = world.state()?;
    let pool = attributes(&state, "egress_ip_pool.partners");
    ensure!(pool["public_ips"]["a"] == world.public_ip("a")?.as_str(), "{pool:#}");
    let cidrs = crate::world::sorted_strings(&pool["cidrs"]);
    let mut expected = vec![format!("{}/32", world.public_ip("a")?), format!("{}/32", world.public_ip("b")?)];
    expected.sort();
    ensure!(cidrs == expected, "{cidrs:?}");
    Ok(())
}

fn keys_come_and_go_without_touching_others(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    world.settle(&pool(&["a", "b"], WARN))?;
    let before = world.public_ip("a")?;
    let (changes, _) = world.plan_of(&pool(&["a", "b", "c"], WARN))?;
    ensure!(changes == [("egress_ip_pool.partners".to_owned(), "update".to_owned())], "{changes:?}");
    world.settle(&pool(&["a", "c"], WARN))?;
    world.expect_footprint(address_lines(&["a", "c"]))?;
    ensure!(world.public_ip("a")? == before, "the IP of another key changed");
    Ok(())
}

fn an_ip_does_not_leave_unasked(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    world.settle(&pool(&["a", "b"], ""))?;
    let leaving = world.public_ip("b")?;
    world.refuses(&pool(&["a"], ""), &[&leaving, "on_ip_change"])?;
    world.expect_footprint(address_lines(&["a", "b"]))?;
    let (_, said) = world.plan_of(&pool(&["a"], WARN))?;
    says(&said, &["Warning", &leaving])
}

fn destroying_the_pool_is_asked_for_too(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    world.settle(&pool(&["a"], ""))?;
    let leaving = world.public_ip("a")?;
    let said = acceptance_tests::host::unwrapped(&world.fail(&["destroy", "-auto-approve", "-no-color"])?.output);
    says(&said, &[&leaving, "on_ip_change = \"warn\" in the resource, apply, and then destroy"])?;
    // Not by what is written, but by what was applied last.
    world.configure(&pool(&["a"], WARN))?;
    world.fail(&["destroy", "-auto-approve", "-no-color"])?;
    world.expect_footprint(address_lines(&["a"]))?;
    world.settle(&pool(&["a"], WARN))?;
    world.destroy()?;
    world.expect_footprint(Vec::new())
}

fn an_ip_leaves_in_one_plan_that_asks_for_it(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    world.settle(&pool(&["a", "b"], ""))?;
    world.refuses(&pool(&["a"], ""), &["on_ip_change = \"warn\" together with this change"])?;
    world.settle(&pool(&["a"], WARN))?;
    world.expect_footprint(address_lines(&["a"]))
}

fn a_pool_is_renamed_in_place(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    world.settle(&pool(&["a", "b"], ""))?;
    let before = world.cloud.owned_ids(crate::world::OWNER);
    let renamed = pool(&["a", "b"], "").replace("name = \"partners\"", "name = \"customers\"");
    let (changes, _) = world.plan_of(&renamed)?;
    ensure!(changes == [("egress_ip_pool.partners".to_owned(), "update".to_owned())], "{changes:?}");
    world.settle(&renamed)?;
    ensure!(world.cloud.owned_ids(crate::world::OWNER) == before, "an address was exchanged");
    let lines: Vec<String> = ["a", "b"].map(|key| format!("address customers/{key}")).into();
    world.expect_footprint(lines)
}

fn a_changed_owner_forgets_no_address(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    let body = pool(&["a"], WARN);
    world.settle(&body)?;
    world.configure_as("globex", "", "", &body)?;
    let said = acceptance_tests::host::unwrapped(&world.fail(&["destroy", "-auto-approve", "-no-color"])?.output);
    says(&said, &[&world.public_ip("a")?, "acme-acceptance/ip-pool/partners"])?;
    world.expect_footprint(address_lines(&["a"]))?;
    world.apply()?;
    world.destroy()?;
    world.expect_footprint(Vec::new())
}

fn an_address_in_use_is_adopted_and_never_released(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    world.cloud.call("AllocateAddress", &[("Domain", "vpc")])?;
    let inventory = world.cloud.server.inventory();
    let (id, address) = inventory.addresses.iter().next().expect("the address was allocated");
    let body = format!(
        "resource \"egress_ip_pool\" \"partners\" {{\n  name = \"partners\"\n  addresses = {{ a = {{ existing_id = \"{id}\" }} }}\n  \
         aws {{}}\n{WARN}}}\n"
    );
    world.settle(&body)?;
    let state = world.state()?;
    let public_ip = &attributes(&state, "egress_ip_pool.partners")["public_ips"]["a"];
    ensure!(*public_ip == address.public_ip.to_string().as_str(), "{public_ip}");
    world.destroy()?;
    ensure!(world.cloud.server.inventory().addresses.contains_key(id), "an adopted address was released");
    Ok(())
}

fn retained_addresses_outlive_the_pool(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    world.settle(&pool(&["a"], "  release_policy = \"retain\"\n"))?;
    world.destroy()?;
    ensure!(world.cloud.server.inventory().addresses.len() == 1, "a retained address was released");
    Ok(())
}

fn a_lost_state_is_adopted_with_a_warning(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    world.settle(&pool(&["a", "b"], ""))?;
    let (ip, inventory) = (world.public_ip("a")?, world.cloud.server.inventory());
    let world = world.forget(run)?;
    let (_, said) = world.plan_of(&pool(&["a", "b"], ""))?;
    says(&said, &["Warning", &ip])?;
    for id in inventory.addresses.keys() {
        says(&said, &[id])?;
    }
    world.settle(&pool(&["a", "b"], ""))?;
    world.expect_footprint(address_lines(&["a", "b"]))?;
    ensure!(world.public_ip("a")? == ip, "another address was made");
    Ok(())
}

fn adoption_can_be_refused(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    world.settle(&pool(&["a"], ""))?;
    let ip = world.public_ip("a")?;
    let world = world.forget(run)?;
    world.configure_with("  adoption = \"error\"\n", &pool(&["a"], ""))?;
    let said = acceptance_tests::host::unwrapped(&world.fail(&["plan", "-no-color"])?.output);
    says(&said, &[&ip, "adoption"])
}

fn a_released_address_is_reported(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    world.settle(&pool(&["a", "b"], ""))?;
    let lost = world.public_ip("b")?;
    let inventory = world.cloud.server.inventory();
    let lost_record = inventory.addresses.iter().find(|(_, address)| address.public_ip.to_string() == lost);
    let (id, _) = lost_record.expect("the address exists");
    world.cloud.call("ReleaseAddress", &[("AllocationId", id)])?;
    let run = world.run(&["plan", "-no-color"])?;
    // Whether it is an error or a warning, it must name the IP that is gone.
    says(&acceptance_tests::host::unwrapped(&run.output), &[&lost])
}

fn tags_removed_outside_come_back(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    let body = pool(&["a"], "  tags = { team = \"platform\" }\n");
    world.settle(&body)?;
    let inventory = world.cloud.server.inventory();
    let id = inventory.addresses.keys().next().expect("the address exists");
    world.cloud.call("DeleteTags", &[("ResourceId.1", id), ("Tag.1.Key", "team")])?;
    let (changes, _) = world.plan_of(&body)?;
    ensure!(changes == [("egress_ip_pool.partners".to_owned(), "update".to_owned())], "{changes:?}");
    world.settle(&body)?;
    let tags = &world.cloud.server.inventory().addresses[id].tags;
    ensure!(tags.get("team").is_some_and(|team| team == "platform"), "{tags:?}");
    Ok(())
}

fn import_by_name(run: &Run<'_>) -> Result<()> {
    imports(run, "id = \"partners\"")
}

fn import_by_identity(run: &Run<'_>) -> Result<()> {
    imports(run, "identity = { name = \"partners\" }")
}

fn imports(run: &Run<'_>, what: &str) -> Result<()> {
    let world = World::new(run)?;
    world.settle(&pool(&["a", "b"], ""))?;
    let world = world.forget(run)?;
    let import = format!("import {{\n  to = egress_ip_pool.partners\n  {what}\n}}\n");
    world.configure(&(pool(&["a", "b"], "") + &import))?;
    let (plan, said) = world.plan()?;
    let changes = acceptance_tests::host::changes(&plan);
    ensure!(changes.iter().all(|(_, action)| action == "update"), "{changes:?}\n{}", said.output);
    says(&said.output, &["1 to import, 0 to add"])?;
    world.apply()?;
    world.expect_empty_plan()?;
    world.expect_footprint(address_lines(&["a", "b"]))
}

fn bad_input_is_refused(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    world.refuses(&pool(&["a"], "  on_ip_change = \"shrug\"\n"), &["on_ip_change", "warn"])?;
    world.refuses(&pool(&["a"], "  release_policy = \"sell\"\n"), &["release_policy", "retain"])?;
    world.refuses(&pool(&["a"], "  tags = { egress-owner = \"me\" }\n"), &["egress-owner"])?;
    world.refuses(&pool(&["a"], "").replace("\"partners\"\n", "\"Partners!\"\n"), &["name"])?;
    world.refuses(
        &pool(&["a"], "").replace("a = { new = true }", "a = { existing_id = \"eipalloc-00000000000000000\" }"),
        &["eipalloc-00000000000000000"],
    )?;
    world.expect_footprint(Vec::new())
}
