//! Attributes that every resource with objects in a cluster has.

use std::time::Duration;

use egress_model::identity::CONFIGURATION_ANNOTATION;
use egress_model::policy::Form;
use serde::Deserialize;
use tfplugin::Diagnostics;
use tfplugin::cty::{Path, Type, Value};
use tfplugin::diagnostic::Diagnostic;
use tfplugin::model::{self, Arg};
use tfplugin::schema::{Attribute, Nesting};
use tfplugin::validators;

use crate::duration;
use crate::resources::timeouts::{self, Defaults, Operation, Timeouts};

/// An engine's controller looks at an object within seconds of its change.
const ACCEPT_TIMEOUT: Duration = Duration::from_secs(30);

/// Of `delivery`: this provider applies the objects.
pub(crate) const APPLY: &str = "apply";
/// Of `delivery`: only compile; somebody else applies.
pub(crate) const RENDER: &str = "render";

/// An API server answers in milliseconds; what takes long is a finalizer of another controller, or an engine that is being installed.
pub(super) const TIMEOUTS: Defaults =
    Defaults { create: Duration::from_mins(5), update: Duration::from_mins(5), delete: Duration::from_mins(5) };

#[derive(Deserialize)]
struct Timed {
    timeouts: Arg<Timeouts>,
}

fn timeouts_of(value: &Value) -> Arg<Timeouts> {
    model::from_value_subset(value).map_or(Arg::Null, |timed: Timed| timed.timeouts)
}

pub(crate) fn text(name: &'static str, description: &str) -> Attribute {
    Attribute::new(name, Type::String, description)
}

pub(crate) fn texts(name: &'static str, description: &str) -> Attribute {
    Attribute::new(name, Type::list(Type::String), description)
}

pub(crate) fn text_map(name: &'static str, description: &str) -> Attribute {
    Attribute::new(name, Type::map(Type::String), description)
}

/// A whole number; what range makes sense is the model's to say.
pub(crate) fn whole(name: &'static str, description: &str) -> Attribute {
    Attribute::new(name, Type::Number, description).validate(validators::range(..))
}

pub(crate) fn single(name: &'static str, attributes: Vec<Attribute>, description: &str) -> Attribute {
    Attribute::nested(name, Nesting::Single, attributes, description)
}

/// A selector by labels alone, of nodes.
pub(crate) fn labels_selector() -> Vec<Attribute> {
    vec![
        text_map("match_labels", "Labels that must be there with exactly these values; all of them."),
        texts(
            "match_expressions",
            "Demands on labels, all of them, as `kubectl --selector` takes them: `tier in (web, api)`, `tier notin \
             (db)`, `tier=web`, `tier` (it is there), `!tier` (it is not).",
        ),
    ]
}

/// A selector of pods.
pub(crate) fn selector(form: Form) -> Vec<Attribute> {
    let mut attributes = labels_selector();
    attributes.push(all(form, "pod"));
    attributes
}

/// A selector of namespaces.
pub(crate) fn namespace_selector(form: Form) -> Vec<Attribute> {
    let mut attributes = labels_selector();
    attributes.insert(
        0,
        texts(
            "names",
            "The namespaces' names: one of them. It uses the label `kubernetes.io/metadata.name`, which Kubernetes \
             sets on every namespace.",
        ),
    );
    attributes.push(all(form, "namespace"));
    attributes
}

/// The word for everything, which a selector that selects nothing in particular must say.
fn all(form: Form, thing: &str) -> Attribute {
    let beside = match form {
        Form::Block => "An empty block is an error; what the block says adds up",
        Form::Value => {
            "A selector says exactly one thing, so that a misspelt key, which Terraform drops without a word, is an error"
        }
    };
    Attribute::new("all", Type::Bool, format!("`true`: every {thing}, and nothing else beside it. {beside}."))
}

/// The attributes that say what happens with the objects.
pub(super) fn delivery() -> Vec<Attribute> {
    vec![
        text_map(
            "labels",
            "Labels for the objects. Those that mark what this provider owns (`app.kubernetes.io/managed-by`, \
             `egress-owner` and the like) are set by itself.",
        ),
        text_map(
            "annotations",
            "Annotations for the objects. `egress-configuration` is set by the provider on the first of them when \
             it is applied: the resource's configuration, which an import reads back.",
        ),
        text(
            "delivery",
            "`apply` applies the objects to the provider's cluster. `render` only computes `manifests` and needs no \
             cluster, for GitOps; a change from `apply` to `render` leaves the objects in the cluster.",
        )
        .default(APPLY)
        .validate(validators::one_of([APPLY, RENDER])),
        Attribute::new(
            "force_conflicts",
            Type::Bool,
            "Take over fields that another field manager owns with other values, and an existing object of the same \
             name that this provider did not make. Without it both are errors that name the other side.",
        )
        .default(false),
        text(
            "accept_timeout",
            "How long to wait, after the objects are applied, until the engine says that it took them, such as \
             `10s` or `2m`. Only kinds whose engine says so are waited for. What it refuses is an error with its \
             reason. When it has said nothing by then, because its controller does not run or does not report, that \
             is a warning; only where objects of another engine would be deleted next is it an error, and these \
             stay. After such a silence, further objects of the kind have 2 seconds in this run until the engine \
             says something about them. `0s` does not wait. Default: `30s`.",
        ),
        Attribute::new(
            "manifests",
            Type::map(Type::list(Type::String)),
            "The objects by `Kind/namespace/name`, each as the lines of a YAML document, so that a plan shows the \
             lines that change and hides the others: `join(\"\\n\", egress_....manifests[\"...\"])` is the \
             document, which kubectl and GitOps tools take as it is. Known in the plan as soon as the attributes \
             above are.",
        )
        .computed(),
    ]
}

/// What is added to objects of others.
pub(super) fn attachments() -> Attribute {
    Attribute::new(
        "attachments",
        Type::map(Type::list(Type::String)),
        "Annotations on objects that are not this resource's, such as the namespaces of `sources` on Calico \
         Enterprise, as lines of YAML by the object's id. The objects must exist. Only these annotations are owned, \
         and destroying the gateway takes them away again.",
    )
    .computed()
}

/// What else has to be there.
pub(super) fn requirements() -> [Attribute; 2] {
    [
        Attribute::new(
            "check_requirements",
            Type::Bool,
            "Whether every plan looks at the live cluster for what `requirements` says, as far as a cluster tells: \
             served kinds, labels of nodes, the engine's own configuration. What is missing is then an error where \
             the plan makes or changes the resource, and a warning where it leaves it as it is; what may not be \
             read is a warning. Not for an engine that the same apply installs.",
        )
        .default(false),
        Attribute::new(
            "requirements",
            Type::list(Type::String),
            "What must be there for the objects to work: Helm values, served kinds, node labels, settings of the \
             engine.",
        )
        .computed(),
    ]
}

/// Whether the plan is to look for what else has to be there.
pub(super) fn checks_requirements(value: &Value) -> bool {
    value.get("check_requirements").and_then(Value::as_bool) == Some(true)
}

/// Which way the objects go.
pub(super) fn delivery_of(value: &Value) -> Option<&str> {
    value.get("delivery").and_then(Value::as_str)
}

/// Whether the provider applies the objects.
pub(super) fn applies(value: &Value) -> bool {
    delivery_of(value) == Some(APPLY)
}

/// Whether conflicts are to be won.
pub(super) fn forces(value: &Value) -> bool {
    value.get("force_conflicts").and_then(Value::as_bool) == Some(true)
}

/// How long an operation may take, as the user writes it.
pub(super) fn timeout_text(value: &Value, operation: Operation) -> String {
    let written = value.get("timeouts").and_then(|timeouts| timeouts.get(operation.name())?.as_str());
    written.unwrap_or("5m").to_owned()
}

/// How long an operation may take.
pub(super) fn timeout_of(value: &Value, operation: Operation) -> Duration {
    TIMEOUTS.limit(&timeouts_of(value), operation)
}

/// How long the engine has to say that it took the objects; nothing where nobody waits for that.
pub(super) fn accept_timeout_of(value: &Value) -> Duration {
    let text = value.get("accept_timeout").and_then(Value::as_str);
    text.and_then(|text| duration::parse_or_nothing(text).ok()).unwrap_or(ACCEPT_TIMEOUT)
}

/// Checks what the attributes cannot check themselves.
pub(super) fn validate(value: &Value) -> Diagnostics {
    let mut diagnostics = timeouts::validate(&timeouts_of(value));
    if value.get("annotations").and_then(|all| all.as_map()?.get(CONFIGURATION_ANNOTATION)).is_some() {
        let detail =
            "The provider keeps the resource's configuration in it, which an import reads back. Use another key.";
        let at = Path::attribute("annotations").key(CONFIGURATION_ANNOTATION);
        diagnostics.push(Diagnostic::error("An annotation is reserved", detail).at(at));
    }
    let accept = value.get("accept_timeout").and_then(Value::as_str);
    if let Some(error) = accept.and_then(|text| duration::parse_or_nothing(text).err()) {
        let detail = format!("The value {error}.");
        diagnostics.push(Diagnostic::error("The timeout cannot be used", detail).at(Path::attribute("accept_timeout")));
    }
    diagnostics
}
