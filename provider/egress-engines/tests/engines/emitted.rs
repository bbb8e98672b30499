//! Everything that the compilers emit, read from the golden files, which are what they emit: one place for every gate, whatever the
//! engine and whether it is a policy's object, a gateway's or a companion's. The tests with a real API server read them here too.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// An emitted object.
pub(crate) struct Emitted {
    /// The engine's name, which is that of the file's folder.
    pub(crate) engine: String,
    /// The golden file.
    pub(crate) case: String,
    /// The object.
    pub(crate) object: Value,
}

impl Emitted {
    /// The folder of the definitions that the object is for, where they are not the usual ones. Objects are for the newest version of
    /// each engine; Cilium's published release is one older than that.
    pub(crate) fn definitions(&self) -> &str {
        if self.engine == "cilium" { "cilium/next" } else { &self.engine }
    }
}

/// Every object of every golden file, in the order of the files: those in `golden` and in each folder `golden-...`.
pub(crate) fn all() -> Vec<Emitted> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../egress-engines/tests/engines");
    let groups = entries(&root).filter(|path| path.is_dir() && name(path).starts_with("golden"));
    let engines = groups.flat_map(|group| entries(&group).collect::<Vec<_>>());
    let files = engines.flat_map(|engine| entries(&engine).collect::<Vec<_>>());
    let mut emitted: Vec<Emitted> = files.flat_map(|file| objects(&root, &file)).collect();
    emitted.sort_by(|a, b| a.case.cmp(&b.case));
    emitted
}

fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> {
    std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path())
}

fn name(path: &Path) -> &str {
    path.file_name().and_then(OsStr::to_str).expect("a name")
}

fn objects(root: &Path, file: &Path) -> Vec<Emitted> {
    let case = file.strip_prefix(root).expect("a file below the folder").display().to_string();
    let text = std::fs::read_to_string(file).expect("a golden file");
    // What is before the first separator are findings and requirements.
    let documents = text.split("---\n").skip(1);
    let emitted = |text: &str| Emitted {
        engine: name(file.parent().expect("a folder per engine")).to_owned(),
        case: case.clone(),
        object: serde_yaml_ng::from_str(text).unwrap_or_else(|error| panic!("{case}: {error}")),
    };
    documents.map(emitted).collect()
}
