//! The apply walk.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, bail};
use tfplugin::cty::Value;
use tfplugin_proto::tfplugin6 as proto;

use super::configuration::{Address, Configuration, evaluate};
use super::driver::{Driver, Provider, identity_from_proto, identity_to_proto, to_json_text};
use super::message::Message;
use super::plan::{Action, Change, Plan, Planned};
use super::rules::compatible;
use super::state::{Object, State};
use super::wire::{decode, encode, messages, refuse_errors};

/// What an apply left behind.
#[derive(Clone, Debug)]
pub struct Applied {
    /// The state that core would write.
    pub state: State,
    /// All that the provider said.
    pub messages: Vec<Message>,
    /// The provider died under a call.
    pub lost_provider: bool,
}

impl Applied {
    /// Whether anything went wrong.
    pub fn failed(&self) -> bool {
        self.messages.iter().any(|message| message.error)
    }

    /// The state, or the errors as one.
    pub fn succeeded(self) -> Result<State> {
        refuse_errors(&self.messages, "the apply failed")?;
        Ok(self.state)
    }
}

/// How an apply call of one object ended.
enum Outcome {
    Done,
    Failed,
}

impl Driver {
    /// Applies a plan in a process of its own.
    pub async fn apply(&self, configuration: &Configuration, plan: &Plan) -> Result<Applied> {
        let provider = self.provider(configuration).await?;
        let applied = provider.apply(configuration, plan).await?;
        provider.shut_down().await?;
        Ok(applied)
    }

    /// Plans and applies, as `terraform apply` does; the state, or the first error.
    pub async fn converge(&self, configuration: &Configuration, state: &State) -> Result<State> {
        let plan = self.plan(configuration, state).await?.accepted()?;
        if plan.is_empty() {
            return Ok(plan.state);
        }
        self.apply(configuration, &plan).await?.succeeded()
    }
}

impl Provider {
    /// The apply walk. Errors of the provider and its death are in the result; an `Err` is a broken rule.
    pub async fn apply(&self, configuration: &Configuration, plan: &Plan) -> Result<Applied> {
        let mut applied = Applied { state: plan.state.clone(), messages: Vec::new(), lost_provider: false };
        let mut values: BTreeMap<Address, Value> = BTreeMap::new();
        let mut failed: BTreeSet<Address> = BTreeSet::new();
        for change in &plan.changes {
            let needs = configuration.dependencies(&change.address);
            // Core starts nothing after a stop, nor what depends on a failure.
            if self.is_stopped() || needs.iter().any(|needed| failed.contains(needed)) {
                failed.insert(change.address.clone());
                continue;
            }
            let context = || change.address.to_string();
            match self.apply_change(configuration, change, &mut values, &mut applied).await.with_context(context)? {
                Outcome::Done => {}
                Outcome::Failed => {
                    failed.insert(change.address.clone());
                }
            }
        }
        Ok(applied)
    }

    async fn apply_change(
        &self,
        configuration: &Configuration,
        change: &Change,
        values: &mut BTreeMap<Address, Value>,
        applied: &mut Applied,
    ) -> Result<Outcome> {
        let address = &change.address;
        match change.action {
            Action::NoOp => {
                values.insert(address.clone(), change.prior.clone());
                return Ok(Outcome::Done);
            }
            Action::Delete => return self.delete(change, applied).await,
            Action::Replace if configuration.is_created_first(address) => {
                return self.create_first(configuration, change, values, applied).await;
            }
            Action::Replace => {
                if let Outcome::Failed = self.delete(change, applied).await? {
                    return Ok(Outcome::Failed);
                }
            }
            Action::Create | Action::Update => {}
        }
        self.create_or_update(configuration, change, values, applied).await
    }

    /// Replaces an object by one that is made before it goes.
    async fn create_first(
        &self,
        configuration: &Configuration,
        change: &Change,
        values: &mut BTreeMap<Address, Value>,
        applied: &mut Applied,
    ) -> Result<Outcome> {
        let address = &change.address;
        let deposed = applied.state.0.remove(address).context("an object that is replaced is in the state")?;
        let outcome = self.create_or_update(configuration, change, values, applied).await?;
        let Some(new) = applied.state.0.insert(address.clone(), deposed.clone()) else { return Ok(Outcome::Failed) };
        let mut gone = Outcome::Failed;
        if let Outcome::Done = outcome {
            let none = Value::Null;
            let planned = self.plan_call(&address.type_name, &change.prior, &none, &none, Some(&deposed)).await?;
            let refused = planned.messages.iter().any(|message| message.error);
            applied.messages.extend(planned.messages);
            if !refused {
                let removal = Change { private: planned.private, ..change.clone() };
                gone = self.delete(&removal, applied).await?;
            }
        }
        applied.state.0.insert(address.clone(), new);
        Ok(gone)
    }

    async fn create_or_update(
        &self,
        configuration: &Configuration,
        change: &Change,
        values: &mut BTreeMap<Address, Value>,
        applied: &mut Applied,
    ) -> Result<Outcome> {
        let address = &change.address;
        let schema = self.schema.clone();
        let schema = schema.resource(&address.type_name)?;
        let body = configuration.body(address).context("a planned resource has a body")?;
        let config = evaluate(&schema.block, body, values)?;
        let object = applied.state.0.get(address).cloned();
        let prior = if change.action == Action::Update { change.prior.clone() } else { Value::Null };
        // Core plans again with what is known by now.
        let planned =
            self.plan_config(schema, &address.type_name, &prior, &config, object.as_ref(), &mut applied.messages).await;
        let planned = match planned {
            Ok(Some(planned)) => planned,
            Ok(None) => return Ok(Outcome::Failed),
            Err(error) => return lost_or(error, applied),
        };
        if change.action == Action::Update && planned.value == prior {
            values.insert(address.clone(), prior);
            return Ok(Outcome::Done);
        }
        compatible(&change.planned, &planned.value).context("the provider produced an inconsistent final plan")?;
        let dependencies = configuration.dependencies(address);
        let outcome =
            self.apply_call(address, &prior, &planned, &config, object.as_ref(), dependencies, applied).await?;
        if let Some(object) = applied.state.0.get(address) {
            let value = tfplugin::cty::json::decode(
                object.attributes.as_bytes(),
                &schema.block.ty(),
                tfplugin::cty::json::Undefined::Refuse,
            )?;
            values.insert(address.clone(), value);
        }
        Ok(outcome)
    }

    async fn delete(&self, change: &Change, applied: &mut Applied) -> Result<Outcome> {
        let object = applied.state.0.get(&change.address).cloned();
        let planned = Planned {
            value: Value::Null,
            private: change.private.clone(),
            identity: None,
            requires_replace: Vec::new(),
            messages: Vec::new(),
        };
        let dependencies = object.as_ref().map(|object| object.dependencies.clone()).unwrap_or_default();
        self.apply_call(&change.address, &change.prior, &planned, &Value::Null, object.as_ref(), dependencies, applied)
            .await
    }

    /// One `ApplyResourceChange`, and what core records of it.
    #[expect(clippy::too_many_arguments, reason = "the parts of the request, and of the record")]
    async fn apply_call(
        &self,
        address: &Address,
        prior: &Value,
        planned: &Planned,
        config: &Value,
        object: Option<&Object>,
        dependencies: BTreeSet<Address>,
        applied: &mut Applied,
    ) -> Result<Outcome> {
        let schema = self.schema.clone();
        let schema = schema.resource(&address.type_name)?;
        let ty = schema.block.ty();
        let identity = match (&planned.identity, object) {
            (Some(identity), _) => Some(identity.clone()),
            (None, Some(object)) => identity_to_proto(schema, object)?,
            (None, None) => None,
        };
        let request = proto::apply_resource_change::Request {
            type_name: address.type_name.clone(),
            prior_state: encode(prior, &ty)?,
            planned_state: encode(&planned.value, &ty)?,
            config: encode(config, &ty)?,
            planned_private: planned.private.clone(),
            provider_meta: None,
            planned_identity: identity,
        };
        let response = match self.client().apply_resource_change(request).await {
            Ok(response) => response.into_inner(),
            // Nothing was returned, so nothing is recorded: a create leaves no trace, an update or delete the prior state.
            Err(status) => return lost_or(status.into(), applied),
        };
        let said = messages(&response.diagnostics);
        let failed = said.iter().any(|message| message.error);
        applied.messages.extend(said);
        let new = decode(response.new_state.as_ref(), &ty)?;
        if !new.is_wholly_known() {
            bail!("the provider returned unknown values after the apply: {new:?}");
        }
        let deleted = planned.value.is_null();
        if new.is_null() {
            match (failed, deleted) {
                (false, true) => drop(applied.state.0.remove(address)),
                (false, false) => bail!("the provider returned nothing after a successful apply"),
                // Core keeps what it had.
                (true, _) => {}
            }
            return Ok(if failed { Outcome::Failed } else { Outcome::Done });
        }
        if !failed {
            anyhow::ensure!(!deleted, "the provider returned an object after a successful delete");
            compatible(&planned.value, &new).context("the provider produced an inconsistent result after apply")?;
        }
        let identity = identity_from_proto(schema, response.new_identity.as_ref())?;
        applied.state.0.insert(
            address.clone(),
            Object {
                attributes: to_json_text(&new, schema)?,
                schema_version: schema.version,
                private: response.private,
                identity: identity.or_else(|| object.and_then(|object| object.identity.clone())),
                tainted: failed && prior.is_null(),
                dependencies,
            },
        );
        Ok(if failed { Outcome::Failed } else { Outcome::Done })
    }
}

/// A dead provider is an outcome that core survives; anything else is a broken rule.
fn lost_or(error: anyhow::Error, applied: &mut Applied) -> Result<Outcome> {
    let Some(status) = error.downcast_ref::<tonic::Status>() else { return Err(error) };
    applied.lost_provider = true;
    applied.messages.push(Message {
        error: true,
        summary: "Plugin did not respond".to_owned(),
        detail: status.to_string(),
        path: tfplugin::cty::Path::root(),
    });
    Ok(Outcome::Failed)
}
