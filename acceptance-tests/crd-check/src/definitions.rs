//! The published definitions, read from a folder.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use crate::report::Report;
use crate::rules::Rules;
use crate::schema::Schema;

/// Where the definitions are when `EGRESS_CRDS` does not say.
const FOLDER: &str = "/work/shared/crds";

/// Files beside the definitions that are none, by a part of their path: Helm values schemas, objects that Istio tests with, notes.
const NO_DEFINITIONS: [&str; 3] = ["/helm/", "/testdata/", "SOURCES.md"];

/// The one schema that is of a core kind and so stands in no definition.
const NETWORK_POLICY: &str = "kubernetes/networkpolicy-networking.k8s.io-v1.schema.yaml";

/// Folders with another version, channel or edition of a definition that another folder has too.
const ALTERNATIVES: [&str; 4] =
    ["cilium/next", "cilium/compat", "calico-enterprise", "network-policy-api/experimental"];

/// One version of one kind.
#[derive(Debug)]
pub struct Definition {
    /// The file, relative to the folder of all.
    pub source: String,
    /// Whether its objects are in namespaces.
    pub namespaced: bool,
    pub(crate) schema: Schema,
    pub(crate) rules: Rules,
}

impl Definition {
    /// Per rule in CEL, the functions and operators that it calls, or why it cannot be compiled.
    pub fn rule_functions(&self) -> Vec<Result<Vec<String>, String>> {
        self.rules.functions(&self.schema)
    }
}

/// Every definition of a folder.
#[derive(Debug)]
pub struct Definitions {
    /// By `apiVersion` and kind.
    by_kind: BTreeMap<(String, String), Vec<Definition>>,
}

/// Why the definitions could not be read.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A file or folder cannot be read.
    #[error("cannot read {}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is no definition that this crate understands.
    #[error("{} is no definition that can be checked against", path.display())]
    Definition {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_yaml_ng::Error,
    },
}

/// A `CustomResourceDefinition`, as far as objects are checked against it.
#[derive(Deserialize)]
struct Crd {
    spec: CrdSpec,
}

#[derive(Deserialize)]
struct CrdSpec {
    group: String,
    names: Names,
    scope: Scope,
    versions: Vec<Version>,
}

#[derive(Deserialize)]
struct Names {
    kind: String,
}

#[derive(Deserialize, PartialEq)]
enum Scope {
    Namespaced,
    Cluster,
}

#[derive(Deserialize)]
struct Version {
    name: String,
    served: bool,
    schema: VersionSchema,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct VersionSchema {
    #[serde(rename = "openAPIV3Schema")]
    open_api_v3_schema: Schema,
}

impl Definitions {
    /// The folder that `EGRESS_CRDS` names, or the default one; `None` where it is not there.
    pub fn folder() -> Option<PathBuf> {
        let folder = env::var_os("EGRESS_CRDS").map_or_else(|| PathBuf::from(FOLDER), PathBuf::from);
        folder.is_dir().then_some(folder)
    }

    /// Reads every definition below a folder.
    pub fn load(folder: &Path) -> Result<Self, LoadError> {
        let mut definitions = Self { by_kind: BTreeMap::new() };
        for path in Self::files(folder)? {
            definitions.read(folder, &path)?;
        }
        Ok(definitions)
    }

    /// The files of the definitions below a folder, in the order of their paths, without what is known to be none.
    pub fn files(folder: &Path) -> Result<Vec<PathBuf>, LoadError> {
        let mut files = Vec::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            let io_error = |source| LoadError::Io { path: folder.clone(), source };
            for entry in fs::read_dir(&folder).map_err(io_error)? {
                let path = entry.map_err(io_error)?.path();
                if path.is_dir() {
                    folders.push(path);
                } else if !NO_DEFINITIONS.iter().any(|part| path.to_string_lossy().contains(part)) {
                    files.push(path);
                }
            }
        }
        files.sort();
        Ok(files)
    }

    /// Whether a file holds the schema of a core kind and not a definition.
    pub fn is_core_schema(file: &Path) -> bool {
        file.ends_with(NETWORK_POLICY)
    }

    /// The folder of a file with another version, channel or edition of a definition than the usual one.
    pub fn alternative(folder: &Path, file: &Path) -> Option<&'static str> {
        let source = file.strip_prefix(folder).unwrap_or(file);
        ALTERNATIVES.into_iter().find(|alternative| source.starts_with(alternative))
    }

    fn read(&mut self, folder: &Path, path: &Path) -> Result<(), LoadError> {
        let text = fs::read_to_string(path).map_err(|source| LoadError::Io { path: path.to_owned(), source })?;
        let wrong = |source| LoadError::Definition { path: path.to_owned(), source };
        let source = path.strip_prefix(folder).unwrap_or(path).to_string_lossy().into_owned();
        if Self::is_core_schema(path) {
            let schema: Schema = serde_yaml_ng::from_str(&text).map_err(wrong)?;
            let definition = Definition { source, namespaced: true, schema, rules: Rules::default() };
            self.insert("networking.k8s.io/v1".to_owned(), "NetworkPolicy".to_owned(), definition);
            return Ok(());
        }
        let crd: Crd = serde_yaml_ng::from_str(&text).map_err(wrong)?;
        for version in crd.spec.versions.into_iter().filter(|version| version.served) {
            let definition = Definition {
                source: source.clone(),
                namespaced: crd.spec.scope == Scope::Namespaced,
                schema: version.schema.open_api_v3_schema,
                rules: Rules::default(),
            };
            self.insert(format!("{}/{}", crd.spec.group, version.name), crd.spec.names.kind.clone(), definition);
        }
        Ok(())
    }

    fn insert(&mut self, api_version: String, kind: String, definition: Definition) {
        self.by_kind.entry((api_version, kind)).or_default().push(definition);
    }

    /// Every definition, with its `apiVersion` and kind.
    pub fn all(&self) -> impl Iterator<Item = (&str, &str, &Definition)> {
        let kinds = self.by_kind.iter();
        kinds.flat_map(|((api_version, kind), all)| all.iter().map(|one| (api_version.as_str(), kind.as_str(), one)))
    }

    /// The definition of an object's kind: that of a folder whose name begins with `preferred`, else the usual one of a release and of
    /// the open edition.
    pub fn of(&self, object: &Value, preferred: Option<&str>) -> Option<&Definition> {
        let key = (object["apiVersion"].as_str()?.to_owned(), object["kind"].as_str()?.to_owned());
        let all = self.by_kind.get(&key)?;
        let of_folder = |folder: &str| all.iter().find(|one| Path::new(&one.source).starts_with(folder));
        let usual =
            || all.iter().find(|one| !ALTERNATIVES.iter().any(|folder| Path::new(&one.source).starts_with(folder)));
        preferred.and_then(of_folder).or_else(usual).or_else(|| all.first())
    }

    /// Checks an object against the definition of its kind; `None` where there is none.
    pub fn check(&self, object: &Value, preferred: Option<&str>) -> Option<Report> {
        Some(crate::check(self.of(object, preferred)?, object))
    }
}
