//! Looking at the cluster, in a plan, for what the apply would meet: objects that exist already, conflicts of ownership, and kinds that are
//! not served yet.

use std::time::Duration;

use cluster::{Cluster, Error, FieldConflict, Mode, Object, TakeOver};
use egress_engines::Manifest;
use egress_engines::manifest::ObjectId;
use serde_json::Value as Json;
use tfplugin::cty::Path;
use tfplugin::{Diagnostic, Diagnostics, Severity};

use super::errors::{Doing, failed, not_served};
use super::live::Recorded;
use super::ownership::{Claim, claim, foreign, sibling};
use super::takeover;
use crate::resources::adoption::{Finder, Found, age_since, diagnose};
use crate::session::{Configured, Failure};

/// What an apply would do, for the look before it.
#[derive(Clone)]
pub(super) struct Intent<'a> {
    /// The objects that the resource has now.
    pub(super) there: &'a [Recorded],
    /// Whether the user changed the resource. Otherwise its objects were changed outside of Terraform: what hinders the apply is then a
    /// warning, because Terraform makes such a plan before a destroy too, which it must not hinder.
    pub(super) is_asked_for: bool,
    /// Whether fields and objects of others are taken over.
    pub(super) force: bool,
    /// Whether the state has what carries the resource's identity.
    pub(super) inherits: bool,
    /// For whom objects are found that exist already.
    pub(super) finder: Finder<'a>,
    /// How long the apply waits for a kind that is not served yet, as the user writes it.
    pub(super) patience: &'a str,
}

/// Looks at each object that the apply would make or change.
pub(super) async fn look(
    cluster: &Cluster,
    manifests: &[Manifest],
    intent: Intent<'_>,
    configured: &Configured,
) -> Result<Diagnostics, Failure> {
    let mut diagnostics = Diagnostics::new();
    let mut found = Vec::new();
    for manifest in manifests {
        let (id, desired) = (manifest.id(), manifest.to_json());
        let before = intent.there.iter().find(|object| object.id == id);
        if before.is_some_and(|before| before.json == desired) {
            continue;
        }
        let live = match cluster.get(&id).await {
            Ok(live) => live,
            Err(Error::KindMissing { .. }) => {
                if configured.this_run.missing_kinds.announce(&id) {
                    diagnostics.push(not_served_yet(&id, intent.patience));
                }
                continue;
            }
            Err(error) => return Err(failed(&id, "read", &error, Doing::Plan)),
        };
        // What is not there has no owners.
        let Some(live) = live else { continue };
        match before {
            Some(_) => diagnostics.extend(of_known(&id, live.json(), &desired, intent.force)),
            None => match claim(&live, &configured.owner, &desired) {
                Claim::Ours => found.push(Found { what: id.to_string(), age: age_of(&live) }),
                Claim::Sibling(other) => diagnostics.push(sibling(&id, &other)),
                Claim::Foreign(whose) if intent.force => {
                    diagnostics.push(takeover::diagnose(&id, live.json(), &whose, &desired));
                }
                Claim::Foreign(whose) => diagnostics.push(foreign(&id, live.created(), &whose)),
            },
        }
        if !diagnostics.has_errors() {
            let ours = before.map(|before| &before.json);
            diagnostics.extend(rehearse(cluster, manifest, &id, ours, intent.force).await?);
        }
    }
    if !intent.inherits {
        diagnostics.extend(diagnose(configured.adoption, &found, &intent.finder));
    }
    if !intent.is_asked_for {
        diagnostics =
            diagnostics.into_iter().map(|found| Diagnostic { severity: Severity::Warning, ..found }).collect();
    }
    Ok(diagnostics)
}

fn age_of(object: &Object) -> Option<Duration> {
    let created: jiff::Timestamp = object.created().parse().ok()?;
    u64::try_from(created.as_second()).ok().map(age_since)
}

/// An object of this resource to which somebody added the other direction.
fn of_known(id: &ObjectId, live: &Json, desired: &Json, force: bool) -> Option<Diagnostic> {
    let refusal = takeover::refusal(id, live, desired, takeover::CHANGED)?;
    Some(if force { Diagnostic { severity: Severity::Warning, ..refusal } } else { refusal })
}

/// Has the API server do everything but store the object: that finds the conflicts that the apply would meet.
async fn rehearse(
    cluster: &Cluster,
    manifest: &Manifest,
    id: &ObjectId,
    ours: Option<&Json>,
    force: bool,
) -> Result<Option<Diagnostic>, Failure> {
    let take_over = match (force, ours) {
        (true, _) => TakeOver::Everything,
        (false, Some(ours)) => TakeOver::TakeBack(ours),
        (false, None) => TakeOver::Nothing,
    };
    match cluster.apply(manifest, take_over, Mode::DryRun).await {
        Ok(applied) => Ok(taken_back(id, &applied.taken_back)),
        Err(error @ Error::Conflict(_)) => Ok(Some(failed(id, "applied", &error, Doing::Plan).diagnostic)),
        Err(error) if error.is_of_the_cluster() => Err(failed(id, "applied", &error, Doing::Plan)),
        // Whoever plans need not be allowed to apply, webhooks need not take part in a rehearsal, and what the object needs may be made
        // in the same apply.
        Err(_) => Ok(None),
    }
}

fn taken_back(id: &ObjectId, conflicts: &[FieldConflict]) -> Option<Diagnostic> {
    if conflicts.is_empty() {
        return None;
    }
    let list: Vec<_> =
        conflicts.iter().map(|conflict| format!("  - {} ({})", conflict.field, conflict.manager)).collect();
    Some(Diagnostic::warning(
        format!("Changes of {id} by others are undone"),
        format!(
            "These fields were applied by this resource, and somebody changed them since:\n\n{}\n\nThe apply brings \
             them back to what the plan shows. If the change is meant to stay, write it into this resource.",
            list.join("\n")
        ),
    ))
}

fn not_served_yet(id: &ObjectId, patience: &str) -> Diagnostic {
    let (why, path) = not_served(&id.kind, &id.api_version);
    let diagnostic = Diagnostic::warning(
        format!("The cluster does not serve {} yet", id.kind),
        format!(
            "{why} If it is installed in this very apply, nothing is wrong: the apply waits for the kind up to \
             {patience} (timeouts). What is there already could not be checked."
        ),
    );
    diagnostic.at(path.unwrap_or_else(|| Path::attribute("timeouts")))
}
