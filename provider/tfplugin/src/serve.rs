//! A provider as a process that Terraform starts: the handshake, the secured link, and an end at the right moment.

mod ending;
mod handshake;
mod listener;
mod reattach;
mod services;
mod tls;

use std::io::Write as _;
use std::num::NonZero;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tfplugin_proto::plugin::grpc_broker_server::GrpcBrokerServer;
use tfplugin_proto::plugin::grpc_controller_server::GrpcControllerServer;
use tfplugin_proto::plugin::grpc_stdio_server::GrpcStdioServer;
use tfplugin_proto::tfplugin6::provider_server::ProviderServer;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tonic::transport::Server;

use crate::diagnostic::chain;
use crate::provider::Provider;
use crate::rpc::{Lifetime, Rpc};
use ending::{Ending, Master, Watch};
use handshake::{Host, NotAPlugin};
use listener::Listener;
use services::GoPlugin;

/// What Terraform's own SDK allows in both directions. State of thousands of objects exceeds gRPC's default of 4 MiB.
const MAX_MESSAGE: usize = 256 << 20;

/// Terraform keeps ten calls in flight, which mostly wait for an API. Threads are made at the start and cost time there.
const MOST_THREADS: usize = 4;

/// How long the reply to `Shutdown` may take to leave, and the host to hang up then. Most take a millisecond.
const FAREWELL: Duration = Duration::from_millis(100);

/// How long calls in flight may take to finish when nobody waits for their answers any more.
const ORPHAN_GRACE: Duration = Duration::from_mins(1);

/// What is known of a provider before any of it is made.
#[derive(Clone, Copy, Debug)]
pub struct Plugin {
    /// The full source address, such as `registry.terraform.io/acme/cloud`. Its last part is the provider's local name,
    /// which decides about `TF_LOG_PROVIDER_<NAME>`.
    pub address: &'static str,
    /// The version, for messages and logs.
    pub version: &'static str,
    /// The provider's own crates, as modules are named (`my_cloud`). Their log lines are written at the level that the user asks for;
    /// of all others only warnings and errors are.
    pub crates: &'static [&'static str],
}

impl Plugin {
    fn local_name(&self) -> &'static str {
        self.address.rsplit('/').next().unwrap_or(self.address)
    }
}

/// Why the process could not serve.
#[derive(Debug, thiserror::Error)]
enum ServeError {
    #[error(transparent)]
    NotAPlugin(#[from] NotAPlugin),
    #[error("cannot start the runtime")]
    Runtime(#[source] std::io::Error),
    #[error("cannot listen for the host")]
    Listen(#[source] std::io::Error),
    #[error("cannot watch signals")]
    Signals(#[source] std::io::Error),
    #[error(transparent)]
    Tls(#[from] tls::TlsError),
    #[error("cannot tell the host where to connect")]
    Handshake(#[source] std::io::Error),
    #[error("cannot serve the host")]
    Serve(#[source] tonic::transport::Error),
}

/// Serves the provider to the Terraform that started the process, until Terraform ends it. The result is for `main`.
///
/// `provider` is called after the handshake, so that Terraform never waits for it; it should do no work either, because
/// Terraform starts several processes per command and most only ever give their schema.
///
/// With the argument `-debug` (or `--debug`) the process waits for a Terraform to be attached by hand instead, and prints
/// the environment variable that does so. Started without Terraform and without `-debug`, it explains itself and fails.
pub fn run(plugin: Plugin, provider: impl FnOnce() -> Arc<dyn Provider>) -> ExitCode {
    crate::panic::install_hook();
    crate::log::install(plugin.local_name(), plugin.crates);
    let debug = std::env::args_os().skip(1).any(|argument| argument == "-debug" || argument == "--debug");
    match start(plugin, debug, provider) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let text = match &error {
                ServeError::NotAPlugin(NotAPlugin::NoCookie) => explanation(plugin),
                error => format!("{} {}: {}\n", plugin.address, plugin.version, chain(error)),
            };
            let _ = std::io::stderr().lock().write_all(text.as_bytes());
            ExitCode::FAILURE
        }
    }
}

fn explanation(plugin: Plugin) -> String {
    format!(
        "This is version {} of the Terraform provider {}. It is a plugin: Terraform starts it, and it does nothing when it is \
         started by hand.\n\nTo use it, name it in the required_providers block of a configuration and run Terraform. To attach \
         a debugger, start it with -debug.\n",
        plugin.version, plugin.address
    )
}

fn start(plugin: Plugin, debug: bool, provider: impl FnOnce() -> Arc<dyn Provider>) -> Result<(), ServeError> {
    let host = if debug { None } else { Some(Host::from_environment(|name| std::env::var_os(name))?) };
    let threads = std::thread::available_parallelism().map_or(MOST_THREADS, NonZero::get).min(MOST_THREADS);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build();
    let runtime = runtime.map_err(ServeError::Runtime)?;
    let result = runtime.block_on(serve(plugin, host.as_ref(), provider));
    // A call that is still in flight must not hold up the end.
    runtime.shutdown_background();
    result
}

async fn serve(
    plugin: Plugin,
    host: Option<&Host>,
    provider: impl FnOnce() -> Arc<dyn Provider>,
) -> Result<(), ServeError> {
    let mut watch =
        Watch::start(if host.is_some() { Master::Host } else { Master::Person }).map_err(ServeError::Signals)?;
    let tls = host.and_then(|host| host.certificate.clone()).map(tls::pinned_to).transpose()?;
    let listener = match host {
        Some(host) => Listener::for_host(host),
        None => Listener::bind(None, None, 0..=0),
    }
    .map_err(ServeError::Listen)?;
    let greeting = match host {
        Some(host) => handshake::line(&listener.address, tls.as_ref().map(|tls| &tls.certificate), host) + "\n",
        None => reattach::instructions(plugin.address, std::process::id(), &listener.address),
    };
    print(&greeting).map_err(ServeError::Handshake)?;

    let lifetime = if host.is_some() { Lifetime::default() } else { Lifetime::of_many_runs() };
    let go_plugin = GoPlugin { shutdown: CancellationToken::new() };
    let shutdown = go_plugin.shutdown.clone();
    let rpc = Rpc::new(provider(), plugin.address, lifetime.clone());
    let provider =
        ProviderServer::new(rpc).max_decoding_message_size(MAX_MESSAGE).max_encoding_message_size(MAX_MESSAGE);
    let (health, health_service) = tonic_health::server::health_reporter();
    health.set_service_status("plugin", tonic_health::ServingStatus::Serving).await;
    let mut router = Server::builder()
        .add_service(provider)
        .add_service(GrpcControllerServer::new(go_plugin.clone()))
        .add_service(GrpcStdioServer::new(go_plugin.clone()))
        .add_service(GrpcBrokerServer::new(go_plugin))
        .add_service(health_service);
    if host.is_none() {
        // For people with a gRPC client in hand; a host never asks.
        let reflection = tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(tfplugin_proto::DESCRIPTORS)
            .build_v1();
        match reflection {
            Ok(reflection) => router = router.add_service(reflection),
            Err(error) => tracing::warn!(%error, "cannot offer reflection"),
        }
    }
    let connections = listener.connections(tls.map(|tls| tls.config)).map_err(ServeError::Listen)?;
    let server = router.serve_with_incoming_shutdown(connections, shutdown.clone().cancelled_owned());
    let mut server = tokio::spawn(server);
    tracing::debug!(version = plugin.version, address = plugin.address, "serving");

    tokio::select! {
        () = shutdown.cancelled() => {}
        ending = watch.next() => finish(ending, &mut watch, &lifetime).await,
        ended = &mut server => return served(ended),
    }
    shutdown.cancel();
    timeout(FAREWELL, server).await.map_or(Ok(()), served)
}

/// Lets accepted calls come to an end, and asks them to hurry.
async fn finish(ending: Ending, watch: &mut Watch, lifetime: &Lifetime) {
    tracing::info!(?ending, "ending when the calls in flight are done");
    lifetime.stop();
    let calls = async {
        match ending {
            Ending::Terminated => lifetime.calls_done().await,
            Ending::Orphaned => {
                if timeout(ORPHAN_GRACE, lifetime.calls_done()).await.is_err() {
                    tracing::warn!("ending with calls in flight: the host is gone and they take too long");
                }
            }
        }
    };
    tokio::select! {
        () = calls => {}
        ending = watch.next() => tracing::warn!(?ending, "ending at once"),
    }
}

fn served(ended: Result<Result<(), tonic::transport::Error>, tokio::task::JoinError>) -> Result<(), ServeError> {
    match ended {
        Ok(result) => result.map_err(ServeError::Serve),
        Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
    }
}

fn print(text: &str) -> std::io::Result<()> {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}
