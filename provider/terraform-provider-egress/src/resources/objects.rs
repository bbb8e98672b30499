//! Resources that become Kubernetes objects: compiled, shown in the plan, applied and deleted, all in one way.

mod acceptance;
mod apply;
mod attached;
pub(crate) mod attributes;
mod changes;
pub(crate) mod configuration;
mod errors;
mod import;
mod inherited;
mod live;
mod look;
pub(crate) mod outcome;
mod ownership;
mod planning;
mod remove;
mod requirements;
mod selection;
pub(crate) mod state;
mod takeover;
pub(crate) mod values;

use std::collections::BTreeSet;
use std::marker::PhantomData;
use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use cluster::Error;
use egress_engines::manifest::Kind;
use egress_model::identity::{Holder, ResourceType};
use tfplugin::cty::Value;
use tfplugin::provider::Context;
use tfplugin::resource::{
    ApplyResponse, CreateRequest, DeleteRequest, ImportRequest, Imported, PlanRequest, PlanResponse, Private,
    ReadRequest, ReadResponse, Resource, UpdateRequest,
};
use tfplugin::schema::{IdentitySchema, Schema};
use tfplugin::{Diagnostic, Diagnostics, Severity};

use self::attributes::applies;
use self::errors::{Doing, failed, unreachable};
use self::live::Seen;
use self::outcome::{Outcome, owned_labels};
use self::planning::switched;
use self::state::{attached_of, checked, identity_of, objects_of, own_name, set, spot_of, texts};
use crate::resources::import_id;
use crate::resources::instance::Instance;
use crate::resources::registered::Located;
use crate::session::{Call, Configured, Failure, InCluster, Kubernetes, OnUnreachable, Session, Spot};

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
    /// Whether its objects have no effect unless an instance of an operator or a sidecar selects them, which `check_requirements` looks at.
    const IS_SELECTED: bool = false;

    /// Its own attributes, and its description.
    fn schema() -> Schema;

    /// What identifies it, beside the provider's owner.
    fn identity_schema() -> IdentitySchema;

    /// Compiles a value of the resource's type for what is known of the cluster. Without an engine it is checked for what holds on
    /// every one.
    fn check(value: &Value, in_cluster: &InCluster) -> Outcome;

    /// What a plan says of objects (a list of lines) that go while the resource stays.
    fn removal_diagnostic(objects: &str) -> Option<Diagnostic> {
        (!objects.is_empty()).then(|| switched(objects))
    }

    /// The engines that it can be compiled to, one of which an import names where it is not the provider's.
    fn engines() -> Vec<&'static str> {
        Vec::new()
    }

    /// The kinds of its objects on every engine, among which an import looks.
    fn kinds() -> Vec<&'static Kind>;

    /// The identity in an import id: what [`state::id_of`] writes of it.
    fn parse_id(id: &str) -> Result<Value, Diagnostic>;
}

/// A resource with objects.
pub(crate) struct ObjectResource<C> {
    session: Arc<Session>,
    /// Built when it is first asked for, and then the same for every object.
    schema: LazyLock<Schema>,
    compiles: PhantomData<C>,
}

impl<C: Compiles> ObjectResource<C> {
    /// The resource of a provider.
    pub(crate) fn new(session: Arc<Session>) -> Self {
        Self { session, schema: LazyLock::new(whole_schema::<C>), compiles: PhantomData }
    }
}

/// The attributes of the kind and those that every kind has.
pub(crate) fn whole_schema<C: Compiles>() -> Schema {
    let mut schema = C::schema();
    schema.attributes.push(import_id::attribute());
    schema.attributes.extend(attributes::delivery());
    schema.attributes.extend(C::ATTACHES.then(attributes::attachments));
    schema.attributes.extend(C::REQUIRES.then(attributes::requirements).into_iter().flatten());
    schema.blocks.push(attributes::TIMEOUTS.block());
    schema
}

#[async_trait]
impl<C: Compiles> Located for ObjectResource<C> {
    async fn spot(&self, _configured: &Configured, value: &Value) -> Option<Spot> {
        if applies(value) { spot_of::<C>(value) } else { None }
    }

    async fn inherited(
        &self,
        configured: &Configured,
        state: Value,
        others: &BTreeSet<Holder>,
    ) -> Result<Value, Diagnostics> {
        let inherited = inherited::inherited::<C>(configured, &state, others).await;
        inherited.map_err(|failure| self.reported([failure], &state))
    }
}

#[async_trait]
impl<C: Compiles> Resource for ObjectResource<C> {
    fn type_name(&self) -> &'static str {
        C::TYPE_NAME
    }

    fn schema(&self) -> Schema {
        self.schema.clone()
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
        diagnostics.into_iter().filter(|diagnostic| diagnostic.severity == Severity::Error).collect()
    }

    async fn plan(&self, cx: &Context, request: PlanRequest) -> PlanResponse {
        self.refine(cx, request).await
    }

    async fn create(&self, cx: &Context, request: CreateRequest) -> ApplyResponse {
        self.make(cx, &Value::Null, request.planned, request.private).await
    }

    async fn read(&self, cx: &Context, request: ReadRequest) -> ReadResponse {
        self.session.note_refresh();
        let mut response = ReadResponse::from(request);
        response.identity = identity_of::<C>(&response.state).or(response.identity);
        if !applies(&response.state) {
            return response;
        }
        let Ok(configured) = self.session.required() else { return response };
        let seen = self.observe(&response.state, &configured);
        match unless_interrupted(cx, Doing::Refresh, seen).await {
            Ok((state, holder)) => {
                response.state = state;
                response.private = Instance::of(&response.private).or_held_by(holder).to_private();
            }
            Err(failure) => {
                let report = self.without_a_look(failure, &response.state, Call::Refresh, &configured);
                response.diagnostics.extend(report);
            }
        }
        response
    }

    async fn update(&self, cx: &Context, request: UpdateRequest) -> ApplyResponse {
        self.make(cx, &request.prior, request.planned, request.private).await
    }

    async fn delete(&self, cx: &Context, request: DeleteRequest) -> ApplyResponse {
        let mut response = ApplyResponse {
            state: request.prior,
            private: request.private,
            identity: request.identity,
            diagnostics: Diagnostics::new(),
        };
        if applies(&response.state) {
            let Instance { holder, .. } = Instance::of(&response.private);
            let (left, diagnostics) = self.remove_objects(cx, &response.state, holder.as_ref()).await;
            response.diagnostics = diagnostics;
            if let Some(left) = left {
                set(&mut response.state, "manifests", texts(left));
            }
        }
        if !response.diagnostics.has_errors() {
            response.state = Value::Null;
        }
        response
    }

    async fn import(&self, cx: &Context, request: ImportRequest) -> Result<Imported, Diagnostics> {
        let identity = match request {
            ImportRequest::Id(id) => C::parse_id(&id).map_err(Diagnostics::from)?,
            ImportRequest::Identity(identity) => identity,
        };
        let configured = self.session.required()?;
        let found =
            unless_interrupted(cx, Doing::Import, import::import::<C>(&self.schema, &identity, &configured)).await;
        let state = found.map_err(|failure| failure.diagnostic)?;
        let identity = identity_of::<C>(&state);
        Ok(Imported { state, private: Private::default(), identity, diagnostics: Diagnostics::new() })
    }
}

impl<C: Compiles> ObjectResource<C> {
    /// The state as the cluster has it, null where nothing of it is there, and the instance that has the objects, as they say.
    async fn observe(&self, state: &Value, configured: &Configured) -> Result<(Value, Option<Holder>), Failure> {
        let mut state = state.clone();
        // A cluster that is not known yet has nothing to look at: the state stays.
        let Ok(kubernetes) = &configured.kubernetes else { return Ok((state, None)) };
        let objects = objects_of::<C>(&state, configured);
        if objects.is_empty() {
            return Ok((state, None));
        }
        let cluster = kubernetes.cluster().await.map_err(|error| unreachable(&error, Doing::Refresh))?;
        let labels = owned_labels(&configured.owner, C::TYPE);
        let seen = live::observe(&cluster, &objects, &labels).await;
        match seen.map_err(|(id, error)| failed(&id, "read", &error, Doing::Refresh))? {
            Seen::Gone => Ok((Value::Null, None)),
            Seen::There { manifests, holder } => {
                set(&mut state, "manifests", Value::map(manifests));
                if C::ATTACHES {
                    let seen = attached::observe(&cluster, &attached_of(&state)).await;
                    let seen = seen.map_err(|(id, error)| failed(&id, "read", &error, Doing::Refresh))?;
                    set(&mut state, "attachments", seen);
                }
                Ok((state, holder))
            }
        }
    }

    /// What a plan or refresh reports that could not look at the cluster.
    fn without_a_look(
        &self,
        failure: Failure,
        value: &Value,
        call: Call,
        configured: &Configured,
    ) -> Option<Diagnostic> {
        let setting = configured.kubernetes.as_ref().map(Kubernetes::on_unreachable).unwrap_or_default();
        if setting == OnUnreachable::Error || failure.cause.is_none() {
            return self.session.report(failure, C::TYPE_NAME, value, call);
        }
        // What a plan only warned of is still to be reported in full by an apply.
        let warned = configured.this_run.warned.report(failure, &own_name(value), call)?;
        Some(as_warning(warned, call))
    }
}

/// The same for a run that goes on.
fn as_warning(diagnostic: Diagnostic, call: Call) -> Diagnostic {
    let consequence = if call == Call::Refresh {
        "The plan goes on with what the state says (on_unreachable = \"warn\"): changes made outside of Terraform do not show."
    } else {
        "The plan goes on without (on_unreachable = \"warn\"): the apply looks again."
    };
    let why = diagnostic.detail.split(". ").next().unwrap_or_default();
    Diagnostic { severity: Severity::Warning, detail: format!("{why}. {consequence}"), ..diagnostic }
}

/// A look that ends at once when the user interrupts.
async fn unless_interrupted<T>(
    cx: &Context,
    doing: Doing,
    look: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    tokio::select! {
        biased;
        seen = look => seen,
        () = cx.stop.cancelled() => Err(unreachable(&Error::Interrupted, doing)),
    }
}
