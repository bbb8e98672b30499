//! What can be set of the stand-in.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::throttling::Throttling;

/// What can be set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// How long an operation takes, in milliseconds.
    pub operation_ms: u64,
    /// How long lists do not show what was just created, in milliseconds.
    pub list_lag_ms: u64,
    /// How many public IP addresses a subscription may have.
    pub public_ips: usize,
    /// The limits of the rate of calls.
    pub throttling: Throttling,
}

impl Default for Settings {
    fn default() -> Self {
        Self { operation_ms: 10_000, list_lag_ms: 1_000, public_ips: 20, throttling: Throttling::default() }
    }
}

impl Settings {
    /// Operations of milliseconds, and as many addresses as anybody wants.
    pub fn fast() -> Self {
        Self { operation_ms: 20, list_lag_ms: 0, public_ips: 1_000, throttling: Throttling::default() }
    }

    pub(super) fn operation(&self) -> Duration {
        Duration::from_millis(self.operation_ms)
    }

    pub(super) fn list_lag(&self) -> Duration {
        Duration::from_millis(self.list_lag_ms)
    }
}
