//! Public functions that nothing names. The crates are one product, so `pub` keeps the compiler quiet about what is dead.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::Context as _;

use crate::process::capture;
use crate::timeline::Outcome;
use crate::workspace::Workspace;

/// Fails with every public function of the workspace that is named nowhere but where it is defined.
pub(crate) fn check(workspace: &Workspace) -> anyhow::Result<Outcome> {
    let mut git = std::process::Command::new("git");
    let listed = capture(git.current_dir(&workspace.root).args(["ls-files", "--", "*.rs"]))?;
    let mut sources = BTreeMap::new();
    for file in listed.lines() {
        let path = workspace.root.join(file);
        // What was removed and not committed yet is still listed.
        if path.exists() {
            sources.insert(file.to_owned(), read(&path)?);
        }
    }
    let unused = unused(&sources);
    Ok(if unused.is_empty() { Outcome::Done } else { Outcome::Failed(format!("no use of {}", unused.join(", "))) })
}

fn read(path: &Path) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

/// The public functions without any use, as `file: name`.
fn unused(sources: &BTreeMap<String, String>) -> Vec<String> {
    let mut defined: BTreeSet<(&str, &str)> = BTreeSet::new();
    let mut used: BTreeSet<&str> = BTreeSet::new();
    for (file, text) in sources {
        for line in text.lines().map(|line| code(line).trim_start()) {
            let name = name_of_function(line);
            if line.starts_with("pub ")
                && let Some(name) = name
            {
                defined.insert((file.as_str(), name));
            }
            used.extend(words(line).filter(|word| Some(*word) != name));
        }
    }
    defined.iter().filter(|(_, name)| !used.contains(name)).map(|(file, name)| format!("{file}: {name}")).collect()
}

/// A line without its comment. What follows `//` in a text is lost too, which no name of a function is.
fn code(line: &str) -> &str {
    line.split_once("//").map_or(line, |(code, _)| code)
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

/// The name of the function that a line begins to define.
fn name_of_function(line: &str) -> Option<&str> {
    let mut words =
        words(line).skip_while(|word| matches!(*word, "pub" | "crate" | "super" | "in" | "const" | "async"));
    words.next().filter(|word| *word == "fn")?;
    words.next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_that_only_its_definition_and_comments_name_is_unused() {
        let sources = BTreeMap::from([
            (
                "a.rs".to_owned(),
                "/// Like `dead`.\npub fn alive() {}\n    pub const fn dead() {}\npub(crate) fn own() {}".to_owned(),
            ),
            ("b.rs".to_owned(), "fn main() { a::alive(); }".to_owned()),
        ]);
        assert_eq!(unused(&sources), ["a.rs: dead"]);
    }

    #[test]
    fn a_name_counts_where_it_is_imported_and_where_it_is_called() {
        let of = |text: &str| unused(&BTreeMap::from([("a.rs".to_owned(), format!("pub async fn it() {{}}\n{text}"))]));
        assert!(of("use a::{it, other};").is_empty());
        assert!(of("    let x = list.map(A::it);").is_empty());
        assert_eq!(of("let items = 1; // it"), ["a.rs: it"]);
    }
}
