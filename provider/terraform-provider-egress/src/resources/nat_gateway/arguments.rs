//! What is read of the resource here, whatever the cloud.

use std::num::NonZeroU64;

use egress_model::nat_gateway::capacity::Load;
use serde::Deserialize;
use tfplugin::Diagnostic;
use tfplugin::cty::Value;
use tfplugin::model::{self, Arg};

use crate::resources::timeouts::Timeouts;

/// What the user wrote.
#[derive(Deserialize)]
pub(super) struct Arguments {
    pub(super) name: Arg<String>,
    pub(super) expected_load: Arg<ExpectedLoad>,
    pub(super) timeouts: Arg<Timeouts>,
    on_interruption: Arg<String>,
}

/// What the gateways must carry.
#[derive(Deserialize)]
pub(super) struct ExpectedLoad {
    pub(super) peak_connections_per_destination: Arg<i64>,
    pub(super) spare_addresses: Arg<i64>,
}

/// Whether a plan that interrupts egress fails or warns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OnInterruption {
    /// It fails.
    Error,
    /// It warns.
    Warn,
}

impl Arguments {
    pub(super) fn read(value: &Value) -> Result<Self, Diagnostic> {
        model::from_value_subset(value)
    }

    /// The name, where it is known.
    pub(super) fn name(&self) -> &str {
        self.name.known().map_or("", String::as_str)
    }

    /// What a plan does that interrupts egress.
    pub(super) fn on_interruption(&self) -> OnInterruption {
        match self.on_interruption.known().map(String::as_str) {
            Some("warn") => OnInterruption::Warn,
            _ => OnInterruption::Error,
        }
    }

    /// The load, where it is known and can be.
    pub(super) fn load(&self) -> Option<Load> {
        let load = self.expected_load.known()?;
        let peak = u64::try_from(*load.peak_connections_per_destination.known()?).ok().and_then(NonZeroU64::new)?;
        let spare = match &load.spare_addresses {
            Arg::Known(spare) => u32::try_from(*spare).ok()?,
            Arg::Null => 0,
            Arg::Unknown => return None,
        };
        Some(Load { peak_connections_per_destination: peak, spare_addresses: spare })
    }
}
