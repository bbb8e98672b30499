//! An engine is its folder and a line in each of three lists: nothing else in the crate names one.

use std::fs;
use std::path::{Path, PathBuf};

/// The lists. Settings that an engine alone has are its folder's too, and a field of all settings.
const LISTS: [&str; 4] = ["engine_name.rs", "engines.rs", "registry.rs", "settings.rs"];

/// The files of a folder, and the folders in it.
fn entries(folder: &Path) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let all = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    all.partition(|path| path.is_file())
}

/// A file of the program as it is without its tests.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).expect("a file");
    text.split("#[cfg(test)]").next().unwrap_or_default().to_owned()
}

fn name(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).expect("a name")
}

#[test]
fn nothing_beside_the_lists_names_an_engine() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (files, _) = entries(&source);
    let others: Vec<_> = files.iter().filter(|path| !LISTS.contains(&name(path))).collect();
    assert!(others.len() > 15, "{others:?}");
    for path in others {
        let code = code(path);
        assert!(!code.contains("engines::"), "{} imports an engine", path.display());
        assert!(!code.contains("EngineName::"), "{} names an engine", path.display());
    }
}

#[test]
fn engines_have_the_same_files() {
    let (roots, folders) = entries(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/engines"));
    assert_eq!(roots.len(), folders.len(), "a folder each");
    for folder in folders {
        let (files, _) = entries(&folder);
        let has = |file: &str| files.iter().any(|path| name(path) == file);
        assert!(has("support.rs"), "{} has no columns", folder.display());
        assert!(has("policy.rs") || has("gateway.rs"), "{} has no compiler", folder.display());
        let root = code(&folder.with_extension("rs"));
        assert_eq!(root.contains("policies: &["), has("policy.rs"), "{}", folder.display());
        assert_eq!(root.contains("gateways: &["), has("gateway.rs"), "{}", folder.display());
        assert_eq!(root.contains("rules: Some("), has("rules.rs"), "{}", folder.display());
    }
}
