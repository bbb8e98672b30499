//! Calls that change something.

use std::future::Future;
use std::time::Duration;

use cloud::{Class, Error, Limits};
use tokio::time::Instant;

use crate::Region;

/// How long EC2 may not know something that was just made.
pub(crate) const REFERENCE_LAG: Duration = Duration::from_mins(2);

impl Region {
    /// Sends a call that changes something: what was read before is not what is.
    pub(crate) async fn write<T>(&self, call: impl Future<Output = T>) -> T {
        self.forget_snapshots().await;
        let answer = call.await;
        self.forget_snapshots().await;
        answer
    }

    /// Sends a call that names something that was just made, again while EC2 answers with one of these codes: reads lag, so it
    /// may not know that yet.
    pub(crate) async fn refer<T, F>(
        &self,
        operation: &'static str,
        unknown: &[&str],
        limits: &Limits,
        call: impl Fn() -> F,
    ) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let start = Instant::now();
        let answered = limits.until(self.poll, || async {
            match self.write(call()).await {
                Ok(answer) => Ok(Some(answer)),
                Err(error)
                    if unknown.contains(&error.code.as_str())
                        && start.elapsed() < REFERENCE_LAG
                        && !limits.stopped() =>
                {
                    Ok(None)
                }
                Err(error) => Err(error),
            }
        });
        answered.await?.ok_or_else(|| overdue(operation, "EC2 did not get to know what the call names"))
    }

    async fn forget_snapshots(&self) {
        self.nat_gateways.invalidate().await;
        self.route_tables.invalidate().await;
        self.addresses.invalidate().await;
    }
}

/// The time was over before what was waited for had happened.
pub(crate) fn overdue(operation: &'static str, what: &str) -> Error {
    let message = format!("{what} within the time that the resource's timeouts allow; the next apply goes on waiting");
    Error::new(Class::Expired, operation, message)
}
