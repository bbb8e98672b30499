//! From a configuration to manifests and diagnostics, without a cluster.

use std::collections::BTreeMap;

use egress_engines::{Attachment, EngineName, Finding, Level, Manifest, Requirement};
use egress_model::identity::{NAME_TAG, NAMESPACE_TAG, OWNER_TAG, Owner, ResourceType, TYPE_TAG};
use egress_model::policy::{Invalid, Path as ModelPath, Step};
use tfplugin::cty::{Path, Value};
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
    /// What to tell the user.
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
        manifests.iter().map(|manifest| (manifest.id().to_string(), manifest.to_yaml())).collect::<BTreeMap<_, _>>(),
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
    invalid.iter().map(|invalid| mistake(what, &invalid.path, &invalid.problem.to_string())).collect()
}

/// What is wrong with one part of what was written. The summary names the part: of a path into a map Terraform shows only the
/// resource.
pub(crate) fn mistake(what: &str, path: &ModelPath, problem: &str) -> Diagnostic {
    let detail = format!("It {}.", said_of_it(problem));
    let path = attribute_path(path);
    let part = if path.steps().is_empty() { format!("The {what}") } else { path.to_string() };
    Diagnostic::error(format!("{part} cannot be used"), detail).at(path)
}

/// Messages that begin with what was written need another verb than those that say what it is.
fn said_of_it(problem: &str) -> String {
    let says_what_it_does = ["must", "has", "is", "needs", "names", "leaves", "cannot", "says", "contains", "would"];
    let first = problem.split(' ').next().unwrap_or_default();
    if says_what_it_does.contains(&first) { problem.to_owned() } else { format!("does not fit: {problem}") }
}

/// What a user is told of an engine's findings.
pub(crate) fn told(engine: EngineName, findings: &[Finding]) -> Diagnostics {
    findings.iter().filter_map(|finding| told_finding(engine, finding)).collect()
}

fn told_finding(engine: EngineName, finding: &Finding) -> Option<Diagnostic> {
    let names: Vec<_> = finding.engines_that_can.iter().map(|engine| engine.as_str()).collect();
    let others = if names.is_empty() { String::new() } else { format!("\n\nEngines that can: {}.", names.join(", ")) };
    let detail = format!("{}.{others}", upper_first(&finding.why));
    let path = attribute_path(&finding.path);
    let part = if path.steps().is_empty() { "this".to_owned() } else { path.to_string() };
    let diagnostic = match finding.level {
        Level::Refused => Diagnostic::error(format!("The engine {engine} cannot do {part}"), detail),
        Level::Degraded => Diagnostic::warning(format!("The engine {engine} does {part} only in part"), detail),
        Level::Exact => return None,
    };
    Some(diagnostic.at(path))
}

/// An engine that does not exist, on the attribute that chooses it.
pub(crate) fn unknown_engine(name: &str, known: &[EngineName]) -> Diagnostic {
    let names: Vec<_> = known.iter().map(|engine| format!("{:?}", engine.as_str())).collect();
    let detail = format!("{name:?} is none of the engines that this version compiles this to: {}.", names.join(", "));
    Diagnostic::error("The engine is not known", detail).at(Path::attribute("engine"))
}

/// A text as the beginning of a sentence.
pub(super) fn upper_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
