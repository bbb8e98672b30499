//! The provider's own configuration on real hosts.

use acceptance_tests::host::{changes, unwrapped};
use anyhow::{Context as _, Result, ensure};

use crate::suite::{Needs, REQUIRED_PROVIDERS, Run, Suite};
use crate::world::{World, pool, says};

pub(crate) fn add_to(suite: &mut Suite) {
    let mut each = |name: &str, run| suite.on_each_host(&format!("provider_block::{name}"), Needs::Host, run);
    each("unknown_values_still_plan", unknown_values_still_plan);
    each("aliases_have_owners_of_their_own", aliases_have_owners_of_their_own);
    let mut one = |name: &str, run| suite.on_one_host(&format!("provider_block::{name}"), Needs::Host, run);
    one("bad_values_are_refused", bad_values_are_refused);
    one("a_missing_cloud_is_named", a_missing_cloud_is_named);
}

fn provider(body: &str) -> String {
    format!("{REQUIRED_PROVIDERS}provider \"egress\" {{\n{body}}}\n")
}

fn unknown_values_still_plan(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    let region = "resource \"terraform_data\" \"region\" {\n  input = \"eu-west-1\"\n}\n";
    let aws =
        "  owner = \"acme\"\n  aws {\n    region = terraform_data.region.output\n    poll_interval = \"10ms\"\n  }\n";
    world.write("main.tf", &(provider(aws) + region + &pool(&["a"], "")))?;
    let (plan, _) = world.plan()?;
    let changed = changes(&plan);
    ensure!(
        changed.iter().any(|(address, action)| address == "egress_ip_pool.partners" && action == "create"),
        "{changed:?}"
    );
    world.apply()?;
    world.expect_empty_plan()
}

fn aliases_have_owners_of_their_own(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    let aws = "aws { poll_interval = \"10ms\" }";
    let second = format!("provider \"egress\" {{\n  alias = \"second\"\n  owner = \"acme-second\"\n  {aws}\n}}\n");
    let other = pool(&["a"], "  provider = egress.second\n")
        .replace("\"egress_ip_pool\" \"partners\"", "\"egress_ip_pool\" \"second\"");
    let first = format!("  owner = \"acme-first\"\n  {aws}\n");
    world.write("main.tf", &(provider(&first) + &second + &pool(&["a"], "") + &other))?;
    world.apply()?;
    world.expect_empty_plan()?;
    let inventory = world.cloud.server.inventory();
    let mut owners: Vec<_> =
        inventory.addresses.values().filter_map(|address| address.tags.get("egress-owner")).collect();
    owners.sort();
    ensure!(owners == ["acme-first", "acme-second"], "{owners:?}");
    Ok(())
}

fn bad_values_are_refused(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    let wrong = [
        ("  owner = \"Acme Prod\"\n", "Acme Prod"),
        ("  owner = \"acme\"\n  adoption = \"never\"\n", "adoption"),
        ("  owner = \"acme\"\n  aws { max_attempts = 0 }\n", "max_attempts"),
        ("  owner = \"acme\"\n  aws { retry_mode = \"furious\" }\n", "retry_mode"),
        ("  owner = \"acme\"\n  aws { endpoint_url = \"not a url\" }\n", "endpoint_url"),
        ("  owner = \"acme\"\n  aws { default_tags = { egress-owner = \"me\" } }\n", "egress-owner"),
        (
            "  owner = \"acme\"\n  kubernetes {\n    host = \"https://127.0.0.1:1\"\n    config_path = \"x\"\n  }\n",
            "config_path",
        ),
    ];
    for (block, part) in wrong {
        world.write("main.tf", &(provider(block) + &pool(&["a"], "")))?;
        let run = world.fail(&["validate", "-no-color"]).with_context(|| block.to_owned())?;
        says(&unwrapped(&run.output), &[part])?;
    }
    // A host does not validate an empty provider block, but plans with it.
    world.write("main.tf", &(provider("") + &pool(&["a"], "")))?;
    says(&unwrapped(&world.fail(&["plan", "-no-color"])?.output), &["owner"])
}

fn a_missing_cloud_is_named(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    world.write("main.tf", &(provider("  owner = \"acme\"\n") + &pool(&["a"], "")))?;
    says(&unwrapped(&world.fail(&["plan", "-no-color"])?.output), &["aws {}"])
}
