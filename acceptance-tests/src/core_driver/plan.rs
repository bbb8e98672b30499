//! The plan walk.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use tfplugin::cty::{Path, Step, Value};
use tfplugin_proto::tfplugin6 as proto;

use super::configuration::{Address, Configuration, evaluate};
use super::driver::{Driver, Provider, capabilities, identity_to_proto};
use super::message::Message;
use super::proposed::proposed_new;
use super::rules::plan_valid;
use super::schema::ResourceSchema;
use super::state::{Object, State};
use super::wire::{decode, encode, messages, path, refuse_errors};

/// What is to be done with an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Nothing.
    NoOp,
    /// Make it.
    Create,
    /// Change it in place.
    Update,
    /// Destroy it, then create it.
    Replace,
    /// Destroy it.
    Delete,
}

/// The plan for one object.
#[derive(Clone, Debug)]
pub struct Change {
    /// Which object.
    pub address: Address,
    /// What is to be done.
    pub action: Action,
    /// The state after the refresh; null where there is none.
    pub prior: Value,
    /// What is planned, with unknowns; null for a delete.
    pub planned: Value,
    /// What the provider keeps with the plan.
    pub private: Vec<u8>,
}

/// A plan.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The changes, those of the configuration in dependency order, then the deletes.
    pub changes: Vec<Change>,
    /// The state after the refresh.
    pub state: State,
    /// All that the provider said.
    pub messages: Vec<Message>,
}

impl Plan {
    /// Whether nothing is to be done.
    pub fn is_empty(&self) -> bool {
        self.changes.iter().all(|change| change.action == Action::NoOp)
    }

    /// Whether the provider refused.
    pub fn failed(&self) -> bool {
        self.messages.iter().any(|message| message.error)
    }

    /// The plan, or its errors as one.
    pub fn accepted(self) -> Result<Self> {
        refuse_errors(&self.messages, "the plan failed")?;
        Ok(self)
    }

    /// What is to be done with the object at `type.name`.
    pub fn action(&self, address: &str) -> Option<Action> {
        self.changes.iter().find(|change| change.address.to_string() == address).map(|change| change.action)
    }
}

/// A resource of the configuration.
#[derive(Clone, Copy)]
struct Wanted<'a> {
    address: &'a Address,
    body: &'a serde_json::Value,
    /// It is replaced whatever its plan says.
    forced: bool,
}

/// The provider's answer to one plan call.
pub(super) struct Planned {
    pub(super) value: Value,
    pub(super) private: Vec<u8>,
    pub(super) identity: Option<proto::ResourceIdentityData>,
    pub(super) requires_replace: Vec<Path>,
    pub(super) messages: Vec<Message>,
}

impl Driver {
    /// Plans in a process of its own: refresh, then plan every resource.
    pub async fn plan(&self, configuration: &Configuration, state: &State) -> Result<Plan> {
        let provider = self.provider(configuration).await?;
        let plan = provider.plan(configuration, state).await?;
        provider.shut_down().await?;
        Ok(plan)
    }
}

impl Provider {
    /// The plan walk. Errors of the provider are in the plan; an `Err` is a broken rule or a dead process.
    pub async fn plan(&self, configuration: &Configuration, state: &State) -> Result<Plan> {
        let mut plan = Plan { changes: Vec::new(), state: State::default(), messages: Vec::new() };
        let mut values = BTreeMap::new();
        for address in configuration.ordered()? {
            let prior =
                self.refresh(&address, state.0.get(&address), &mut plan).await.with_context(|| address.to_string())?;
            let body = configuration.body(&address).context("an ordered resource has a body")?;
            let forced = configuration.is_replaced(&address);
            let wanted = Wanted { address: &address, body, forced };
            let change = self.plan_resource(wanted, prior, &values, &mut plan.messages).await;
            let change = change.with_context(|| address.to_string())?;
            if plan.failed() {
                return Ok(plan);
            }
            let Some(change) = change else { return Ok(plan) };
            values.insert(address, change.planned.clone());
            plan.changes.push(change);
        }
        for address in state.destroy_order().into_iter().filter(|address| configuration.body(address).is_none()) {
            let refreshed = self.refresh(&address, state.0.get(&address), &mut plan).await;
            let Some((prior, object)) = refreshed.with_context(|| address.to_string())? else { continue };
            let mut private = object.private.clone();
            if self.schema.plan_destroy {
                let planned =
                    self.plan_call(&address.type_name, &prior, &Value::Null, &Value::Null, Some(&object)).await?;
                plan.messages.extend(planned.messages);
                if plan.failed() {
                    return Ok(plan);
                }
                anyhow::ensure!(planned.value.is_null(), "{address}: planned a non-null destroy value");
                private = planned.private;
            }
            plan.changes.push(Change { address, action: Action::Delete, prior, planned: Value::Null, private });
        }
        Ok(plan)
    }

    /// Upgrades and reads an object, and puts what it finds into the plan's state.
    async fn refresh(
        &self,
        address: &Address,
        object: Option<&Object>,
        plan: &mut Plan,
    ) -> Result<Option<(Value, Object)>> {
        let Some(object) = object else { return Ok(None) };
        let value = self.upgrade(&address.type_name, object).await?;
        let (found, messages) = self.read(&address.type_name, &value, object).await?;
        plan.messages.extend(messages);
        if let Some((_, object)) = &found {
            plan.state.0.insert(address.clone(), object.clone());
        }
        Ok(found)
    }

    /// Plans one resource of the configuration; `None` when its configuration was refused.
    async fn plan_resource(
        &self,
        wanted: Wanted<'_>,
        prior: Option<(Value, Object)>,
        values: &BTreeMap<Address, Value>,
        messages: &mut Vec<Message>,
    ) -> Result<Option<Change>> {
        let Wanted { address, body, forced } = wanted;
        let schema = self.schema.clone();
        let schema = schema.resource(&address.type_name)?;
        let config = evaluate(&schema.block, body, values)?;
        let said = self.validate(&address.type_name, &config).await?;
        let refused = said.iter().any(|message| message.error);
        messages.extend(said);
        if refused {
            return Ok(None);
        }
        let (value, object) = prior.map_or((Value::Null, None), |(value, object)| (value, Some(object)));
        let tainted = object.as_ref().is_some_and(|object| object.tainted);
        // A tainted object is planned as if it were new.
        let (basis, basis_object) = if tainted { (Value::Null, None) } else { (value.clone(), object.as_ref()) };
        let planned = self.plan_config(schema, &address.type_name, &basis, &config, basis_object, messages).await?;
        let Some(mut planned) = planned else { return Ok(None) };
        let replaces = !basis.is_null() && (forced || replaced(&planned.requires_replace, &basis, &planned.value)?);
        if replaces {
            // The second plan is given what the provider keeps with the first.
            let first = basis_object.map(|object| Object { private: planned.private.clone(), ..object.clone() });
            let first = first.as_ref();
            let again = self.plan_config(schema, &address.type_name, &Value::Null, &config, first, messages).await?;
            let Some(again) = again else { return Ok(None) };
            planned = again;
        }
        let action = match () {
            () if tainted || replaces => Action::Replace,
            () if value.is_null() => Action::Create,
            () if planned.value == value => Action::NoOp,
            () => Action::Update,
        };
        let Planned { value: planned, private, .. } = planned;
        Ok(Some(Change { address: address.clone(), action, prior: value, planned, private }))
    }

    /// Plans a create or an update and holds the answer to core's rules; `None` when the provider refused.
    pub(super) async fn plan_config(
        &self,
        schema: &ResourceSchema,
        type_name: &str,
        prior: &Value,
        config: &Value,
        object: Option<&Object>,
        messages: &mut Vec<Message>,
    ) -> Result<Option<Planned>> {
        let proposed = proposed_new(&schema.block, prior, config);
        let mut planned = self.plan_call(type_name, prior, config, &proposed, object).await?;
        let refused = planned.messages.iter().any(|message| message.error);
        messages.append(&mut planned.messages);
        if refused {
            return Ok(None);
        }
        plan_valid(&schema.block, prior, config, &planned.value).context("the provider produced an invalid plan")?;
        Ok(Some(planned))
    }

    pub(super) async fn plan_call(
        &self,
        type_name: &str,
        prior: &Value,
        config: &Value,
        proposed: &Value,
        object: Option<&Object>,
    ) -> Result<Planned> {
        let schema = self.schema.clone();
        let schema = schema.resource(type_name)?;
        let ty = schema.block.ty();
        let request = proto::plan_resource_change::Request {
            type_name: type_name.to_owned(),
            prior_state: encode(prior, &ty)?,
            proposed_new_state: encode(proposed, &ty)?,
            config: encode(config, &ty)?,
            prior_private: object.map(|object| object.private.clone()).unwrap_or_default(),
            client_capabilities: Some(capabilities()),
            prior_identity: object.map(|object| identity_to_proto(schema, object)).transpose()?.flatten(),
            ..Default::default()
        };
        let response = self.client().plan_resource_change(request).await?.into_inner();
        anyhow::ensure!(response.deferred.is_none(), "the provider deferred a change where that is not allowed");
        Ok(Planned {
            value: decode(response.planned_state.as_ref(), &ty)?,
            private: response.planned_private,
            identity: response.planned_identity,
            requires_replace: response.requires_replace.iter().map(path).collect(),
            messages: messages(&response.diagnostics),
        })
    }
}

/// Whether one of the paths changes: only then does it replace the object.
fn replaced(paths: &[Path], prior: &Value, planned: &Value) -> Result<bool> {
    let mut any = false;
    for path in paths {
        let (before, after) = (at(prior, path), at(planned, path));
        anyhow::ensure!(before.is_some() || after.is_some(), "requires replacement on {path}, which does not exist");
        any |= before != after || after.is_some_and(Value::is_unknown);
    }
    Ok(any)
}

fn at<'v>(value: &'v Value, path: &Path) -> Option<&'v Value> {
    path.steps().iter().try_fold(value.undynamic(), |value, step| {
        let next = match (step, value) {
            (Step::Attribute(name), Value::Object(members)) => members.get(name),
            (Step::Key(key), Value::Map(members)) => members.get(key),
            (Step::Index(index), Value::List(elements) | Value::Tuple(elements)) => {
                usize::try_from(*index).ok().and_then(|index| elements.get(index))
            }
            _ => None,
        };
        next.map(Value::undynamic)
    })
}
