//! The published definitions, read from a folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use serde::Deserialize;
use serde::de::DeserializeOwned;
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

/// Definitions that are published in no form that can be read as it is, by the path that each would have.
const WRITTEN_HERE: [(&str, &str); 1] =
    [("linkerd/egressnetworks.yaml", include_str!("../definitions/egressnetworks.policy.linkerd.io.yaml"))];

/// Versions that the published definitions have and no longer serve, by definition. Linkerd reads these, so its clusters have a release of
/// the Gateway API that serves them: the experimental channel up to 1.5.
const SERVED_FOR_LINKERD: [(&str, &str); 2] =
    [("tcproutes.gateway.networking.k8s.io", "v1alpha2"), ("tlsroutes.gateway.networking.k8s.io", "v1alpha2")];

fn is_served_for_linkerd(definition: &str, version: &str) -> bool {
    SERVED_FOR_LINKERD.contains(&(definition, version))
}

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
    metadata: Metadata,
    spec: CrdSpec,
}

#[derive(Deserialize)]
struct Metadata {
    name: String,
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

/// The folder with another version, channel or edition of a definition than the usual one, if the path is below one.
fn alternative(path: &str) -> Option<&'static str> {
    ALTERNATIVES.into_iter().find(|folder| Path::new(path).starts_with(folder))
}

/// A file with a definition.
struct Source {
    /// Relative to the folder of all.
    path: String,
    text: String,
}

impl Source {
    /// Those below a folder in the order of their paths, without what is known to be none, and then those that are written here.
    fn all(folder: &Path) -> Result<Vec<Self>, LoadError> {
        let mut sources = Vec::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(next) = folders.pop() {
            let io_error = |source| LoadError::Io { path: next.clone(), source };
            for entry in fs::read_dir(&next).map_err(io_error)? {
                let file = entry.map_err(io_error)?.path();
                if file.is_dir() {
                    folders.push(file);
                } else if !NO_DEFINITIONS.iter().any(|part| file.to_string_lossy().contains(part)) {
                    let text =
                        fs::read_to_string(&file).map_err(|source| LoadError::Io { path: file.clone(), source })?;
                    let path = file.strip_prefix(folder).unwrap_or(&file).to_string_lossy().into_owned();
                    sources.push(Self { path, text });
                }
            }
        }
        sources.sort_by(|a, b| a.path.cmp(&b.path));
        sources.extend(WRITTEN_HERE.map(|(path, text)| Self { path: path.to_owned(), text: text.to_owned() }));
        Ok(sources)
    }

    /// Whether it holds the schema of a core kind and not a definition.
    fn is_core_schema(&self) -> bool {
        self.path == NETWORK_POLICY
    }

    fn parse<T: DeserializeOwned>(&self) -> Result<T, LoadError> {
        let wrong = |source| LoadError::Definition { path: PathBuf::from(&self.path), source };
        serde_yaml_ng::from_str(&self.text).map_err(wrong)
    }

    /// As it is installed.
    fn manifest(&self) -> Result<Value, LoadError> {
        let mut manifest: Value = self.parse()?;
        let name = manifest["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        for version in manifest["spec"]["versions"].as_array_mut().into_iter().flatten() {
            if is_served_for_linkerd(&name, version["name"].as_str().unwrap_or_default()) {
                version["served"] = true.into();
            }
        }
        Ok(manifest)
    }
}

/// Why there are no definitions to check with.
pub const MISSING: &str = "no definitions of engines: set EGRESS_CRDS to a folder with one folder per project";

impl Definitions {
    /// The folder that `EGRESS_CRDS` names, or the default one; `None` where it is not there.
    pub fn folder() -> Option<PathBuf> {
        let folder = env::var_os("EGRESS_CRDS").map_or_else(|| PathBuf::from(FOLDER), PathBuf::from);
        folder.is_dir().then_some(folder)
    }

    /// Reads every definition below a folder.
    pub fn load(folder: &Path) -> Result<Self, LoadError> {
        let mut definitions = Self { by_kind: BTreeMap::new() };
        for file in Source::all(folder)? {
            definitions.read(&file)?;
        }
        Ok(definitions)
    }

    /// The definitions below a folder as they are installed: the usual ones, or those of the folder with an alternative. Every version
    /// that objects are checked against is served.
    pub fn manifests(folder: &Path, alternative: Option<&str>) -> Result<Vec<Value>, LoadError> {
        let mut files = Source::all(folder)?;
        files.retain(|file| !file.is_core_schema() && self::alternative(&file.path) == alternative);
        files.iter().map(Source::manifest).collect()
    }

    fn read(&mut self, file: &Source) -> Result<(), LoadError> {
        let source = file.path.clone();
        if file.is_core_schema() {
            let definition = Definition { source, namespaced: true, schema: file.parse()?, rules: Rules::default() };
            self.insert("networking.k8s.io/v1".to_owned(), "NetworkPolicy".to_owned(), definition);
            return Ok(());
        }
        let Crd { metadata, spec } = file.parse()?;
        let is_served = |version: &Version| version.served || is_served_for_linkerd(&metadata.name, &version.name);
        for version in spec.versions.into_iter().filter(is_served) {
            let definition = Definition {
                source: source.clone(),
                namespaced: spec.scope == Scope::Namespaced,
                schema: version.schema.open_api_v3_schema,
                rules: Rules::default(),
            };
            self.insert(format!("{}/{}", spec.group, version.name), spec.names.kind.clone(), definition);
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
        let usual = || all.iter().find(|one| alternative(&one.source).is_none());
        preferred.and_then(of_folder).or_else(usual).or_else(|| all.first())
    }

    /// Checks an object against the definition of its kind; `None` where there is none.
    pub fn check(&self, object: &Value, preferred: Option<&str>) -> Option<Report> {
        Some(crate::check(self.of(object, preferred)?, object))
    }
}
