//! Finding a resource's objects by their labels, and reading its configuration back.
//!
//! What carries another owner's labels, or none, is refused: imported without its rules a policy would deny everything.

use std::collections::BTreeSet;

use cluster::{Cluster, Error, Object};
use egress_engines::manifest::{Kind, ObjectId};
use egress_model::identity::{CONFIGURATION_ANNOTATION, NAME_TAG, NAMESPACE_TAG, TYPE_TAG};
use serde_json::Value as Json;
use tfplugin::Diagnostic;
use tfplugin::cty::Value;
use tfplugin::schema::Schema;

use super::errors::{Doing, failed, unreachable};
use super::live::{Seen, observe};
use super::outcome::{Outcome, owned_labels};
use super::ownership::{Claim, claim, resource};
use super::planning::show;
use super::state::{attached_of, compiled, set};
use super::{Compiles, attached, configuration};
use crate::session::{Configured, Failure};

/// A resource that is looked for.
struct Wanted<'a> {
    name: &'a str,
    namespace: Option<&'a str>,
    /// Whether resources of its type can have a namespace.
    is_namespaced: bool,
}

/// What carries the labels that were looked for.
#[derive(Default)]
struct Found {
    objects: Vec<Object>,
    /// The kinds that may not be listed.
    hidden: BTreeSet<&'static str>,
}

/// The state of a resource with this identity, as the next plan would have it.
pub(super) async fn import<C: Compiles>(
    schema: &Schema,
    identity: &Value,
    configured: &Configured,
) -> Result<Value, Failure> {
    let text = |name: &str| identity.get(name).and_then(Value::as_str);
    let wanted = Wanted {
        name: text("name").unwrap_or_default(),
        namespace: text("namespace"),
        is_namespaced: identity.get("namespace").is_some(),
    };
    let kubernetes = configured.kubernetes()?.ok_or_else(|| {
        Diagnostic::error(
            "Nothing can be imported yet",
            "The provider's kubernetes settings depend on values that are known only after apply. Apply what they come from first.",
        )
    })?;
    let cluster = kubernetes.cluster().await.map_err(|error| unreachable(&error, Doing::Import))?;
    let labels = format!("{},{NAME_TAG}={}", owned_labels(&configured.owner, C::TYPE), wanted.name);
    let found = look::<C>(&cluster, &wanted, &labels).await?;
    let own: Vec<&Object> = found.objects.iter().filter(|object| wanted.has(object)).collect();
    // Some engines have objects of a policy in a namespace of their own, so that only the configuration says whose they are.
    let configurations = found.objects.iter().filter_map(|object| {
        let state = configuration::value(schema, object.annotation(CONFIGURATION_ANNOTATION)?)?;
        let is_of = |name: &str, part: Option<&str>| state.get(name).and_then(Value::as_str) == part;
        (is_of("name", Some(wanted.name)) && is_of("namespace", wanted.namespace)).then_some((object.id()?, state))
    });
    let Some((first, state)) = configurations.into_iter().next() else {
        return Err(match own.first() {
            Some(object) => unreadable::<C>(&wanted, object).into(),
            None => nothing::<C>(&cluster, &wanted, &found, configured).await.into(),
        });
    };
    let (mut state, outcome) = as_compiled::<C>(state, &first, configured)?;
    show::<C>(&mut state, &outcome);
    let objects: Vec<_> = outcome.manifests.iter().flatten().map(super::live::Recorded::from).collect();
    let seen = observe(&cluster, &objects, &owned_labels(&configured.owner, C::TYPE)).await;
    if let Seen::There { manifests, .. } = seen.map_err(|(id, error)| failed(&id, "read", &error, Doing::Import))? {
        set(&mut state, "manifests", Value::map(manifests));
    }
    if C::ATTACHES {
        let seen = attached::observe(&cluster, &attached_of(&state)).await;
        set(&mut state, "attachments", seen.map_err(|(id, error)| failed(&id, "read", &error, Doing::Import))?);
    }
    Ok(state)
}

impl Wanted<'_> {
    /// Whether an object with the resource's labels is in its namespace: names are unique there only.
    fn has(&self, object: &Object) -> bool {
        let home = object.label(NAMESPACE_TAG);
        let of = home.or_else(|| object.json()["metadata"]["namespace"].as_str());
        match self.namespace {
            Some(namespace) => of == Some(namespace),
            None if self.is_namespaced => of.is_none(),
            None => home.is_none(),
        }
    }

    fn text(&self) -> String {
        resource(self.namespace, self.name)
    }
}

/// The objects with these labels, of all kinds of the resource.
async fn look<C: Compiles>(cluster: &Cluster, wanted: &Wanted<'_>, labels: &str) -> Result<Found, Failure> {
    let mut found = Found::default();
    let mut looked: Vec<&Kind> = Vec::new();
    for kind in C::kinds() {
        if looked.contains(&kind) {
            continue;
        }
        looked.push(kind);
        let mut answer = cluster.find(kind, None, labels).await;
        if let (Err(Error::Forbidden { .. }), Some(namespace)) = (&answer, wanted.namespace) {
            answer = cluster.find(kind, Some(namespace), labels).await;
        }
        match answer {
            Ok(objects) => found.objects.extend(objects),
            Err(Error::Forbidden { .. }) => _ = found.hidden.insert(kind.kind),
            // Of a kind that is not served, or whose own API server does not answer, nothing can be read.
            Err(Error::KindMissing { .. } | Error::NamespaceMissing { .. } | Error::Unavailable { .. }) => {}
            Err(error) => return Err(failed(&id_of(kind, wanted), "listed", &error, Doing::Import)),
        }
    }
    Ok(found)
}

fn id_of(kind: &Kind, wanted: &Wanted<'_>) -> ObjectId {
    ObjectId {
        api_version: kind.api_version.to_owned(),
        kind: kind.kind.to_owned(),
        plural: kind.plural.to_owned(),
        namespace: wanted.namespace.map(str::to_owned),
        name: wanted.name.to_owned(),
    }
}

/// The configuration with what it compiles to. Where the provider's engine is another one by now, the configuration names the one that
/// has the objects.
fn as_compiled<C: Compiles>(
    state: Value,
    first: &ObjectId,
    configured: &Configured,
) -> Result<(Value, Outcome), Diagnostic> {
    let has_first = |outcome: &Outcome| outcome.manifests.iter().flatten().any(|manifest| manifest.id() == *first);
    let outcome = compiled::<C>(&state, configured);
    if has_first(&outcome) {
        return Ok((state, outcome));
    }
    if state.get("engine").is_some_and(Value::is_null) {
        for engine in C::engines() {
            let mut candidate = state.clone();
            set(&mut candidate, "engine", Value::from(engine));
            let outcome = compiled::<C>(&candidate, configured);
            if has_first(&outcome) {
                return Ok((candidate, outcome));
            }
        }
    }
    let why = outcome.diagnostics.iter().map(|found| format!("\n\n{}: {}", found.summary, found.detail));
    let why: String = why.collect();
    let detail = format!(
        "With the settings of this provider block it becomes other objects, or none. Use the settings that it was \
         applied with (engine, engine_versions, cluster_cidrs and the like), or write the resource without an \
         import: the apply then replaces the objects.{why}"
    );
    Err(Diagnostic::error(format!("What {first} was made from does not become it"), detail))
}

/// The objects are the owner's, and their configuration cannot be read.
fn unreadable<C: Compiles>(wanted: &Wanted<'_>, object: &Object) -> Diagnostic {
    let id = object.id().map(|id| id.to_string()).unwrap_or_default();
    let detail = format!(
        "{id} carries the labels of this resource and no annotation {CONFIGURATION_ANNOTATION} that this version \
         can read: it was removed, or the configuration is longer than an object's annotations can be. Write the \
         resource with its rules and without an import: the plan finds the objects by their labels, and the apply \
         adopts them."
    );
    Diagnostic::error(format!("The {} {} cannot be read back", C::THING, wanted.text()), detail)
}

/// Nothing is the owner's: what else there is of this name.
async fn nothing<C: Compiles>(
    cluster: &Cluster,
    wanted: &Wanted<'_>,
    found: &Found,
    configured: &Configured,
) -> Diagnostic {
    if let Some((id, whose, since)) = foreign::<C>(cluster, wanted, configured).await {
        let detail = format!(
            "It was made at {since} and {whose}. Its rules cannot be read back, and imported without them it would \
             be another {thing}. Write the rules into the resource, without an import, and set force_conflicts = \
             true: the plan then shows what the apply changes of the object.",
            thing = C::THING
        );
        return Diagnostic::error(format!("{id} is foreign"), detail);
    }
    let hidden = if found.hidden.is_empty() {
        String::new()
    } else {
        let kinds: Vec<_> = found.hidden.iter().copied().collect();
        format!(" These kinds may not be listed with the provider's credentials: {}.", kinds.join(", "))
    };
    let detail = format!(
        "No object in the cluster at {} carries its labels with the owner {:?}. Check the id, the owner and the \
         cluster. With delivery = \"render\" there is nothing to import: write the resource, and apply.{hidden}",
        cluster.server(),
        configured.owner.as_str()
    );
    Diagnostic::error(format!("There is no {} {}", C::THING, wanted.text()), detail)
}

/// An object of this name that is another's, with whose it is and since when it exists.
async fn foreign<C: Compiles>(
    cluster: &Cluster,
    wanted: &Wanted<'_>,
    configured: &Configured,
) -> Option<(ObjectId, String, String)> {
    let labels = format!("{TYPE_TAG}={},{NAME_TAG}={}", C::TYPE, wanted.name);
    let mut candidates = look::<C>(cluster, wanted, &labels).await.map(|found| found.objects).unwrap_or_default();
    candidates.retain(|object| wanted.has(object));
    if candidates.is_empty() {
        for kind in C::kinds() {
            if let Ok(Some(object)) = cluster.get(&id_of(kind, wanted)).await {
                candidates.push(object);
                break;
            }
        }
    }
    candidates.iter().find_map(|object| match claim(object, &configured.owner, &Json::Null) {
        Claim::Foreign(whose) => Some((object.id()?, whose, object.created().to_owned())),
        Claim::Ours | Claim::Sibling(_) => None,
    })
}
