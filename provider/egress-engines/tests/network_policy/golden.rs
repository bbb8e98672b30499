//! What is emitted, as files to review. `UPDATE_GOLDEN=1 cargo test -p egress-engines` writes them anew.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use egress_engines::network_policy::compile;
use egress_model::policy::{Policy, Spec};

use crate::cases;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/network_policy/golden")
}

/// The findings as comments, then the manifests.
fn render(spec: &Spec) -> String {
    let compiled = compile(&Policy::parse(spec).expect("a policy"));
    let mut text = String::new();
    for finding in &compiled.findings {
        let engines: Vec<_> = finding.engines_that_can.iter().map(|engine| engine.as_str()).collect();
        writeln!(text, "# {:?} {}: {} [{}]", finding.level, finding.path, finding.why, engines.join(", "))
            .expect("text");
    }
    for manifest in &compiled.manifests {
        text.push_str("---\n");
        text.push_str(&manifest.to_yaml());
    }
    text
}

fn check(name: &str, spec: &Spec) -> Result<(), String> {
    let path = folder().join(format!("{name}.yaml"));
    let actual = render(spec);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &actual).expect("the golden folder can be written");
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    if actual == expected { Ok(()) } else { Err(format!("{name}: expected\n{expected}\nbut got\n{actual}")) }
}

#[test]
fn manifests_are_as_reviewed() {
    let all: Vec<_> = cases::guide().into_iter().chain(cases::features()).collect();
    let different: Vec<_> = all.iter().filter_map(|(name, spec)| check(name, spec).err()).collect();
    assert!(different.is_empty(), "run with UPDATE_GOLDEN=1 and review:\n{}", different.join("\n"));
    let names: BTreeSet<_> = all.iter().map(|(name, _)| format!("{name}.yaml")).collect();
    let files: BTreeSet<_> = std::fs::read_dir(folder())
        .expect("the golden folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(files, names, "every golden file belongs to a case");
}

#[test]
fn a_refused_part_leaves_no_manifest() {
    for (name, spec) in cases::features() {
        let compiled = compile(&Policy::parse(&spec).expect("a policy"));
        assert_eq!(compiled.manifests.is_empty(), name.starts_with("refused"), "{name}");
    }
}
