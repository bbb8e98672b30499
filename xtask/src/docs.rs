//! Writes `docs/` in the layout of the Terraform registry, from the provider's schema and the examples.

mod attributes;
mod examples;
mod markdown;
mod page;
mod schema;
mod site;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, bail};
use clap::Args;

use crate::process::capture;
use crate::timeline::Outcome;
use crate::tools::{self, Tool};
use crate::workspace::Workspace;

/// The provider's address in configurations of ours; the host of the public registry is implied.
pub(crate) const SOURCE: &str = "egress/egress";

/// Options of `cargo xtask docs`.
#[derive(Args)]
pub(crate) struct Options {
    /// Write nothing and fail when a page is not what it should be.
    #[arg(long)]
    check: bool,
}

/// Builds the provider and writes or checks its pages.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> anyhow::Result<()> {
    workspace.build_binaries()?;
    if options.check {
        return match check(workspace)? {
            Outcome::Done => Ok(()),
            Outcome::Skipped(reason) | Outcome::Failed(reason) => bail!(reason),
        };
    }
    let pages = match pages(workspace)? {
        Ok(pages) => pages,
        Err(reason) => bail!(reason),
    };
    for (path, difference) in differences(&workspace.root.join("docs"), &pages)? {
        let file = workspace.root.join("docs").join(&path);
        match difference {
            Difference::NotWanted => fs::remove_file(&file)?,
            Difference::Missing | Difference::Other => {
                fs::create_dir_all(file.parent().context("a page is in a folder")?)?;
                fs::write(&file, &pages[&path])?;
            }
        }
        println!("docs/{path}: {}", difference.done());
    }
    println!("{} pages are current", pages.len());
    Ok(())
}

/// Compares the pages with what the provider that is built says.
pub(crate) fn check(workspace: &Workspace) -> anyhow::Result<Outcome> {
    let pages = match pages(workspace)? {
        Ok(pages) => pages,
        Err(reason) => return Ok(Outcome::Skipped(reason)),
    };
    let differences = differences(&workspace.root.join("docs"), &pages)?;
    if differences.is_empty() {
        return Ok(Outcome::Done);
    }
    let lines: Vec<String> =
        differences.iter().map(|(path, difference)| format!("docs/{path}: {}", difference.found())).collect();
    Ok(Outcome::Failed(format!("docs are not current; run cargo xtask docs\n{}", lines.join("\n"))))
}

/// The pages as they should be, or the reason why that cannot be known here.
fn pages(workspace: &Workspace) -> anyhow::Result<Result<BTreeMap<String, String>, String>> {
    if let Outcome::Skipped(reason) | Outcome::Failed(reason) = tools::install(workspace, Tool::Terraform115)? {
        // An older host leaves identities and lists out of the schema, and pages without them would be wrong.
        return Ok(Err(format!("the schema needs Terraform 1.15: {reason}")));
    }
    let schema = provider_schema(workspace)?;
    let examples = examples::Examples::read(&workspace.root, &["examples", "templates"])?;
    site::pages("egress", &schema, &examples).map(Ok)
}

/// Asks the provider in the target folder for its schema, through Terraform.
fn provider_schema(workspace: &Workspace) -> anyhow::Result<schema::ProviderSchema> {
    let dir = tempfile::tempdir()?;
    let plugins = dir.path().join("plugins");
    fs::create_dir(&plugins)?;
    let binary = workspace.debug_binary("terraform-provider-egress");
    // A folder of its own: in the target folder, files with longer names could be taken for the provider.
    std::os::unix::fs::symlink(&binary, plugins.join("terraform-provider-egress"))?;
    let config = dir.path().join("terraform.rc");
    fs::write(&config, dev_overrides(&plugins))?;
    let required =
        format!("terraform {{\n  required_providers {{\n    egress = {{ source = \"{SOURCE}\" }}\n  }}\n}}\n");
    fs::write(dir.path().join("main.tf"), required)?;
    let terraform = Tool::Terraform115.folder(workspace).join("terraform");
    let mut command = Command::new(terraform);
    command.args(["providers", "schema", "-json"]).current_dir(dir.path());
    command.env("TF_CLI_CONFIG_FILE", &config).env("CHECKPOINT_DISABLE", "1");
    let output = capture(&mut command).with_context(|| format!("the schema of {}", binary.display()))?;
    let mut answer: schema::Answer = serde_json::from_str(&output).context("the schema's JSON")?;
    let (_, schema) = answer.provider_schemas.pop_first().context("Terraform gave no schema")?;
    Ok(schema)
}

/// The text of a CLI configuration that takes the provider from `plugins`.
pub(crate) fn dev_overrides(plugins: &Path) -> String {
    format!(
        "provider_installation {{\n  dev_overrides {{\n    \"{SOURCE}\" = \"{}\"\n  }}\n  direct {{}}\n}}\n",
        plugins.display()
    )
}

/// How a file differs from the page it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Difference {
    Missing,
    Other,
    NotWanted,
}

impl Difference {
    fn found(self) -> &'static str {
        match self {
            Self::Missing => "is missing",
            Self::Other => "is out of date",
            Self::NotWanted => "is about something that the provider does not have",
        }
    }

    fn done(self) -> &'static str {
        match self {
            Self::Missing => "written",
            Self::Other => "updated",
            Self::NotWanted => "removed",
        }
    }
}

/// What is to do in `docs`, by path below it.
fn differences(docs: &Path, pages: &BTreeMap<String, String>) -> anyhow::Result<BTreeMap<String, Difference>> {
    let mut differences = BTreeMap::new();
    for (path, text) in pages {
        match fs::read_to_string(docs.join(path)) {
            Ok(found) if found == *text => {}
            Ok(_) => {
                differences.insert(path.clone(), Difference::Other);
            }
            Err(_) => {
                differences.insert(path.clone(), Difference::Missing);
            }
        }
    }
    let wanted: BTreeSet<&String> = pages.keys().collect();
    for folder in site::FOLDERS {
        let dir = docs.join(folder);
        if !dir.is_dir() {
            continue;
        }
        for entry in fs::read_dir(dir)? {
            let path = format!("{folder}/{}", entry?.file_name().to_string_lossy());
            if !wanted.contains(&path) {
                differences.insert(path, Difference::NotWanted);
            }
        }
    }
    Ok(differences)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_other_and_unwanted_pages_are_told_apart_and_the_rest_is_left_alone() {
        let docs = tempfile::tempdir().unwrap();
        fs::create_dir(docs.path().join("resources")).unwrap();
        for (path, text) in
            [("index.md", "old"), ("resources/a.md", "a"), ("resources/gone.md", "x"), ("architecture.md", "ours")]
        {
            fs::write(docs.path().join(path), text).unwrap();
        }
        let pages = [("index.md", "new"), ("resources/a.md", "a"), ("resources/b.md", "b")];
        let pages = pages.map(|(path, text)| (path.to_owned(), text.to_owned())).into();
        let found = differences(docs.path(), &pages).unwrap();
        assert_eq!(
            found.into_iter().collect::<Vec<_>>(),
            [
                ("index.md".to_owned(), Difference::Other),
                ("resources/b.md".to_owned(), Difference::Missing),
                ("resources/gone.md".to_owned(), Difference::NotWanted),
            ]
        );
    }
}
