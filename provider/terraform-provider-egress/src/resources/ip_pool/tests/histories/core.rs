//! What Terraform core does with the instances of one resource type in a run: refresh, plan, and the halves of a replacement in their order.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use cloud::DefaultTags;
use cloud::ip_pools::memory::{Memory, Source};
use egress_model::identity::Key;
use tfplugin::cty::Value;
use tfplugin::provider::Context;
use tfplugin::resource::{
    ApplyResponse, CreateRequest, DeleteRequest, Deletion, PlanRequest, PlanResponse, Private, ReadRequest,
    ReadResponse, Resource, UpdateRequest,
};
use tfplugin::schema::declare::{block, object, string};
use tfplugin::schema::{Attribute, NestedBlock};
use tfplugin::{Diagnostic, Diagnostics, conformance, plan};

use super::super::super::IpPool;
use super::super::super::backend::{Backend, Place, Pools};
use super::super::host::{completed, told};
use super::random::Random;
use crate::resources::registered::Registered;
use crate::session::{Adoption, Configured, Failure, InCluster, Session, ThisRun, Unavailable};

/// A cloud in memory for each region.
pub(super) type Clouds = BTreeMap<&'static str, Arc<Memory>>;

struct Regions(Clouds);

impl Regions {
    fn place(&self, region: &str) -> Option<Box<dyn Pools>> {
        let cloud = Arc::clone(self.0.get(region)?);
        let name = format!("memory in {region}");
        Some(Box::new(Place {
            cloud,
            name,
            sources: BTreeMap::<Key, Source>::new(),
            default_tags: DefaultTags::default(),
        }))
    }
}

#[async_trait]
impl Backend for Regions {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn block(&self) -> NestedBlock {
        block("memory", vec![string("region", "The region.").requires_replace()], "In memory.")
    }

    fn address_attribute(&self) -> Attribute {
        object("memory", vec![string("range", "Not used.")], "In memory.")
    }

    fn address_sources(&self) -> &'static [&'static str] {
        &["range"]
    }

    fn validate(&self, _config: &Value) -> Diagnostics {
        Diagnostics::new()
    }

    async fn open(&self, _: &Configured, value: &Value) -> Result<Option<Box<dyn Pools>>, Failure> {
        Ok(region_of(value).and_then(|region| self.place(region)))
    }

    fn undecided(&self, _value: &Value) -> Vec<Key> {
        Vec::new()
    }

    async fn open_region(&self, _: &Configured, region: Option<&str>) -> Result<Box<dyn Pools>, Diagnostic> {
        let place = region.and_then(|region| self.place(region));
        place.ok_or_else(|| Diagnostic::error("There is no such region", ""))
    }

    fn imported(&self, region: Option<&str>) -> Value {
        Value::object([("region", Value::from(region.unwrap_or_default()))])
    }
}

/// The region that a value names.
pub(super) fn region_of(value: &Value) -> Option<&str> {
    value.get("memory")?.get("region")?.as_str()
}

/// A block of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) name: &'static str,
    pub(super) region: &'static str,
    pub(super) keys: BTreeSet<&'static str>,
    pub(super) create_first: bool,
}

/// What the user runs Terraform with.
#[derive(Clone, Debug)]
pub(super) struct Command {
    pub(super) owner: &'static str,
    pub(super) adoption: Adoption,
    /// The blocks by address.
    pub(super) blocks: BTreeMap<String, Block>,
    /// The `moved` blocks.
    pub(super) moved: Vec<(String, String)>,
    /// What `-replace` names.
    pub(super) replace: BTreeSet<String>,
}

/// An instance in a state.
#[derive(Clone)]
pub(super) struct Stored {
    pub(super) value: Value,
    pub(super) private: Private,
    pub(super) tainted: bool,
}

impl fmt::Debug for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { value, private, tainted } = self;
        let (name, ids, leaving) = (value.get("name"), value.get("ids"), value.get("leaving"));
        let private = String::from_utf8_lossy(private);
        write!(f, "{:?} {name:?} {ids:?} {leaving:?} {private} tainted: {tainted}", region_of(value))
    }
}

/// What Terraform stores.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    pub(super) current: BTreeMap<String, Stored>,
    pub(super) deposed: Vec<(String, Stored)>,
}

/// How a run ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// With exit status 0.
    Done,
    /// In the plan.
    Refused(Vec<String>),
    /// In the apply.
    Failed(Vec<String>),
}

/// What a plan does with one instance.
#[derive(Clone, Debug)]
enum Action {
    Create,
    Update { planned: Value },
    Delete { private: Private },
    Replace { private: Private, renewed: bool },
}

/// A step of an apply.
#[derive(Debug)]
enum Step {
    Create(String),
    Update(String, Value),
    /// Takes the current instance away, with the private data of the plan.
    Delete(String, Private, Deletion),
    /// Lets the current instance wait for its removal.
    Depose(String),
    DeleteDeposed(String),
}

/// One process of the provider.
struct Process {
    resource: Registered<IpPool>,
    cx: Context,
    blocks: BTreeMap<String, Block>,
}

fn errors(diagnostics: &Diagnostics) -> Vec<String> {
    told(diagnostics).into_iter().filter(|text| text.starts_with("error")).collect()
}

impl Process {
    fn start(clouds: &Clouds, command: &Command) -> Self {
        let session = Arc::new(Session::default());
        session.configure(Configured {
            owner: command.owner.parse().expect("an owner"),
            adoption: command.adoption,
            aws: Err(Unavailable::Unknown),
            kubernetes: Err(Unavailable::Unknown),
            in_cluster: InCluster::default(),
            this_run: ThisRun::default(),
        });
        let clouds: Vec<Box<dyn Backend>> = vec![Box::new(Regions(clouds.clone()))];
        let pool = IpPool { session: session.clone(), clouds };
        let resource = Registered::new(session, pool);
        Self { resource, cx: Context::default(), blocks: command.blocks.clone() }
    }

    fn config(&self, address: &str) -> Value {
        let Block { name, region, keys, .. } = &self.blocks[address];
        let new = || Value::object([("new", true)]);
        let attributes = [
            ("name", Value::from(*name)),
            ("memory", Value::object([("region", *region)])),
            ("on_ip_change", "warn".into()),
            ("addresses", Value::map(keys.iter().map(|key| (*key, new())))),
        ];
        completed(Value::object(attributes), &self.resource.schema().ty())
    }

    async fn read(&self, stored: Stored) -> Option<Stored> {
        let request = ReadRequest { state: stored.value, private: stored.private, identity: None };
        let ReadResponse { state, private, .. } = self.resource.read(&self.cx, request).await;
        (!state.is_null()).then_some(Stored { value: state, private, tainted: stored.tainted })
    }

    async fn plan(&self, address: &str, prior: &Value, private: Private) -> PlanResponse {
        let (schema, config) = (self.resource.schema(), self.config(address));
        let mut proposed = config.clone();
        if let (Some(proposed), Some(prior)) = (proposed.as_object_mut(), prior.as_object()) {
            for attribute in schema.attributes.iter().filter(|attribute| attribute.is_computed()) {
                let value = proposed.get_mut(attribute.name).expect("an attribute");
                if value.is_null() {
                    *value = prior[attribute.name].clone();
                }
            }
        }
        let recipe = plan::plan(&schema, &config, prior, &proposed);
        let (planned, requires_replace) = (recipe.planned, recipe.requires_replace);
        let request = PlanRequest { config, prior: prior.clone(), planned, requires_replace, private, identity: None };
        self.resource.plan(&self.cx, request).await
    }

    async fn plan_removal(&self, stored: &Stored) -> PlanResponse {
        let request = PlanRequest {
            config: Value::Null,
            prior: stored.value.clone(),
            planned: Value::Null,
            requires_replace: Vec::new(),
            private: stored.private.clone(),
            identity: None,
        };
        self.resource.plan(&self.cx, request).await
    }

    /// What is to be done with the instance of a block.
    async fn decide(
        &self,
        address: &str,
        stored: Option<&Stored>,
        forced: bool,
    ) -> Result<Option<Action>, Vec<String>> {
        let sure = |response: PlanResponse| match errors(&response.diagnostics) {
            errors if errors.is_empty() => Ok(response),
            errors => Err(errors),
        };
        let Some(stored) = stored else {
            sure(self.plan(address, &Value::Null, Private::new()).await)?;
            return Ok(Some(Action::Create));
        };
        let mut private = Private::new();
        if !stored.tainted {
            let change = sure(self.plan(address, &stored.value, stored.private.clone()).await)?;
            if change.requires_replace.is_empty() && !forced {
                let planned = change.planned;
                return Ok((planned != stored.value).then_some(Action::Update { planned }));
            }
            private = change.private;
        }
        let new = sure(self.plan(address, &Value::Null, private).await)?;
        let renewed = region_of(&new.planned) == region_of(&stored.value);
        Ok(Some(Action::Replace { private: new.private, renewed }))
    }
}

/// Plans and applies, as `terraform apply` does, in two processes.
pub(super) async fn run(clouds: &Clouds, state: &mut State, command: &Command, random: &mut Random) -> Ended {
    for (from, to) in &command.moved {
        if !state.current.contains_key(to)
            && let Some(stored) = state.current.remove(from)
        {
            state.current.insert(to.clone(), stored);
        }
    }
    let process = Process::start(clouds, command);
    let mut refused = Vec::new();
    let mut steps: Vec<Vec<Step>> = Vec::new();
    let mut addresses: Vec<(Option<usize>, String)> =
        (state.current.keys().chain(command.blocks.keys()).collect::<BTreeSet<_>>().into_iter())
            .map(|address| (None, address.clone()))
            .chain(state.deposed.iter().enumerate().map(|(at, (address, _))| (Some(at), address.clone())))
            .collect();
    random.shuffle(&mut addresses);
    let mut gone = BTreeSet::new();
    for (deposed, address) in addresses {
        if let Some(at) = deposed {
            let stored = process.read(state.deposed[at].1.clone()).await;
            let Some(stored) = stored else {
                gone.insert(at);
                continue;
            };
            refused.extend(errors(&process.plan_removal(&stored).await.diagnostics));
            state.deposed[at].1 = stored;
            steps.push(vec![Step::DeleteDeposed(address)]);
            continue;
        }
        let stored = match state.current.remove(&address) {
            Some(stored) => process.read(stored).await,
            None => None,
        };
        if let Some(stored) = &stored {
            state.current.insert(address.clone(), stored.clone());
        }
        let action = match (&stored, command.blocks.contains_key(&address)) {
            (stored, true) => process.decide(&address, stored.as_ref(), command.replace.contains(&address)).await,
            (Some(stored), false) => {
                let response = process.plan_removal(stored).await;
                let errors = errors(&response.diagnostics);
                if errors.is_empty() { Ok(Some(Action::Delete { private: response.private })) } else { Err(errors) }
            }
            (None, false) => Ok(None),
        };
        match action {
            Ok(action) => steps.extend(action.map(|action| steps_of(action, &address, command))),
            Err(errors) => refused.extend(errors),
        }
    }
    let mut at = 0;
    state.deposed.retain(|_| {
        at += 1;
        !gone.contains(&(at - 1))
    });
    if !refused.is_empty() {
        return Ended::Refused(refused);
    }
    let process = Process::start(clouds, command);
    let mut failed = Vec::new();
    while !steps.is_empty() {
        let next = random.below(steps.len());
        let step = steps[next].remove(0);
        let errors = process.apply(state, step).await;
        if !errors.is_empty() || steps[next].is_empty() {
            steps.remove(next);
        }
        failed.extend(errors);
    }
    if failed.is_empty() { Ended::Done } else { Ended::Failed(failed) }
}

fn steps_of(action: Action, address: &str, command: &Command) -> Vec<Step> {
    let address = address.to_owned();
    match action {
        Action::Create => vec![Step::Create(address)],
        Action::Update { planned } => vec![Step::Update(address, planned)],
        Action::Delete { private } => vec![Step::Delete(address, private, Deletion::Destroyed)],
        Action::Replace { .. } if command.blocks[&address].create_first => {
            vec![Step::Depose(address.clone()), Step::Create(address.clone()), Step::DeleteDeposed(address)]
        }
        Action::Replace { private, renewed } => {
            vec![Step::Delete(address.clone(), private, Deletion::Replaced { renewed }), Step::Create(address)]
        }
    }
}

impl Process {
    /// Does a step; the errors.
    async fn apply(&self, state: &mut State, step: Step) -> Vec<String> {
        match step {
            Step::Depose(address) => {
                let stored = state.current.remove(&address).expect("an instance");
                state.deposed.push((address, stored));
                Vec::new()
            }
            Step::Create(address) => {
                let response = self.plan(&address, &Value::Null, Private::new()).await;
                let mut found = errors(&response.diagnostics);
                if found.is_empty() {
                    let PlanResponse { planned, private, .. } = response;
                    let request = CreateRequest { config: self.config(&address), planned: planned.clone(), private };
                    let response = self.resource.create(&self.cx, request).await;
                    found = self.record(state, &address, &planned, response, true);
                }
                if !found.is_empty() && !state.current.contains_key(&address) {
                    // The deposed instance becomes the current one again.
                    if let Some(at) = state.deposed.iter().rposition(|(other, _)| *other == address) {
                        let (_, stored) = state.deposed.remove(at);
                        state.current.insert(address, stored);
                    }
                }
                found
            }
            Step::Update(address, planned) => {
                let stored = state.current[&address].clone();
                let response = self.plan(&address, &stored.value, stored.private).await;
                let found = errors(&response.diagnostics);
                if !found.is_empty() {
                    return found;
                }
                let agreed = conformance::check_apply(&self.resource.schema(), &planned, &response.planned);
                assert_eq!(told(&agreed), [""; 0], "an inconsistent final plan");
                let request = UpdateRequest {
                    config: self.config(&address),
                    prior: stored.value,
                    planned: response.planned.clone(),
                    private: response.private,
                    identity: None,
                };
                let planned = response.planned;
                let response = self.resource.update(&self.cx, request).await;
                self.record(state, &address, &planned, response, false)
            }
            Step::Delete(address, private, reason) => {
                let Some(stored) = state.current.remove(&address) else { return Vec::new() };
                let request = DeleteRequest { reason, prior: stored.value, private, identity: None };
                let response = self.resource.delete(&self.cx, request).await;
                self.record(state, &address, &Value::Null, response, false)
            }
            Step::DeleteDeposed(address) => {
                let at = state.deposed.iter().position(|(other, _)| *other == address);
                let Some((_, stored)) = at.map(|at| state.deposed.remove(at)) else { return Vec::new() };
                let response = self.plan_removal(&stored).await;
                let mut found = errors(&response.diagnostics);
                if found.is_empty() {
                    let reason = Deletion::Destroyed;
                    let (prior, private) = (stored.value.clone(), response.private);
                    let request = DeleteRequest { reason, prior, private, identity: None };
                    found = errors(&self.resource.delete(&self.cx, request).await.diagnostics);
                }
                if !found.is_empty() {
                    state.deposed.push((address, stored));
                }
                found
            }
        }
    }

    fn record(
        &self,
        state: &mut State,
        address: &str,
        planned: &Value,
        response: ApplyResponse,
        creates: bool,
    ) -> Vec<String> {
        let found = errors(&response.diagnostics);
        if found.is_empty() && !planned.is_null() {
            let wrong = conformance::check_apply(&self.resource.schema(), planned, &response.state);
            assert_eq!(told(&wrong), [""; 0], "an inconsistent result");
        }
        if !response.state.is_null() {
            let tainted = creates && !found.is_empty();
            let stored = Stored { value: response.state, private: response.private, tainted };
            state.current.insert(address.to_owned(), stored);
        }
        found
    }
}
