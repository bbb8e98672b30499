//! Every call as a task of its own: neither a host that hangs up nor a panic ends work that was accepted.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tfplugin_proto::tfplugin6 as proto;
use tokio::task::{JoinError, JoinHandle};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::provider::Context;
use crate::to_proto;

/// The calls in flight, and the user's wish to stop.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lifetime {
    stop: Arc<Mutex<CancellationToken>>,
    calls: TaskTracker,
    many_runs: bool,
}

impl Lifetime {
    /// Of a process that several runs of Terraform use one after the other (debug mode).
    pub(crate) fn of_many_runs() -> Self {
        Self { many_runs: true, ..Self::default() }
    }

    /// Asks the calls in flight, and every one that may still come, to come to an end.
    pub(crate) fn stop(&self) {
        self.token().cancel();
    }

    /// A run of Terraform begins. One process has one run, and its interruption is permanent, except in debug mode.
    pub(crate) fn begin_run(&self) {
        if self.many_runs && self.token().is_cancelled() {
            *self.stop.lock().unwrap_or_else(PoisonError::into_inner) = CancellationToken::new();
        }
    }

    /// Waits until no call is in flight.
    pub(crate) async fn calls_done(&self) {
        self.calls.close();
        self.calls.wait().await;
    }

    /// What a call is given.
    pub(crate) fn context(&self) -> Context {
        Context { stop: self.token().child_token() }
    }

    /// Starts a call that ends by itself, whoever waits for it.
    pub(crate) fn start<T: Send + 'static>(
        &self,
        rpc: &'static str,
        type_name: &str,
        provider: &'static str,
        call: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        static CALLS: AtomicU64 = AtomicU64::new(1);

        let number = CALLS.fetch_add(1, Ordering::Relaxed).to_string();
        let span = tracing::info_span!(
            "rpc",
            tf_rpc = rpc,
            tf_req_id = number,
            tf_provider_addr = provider,
            tf_resource_type = tracing::field::Empty
        );
        if !type_name.is_empty() {
            span.record("tf_resource_type", type_name);
        }
        let call = async move {
            tracing::trace!("call begins");
            let result = call.await;
            tracing::trace!("call ends");
            result
        };
        self.calls.spawn(call.instrument(span))
    }

    fn token(&self) -> CancellationToken {
        self.stop.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A reply that can say that the call failed. Everything else in it is absent then, by which Terraform keeps what it has.
pub(crate) trait Failed {
    /// The reply with nothing but messages.
    fn failed(diagnostics: Diagnostics) -> Self;
}

macro_rules! failed {
    ($($message:ident),* $(,)?) => {
        $(impl Failed for proto::$message::Response {
            fn failed(diagnostics: Diagnostics) -> Self {
                let mut reply = Self::default();
                reply.diagnostics = to_proto::diagnostics(diagnostics);
                reply
            }
        })*
    };
}

failed!(
    get_metadata,
    get_provider_schema,
    get_resource_identity_schemas,
    get_functions,
    validate_provider_config,
    validate_resource_config,
    validate_data_resource_config,
    validate_list_resource_config,
    configure_provider,
    upgrade_resource_state,
    upgrade_resource_identity,
    read_resource,
    plan_resource_change,
    apply_resource_change,
    import_resource_state,
    move_resource_state,
    read_data_source,
);

impl Failed for proto::call_function::Response {
    fn failed(diagnostics: Diagnostics) -> Self {
        let text = diagnostics.iter().map(|d| format!("{}. {}", d.summary, d.detail)).collect::<Vec<_>>().join("\n");
        Self { result: None, error: Some(proto::FunctionError { text, function_argument: None }) }
    }
}

/// The reply of a call that has ended, also of one that panicked.
pub(crate) fn reply<T: Failed>(rpc: &'static str, ended: Result<Result<T, Diagnostics>, JoinError>) -> T {
    match ended {
        Ok(Ok(reply)) => reply,
        Ok(Err(diagnostics)) => T::failed(diagnostics),
        Err(error) => T::failed(crash(rpc, error).into()),
    }
}

/// The diagnostic of a panic.
pub(crate) fn crash(rpc: &'static str, error: JoinError) -> Diagnostic {
    let reason = match error.try_into_panic() {
        Ok(payload) => crate::panic::text(&*payload).to_owned(),
        Err(error) => error.to_string(),
    };
    Diagnostic::error(
        "The provider crashed",
        format!(
            "A bug in the provider ended its call {rpc}: {reason}\n\nOther calls went on. Objects that this call \
             was changing may be changed in part: run a plan to see what is there. Please report this to the \
             provider's developers, with the lines that follow \"panic:\" in the log."
        ),
    )
}
