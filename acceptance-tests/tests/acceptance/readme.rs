//! What the README shows: its configuration works as pasted, and the output that it quotes is real.

use std::fs;
use std::path::Path;

use acceptance_tests::cloud::ZONES;
use anyhow::{Context as _, Result, ensure};

use crate::suite::{Needs, Run, Suite, api_server};
use crate::world::World;

pub(crate) fn add_to(suite: &mut Suite) {
    suite.on_each_host("readme::works_as_pasted", Needs::Cluster, works_as_pasted);
}

/// The text of the README between fences of a language, in order.
fn blocks(readme: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    let ends = |rest: &str| rest.split_once("```").map(|(block, _)| block.to_owned());
    readme.split(&fence).skip(1).filter_map(ends).collect()
}

fn works_as_pasted(run: &Run<'_>) -> Result<()> {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md"))?;
    let configuration = blocks(&readme, "terraform").into_iter().next().context("no configuration")?;
    let mut world = World::new(run)?;
    let [zone, _] = ZONES;
    let (subnet, table) = (world.cloud.subnet(zone).to_owned(), world.cloud.route_table(zone).to_owned());
    world.set("TF_VAR_public_subnet_id", subnet);
    world.set("TF_VAR_private_route_table_id", table);
    let server = api_server()?;
    let home = world.path().join("home");
    fs::create_dir_all(home.join(".kube"))?;
    fs::copy(server.kubeconfig(), home.join(".kube/config"))?;
    world.set("HOME", &home);
    world.write("main.tf", &configuration)?;
    world.succeed(&["validate", "-no-color"])?;
    let (_, plan) = world.plan()?;
    let quoted = blocks(&readme, "text").into_iter().next().context("no plan")?;
    for part in quoted.split("      ...\n") {
        ensure!(plan.output.contains(part.trim_end()), "the README quotes\n{part}\nand the plan says\n{}", plan.output);
    }
    // The change that the README shows: the key a goes from a pool that is applied. The policy's namespace is not there.
    world.succeed(&["apply", "-auto-approve", "-no-color", "-target=egress_nat_gateway.prod"])?;
    let without = configuration.replace("egress_ip_pool.partners.ids[\"a\"]", "\"eipalloc-0123456789abcdef0\"");
    let without = without.lines().map(|line| {
        let is_addresses = line.trim_start().starts_with("addresses = { a =");
        if is_addresses { "  addresses = {}" } else { line }
    });
    world.write("main.tf", &without.collect::<Vec<_>>().join("\n"))?;
    let refused = world.fail(&["plan", "-no-color", "-target=egress_ip_pool.partners"])?;
    let quoted = blocks(&readme, "text").into_iter().nth(1).context("no error")?;
    let said = without_ids(&refused.output);
    // The host also shows the line of the configuration, which the README has a page above.
    for paragraph in quoted.split("\n\n").map(without_ids) {
        ensure!(said.contains(&paragraph), "the README quotes\n{paragraph}\nand the host says\n{said}");
    }
    Ok(())
}

/// The words of a message without what differs from run to run: ids, addresses, the frame, and where lines break.
fn without_ids(text: &str) -> String {
    let is_id = |word: &str| {
        let word = word.trim_matches(['(', ')', ':', ',', '.']);
        ["eipalloc-", "eni-", "nat-", "subnet-", "rtb-"].iter().any(|prefix| word.starts_with(prefix))
            || word.starts_with("203.0.113.")
    };
    let words = text.split(|c: char| c.is_whitespace() || "│╷╵".contains(c)).filter(|word| !word.is_empty());
    words.map(|word| if is_id(word) { "ID" } else { word }).collect::<Vec<_>>().join(" ")
}
