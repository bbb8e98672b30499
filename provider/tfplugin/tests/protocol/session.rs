//! A configured process, and the book that most calls are about.

use tfplugin::cty::{Type, Value};
use tfplugin_proto::tfplugin6 as proto;
use tfplugin_proto::tfplugin6::provider_client::ProviderClient;
use tonic::transport::Channel;

use crate::host::{Host, Options, provider};
use crate::values::{decode, encode, errors, type_of, with};

/// A configured provider with an empty shelf.
pub(crate) struct Session {
    pub(crate) host: Host,
    pub(crate) channel: Channel,
    pub(crate) client: ProviderClient<Channel>,
    pub(crate) schema: proto::get_provider_schema::Response,
    pub(crate) folder: tempfile::TempDir,
}

impl Session {
    pub(crate) async fn start() -> Self {
        Self::start_with(&Options::default()).await
    }

    pub(crate) async fn start_with(options: &Options<'_>) -> Self {
        let host = Host::start_with(options);
        let channel = host.connect().await.unwrap();
        let mut client = provider(channel.clone());
        let schema = client.get_provider_schema(proto::get_provider_schema::Request {}).await.unwrap().into_inner();
        assert_eq!(schema.diagnostics, []);
        let folder = tempfile::tempdir().unwrap();
        let ty = type_of(schema.provider.as_ref().unwrap());
        let config = with(&ty, [("directory", folder.path().to_str().unwrap().into())]);
        let request = proto::configure_provider::Request {
            terraform_version: "1.15.5".to_owned(),
            config: encode(&config, &ty),
            client_capabilities: None,
        };
        let reply = client.configure_provider(request).await.unwrap().into_inner();
        assert_eq!(reply.diagnostics, []);
        Self { host, channel, client, schema, folder }
    }

    /// Another user of the same connection.
    pub(crate) fn clone_client(&self) -> ProviderClient<Channel> {
        self.client.clone()
    }

    pub(crate) fn type_of(&self, resource: &str) -> Type {
        type_of(&self.schema.resource_schemas[resource])
    }

    /// The request to make a gremlin.
    pub(crate) fn gremlin_create(&self, mischief: &str, note: &str) -> proto::apply_resource_change::Request {
        let ty = self.type_of("shelf_gremlin");
        let config = with(&ty, [("mischief", mischief.into()), ("note", note.into())]);
        let planned = with(&ty, [("mischief", mischief.into()), ("note", note.into()), ("result", Value::UNKNOWN)]);
        proto::apply_resource_change::Request {
            type_name: "shelf_gremlin".to_owned(),
            planned_state: encode(&planned, &ty),
            config: encode(&config, &ty),
            ..proto::apply_resource_change::Request::default()
        }
    }

    /// A gremlin's state.
    pub(crate) fn gremlin(&self, wire: Option<&proto::DynamicValue>) -> Value {
        decode(wire, &self.type_of("shelf_gremlin"))
    }

    /// Plans and applies a book, as Terraform does with `proposed` as the new state that it proposes.
    pub(crate) async fn put(
        &mut self,
        prior: Option<&proto::apply_resource_change::Response>,
        config: &Value,
        proposed: &Value,
    ) -> (proto::plan_resource_change::Response, proto::apply_resource_change::Response) {
        let ty = self.type_of("shelf_book");
        let prior_state = prior.map_or(encode(&Value::Null, &ty), |prior| prior.new_state.clone());
        let request = proto::plan_resource_change::Request {
            type_name: "shelf_book".to_owned(),
            prior_state: prior_state.clone(),
            proposed_new_state: encode(proposed, &ty),
            config: encode(config, &ty),
            prior_private: prior.map(|prior| prior.private.clone()).unwrap_or_default(),
            prior_identity: prior.and_then(|prior| prior.new_identity.clone()),
            ..proto::plan_resource_change::Request::default()
        };
        let plan = self.client.plan_resource_change(request).await.unwrap().into_inner();
        assert_eq!(errors(&plan.diagnostics), [] as [&str; 0], "{:?}", plan.diagnostics);
        let request = proto::apply_resource_change::Request {
            type_name: "shelf_book".to_owned(),
            prior_state,
            planned_state: plan.planned_state.clone(),
            config: encode(config, &ty),
            planned_private: plan.planned_private.clone(),
            planned_identity: plan.planned_identity.clone(),
            provider_meta: None,
        };
        let applied = self.client.apply_resource_change(request).await.unwrap().into_inner();
        assert_eq!(errors(&applied.diagnostics), [] as [&str; 0], "{:?}", applied.diagnostics);
        (plan, applied)
    }

    pub(crate) fn identity_type() -> Type {
        Type::object([("number", Type::String)])
    }
}

/// What identifies an object.
pub(crate) fn identity_of(wire: Option<&proto::ResourceIdentityData>) -> Value {
    decode(wire.and_then(|identity| identity.identity_data.as_ref()), &Session::identity_type())
}

/// A book with a value of every kind.
pub(crate) fn dune(ty: &Type) -> Value {
    let price: tfplugin::cty::Number = "0.1".parse().unwrap();
    with(
        ty,
        [
            ("number", "1".into()),
            ("title", "Dune".into()),
            ("price", Value::Number(price)),
            ("secret", "melange".into()),
            ("secret_version", 1.into()),
            ("tags", Value::set(["sand", "spice"])),
        ],
    )
}

/// The value with one attribute changed.
pub(crate) fn changed(value: &Value, name: &str, to: impl Into<Value>) -> Value {
    let mut value = value.clone();
    value.as_object_mut().unwrap().insert(name.to_owned(), to.into());
    value
}
