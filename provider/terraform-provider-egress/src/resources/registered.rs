//! Every resource behind the register of its run.
//!
//! Terraform replaces an instance by removing it and creating another, in either order, and asks the provider for plans of halves. For
//! allow-listed addresses and for policies that would be the loss that this provider exists to prevent. So an instance that takes the
//! place of another one with the same identity changes what that one had, and what it has adopted is not removed with the other.

mod report;

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use egress_model::identity::Holder;
use tfplugin::cty::Value;
use tfplugin::provider::Context;
use tfplugin::resource::{
    ApplyResponse, CreateRequest, DeleteRequest, Deletion, ImportRequest, Imported, MoveSource, Moved, PlanRequest,
    PlanResponse, Private, ReadRequest, ReadResponse, Resource, UpdateRequest,
};
use tfplugin::schema::{IdentitySchema, Schema};
use tfplugin::{Diagnostic, Diagnostics};
use tokio::sync::OwnedMutexGuard;

use super::instance::{Instance, new_holder};
use crate::session::{Configured, Register, Role, Session, Spot};

/// A resource that stands for objects with an identity in some place.
#[async_trait]
pub(crate) trait Located: Resource {
    /// What a value stands for; `None` where that is not known yet, or nothing.
    async fn spot(&self, configured: &Configured, value: &Value) -> Option<Spot>;

    /// What of a state the instance that takes its place inherits: all but what `others` have adopted by now. Null when that is nothing.
    async fn inherited(
        &self,
        configured: &Configured,
        state: Value,
        others: &BTreeSet<Holder>,
    ) -> Result<Value, Diagnostics>;
}

/// A resource behind the register.
pub(crate) struct Registered<R> {
    session: Arc<Session>,
    resource: R,
}

impl<R: Located> Registered<R> {
    pub(crate) fn new(session: Arc<Session>, resource: R) -> Self {
        Self { session, resource }
    }

    async fn spot(&self, configured: &Configured, value: &Value) -> Option<Spot> {
        if value.is_null() { None } else { self.resource.spot(configured, value).await }
    }

    /// Notes what a plan does, and completes the private data of the instance. The answer is why the plan cannot stand.
    async fn note(&self, configured: &Configured, request: &mut PlanRequest) -> Option<Diagnostic> {
        let register = &configured.this_run.register;
        let was = self.spot(configured, &request.prior).await;
        let now = self.spot(configured, &request.planned).await;
        let instance = Instance::of(&request.private);
        let known = instance.holder.clone();
        let holder = known.clone().unwrap_or_else(new_holder);
        if !request.prior.is_null() {
            let leaves = request.planned.is_null() || (now.is_some() && now != was);
            let left = was.as_ref().filter(|_| leaves);
            let left = left.and_then(|was| Some(report::clash(register.plan(was, &holder, Role::Leaving)?, was)));
            // In another place it is the new instance that is planned next.
            let stays = request.requires_replace.is_empty() || now == was;
            let kept = now.as_ref().filter(|_| stays);
            let kept = kept.and_then(|now| Some(report::clash(register.plan(now, &holder, Role::Kept)?, now)));
            return left.or(kept);
        }
        // The second plan of a replacement is given the private data of the first.
        let own = if known.is_some() { new_holder() } else { holder.clone() };
        let made = now.as_ref();
        let clash = made.and_then(|now| Some(report::clash(register.plan(now, &holder, Role::Made)?, now)));
        let inherits = made.is_some_and(|now| register.knows(now));
        let becomes = made.map(|now| (now.namespace.clone(), now.name.clone()));
        let instance = Instance { holder: Some(own), replaces: known, becomes, inherits, ..Instance::default() };
        request.private = instance.to_private();
        clash
    }

    /// What of the state of another instance the one that takes its place inherits.
    async fn inherited(&self, configured: &Configured, former: Value, holder: &Holder) -> Result<Value, Diagnostics> {
        let others = configured.this_run.register.made_beside(holder);
        if former.is_null() || others.is_empty() {
            return Ok(former);
        }
        self.resource.inherited(configured, former, &others).await
    }

    /// The answer to a removal after which the objects stay for the instance that takes its place.
    fn handed_over(configured: &Configured, spot: &Spot, request: DeleteRequest) -> ApplyResponse {
        configured.this_run.register.hand_over(spot, request.prior);
        ApplyResponse {
            state: Value::Null,
            private: Private::new(),
            identity: request.identity,
            diagnostics: report::handed_over(spot).into(),
        }
    }
}

/// Waits until no instance of these is changed or removed, and keeps it so: in one order for all, so that no two wait for each other.
async fn changes(register: &Register, spots: impl Iterator<Item = Spot>) -> Vec<OwnedMutexGuard<()>> {
    let spots: BTreeSet<Spot> = spots.collect();
    let mut changes = Vec::new();
    for spot in &spots {
        changes.push(register.change(spot).await);
    }
    changes
}

/// The private data of an instance after an apply.
fn settled(private: &[u8], holder: Option<Holder>) -> Private {
    Instance { holder, ..Instance::of(private).settled() }.to_private()
}

#[async_trait]
impl<R: Located> Resource for Registered<R> {
    fn type_name(&self) -> &'static str {
        self.resource.type_name()
    }

    fn schema(&self) -> Schema {
        self.resource.schema()
    }

    fn identity_schema(&self) -> Option<IdentitySchema> {
        self.resource.identity_schema()
    }

    async fn validate(&self, cx: &Context, config: &Value) -> Diagnostics {
        self.resource.validate(cx, config).await
    }

    async fn plan(&self, cx: &Context, mut request: PlanRequest) -> PlanResponse {
        if let Some(configured) = self.session.configured()
            && let Some(clash) = self.note(&configured, &mut request).await
        {
            return PlanResponse { diagnostics: clash.into(), ..PlanResponse::from(request) };
        }
        self.resource.plan(cx, request).await
    }

    async fn create(&self, cx: &Context, request: CreateRequest) -> ApplyResponse {
        let holder = Instance::of(&request.private).holder.unwrap_or_else(new_holder);
        let Some(configured) = self.session.configured() else { return self.resource.create(cx, request).await };
        let register = &configured.this_run.register;
        let Some(spot) = self.spot(&configured, &request.planned).await else {
            let response = self.resource.create(cx, request).await;
            return ApplyResponse { private: settled(&response.private, Some(holder)), ..response };
        };
        let former = register.taken_over(&spot).unwrap_or(Value::Null);
        // It can have another name.
        let was = self.spot(&configured, &former).await;
        let _changes = changes(register, was.into_iter().chain([spot.clone()])).await;
        if !register.make(&spot, &holder) {
            return ApplyResponse {
                state: Value::Null,
                private: request.private,
                identity: None,
                diagnostics: report::twice(&spot).into(),
            };
        }
        let prior = match self.inherited(&configured, former.clone(), &holder).await {
            Ok(prior) => prior,
            Err(diagnostics) => {
                let private = settled(&request.private, Some(holder));
                return ApplyResponse { state: former, private, identity: None, diagnostics };
            }
        };
        let response = if prior.is_null() {
            self.resource.create(cx, request).await
        } else {
            let CreateRequest { config, planned, private } = request;
            let private = Instance { takes_over: true, ..Instance::of(&private) }.to_private();
            self.resource.update(cx, UpdateRequest { config, prior, planned, private, identity: None }).await
        };
        ApplyResponse { private: settled(&response.private, Some(holder)), ..response }
    }

    async fn read(&self, cx: &Context, request: ReadRequest) -> ReadResponse {
        let mut response = self.resource.read(cx, request).await;
        if response.state.is_null() {
            return response;
        }
        let instance = Instance::of(&response.private);
        let holder = instance.holder.clone().unwrap_or_else(new_holder);
        if let Some(configured) = self.session.configured()
            && let Some(spot) = self.spot(&configured, &response.state).await
        {
            configured.this_run.register.note_seen(&spot, &holder);
        }
        response.private = Instance { holder: Some(holder), ..instance }.to_private();
        response
    }

    async fn update(&self, cx: &Context, request: UpdateRequest) -> ApplyResponse {
        let Some(configured) = self.session.configured() else { return self.resource.update(cx, request).await };
        let register = &configured.this_run.register;
        let was = self.spot(&configured, &request.prior).await;
        let now = self.spot(&configured, &request.planned).await;
        let _changes = changes(register, was.into_iter().chain(now)).await;
        self.resource.update(cx, request).await
    }

    async fn delete(&self, cx: &Context, request: DeleteRequest) -> ApplyResponse {
        let instance = Instance::of(&request.private);
        // The removal in a replacement is given the private data of the new instance.
        let (holder, is_renewed) = match request.reason {
            Deletion::Destroyed => (instance.holder.clone(), false),
            Deletion::Replaced { renewed } => (instance.replaces.clone(), renewed),
        };
        let becomes = instance.becomes.clone();
        let private = Instance { holder: holder.clone(), ..instance.settled() }.to_private();
        let Some(configured) = self.session.configured() else { return self.resource.delete(cx, request).await };
        let Some(spot) = self.spot(&configured, &request.prior).await else {
            return self.resource.delete(cx, DeleteRequest { private, ..request }).await;
        };
        let register = &configured.this_run.register;
        let _change = register.change(&spot).await;
        if is_renewed {
            // It can have another name.
            let new = becomes.map(|(namespace, name)| Spot { namespace, name, ..spot.clone() });
            return Self::handed_over(&configured, &new.unwrap_or(spot), request);
        }
        if register.awaits_another(&spot, holder.as_ref()) {
            return Self::handed_over(&configured, &spot, request);
        }
        self.resource.delete(cx, DeleteRequest { private, ..request }).await
    }

    async fn import(&self, cx: &Context, request: ImportRequest) -> Result<Imported, Diagnostics> {
        self.resource.import(cx, request).await
    }

    fn upgrade(&self, version: i64, state: serde_json::Value) -> Result<serde_json::Value, Diagnostics> {
        self.resource.upgrade(version, state)
    }

    fn upgrade_identity(&self, version: i64, identity: serde_json::Value) -> Result<serde_json::Value, Diagnostics> {
        self.resource.upgrade_identity(version, identity)
    }

    fn move_from(&self, source: &MoveSource) -> Option<Result<Moved, Diagnostics>> {
        self.resource.move_from(source)
    }
}
