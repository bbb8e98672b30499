//! The example files, and guides that show them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail};

use super::markdown::fenced;

/// Text files by path relative to the repository's root, with `/` between the parts.
#[derive(Debug, Default, Clone)]
pub(super) struct Examples(BTreeMap<String, String>);

impl Examples {
    /// Every text file in the folders named. A folder that is not there is empty.
    pub(super) fn read(root: &Path, folders: &[&str]) -> anyhow::Result<Self> {
        let mut files = BTreeMap::new();
        for folder in folders {
            collect(root, &root.join(folder), &mut files)?;
        }
        Ok(Self(files))
    }

    /// The text of one file.
    pub(super) fn get(&self, path: &str) -> Option<&str> {
        self.0.get(path).map(String::as_str)
    }

    /// The files of `folder` whose names begin with `stem` and end with `extension`: the exact name first, then by name.
    pub(super) fn named(&self, folder: &str, stem: &str, extension: &str) -> Vec<&str> {
        let exact = format!("{folder}/{stem}{extension}");
        let prefix = format!("{folder}/{stem}_");
        let further = self.0.iter().filter(|(path, _)| path.starts_with(&prefix) && path.ends_with(extension));
        self.0.get(&exact).into_iter().chain(further.map(|(_, text)| text)).map(String::as_str).collect()
    }

    /// The files directly in `folder`, by name.
    pub(super) fn in_folder<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0.iter().filter_map(move |(path, text)| {
            let name = path.strip_prefix(folder)?.strip_prefix('/')?;
            (!name.contains('/')).then_some((name, text.as_str()))
        })
    }

    #[cfg(test)]
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        Self(files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect())
    }
}

/// Adds the files below `dir`. Hidden entries and Terraform's own files are left out.
fn collect(root: &Path, dir: &Path, files: &mut BTreeMap<String, String>) -> anyhow::Result<()> {
    if !dir.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let relative = path.strip_prefix(root)?.to_string_lossy().replace('\\', "/");
        let name = relative.rsplit('/').next().unwrap_or_default();
        if name.starts_with('.') || name.contains(".tfstate") {
            continue;
        }
        if path.is_dir() {
            collect(root, &path, files)?;
        } else {
            let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            files.insert(relative, text);
        }
    }
    Ok(())
}

/// A guide with its examples in place: a line `{{ tffile "PATH" }}` or `{{ codefile "LANGUAGE" "PATH" }}` becomes the
/// file's text between fences. The notation is that of Terraform's own documentation tool.
pub(super) fn guide(template: &str, examples: &Examples) -> anyhow::Result<String> {
    let mut text = String::new();
    for line in template.lines() {
        match directive(line) {
            None => {
                text.push_str(line);
                text.push('\n');
            }
            Some(words) => {
                let (language, path) = match words.as_slice() {
                    ["tffile", path] => ("terraform", path.trim_matches('"')),
                    ["codefile", language, path] => (language.trim_matches('"'), path.trim_matches('"')),
                    _ => bail!("unknown directive: {line}"),
                };
                let code = examples.get(path).with_context(|| format!("there is no {path}"))?;
                text.push_str(&fenced(language, code));
            }
        }
    }
    Ok(text)
}

/// The words of a line that is a directive and nothing else.
fn directive(line: &str) -> Option<Vec<&str>> {
    let inside = line.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    Some(inside.split_whitespace().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exact_name_comes_first() {
        let examples = Examples::of(&[("e/resource_2.tf", "2"), ("e/resource.tf", "1"), ("e/resource.sh", "x")]);
        assert_eq!(examples.named("e", "resource", ".tf"), ["1", "2"]);
    }

    #[test]
    fn a_guide_shows_files_and_refuses_what_is_not_there() {
        let examples = Examples::of(&[("examples/a.tf", "a = 1\n")]);
        let text = guide("# Guide\n\n{{ tffile \"examples/a.tf\" }}\nend\n", &examples).unwrap();
        assert_eq!(text, "# Guide\n\n```terraform\na = 1\n```\nend\n");
        assert!(guide("{{tffile \"examples/b.tf\"}}", &examples).is_err());
        assert!(guide("{{ include \"examples/a.tf\" }}", &examples).is_err());
    }

    #[test]
    fn a_folder_does_not_include_its_subfolders() {
        let examples = Examples::of(&[("g/a.md", "1"), ("g/sub/b.md", "2"), ("ga/c.md", "3")]);
        assert_eq!(examples.in_folder("g").collect::<Vec<_>>(), [("a.md", "1")]);
    }
}
