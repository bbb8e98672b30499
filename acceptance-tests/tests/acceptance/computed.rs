//! Values that a user writes where only the provider has one: each is refused, wherever in a resource it stands.

use acceptance_tests::host::Workspace;
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value as Json, json};

use crate::misspelt::configurations::resources;
use crate::misspelt::{errors, schemas, workspace, write};
use crate::suite::{Needs, Run, Suite};

pub(crate) fn add_to(suite: &mut Suite) {
    suite.on_each_host("computed::a_value_that_is_written_is_refused", Needs::Host, a_value_that_is_written_is_refused);
}

/// A computed attribute, or one within one.
struct Leaf {
    /// The way to it in a configuration, as steps; `*` is a key of a map.
    steps: Vec<String>,
    /// What its type takes.
    value: Json,
}

/// The computed attributes of a block or nested attribute that no user can write, and those within them.
fn leaves(of: &Json, steps: &[String], inside: bool, found: &mut Vec<Leaf>) {
    for (name, attribute) in of["attributes"].as_object().into_iter().flatten() {
        let steps = [steps, std::slice::from_ref(name)].concat();
        let computed = inside || attribute["required"] != true && attribute["optional"] != true;
        let nested = &attribute["nested_type"];
        if computed {
            found.push(Leaf { steps: steps.clone(), value: sample(attribute) });
        }
        if nested.is_object() {
            let single = nested["nesting_mode"] == "single";
            let steps = if single { steps } else { [steps, vec!["*".to_owned()]].concat() };
            leaves(nested, &steps, computed, found);
        }
    }
    for (name, inner) in of["block_types"].as_object().into_iter().flatten() {
        leaves(&inner["block"], &[steps, std::slice::from_ref(name)].concat(), inside, found);
    }
}

/// A value of an attribute's type, with everything in it.
fn sample(attribute: &Json) -> Json {
    let nested = &attribute["nested_type"];
    let Some(nesting) = nested["nesting_mode"].as_str() else { return plain_sample(&attribute["type"]) };
    let parts = nested["attributes"].as_object().into_iter().flatten();
    let object: Json = parts.map(|(name, part)| (name.clone(), sample(part))).collect::<serde_json::Map<_, _>>().into();
    match nesting {
        "single" => object,
        "map" => json!({ "key": object }),
        _ => json!([object]),
    }
}

fn plain_sample(ty: &Json) -> Json {
    match (ty.as_str(), ty[0].as_str()) {
        (Some("bool"), _) => json!(true),
        (Some("number"), _) => json!(1),
        (_, Some("list" | "set")) => json!([plain_sample(&ty[1])]),
        (_, Some("map")) => json!({ "key": plain_sample(&ty[1]) }),
        (_, Some("object")) => {
            let parts = ty[1].as_object().into_iter().flatten();
            parts.map(|(name, part)| (name.clone(), plain_sample(part))).collect::<serde_json::Map<_, _>>().into()
        }
        _ => json!("written"),
    }
}

/// The configuration with the leaf's value; none where it does not write the object that the leaf is in. What is computed as a whole is
/// made.
fn with(body: &Json, leaf: &Leaf) -> Option<Json> {
    let mut body = body.clone();
    let mut at = &mut body;
    let (last, way) = leaf.steps.split_last()?;
    for step in way {
        at = if step == "*" { at.as_object_mut()?.values_mut().next()? } else { at.get_mut(step)? };
    }
    at.as_object_mut()?.insert(last.clone(), leaf.value.clone());
    Some(body)
}

/// The leaf alone in the attribute that is computed as a whole.
fn alone(body: &Json, leaf: &Leaf) -> Option<Json> {
    let (first, rest) = leaf.steps.split_first()?;
    let value = rest.iter().rev().fold(leaf.value.clone(), |value, step| {
        let key = if step == "*" { "key" } else { step.as_str() };
        json!({ key: value })
    });
    let mut body = body.clone();
    let attributes = body.as_object_mut()?;
    if attributes.contains_key(first) {
        return None;
    }
    attributes.insert(first.clone(), value);
    Some(body)
}

fn write_all(workspace: &Workspace) -> Result<Vec<(String, String)>> {
    let schemas = schemas(workspace)?;
    let mut written = Vec::new();
    for (type_name, schema) in schemas["resource_schemas"].as_object().context("no resources")? {
        let mut found = Vec::new();
        leaves(&schema["block"], &[], false, &mut found);
        ensure!(found.iter().any(|leaf| leaf.steps == ["id"]), "{type_name} has no computed id");
        let bodies = resources(type_name);
        for leaf in found {
            let place = format!("{type_name}.{}", leaf.steps.join("."));
            let body = bodies.iter().find_map(|body| with(body, &leaf).or_else(|| alone(body, &leaf)));
            let name = format!("{type_name}-{}", written.len());
            write(workspace, &name, type_name, &body.with_context(|| format!("nothing holds {place}"))?)?;
            written.push((name, place));
        }
    }
    Ok(written)
}

fn a_value_that_is_written_is_refused(run: &Run<'_>) -> Result<()> {
    let workspace = workspace(run)?;
    let written = write_all(&workspace)?;
    let errors = errors(&workspace)?;
    println!("{}: {} computed attributes are written", run.host.name(), written.len());
    let taken: Vec<&String> =
        written.iter().filter(|(name, _)| !errors.contains_key(name)).map(|(_, place)| place).collect();
    ensure!(taken.is_empty(), "these are taken: {taken:#?}");
    Ok(())
}
