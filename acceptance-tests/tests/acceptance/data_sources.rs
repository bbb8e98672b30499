//! What one state says of another's objects, on real hosts.

use std::fs;

use acceptance_tests::cloud::ZONES;
use acceptance_tests::host::{Workspace, unwrapped};
use anyhow::{Result, ensure};
use serde_json::json;

use crate::examples;
use crate::suite::{Needs, Run, Suite};
use crate::world::{World, gateways, pool, says, sorted_strings};

pub(crate) fn add_to(suite: &mut Suite) {
    suite.on_each_host("data_sources::another_state_is_read", Needs::Host, another_state_is_read);
    let mut one = |name: &str, run| suite.on_one_host(&format!("data_sources::{name}"), Needs::Host, run);
    one("a_part_is_an_error", a_part_is_an_error);
    one("nothing_is_an_error_that_says_where", nothing_is_an_error_that_says_where);
}

/// The owner of the state that manages the objects.
const NETWORK: &str = "acme-network";

fn manages(world: &World, body: &str) -> Result<()> {
    world.configure_as(NETWORK, "", "", body)?;
    world.apply()?;
    world.expect_empty_plan()
}

/// A second state, of another owner, on the same cloud.
fn reads(run: &Run<'_>, world: &World, body: &str) -> Result<Workspace> {
    let workspace = World::workspace_for(run, &world.cloud)?;
    World::write_as(&workspace, "acme-apps", "", "", body)?;
    Ok(workspace)
}

fn another_state_is_read(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    manages(&world, &(pool(&["a", "b"], "") + &gateways(&world.cloud, [&["a"], &["b"]], "")))?;
    for example in ["egress_ip_pool", "egress_nat_gateway"] {
        let file = examples::folder().join("data-sources").join(example).join("data-source.tf");
        let reader = reads(run, &world, &fs::read_to_string(file)?)?;
        let applied = reader.apply()?;
        ensure!(!applied.output.contains("Warning: Check block"), "{}", applied.output);
        reader.expect_empty_plan()?;
    }
    let body = "data \"egress_ip_pool\" \"p\" {\n  owner = \"acme-network\"\n  name = \"partners\"\n  aws {\n    \
                region = \"eu-west-1\"\n  }\n}\n\
                data \"egress_nat_gateway\" \"g\" {\n  owner = \"acme-network\"\n  name = \"prod\"\n  aws {}\n}\n\
                output \"ids\" {\n  value = data.egress_ip_pool.p.ids\n}\n\
                output \"public_ips\" {\n  value = data.egress_ip_pool.p.public_ips\n}\n\
                output \"cidrs\" {\n  value = data.egress_ip_pool.p.cidrs\n}\n\
                output \"gateway_ids\" {\n  value = data.egress_nat_gateway.g.gateway_ids\n}\n\
                output \"gateway_public_ips\" {\n  value = data.egress_nat_gateway.g.gateway_public_ips\n}\n\
                output \"egress_cidrs\" {\n  value = data.egress_nat_gateway.g.egress_cidrs\n}\n";
    let reader = reads(run, &world, body)?;
    reader.apply()?;
    let (a, b) = (world.public_ip("a")?, world.public_ip("b")?);
    let inventory = world.cloud.server.inventory();
    let ids: serde_json::Map<_, _> =
        (inventory.addresses.iter()).map(|(id, address)| (address.tags["egress-key"].clone(), json!(id))).collect();
    let gateways: serde_json::Map<_, _> =
        (inventory.live_nat_gateways()).map(|(id, gateway)| (gateway.tags["egress-key"].clone(), json!(id))).collect();
    let [first, second] = ZONES;
    let cidrs = sorted_strings(&json!([format!("{a}/32"), format!("{b}/32")]));
    for (name, expected) in [
        ("ids", json!(ids)),
        ("public_ips", json!({ "a": a, "b": b })),
        ("gateway_ids", json!(gateways)),
        ("gateway_public_ips", json!({ first: [a], second: [b] })),
    ] {
        let found = reader.output(name)?;
        ensure!(found == expected, "{name} is {found}, not {expected}");
    }
    for name in ["cidrs", "egress_cidrs"] {
        let found = sorted_strings(&reader.output(name)?);
        ensure!(found == cidrs, "{name} is {found:?}, not {cidrs:?}");
    }
    Ok(())
}

fn a_part_is_an_error(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    manages(&world, &pool(&["a", "b"], ""))?;
    let expecting = |keys: &str| {
        format!(
            "data \"egress_ip_pool\" \"p\" {{\n  owner = \"{NETWORK}\"\n  name = \"partners\"\n  keys = {keys}\n  aws {{}}\n}}\n"
        )
    };
    reads(run, &world, &expecting("[\"a\", \"b\"]"))?.apply()?;
    let plan = reads(run, &world, &expecting("[\"a\", \"c\"]"))?.fail(&["plan", "-no-color"])?;
    says(
        &unwrapped(&plan.output),
        &["The pool does not have exactly these keys", "No address was found for \"c\"", "It also has \"b\"."],
    )?;
    // A second address of one key, as an interrupted apply leaves it.
    let inventory = world.cloud.server.inventory();
    let (_, address) = inventory.addresses.iter().find(|(_, a)| a.tags["egress-key"] == "a").expect("the key a");
    let tags: Vec<(String, String)> = address.tags.clone().into_iter().collect();
    let mut parameters = vec![("TagSpecification.1.ResourceType".to_owned(), "elastic-ip".to_owned())];
    for (n, (key, value)) in (1..).zip(&tags) {
        parameters.push((format!("TagSpecification.1.Tag.{n}.Key"), key.clone()));
        parameters.push((format!("TagSpecification.1.Tag.{n}.Value"), value.clone()));
    }
    parameters.push(("Domain".to_owned(), "vpc".to_owned()));
    let parameters: Vec<(&str, &str)> = parameters.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    world.cloud.call("AllocateAddress", &parameters)?;
    let plan = reads(run, &world, &expecting("[\"a\", \"b\"]"))?.fail(&["plan", "-no-color"])?;
    says(&unwrapped(&plan.output), &["Two addresses have the key \"a\""])
}

fn nothing_is_an_error_that_says_where(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    manages(&world, &pool(&["a"], ""))?;
    let of = |ty: &str, owner: &str, name: &str| {
        format!("data \"{ty}\" \"x\" {{\n{owner}  name = \"{name}\"\n  aws {{}}\n}}\n")
    };
    let network = format!("  owner = \"{NETWORK}\"\n");
    let cases = [
        (
            of("egress_ip_pool", &network, "partner"),
            "There is no pool \"partner\" of the owner \"acme-network\"",
            "No address in the account of the provider's credentials (AWS in eu-west-1) carries the tags egress-owner = \"acme-network\"",
        ),
        (
            of("egress_ip_pool", "", "partners"),
            "There is no pool \"partners\" of the owner \"acme-apps\"",
            "Check the name, the owner, the region and the account.",
        ),
        (
            of("egress_nat_gateway", &network, "prod"),
            "There are no NAT gateways \"prod\" of the owner \"acme-network\"",
            "No NAT gateway in the account of the provider's credentials (AWS in eu-west-1)",
        ),
    ];
    for (body, summary, detail) in cases {
        let plan = reads(run, &world, &body)?.fail(&["plan", "-no-color"])?;
        says(&unwrapped(&plan.output), &[summary, detail])?;
    }
    // A misspelt word in a data source is the host's own error.
    let misspelt =
        of("egress_ip_pool", &network, "partners").replace("aws {}", "aws {\n    regoin = \"eu-west-1\"\n  }");
    let validate = reads(run, &world, &misspelt)?.fail(&["validate", "-no-color"])?;
    says(&unwrapped(&validate.output), &["regoin"])?;
    let nowhere = of("egress_ip_pool", &network, "partners").replace("  aws {}\n", "");
    let validate = reads(run, &world, &nowhere)?.fail(&["validate", "-no-color"])?;
    says(&unwrapped(&validate.output), &["No cloud is chosen"])
}
