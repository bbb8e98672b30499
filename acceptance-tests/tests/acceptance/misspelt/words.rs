//! The words of a configuration, and how each is misspelt.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, bail};
use serde_json::{Map, Value as Json};

/// The words that can stand somewhere: attributes and blocks, each with what is in it.
pub(crate) struct Scope(BTreeMap<String, Words>);

/// What is in a word's value.
enum Words {
    /// No further words of the schema.
    Plain,
    /// One object.
    Object(Scope),
    /// Objects by a key of the user's choice, or one after the other.
    Objects(Scope),
}

/// A word in a configuration.
pub(crate) struct Word {
    /// Its place in the schema, with `*` for keys of the user's choice.
    pub(crate) place: String,
    /// The way to the object that it stands in, as a JSON pointer.
    object: String,
    /// The word.
    name: String,
    /// The other words that could stand there.
    others: BTreeSet<String>,
}

impl Word {
    /// The way to the object that it stands in, as a JSON pointer.
    pub(crate) fn object(&self) -> &str {
        &self.object
    }
}

impl Scope {
    /// What a block of a schema, as `providers schema -json` has it, lets a user write.
    pub(crate) fn of(block: &Json) -> Self {
        let mut words = attributes(block);
        for (name, inner) in block["block_types"].as_object().into_iter().flatten() {
            let scope = Self::of(&inner["block"]);
            let single = inner["nesting_mode"] == "single";
            words.insert(name.clone(), if single { Words::Object(scope) } else { Words::Objects(scope) });
        }
        Self(words)
    }
}

/// The attributes of a block or nested attribute that a user can write.
fn attributes(of: &Json) -> BTreeMap<String, Words> {
    let listed = of["attributes"].as_object().into_iter().flatten();
    let written = listed.filter(|(_, attribute)| attribute["required"] == true || attribute["optional"] == true);
    let words = written.map(|(name, attribute)| {
        let nested = &attribute["nested_type"];
        let words = match nested["nesting_mode"].as_str() {
            None => Words::Plain,
            Some("single") => Words::Object(Scope(attributes(nested))),
            Some(_) => Words::Objects(Scope(attributes(nested))),
        };
        (name.clone(), words)
    });
    words.collect()
}

/// Every place of the schema where a user can write a word.
pub(crate) fn places(scope: &Scope) -> Vec<String> {
    let mut all = Vec::new();
    for (name, words) in &scope.0 {
        all.push(name.clone());
        match words {
            Words::Plain => {}
            Words::Object(inner) => all.extend(places(inner).into_iter().map(|place| format!("{name}.{place}"))),
            Words::Objects(inner) => all.extend(places(inner).into_iter().map(|place| format!("{name}.*.{place}"))),
        }
    }
    all
}

/// Every word of a configuration.
pub(crate) fn words(scope: &Scope, body: &Json) -> Result<Vec<Word>> {
    let mut found = Vec::new();
    collect(scope, body, "", "", &mut found)?;
    Ok(found)
}

fn collect(scope: &Scope, body: &Json, place: &str, object: &str, found: &mut Vec<Word>) -> Result<()> {
    for (name, value) in body.as_object().with_context(|| format!("{place} is no object: {body}"))? {
        let words = scope.0.get(name).with_context(|| format!("the schema has no {place}{name}"))?;
        let others = scope.0.keys().filter(|other| *other != name).cloned().collect();
        found.push(Word { place: format!("{place}{name}"), object: object.to_owned(), name: name.clone(), others });
        let pointer = format!("{object}/{name}");
        match (words, value) {
            (Words::Plain, _) | (_, Json::Null) => {}
            (Words::Object(inner), value) => collect(inner, value, &format!("{place}{name}."), &pointer, found)?,
            (Words::Objects(inner), Json::Object(all)) => {
                for (key, value) in all {
                    collect(inner, value, &format!("{place}{name}.*."), &format!("{pointer}/{key}"), found)?;
                }
            }
            (Words::Objects(inner), Json::Array(all)) => {
                for (index, value) in all.iter().enumerate() {
                    collect(inner, value, &format!("{place}{name}.*."), &format!("{pointer}/{index}"), found)?;
                }
            }
            (Words::Objects(_), other) => bail!("{place}{name} holds no objects: {other}"),
        }
    }
    Ok(())
}

/// The configuration with the word misspelt: without a letter, so that it is no other word of the schema.
pub(crate) fn misspelt(body: &Json, word: &Word) -> Result<Json> {
    let without = |letter: usize| -> String {
        let letters = word.name.chars().enumerate();
        letters.filter(|(position, _)| *position != letter).map(|(_, letter)| letter).collect()
    };
    let spellings = (0..word.name.len()).rev().map(without);
    let is_free = |name: &String| !name.is_empty() && *name != word.name && !word.others.contains(name);
    let wrong = spellings.into_iter().find(is_free).with_context(|| format!("{} cannot be misspelt", word.place))?;
    let mut body = body.clone();
    let object = body.pointer_mut(&word.object).and_then(Json::as_object_mut).context("the object is not there")?;
    *object = object.iter().map(|(name, value)| (renamed(name, word, &wrong), value.clone())).collect::<Map<_, _>>();
    Ok(body)
}

fn renamed(name: &str, word: &Word, wrong: &str) -> String {
    if name == word.name { wrong.to_owned() } else { name.to_owned() }
}
