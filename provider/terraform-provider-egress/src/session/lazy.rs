//! What the provider is configured to reach, and connects to when it is first used: most processes never call most of it.

use std::fmt;
use std::sync::Arc;

use cluster::Once;
use tfplugin::Diagnostic;
use tfplugin::diagnostic::chain;
use tokio_util::sync::CancellationToken;

use super::this_run::{Cause, Failure};

/// A cloud or cluster that can be connected to.
pub(crate) trait Connect: Sized {
    /// What the provider's configuration says of it.
    type Config: fmt::Debug + Send + Sync;
    /// Why it cannot be used.
    type Error: Clone + Send + Sync;

    /// Makes its clients. `stop` is cancelled when the user interrupts the run.
    fn connect(
        config: &Self::Config,
        stop: &CancellationToken,
    ) -> impl Future<Output = Result<Self, Self::Error>> + Send;
}

/// A cloud or cluster as configured.
pub(crate) struct Lazy<C: Connect> {
    config: C::Config,
    stop: CancellationToken,
    once: Once<Arc<C>, C::Error>,
}

/// AWS as configured.
pub(crate) type Aws = Lazy<cloud_aws::Cloud>;

impl<C: Connect> Lazy<C> {
    /// With this configuration; nothing is connected yet.
    pub(crate) fn new(config: C::Config) -> Self {
        Self { config, stop: CancellationToken::new(), once: Once::default() }
    }

    /// Connected already.
    #[cfg(test)]
    pub(crate) fn connected(connected: C) -> Self
    where
        C::Config: Default,
    {
        Self { config: C::Config::default(), stop: CancellationToken::new(), once: Once::known(Arc::new(connected)) }
    }

    /// Has its calls end when the user interrupts the run.
    pub(super) fn interrupted_by(&mut self, stop: &CancellationToken) {
        self.stop = stop.clone();
    }

    /// What is connected, one per provider configuration. Those who wait for it share a failure.
    pub(crate) async fn get(&self) -> Result<Arc<C>, C::Error> {
        self.once.get(|| async { C::connect(&self.config, &self.stop).await.map(Arc::new) }).await
    }
}

impl<C: Connect> fmt::Debug for Lazy<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lazy").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Connect for cloud_aws::Cloud {
    type Config = cloud_aws::Config;
    type Error = Failure;

    async fn connect(config: &cloud_aws::Config, stop: &CancellationToken) -> Result<Self, Failure> {
        Self::connect(config, stop.clone()).await.map_err(|error| {
            let cause = Cause::Configuration { place: "AWS".to_owned() };
            let summary = "AWS cannot be used with this provider configuration";
            Failure::new(Some(cause), Diagnostic::error(summary, chain(&error)))
        })
    }
}

impl Connect for cluster::Cluster {
    type Config = cluster::Config;
    type Error = cluster::Error;

    async fn connect(config: &cluster::Config, _stop: &CancellationToken) -> Result<Self, cluster::Error> {
        Self::connect(config).await
    }
}
