//! Who brings the metrics of a cloud's NAT gateways to Prometheus.
//!
//! Sources: the README and metric naming of each exporter: yet-another-cloudwatch-exporter 0.67 (`pkg/promutil/migrate.go`),
//! `cloudwatch_exporter` (`CloudWatchCollector.java`), azure-metrics-exporter (`metrics/insights`), `stackdriver_exporter`
//! (`collectors/monitoring_collector.go`), Telegraf (`plugins/inputs/aliyuncms`).

use std::fmt;
use std::str::FromStr;

use crate::label::{LabelError, MetricPrefix};
use crate::source::Source;

/// An exporter of the metrics of NAT gateways. Each is of one cloud.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NatExporter {
    /// AWS, by yet-another-cloudwatch-exporter.
    Yace,
    /// AWS, by Prometheus' own `CloudWatch` exporter, which stamps samples with `CloudWatch`'s time.
    CloudwatchExporter,
    /// Azure, by azure-metrics-exporter with the probe that [`crate::exporter_job`] writes.
    AzureMetricsExporter,
    /// Google Cloud, by `stackdriver_exporter`; growth comes as a gauge.
    StackdriverExporter,
    /// The same with `--monitoring.aggregate-deltas`; growth comes as a counter.
    StackdriverExporterDeltas,
    /// Google Cloud, by Managed Service for Prometheus; growth comes as a counter.
    ManagedPrometheus,
    /// Alibaba Cloud, by Telegraf's `aliyuncms`, or anything else that writes its names behind this prefix.
    Telegraf {
        /// What metric names begin with; `aliyuncms_acs_nat_gateway` is Telegraf's own.
        prefix: MetricPrefix,
    },
}

impl NatExporter {
    /// The names that users write.
    pub const NAMES: [&'static str; 7] = [
        "yace",
        "cloudwatch_exporter",
        "azure-metrics-exporter",
        "stackdriver_exporter",
        "stackdriver_exporter-deltas",
        "managed-prometheus",
        "telegraf",
    ];

    /// The cloud.
    pub fn source(&self) -> Source {
        match self {
            Self::Yace | Self::CloudwatchExporter => Source::Aws,
            Self::AzureMetricsExporter => Source::Azure,
            Self::StackdriverExporter | Self::StackdriverExporterDeltas | Self::ManagedPrometheus => Source::Google,
            Self::Telegraf { .. } => Source::Alibaba,
        }
    }
}

/// Why a text names no exporter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExporterError {
    /// It is none of the known names.
    #[error("is no exporter of NAT gateways; known are {}", NatExporter::NAMES.join(", "))]
    Unknown,
    /// The prefix of Telegraf's own names is none, which is a mistake of this program.
    #[error(transparent)]
    Prefix(#[from] LabelError),
}

impl FromStr for NatExporter {
    type Err = ExporterError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "yace" => Self::Yace,
            "cloudwatch_exporter" => Self::CloudwatchExporter,
            "azure-metrics-exporter" => Self::AzureMetricsExporter,
            "stackdriver_exporter" => Self::StackdriverExporter,
            "stackdriver_exporter-deltas" => Self::StackdriverExporterDeltas,
            "managed-prometheus" => Self::ManagedPrometheus,
            "telegraf" => Self::Telegraf { prefix: "aliyuncms_acs_nat_gateway".parse()? },
            _ => return Err(ExporterError::Unknown),
        })
    }
}

impl fmt::Display for NatExporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let position = match self {
            Self::Yace => 0,
            Self::CloudwatchExporter => 1,
            Self::AzureMetricsExporter => 2,
            Self::StackdriverExporter => 3,
            Self::StackdriverExporterDeltas => 4,
            Self::ManagedPrometheus => 5,
            Self::Telegraf { .. } => 6,
        };
        f.write_str(Self::NAMES[position])
    }
}
