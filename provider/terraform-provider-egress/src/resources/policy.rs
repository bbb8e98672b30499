//! `egress_policy`: which traffic may leave the pods of a namespace.

mod compile;
mod config;
mod live;
mod schema;

use std::sync::Arc;

use async_trait::async_trait;
use cluster::{Cluster, Error};
use egress_engines::Manifest;
use tfplugin::cty::{Path, Value};
use tfplugin::model::{Arg, from_value};
use tfplugin::provider::Context;
use tfplugin::resource::{
    ApplyResponse, CreateRequest, DeleteRequest, ImportRequest, Imported, PlanRequest, PlanResponse, Private,
    ReadRequest, ReadResponse, Resource, UpdateRequest,
};
use tfplugin::schema::{IdentitySchema, Schema};
use tfplugin::{Diagnostic, Diagnostics};

use self::compile::{Outcome, manifests_value, owned_labels};
use self::live::Seen;
use self::schema::{APPLY, RENDER, TIMEOUTS};
use crate::resources::timeouts::{self, Operation, Timeouts};
use crate::session::{Configured, Session, Unavailable};

/// The resource.
pub(crate) struct PolicyResource {
    session: Arc<Session>,
}

impl PolicyResource {
    /// The resource of a provider.
    pub(crate) fn new(session: Arc<Session>) -> Self {
        Self { session }
    }

    fn configured(&self) -> Result<Arc<Configured>, Diagnostic> {
        self.session.configured().ok_or_else(|| {
            Diagnostic::error(
                "The provider is not configured",
                "Terraform has not sent the provider block yet. Please report this.",
            )
        })
    }
}

fn compiled(value: &Value, configured: &Configured) -> Outcome {
    compile::compile(value, configured.engine, &configured.owner)
}

fn identity_of(value: &Value) -> Option<Value> {
    let part = |name: &str| value.get(name).and_then(Value::as_str);
    Some(Value::object([("namespace", part("namespace")?), ("name", part("name")?)]))
}

fn delivery(value: &Value) -> Option<&str> {
    value.get("delivery").and_then(Value::as_str)
}

fn forces(value: &Value) -> bool {
    value.get("force_conflicts").and_then(Value::as_bool) == Some(true)
}

fn set_manifests(value: &mut Value, manifests: Value) {
    if let Some(attributes) = value.as_object_mut() {
        attributes.insert("manifests".to_owned(), manifests);
    }
}

fn timeouts_of(value: &Value) -> Arg<Timeouts> {
    value.get("timeouts").and_then(|timeouts| from_value(timeouts).ok()).unwrap_or_default()
}

/// The cluster for an apply: it has to be there.
async fn cluster_to_change(configured: &Configured) -> Result<Arc<Cluster>, Diagnostic> {
    match &configured.kubernetes {
        Ok(kubernetes) => kubernetes.cluster().await,
        Err(Unavailable::Missing(diagnostic)) => Err(diagnostic.clone()),
        Err(Unavailable::Unknown) => Err(Diagnostic::error(
            "The cluster is not known",
            "The provider's kubernetes settings depend on values that are not known even now. Nothing was changed.",
        )),
    }
}

#[async_trait]
impl Resource for PolicyResource {
    fn type_name(&self) -> &'static str {
        "egress_policy"
    }

    fn schema(&self) -> Schema {
        schema::schema()
    }

    fn identity_schema(&self) -> Option<IdentitySchema> {
        Some(schema::identity_schema())
    }

    async fn validate(&self, _cx: &Context, config: &Value) -> Diagnostics {
        let mut diagnostics =
            compile::check(config, self.session.configured().map(|configured| configured.engine)).diagnostics;
        diagnostics.extend(timeouts::validate(&timeouts_of(config)));
        // The plan says again what is only a warning, and knows the provider's engine.
        diagnostics.into_iter().filter(|diagnostic| diagnostic.severity == tfplugin::Severity::Error).collect()
    }

    async fn plan(&self, _cx: &Context, request: PlanRequest) -> PlanResponse {
        let prior = request.prior.clone();
        let mut response = PlanResponse::from(request);
        if response.planned.is_null() {
            return response;
        }
        let configured = match self.configured() {
            Ok(configured) => configured,
            Err(diagnostic) => {
                response.diagnostics.push(diagnostic);
                return response;
            }
        };
        let outcome = compiled(&response.planned, &configured);
        response.diagnostics.extend(outcome.diagnostics);
        response.identity = identity_of(&response.planned).or(response.identity);
        let manifests = outcome.manifests.as_deref();
        set_manifests(&mut response.planned, manifests.map_or(Value::UNKNOWN, manifests_value));
        if delivery(&response.planned) != Some(APPLY) {
            if delivery(&prior) == Some(APPLY) && delivery(&response.planned) == Some(RENDER) {
                response.diagnostics.push(left_in_the_cluster());
            }
            return response;
        }
        match &configured.kubernetes {
            Err(Unavailable::Missing(diagnostic)) => response.diagnostics.push(diagnostic.clone()),
            Err(Unavailable::Unknown) => {}
            Ok(kubernetes) => {
                let replaced = identity_of(&prior) != identity_of(&response.planned);
                let creates = prior.is_null() || replaced || delivery(&prior) != Some(APPLY);
                if let (true, Some(manifests)) = (creates, manifests) {
                    match kubernetes.cluster().await {
                        Ok(cluster) => {
                            let (owner, adoption) = (&configured.owner, configured.adoption);
                            let force = forces(&response.planned);
                            let told = live::look_before_create(&cluster, manifests, owner, adoption, force).await;
                            response.diagnostics.extend(told);
                        }
                        Err(diagnostic) => response.diagnostics.push(diagnostic),
                    }
                }
            }
        }
        response
    }

    async fn create(&self, _cx: &Context, request: CreateRequest) -> ApplyResponse {
        self.make(&Value::Null, request.planned, request.private, None).await
    }

    async fn read(&self, _cx: &Context, request: ReadRequest) -> ReadResponse {
        let mut response = ReadResponse::from(request);
        response.identity = identity_of(&response.state).or(response.identity);
        if delivery(&response.state) != Some(APPLY) {
            return response;
        }
        let Ok(configured) = self.configured() else { return response };
        // A cluster that is not known yet has nothing to look at: the state stays.
        let Ok(kubernetes) = &configured.kubernetes else { return response };
        let Some(manifests) = compiled(&response.state, &configured).manifests else { return response };
        let cluster = match kubernetes.cluster().await {
            Ok(cluster) => cluster,
            Err(mut diagnostic) => {
                diagnostic.severity = tfplugin::Severity::Warning;
                response.diagnostics.push(diagnostic);
                return response;
            }
        };
        match live::observe(&cluster, &manifests, &owned_labels(&configured.owner)).await {
            Ok(Seen::Gone) => response.state = Value::Null,
            Ok(Seen::There(seen)) => set_manifests(&mut response.state, live::seen_value(seen)),
            Err(error @ Error::Unreachable(_)) => response.diagnostics.push(live::not_looked(&error)),
            Err(error) => {
                let id = manifests.first().map(Manifest::id);
                response.diagnostics.extend(id.map(|id| live::told(&id, "read", &error)));
            }
        }
        response
    }

    async fn update(&self, _cx: &Context, request: UpdateRequest) -> ApplyResponse {
        self.make(&request.prior, request.planned, request.private, request.identity).await
    }

    async fn delete(&self, _cx: &Context, request: DeleteRequest) -> ApplyResponse {
        let mut response = ApplyResponse {
            state: request.prior,
            private: request.private,
            identity: request.identity,
            diagnostics: Diagnostics::new(),
        };
        if delivery(&response.state) == Some(APPLY) {
            let outcome = self.delete_objects(&response.state).await;
            response.diagnostics.extend(outcome.unwrap_or_else(Diagnostics::from));
        }
        if !response.diagnostics.has_errors() {
            response.state = Value::Null;
        }
        response
    }

    async fn import(&self, _cx: &Context, request: ImportRequest) -> Result<Imported, Diagnostics> {
        let (namespace, name) = match &request {
            ImportRequest::Id(id) => match id.split_once('/') {
                Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() && !name.contains('/') => {
                    (namespace.to_owned(), name.to_owned())
                }
                _ => {
                    let detail =
                        format!("{id:?} is not of the form \"namespace/name\", such as \"production/backend\".");
                    return Err(Diagnostic::error("The import id cannot be used", detail).into());
                }
            },
            ImportRequest::Identity(identity) => {
                let part = |part: &str| identity.get(part).and_then(Value::as_str).unwrap_or_default().to_owned();
                (part("namespace"), part("name"))
            }
        };
        // What the object says goes into `manifests` by the read that follows; the rest of the policy is the configuration's.
        let attributes = self.schema().attributes.into_iter().map(|attribute| {
            let value = match attribute.name {
                "namespace" => Value::from(namespace.as_str()),
                "name" => Value::from(name.as_str()),
                _ => attribute.default.unwrap_or(Value::Null),
            };
            (attribute.name, value)
        });
        let state = Value::object(attributes);
        let identity = identity_of(&state);
        Ok(Imported { state, private: Private::default(), identity, diagnostics: Diagnostics::new() })
    }
}

impl PolicyResource {
    /// Brings the cluster to what was planned. On failure the state says what was reached: the planned one with the manifests
    /// that were applied, or the prior one.
    async fn make(&self, prior: &Value, planned: Value, private: Private, identity: Option<Value>) -> ApplyResponse {
        let mut response = ApplyResponse { state: prior.clone(), private, identity, diagnostics: Diagnostics::new() };
        let configured = match self.configured() {
            Ok(configured) => configured,
            Err(diagnostic) => {
                response.diagnostics.push(diagnostic);
                return response;
            }
        };
        let outcome = compiled(&planned, &configured);
        let Some(manifests) = outcome.manifests else {
            response.diagnostics.extend(outcome.diagnostics);
            return response;
        };
        let mut state = planned;
        response.identity = identity_of(&state);
        set_manifests(&mut state, manifests_value(&manifests));
        if delivery(&state) != Some(APPLY) {
            response.state = state;
            return response;
        }
        let cluster = match cluster_to_change(&configured).await {
            Ok(cluster) => cluster,
            Err(diagnostic) => {
                response.diagnostics.push(diagnostic);
                return response;
            }
        };
        let fresh = delivery(prior) != Some(APPLY);
        let applied = live::apply(&cluster, &manifests, &configured.owner, forces(&state), fresh).await;
        response.diagnostics.extend(applied.diagnostics);
        if applied.done.len() == manifests.len() {
            response.state = state;
        } else if prior.is_null() && !applied.done.is_empty() {
            let done: Vec<_> = manifests.into_iter().filter(|m| applied.done.contains(&m.id().to_string())).collect();
            set_manifests(&mut state, manifests_value(&done));
            response.state = state;
        }
        response
    }

    async fn delete_objects(&self, state: &Value) -> Result<Diagnostics, Diagnostic> {
        let configured = self.configured()?;
        let outcome = compiled(state, &configured);
        let Some(manifests) = outcome.manifests else { return Ok(outcome.diagnostics) };
        let cluster = cluster_to_change(&configured).await?;
        let patience = TIMEOUTS.limit(&timeouts_of(state), Operation::Delete);
        Ok(live::delete(&cluster, &manifests, &configured.owner, patience).await)
    }
}

fn left_in_the_cluster() -> Diagnostic {
    Diagnostic::warning(
        "The policy's objects stay in the cluster",
        "With delivery = \"render\" this provider does not manage them any longer: whoever applies the manifests from now on takes them over. \
         To have them deleted, destroy the resource instead.",
    )
    .at(Path::attribute("delivery"))
}

#[cfg(test)]
mod tests;
