//! What is emitted, as files to review: every case on every engine. `UPDATE_GOLDEN=1 cargo test -p egress-engines` writes them
//! anew.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use egress_engines::{ENGINES, Engine, Level, Settings};
use egress_model::policy::{Policy, Spec};

use crate::cases;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/engines/golden")
}

/// The findings as comments, then the manifests.
fn render(engine: &Engine, spec: &Spec) -> String {
    let compiled = (engine.compile)(&Policy::parse(spec).expect("a policy"), &Settings::default());
    let mut text = String::new();
    for finding in &compiled.findings {
        writeln!(text, "# {:?} {}: {}", finding.level, finding.path, finding.why).expect("text");
    }
    for manifest in &compiled.manifests {
        text.push_str("---\n");
        text.push_str(&manifest.to_yaml());
    }
    text
}

#[test]
fn manifests_are_as_reviewed() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut different = Vec::new();
    let mut names = BTreeSet::new();
    for engine in ENGINES.iter() {
        for (name, spec) in cases::all() {
            let name = format!("{}/{name}.yaml", engine.name);
            let path = folder().join(&name);
            let actual = render(engine, &spec);
            if update {
                std::fs::create_dir_all(path.parent().expect("a folder")).expect("the golden folder can be written");
                std::fs::write(&path, &actual).expect("the golden folder can be written");
            }
            let expected = std::fs::read_to_string(&path).unwrap_or_default();
            if actual != expected {
                different.push(format!("{name}: expected\n{expected}\nbut got\n{actual}"));
            }
            names.insert(name);
        }
    }
    assert!(different.is_empty(), "run with UPDATE_GOLDEN=1 and review:\n{}", different.join("\n"));
    let engines = std::fs::read_dir(folder()).expect("the golden folder").map(|entry| entry.expect("an entry"));
    let files: BTreeSet<_> = engines
        .flat_map(|engine| {
            let of_engine = std::fs::read_dir(engine.path()).expect("a folder per engine");
            let prefix = engine.file_name().to_string_lossy().into_owned();
            of_engine.map(move |file| format!("{prefix}/{}", file.expect("an entry").file_name().to_string_lossy()))
        })
        .collect();
    assert_eq!(files, names, "every golden file belongs to a case");
}

#[test]
fn a_refused_part_leaves_no_manifest_and_nothing_else_does() {
    for engine in ENGINES.iter() {
        for (name, spec) in cases::all() {
            let compiled = (engine.compile)(&Policy::parse(&spec).expect("a policy"), &Settings::default());
            let refused = compiled.findings.iter().any(|finding| finding.level == Level::Refused);
            assert_eq!(compiled.manifests.is_empty(), refused, "{name} on {}", engine.name);
        }
    }
}
