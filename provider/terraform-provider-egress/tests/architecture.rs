//! Holds the workspace to `docs/architecture.md`, to files that do not import each other, and to one TLS stack.

#[path = "architecture/circles.rs"]
mod circles;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Crate names to the names of those of ours that they depend on.
type Arrows = BTreeMap<String, BTreeSet<String>>;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("the crate is two folders deep").to_owned()
}

/// The arrows that the page allows: its list between two comments, one line per crate.
fn allowed() -> Arrows {
    let path = root().join("docs/architecture.md");
    let page = std::fs::read_to_string(&path).expect("docs/architecture.md can be read");
    let (_, rest) = page.split_once("<!-- arrows: begin -->").expect("the page marks where the arrows begin");
    let (list, _) = rest.split_once("<!-- arrows: end -->").expect("the page marks where the arrows end");
    list.lines().filter(|line| !line.trim().is_empty()).map(arrows_of_line).collect()
}

/// A line such as "- `a` -> `b`, `c`".
fn arrows_of_line(line: &str) -> (String, BTreeSet<String>) {
    let (from, to) = line.split_once("->").unwrap_or_else(|| panic!("no arrow in the line {line:?}"));
    let names = |text: &str| text.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    let [from] = names(from).try_into().unwrap_or_else(|_| panic!("not one crate before the arrow in {line:?}"));
    (from, names(to).into_iter().collect())
}

/// What cargo prints, run with these arguments in the workspace.
fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO")).current_dir(root()).args(arguments).output().expect("cargo runs");
    assert!(output.status.success(), "cargo {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("cargo writes UTF-8")
}

/// The arrows that the manifests have. Those of tests are left out: a test may start whatever it tests against.
fn actual() -> Arrows {
    let metadata: Value = serde_json::from_str(&cargo(&["metadata", "--no-deps", "--format-version", "1"]))
        .expect("cargo metadata writes JSON");
    let packages = metadata["packages"].as_array().expect("there are packages");
    let name = |of: &Value| of["name"].as_str().expect("it has a name").to_owned();
    let ours: BTreeSet<String> = packages.iter().map(name).collect();
    let arrows = |package: &Value| {
        let dependencies = package["dependencies"].as_array().expect("a package has dependencies");
        let used = dependencies.iter().filter(|dependency| dependency["kind"] != "dev").map(name);
        (name(package), used.filter(|used| ours.contains(used)).collect())
    };
    packages.iter().map(arrows).collect()
}

#[test]
fn every_arrow_is_on_the_page_and_every_arrow_on_the_page_exists() {
    let (allowed, actual) = (allowed(), actual());
    assert!(!actual.is_empty());
    let mut wrong = Vec::new();
    for (from, to) in &actual {
        let Some(listed) = allowed.get(from) else {
            wrong.push(format!("{from} is not on the page"));
            continue;
        };
        wrong.extend(to.difference(listed).map(|to| format!("{from} -> {to} is not on the page")));
        wrong.extend(listed.difference(to).map(|to| format!("{from} -> {to} is on the page and nowhere else")));
    }
    wrong.extend(allowed.keys().filter(|from| !actual.contains_key(*from)).map(|from| format!("there is no {from}")));
    assert!(wrong.is_empty(), "docs/architecture.md and the manifests disagree:\n{}", wrong.join("\n"));
}

#[test]
fn no_file_imports_one_that_imports_it() {
    let metadata: Value = serde_json::from_str(&cargo(&["metadata", "--no-deps", "--format-version", "1"]))
        .expect("cargo metadata writes JSON");
    let targets =
        metadata["packages"].as_array().into_iter().flatten().filter_map(|package| package["targets"].as_array());
    let mut roots: Vec<&str> = Vec::new();
    for target in targets.flatten() {
        let kinds = target["kind"].as_array().into_iter().flatten();
        if kinds.into_iter().any(|kind| kind == "lib" || kind == "bin") {
            roots.extend(target["src_path"].as_str());
        }
    }
    assert!(roots.len() > 10, "{roots:?}");
    let circles: Vec<String> = roots.iter().flat_map(|root| circles::of_crate(Path::new(root))).collect();
    assert!(circles.is_empty(), "{}", circles.join("\n"));
}

#[test]
fn there_is_one_tls_stack_and_one_provider_of_cryptography() {
    // Not `cargo metadata`: it also lists optional dependencies that only a feature nobody enables would bring.
    let text = cargo(&["tree", "--workspace", "--target", "all", "--prefix", "none", "--format", "{p}"]);
    let names: BTreeSet<&str> = text.lines().filter_map(|line| line.split_whitespace().next()).collect();
    for needed in ["rustls", "aws-lc-rs"] {
        assert!(names.contains(needed), "{needed} is not in the tree, so this test looks at the wrong thing");
    }
    for banned in ["ring", "openssl", "openssl-sys", "native-tls"] {
        assert!(!names.contains(banned), "{banned} is in the tree; `cargo tree --target all -i {banned}` tells why");
    }
}

#[test]
fn a_line_of_the_page_is_read_as_it_is_written() {
    let (from, to) = arrows_of_line("- `a-b` -> `c`, `d`");
    assert_eq!((from.as_str(), to.into_iter().collect::<Vec<_>>()), ("a-b", vec!["c".to_owned(), "d".to_owned()]));
    assert_eq!(arrows_of_line("- `x` ->"), ("x".to_owned(), BTreeSet::new()));
}
