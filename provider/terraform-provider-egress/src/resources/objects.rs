//! Resources that become Kubernetes objects: compiled, shown in the plan, applied and deleted, all in one way.

mod acceptance;
mod attached;
pub(crate) mod attributes;
mod changes;
mod live;
pub(crate) mod outcome;
mod ownership;
mod requirements;
pub(crate) mod state;
pub(crate) mod values;

use std::marker::PhantomData;
use std::sync::Arc;

use async_trait::async_trait;
use cluster::{Cluster, Error};
use egress_engines::Manifest;
use egress_model::identity::ResourceType;
use tfplugin::cty::{Path, Value};
use tfplugin::provider::Context;
use tfplugin::resource::{
    ApplyResponse, CreateRequest, DeleteRequest, ImportRequest, Imported, PlanRequest, PlanResponse, Private,
    ReadRequest, ReadResponse, Resource, UpdateRequest,
};
use tfplugin::schema::{IdentitySchema, Schema};
use tfplugin::{Diagnostic, Diagnostics};

use self::attached::attachments_value;
use self::attributes::{RENDER, applies, checks_requirements, delivery_of, forces};
use self::live::{Recorded, Seen};
use self::outcome::{Outcome, manifests_value, owned_labels, requirements_value};
use self::state::{attached_of, checked, compiled, identity_of, objects_of, own_name, set, texts};
use crate::session::{Configured, InCluster, Session, Unavailable};

/// What tells one kind of resource with objects from another. All of it is pure.
pub(crate) trait Compiles: Send + Sync + 'static {
    /// The resource's name in configurations.
    const TYPE_NAME: &'static str;
    /// Its name in identities.
    const TYPE: ResourceType;
    /// What it is, in a word.
    const THING: &'static str;
    /// Whether it can add to objects of others, which its attribute `attachments` then shows.
    const ATTACHES: bool;
    /// Whether something outside its objects has to be there for them to work, which its attribute `requirements` then shows.
    const REQUIRES: bool;

    /// Its own attributes, and its description.
    fn schema() -> Schema;

    /// What identifies it, beside the provider's owner.
    fn identity_schema() -> IdentitySchema;

    /// Compiles a value of the resource's type for what is known of the cluster. Without an engine it is checked for what holds on
    /// every one.
    fn check(value: &Value, in_cluster: &InCluster) -> Outcome;

    /// What a plan says of objects (a list of lines) that go while the resource stays.
    fn told_of_removal(objects: &str) -> Option<Diagnostic> {
        (!objects.is_empty()).then(|| switched(objects))
    }

    /// The engines that it can be compiled to, among which an import looks for the one that has it.
    fn engines() -> Vec<&'static str> {
        Vec::new()
    }

    /// The identity in an import id.
    fn parse_id(id: &str) -> Result<Value, Diagnostic>;
}

/// A resource with objects.
pub(crate) struct ObjectResource<C> {
    session: Arc<Session>,
    compiles: PhantomData<C>,
}

impl<C: Compiles> ObjectResource<C> {
    /// The resource of a provider.
    pub(crate) fn new(session: Arc<Session>) -> Self {
        Self { session, compiles: PhantomData }
    }
}

#[async_trait]
impl<C: Compiles> Resource for ObjectResource<C> {
    fn type_name(&self) -> &'static str {
        C::TYPE_NAME
    }

    fn schema(&self) -> Schema {
        let mut schema = C::schema();
        schema.attributes.extend(attributes::delivery(C::THING));
        schema.attributes.extend(C::ATTACHES.then(attributes::attachments));
        schema.attributes.extend(C::REQUIRES.then(attributes::requirements).into_iter().flatten());
        schema
    }

    fn identity_schema(&self) -> Option<IdentitySchema> {
        Some(C::identity_schema())
    }

    async fn validate(&self, _cx: &Context, config: &Value) -> Diagnostics {
        let mut diagnostics = match self.session.configured() {
            Some(configured) => checked::<C>(config, &configured.in_cluster).diagnostics,
            None => checked::<C>(config, &InCluster::unconfigured()).diagnostics,
        };
        diagnostics.extend(attributes::validate(config));
        // The plan says again what is only a warning, and knows the provider's engine.
        diagnostics.into_iter().filter(|diagnostic| diagnostic.severity == tfplugin::Severity::Error).collect()
    }

    async fn plan(&self, _cx: &Context, request: PlanRequest) -> PlanResponse {
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
        let outcome = compiled::<C>(&response.planned, &configured);
        response.diagnostics.extend(outcome.diagnostics);
        response.identity = identity_of::<C>(&response.planned).or(response.identity);
        let manifests = outcome.manifests.as_deref();
        set(&mut response.planned, "manifests", manifests.map_or(Value::UNKNOWN, manifests_value));
        if C::ATTACHES {
            let attachments = manifests.map(|_| attachments_value(&outcome.attachments));
            set(&mut response.planned, "attachments", attachments.unwrap_or(Value::UNKNOWN));
        }
        if C::REQUIRES {
            set(&mut response.planned, "requirements", requirements_value(outcome.requirements.as_deref()));
        }
        for (name, value) in outcome.computed {
            set(&mut response.planned, name, value);
        }
        let requirements = outcome.requirements.as_deref().unwrap_or_default();
        if checks_requirements(&response.planned) && !requirements.is_empty() {
            let look = requirements::Look {
                changes: prior != response.planned,
                is_news: prior.get("requirements") != response.planned.get("requirements"),
            };
            response.diagnostics.extend(match &configured.kubernetes {
                Ok(kubernetes) => match kubernetes.cluster().await {
                    Ok(cluster) => requirements::check(&cluster, requirements, look).await,
                    Err(diagnostic) => diagnostic.into(),
                },
                Err(_) => requirements::without_a_cluster().into(),
            });
        }
        if !applies(&response.planned) {
            if applies(&prior) && delivery_of(&response.planned) == Some(RENDER) {
                response.diagnostics.push(left_in_the_cluster());
            }
            return response;
        }
        let renamed = identity_of::<C>(&prior) != identity_of::<C>(&response.planned);
        let replaced = renamed && !C::identity_schema().mutable;
        let before = if applies(&prior) { objects_of::<C>(&prior, &configured) } else { Vec::new() };
        let (there, left) = if replaced { (Vec::new(), before) } else { (before, Vec::new()) };
        if let Some(manifests) = manifests {
            let (own, was) = (own_name(&response.planned), own_name(&prior));
            response.diagnostics.extend(ownership::note(&configured, &own, manifests, &left, &was));
            response.diagnostics.extend(C::told_of_removal(&objects_removed(&there, manifests)));
        }
        match &configured.kubernetes {
            Err(Unavailable::Missing(diagnostic)) => response.diagnostics.push(diagnostic.clone()),
            Err(Unavailable::Unknown) => {}
            Ok(kubernetes) => {
                let fresh = |manifest: &&Manifest| !there.iter().any(|object| object.id == manifest.id());
                let fresh: Vec<&Manifest> = manifests.into_iter().flatten().filter(fresh).collect();
                if !fresh.is_empty() {
                    match kubernetes.cluster().await {
                        Ok(cluster) => {
                            let force = forces(&response.planned);
                            let told = ownership::look_before_create(&cluster, fresh, &configured, force).await;
                            response.diagnostics.extend(told);
                        }
                        Err(diagnostic) => response.diagnostics.push(diagnostic),
                    }
                }
            }
        }
        response
    }

    async fn create(&self, cx: &Context, request: CreateRequest) -> ApplyResponse {
        self.make(cx, &Value::Null, request.planned, request.private, None).await
    }

    async fn read(&self, _cx: &Context, request: ReadRequest) -> ReadResponse {
        let mut response = ReadResponse::from(request);
        response.identity = identity_of::<C>(&response.state).or(response.identity);
        if !applies(&response.state) {
            return response;
        }
        let Ok(configured) = self.session.required() else { return response };
        // A cluster that is not known yet has nothing to look at: the state stays.
        let Ok(kubernetes) = &configured.kubernetes else { return response };
        let objects = objects_of::<C>(&response.state, &configured);
        if objects.is_empty() {
            return response;
        }
        let cluster = match kubernetes.cluster().await {
            Ok(cluster) => cluster,
            Err(mut diagnostic) => {
                diagnostic.severity = tfplugin::Severity::Warning;
                response.diagnostics.push(diagnostic);
                return response;
            }
        };
        match live::observe(&cluster, &objects, &owned_labels(&configured.owner, C::TYPE)).await {
            Ok(Seen::Gone) => {
                let labels = owned_labels(&configured.owner, C::TYPE);
                response.state = imported_of_another_engine::<C>(&cluster, &response.state, &configured, &labels).await;
            }
            Ok(Seen::There(seen)) => {
                set(&mut response.state, "manifests", Value::map(seen));
                if C::ATTACHES {
                    match attached::observe(&cluster, &attached_of(&response.state)).await {
                        Ok(seen) => set(&mut response.state, "attachments", seen),
                        Err(error) => response.diagnostics.push(live::not_looked(&error)),
                    }
                }
            }
            Err(error @ Error::Unreachable(_)) => response.diagnostics.push(live::not_looked(&error)),
            Err(error) => {
                response.diagnostics.extend(objects.first().map(|object| live::told(&object.id, "read", &error)));
            }
        }
        response
    }

    async fn update(&self, cx: &Context, request: UpdateRequest) -> ApplyResponse {
        self.make(cx, &request.prior, request.planned, request.private, request.identity).await
    }

    async fn delete(&self, _cx: &Context, request: DeleteRequest) -> ApplyResponse {
        let mut response = ApplyResponse {
            state: request.prior,
            private: request.private,
            identity: request.identity,
            diagnostics: Diagnostics::new(),
        };
        if applies(&response.state) {
            match self.delete_objects(&response.state).await {
                Ok(deleted) => {
                    response.diagnostics = deleted.diagnostics;
                    set(&mut response.state, "manifests", texts(deleted.left));
                }
                Err(diagnostic) => response.diagnostics.push(diagnostic),
            }
        }
        if !response.diagnostics.has_errors() {
            response.state = Value::Null;
        }
        response
    }

    async fn import(&self, _cx: &Context, request: ImportRequest) -> Result<Imported, Diagnostics> {
        let identity = match request {
            ImportRequest::Id(id) => C::parse_id(&id).map_err(Diagnostics::from)?,
            ImportRequest::Identity(identity) => identity,
        };
        // What the objects say goes into `manifests` by the read that follows; the rest is the configuration's.
        let attributes = self.schema().attributes.into_iter().map(|attribute| {
            let part = identity.get(attribute.name).cloned();
            (attribute.name, part.unwrap_or_else(|| attribute.default.unwrap_or(Value::Null)))
        });
        let state = Value::object(attributes);
        let identity = identity_of::<C>(&state);
        Ok(Imported { state, private: Private::default(), identity, diagnostics: Diagnostics::new() })
    }
}

/// An import names no engine: what the provider's own one does not have may be another one's. Null where none has it, and for
/// a state that knows its objects.
async fn imported_of_another_engine<C: Compiles>(
    cluster: &Cluster,
    state: &Value,
    configured: &Configured,
    labels: &str,
) -> Value {
    let is_imported = ["manifests", "engine"].into_iter().all(|name| state.get(name).is_none_or(Value::is_null));
    for engine in C::engines().into_iter().filter(|_| is_imported) {
        let mut candidate = state.clone();
        set(&mut candidate, "engine", Value::from(engine));
        let objects = objects_of::<C>(&candidate, configured);
        // An engine whose kinds the cluster does not serve has nothing there.
        if let Ok(Seen::There(seen)) = live::observe(cluster, &objects, labels).await {
            set(&mut candidate, "manifests", Value::map(seen));
            return candidate;
        }
    }
    Value::Null
}

/// The objects that go while the resource stays, as when its engine changes; a line each.
fn objects_removed(there: &[Recorded], manifests: &[Manifest]) -> String {
    let goes = |object: &&Recorded| !manifests.iter().any(|manifest| manifest.id() == object.id);
    there.iter().filter(goes).map(|object| format!("  - {}", object.id)).collect::<Vec<_>>().join("\n")
}

fn switched(objects: &str) -> Diagnostic {
    Diagnostic::warning(
        "Objects will be replaced by others",
        format!(
            "These are deleted once all new objects are applied:\n\n{objects}\n\nUntil then both are in force: what only one of them allows \
             may be stopped, and nothing is open that both stop. Objects of another engine need that engine to be running; \
             this provider cannot see whether it enforces them."
        ),
    )
}

fn left_in_the_cluster() -> Diagnostic {
    Diagnostic::warning(
        "The objects stay in the cluster",
        "With delivery = \"render\" this provider does not manage them any longer: whoever applies the manifests from now on takes them over. \
         To have them deleted, destroy the resource instead.",
    )
    .at(Path::attribute("delivery"))
}
