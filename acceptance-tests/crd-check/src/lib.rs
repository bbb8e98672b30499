//! Checks objects against `CustomResourceDefinition`s as an API server with strict field validation does when they are created.
//!
//! It reads the published definitions of the engines (`EGRESS_CRDS`) and needs no server: structural schemas with unknown fields as
//! errors, defaults, value validations, list types, and the CEL rules of `x-kubernetes-validations`. Rules about `oldSelf` are about
//! changes and do not apply to a creation. A rule that cannot be evaluated is in the report and lets nothing pass.
//!
//! Source of the semantics: the Kubernetes documentation, "Custom Resources" (structural
//! schemas, pruning, defaulting, validation rules) and "Common Expression Language in Kubernetes".

mod defaults;
mod definitions;
mod duplicates;
mod format;
mod metadata;
mod report;
mod rules;
mod schema;
mod structure;

use serde_json::Value;

pub use definitions::{Definition, Definitions, LoadError, MISSING};
pub use report::{Report, Violation};

/// Everything that an API server with this definition has against an object that it is asked to create.
pub fn check(definition: &Definition, object: &Value) -> Report {
    let schema = &definition.schema;
    let mut object = object.clone();
    defaults::fill(schema, &mut object);
    let mut report = Report::default();
    metadata::check(definition, &object, &mut report);
    structure::check_root(schema, &object, &mut report);
    // As the API server: rules are not asked about an object of the wrong shape.
    if report.violations.is_empty() {
        definition.rules.evaluate(schema, &object, &mut report);
    }
    report
}
