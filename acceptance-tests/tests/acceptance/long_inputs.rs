//! A file in place of a name: no message repeats what was written where that is long.

use std::collections::BTreeMap;
use std::path::Path;

use acceptance_tests::cloud::{Cloud, instant};
use acceptance_tests::core_driver::{Attribute, Block, Configuration, Driver, Nesting, Shape, State};
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value as Json, json};

use crate::misspelt::configurations::{PROVIDERS, resources};
use crate::suite::Suite;

/// The most bytes of a diagnostic, without its path, by which the host finds the attribute.
const MOST: usize = 4_000;
/// The characters of the text that is written.
const LONG: usize = 100_000;

pub(crate) fn add_to(suite: &mut Suite) {
    suite.with_provider("long_inputs::no_message_repeats_a_long_text", no_message_repeats_a_long_text);
    suite.with_provider("long_inputs::no_message_repeats_a_long_text_of_the_provider", of_the_provider);
}

/// A text that the user chooses.
#[derive(Debug)]
struct Text {
    /// The way to it, or to the map whose key it is, as a JSON pointer.
    pointer: String,
    /// The key that it is; none for a value.
    key: Option<String>,
}

/// Every text that the user chooses in a block: each value that is one, and each key of a map.
fn texts(block: &Block, body: &Json, pointer: &str, found: &mut Vec<Text>) {
    texts_of(&block.attributes, body, pointer, found);
    for (name, nested) in &block.blocks {
        if let Some(body) = body.get(name) {
            texts(&nested.block, body, &format!("{pointer}/{name}"), found);
        }
    }
}

fn texts_of(attributes: &BTreeMap<String, Attribute>, body: &Json, pointer: &str, found: &mut Vec<Text>) {
    for (name, attribute) in attributes {
        let (Some(value), pointer) = (body.get(name), format!("{pointer}/{name}")) else { continue };
        match &attribute.shape {
            Shape::Plain(_) => plain(value, &pointer, found),
            Shape::Nested(Nesting::Single, inner) => texts_of(inner, value, &pointer, found),
            Shape::Nested(_, inner) => {
                for (step, element) in members(value, &pointer, found) {
                    texts_of(inner, element, &format!("{pointer}/{step}"), found);
                }
            }
        }
    }
}

fn plain(value: &Json, pointer: &str, found: &mut Vec<Text>) {
    if value.is_string() {
        found.push(Text { pointer: pointer.to_owned(), key: None });
    }
    for (step, element) in members(value, pointer, found) {
        plain(element, &format!("{pointer}/{step}"), found);
    }
}

/// What is in a map or list, by its step in a JSON pointer. The keys of a map are the user's.
fn members<'v>(value: &'v Json, pointer: &str, found: &mut Vec<Text>) -> Vec<(String, &'v Json)> {
    match value {
        Json::Object(members) => {
            found.extend(members.keys().map(|key| Text { pointer: pointer.to_owned(), key: Some(key.clone()) }));
            members.iter().map(|(key, value)| (key.clone(), value)).collect()
        }
        Json::Array(elements) => elements.iter().enumerate().map(|(index, value)| (index.to_string(), value)).collect(),
        _ => Vec::new(),
    }
}

/// The body with a long text in place of one of its own.
fn with_long_text(body: &Json, text: &Text) -> Result<Json> {
    let long = "x".repeat(LONG);
    let mut body = body.clone();
    let place = body.pointer_mut(&text.pointer).context("the text is not there")?;
    match &text.key {
        None => *place = Json::String(long),
        Some(key) => {
            let members = place.as_object_mut().context("no object")?;
            let value = members.remove(key).context("the key is not there")?;
            members.insert(long, value);
        }
    }
    Ok(body)
}

fn no_message_repeats_a_long_text(binary: &Path) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let cloud = Cloud::start(instant())?;
        let driver = Driver::new(binary, cloud.environment()).await?;
        let (mut tried, mut refused, mut wrong) = (0, 0, Vec::new());
        for (type_name, schema) in &driver.schema().resources {
            for (number, body) in resources(type_name).iter().enumerate() {
                let document = |body: &Json| {
                    json!({
                        "provider": { "egress": { "owner": "acme", "aws": cloud.provider_aws() } },
                        "resource": { type_name.as_str(): { "r": body } },
                    })
                };
                let provider = driver.provider(&Configuration::parse(&document(body))?).await?;
                let mut found = Vec::new();
                texts(&schema.block, body, "", &mut found);
                for text in found {
                    let mut body = with_long_text(body, &text)?;
                    // A run takes a name once.
                    if text.pointer != "/name" {
                        body["name"] = json!(format!("n{tried}"));
                    }
                    let configuration = Configuration::parse(&document(&body))?;
                    let at = format!("{type_name} {number}, {text:?}");
                    let plan = provider.plan(&configuration, &State::default()).await.with_context(|| at.clone())?;
                    tried += 1;
                    refused += usize::from(plan.failed());
                    for message in plan.messages {
                        let length = message.summary.len() + message.detail.len();
                        if length > MOST {
                            let begin: String = message.detail.chars().take(120).collect();
                            wrong.push(format!("{length} bytes: {at}: {begin}"));
                        }
                    }
                }
                provider.shut_down().await?;
            }
        }
        println!("{tried} texts of {LONG} characters, {refused} of them refused");
        ensure!(tried > 300 && refused > tried / 2, "{refused} of {tried} texts were refused");
        ensure!(wrong.is_empty(), "{} messages repeat a long text:\n{}", wrong.len(), wrong.join("\n"));
        Ok(())
    })
}

fn of_the_provider(binary: &Path) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let driver = Driver::new(binary, Vec::new()).await?;
        let (mut tried, mut wrong) = (0, Vec::new());
        for text in PROVIDERS {
            let body: Json = serde_json::from_str(text)?;
            let mut found = Vec::new();
            texts(&driver.schema().provider, &body, "", &mut found);
            for text in found {
                let document = json!({ "provider": { "egress": with_long_text(&body, &text)? } });
                tried += 1;
                // What can be used is no matter here.
                let Err(error) = driver.provider(&Configuration::parse(&document)?).await else { continue };
                let length = format!("{error:#}").len();
                // The driver's error has the path too, which is the key.
                if length > MOST + if text.key.is_some() { LONG } else { 0 } {
                    let begin: String = format!("{error:#}").chars().take(120).collect();
                    wrong.push(format!("{length} characters: {text:?}: {begin}"));
                }
            }
        }
        println!("{tried} texts of {LONG} characters in the provider's block");
        ensure!(wrong.is_empty(), "{} messages repeat a long text:\n{}", wrong.len(), wrong.join("\n"));
        Ok(())
    })
}
