//! From a configuration to manifests and diagnostics, without a cluster.

use std::collections::BTreeMap;

use egress_engines::{EngineName, Finding, Level, Manifest, engine};
use egress_model::identity::{NAME_TAG, OWNER_TAG, Owner, ResourceType, TYPE_TAG};
use egress_model::policy::Policy;
use tfplugin::cty::{Path, Value};
use tfplugin::{Diagnostic, Diagnostics};

use super::config::{self, attribute_path};
use super::schema::APPLY;

/// What a configuration becomes.
pub(super) struct Outcome {
    /// The objects; none while a part is not known yet, or cannot be used.
    pub(super) manifests: Option<Vec<Manifest>>,
    /// What to tell the user.
    pub(super) diagnostics: Diagnostics,
}

/// Compiles a value of the resource's type. `default_engine` is the provider's. Objects that are to be applied carry the
/// owner's labels; rendered ones belong to whoever applies them.
pub(super) fn compile(value: &Value, default_engine: EngineName, owner: &Owner) -> Outcome {
    let mut outcome = check(value, Some(default_engine));
    let applies = value.get("delivery").and_then(Value::as_str) == Some(APPLY);
    if let (true, Some(manifests)) = (applies, &mut outcome.manifests) {
        let all = std::mem::take(manifests).into_iter().map(|manifest| {
            let name = manifest.metadata.name.clone();
            manifest.with_labels([
                (cluster::MANAGED_BY_LABEL, cluster::FIELD_MANAGER),
                (OWNER_TAG, owner.as_str()),
                (TYPE_TAG, ResourceType::Policy.as_str()),
                (NAME_TAG, &name),
            ])
        });
        *manifests = all.collect();
    }
    outcome
}

/// Compiles without marking the owner, for a configuration that is only checked. The provider's engine is not known while it
/// is unconfigured: a policy that names none is then checked for what holds on every engine.
pub(super) fn check(value: &Value, default_engine: Option<EngineName>) -> Outcome {
    let written = config::read(value);
    let mut diagnostics = config::spellings(&written.spec);
    let chosen = value.get("engine").filter(|name| !name.is_null());
    let policy = match Policy::parse(&written.spec) {
        Ok(policy) => policy,
        Err(invalid) => {
            diagnostics.extend(config::mistakes(&invalid));
            return Outcome { manifests: None, diagnostics };
        }
    };
    let name = match chosen {
        Some(chosen) => chosen.as_str(),
        None => default_engine.map(EngineName::as_str),
    };
    let Some(name) = name else {
        // Not known yet.
        return Outcome { manifests: None, diagnostics };
    };
    let Some(engine) = engine(name) else {
        diagnostics.push(unknown_engine(name));
        return Outcome { manifests: None, diagnostics };
    };
    let compiled = (engine.compile)(&policy);
    diagnostics.extend(compiled.findings.iter().filter_map(|finding| told(engine.name, finding)));
    let refused = compiled.findings.iter().any(|finding| finding.level == Level::Refused);
    let known = written.complete && !refused;
    Outcome { manifests: known.then_some(compiled.manifests), diagnostics }
}

/// The `manifests` attribute.
pub(super) fn manifests_value(manifests: &[Manifest]) -> Value {
    Value::map(
        manifests.iter().map(|manifest| (manifest.id().to_string(), manifest.to_yaml())).collect::<BTreeMap<_, _>>(),
    )
}

/// The label selector of everything of this owner's that this resource type makes.
pub(super) fn owned_labels(owner: &Owner) -> String {
    format!("{OWNER_TAG}={owner},{TYPE_TAG}={}", ResourceType::Policy)
}

fn unknown_engine(name: &str) -> Diagnostic {
    let names: Vec<_> = egress_engines::ENGINES.iter().map(|engine| format!("{:?}", engine.name.as_str())).collect();
    let detail = format!("{name:?} is none of the engines that this version compiles to: {}.", names.join(", "));
    Diagnostic::error("The engine is not known", detail).at(Path::attribute("engine"))
}

fn told(engine: EngineName, finding: &Finding) -> Option<Diagnostic> {
    let names: Vec<_> = finding.engines_that_can.iter().map(|engine| engine.as_str()).collect();
    let others = if names.is_empty() { String::new() } else { format!("\n\nEngines that can: {}.", names.join(", ")) };
    let detail = format!("{}.{others}", upper_first(&finding.why));
    let diagnostic = match finding.level {
        Level::Refused => Diagnostic::error(format!("The engine {engine} cannot do this"), detail),
        Level::Degraded => Diagnostic::warning(format!("The engine {engine} does this only in part"), detail),
        Level::Exact => return None,
    };
    Some(diagnostic.at(attribute_path(&finding.path)))
}

/// A text as the beginning of a sentence.
pub(super) fn upper_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
