//! The provider's calls. Each is thin: from the wire to native types, the provider's own code, and back, with the checks
//! that keep a provider's mistake from becoming a user's loss.

mod apply;
mod call;
mod call_function;
mod check;
mod configure;
mod data_source;
mod describe;
mod import;
mod list;
mod moved;
mod parts;
mod plan;
mod private;
mod read;
mod replacement;
mod upgrade;
mod validate;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use futures::Stream;
use tfplugin_proto::tfplugin6::{self as proto, provider_server};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

pub(crate) use call::Lifetime;
use call::{Failed, reply};
use parts::Parts;

use crate::diagnostic::Diagnostics;
use crate::provider::{Context, Provider};

/// The provider as a gRPC service.
pub(crate) struct Rpc {
    parts: Arc<Parts>,
    lifetime: Lifetime,
}

type Reply<T> = Result<Response<T>, Status>;

type Events<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

impl Rpc {
    /// Answers with this provider, which has this source address.
    pub(crate) fn new(provider: Arc<dyn Provider>, address: &'static str, lifetime: Lifetime) -> Self {
        Self { parts: Arc::new(Parts::new(provider, address)), lifetime }
    }

    /// Runs a call to its end, whatever becomes of the connection.
    async fn call<T, F>(
        &self,
        rpc: &'static str,
        type_name: &str,
        call: impl FnOnce(Arc<Parts>, Context) -> F,
    ) -> Reply<T>
    where
        T: Failed + Send + 'static,
        F: Future<Output = Result<T, Diagnostics>> + Send + 'static,
    {
        let future = call(Arc::clone(&self.parts), self.lifetime.context());
        Ok(Response::new(reply(rpc, self.lifetime.start(rpc, type_name, self.parts.address, future).await)))
    }
}

/// The answer to calls that only providers with that kind of thing get.
fn absent<T>(kind: &str) -> Reply<T> {
    Err(Status::unimplemented(format!("this provider has no {kind}")))
}

#[tonic::async_trait]
impl provider_server::Provider for Rpc {
    type ListResourceStream = ReceiverStream<list::Event>;
    type ReadStateBytesStream = Events<proto::read_state_bytes::Response>;
    type InvokeActionStream = Events<proto::invoke_action::Event>;

    async fn get_metadata(
        &self,
        _request: Request<proto::get_metadata::Request>,
    ) -> Reply<proto::get_metadata::Response> {
        self.call("GetMetadata", "", |parts, _| async move { Ok(describe::metadata(&parts)) }).await
    }

    async fn get_provider_schema(
        &self,
        _request: Request<proto::get_provider_schema::Request>,
    ) -> Reply<proto::get_provider_schema::Response> {
        self.call("GetProviderSchema", "", |parts, _| async move { describe::schemas(&parts) }).await
    }

    async fn get_resource_identity_schemas(
        &self,
        _request: Request<proto::get_resource_identity_schemas::Request>,
    ) -> Reply<proto::get_resource_identity_schemas::Response> {
        self.call("GetResourceIdentitySchemas", "", |parts, _| async move { Ok(describe::identity_schemas(&parts)) })
            .await
    }

    async fn get_functions(
        &self,
        _request: Request<proto::get_functions::Request>,
    ) -> Reply<proto::get_functions::Response> {
        self.call("GetFunctions", "", |parts, _| async move {
            Ok(proto::get_functions::Response { functions: describe::functions(&parts), diagnostics: Vec::new() })
        })
        .await
    }

    async fn validate_provider_config(
        &self,
        request: Request<proto::validate_provider_config::Request>,
    ) -> Reply<proto::validate_provider_config::Response> {
        let request = request.into_inner();
        self.call(
            "ValidateProviderConfig",
            "",
            |parts, cx| async move { configure::validate(&parts, &cx, request).await },
        )
        .await
    }

    async fn configure_provider(
        &self,
        request: Request<proto::configure_provider::Request>,
    ) -> Reply<proto::configure_provider::Response> {
        let request = request.into_inner();
        self.lifetime.begin_run();
        self.call("ConfigureProvider", "", |parts, cx| async move { configure::configure(&parts, &cx, request).await })
            .await
    }

    async fn stop_provider(
        &self,
        _request: Request<proto::stop_provider::Request>,
    ) -> Reply<proto::stop_provider::Response> {
        tracing::info!("the user interrupted Terraform");
        self.lifetime.stop();
        Ok(Response::new(proto::stop_provider::Response::default()))
    }

    async fn validate_resource_config(
        &self,
        request: Request<proto::validate_resource_config::Request>,
    ) -> Reply<proto::validate_resource_config::Response> {
        let request = request.into_inner();
        self.call("ValidateResourceConfig", &request.type_name.clone(), |parts, cx| async move {
            validate::resource(&parts, &cx, request).await
        })
        .await
    }

    async fn validate_data_resource_config(
        &self,
        request: Request<proto::validate_data_resource_config::Request>,
    ) -> Reply<proto::validate_data_resource_config::Response> {
        let request = request.into_inner();
        self.call("ValidateDataResourceConfig", &request.type_name.clone(), |parts, cx| async move {
            validate::data_source(&parts, &cx, request).await
        })
        .await
    }

    async fn validate_list_resource_config(
        &self,
        request: Request<proto::validate_list_resource_config::Request>,
    ) -> Reply<proto::validate_list_resource_config::Response> {
        let request = request.into_inner();
        self.call("ValidateListResourceConfig", &request.type_name.clone(), |parts, cx| async move {
            validate::list(&parts, &cx, request).await
        })
        .await
    }

    async fn upgrade_resource_state(
        &self,
        request: Request<proto::upgrade_resource_state::Request>,
    ) -> Reply<proto::upgrade_resource_state::Response> {
        let request = request.into_inner();
        self.call("UpgradeResourceState", &request.type_name.clone(), |parts, _| async move {
            upgrade::state(&parts, request)
        })
        .await
    }

    async fn upgrade_resource_identity(
        &self,
        request: Request<proto::upgrade_resource_identity::Request>,
    ) -> Reply<proto::upgrade_resource_identity::Response> {
        let request = request.into_inner();
        self.call("UpgradeResourceIdentity", &request.type_name.clone(), |parts, _| async move {
            upgrade::identity(&parts, request)
        })
        .await
    }

    async fn read_resource(
        &self,
        request: Request<proto::read_resource::Request>,
    ) -> Reply<proto::read_resource::Response> {
        let request = request.into_inner();
        self.call("ReadResource", &request.type_name.clone(), |parts, cx| async move {
            read::read(&parts, &cx, request).await
        })
        .await
    }

    async fn plan_resource_change(
        &self,
        request: Request<proto::plan_resource_change::Request>,
    ) -> Reply<proto::plan_resource_change::Response> {
        let request = request.into_inner();
        self.call("PlanResourceChange", &request.type_name.clone(), |parts, cx| async move {
            plan::plan(&parts, &cx, request).await
        })
        .await
    }

    async fn apply_resource_change(
        &self,
        request: Request<proto::apply_resource_change::Request>,
    ) -> Reply<proto::apply_resource_change::Response> {
        let request = request.into_inner();
        self.call("ApplyResourceChange", &request.type_name.clone(), |parts, cx| async move {
            apply::apply(&parts, &cx, request).await
        })
        .await
    }

    async fn import_resource_state(
        &self,
        request: Request<proto::import_resource_state::Request>,
    ) -> Reply<proto::import_resource_state::Response> {
        let request = request.into_inner();
        self.call("ImportResourceState", &request.type_name.clone(), |parts, cx| async move {
            import::import(&parts, &cx, request).await
        })
        .await
    }

    async fn move_resource_state(
        &self,
        request: Request<proto::move_resource_state::Request>,
    ) -> Reply<proto::move_resource_state::Response> {
        let request = request.into_inner();
        self.call("MoveResourceState", &request.target_type_name.clone(), |parts, _| async move {
            moved::moved(&parts, request)
        })
        .await
    }

    async fn read_data_source(
        &self,
        request: Request<proto::read_data_source::Request>,
    ) -> Reply<proto::read_data_source::Response> {
        let request = request.into_inner();
        self.call("ReadDataSource", &request.type_name.clone(), |parts, cx| async move {
            data_source::read(&parts, &cx, request).await
        })
        .await
    }

    async fn list_resource(&self, request: Request<proto::list_resource::Request>) -> Reply<Self::ListResourceStream> {
        let (events, stream) = mpsc::channel(1);
        tokio::spawn(list::list(Arc::clone(&self.parts), self.lifetime.clone(), request.into_inner(), events));
        Ok(Response::new(ReceiverStream::new(stream)))
    }

    async fn call_function(
        &self,
        request: Request<proto::call_function::Request>,
    ) -> Reply<proto::call_function::Response> {
        let request = request.into_inner();
        self.call("CallFunction", "", |parts, _| async move { call_function::call(&parts, &request) }).await
    }

    async fn generate_resource_config(
        &self,
        _request: Request<proto::generate_resource_config::Request>,
    ) -> Reply<proto::generate_resource_config::Response> {
        absent("configuration generator")
    }

    async fn validate_ephemeral_resource_config(
        &self,
        _request: Request<proto::validate_ephemeral_resource_config::Request>,
    ) -> Reply<proto::validate_ephemeral_resource_config::Response> {
        absent("ephemeral resources")
    }

    async fn open_ephemeral_resource(
        &self,
        _request: Request<proto::open_ephemeral_resource::Request>,
    ) -> Reply<proto::open_ephemeral_resource::Response> {
        absent("ephemeral resources")
    }

    async fn renew_ephemeral_resource(
        &self,
        _request: Request<proto::renew_ephemeral_resource::Request>,
    ) -> Reply<proto::renew_ephemeral_resource::Response> {
        absent("ephemeral resources")
    }

    async fn close_ephemeral_resource(
        &self,
        _request: Request<proto::close_ephemeral_resource::Request>,
    ) -> Reply<proto::close_ephemeral_resource::Response> {
        absent("ephemeral resources")
    }

    async fn validate_action_config(
        &self,
        _request: Request<proto::validate_action_config::Request>,
    ) -> Reply<proto::validate_action_config::Response> {
        absent("actions")
    }

    async fn plan_action(&self, _request: Request<proto::plan_action::Request>) -> Reply<proto::plan_action::Response> {
        absent("actions")
    }

    async fn invoke_action(&self, _request: Request<proto::invoke_action::Request>) -> Reply<Self::InvokeActionStream> {
        absent("actions")
    }

    async fn validate_state_store_config(
        &self,
        _request: Request<proto::validate_state_store::Request>,
    ) -> Reply<proto::validate_state_store::Response> {
        absent("state stores")
    }

    async fn configure_state_store(
        &self,
        _request: Request<proto::configure_state_store::Request>,
    ) -> Reply<proto::configure_state_store::Response> {
        absent("state stores")
    }

    async fn read_state_bytes(
        &self,
        _request: Request<proto::read_state_bytes::Request>,
    ) -> Reply<Self::ReadStateBytesStream> {
        absent("state stores")
    }

    async fn write_state_bytes(
        &self,
        _request: Request<Streaming<proto::write_state_bytes::RequestChunk>>,
    ) -> Reply<proto::write_state_bytes::Response> {
        absent("state stores")
    }

    async fn lock_state(&self, _request: Request<proto::lock_state::Request>) -> Reply<proto::lock_state::Response> {
        absent("state stores")
    }

    async fn unlock_state(
        &self,
        _request: Request<proto::unlock_state::Request>,
    ) -> Reply<proto::unlock_state::Response> {
        absent("state stores")
    }

    async fn get_states(&self, _request: Request<proto::get_states::Request>) -> Reply<proto::get_states::Response> {
        absent("state stores")
    }

    async fn delete_state(
        &self,
        _request: Request<proto::delete_state::Request>,
    ) -> Reply<proto::delete_state::Response> {
        absent("state stores")
    }
}
