//! Calls that change something.

use std::future::Future;
use std::time::Duration;

use cloud::calls::none_passes;
use cloud::{Error, Limits};
use tokio::time::Instant;

use crate::Region;

/// How long EC2 may not know something that was just made.
pub(crate) const REFERENCE_LAG: Duration = Duration::from_mins(2);

/// What a call changes, and so what was read before is not what is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Changed {
    /// Addresses: which there are, and their tags.
    Addresses,
    /// Tags of gateways.
    GatewayTags,
    /// Gateways and their addresses, and routes to them: one whose gateway goes is a blackhole.
    Gateways,
    /// Routes.
    Routes,
}

impl Region {
    /// Sends a call that changes something and may be sent twice.
    pub(crate) async fn write<T, F>(
        &self,
        operation: &'static str,
        changed: Changed,
        limits: &Limits,
        call: impl FnMut() -> F,
    ) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        self.changing(changed, self.calls(limits).write(operation, none_passes, call)).await
    }

    /// Sends a call that names something that was just made, again while EC2 answers with one of these codes: reads lag, so it
    /// may not know that yet.
    pub(crate) async fn refer<T, F>(
        &self,
        operation: &'static str,
        changed: Changed,
        unknown: &[&str],
        limits: &Limits,
        call: impl FnMut() -> F,
    ) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let start = Instant::now();
        let passes = |error: &Error| unknown.contains(&error.code.as_str()) && start.elapsed() < REFERENCE_LAG;
        self.changing(changed, self.calls(limits).write(operation, passes, call)).await
    }

    /// Awaits a call that changes something, and drops what was read before it and during it.
    pub(crate) async fn changing<T>(&self, changed: Changed, call: impl Future<Output = T>) -> T {
        self.forget(changed);
        let answer = Box::pin(call).await;
        self.forget(changed);
        answer
    }

    fn forget(&self, changed: Changed) {
        if matches!(changed, Changed::Addresses | Changed::Gateways) {
            self.addresses.clear();
            self.named_addresses.clear();
            self.all_addresses.clear();
        }
        if matches!(changed, Changed::GatewayTags | Changed::Gateways) {
            self.nat_gateways.clear();
        }
        if changed == Changed::Gateways {
            self.zone_counts.clear();
        }
        if matches!(changed, Changed::Gateways | Changed::Routes) {
            self.route_tables.clear();
        }
    }
}
