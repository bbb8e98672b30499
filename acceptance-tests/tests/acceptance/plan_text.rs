//! What a person reads in a plan of policies, on real hosts.

use acceptance_tests::host::{Workspace, unwrapped};
use anyhow::{Result, ensure};

use crate::suite::{Needs, REQUIRED_PROVIDERS, Run, Suite};
use crate::world::says;

pub(crate) fn add_to(suite: &mut Suite) {
    let mut host = |name: &str, run| suite.on_each_host(&format!("plan_text::{name}"), Needs::Host, run);
    host("one_changed_block_of_a_thousand_is_a_short_plan", one_changed_block_of_a_thousand_is_a_short_plan);
    host("warnings_come_with_changes_only", warnings_come_with_changes_only);
}

fn provider(owner: &str) -> String {
    format!(
        "{REQUIRED_PROVIDERS}provider \"egress\" {{\n  owner = \"{owner}\"\n  kubernetes {{\n    \
         host = \"https://127.0.0.1:1\"\n    token = \"none\"\n    insecure = true\n  }}\n}}\n"
    )
}

fn policy(blocks: &[String], more: &str) -> String {
    let blocks: Vec<String> = blocks.iter().map(|block| format!("{block:?}")).collect();
    format!(
        "resource \"egress_policy\" \"backend\" {{\n  name = \"backend\"\n  namespace = \"production\"\n  delivery = \
         \"render\"\n{more}  allow = {{ partner = {{ to_cidrs = [{}], ports = [443] }} }}\n}}\n",
        blocks.join(", ")
    )
}

fn planned(workspace: &Workspace) -> Result<String> {
    Ok(workspace.succeed(&["plan", "-no-color"])?.output)
}

fn one_changed_block_of_a_thousand_is_a_short_plan(run: &Run<'_>) -> Result<()> {
    let workspace = run.workspace()?;
    let blocks: Vec<String> = (0..1000).map(|number| format!("11.{}.{}.0/24", number / 250, number % 250)).collect();
    workspace.write("main.tf", &(provider("acme") + &policy(&blocks, "")))?;
    workspace.apply()?;
    let state = std::fs::metadata(workspace.path().join("terraform.tfstate"))?.len();
    println!("1,000 blocks: {state} bytes of state on {}", run.host.name());
    let changed = |number: usize, to: &str| {
        let mut blocks = blocks.clone();
        to.clone_into(&mut blocks[number]);
        blocks
    };
    let cases = [
        ("changed", changed(500, "11.2.0.128/25"), 60),
        ("added", [vec!["10.0.0.0/24".to_owned()], blocks.clone()].concat(), 60),
        ("removed", blocks[1..].to_vec(), 60),
        // Blocks are sorted. Terraform compares lists of one length by position, so that it shows each line between the old place and the
        // new one; OpenTofu does not.
        ("changed and moved to the end", changed(500, "12.0.0.0/24"), 600),
    ];
    for (case, blocks, limit) in cases {
        workspace.write("main.tf", &(provider("acme") + &policy(&blocks, "")))?;
        let plan = planned(&workspace)?;
        let lines = plan.lines().count();
        println!("one block of 1,000 {case}: {lines} lines of plan on {}", run.host.name());
        ensure!(lines < limit, "{case}: {lines} lines: {plan}");
        says(&plan, &["unchanged elements hidden"])?;
    }
    Ok(())
}

fn warnings_come_with_changes_only(run: &Run<'_>) -> Result<()> {
    let workspace = run.workspace()?;
    let everywhere = || vec!["0.0.0.0/0".to_owned(), "::/0".to_owned()];
    // The host itself warns of where it found the provider.
    let count = |text: &str| text.matches("Warning: ").count() - text.matches("Warning: Provider development").count();
    let warnings = |workspace: &Workspace| -> Result<usize> { Ok(count(&planned(workspace)?)) };
    workspace.write("main.tf", &(provider("acme") + &policy(&everywhere(), "")))?;
    let said = planned(&workspace)?;
    ensure!(count(&said) == 1, "{said}");
    says(&unwrapped(&said), &["network-policy", "allow[\"partner\"].to_cidrs"])?;
    workspace.apply()?;
    ensure!(warnings(&workspace)? == 0, "a plan without changes warns");
    workspace.write("main.tf", &(provider("acme") + &policy(&everywhere(), "  labels = { team = \"payments\" }\n")))?;
    ensure!(warnings(&workspace)? == 0, "a label changes nothing that was warned of");
    let more = [everywhere(), vec!["203.0.113.0/24".to_owned()]].concat();
    workspace.write("main.tf", &(provider("acme") + &policy(&more, "")))?;
    ensure!(warnings(&workspace)? == 1, "a change of the rules does not warn");
    Ok(())
}
