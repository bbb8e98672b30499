//! `egress_ip_pool`: public IPs that outlive gateways.

mod applied;
mod arguments;
mod aws;
mod backend;
mod find;
mod import;
mod inherited;
mod outputs;
mod planned;
mod report;
mod schema;
mod sources;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use cloud::Limits;
use egress_model::identity::{Holder, Identity, ResourceType};
use tfplugin::cty::{Path, Type, Value};
use tfplugin::provider::Context;
use tfplugin::resource::{
    ApplyResponse, CreateRequest, DeleteRequest, ImportRequest, Imported, PlanRequest, PlanResponse, Private,
    ReadRequest, ReadResponse, Resource, UpdateRequest,
};
use tfplugin::schema::{IdentitySchema, Schema};
use tfplugin::{Diagnostic, Diagnostics};

use self::applied::Applying;
use self::arguments::Arguments;
use self::aws::AwsBackend;
use self::backend::{Backend, Pools};
use self::outputs::Computed;
use self::planned::Planning;
use self::schema::TIMEOUTS;
use crate::clouds::{Cloud, Parts};
use crate::resources::import_id::{self, ImportId};
use crate::resources::instance::Instance;
use crate::resources::registered::Located;
use crate::resources::timeouts::Operation;
use crate::resources::{cloud_choice, cloud_identity};
use crate::session::{Call, Configured, Failure, Session, Spot};

/// The resource.
pub(crate) struct IpPool {
    session: Arc<Session>,
    clouds: Vec<Box<dyn Backend>>,
}

impl IpPool {
    /// The resource, on every cloud.
    pub(crate) fn new(session: Arc<Session>) -> Self {
        Self { session, clouds: vec![Box::new(AwsBackend)] }
    }

    /// The cloud that a value chooses.
    fn cloud(&self, value: &Value) -> Result<&dyn Backend, Diagnostic> {
        cloud_choice::chosen(&self.clouds, Backend::cloud, value, "addresses")
    }

    /// What is wrong with the choice of a cloud, if it is.
    pub(crate) fn cloud_of(&self, value: &Value) -> Result<(), Diagnostic> {
        self.cloud(value).map(|_| ())
    }

    /// The outputs of a pool with this identity, whichever state manages it.
    pub(crate) async fn find(
        &self,
        configured: &Configured,
        value: &Value,
        identity: Identity,
    ) -> Result<Computed, Failure> {
        let cloud = self.cloud(value)?;
        let pools = opened(configured, cloud, &cloud.cloud().parts_of(value).unwrap_or_default()).await?;
        find::find(pools.as_ref(), identity).await
    }

    /// What it can be in.
    pub(crate) fn descriptions(&self) -> Vec<&'static Cloud> {
        self.clouds.iter().map(|cloud| cloud.cloud()).collect()
    }

    /// Sets the import id of a plan or state.
    fn set_id(&self, value: &mut Value) {
        let id = import_id::of(value, &self.descriptions());
        if let Some(attributes) = value.as_object_mut() {
            attributes.insert("id".to_owned(), id);
        }
    }

    /// The place in the cloud, for calls that need it.
    async fn open(&self, configured: &Configured, value: &Value) -> Result<Box<dyn Pools>, Failure> {
        self.cloud(value)?.open(configured, value).await?.ok_or_else(|| {
            Diagnostic::error(
                "The cloud cannot be reached yet",
                "How it is reached depends on values of the provider's configuration that are known only after apply.",
            )
            .at(Path::attribute("addresses"))
            .into()
        })
    }

    /// What a failed call reports, if other resources have not reported its cause.
    fn report(&self, failure: Failure, value: &Value, call: Call) -> Option<Diagnostic> {
        self.session.report(failure, self.type_name(), value, call)
    }

    async fn refine(&self, request: &PlanRequest, diagnostics: &mut Diagnostics) -> Result<Option<Computed>, Failure> {
        if !request.requires_replace.is_empty() && !request.planned.is_null() {
            // Terraform asks again for the new object, but not for the old one, which this is about to destroy.
            let removal = PlanRequest { planned: Value::Null, requires_replace: Vec::new(), ..request.clone() };
            Box::pin(self.refine(&removal, diagnostics)).await?;
            return Ok(None);
        }
        let destroys = request.planned.is_null();
        let present = if destroys { &request.prior } else { &request.planned };
        let after = Arguments::read(present)?;
        let before = if request.prior.is_null() { None } else { Some(Arguments::read(&request.prior)?) };
        let (Some(configured), Some(name)) = (self.session.configured(), after.name.known()) else { return Ok(None) };
        let identity = identity(&configured, name)?;
        let cloud = self.cloud(present)?;
        let instance = Instance::of(&request.private);
        let mut planning = Planning {
            former: former(&configured, &identity, before.as_ref())?,
            identity,
            adoption: configured.adoption,
            made: &configured.this_run.made,
            prior: &request.prior,
            before: before.as_ref().unwrap_or(&after),
            after: &after,
            destroys,
            instance: &instance,
            changes: request.planned != request.prior,
            undecided: BTreeSet::new(),
        };
        if after.addresses.is_unknown() {
            return Ok(None);
        }
        let Some(pools) = cloud.open(&configured, present).await? else {
            planning.plan_unseen(diagnostics)?;
            return Ok(None);
        };
        if !destroys {
            planning.undecided = cloud.undecided(present).into_iter().collect();
        }
        planning.plan(pools.as_ref(), diagnostics).await
    }

    async fn apply(
        &self,
        cx: &Context,
        prior: &Value,
        planned: &Value,
        private: &Private,
        operation: Operation,
    ) -> Result<applied::Applied, Failure> {
        let present = if planned.is_null() { prior } else { planned };
        let arguments = Arguments::read(present)?;
        let configured = self.session.required()?;
        let identity = identity(&configured, arguments.name.known().map_or("", String::as_str))?;
        let limits = Limits::within(cx.stop.clone(), TIMEOUTS.limit(&arguments.timeouts, operation));
        let pools = self.open(&configured, present).await?;
        let before = if prior.is_null() { None } else { Some(Arguments::read(prior)?) };
        let former = former(&configured, &identity, before.as_ref())?;
        let instance = &Instance::of(private);
        Applying { identity, former, prior, planned, instance, limits: &limits }.apply(pools.as_ref()).await
    }

    async fn applied(
        &self,
        cx: &Context,
        prior: Value,
        planned: &Value,
        private: Private,
        operation: Operation,
    ) -> ApplyResponse {
        let applied = self.apply(cx, &prior, planned, &private, operation).await;
        let present = if planned.is_null() { &prior } else { planned };
        match applied {
            Ok(mut applied) => ApplyResponse {
                identity: {
                    self.set_id(&mut applied.state);
                    cloud_identity::value(&applied.state, &self.descriptions())
                },
                private: {
                    let instance = Instance::of(&private);
                    let incomplete = !applied.done && (instance.incomplete || operation == Operation::Create);
                    Instance { incomplete, ..instance }.to_private()
                },
                state: applied.state,
                diagnostics: applied
                    .failure
                    .and_then(|failure| self.report(failure, present, Call::Apply))
                    .into_iter()
                    .chain(applied.diagnostics)
                    .collect(),
            },
            Err(failure) => ApplyResponse {
                identity: cloud_identity::value(&prior, &self.descriptions()),
                diagnostics: self.report(failure, present, Call::Apply).into_iter().collect(),
                state: prior,
                private,
            },
        }
    }
}

/// The place with these parts, for a call that needs it.
async fn opened(configured: &Configured, cloud: &dyn Backend, parts: &Parts) -> Result<Box<dyn Pools>, Failure> {
    let opened = cloud.open_place(configured, parts).await?;
    opened.ok_or_else(|| {
        let detail = format!(
            "The provider's {} block depends on values that are known only after apply. Import needs them.",
            cloud.cloud().name
        );
        Diagnostic::error("Nothing can be imported yet", detail).into()
    })
}

fn identity(configured: &Configured, name: &str) -> Result<Identity, Diagnostic> {
    cloud_identity::identity(configured, ResourceType::IpPool, name)
}

/// The identity that the state has, where the pool is being renamed.
fn former(configured: &Configured, now: &Identity, before: Option<&Arguments>) -> Result<Option<Identity>, Diagnostic> {
    let name = before.and_then(|before| before.name.known());
    let before = name.map(|name| identity(configured, name)).transpose()?;
    Ok(before.filter(|before| before != now))
}

#[async_trait]
impl Located for IpPool {
    async fn spot(&self, configured: &Configured, value: &Value) -> Option<Spot> {
        let pools = self.cloud(value).ok()?.open(configured, value).await.ok()??;
        let name = value.get("name")?.as_str()?.to_owned();
        Some(Spot { place: pools.place().clone().into(), resource_type: ResourceType::IpPool, namespace: None, name })
    }

    async fn inherited(
        &self,
        configured: &Configured,
        state: Value,
        others: &BTreeSet<Holder>,
    ) -> Result<Value, Diagnostics> {
        let inherited = async {
            let name = state.get("name").and_then(Value::as_str).unwrap_or_default();
            let pools = self.open(configured, &state).await?;
            inherited::inherited(pools.as_ref(), identity(configured, name)?, &state, others).await
        };
        let inherited = inherited.await;
        inherited.map_err(|failure| self.report(failure, &state, Call::Apply).into_iter().collect())
    }
}

#[async_trait]
impl Resource for IpPool {
    fn type_name(&self) -> &'static str {
        "egress_ip_pool"
    }

    fn schema(&self) -> Schema {
        schema::schema(
            self.clouds.iter().map(|cloud| cloud_choice::block(cloud.block())).collect(),
            self.clouds.iter().map(|cloud| cloud.address_attribute()).collect(),
        )
    }

    fn identity_schema(&self) -> Option<IdentitySchema> {
        Some(cloud_identity::schema("The pool's name.", &self.descriptions()))
    }

    async fn validate(&self, _cx: &Context, config: &Value) -> Diagnostics {
        let mut diagnostics = match Arguments::read(config) {
            Ok(arguments) => {
                let mut diagnostics = arguments.validate();
                diagnostics.extend(sources::validate(&self.clouds, config));
                diagnostics
            }
            Err(diagnostic) => return diagnostic.into(),
        };
        match self.cloud(config) {
            Ok(cloud) => {
                diagnostics.extend(cloud.validate(config));
                diagnostics
                    .extend(Arguments::read(config).map(|arguments| arguments.validate_ids(cloud)).unwrap_or_default());
            }
            Err(diagnostic) => diagnostics.push(diagnostic),
        }
        diagnostics
    }

    async fn plan(&self, _cx: &Context, request: PlanRequest) -> PlanResponse {
        let mut diagnostics = Diagnostics::new();
        let refined = self.refine(&request, &mut diagnostics).await;
        let creates = request.prior.is_null();
        let mut response = PlanResponse::from(request);
        response.diagnostics = diagnostics;
        match refined {
            Ok(computed) => {
                if let Some(attributes) = response.planned.as_object_mut() {
                    let computed = computed.into_iter().flatten();
                    attributes.extend(computed.map(|(name, value)| (name.to_owned(), value)));
                }
            }
            Err(failure) => {
                // Of a pool that is created everything is unknown until it exists.
                let call = if creates { Call::PlanUnseen } else { Call::PlanSeen };
                response.diagnostics.extend(self.report(failure, &response.planned, call));
            }
        }
        self.set_id(&mut response.planned);
        response.identity = cloud_identity::planned(&response.planned, response.identity, &self.descriptions());
        response
    }

    async fn create(&self, cx: &Context, request: CreateRequest) -> ApplyResponse {
        self.applied(cx, Value::Null, &request.planned, request.private, Operation::Create).await
    }

    async fn read(&self, _cx: &Context, request: ReadRequest) -> ReadResponse {
        let state = async {
            let configured = self.session.required()?;
            let name = request.state.get("name").and_then(Value::as_str).unwrap_or_default();
            let identity = identity(&configured, name)?;
            let pools = self.open(&configured, &request.state).await?;
            applied::read(pools.as_ref(), identity, &request.state).await
        };
        self.session.note_refresh();
        let state = state.await;
        let mut response = ReadResponse::from(request);
        match state {
            Ok(applied::Seen { mut state, holder, diagnostics }) => {
                self.set_id(&mut state);
                response.identity = cloud_identity::value(&state, &self.descriptions()).or(response.identity);
                response.state = state;
                response.private = Instance::of(&response.private).or_held_by(holder).to_private();
                response.diagnostics = diagnostics;
            }
            Err(failure) => {
                response.diagnostics.extend(self.report(failure, &response.state, Call::Refresh));
            }
        }
        response
    }

    async fn update(&self, cx: &Context, request: UpdateRequest) -> ApplyResponse {
        self.applied(cx, request.prior, &request.planned, request.private, Operation::Update).await
    }

    async fn delete(&self, cx: &Context, request: DeleteRequest) -> ApplyResponse {
        self.applied(cx, request.prior, &Value::Null, request.private, Operation::Delete).await
    }

    async fn import(&self, _cx: &Context, request: ImportRequest) -> Result<Imported, Diagnostics> {
        let wanted = ImportId::read(&request, "eipalloc-0123", &self.descriptions())?;
        let configured = self.session.required()?;
        let identity = identity(&configured, &wanted.name)?;
        let cloud = wanted.cloud(&self.clouds, Backend::cloud)?;
        let open = async |parts: &Parts| opened(&configured, cloud, parts).await.map_err(|failure| failure.diagnostic);
        let (own, pools) = (open(&Parts::new()).await?, open(&wanted.parts_of(cloud.cloud())?).await?);
        // What is the provider's is not written.
        let written = pools.place().beside(own.place());
        let clouds: Vec<_> = self.descriptions().iter().map(|cloud| cloud.name).collect();
        let computed = import::find(pools.as_ref(), identity, &wanted, &clouds).await?;
        let Type::Object(attributes) = self.schema().ty() else { unreachable!("a schema is an object") };
        let mut state: std::collections::BTreeMap<String, Value> =
            attributes.into_keys().map(|name| (name, Value::Null)).collect();
        state.insert("name".to_owned(), wanted.name.as_str().into());
        state.insert("release_policy".to_owned(), "release".into());
        state.insert("on_ip_change".to_owned(), "error".into());
        let block = cloud.cloud().written(cloud.imported(), &written);
        state.insert(cloud.cloud().name.to_owned(), block);
        state.extend(computed.into_iter().map(|(name, value)| (name.to_owned(), value)));
        let mut state = Value::Object(state);
        self.set_id(&mut state);
        let identity = cloud_identity::value(&state, &self.descriptions());
        if let Some(wrong) = identity.as_ref().and_then(|identity| wanted.another_account(identity)) {
            return Err(wrong.into());
        }
        Ok(Imported { identity, state, private: Private::new(), diagnostics: Diagnostics::new() })
    }
}
