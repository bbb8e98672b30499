//! A provider binary as the driver uses it: one process for the schema, then one per walk.

use std::ffi::OsString;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context as _, Result, bail};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use serde_json::Value as Json;
use tfplugin::cty::json::Undefined;
use tfplugin::cty::{Type, Value, json};
use tfplugin_proto::tfplugin6 as proto;
use tfplugin_proto::tfplugin6::provider_client::ProviderClient;
use tonic::transport::Channel;

use super::configuration::{Configuration, evaluate};
use super::message::Message;
use super::process::{Control, Process};
use super::schema::{ProviderSchema, ResourceSchema};
use super::state::{Object, State};
use super::wire::{decode, encode, messages, refuse_errors};

/// The host that the driver says it is.
const TERRAFORM_VERSION: &str = "1.15.5";

/// A provider binary with its environment and schema.
#[derive(Clone, Debug)]
pub struct Driver {
    program: PathBuf,
    environment: Vec<(OsString, OsString)>,
    schema: Arc<ProviderSchema>,
}

/// One configured process, for one walk.
#[derive(Debug)]
pub struct Provider {
    process: Process,
    pub(super) schema: Arc<ProviderSchema>,
    stopped: Arc<AtomicBool>,
}

/// Stops or kills a provider from beside the walk that uses it.
#[derive(Clone, Debug)]
pub struct Interrupter {
    control: Control,
    stopped: Arc<AtomicBool>,
}

impl Driver {
    /// Asks the program for its schema.
    pub async fn new(program: &FilePath, environment: Vec<(OsString, OsString)>) -> Result<Self> {
        let process = Process::start(program, &environment).await?;
        let mut client = process.client();
        let response = client.get_provider_schema(proto::get_provider_schema::Request {}).await?.into_inner();
        refuse_errors(&messages(&response.diagnostics), "the provider's schema")?;
        let identities = client.get_resource_identity_schemas(proto::get_resource_identity_schemas::Request {}).await;
        let identities = match identities {
            Ok(identities) => identities.into_inner(),
            Err(status) if status.code() == tonic::Code::Unimplemented => {
                proto::get_resource_identity_schemas::Response::default()
            }
            Err(status) => return Err(status.into()),
        };
        let schema = Arc::new(ProviderSchema::from_proto(&response, &identities)?);
        if !schema.schema_optional {
            bail!("the provider wants its schema to be asked for in every process");
        }
        process.shut_down().await.context("the provider did not exit within two seconds after Shutdown")?;
        Ok(Self { program: program.to_owned(), environment, schema })
    }

    /// The provider's schema.
    pub fn schema(&self) -> &ProviderSchema {
        &self.schema
    }

    /// A new process with this configuration's provider block.
    pub async fn provider(&self, configuration: &Configuration) -> Result<Provider> {
        let process = Process::start(&self.program, &self.environment).await?;
        let mut client = process.client();
        let config = evaluate(&self.schema.provider, configuration.provider(), &std::collections::BTreeMap::new())?;
        let config = encode(&config, &self.schema.provider.ty())?;
        let request = proto::validate_provider_config::Request { config: config.clone() };
        let response = client.validate_provider_config(request).await?.into_inner();
        refuse_errors(&messages(&response.diagnostics), "the provider's configuration")?;
        let request = proto::configure_provider::Request {
            terraform_version: TERRAFORM_VERSION.to_owned(),
            config,
            client_capabilities: Some(capabilities()),
        };
        let response = client.configure_provider(request).await?.into_inner();
        refuse_errors(&messages(&response.diagnostics), "configuring the provider")?;
        Ok(Provider { process, schema: self.schema.clone(), stopped: Arc::default() })
    }
}

impl Provider {
    /// A handle to stop or kill it while a walk uses it.
    pub fn interrupter(&self) -> Interrupter {
        Interrupter { control: self.process.control(), stopped: self.stopped.clone() }
    }

    pub(super) fn client(&self) -> ProviderClient<Channel> {
        self.process.client()
    }

    /// The process behind it.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Ends the process as a host does.
    pub async fn shut_down(self) -> Result<()> {
        let Self { process, .. } = self;
        process.shut_down().await.context("the provider did not exit within two seconds after Shutdown")?;
        Ok(())
    }

    /// Whether it was interrupted.
    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }

    /// Upgrades and reads every object, ten at a time as core does; the state of those that were found.
    pub async fn refresh_all(&self, state: &State) -> Result<State> {
        const IN_FLIGHT: usize = 10;
        let refreshed = stream::iter(&state.0).map(async |(address, object)| {
            let value = self.upgrade(&address.type_name, object).await?;
            let (found, said) = self.read(&address.type_name, &value, object).await?;
            refuse_errors(&said, "reading")?;
            Ok::<_, anyhow::Error>(found.map(|(_, object)| (address.clone(), object)))
        });
        let refreshed: Vec<_> = refreshed.buffer_unordered(IN_FLIGHT).try_collect().await?;
        Ok(State(refreshed.into_iter().flatten().collect()))
    }

    /// The stored object as a value of the current schema.
    pub(super) async fn upgrade(&self, type_name: &str, object: &Object) -> Result<Value> {
        let schema = self.schema.clone();
        let schema = schema.resource(type_name)?;
        let request = proto::upgrade_resource_state::Request {
            type_name: type_name.to_owned(),
            version: object.schema_version,
            raw_state: Some(proto::RawState { json: object.attributes.clone().into_bytes(), ..Default::default() }),
        };
        let response = self.client().upgrade_resource_state(request).await?.into_inner();
        refuse_errors(&messages(&response.diagnostics), "upgrading the state")?;
        let value = decode(response.upgraded_state.as_ref(), &schema.block.ty())?;
        if !value.is_wholly_known() {
            bail!("upgrading the state of a {type_name} gave unknown values");
        }
        Ok(value)
    }

    /// The object as it is now, and what was said; `None` when it is gone.
    pub(super) async fn read(
        &self,
        type_name: &str,
        value: &Value,
        object: &Object,
    ) -> Result<(Option<(Value, Object)>, Vec<Message>)> {
        let schema = self.schema.clone();
        let schema = schema.resource(type_name)?;
        let request = proto::read_resource::Request {
            type_name: type_name.to_owned(),
            current_state: encode(value, &schema.block.ty())?,
            private: object.private.clone(),
            provider_meta: None,
            client_capabilities: Some(capabilities()),
            current_identity: identity_to_proto(schema, object)?,
        };
        let response = self.client().read_resource(request).await?.into_inner();
        let messages = messages(&response.diagnostics);
        if messages.iter().any(|message| message.error) {
            return Ok((Some((value.clone(), object.clone())), messages));
        }
        let new = decode(response.new_state.as_ref(), &schema.block.ty())?;
        if new.is_null() {
            return Ok((None, messages));
        }
        if !new.is_wholly_known() {
            bail!("reading a {type_name} gave unknown values");
        }
        let identity = identity_from_proto(schema, response.new_identity.as_ref())?.or_else(|| object.identity.clone());
        let object = Object {
            attributes: to_json_text(&new, schema)?,
            schema_version: schema.version,
            private: response.private,
            identity,
            tainted: object.tainted,
            dependencies: object.dependencies.clone(),
        };
        Ok((Some((new, object)), messages))
    }

    /// Checks a resource's configuration.
    pub(super) async fn validate(&self, type_name: &str, config: &Value) -> Result<Vec<Message>> {
        let schema = self.schema.clone();
        let request = proto::validate_resource_config::Request {
            type_name: type_name.to_owned(),
            config: encode(config, &schema.resource(type_name)?.block.ty())?,
            client_capabilities: Some(capabilities()),
        };
        let response = self.client().validate_resource_config(request).await?.into_inner();
        Ok(messages(&response.diagnostics))
    }
}

impl Interrupter {
    /// What Ctrl-C in a terminal does: SIGINT to the process, the stop call, and no further object is begun.
    pub async fn interrupt(&self) -> Result<()> {
        self.stopped.store(true, Ordering::SeqCst);
        self.control.interrupt()?;
        self.control.stop().await?;
        Ok(())
    }

    /// SIGKILL; returns when the process is gone.
    pub fn kill(&self) {
        self.control.kill();
    }
}

/// What a stable host of today says it can.
pub(super) fn capabilities() -> proto::ClientCapabilities {
    proto::ClientCapabilities { write_only_attributes_allowed: true, ..Default::default() }
}

pub(super) fn to_json_text(value: &Value, schema: &ResourceSchema) -> Result<String> {
    Ok(String::from_utf8(json::encode(value, &schema.block.ty())?)?)
}

pub(super) fn identity_to_proto(
    schema: &ResourceSchema,
    object: &Object,
) -> Result<Option<proto::ResourceIdentityData>> {
    let (Some((version, ty)), Some((stored, text))) = (&schema.identity, &object.identity) else { return Ok(None) };
    if version != stored {
        bail!("an identity of version {stored} must be upgraded to {version}, which the driver does not do");
    }
    let value = json::decode(text.as_bytes(), ty, Undefined::Refuse)?;
    Ok(Some(proto::ResourceIdentityData { identity_data: encode(&value, ty)? }))
}

pub(super) fn identity_from_proto(
    schema: &ResourceSchema,
    data: Option<&proto::ResourceIdentityData>,
) -> Result<Option<(i64, String)>> {
    let Some(data) = data else { return Ok(None) };
    let Some((version, ty)): Option<&(i64, Type)> = schema.identity.as_ref() else {
        bail!("an identity came without an identity schema, which crashes a host");
    };
    let value = decode(data.identity_data.as_ref(), ty)?;
    if value.is_null() || !value.is_wholly_known() {
        return Ok(None);
    }
    let json: Json = json::to_json(&value, ty)?;
    Ok(Some((*version, json.to_string())))
}
