//! `egress_monitoring`: rules, dashboards and monitors of what is watched.

mod compiled;
mod options;
mod schema;
mod tuning;
mod watched;

use egress_engines::manifest::Kind;
use egress_engines::requirement::CONFIG_MAP;
use egress_model::identity::ResourceType;
use egress_observability::dashboard::GRAFANA_DASHBOARD;
use egress_observability::rules_file::{PROMETHEUS_RULE, VM_RULE};
use egress_observability::scrape::{POD_MONITOR, SERVICE, SERVICE_MONITOR};
use tfplugin::Diagnostic;
use tfplugin::cty::Value;
use tfplugin::schema::{IdentitySchema, Schema};

use crate::resources::objects::outcome::Outcome;
use crate::resources::objects::{Compiles, ObjectResource};
use crate::resources::reading::{Place, Reading};
use crate::session::InCluster;

/// The resource.
pub(crate) type MonitoringResource = ObjectResource<Monitoring>;

/// What an `egress_monitoring` is.
pub(crate) struct Monitoring;

impl Compiles for Monitoring {
    const TYPE_NAME: &'static str = "egress_monitoring";
    const TYPE: ResourceType = ResourceType::Monitoring;
    const THING: &'static str = "monitoring";
    const ATTACHES: bool = false;
    const REQUIRES: bool = true;
    const IS_SELECTED: bool = true;

    fn schema() -> Schema {
        schema::schema()
    }

    fn identity_schema() -> IdentitySchema {
        schema::identity_schema()
    }

    fn check(value: &Value, in_cluster: &InCluster) -> Outcome {
        let mut reading = Reading::of(Self::THING);
        // What is watched is measured by engines, and which they are may be the provider's to say.
        reading.complete &= in_cluster.engine.is_some();
        let root = Place::root(value);
        let estate = watched::estate(&mut reading, &root, in_cluster);
        let tuning = tuning::tuning(&mut reading, &root);
        let options = options::options(&mut reading, &root);
        let compiled = match (tuning, options) {
            (Some(tuning), Some(options)) if reading.complete && !reading.diagnostics.has_errors() => {
                compiled::compile(&mut reading, &estate, &tuning, &options)
            }
            _ => None,
        };
        let (manifests, requirements, computed) = match compiled {
            Some(compiled) => (Some(compiled.manifests), Some(compiled.requirements), compiled.computed),
            None => (None, None, schema::OUTPUTS.map(|name| (name, Value::UNKNOWN)).to_vec()),
        };
        Outcome { manifests, requirements, computed, diagnostics: reading.diagnostics, ..Outcome::default() }
    }

    fn removal_diagnostic(objects: &str) -> Option<Diagnostic> {
        (!objects.is_empty()).then(|| {
            Diagnostic::warning(
                "Objects will be deleted",
                format!("These go once the others are applied, and what they watch or show with them:\n\n{objects}"),
            )
        })
    }

    fn kinds() -> Vec<&'static Kind> {
        vec![&PROMETHEUS_RULE, &VM_RULE, &CONFIG_MAP, &GRAFANA_DASHBOARD, &POD_MONITOR, &SERVICE_MONITOR, &SERVICE]
    }

    fn parse_id(id: &str) -> Result<Value, Diagnostic> {
        match id.split('/').collect::<Vec<_>>()[..] {
            [namespace, name] if !namespace.is_empty() && !name.is_empty() => {
                Ok(Value::object([("namespace", namespace), ("name", name)]))
            }
            _ => {
                let detail = format!("{id:?} is not of the form \"namespace/name\", such as \"monitoring/egress\".");
                Err(Diagnostic::error("The import id cannot be used", detail))
            }
        }
    }
}

#[cfg(test)]
mod tests;
