//! The services that go-plugin expects beside the provider's own.

use std::pin::Pin;

use futures::{Stream, StreamExt as _, stream};
use tfplugin_proto::plugin::grpc_broker_server::GrpcBroker;
use tfplugin_proto::plugin::grpc_controller_server::GrpcController;
use tfplugin_proto::plugin::grpc_stdio_server::GrpcStdio;
use tfplugin_proto::plugin::{ConnInfo, Empty, StdioData};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming};

/// The answers; `shutdown` is cancelled when the host wants the process to end.
#[derive(Clone, Debug)]
pub(crate) struct GoPlugin {
    pub(crate) shutdown: CancellationToken,
}

type Silent<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

impl GoPlugin {
    /// A stream that says nothing and ends with the process, so that no open stream delays the end.
    fn silent<T: Send + 'static>(&self) -> Silent<T> {
        Box::pin(stream::pending().take_until(self.shutdown.clone().cancelled_owned()))
    }
}

#[tonic::async_trait]
impl GrpcController for GoPlugin {
    async fn shutdown(&self, _request: Request<Empty>) -> Result<Response<Empty>, Status> {
        self.shutdown.cancel();
        Ok(Response::new(Empty {}))
    }
}

#[tonic::async_trait]
impl GrpcStdio for GoPlugin {
    type StreamStdioStream = Silent<StdioData>;

    /// Whatever came on it would only make the host log a warning: logs go to stderr.
    async fn stream_stdio(&self, _request: Request<()>) -> Result<Response<Self::StreamStdioStream>, Status> {
        Ok(Response::new(self.silent()))
    }
}

#[tonic::async_trait]
impl GrpcBroker for GoPlugin {
    type StartStreamStream = Silent<ConnInfo>;

    /// No further connection is ever offered, and Terraform asks for none.
    async fn start_stream(
        &self,
        _request: Request<Streaming<ConnInfo>>,
    ) -> Result<Response<Self::StartStreamStream>, Status> {
        Ok(Response::new(self.silent()))
    }
}
