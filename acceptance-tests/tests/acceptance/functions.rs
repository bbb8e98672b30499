//! The provider's functions on real hosts.

use std::fs;

use acceptance_tests::host::{Workspace, unwrapped};
use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use crate::examples;
use crate::suite::{Needs, REQUIRED_PROVIDERS, Run, Suite};
use crate::world::says;

pub(crate) fn add_to(suite: &mut Suite) {
    let mut add = |name: &str, run| suite.on_each_host(&format!("functions::{name}"), Needs::Host, run);
    add("examples_give_what_they_say", examples_give_what_they_say);
    add("a_rendered_policy_is_that_of_the_resource", a_rendered_policy_is_that_of_the_resource);
    add("a_misspelt_word_fails_in_the_plan", a_misspelt_word_fails_in_the_plan);
    add("what_is_not_known_yet_plans", what_is_not_known_yet_plans);
}

/// A folder in which the host finds the provider, which is not configured.
fn workspace(run: &Run<'_>, body: &str) -> Result<Workspace> {
    let workspace = run.workspace()?;
    workspace.write("main.tf", &format!("{REQUIRED_PROVIDERS}{body}"))?;
    Ok(workspace)
}

fn examples_give_what_they_say(run: &Run<'_>) -> Result<()> {
    let applied = |function: &str| -> Result<Workspace> {
        let example = examples::folder().join("functions").join(function).join("function.tf");
        let workspace = workspace(run, &fs::read_to_string(&example).with_context(|| example.display().to_string())?)?;
        workspace.apply()?;
        workspace.expect_empty_plan()?;
        Ok(workspace)
    };
    let aggregated = applied("cidr_aggregate")?.output("for_the_firewall")?;
    ensure!(aggregated == json!(["198.51.100.6/31", "203.0.113.0/24"]), "{aggregated}");
    let left = applied("cidr_subtract")?.output("outside_the_cluster")?;
    ensure!(left == json!(["10.64.0.0/11", "10.112.0.0/12", "10.128.0.0/9"]), "{left}");
    let capacity = applied("nat_capacity")?;
    let (addresses, carried) = (capacity.output("addresses")?, capacity.output("two_addresses_carry")?);
    ensure!((&addresses, &carried) == (&json!(4), &json!(110_000)), "{addresses}, {carried}");
    let manifests = applied("render")?.output("manifests")?;
    let manifests = manifests.as_str().context("no text")?;
    says(manifests, &["kind: CiliumNetworkPolicy", "matchName: api.example.com"])
}

const ARGUMENTS: &str = "  name = \"backend\"\n  namespace = \"production\"\n  allow = { partner = { to_cidrs = \
                         [\"203.0.113.0/24\"], ports = [443] } }\n";

fn a_rendered_policy_is_that_of_the_resource(run: &Run<'_>) -> Result<()> {
    // The plan of a resource shows lines that change little, a rendered file is spelt as people write it: the objects are equal.
    let body = format!(
        "provider \"egress\" {{\n  owner = \"acme\"\n}}\n\
         resource \"egress_policy\" \"backend\" {{\n{ARGUMENTS}  delivery = \"render\"\n}}\n\
         locals {{\n  rendered = provider::egress::render({{\n{ARGUMENTS}}}, {{}})\n}}\n\
         output \"rendered\" {{\n  value = {{ for id, text in local.rendered.manifests : id => yamldecode(text) }}\n}}\n\
         output \"applied\" {{\n  value = {{ for id, lines in egress_policy.backend.manifests : id => \
         yamldecode(join(\"\\n\", lines)) }}\n}}\n\
         output \"warnings\" {{\n  value = local.rendered.warnings\n}}\n"
    );
    let workspace = workspace(run, &body)?;
    workspace.apply()?;
    workspace.expect_empty_plan()?;
    let (rendered, of_resource) = (workspace.output("rendered")?, workspace.output("applied")?);
    ensure!(rendered == of_resource, "{rendered} is not {of_resource}");
    ensure!(rendered["NetworkPolicy/production/backend"]["kind"] == "NetworkPolicy", "{rendered}");
    ensure!(workspace.output("warnings")? == json!([]), "there are warnings");
    // A null without a type would never be asked about on OpenTofu.
    workspace.write(
        "main.tf",
        &format!("{REQUIRED_PROVIDERS}output \"x\" {{\n  value = provider::egress::render({{}}, null)\n}}\n"),
    )?;
    says(&unwrapped(&workspace.fail(&["plan", "-no-color"])?.output), &["argument must not be null"])?;
    Ok(())
}

fn a_misspelt_word_fails_in_the_plan(run: &Run<'_>) -> Result<()> {
    let cases = [
        (ARGUMENTS.replace("ports", "port"), "{}", "allow[\"partner\"].port does not exist. Did you mean ports?"),
        (ARGUMENTS.to_owned(), "{ engin = \"cilium\" }", "engin does not exist. Did you mean engine?"),
    ];
    for (arguments, kubernetes, said) in cases {
        let call = format!("provider::egress::render({{\n{arguments}}}, {kubernetes})");
        let workspace = workspace(run, &format!("output \"rendered\" {{\n  value = {call}\n}}\n"))?;
        let run = workspace.fail(&["plan", "-no-color"])?;
        says(&unwrapped(&run.output), &["provider::egress::render", said])?;
    }
    let call = "provider::egress::cidr_subtract([\"10.0.0.1/8\"], [])";
    let workspace = workspace(run, &format!("output \"left\" {{\n  value = {call}\n}}\n"))?;
    let run = workspace.fail(&["plan", "-no-color"])?;
    says(&unwrapped(&run.output), &["10.0.0.1/8 has host bits set; write 10.0.0.0/8 for the whole block"])
}

fn what_is_not_known_yet_plans(run: &Run<'_>) -> Result<()> {
    let body = "resource \"terraform_data\" \"cidr\" {\n  input = \"203.0.113.0/24\"\n}\n\
                output \"left\" {\n  value = provider::egress::cidr_subtract([terraform_data.cidr.output], [\"203.0.113.128/25\"])\n}\n\
                output \"rendered\" {\n  value = provider::egress::render({\n    name = \"backend\"\n    namespace = \"production\"\n    \
                allow = { partner = { to_cidrs = [terraform_data.cidr.output], ports = [443] } }\n  }, {})\n}\n";
    let workspace = workspace(run, body)?;
    workspace.apply()?;
    workspace.expect_empty_plan()?;
    let (left, rendered) = (workspace.output("left")?, workspace.output("rendered")?);
    ensure!(left == json!(["203.0.113.0/25"]), "{left}");
    let yaml = &rendered["manifests"]["NetworkPolicy/production/backend"];
    says(yaml.as_str().context("no manifest")?, &["203.0.113.0/24"])
}
