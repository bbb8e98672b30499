//! What an exporter of a cloud's metrics has to be told, so that the names and labels that the rules use exist.
//!
//! Sources: the README and examples of each exporter (see [`crate::exporter`]). `nilToZero` of yet-another-cloudwatch-exporter makes an
//! error that never occurred a zero, and is not used together with `CloudWatch`'s timestamps (its issue 524).

use std::collections::BTreeSet;
use std::fmt::Write;

use egress_engines::manifest::yaml_of;
use serde_json::{Value, json};

use crate::estate::{Estate, WatchedNat};
use crate::exporter::NatExporter;

/// The configuration of one exporter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExporterJob {
    /// The exporter's name.
    pub exporter: String,
    /// What it is: a file of the exporter, or a part of Prometheus' own.
    pub what: &'static str,
    /// The text.
    pub text: String,
}

/// The configuration of every exporter that an estate needs, one for each exporter.
pub fn exporter_jobs(estate: &Estate) -> Vec<ExporterJob> {
    let mut done = BTreeSet::new();
    let mut jobs = Vec::new();
    for nat in estate.nat_gateways.values() {
        if done.insert(nat.exporter.to_string()) {
            let same: Vec<&WatchedNat> =
                estate.nat_gateways.values().filter(|other| other.exporter == nat.exporter).collect();
            jobs.push(job(&nat.exporter, &same));
        }
    }
    jobs
}

fn job(exporter: &NatExporter, gateways: &[&WatchedNat]) -> ExporterJob {
    let (what, text) = match exporter {
        NatExporter::Yace => ("its configuration file", yaml_of(&yace(gateways))),
        NatExporter::CloudwatchExporter => ("its configuration file", yaml_of(&cloudwatch_exporter(gateways))),
        NatExporter::AzureMetricsExporter => (
            "scrape_configs of Prometheus; put the subscription into each job",
            yaml_of(&azure_metrics_exporter(gateways)),
        ),
        NatExporter::StackdriverExporter => ("its arguments", stackdriver_exporter(false)),
        NatExporter::StackdriverExporterDeltas => ("its arguments", stackdriver_exporter(true)),
        NatExporter::ManagedPrometheus => (
            "nothing to configure",
            "Query the project's Cloud Monitoring through Managed Service for Prometheus.\n".to_owned(),
        ),
        NatExporter::Telegraf { .. } => ("a part of its configuration file", telegraf(gateways)),
    };
    ExporterJob { exporter: exporter.to_string(), what, text }
}

/// Metrics of `CloudWatch` with the statistic that the rules use.
const CLOUDWATCH: [(&str, &str); 11] = [
    ("ActiveConnectionCount", "Maximum"),
    ("BytesInFromDestination", "Sum"),
    ("BytesInFromSource", "Sum"),
    ("BytesOutToDestination", "Sum"),
    ("ConnectionAttemptCount", "Sum"),
    ("ConnectionEstablishedCount", "Sum"),
    ("ErrorPortAllocation", "Sum"),
    ("IdleTimeoutCount", "Sum"),
    ("PacketsDropCount", "Sum"),
    ("PacketsInFromDestination", "Sum"),
    ("PacketsInFromSource", "Sum"),
];

fn regions<'a>(gateways: &[&'a WatchedNat]) -> BTreeSet<&'a str> {
    gateways.iter().map(|nat| nat.region.as_str()).collect()
}

/// The shortest period that is asked for: rates divide by the period of each, so all have the same.
fn period(gateways: &[&WatchedNat]) -> u32 {
    gateways.iter().map(|nat| nat.period.as_seconds()).min().unwrap_or(300)
}

fn yace(gateways: &[&WatchedNat]) -> Value {
    let period = period(gateways);
    let metrics: Vec<Value> = CLOUDWATCH
        .iter()
        .map(|(name, statistic)| {
            json!({ "name": name, "statistics": [statistic], "period": period, "length": period, "nilToZero": true })
        })
        .collect();
    let job = json!({ "type": "AWS/NATGateway", "regions": regions(gateways), "metrics": metrics });
    json!({ "apiVersion": "v1alpha1", "discovery": { "jobs": [job] } })
}

fn cloudwatch_exporter(gateways: &[&WatchedNat]) -> Value {
    let period = period(gateways);
    let ids: BTreeSet<&str> = gateways.iter().flat_map(|nat| &nat.ids).map(String::as_str).collect();
    let metrics: Vec<Value> = CLOUDWATCH
        .iter()
        .map(|(name, statistic)| {
            json!({
                "aws_namespace": "AWS/NATGateway", "aws_metric_name": name, "aws_dimensions": ["NatGatewayId"],
                "aws_dimension_select": { "NatGatewayId": ids }, "aws_statistics": [statistic], "period_seconds": period,
            })
        })
        .collect();
    // The exporter has one region; a second one needs a second exporter.
    json!({ "region": regions(gateways).first(), "period_seconds": period, "metrics": metrics })
}

/// Probes by the dimensions that are asked for: with two of them each is a label.
const AZURE: [(&str, &[&str], &str, Option<&str>); 4] = [
    ("egress-nat-connections", &["SNATConnectionCount"], "total", Some("ConnectionState eq '*' and Protocol eq '*'")),
    ("egress-nat-traffic", &["ByteCount", "PacketCount"], "total", Some("Direction eq '*' and Protocol eq '*'")),
    ("egress-nat-totals", &["PacketDropCount", "TotalConnectionCount"], "total", None),
    ("egress-nat-availability", &["DatapathAvailability"], "average", None),
];

fn azure_metrics_exporter(gateways: &[&WatchedNat]) -> Value {
    let interval = format!("PT{}S", period(gateways));
    let interval = if interval == "PT60S" { "PT1M".to_owned() } else { interval };
    let jobs: Vec<Value> = AZURE
        .iter()
        .map(|(name, metrics, aggregation, filter)| {
            let mut params = json!({
                "name": ["azure_natgateway"], "template": ["{name}_{metric}_{aggregation}_{unit}"],
                "resourceType": ["Microsoft.Network/natGateways"], "metric": metrics, "aggregation": [aggregation],
                "interval": [interval], "timespan": [interval],
            });
            if let Some(filter) = filter {
                params["metricFilter"] = json!([filter]);
            }
            json!({ "job_name": name, "metrics_path": "/probe/metrics/list", "params": params })
        })
        .collect();
    json!({ "scrape_configs": jobs })
}

fn stackdriver_exporter(deltas: bool) -> String {
    let mut text = "--monitoring.metrics-prefixes=router.googleapis.com/nat\n".to_owned();
    if deltas {
        text.push_str("--monitoring.aggregate-deltas\n");
    }
    text
}

fn telegraf(gateways: &[&WatchedNat]) -> String {
    const METRICS: [&str; 7] = [
        "BWRateOutToOutside",
        "DropTotalPps",
        "ErrorPortAllocationCount",
        "PPSRateOutToOutside",
        "SessionActiveConnection",
        "SessionActiveConnectionWaterLever",
        "SessionLimitDropConnection",
    ];
    let quoted =
        |texts: &mut dyn Iterator<Item = &str>| texts.map(|text| format!("\"{text}\"")).collect::<Vec<_>>().join(", ");
    let ids: Vec<String> =
        gateways.iter().flat_map(|nat| &nat.ids).map(|id| format!("{{\"instanceId\": \"{id}\"}}")).collect();
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write!(
        out,
        "[[inputs.aliyuncms]]\n  regions = [{}]\n  period = \"{period}s\"\n  interval = \"{period}s\"\n  delay = \"60s\"\n  \
         project = \"acs_nat_gateway\"\n  [[inputs.aliyuncms.metrics]]\n    names = [{}]\n    dimensions = '[{}]'\n",
        quoted(&mut regions(gateways).into_iter()),
        quoted(&mut METRICS.into_iter()),
        ids.join(", "),
        period = period(gateways),
    );
    out
}
