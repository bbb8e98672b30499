//! The words of what is not written where the schema is, but comes through `for` expressions and the variables of modules. A variable with
//! a type drops the words that the type does not have, as the host does with those that the schema does not have.

use std::collections::{BTreeMap, BTreeSet};

use acceptance_tests::host::Workspace;
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value as Json, json};

use super::configurations::{HARMLESS, resources};
use super::words::{Scope, Word, misspelt, words};
use super::{Variant, accepted, schemas, workspace};
use crate::suite::{Needs, REQUIRED_PROVIDERS, Run, Suite};

pub(crate) fn add_to(suite: &mut Suite) {
    suite.on_each_host("misspelt::words_through_for_expressions", Needs::Host, through_for_expressions);
    suite.on_each_host("misspelt::words_through_typed_modules", Needs::Host, |run| through_modules(run, true));
    suite.on_each_host("misspelt::words_through_modules_of_any_type", Needs::Host, |run| through_modules(run, false));
}

/// An attribute with words of the schema in its value, which a user may well make by an expression.
struct Holder {
    /// The way to it in the configuration, as a JSON pointer.
    pointer: String,
    /// Its type, as a variable of a module has it, with every word optional.
    ty: String,
}

impl Holder {
    /// Whether it is another resource as a whole, or a map of such, which a module is given as that resource has it. A type with
    /// `optional()` would make null of what is absent there, and no provider can tell.
    fn is_of_whole_resources(&self) -> bool {
        let maps = ["/policies", "/gateways", "/nat_gateways", "/pools"];
        self.ty.starts_with("object") || maps.contains(&self.pointer.as_str())
    }
}

/// The outermost such attributes of a block of a schema that a configuration writes.
fn holders(block: &Json, body: &Json, pointer: &str, found: &mut Vec<Holder>) -> Result<()> {
    for (name, attribute) in block["attributes"].as_object().into_iter().flatten() {
        let nests = attribute["nested_type"].is_object();
        if nests && body.get(name).is_some_and(|value| !value.is_null()) {
            found.push(Holder { pointer: format!("{pointer}/{name}"), ty: type_of(attribute)? });
        }
    }
    for (name, inner) in block["block_types"].as_object().into_iter().flatten() {
        if let Some(body) = body.get(name) {
            holders(&inner["block"], body, &format!("{pointer}/{name}"), found)?;
        }
    }
    Ok(())
}

/// The type of an attribute as a variable of a module names it.
fn type_of(attribute: &Json) -> Result<String> {
    let nested = &attribute["nested_type"];
    let Some(nesting) = nested["nesting_mode"].as_str() else { return plain_type(&attribute["type"]) };
    let parts = nested["attributes"].as_object().context("no attributes")?.iter();
    let parts: Vec<String> =
        parts.map(|(name, part)| Ok(format!("{name} = optional({})", type_of(part)?))).collect::<Result<_>>()?;
    let object = format!("object({{ {} }})", parts.join(", "));
    Ok(if nesting == "single" { object } else { format!("{nesting}({object})") })
}

fn plain_type(ty: &Json) -> Result<String> {
    match ty {
        Json::String(name) => Ok(if name == "dynamic" { "any".to_owned() } else { name.clone() }),
        Json::Array(parts) => match parts.as_slice() {
            [kind, Json::Object(parts)] if kind == "object" => {
                let parts = parts.iter().map(|(name, part)| Ok(format!("{name} = optional({})", plain_type(part)?)));
                Ok(format!("object({{ {} }})", parts.collect::<Result<Vec<_>>>()?.join(", ")))
            }
            [kind, element] => Ok(format!("{}({})", kind.as_str().context("no kind")?, plain_type(element)?)),
            _ => anyhow::bail!("{ty} is no type of a variable"),
        },
        other => anyhow::bail!("{other} is no type"),
    }
}

/// A configuration with a word of a holder misspelt, or as it is where there is no word.
struct Case<'a> {
    name: String,
    type_name: &'a str,
    holder: &'a Holder,
    body: Json,
}

/// Writes each configuration, and each with a word in one of these attributes misspelt, once for each place of the schema; the variants.
fn write_cases(
    workspace: &Workspace,
    takes: fn(&Holder) -> bool,
    write: impl Fn(&Workspace, Case<'_>) -> Result<()>,
) -> Result<Vec<Variant>> {
    let schemas = schemas(workspace)?;
    let mut variants = Vec::new();
    for (type_name, schema) in schemas["resource_schemas"].as_object().context("no resources")? {
        let scope = Scope::of(&schema["block"]);
        let mut seen = BTreeSet::new();
        for (number, body) in resources(type_name).into_iter().enumerate() {
            let mut found = Vec::new();
            holders(&schema["block"], &body, "", &mut found)?;
            let all = words(&scope, &body)?;
            for (index, holder) in found.iter().filter(|holder| takes(holder)).enumerate() {
                let name = format!("{type_name}-{number}-{index}");
                write(workspace, Case { name: name.clone(), type_name, holder, body: body.clone() })?;
                let inside = |word: &&Word| {
                    word.object() == holder.pointer || word.object().starts_with(&format!("{}/", holder.pointer))
                };
                for word in all.iter().filter(inside).filter(|word| seen.insert(word.place.clone())) {
                    let name = format!("{name}-{}", variants.len());
                    let body = misspelt(&body, word)?;
                    write(workspace, Case { name: name.clone(), type_name, holder, body })?;
                    variants.push(Variant { place: format!("{type_name}.{}", word.place), name });
                }
            }
        }
    }
    Ok(variants)
}

/// Puts an expression in place of a holder's value, which is the answer.
fn replace(body: &mut Json, holder: &Holder, expression: String) -> Result<Json> {
    let value = body.pointer_mut(&holder.pointer).context("the attribute is not there")?;
    Ok(std::mem::replace(value, Json::String(expression)))
}

fn through_for_expressions(run: &Run<'_>) -> Result<()> {
    let workspace = workspace(run)?;
    let variants = write_cases(
        &workspace,
        |_| true,
        |workspace, case| {
            let Case { name, type_name, holder, mut body } = case;
            let of_list = body.pointer(&holder.pointer).is_some_and(Json::is_array);
            let local = format!("local.{name}");
            let expression = match (holder.ty.starts_with("object"), of_list) {
                (true, _) => format!("${{[for value in [{local}] : value][0]}}"),
                (false, true) => format!("${{[for value in {local} : value]}}"),
                (false, false) => format!("${{{{ for key, value in {local} : key => value }}}}"),
            };
            let value = replace(&mut body, holder, expression)?;
            let document = json!({ "locals": { &name: value }, "resource": { type_name: { &name: body } } });
            workspace.write(&format!("{name}.tf.json"), &document.to_string())
        },
    )?;
    let dropped = accepted(&workspace, &variants)?;
    judge(run, variants.len(), &dropped, "for expressions")
}

fn through_modules(run: &Run<'_>, typed: bool) -> Result<()> {
    let workspace = workspace(run)?;
    let takes = if typed { |holder: &Holder| !holder.is_of_whole_resources() } else { |_: &Holder| true };
    let variants = write_cases(&workspace, takes, |workspace, case| {
        let Case { name, type_name, holder, mut body } = case;
        let value = replace(&mut body, holder, "${var.value}".to_owned())?;
        std::fs::create_dir_all(workspace.path().join(&name))?;
        workspace.write(&format!("{name}/versions.tf"), REQUIRED_PROVIDERS)?;
        let ty = if typed { holder.ty.as_str() } else { "any" };
        let variable = json!({ "variable": { "value": { "type": ty } } });
        workspace.write(&format!("{name}/variable.tf.json"), &variable.to_string())?;
        let resource = json!({ "resource": { type_name: { "own": body } } });
        workspace.write(&format!("{name}/main.tf.json"), &resource.to_string())?;
        let call = json!({ "module": { &name: { "source": format!("./{name}"), "value": value } } });
        workspace.write(&format!("{name}.tf.json"), &call.to_string())
    })?;
    workspace.succeed(&["get"])?;
    let errors = plan_errors(&workspace)?;
    let none = BTreeSet::new();
    let of = |name: &str| errors.get(name).unwrap_or(&none);
    let mut dropped = BTreeSet::new();
    for variant in &variants {
        let (right, _) = variant.name.rsplit_once('-').context("no number")?;
        // Of what is right a plan refuses what a validation cannot know, such as that no cloud is configured.
        if of(&variant.name) == of(right) {
            dropped.insert(variant.place.clone());
        }
    }
    judge(run, variants.len(), &dropped, if typed { "typed modules" } else { "modules of any type" })
}

/// The errors of a plan, by the folder of the module that they are in. A validation knows no values of modules.
fn plan_errors(workspace: &Workspace) -> Result<BTreeMap<String, BTreeSet<String>>> {
    let run = workspace.run(&["plan", "-json"])?;
    let mut errors: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in run.output.lines() {
        let Ok(line) = serde_json::from_str::<Json>(line) else { continue };
        let diagnostic = &line["diagnostic"];
        if diagnostic["severity"] == "error" {
            let file = diagnostic["range"]["filename"].as_str().unwrap_or_default();
            let (module, _) = file.rsplit_once('/').unwrap_or((file.trim_end_matches(".tf.json"), ""));
            let (summary, detail) = (&diagnostic["summary"], &diagnostic["detail"]);
            let said = format!("{}: {}", summary.as_str().unwrap_or_default(), detail.as_str().unwrap_or_default());
            errors.entry(module.to_owned()).or_default().insert(said);
        }
    }
    Ok(errors)
}

fn judge(run: &Run<'_>, tried: usize, dropped: &BTreeSet<String>, way: &str) -> Result<()> {
    println!("{}: {} words misspelt through {way}, {} of them harmless", run.host.name(), tried, dropped.len());
    ensure!(tried > 80, "only {tried} words");
    // Each place was tried once, also where another configuration misses more without the word.
    let harmless = |place: &String| HARMLESS.iter().any(|(other, _)| other == place);
    let more: Vec<&String> = dropped.iter().filter(|place| !harmless(place)).collect();
    ensure!(more.is_empty(), "these words can be misspelt without an error: {more:#?}");
    Ok(())
}
