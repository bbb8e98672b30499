//! `egress_nat_gateway`: NAT gateways, their addresses and the routes to them.

mod applied;
mod arguments;
mod aws;
mod backend;
mod find;
mod import;
mod layers;
mod load;
mod looked;
mod outputs;
mod planned;
mod report;
mod schema;
mod subject;
mod task;
mod translate;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use cloud::Limits;
use egress_model::identity::{Holder, Identity, ResourceType};
use egress_model::nat_gateway::capacity;
use tfplugin::cty::{Type, Value};
use tfplugin::provider::Context;
use tfplugin::resource::{
    ApplyResponse, CreateRequest, DeleteRequest, ImportRequest, Imported, PlanRequest, PlanResponse, ReadRequest,
    ReadResponse, Resource, UpdateRequest,
};
use tfplugin::schema::{IdentitySchema, Schema};
use tfplugin::{Diagnostic, Diagnostics};

use self::applied::Applied;
use self::arguments::Arguments;
use self::aws::AwsBackend;
use self::backend::Backend;
use self::looked::Refreshed;
use self::outputs::Computed;
use self::planned::Planned;
use self::schema::TIMEOUTS;
use self::subject::Subject;
use self::task::Task;
use crate::clouds::Cloud;
use crate::resources::import_id::ImportId;
use crate::resources::instance::Instance;
use crate::resources::registered::Located;
use crate::resources::timeouts::{self, Operation};
use crate::resources::{cloud_choice, cloud_identity};
use crate::session::{Configured, Session, Spot};

/// The resource.
pub(crate) struct NatGateway {
    session: Arc<Session>,
    clouds: Vec<Box<dyn Backend>>,
}

/// Every cloud.
fn clouds() -> Vec<Box<dyn Backend>> {
    vec![Box::new(AwsBackend)]
}

/// What one gateway can do of which nothing is said, by the name of the cloud.
pub(crate) fn capacities() -> Vec<(&'static str, capacity::Limits)> {
    clouds().iter().map(|cloud| (cloud.cloud().name, cloud.capacity(&Value::Null))).collect()
}

/// A change that Terraform asks for.
struct Asked {
    prior: Value,
    /// Null to remove it.
    planned: Value,
    private: Vec<u8>,
    operation: Operation,
}

impl NatGateway {
    pub(crate) fn new(session: Arc<Session>) -> Self {
        Self { session, clouds: clouds() }
    }

    /// The cloud that a value chooses.
    fn cloud(&self, value: &Value) -> Result<&dyn Backend, Diagnostic> {
        cloud_choice::chosen(&self.clouds, Backend::cloud, value, "gateways")
    }

    /// What is wrong with the choice of a cloud, if it is.
    pub(crate) fn cloud_of(&self, value: &Value) -> Result<(), Diagnostic> {
        self.cloud(value).map(|_| ())
    }

    /// What it can be in.
    pub(crate) fn descriptions(&self) -> Vec<&'static Cloud> {
        self.clouds.iter().map(|cloud| cloud.cloud()).collect()
    }

    /// The outputs of gateways with this identity, whichever state manages them.
    pub(crate) async fn find(
        &self,
        configured: &Configured,
        value: &Value,
        identity: Identity,
    ) -> Result<Computed, Diagnostics> {
        let subject = Subject { identity, instance: Instance::default(), prior: &Value::Null, planned: value };
        Task { configured, backend: self.cloud(value)?, subject }.find().await
    }

    fn identity(configured: &Configured, name: &str) -> Result<Identity, Diagnostic> {
        cloud_identity::identity(configured, ResourceType::NatGateway, name)
    }

    /// What is done with a state alone.
    fn of_state<'a>(&'a self, configured: &'a Configured, state: &'a Value) -> Result<Task<'a>, Diagnostic> {
        let identity = Self::identity(configured, Arguments::read(state)?.name())?;
        let subject = Subject { identity, instance: Instance::default(), prior: state, planned: state };
        Ok(Task { configured, backend: self.cloud(state)?, subject })
    }

    async fn apply(&self, cx: &Context, asked: &Asked) -> Result<Applied, Diagnostics> {
        let Asked { prior, planned, private, operation } = asked;
        let present = if planned.is_null() { prior } else { planned };
        let arguments = Arguments::read(present)?;
        let configured = &*self.session.required()?;
        let identity = Self::identity(configured, arguments.name())?;
        let limits = Limits::within(cx.stop.clone(), TIMEOUTS.limit(&arguments.timeouts, *operation));
        let backend = self.cloud(present)?;
        let subject = Subject { identity, instance: Instance::of(private), prior, planned };
        let task = Task { configured, backend, subject };
        let mut applied = task.apply(arguments.on_interruption(), &limits).await?;
        // Of an apply that failed before it changed anything the state is the old one.
        if !planned.is_null() && applied.state != *prior {
            // Not known in the plan when the load was not.
            let required = load::need(&arguments, backend, present).map(|need| need.addresses);
            let required = Computed::from([("required_addresses", required.into())]);
            applied.state = outputs::with(&applied.state, required);
        }
        Ok(applied)
    }

    async fn applied(&self, cx: &Context, asked: Asked) -> ApplyResponse {
        let (mut state, diagnostics) = match self.apply(cx, &asked).await {
            Ok(Applied { state, diagnostics }) => (state, diagnostics),
            Err(diagnostics) => (asked.prior, diagnostics),
        };
        outputs::derive(&mut state, &self.descriptions());
        let identity = cloud_identity::value(&state, &self.descriptions());
        ApplyResponse { identity, state, private: asked.private, diagnostics }
    }

    async fn refine(&self, request: &PlanRequest) -> Result<Planned, Diagnostics> {
        let PlanRequest { prior, planned, requires_replace, private, .. } = request;
        if !requires_replace.is_empty() && !planned.is_null() {
            // Terraform asks again for the new gateways, but not for the old ones, which this is about to destroy.
            let removal = PlanRequest { planned: Value::Null, requires_replace: Vec::new(), ..request.clone() };
            let Planned { diagnostics, .. } = Box::pin(self.refine(&removal)).await?;
            return Ok(Planned { diagnostics, ..Planned::default() });
        }
        let present = if planned.is_null() { prior } else { planned };
        let arguments = Arguments::read(present)?;
        let backend = self.cloud(present)?;
        let mut diagnostics = Diagnostics::new();
        let mut required = None;
        if !planned.is_null() {
            required = load::need(&arguments, backend, planned).map(|need| need.addresses);
            diagnostics.extend(load::judge(&arguments, backend, planned));
        }
        let (Some(configured), Some(name)) = (self.session.configured(), arguments.name.known()) else {
            return Ok(Planned { diagnostics, ..Planned::default() });
        };
        let identity = Self::identity(&configured, name)?;
        let subject = Subject { identity, instance: Instance::of(private), prior, planned };
        let refined = Task { configured: &configured, backend, subject }.plan(arguments.on_interruption()).await;
        let mut refined = refined.unwrap_or_else(|diagnostics| Planned { diagnostics, ..Planned::default() });
        diagnostics.extend(std::mem::take(&mut refined.diagnostics));
        if !planned.is_null() && !arguments.expected_load.is_unknown() {
            refined.computed.insert("required_addresses", required.into());
        }
        Ok(Planned { diagnostics, ..refined })
    }
}

#[async_trait]
impl Located for NatGateway {
    async fn spot(&self, configured: &Configured, value: &Value) -> Option<Spot> {
        let backend = self.cloud(value).ok()?;
        let gateways = backend.open(configured, &backend.cloud().parts_of(value)?).await.ok()??;
        let name = value.get("name")?.as_str()?.to_owned();
        let place = gateways.place().clone().into();
        Some(Spot { place, resource_type: ResourceType::NatGateway, namespace: None, name })
    }

    async fn inherited(
        &self,
        configured: &Configured,
        state: Value,
        others: &BTreeSet<Holder>,
    ) -> Result<Value, Diagnostics> {
        self.of_state(configured, &state)?.inherited(others).await
    }
}

#[async_trait]
impl Resource for NatGateway {
    fn type_name(&self) -> &'static str {
        "egress_nat_gateway"
    }

    fn schema(&self) -> Schema {
        schema::schema(self.clouds.iter().map(|cloud| cloud_choice::block(cloud.block())).collect())
    }

    fn identity_schema(&self) -> Option<IdentitySchema> {
        Some(cloud_identity::schema("The resource's name.", &self.descriptions()))
    }

    async fn validate(&self, _cx: &Context, config: &Value) -> Diagnostics {
        let arguments = match Arguments::read(config) {
            Ok(arguments) => arguments,
            Err(diagnostic) => return diagnostic.into(),
        };
        let mut diagnostics = timeouts::validate(&arguments.timeouts);
        if let Some(Err(diagnostic)) = arguments.name.known().map(|name| cloud_identity::parse_name(name)) {
            diagnostics.push(diagnostic);
        }
        diagnostics.extend(load::validate(&arguments));
        match self.cloud(config) {
            Ok(cloud) => diagnostics.extend(cloud.validate(config)),
            Err(diagnostic) => diagnostics.push(diagnostic),
        }
        diagnostics
    }

    async fn plan(&self, _cx: &Context, request: PlanRequest) -> PlanResponse {
        let refined = self.refine(&request).await;
        let mut response = PlanResponse::from(request);
        match refined {
            Ok(Planned { computed, diagnostics }) => {
                response.planned = outputs::with(&response.planned, computed);
                response.diagnostics.extend(diagnostics);
            }
            Err(diagnostics) => response.diagnostics.extend(diagnostics),
        }
        let clouds = self.descriptions();
        outputs::derive(&mut response.planned, &clouds);
        response.identity = cloud_identity::planned(&response.planned, response.identity, &clouds);
        response
    }

    async fn create(&self, cx: &Context, request: CreateRequest) -> ApplyResponse {
        let CreateRequest { planned, private, .. } = request;
        self.applied(cx, Asked { prior: Value::Null, planned, private, operation: Operation::Create }).await
    }

    async fn read(&self, _cx: &Context, request: ReadRequest) -> ReadResponse {
        self.session.note_refresh();
        let refreshed = async { self.of_state(&*self.session.required()?, &request.state)?.read().await };
        let refreshed: Result<Refreshed, Diagnostics> = refreshed.await;
        let mut response = ReadResponse::from(request);
        match refreshed {
            Ok(Refreshed { mut state, holder }) => {
                outputs::derive(&mut state, &self.descriptions());
                response.identity = cloud_identity::value(&state, &self.descriptions()).or(response.identity);
                response.private = Instance::of(&response.private).or_held_by(holder).to_private();
                response.state = state;
            }
            Err(diagnostics) => response.diagnostics.extend(diagnostics),
        }
        response
    }

    async fn update(&self, cx: &Context, request: UpdateRequest) -> ApplyResponse {
        let UpdateRequest { prior, planned, private, .. } = request;
        self.applied(cx, Asked { prior, planned, private, operation: Operation::Update }).await
    }

    async fn delete(&self, cx: &Context, request: DeleteRequest) -> ApplyResponse {
        let DeleteRequest { prior, private, .. } = request;
        self.applied(cx, Asked { prior, planned: Value::Null, private, operation: Operation::Delete }).await
    }

    async fn import(&self, _cx: &Context, request: ImportRequest) -> Result<Imported, Diagnostics> {
        let clouds = self.descriptions();
        let wanted = ImportId::read(&request, "nat-0123", &clouds)?;
        let configured = &*self.session.required()?;
        let identity = Self::identity(configured, &wanted.name)?;
        let backend = wanted.cloud(&self.clouds, Backend::cloud)?;
        let parts = wanted.parts_of(backend.cloud())?;
        let Type::Object(attributes) = self.schema().ty() else {
            return Err(Diagnostic::error("The schema is no object", "This is a bug in the provider.").into());
        };
        let none: BTreeMap<String, Value> = attributes.into_keys().map(|name| (name, Value::Null)).collect();
        let none = outputs::with(&Value::Object(none), Computed::from([("name", wanted.name.as_str().into())]));
        let subject = Subject { identity, instance: Instance::default(), prior: &Value::Null, planned: &none };
        let (found, diagnostics) = Task { configured, backend, subject }.import(&parts, &wanted.ids).await?;
        let mut state = outputs::with(&none, found);
        outputs::derive(&mut state, &clouds);
        let identity = cloud_identity::value(&state, &clouds);
        if let Some(wrong) = identity.as_ref().and_then(|identity| wanted.another_account(identity)) {
            return Err(wrong.into());
        }
        Ok(Imported { identity, state, private: Vec::new(), diagnostics })
    }
}
