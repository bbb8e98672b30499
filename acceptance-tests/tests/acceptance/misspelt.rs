//! A misspelt word is an error, at any depth, or takes nothing away that narrows.
//!
//! Terraform refuses a word in a block that the schema does not have, and drops one in a nested attribute without a message. So each
//! word of full configurations is misspelt in turn, and every host has to refuse it. The words that may be dropped are listed with the
//! reason why nothing is opened or lost without them.

pub(crate) mod configurations;
mod passed_on;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use acceptance_tests::host::Workspace;
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value as Json, json};

use self::configurations::{HARMLESS, NEVER_RIGHT, PROVIDERS, resources};
use self::words::{Scope, misspelt, places, words};
use crate::suite::{Needs, PROVIDER_ADDRESS, REQUIRED_PROVIDERS, Run, Suite};

pub(crate) fn add_to(suite: &mut Suite) {
    suite.on_each_host("misspelt::every_word_of_every_resource", Needs::Host, every_word_of_every_resource);
    suite.on_each_host("misspelt::every_word_of_the_provider", Needs::Host, every_word_of_the_provider);
    passed_on::add_to(suite);
}

/// A configuration in which one word is misspelt.
struct Variant {
    /// The place of the word in the schema, such as `egress_policy.allow.*.ports`.
    place: String,
    /// Its name, which is that of its file, or of its module's folder.
    name: String,
}

fn every_word_of_every_resource(run: &Run<'_>) -> Result<()> {
    let workspace = workspace(run)?;
    let schemas = schemas(&workspace)?;
    let mut open: BTreeSet<String> = BTreeSet::new();
    let mut variants = Vec::new();
    for (type_name, schema) in schemas["resource_schemas"].as_object().context("no resources")? {
        let scope = Scope::of(&schema["block"]);
        open.extend(places(&scope).into_iter().map(|place| format!("{type_name}.{place}")));
        for (number, body) in resources(type_name).into_iter().enumerate() {
            write(&workspace, &format!("{type_name}-{number}"), type_name, &body)?;
            for word in words(&scope, &body)? {
                let place = format!("{type_name}.{}", word.place);
                open.remove(&place);
                let name = format!("{type_name}-{number}-{}", variants.len());
                write(&workspace, &name, type_name, &misspelt(&body, &word)?)?;
                variants.push(Variant { place, name });
            }
        }
    }
    ensure!(open.remove(NEVER_RIGHT), "{NEVER_RIGHT} can be written");
    ensure!(open.is_empty(), "no configuration writes {open:#?}");
    let dropped = accepted(&workspace, &variants)?;
    println!("{}: {} words misspelt, {} of them harmless", run.host.name(), variants.len(), dropped.len());
    let expected: BTreeSet<&str> = HARMLESS.iter().map(|(place, _)| *place).collect();
    let found: BTreeSet<&str> = dropped.iter().map(String::as_str).collect();
    let (more, fewer): (Vec<_>, Vec<_>) =
        (found.difference(&expected).collect(), expected.difference(&found).collect());
    ensure!(more.is_empty(), "these words can be misspelt without an error: {more:#?}");
    ensure!(fewer.is_empty(), "these words are refused by now, or are no longer there: {fewer:#?}");
    Ok(())
}

fn every_word_of_the_provider(run: &Run<'_>) -> Result<()> {
    let workspace = workspace(run)?;
    let schemas = schemas(&workspace)?;
    let scope = Scope::of(&schemas["provider"]["block"]);
    let mut open: BTreeSet<String> = places(&scope).into_iter().collect();
    let mut variants = Vec::new();
    for (number, text) in PROVIDERS.iter().enumerate() {
        let body: Json = serde_json::from_str(text).with_context(|| (*text).to_owned())?;
        write_provider(&workspace, &format!("provider-{number}"), &body)?;
        for word in words(&scope, &body)? {
            open.remove(&word.place);
            let name = format!("provider-{number}-{}", variants.len());
            write_provider(&workspace, &name, &misspelt(&body, &word)?)?;
            variants.push(Variant { place: word.place, name });
        }
    }
    ensure!(open.is_empty(), "no configuration writes {open:#?}");
    let dropped = accepted(&workspace, &variants)?;
    println!("{}: {} words of the provider misspelt", run.host.name(), variants.len());
    ensure!(dropped.is_empty(), "these words can be misspelt without an error: {dropped:#?}");
    Ok(())
}

/// A folder with the provider and no resource.
pub(crate) fn workspace(run: &Run<'_>) -> Result<Workspace> {
    let workspace = run.workspace()?;
    workspace.write("main.tf", &format!("{REQUIRED_PROVIDERS}provider \"egress\" {{\n  owner = \"acme\"\n}}\n"))?;
    Ok(workspace)
}

/// The schemas of this provider, as the host's JSON.
pub(crate) fn schemas(workspace: &Workspace) -> Result<Json> {
    let schemas = workspace.schemas()?;
    let all = schemas["provider_schemas"].as_object().context("no schemas")?;
    let own = all.iter().find(|(address, _)| address.ends_with(PROVIDER_ADDRESS));
    own.map(|(_, schema)| schema.clone()).context("the provider's schema is not there")
}

/// Writes a resource into a file of its own.
pub(crate) fn write(workspace: &Workspace, name: &str, type_name: &str, body: &Json) -> Result<()> {
    let document = json!({ "resource": { type_name: { name: body } } });
    workspace.write(&format!("{name}.tf.json"), &document.to_string())
}

/// A provider block is only looked at where a resource uses it.
fn write_provider(workspace: &Workspace, name: &str, body: &Json) -> Result<()> {
    let mut block = body.clone();
    block["alias"] = json!(name);
    let policy = json!({
        "provider": format!("egress.{name}"), "name": "backend", "namespace": "production", "delivery": "render", "allow": {},
    });
    let document = json!({ "provider": { "egress": [block] }, "resource": { "egress_policy": { name: policy } } });
    workspace.write(&format!("{name}.tf.json"), &document.to_string())
}

/// The places of the words whose variants the host accepts. One run judges all; the configurations that are right must have no error.
fn accepted(workspace: &Workspace, variants: &[Variant]) -> Result<BTreeSet<String>> {
    let errors = errors(workspace)?;
    let misspelt: BTreeSet<&str> = variants.iter().map(|variant| variant.name.as_str()).collect();
    let others: Vec<_> = errors.iter().filter(|(name, _)| !misspelt.contains(name.as_str())).collect();
    ensure!(others.is_empty(), "what is right is refused: {others:#?}");
    let passed = variants.iter().filter(|variant| !errors.contains_key(&variant.name));
    Ok(passed.map(|variant| variant.place.clone()).collect())
}

/// The errors of the folder, by the name of the file, or of the folder of the module, that they are in.
pub(crate) fn errors(workspace: &Workspace) -> Result<BTreeMap<String, Vec<String>>> {
    let validation = workspace.validation()?;
    let mut errors: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for diagnostic in validation["diagnostics"].as_array().context("no diagnostics")? {
        if diagnostic["severity"] == "error" {
            let file = diagnostic["range"]["filename"].as_str().unwrap_or_default();
            let name = file.strip_suffix("/main.tf.json").or(file.strip_suffix(".tf.json")).unwrap_or(file);
            let said = format!("{}: {}", diagnostic["summary"], diagnostic["detail"]);
            errors.entry(name.to_owned()).or_default().push(said);
        }
    }
    Ok(errors)
}
