//! What Terraform core does with the instances of one resource type in a run: refresh, plan, and the halves of a replacement in their
//! order.

mod steps;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use tfplugin::cty::Value;
use tfplugin::provider::Context;
use tfplugin::resource::{Deletion, PlanRequest, PlanResponse, Private, ReadRequest, ReadResponse, Resource};
use tfplugin::{Diagnostics, plan};

use super::random::Random;
use super::{Block, Command, Subject};
use crate::resources::configurations::completed;
use crate::resources::registered::Registered;
use crate::resources::whole_diagnostics::messages;

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
        let private = String::from_utf8_lossy(private);
        let set = value.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
        write!(f, "{:?} {private} tainted: {tainted}", set.collect::<BTreeMap<_, _>>())
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
struct Process<'a, S: Subject> {
    subject: &'a S,
    resource: Registered<S::Resource>,
    cx: Context,
    blocks: BTreeMap<String, Block>,
}

fn errors(diagnostics: &Diagnostics) -> Vec<String> {
    messages(diagnostics).into_iter().filter(|text| text.starts_with("error")).collect()
}

impl<'a, S: Subject> Process<'a, S> {
    async fn start(subject: &'a S, command: &Command) -> Self {
        let resource = subject.process(command.owner, command.adoption).await;
        Self { subject, resource, cx: Context::default(), blocks: command.blocks.clone() }
    }

    fn config(&self, address: &str) -> Value {
        completed(self.subject.written(&self.blocks[address]), &self.resource.schema().ty())
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
        let renewed = S::place_of(&new.planned) == S::place_of(&stored.value);
        Ok(Some(Action::Replace { private: new.private, renewed }))
    }
}

/// Plans and applies, as `terraform apply` does, in two processes.
pub(super) async fn run<S: Subject>(subject: &S, state: &mut State, command: &Command, random: &mut Random) -> Ended {
    for (from, to) in &command.moved {
        if !state.current.contains_key(to)
            && let Some(stored) = state.current.remove(from)
        {
            state.current.insert(to.clone(), stored);
        }
    }
    let process = Process::start(subject, command).await;
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
    let process = Process::start(subject, command).await;
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
