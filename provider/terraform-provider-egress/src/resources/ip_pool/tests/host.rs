//! Does with the resource what Terraform does: propose, plan, check, apply, check, record, plan again.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use cloud::ip_pools::memory::{Memory, Settings, Source};
use cloud::{DefaultTags, IpPools as _};
use egress_model::identity::Key;
use egress_model::ip_pool::AddressId;
use tfplugin::cty::Value;
use tfplugin::provider::Context;
use tfplugin::resource::{
    ApplyResponse, CreateRequest, DeleteRequest, Deletion, ImportRequest, PlanRequest, PlanResponse, ReadRequest,
    Resource, UpdateRequest,
};
use tfplugin::schema::declare::{block, number, object};
use tfplugin::schema::{Attribute, NestedBlock};
use tfplugin::{Diagnostics, conformance, plan};

use super::super::backend::{Backend, Opened, Pools, Terms};
use super::super::{IpPool, Private};
use crate::clouds::{self, Cloud, Parts};
use crate::resources::configurations::completed;
use crate::resources::whole_diagnostics::messages;
use crate::session::{Adoption, Configured, Failure, InCluster, Session, ThisRun, Unavailable};

/// The cloud in memory.
static MEMORY: Cloud = Cloud { name: "memory", title: "the memory", parts: &[], locate: |_| None };

/// The cloud in memory behind the resource, where an address says from which range it comes.
struct MemoryBackend(Arc<Memory>);

impl MemoryBackend {
    fn source(address: &Value) -> Option<Source> {
        let range = address.get("memory").and_then(|memory| memory.get("range"));
        match range {
            Some(range) if range.is_unknown() => None,
            range => Some(Source(range.and_then(Value::as_i64).and_then(|range| u8::try_from(range).ok()))),
        }
    }

    fn sources(value: &Value) -> BTreeMap<Key, Option<Source>> {
        let addresses = value.get("addresses").and_then(Value::as_map).into_iter().flatten();
        addresses.filter_map(|(key, address)| Some((key.parse().ok()?, Self::source(address)))).collect()
    }

    fn place(&self, sources: BTreeMap<Key, Source>) -> Box<dyn Pools> {
        let known = BTreeMap::from([("by".to_owned(), "default".to_owned())]);
        let default_tags = DefaultTags { known, complete: true };
        let terms = |(key, source)| (key, Terms { source, settings: Settings::default() });
        let terms = sources.into_iter().map(terms).collect();
        let place = clouds::Place::new(&MEMORY, Parts::new());
        Box::new(Opened { cloud: Arc::clone(&self.0), place, terms, default_tags })
    }
}

#[async_trait]
impl Backend for MemoryBackend {
    fn cloud(&self) -> &'static Cloud {
        &MEMORY
    }

    fn block(&self) -> NestedBlock {
        block("memory", vec![], "In memory.")
    }

    fn address_attribute(&self) -> Attribute {
        object("memory", vec![number("range", "The range.")], "In memory.")
    }

    fn address_sources(&self) -> &'static [&'static str] {
        &["range"]
    }

    fn validate(&self, _config: &Value) -> Diagnostics {
        Diagnostics::new()
    }

    async fn open(&self, _: &Configured, value: &Value) -> Result<Option<Box<dyn Pools>>, Failure> {
        if value.get("memory").is_some_and(Value::is_unknown) {
            return Ok(None);
        }
        let sources = Self::sources(value).into_iter().filter_map(|(key, source)| Some((key, source?)));
        Ok(Some(self.place(sources.collect())))
    }

    fn address_id(&self, text: &str) -> Result<AddressId, String> {
        Memory::address_id(text)
    }

    fn undecided(&self, value: &Value) -> Vec<Key> {
        Self::sources(value).into_iter().filter(|(_, source)| source.is_none()).map(|(key, _)| key).collect()
    }

    async fn open_place(&self, _: &Configured, _: &Parts) -> Result<Option<Box<dyn Pools>>, Failure> {
        Ok(Some(self.place(BTreeMap::new())))
    }

    fn imported(&self) -> Value {
        Value::Object(BTreeMap::new())
    }
}

/// One resource instance and its state.
pub(super) struct Host {
    pub(super) cloud: Arc<Memory>,
    pub(super) resource: IpPool,
    pub(super) cx: Context,
    pub(super) state: Value,
    private: Private,
}

/// A new address.
pub(super) fn plain() -> Value {
    with("new", true)
}

/// One argument for an address.
pub(super) fn with(name: &str, value: impl Into<Value>) -> Value {
    Value::object([(name, value.into())])
}

/// Configures the provider as the first call of a process does.
pub(super) fn configure(session: &Session, owner: &str, adoption: Adoption) {
    session.configure(Configured {
        owner: owner.parse().expect("an owner"),
        adoption,
        aws: Err(Unavailable::Unknown),
        kubernetes: Err(Unavailable::Unknown),
        in_cluster: InCluster::default(),
        this_run: ThisRun::default(),
    });
}

impl Host {
    pub(super) fn new() -> Self {
        Self::on(Arc::default(), Adoption::Automatic)
    }

    pub(super) fn on(cloud: Arc<Memory>, adoption: Adoption) -> Self {
        let session = Session::default();
        configure(&session, "acme", adoption);
        let clouds: Vec<Box<dyn Backend>> = vec![Box::new(MemoryBackend(Arc::clone(&cloud)))];
        let resource = IpPool { session: Arc::new(session), clouds };
        Self { cloud, resource, cx: Context::default(), state: Value::Null, private: Private::new() }
    }

    /// A pool of these addresses, and other arguments.
    pub(super) fn config<const N: usize, const M: usize>(
        &self,
        addresses: [(&str, Value); N],
        more: [(&str, Value); M],
    ) -> Value {
        let mut attributes: BTreeMap<String, Value> =
            more.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        attributes.insert("name".to_owned(), "partners".into());
        attributes.insert("memory".to_owned(), Value::Object(BTreeMap::new()));
        attributes.insert("addresses".to_owned(), Value::map(addresses));
        completed(Value::Object(attributes), &self.resource.schema().ty())
    }

    /// Plans, and requires that Terraform would take the plan.
    pub(super) async fn plan(&self, config: &Value) -> PlanResponse {
        let schema = self.resource.schema();
        let mut proposed = config.clone();
        if let (Some(proposed), Some(prior)) = (proposed.as_object_mut(), self.state.as_object()) {
            for attribute in schema.attributes.iter().filter(|attribute| attribute.is_computed()) {
                let value = proposed.get_mut(attribute.name).expect("an attribute");
                if value.is_null() {
                    *value = prior[attribute.name].clone();
                }
            }
        }
        let recipe = plan::plan(&schema, config, &self.state, &proposed);
        let request = PlanRequest {
            config: config.clone(),
            prior: self.state.clone(),
            planned: recipe.planned,
            requires_replace: recipe.requires_replace,
            private: self.private.clone(),
            identity: None,
        };
        let response = self.resource.plan(&self.cx, request).await;
        let wrong = conformance::check_plan(&schema, config, &self.state, &response.planned);
        assert_eq!(messages(&wrong), [""; 0]);
        response
    }

    /// Applies a plan, requires that Terraform would take the result, and records it.
    pub(super) async fn apply_plan(&mut self, config: &Value, planned: PlanResponse) -> Diagnostics {
        assert!(!planned.diagnostics.has_errors(), "{:#?}", messages(&planned.diagnostics));
        let response = if self.state.is_null() {
            let request =
                CreateRequest { config: config.clone(), planned: planned.planned.clone(), private: planned.private };
            self.resource.create(&self.cx, request).await
        } else {
            let request = UpdateRequest {
                config: config.clone(),
                prior: self.state.clone(),
                planned: planned.planned.clone(),
                private: planned.private,
                identity: None,
            };
            self.resource.update(&self.cx, request).await
        };
        assert!(response.state.is_wholly_known(), "{:?}", response.state);
        if !response.diagnostics.has_errors() {
            let wrong = conformance::check_apply(&self.resource.schema(), &planned.planned, &response.state);
            assert_eq!(messages(&wrong), [""; 0]);
        }
        self.record(response)
    }

    fn record(&mut self, response: ApplyResponse) -> Diagnostics {
        self.state = response.state;
        self.private = response.private;
        response.diagnostics
    }

    /// A configuration with another name.
    pub(super) fn named(mut config: Value, name: &str) -> Value {
        config.as_object_mut().expect("an object").insert("name".to_owned(), name.into());
        config
    }

    /// Plans and applies, requires that there are no diagnostics, and that the next plan changes nothing.
    pub(super) async fn apply(&mut self, config: &Value) {
        let planned = self.plan(config).await;
        let diagnostics = self.apply_plan(config, planned).await;
        assert_eq!(messages(&diagnostics), [""; 0]);
        self.settled(config).await;
    }

    /// Refreshes, and requires that a plan changes nothing.
    pub(super) async fn settled(&mut self, config: &Value) {
        self.refresh().await;
        let again = self.plan(config).await;
        assert_eq!(again.planned, self.state, "a second plan changes nothing");
        assert_eq!(messages(&again.diagnostics), [""; 0]);
    }

    /// Refreshes, and requires that there are no diagnostics.
    pub(super) async fn refresh(&mut self) {
        assert_eq!(messages(&self.refresh_with_diagnostics().await), [""; 0]);
    }

    pub(super) async fn refresh_with_diagnostics(&mut self) -> Diagnostics {
        let request = ReadRequest { state: self.state.clone(), private: self.private.clone(), identity: None };
        let response = self.resource.read(&self.cx, request).await;
        self.state = response.state;
        self.private = response.private;
        response.diagnostics
    }

    pub(super) async fn plan_destroy(&self) -> Diagnostics {
        let request = PlanRequest {
            config: Value::Null,
            prior: self.state.clone(),
            planned: Value::Null,
            requires_replace: vec![],
            private: self.private.clone(),
            identity: None,
        };
        self.resource.plan(&self.cx, request).await.diagnostics
    }

    /// The provider gets another owner.
    pub(super) fn set_owner(&self, owner: &str) {
        configure(&self.resource.session, owner, Adoption::Automatic);
    }

    /// Destroys, in a run of its own.
    pub(super) async fn destroy(&mut self) -> Diagnostics {
        let owner = self.resource.session.configured().expect("a configuration").owner.to_string();
        self.set_owner(&owner);
        let request = DeleteRequest {
            reason: Deletion::Destroyed,
            prior: self.state.clone(),
            private: self.private.clone(),
            identity: None,
        };
        let response = self.resource.delete(&self.cx, request).await;
        self.record(response)
    }

    pub(super) async fn import(&mut self, id: &str) -> Result<(), Diagnostics> {
        let imported = self.resource.import(&self.cx, ImportRequest::Id(id.to_owned())).await?;
        self.state = imported.state;
        self.refresh().await;
        Ok(())
    }

    /// A string by key of a computed map.
    pub(super) fn text(&self, attribute: &str, key: &str) -> String {
        let map = self.state.get(attribute).and_then(Value::as_map);
        map.and_then(|map| map.get(key)?.as_str()).unwrap_or_default().to_owned()
    }
}
