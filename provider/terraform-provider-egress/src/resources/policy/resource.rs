//! The policy with its routes. Traffic may be sent only once it leaves through the gateway: routes come before the policy's
//! objects and go after them, and of a change the new ones come first.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use cloud::Limits;
use egress_model::identity::Holder;
use tfplugin::cty::Value;
use tfplugin::provider::Context;
use tfplugin::resource::{
    ApplyResponse, CreateRequest, DeleteRequest, ImportRequest, Imported, PlanRequest, PlanResponse, ReadRequest,
    ReadResponse, Resource, UpdateRequest,
};
use tfplugin::schema::{IdentitySchema, Schema};
use tfplugin::{Diagnostic, Diagnostics};

use super::EgressPolicy;
use super::via;
use crate::resources::objects::ObjectResource;
use crate::resources::objects::state::{identity_of, set};
use crate::resources::registered::Located;
use crate::session::{Configured, Session, Spot};

/// A route is there at once; what takes long is EC2 that does not know a new gateway yet.
const PATIENCE: Duration = Duration::from_mins(5);

/// The resource.
pub(crate) struct PolicyResource {
    session: Arc<Session>,
    objects: ObjectResource<EgressPolicy>,
}

impl PolicyResource {
    pub(crate) fn new(session: Arc<Session>) -> Self {
        Self { objects: ObjectResource::new(session.clone()), session }
    }

    async fn route(&self, cx: &Context, prior: &Value, planned: &Value) -> Result<via::Reached, Diagnostic> {
        let limits = Limits::within(cx.stop.clone(), PATIENCE);
        Ok(via::route(&*self.session.required()?, prior, planned, &limits).await)
    }

    async fn remove(&self, cx: &Context, prior: &Value, planned: &Value) -> Result<via::Reached, Diagnostic> {
        let limits = Limits::within(cx.stop.clone(), PATIENCE);
        Ok(via::remove(&*self.session.required()?, prior, planned, &limits).await)
    }
}

fn is_empty(routes: &Value) -> bool {
    routes.as_map().is_none_or(BTreeMap::is_empty)
}

/// A policy that has routes and no objects.
fn without_objects(value: &Value, routes: Value) -> Value {
    let mut state = value.clone();
    set(&mut state, "manifests", Value::map(BTreeMap::<String, Value>::new()));
    set(&mut state, "routes", routes);
    set(&mut state, "egress_cidrs", via::egress_cidrs(value));
    state
}

fn joined(first: Diagnostics, then: Diagnostics) -> Diagnostics {
    first.into_iter().chain(then).collect()
}

#[async_trait]
impl Located for PolicyResource {
    async fn spot(&self, configured: &Configured, value: &Value) -> Option<Spot> {
        self.objects.spot(configured, value).await
    }

    async fn inherited(
        &self,
        configured: &Configured,
        state: Value,
        others: &BTreeSet<Holder>,
    ) -> Result<Value, Diagnostics> {
        let mut inherited = self.objects.inherited(configured, state.clone(), others).await?;
        if inherited.get("manifests") != state.get("manifests") {
            // A route carries no holder. It is of whoever has the objects: to leave one too many stops nothing.
            set(&mut inherited, "routes", Value::map(BTreeMap::<String, Value>::new()));
        }
        Ok(inherited)
    }
}

#[async_trait]
impl Resource for PolicyResource {
    fn type_name(&self) -> &'static str {
        self.objects.type_name()
    }

    fn schema(&self) -> Schema {
        self.objects.schema()
    }

    fn identity_schema(&self) -> Option<IdentitySchema> {
        self.objects.identity_schema()
    }

    async fn validate(&self, cx: &Context, config: &Value) -> Diagnostics {
        self.objects.validate(cx, config).await
    }

    async fn plan(&self, cx: &Context, request: PlanRequest) -> PlanResponse {
        let prior = request.prior.clone();
        let mut response = self.objects.plan(cx, request).await;
        if response.planned.is_null() || response.diagnostics.has_errors() {
            return response;
        }
        let Ok(configured) = self.session.required() else { return response };
        let via::Planned { routes, diagnostics } = via::planned(&configured, &prior, &response.planned).await;
        set(&mut response.planned, "routes", routes);
        response.diagnostics.extend(diagnostics);
        response
    }

    async fn create(&self, cx: &Context, request: CreateRequest) -> ApplyResponse {
        let planned = request.planned.clone();
        let failed = |routes: Value, diagnostics, private| {
            let state = if is_empty(&routes) { Value::Null } else { without_objects(&planned, routes) };
            ApplyResponse { identity: identity_of::<EgressPolicy>(&state), state, private, diagnostics }
        };
        let routed = match self.route(cx, &Value::Null, &planned).await {
            Ok(routed) => routed,
            Err(diagnostic) => return failed(Value::Null, diagnostic.into(), request.private),
        };
        if routed.diagnostics.has_errors() {
            return failed(routed.routes, routed.diagnostics, request.private);
        }
        let mut response = self.objects.create(cx, request).await;
        if response.state.is_null() {
            return failed(routed.routes, joined(routed.diagnostics, response.diagnostics), response.private);
        }
        set(&mut response.state, "routes", routed.routes);
        response.diagnostics = joined(routed.diagnostics, response.diagnostics);
        response
    }

    async fn read(&self, cx: &Context, request: ReadRequest) -> ReadResponse {
        let before = request.state.clone();
        let mut response = self.objects.read(cx, request).await;
        let routes = before.get("routes").filter(|routes| !is_empty(routes));
        let (Some(routes), Ok(configured)) = (routes, self.session.required()) else { return response };
        if response.state.is_null() {
            // Its objects are gone; without a state nobody would remove the routes.
            response.state = without_objects(&before, routes.clone());
        }
        match via::seen(&configured, &response.state).await {
            Ok(seen) => set(&mut response.state, "routes", seen),
            // A refresh that could not look has not found that nothing changed.
            Err(diagnostics) => response.diagnostics.extend(diagnostics),
        }
        response
    }

    async fn update(&self, cx: &Context, request: UpdateRequest) -> ApplyResponse {
        let (prior, planned) = (request.prior.clone(), request.planned.clone());
        let stopped = |routes, diagnostics, request: UpdateRequest| {
            let mut state = request.prior;
            set(&mut state, "routes", routes);
            ApplyResponse { state, private: request.private, identity: request.identity, diagnostics }
        };
        let routed = match self.route(cx, &prior, &planned).await {
            Ok(routed) => routed,
            Err(diagnostic) => {
                let routes = prior.get("routes").cloned().unwrap_or(Value::Null);
                return stopped(routes, diagnostic.into(), request);
            }
        };
        if routed.diagnostics.has_errors() {
            return stopped(routed.routes, routed.diagnostics, request);
        }
        let mut response = self.objects.update(cx, request).await;
        set(&mut response.state, "routes", routed.routes);
        response.diagnostics = joined(routed.diagnostics, response.diagnostics);
        if response.diagnostics.has_errors() {
            return response;
        }
        match self.remove(cx, &prior, &planned).await {
            Ok(removed) => {
                set(&mut response.state, "routes", removed.routes);
                response.diagnostics.extend(removed.diagnostics);
            }
            Err(diagnostic) => response.diagnostics.push(diagnostic),
        }
        response
    }

    async fn delete(&self, cx: &Context, request: DeleteRequest) -> ApplyResponse {
        let prior = request.prior.clone();
        let mut response = self.objects.delete(cx, request).await;
        if response.diagnostics.has_errors() {
            return response;
        }
        let (left, diagnostics) = match self.remove(cx, &prior, &Value::Null).await {
            Ok(removed) => (removed.routes, removed.diagnostics),
            Err(diagnostic) => (prior.get("routes").cloned().unwrap_or(Value::Null), diagnostic.into()),
        };
        if diagnostics.has_errors() {
            response.identity = identity_of::<EgressPolicy>(&prior);
            response.state = without_objects(&prior, left);
        }
        response.diagnostics.extend(diagnostics);
        response
    }

    async fn import(&self, cx: &Context, request: ImportRequest) -> Result<Imported, Diagnostics> {
        let mut imported = self.objects.import(cx, request).await?;
        let routes = via::found(&*self.session.required()?, &imported.state).await?;
        set(&mut imported.state, "routes", routes);
        Ok(imported)
    }
}
