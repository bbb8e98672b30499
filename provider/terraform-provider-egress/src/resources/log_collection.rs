//! `egress_log_collection`: the configuration of a collector that reads the logs of egress.

mod plan;
mod schema;

use std::collections::BTreeMap;

use egress_engines::Manifest;
use egress_engines::manifest::{Content, Kind, Metadata};
use egress_engines::requirement::CONFIG_MAP;
use egress_model::identity::ResourceType;
use egress_observability::logs::requirements::requirements;
use tfplugin::Diagnostic;
use tfplugin::cty::Value;
use tfplugin::schema::{IdentitySchema, Schema};

use self::plan::Written;
use crate::resources::objects::outcome::Outcome;
use crate::resources::objects::{Compiles, ObjectResource};
use crate::resources::reading::{Place, Reading};
use crate::session::InCluster;

/// The resource.
pub(crate) type LogCollectionResource = ObjectResource<LogCollection>;

/// What an `egress_log_collection` is.
pub(crate) struct LogCollection;

impl Compiles for LogCollection {
    const TYPE_NAME: &'static str = "egress_log_collection";
    const TYPE: ResourceType = ResourceType::LogCollection;
    const THING: &'static str = "log collection";
    const ATTACHES: bool = false;
    const REQUIRES: bool = true;

    fn schema() -> Schema {
        schema::schema()
    }

    fn identity_schema() -> IdentitySchema {
        schema::identity_schema()
    }

    fn check(value: &Value, in_cluster: &InCluster) -> Outcome {
        let mut reading = Reading::of(Self::THING);
        // Which engines write logs may be the provider's to say.
        reading.complete &= in_cluster.engine.is_some();
        let root = Place::root(value);
        let written = plan::written(&mut reading, &root, in_cluster);
        let known = written.filter(|_| reading.complete && !reading.diagnostics.has_errors());
        let files = known.as_ref().map(|written| written.files.clone());
        let text = |files: BTreeMap<&'static str, String>| Value::map(files);
        Outcome {
            manifests: known.as_ref().map(|written| vec![config_map(written)]),
            requirements: known.as_ref().map(|written| requirements(written.collector, &written.plan)),
            computed: vec![("files", files.map_or(Value::UNKNOWN, text))],
            diagnostics: reading.diagnostics,
            ..Outcome::default()
        }
    }

    fn kinds() -> Vec<&'static Kind> {
        vec![&CONFIG_MAP]
    }

    fn parse_id(id: &str) -> Result<Value, Diagnostic> {
        match id.split('/').collect::<Vec<_>>()[..] {
            [namespace, name] if !namespace.is_empty() && !name.is_empty() => {
                Ok(Value::object([("namespace", namespace), ("name", name)]))
            }
            _ => {
                let detail = format!("{id:?} is not of the form \"namespace/name\", such as \"logging/egress\".");
                Err(Diagnostic::error("The import id cannot be used", detail))
            }
        }
    }
}

/// The collector's files as an object that its pods mount.
fn config_map(written: &Written) -> Manifest {
    let metadata = Metadata {
        name: written.name.to_string(),
        labels: written.labels.clone(),
        annotations: written.annotations.clone(),
        ..Metadata::default()
    };
    let files = written.files.iter().map(|(name, text)| ((*name).to_owned(), text.clone()));
    Manifest::with_content(&CONFIG_MAP, metadata.in_namespace(&written.namespace), Content::Data(files.collect()))
}

#[cfg(test)]
mod tests;
