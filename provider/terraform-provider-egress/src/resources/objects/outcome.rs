//! From a configuration to manifests and diagnostics, without a cluster.

use std::collections::BTreeMap;

use egress_engines::{Attachment, EngineName, Finding, Level, Manifest, Requirement};
use egress_model::identity::{NAME_TAG, NAMESPACE_TAG, OWNER_TAG, Owner, ResourceType, TYPE_TAG};
use egress_model::policy::{Invalid, Path as ModelPath, Step};
use egress_model::shown;
use tfplugin::cty::{Path, Value};
use tfplugin::similar::hint;
use tfplugin::{Diagnostic, Diagnostics};

/// What a configuration becomes.
#[derive(Default)]
pub(crate) struct Outcome {
    /// The objects; none while a part is not known yet, or cannot be used.
    pub(crate) manifests: Option<Vec<Manifest>>,
    /// What is added to objects of others.
    pub(crate) attachments: Vec<Attachment>,
    /// What has to be there for the objects to work; none while that is not known. Only of resources that have requirements.
    pub(crate) requirements: Option<Vec<Requirement>>,
    /// Computed attributes beside these.
    pub(crate) computed: Vec<(&'static str, Value)>,
    /// The errors and warnings.
    pub(crate) diagnostics: Diagnostics,
}

/// Marks objects that are to be applied as the owner's. The name is the resource's, which several objects can share; those of the
/// whole cluster also say the resource's namespace, if it has one.
pub(super) fn mark(
    manifests: Vec<Manifest>,
    owner: &Owner,
    ty: ResourceType,
    name: &str,
    namespace: Option<&str>,
) -> Vec<Manifest> {
    let marks = [
        (cluster::MANAGED_BY_LABEL, cluster::FIELD_MANAGER),
        (OWNER_TAG, owner.as_str()),
        (TYPE_TAG, ty.as_str()),
        (NAME_TAG, name),
    ];
    let marked = manifests.into_iter().map(|manifest| {
        let home = namespace.filter(|_| manifest.metadata.namespace.is_none());
        manifest.with_labels(marks).with_labels(home.map(|namespace| (NAMESPACE_TAG, namespace)))
    });
    marked.collect()
}

/// The label selector of everything of this owner's that this resource type makes.
pub(super) fn owned_labels(owner: &Owner, ty: ResourceType) -> String {
    format!("{OWNER_TAG}={owner},{TYPE_TAG}={ty}")
}

/// The `manifests` attribute.
pub(super) fn manifests_value(manifests: &[Manifest]) -> Value {
    Value::map(
        manifests
            .iter()
            .map(|manifest| (manifest.id().to_string(), Value::list(manifest.to_lines())))
            .collect::<BTreeMap<_, _>>(),
    )
}

/// The `requirements` attribute.
pub(super) fn requirements_value(requirements: Option<&[Requirement]>) -> Value {
    requirements.map_or(Value::UNKNOWN, |all| Value::list(all.iter().map(ToString::to_string).collect::<Vec<_>>()))
}

/// The path of an attribute that the model names.
pub(crate) fn attribute_path(path: &ModelPath) -> Path {
    path.steps().iter().fold(Path::root(), |path, step| match step {
        Step::Field(name) => path.child(*name),
        Step::Key(key) => path.key(key.clone()),
        Step::Index(index) => path.index(*index),
    })
}

/// What is wrong with what was written, each on its attribute. `what` is the thing, such as `policy`.
pub(crate) fn mistakes(what: &str, invalid: &[Invalid]) -> Diagnostics {
    let mistakes = invalid.iter().map(|invalid| {
        let hint = invalid.problem.misspelt().map(|(written, words)| hint(written, words)).unwrap_or_default();
        let mut mistake = mistake(what, &invalid.path, &invalid.problem.to_string());
        mistake.detail.push_str(&hint);
        mistake
    });
    mistakes.collect()
}

/// What is wrong with one part of what was written, as a sentence without its full stop. The summary names the part: of a path into a map
/// Terraform shows only the resource.
pub(crate) fn mistake(what: &str, path: &ModelPath, problem: &str) -> Diagnostic {
    let detail = format!("{problem}.");
    let path = attribute_path(path);
    let part = if path.steps().is_empty() { format!("The {what}") } else { path.to_string() };
    Diagnostic::error(format!("{part} cannot be used"), detail).at(path)
}

/// What a user reads of an engine's findings: an error for each part that it refuses, and one warning for all that it approximates.
pub(crate) fn findings_to_diagnostics(engine: EngineName, findings: &[Finding]) -> Diagnostics {
    let of = |level: Level| findings.iter().filter(move |finding| finding.level == level);
    let refused = of(Level::Refused).map(|finding| {
        let summary = format!("{} cannot be used with the engine {engine}", part_of(finding));
        Diagnostic::error(summary, detail_of(finding, "Engines that can")).at(attribute_path(&finding.path))
    });
    let approximated: Vec<_> = of(Level::Degraded).collect();
    refused.chain(approximations(engine, &approximated)).collect()
}

fn approximations(engine: EngineName, findings: &[&Finding]) -> Option<Diagnostic> {
    const EXACTLY: &str = "Engines that do it exactly";
    match findings {
        [] => None,
        [finding] => {
            let summary = format!("{} is approximated by the engine {engine}", part_of(finding));
            Some(Diagnostic::warning(summary, detail_of(finding, EXACTLY)).at(attribute_path(&finding.path)))
        }
        several => {
            let parts = several.iter().map(|finding| {
                let detail = detail_of(finding, EXACTLY).replace("\n\n", " ");
                format!("  - {}: {detail}", part_of(finding))
            });
            let list: Vec<_> = parts.collect();
            let summary = format!("{} parts are approximated by the engine {engine}", list.len());
            Some(Diagnostic::warning(summary, list.join("\n")))
        }
    }
}

/// The attribute that a finding is about, as the subject of a sentence.
fn part_of(finding: &Finding) -> String {
    let path = attribute_path(&finding.path);
    if path.steps().is_empty() { "This".to_owned() } else { path.to_string() }
}

fn detail_of(finding: &Finding, engines: &str) -> String {
    let names: Vec<_> = finding.engines_that_can.iter().map(|engine| engine.as_str()).collect();
    let others = if names.is_empty() { String::new() } else { format!("\n\n{engines}: {}.", names.join(", ")) };
    format!("{}.{others}", upper_first(&finding.why))
}

/// An engine that does not exist, on the attribute that chooses it.
pub(crate) fn unknown_engine(name: &str, known: &[EngineName]) -> Diagnostic {
    let names: Vec<_> = known.iter().map(|engine| format!("{:?}", engine.as_str())).collect();
    let hint = hint(name, known.iter().map(|engine| engine.as_str()));
    let detail = format!(
        "{} is none of the engines that this version compiles this to: {}.{hint}",
        shown(name),
        names.join(", ")
    );
    Diagnostic::error("The engine is not known", detail).at(Path::attribute("engine"))
}

/// A text as the beginning of a sentence.
pub(crate) fn upper_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use egress_engines::DecidedBy;

    use super::*;

    fn finding(level: Level, path: &[&'static str], why: &str, engines_that_can: &[EngineName]) -> Finding {
        let path = path.iter().fold(ModelPath::default(), |path, step| path.field(step));
        let engines_that_can = engines_that_can.to_vec();
        let decided_by = DecidedBy::Engine;
        Finding { level, path, rows: Vec::new(), why: why.to_owned(), decided_by, engines_that_can }
    }

    #[test]
    fn each_refusal_is_an_error_and_all_approximations_are_one_warning() {
        let engine = EngineName::NetworkPolicy;
        let refused = finding(Level::Refused, &["mode"], "there is no audit mode", &[EngineName::Cilium]);
        let first = finding(Level::Degraded, &["priority"], "it has no order", &[EngineName::Antrea]);
        let second = finding(Level::Degraded, &[], "nodes are included", &[]);
        let error = Diagnostic::error(
            "mode cannot be used with the engine network-policy",
            "There is no audit mode.\n\nEngines that can: cilium.",
        );
        let warning = Diagnostic::warning(
            "priority is approximated by the engine network-policy",
            "It has no order.\n\nEngines that do it exactly: antrea.",
        );
        let found: Vec<_> = findings_to_diagnostics(engine, &[first.clone(), refused]).into_iter().collect();
        assert_eq!(found, [error.at(Path::attribute("mode")), warning.at(Path::attribute("priority"))]);
        let found: Vec<_> = findings_to_diagnostics(engine, &[first, second]).into_iter().collect();
        let both = Diagnostic::warning(
            "2 parts are approximated by the engine network-policy",
            "  - priority: It has no order. Engines that do it exactly: antrea.\n  - This: Nodes are included.",
        );
        assert_eq!(found, [both]);
    }
}
