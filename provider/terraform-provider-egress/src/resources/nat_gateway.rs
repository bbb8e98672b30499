//! `egress_nat_gateway`: NAT gateways, their addresses and the routes to them.

mod aws;
mod backend;
mod outputs;
mod schema;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU64;
use std::sync::Arc;

use async_trait::async_trait;
use cloud::Limits;
use egress_model::identity::{Holder, Identity, ResourceType};
use egress_model::nat_gateway::capacity::{self, Load, Need, Verdict};
use serde::Deserialize;
use tfplugin::cty::{Path, Type, Value};
use tfplugin::model::{self, Arg};
use tfplugin::provider::Context;
use tfplugin::resource::{
    ApplyResponse, CreateRequest, DeleteRequest, ImportRequest, Imported, PlanRequest, PlanResponse, ReadRequest,
    ReadResponse, Resource, UpdateRequest,
};
use tfplugin::schema::{IdentitySchema, Schema};
use tfplugin::{Diagnostic, Diagnostics};

use self::aws::AwsBackend;
use self::backend::{Backend, Planned};
use self::schema::TIMEOUTS;
use crate::resources::import_id::ImportId;
use crate::resources::instance::Instance;
use crate::resources::registered::Located;
use crate::resources::timeouts::{self, Operation, Timeouts};
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

/// What one gateway can do, by the name of the cloud.
pub(crate) fn capacities() -> Vec<(&'static str, capacity::Limits)> {
    clouds().iter().map(|cloud| (cloud.name(), cloud.capacity())).collect()
}

/// What is read of the resource here, whatever the cloud.
#[derive(Deserialize)]
struct Common {
    name: Arg<String>,
    expected_load: Arg<ExpectedLoad>,
    timeouts: Arg<Timeouts>,
}

#[derive(Deserialize)]
struct ExpectedLoad {
    peak_connections_per_destination: Arg<i64>,
    spare_addresses: Arg<i64>,
}

impl NatGateway {
    pub(crate) fn new(session: Arc<Session>) -> Self {
        Self { session, clouds: clouds() }
    }

    /// The cloud that a value chooses.
    fn cloud(&self, value: &Value) -> Result<&dyn Backend, Diagnostic> {
        cloud_choice::chosen(&self.clouds, Backend::name, value, "gateways")
    }

    /// What is wrong with the choice of a cloud, if it is.
    pub(crate) fn cloud_of(&self, value: &Value) -> Result<(), Diagnostic> {
        self.cloud(value).map(|_| ())
    }

    /// The outputs of gateways with this identity, whichever state manages them.
    pub(crate) async fn find(
        &self,
        configured: &Configured,
        value: &Value,
        identity: &Identity,
        region: Option<&str>,
    ) -> Result<BTreeMap<&'static str, Value>, Diagnostic> {
        self.cloud(value)?.find(configured, identity, region).await
    }

    fn identity(configured: &Configured, name: &str) -> Result<Identity, Diagnostic> {
        cloud_identity::identity(configured, ResourceType::NatGateway, name)
    }

    async fn apply(
        &self,
        cx: &Context,
        prior: &Value,
        planned: &Value,
        private: &[u8],
        operation: Operation,
    ) -> Result<backend::Applied, Diagnostic> {
        let present = if planned.is_null() { prior } else { planned };
        let common: Common = model::from_value_subset(present)?;
        let configured = self.session.required()?;
        let identity = Self::identity(&configured, common.name.known().map_or("", String::as_str))?;
        let limits = Limits::within(cx.stop.clone(), TIMEOUTS.limit(&common.timeouts, operation));
        let cloud = self.cloud(present)?;
        let mut applied = cloud.apply(&configured, &identity, &Instance::of(private), prior, planned, &limits).await;
        // Of an apply that failed before it changed anything the state is the old one.
        let is_new = applied.state != *prior && !planned.is_null();
        if let Some(state) = applied.state.as_object_mut().filter(|_| is_new) {
            // Not known in the plan when the load was not.
            let required = need(&common, cloud).map(|need| need.addresses);
            state.insert("required_addresses".to_owned(), required.into());
        }
        Ok(applied)
    }

    async fn applied(
        &self,
        cx: &Context,
        prior: Value,
        planned: &Value,
        private: Vec<u8>,
        operation: Operation,
    ) -> ApplyResponse {
        match self.apply(cx, &prior, planned, &private, operation).await {
            Ok(mut applied) => ApplyResponse {
                identity: {
                    outputs::derive(&mut applied.state);
                    cloud_identity::value(&applied.state)
                },
                state: applied.state,
                private,
                diagnostics: applied.diagnostics,
            },
            Err(diagnostic) => ApplyResponse {
                identity: cloud_identity::value(&prior),
                state: prior,
                private,
                diagnostics: diagnostic.into(),
            },
        }
    }

    async fn refine(&self, request: &PlanRequest) -> Result<Planned, Diagnostics> {
        if !request.requires_replace.is_empty() && !request.planned.is_null() {
            // Terraform asks again for the new gateways, but not for the old ones, which this is about to destroy.
            let removal = PlanRequest { planned: Value::Null, requires_replace: Vec::new(), ..request.clone() };
            let Planned { diagnostics, .. } = Box::pin(self.refine(&removal)).await?;
            return Ok(Planned { diagnostics, ..Planned::default() });
        }
        let present = if request.planned.is_null() { &request.prior } else { &request.planned };
        let common: Common = model::from_value_subset(present)?;
        let cloud = self.cloud(present)?;
        let mut diagnostics = Diagnostics::new();
        let mut required = None;
        if !request.planned.is_null() {
            required = need(&common, cloud).map(|need| need.addresses);
            diagnostics.extend(judge_load(&common, cloud, &request.planned));
        }
        let (Some(configured), Some(name)) = (self.session.configured(), common.name.known()) else {
            return Ok(Planned { diagnostics, ..Planned::default() });
        };
        let identity = Self::identity(&configured, name)?;
        let mut planned =
            cloud.plan(&configured, &identity, &Instance::of(&request.private), &request.prior, &request.planned).await;
        diagnostics.extend(planned.diagnostics);
        planned.diagnostics = diagnostics;
        if !request.planned.is_null() && !common.expected_load.is_unknown() {
            planned.computed.insert("required_addresses", required.into());
        }
        Ok(planned)
    }
}

fn load(common: &Common) -> Option<Load> {
    let load = common.expected_load.known()?;
    let peak = u64::try_from(*load.peak_connections_per_destination.known()?).ok().and_then(NonZeroU64::new)?;
    let spare = match &load.spare_addresses {
        Arg::Known(spare) => u32::try_from(*spare).ok()?,
        Arg::Null => 0,
        Arg::Unknown => return None,
    };
    Some(Load { peak_connections_per_destination: peak, spare_addresses: spare })
}

fn need(common: &Common, cloud: &dyn Backend) -> Option<Need> {
    Some(load(common)?.need(cloud.capacity()))
}

/// Whether the addresses carry the load.
fn judge_load(common: &Common, cloud: &dyn Backend, value: &Value) -> Diagnostics {
    let Some(need) = need(common, cloud) else { return Diagnostics::new() };
    let judged = cloud.address_counts(value).into_iter().filter_map(|(key, (count, path))| {
        let carried = need.carried_by(count);
        let has = format!("The gateway of {key} has {count}, which carry {carried} simultaneous connections to one destination.");
        let diagnostic = match need.verdict(count) {
            Verdict::Enough => return None,
            Verdict::NoSpare => Diagnostic::warning(
                format!("The gateway of {key} has fewer spare addresses than expected_load asks for"),
                format!("{need}. {has} The load itself fits."),
            ),
            Verdict::TooFew => Diagnostic::error(
                format!("The gateway of {key} has too few addresses for expected_load"),
                format!("{need}. {has} Beyond that new connections fail. Add addresses, or correct expected_load."),
            ),
            Verdict::Impossible => Diagnostic::error(
                "No gateway can carry expected_load",
                format!(
                    "{need}, and a gateway can have at most {}. Spread the load over more gateways, or over more destination \
                     addresses.",
                    cloud.capacity().addresses_per_gateway
                ),
            ),
        };
        Some(diagnostic.at(path))
    });
    judged.collect()
}

fn validate_load(common: &Common) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    let Some(load) = common.expected_load.known() else { return diagnostics };
    let path = Path::attribute("expected_load");
    if let Some(peak) = load.peak_connections_per_destination.known().filter(|peak| **peak < 1) {
        let detail =
            format!("It is {peak}; a load has at least 1 connection. Leave expected_load out when it is not known.");
        let diagnostic = Diagnostic::error("The peak of connections cannot be used", detail);
        diagnostics.push(diagnostic.at(path.child("peak_connections_per_destination")));
    }
    if let Some(spare) = load.spare_addresses.known().filter(|spare| u32::try_from(**spare).is_err()) {
        let diagnostic = Diagnostic::error(
            "The number of spare addresses cannot be used",
            format!("It is {spare}; write 0 or more."),
        );
        diagnostics.push(diagnostic.at(path.child("spare_addresses")));
    }
    diagnostics
}

#[async_trait]
impl Located for NatGateway {
    async fn spot(&self, configured: &Configured, value: &Value) -> Option<Spot> {
        let place = self.cloud(value).ok()?.place(configured, value).await?;
        let name = value.get("name")?.as_str()?.to_owned();
        Some(Spot { place, resource_type: ResourceType::NatGateway, namespace: None, name })
    }

    async fn inherited(
        &self,
        configured: &Configured,
        state: Value,
        others: &BTreeSet<Holder>,
    ) -> Result<Value, Diagnostics> {
        let name = state.get("name").and_then(Value::as_str).unwrap_or_default();
        let identity = Self::identity(configured, name)?;
        self.cloud(&state)?.inherited(configured, &identity, &state, others).await
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
        Some(cloud_identity::schema("The resource's name."))
    }

    async fn validate(&self, _cx: &Context, config: &Value) -> Diagnostics {
        let common: Common = match model::from_value_subset(config) {
            Ok(common) => common,
            Err(diagnostic) => return diagnostic.into(),
        };
        let mut diagnostics = timeouts::validate(&common.timeouts);
        if let Some(Err(diagnostic)) = common.name.known().map(|name| cloud_identity::parse_name(name)) {
            diagnostics.push(diagnostic);
        }
        diagnostics.extend(validate_load(&common));
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
            Ok(planned) => {
                if let Some(attributes) = response.planned.as_object_mut() {
                    attributes.extend(planned.computed.into_iter().map(|(name, value)| (name.to_owned(), value)));
                }
                response.diagnostics.extend(planned.diagnostics);
            }
            Err(diagnostics) => response.diagnostics.extend(diagnostics),
        }
        outputs::derive(&mut response.planned);
        response.identity = cloud_identity::planned(&response.planned, response.identity);
        response
    }

    async fn create(&self, cx: &Context, request: CreateRequest) -> ApplyResponse {
        self.applied(cx, Value::Null, &request.planned, request.private, Operation::Create).await
    }

    async fn read(&self, _cx: &Context, request: ReadRequest) -> ReadResponse {
        self.session.note_refresh();
        let state = async {
            let common: Common = model::from_value_subset(&request.state)?;
            let configured = self.session.required()?;
            let identity = Self::identity(&configured, common.name.known().map_or("", String::as_str))?;
            self.cloud(&request.state)?.read(&configured, &identity, &request.state).await
        };
        let state = state.await;
        let mut response = ReadResponse::from(request);
        match state {
            Ok(backend::Seen { mut state, holder }) => {
                outputs::derive(&mut state);
                response.identity = cloud_identity::value(&state).or(response.identity);
                response.private = Instance::of(&response.private).or_held_by(holder).to_private();
                response.state = state;
            }
            Err(diagnostics) => response.diagnostics.extend(diagnostics),
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
        let wanted = ImportId::read(&request, "nat-0123")?;
        let configured = self.session.required()?;
        let identity = Self::identity(&configured, &wanted.name)?;
        let cloud = wanted.cloud(&self.clouds, Backend::name)?;
        let ids = wanted.ids.iter().map(|(key, id)| (id.clone(), key.clone())).collect();
        let (found, diagnostics) = cloud.import(&configured, &identity, wanted.region.as_deref(), &ids).await?;
        let Type::Object(attributes) = self.schema().ty() else {
            return Err(Diagnostic::error("The schema is no object", "This is a bug in the provider.").into());
        };
        let mut state: BTreeMap<String, Value> = attributes.into_keys().map(|name| (name, Value::Null)).collect();
        state.insert("name".to_owned(), wanted.name.as_str().into());
        state.extend(found);
        let mut state = Value::Object(state);
        outputs::derive(&mut state);
        let identity = cloud_identity::value(&state);
        if let Some(wrong) = identity.as_ref().and_then(|identity| wanted.another_account(identity)) {
            return Err(wrong.into());
        }
        Ok(Imported { identity, state, private: Vec::new(), diagnostics })
    }
}
