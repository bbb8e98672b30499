//! The collectors, and the files of each.

use std::collections::BTreeMap;

use crate::logs::fluent_bit;
use crate::logs::fluentd;
use crate::logs::opentelemetry;
use crate::logs::output::Output;
use crate::logs::plan::Plan;

/// A collector of logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Collector {
    /// Fluent Bit.
    FluentBit,
    /// Fluentd.
    Fluentd,
    /// The OpenTelemetry Collector, in its distribution `contrib`.
    OpenTelemetry,
}

/// Where a collector cannot send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Fluentd has no plugin that makes OTLP of records; fluent-bit and opentelemetry send it")]
pub struct NoOtlp;

impl Collector {
    /// Every collector.
    pub const ALL: [Self; 3] = [Self::FluentBit, Self::Fluentd, Self::OpenTelemetry];

    /// The name that users write.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FluentBit => "fluent-bit",
            Self::Fluentd => "fluentd",
            Self::OpenTelemetry => "opentelemetry",
        }
    }

    /// Its files, by name.
    pub fn files(self, plan: &Plan) -> Result<BTreeMap<&'static str, String>, NoOtlp> {
        let to_otlp = plan.outputs.iter().any(|output| matches!(output, Output::Otlp { .. }));
        match self {
            Self::FluentBit => {
                Ok([("fluent-bit.conf", fluent_bit::configuration(plan)), ("parsers.conf", fluent_bit::parsers(plan))]
                    .into())
            }
            Self::Fluentd if to_otlp => Err(NoOtlp),
            Self::Fluentd => Ok([("fluent.conf", fluentd::configuration(plan))].into()),
            Self::OpenTelemetry => Ok([("config.yaml", opentelemetry::configuration(plan))].into()),
        }
    }
}
