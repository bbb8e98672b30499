//! The plan of a resource with objects.

use std::collections::BTreeMap;

use egress_engines::Manifest;
use serde_json::Value as Json;
use tfplugin::cty::{Path, Value};
use tfplugin::provider::Context;
use tfplugin::resource::{PlanRequest, PlanResponse};
use tfplugin::schema::{Mode, Schema};
use tfplugin::{Diagnostic, Diagnostics, Severity};

use super::attached::attachments_value;
use super::attributes::{RENDER, applies, checks_requirements, delivery_of, forces, timeout_text};
use super::errors::{Doing, unreachable};
use super::live::{Recorded, recorded};
use super::look::{Intent, look};
use super::outcome::{Outcome, manifests_value, requirements_value};
use super::state::{attached_of, compiled, id_of, identity_of, name_of, objects_of, set, spot_of};
use super::{Compiles, ObjectResource, attached, ownership, requirements, selection, unless_interrupted};
use crate::resources::adoption::Finder;
use crate::resources::instance::Instance;
use crate::resources::timeouts::Operation;
use crate::session::{Call, Configured, Failure};

/// A plan with what it was made from.
struct Draft<'a> {
    prior: &'a Value,
    planned: &'a Value,
    outcome: &'a Outcome,
    /// The objects that are there.
    there: &'a [Recorded],
    /// Whether the state has what carries the resource's identity.
    inherits: bool,
}

impl<C: Compiles> ObjectResource<C> {
    /// Shows in a plan what the resource becomes, and says what the apply would meet.
    pub(super) async fn refine(&self, cx: &Context, request: PlanRequest) -> PlanResponse {
        let prior = request.prior.clone();
        let mut response = PlanResponse::from(request);
        if response.planned.is_null() {
            return response;
        }
        let configured = match self.session.required() {
            Ok(configured) => configured,
            Err(diagnostic) => {
                response.diagnostics.push(diagnostic);
                return response;
            }
        };
        let mut outcome = compiled::<C>(&response.planned, &configured);
        let diagnostics = std::mem::take(&mut outcome.diagnostics);
        response.diagnostics.extend(of_a_change(diagnostics, &prior, outcome.manifests.as_deref()));
        response.identity = identity_of::<C>(&response.planned).or(response.identity);
        show::<C>(&mut response.planned, &outcome);
        let there = if applies(&prior) { objects_of::<C>(&prior, &configured) } else { Vec::new() };
        let Instance { inherits, .. } = Instance::of(&response.private);
        let draft = Draft { prior: &prior, planned: &response.planned, outcome: &outcome, there: &there, inherits };
        if applies(&response.planned) {
            if let Some(manifests) = &outcome.manifests {
                let own = spot_of::<C>(&response.planned);
                let shared = own.map(|own| ownership::note(&configured, &own, manifests));
                response.diagnostics.extend(shared.into_iter().flatten());
                response.diagnostics.extend(C::removal_diagnostic(&objects_removed(&there, manifests)));
            }
        } else if applies(&prior) && delivery_of(&response.planned) == Some(RENDER) {
            response.diagnostics.push(left_in_the_cluster());
        }
        match unless_interrupted(cx, Doing::Plan, seen_in_the_cluster::<C>(&self.schema, draft, &configured)).await {
            Ok(seen) => response.diagnostics.extend(seen),
            Err(failure) => {
                // What the plan shows does not depend on the cluster.
                let report = self.without_a_look(failure, &response.planned, Call::PlanUnseen, &configured);
                response.diagnostics.extend(report);
            }
        }
        response
    }
}

/// Sets the attributes that are computed, in a plan or in an imported state.
pub(super) fn show<C: Compiles>(planned: &mut Value, outcome: &Outcome) {
    let manifests = outcome.manifests.as_deref();
    set(planned, "manifests", manifests.map_or(Value::UNKNOWN, manifests_value));
    if C::ATTACHES {
        let attachments = manifests.map(|_| attachments_value(&outcome.attachments));
        set(planned, "attachments", attachments.unwrap_or(Value::UNKNOWN));
    }
    if C::REQUIRES {
        set(planned, "requirements", requirements_value(outcome.requirements.as_deref()));
    }
    for (name, value) in &outcome.computed {
        set(planned, name, value.clone());
    }
    let id = id_of::<C>(planned);
    set(planned, "id", id);
}

/// What the cluster says of a plan.
async fn seen_in_the_cluster<C: Compiles>(
    schema: &Schema,
    draft: Draft<'_>,
    configured: &Configured,
) -> Result<Diagnostics, Failure> {
    let Draft { prior, planned, outcome, there, inherits } = draft;
    let mut diagnostics = Diagnostics::new();
    let requirements = outcome.requirements.as_deref().unwrap_or_default();
    let checks = checks_requirements(planned) && !requirements.is_empty();
    let manifests = outcome.manifests.as_deref().unwrap_or_default();
    let looks = applies(planned) && !is_unchanged(there, manifests);
    let kubernetes = match configured.kubernetes() {
        Ok(Some(kubernetes)) => kubernetes,
        unavailable => {
            if checks {
                diagnostics.push(requirements::without_a_cluster());
            }
            diagnostics.extend(unavailable.err().filter(|_| applies(planned)));
            return Ok(diagnostics);
        }
    };
    let attaches = C::ATTACHES && applies(planned) && !outcome.attachments.is_empty();
    if !checks && !looks && !attaches {
        return Ok(diagnostics);
    }
    let cluster = kubernetes.cluster().await.map_err(|error| unreachable(&error, Doing::Plan))?;
    if checks {
        let look = requirements::Look {
            changes: prior != planned,
            is_news: prior.get("requirements") != planned.get("requirements"),
        };
        let seen = requirements::check(&cluster, requirements, look).await;
        diagnostics.extend(seen.map_err(|error| unreachable(&error, Doing::Plan))?);
        if C::IS_SELECTED {
            let taken = selection::check(&cluster, manifests, look).await;
            diagnostics.extend(taken.map_err(|error| unreachable(&error, Doing::Plan))?);
        }
    }
    if looks {
        let (owner, id) = (configured.owner.as_str(), id_of::<C>(planned));
        let finder = Finder {
            things: "Objects",
            resource: C::TYPE_NAME,
            identity: &format!("{owner}/{}/{}", C::TYPE, name_of(planned)),
            owner,
            import_id: id.as_str().unwrap_or_default(),
            path: Path::attribute("name"),
        };
        let intent = Intent {
            inherits,
            finder,
            there,
            is_asked_for: is_asked_for(schema, prior, planned),
            force: forces(planned),
            patience: &timeout_text(planned, Operation::of(prior)),
        };
        diagnostics.extend(look(&cluster, manifests, intent, configured).await?);
    }
    if attaches {
        let manager = attached::manager(C::TYPE, name_of(planned));
        let before = attached_of(prior);
        diagnostics.extend(attached::rehearse(&cluster, &outcome.attachments, &before, &manager).await?);
    }
    Ok(diagnostics)
}

/// Whether the configuration is another than the one that was applied.
fn is_asked_for(schema: &Schema, prior: &Value, planned: &Value) -> bool {
    let written =
        schema.attributes.iter().filter(|attribute| attribute.mode != Mode::Computed).map(|attribute| attribute.name);
    let mut written = written.chain(schema.blocks.iter().map(|block| block.name));
    written.any(|name| prior.get(name) != planned.get(name))
}

fn is_unchanged(there: &[Recorded], manifests: &[Manifest]) -> bool {
    let is_there = |manifest: &Manifest| {
        let id = manifest.id();
        there.iter().any(|object| object.id == id && object.json == manifest.to_json())
    };
    manifests.iter().all(is_there)
}

/// The messages about what a resource becomes. Warnings say what the user gets with a change, so that a plan that leaves the objects'
/// content as it is does not repeat them.
fn of_a_change(diagnostics: Diagnostics, prior: &Value, manifests: Option<&[Manifest]>) -> Diagnostics {
    let content = |object: &Json| {
        let mut object = object.clone();
        if let Some(fields) = object.as_object_mut() {
            fields.remove("metadata");
        }
        object
    };
    let unchanged = manifests.is_some_and(|manifests| {
        let before = prior.get("manifests").map(recorded).unwrap_or_default();
        let before: BTreeMap<_, _> = before.iter().map(|object| (object.id.clone(), content(&object.json))).collect();
        let now: BTreeMap<_, _> =
            manifests.iter().map(|manifest| (manifest.id(), content(&manifest.to_json()))).collect();
        !prior.is_null() && before == now
    });
    diagnostics.into_iter().filter(|diagnostic| !unchanged || diagnostic.severity == Severity::Error).collect()
}

/// The objects that go while the resource stays, as when its engine changes; a line each.
fn objects_removed(there: &[Recorded], manifests: &[Manifest]) -> String {
    let goes = |object: &&Recorded| !manifests.iter().any(|manifest| manifest.id() == object.id);
    there.iter().filter(goes).map(|object| format!("  - {}", object.id)).collect::<Vec<_>>().join("\n")
}

/// What a plan says of objects that are replaced by others.
pub(super) fn switched(objects: &str) -> Diagnostic {
    Diagnostic::warning(
        "Objects will be replaced by others",
        format!(
            "These are deleted once all new objects are applied:\n\n{objects}\n\nUntil then both are in force: what \
             only one of them allows may be stopped, and nothing is open that both stop. Objects of another engine \
             need that engine to be running; this provider cannot see whether it enforces them."
        ),
    )
}

fn left_in_the_cluster() -> Diagnostic {
    Diagnostic::warning(
        "The objects stay in the cluster",
        "With delivery = \"render\" this provider does not manage them any longer: whoever applies the manifests \
         from now on takes them over. To have them deleted, destroy the resource instead.",
    )
    .at(Path::attribute("delivery"))
}
