//! Whether an installed tool is the one that the repository asks for now.
//!
//! The stamp is the text of everything that the installation is made from, so no hash and no clock can be wrong.

use std::fs;
use std::path::Path;

use anyhow::Context as _;

use super::{Tool, cargo_deny, go};

/// The name of the stamp in a tool's folder.
const FILE: &str = ".inputs";

/// The text that decides what an installation of `tool` into `folder` gives.
pub(super) fn inputs(root: &Path, tool: Tool, folder: &Path) -> anyhow::Result<String> {
    let (files, setting): (&[&str], String) = match tool {
        Tool::Kubernetes => (&["go.mod", "go.sum"], go::kubernetes_flags(root)?),
        Tool::Opentofu | Tool::Vmalert => (&["go.mod", "go.sum"], go::STRIPPED.to_owned()),
        Tool::Promtool => (&["go.mod", "go.sum"], format!("{} {}", go::STRIPPED, go::NO_DISCOVERY)),
        Tool::Otelcol => (&["go.mod", "go.sum", "main.go"], go::STRIPPED.to_owned()),
        // Scripts in a virtual environment begin with its path, so one that was moved has to be made again.
        Tool::Terraform115 => (&["requirements.txt", "terraform.py"], folder.display().to_string()),
        Tool::Localstack => (&["requirements.txt"], folder.display().to_string()),
        Tool::EngineJudges => (
            &["go.mod", "go.sum", "main.go", "dashboard.go", "hubble.go", "validate.go", "verdict.go", "world.go"],
            go::STRIPPED.to_owned(),
        ),
        Tool::CargoDeny => (&[], cargo_deny::VERSION.to_owned()),
    };
    let mut text = setting;
    for file in files {
        let path = tool.source(root).join(file);
        text.push_str("\n---\n");
        text.push_str(&fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?);
    }
    Ok(text)
}

/// Whether the tool in `folder` was made from `inputs`.
pub(super) fn matches(folder: &Path, inputs: &str) -> bool {
    fs::read_to_string(folder.join(FILE)).is_ok_and(|stamp| stamp == inputs)
}

/// Says that the tool in `folder` is made from `inputs`.
pub(super) fn write(folder: &Path, inputs: &str) -> anyhow::Result<()> {
    Ok(fs::write(folder.join(FILE), inputs)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_of_the_judges_is_an_input() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let sources = fs::read_dir(Tool::EngineJudges.source(root)).unwrap().map(|entry| entry.unwrap().path());
        let text = inputs(root, Tool::EngineJudges, Path::new("/tools")).unwrap();
        for source in sources.filter(|path| path.extension().is_some_and(|extension| extension == "go")) {
            assert!(text.contains(&fs::read_to_string(&source).unwrap()), "{}", source.display());
        }
    }

    #[test]
    fn a_stamp_matches_what_it_was_written_from_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        assert!(!matches(dir.path(), "a"));
        write(dir.path(), "a").unwrap();
        assert!(matches(dir.path(), "a"));
        assert!(!matches(dir.path(), "b"));
    }
}
