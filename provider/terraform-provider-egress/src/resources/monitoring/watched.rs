//! What is watched, as other resources have it. Unknown values stop here.

use std::collections::BTreeSet;
use std::num::NonZeroU32;

use egress_observability::duration::Duration;
use egress_observability::estate::{Estate, WatchedNat};
use egress_observability::export::Export;
use egress_observability::exporter::NatExporter;
use egress_observability::label::LabelName;
use egress_observability::source::Source;
use tfplugin::cty::Value;

use crate::resources::reading::{Place, Reading};
use crate::resources::watched::{self, key_of};
use crate::session::InCluster;

/// How often a cloud writes a number, where users say nothing: `CloudWatch` and its exporters every five minutes, the others every minute.
const AWS_PERIOD: Duration = Duration::minutes(5);
const PERIOD: Duration = Duration::minutes(1);

/// Everything that is watched; without what is not known yet, which leaves the reading incomplete.
pub(super) fn estate(reading: &mut Reading, root: &Place<'_>, in_cluster: &InCluster) -> Estate {
    let policies = watched::policies(reading, root, in_cluster);
    let gateways = watched::gateways(reading, root, in_cluster);
    let mut estate = Estate { policies, gateways, ..Estate::default() };
    nat_gateways(reading, root, &mut estate);
    if let Some(exports) = reading.optional(root, "exports", exports) {
        estate.exports = exports.unwrap_or_else(|| USUAL.into());
    }
    if let Some(labels) = root.field("series_labels") {
        for (name, place) in reading.entries(Some(&labels)) {
            let name = name.parse::<LabelName>().map_err(|error| format!("Its name {error}"));
            if let (Some(name), Some(text)) = (reading.keep(&place.path, name), reading.any_text(&place)) {
                estate.labels.insert(name, text);
            }
        }
    }
    let watches = ["policies", "gateways", "nat_gateways", "existing_nat_gateways"];
    if !watches.into_iter().any(|name| watched::names_any(root, name)) {
        reading.mistake(&root.path, format!("It watches nothing; name something in {}", watches.join(", ")));
    }
    estate
}

/// What a cluster exports that has kube-prometheus-stack in its default values.
const USUAL: [Export; 4] = [Export::Cadvisor, Export::KubeStateMetrics, Export::NodeExporter, Export::CoreDns];

fn exports(reading: &mut Reading, place: &Place<'_>) -> Option<BTreeSet<Export>> {
    let words = Export::ALL.map(|export| (export.as_str(), export));
    reading.words(place, &words).map(|all| all.into_iter().collect())
}

/// Who brings the metrics of which cloud.
struct Exporters {
    aws: NatExporter,
    google: NatExporter,
    alibaba: NatExporter,
    /// Over how long a time sums are; none for what each cloud's exporter does by itself.
    period: Option<Duration>,
}

impl Exporters {
    fn read(reading: &mut Reading, root: &Place<'_>) -> Option<Self> {
        let nothing = Value::Null;
        let place = root.field("nat_metrics").unwrap_or(Place { path: root.path.clone(), value: &nothing });
        let mut of = |name, usual: &str, source| {
            let chosen = reading.optional(&place, name, |reading, at| exporter(reading, at, source));
            chosen.and_then(|chosen| chosen.or_else(|| usual.parse().ok()))
        };
        let aws = of("aws_exporter", "yace", Source::Aws);
        let google = of("gcp_exporter", "stackdriver_exporter", Source::Google);
        let prefix = reading.optional(&place, "alibaba_metric_prefix", Reading::ending);
        let named = prefix.map(|prefix| prefix.map(|prefix| NatExporter::Telegraf { prefix }));
        let alibaba = named.and_then(|named| named.or_else(|| "telegraf".parse().ok()));
        let period = reading.optional(&place, "period", Reading::ending);
        Some(Self { aws: aws?, google: google?, alibaba: alibaba?, period: period? })
    }

    fn of(&self, source: Source) -> (NatExporter, Duration) {
        let (exporter, usual) = match source {
            Source::Azure => (NatExporter::AzureMetricsExporter, PERIOD),
            Source::Google => (self.google.clone(), PERIOD),
            Source::Alibaba => (self.alibaba.clone(), PERIOD),
            _ => (self.aws.clone(), AWS_PERIOD),
        };
        (exporter, self.period.unwrap_or(usual))
    }
}

/// An exporter of one cloud.
fn exporter(reading: &mut Reading, place: &Place<'_>, source: Source) -> Option<NatExporter> {
    let exporter = reading.ending::<NatExporter>(place)?;
    let why = || format!("It is an exporter of {}", exporter.source().title());
    reading.keep(&place.path, if exporter.source() == source { Ok(exporter.clone()) } else { Err(why()) })
}

fn nat_gateways(reading: &mut Reading, root: &Place<'_>, estate: &mut Estate) {
    let exporters = Exporters::read(reading, root);
    for (key, place) in reading.entries(root.field("nat_gateways").as_ref()) {
        let gateway = exporters.as_ref().and_then(|exporters| nat_gateway(reading, &place, exporters));
        if let (Some(key), Some(gateway)) = (key_of(reading, key, &place), gateway) {
            estate.nat_gateways.insert(key, gateway);
        }
    }
    for (key, place) in reading.entries(root.field("existing_nat_gateways").as_ref()) {
        let gateway = exporters.as_ref().and_then(|exporters| existing_nat_gateway(reading, &place, exporters));
        if let (Some(key), Some(gateway)) = (key_of(reading, key, &place), gateway)
            && estate.nat_gateways.insert(key, gateway).is_some()
        {
            reading.mistake(&place.path, "Its key is one of nat_gateways too; choose another");
        }
    }
}

/// An `egress_nat_gateway`.
fn nat_gateway(reading: &mut Reading, place: &Place<'_>, exporters: &Exporters) -> Option<WatchedNat> {
    let written = place.field("aws").and_then(|aws| aws.field("region"));
    let mut region = written.and_then(|region| reading.any_text(&region));
    let (mut ids, mut addresses, mut has_regions) = (BTreeSet::new(), Vec::new(), region.is_some());
    for (_, gateway) in reading.entries(place.field("gateways").as_ref()) {
        ids.extend(reading.required(&gateway, "id", Reading::any_text));
        if let Some(own) = gateway.field("addresses").filter(|own| reading.is_known(own)) {
            addresses.push(own.value.elements().map_or(0, <[_]>::len));
        }
        if region.is_none()
            && let Some(arn) = gateway.field("arn")
        {
            has_regions |= arn.value.is_unknown();
            // Of `arn:aws:ec2:REGION:ACCOUNT:natgateway/ID`.
            region = reading.any_text(&arn).and_then(|arn| arn.split(':').nth(3).map(str::to_owned));
        }
    }
    if region.is_none() && !has_regions && reading.complete {
        reading.mistake(&place.path, "Its region is not known; write `region` into the `aws` block of the NAT gateway");
    }
    let (exporter, period) = exporters.of(Source::Aws);
    // What the gateway with the fewest can do: the alert is about any of them.
    let addresses = addresses.into_iter().min().and_then(|count| NonZeroU32::new(u32::try_from(count).ok()?));
    Some(WatchedNat { exporter, region: region?, ids, period, addresses, ports_per_machine: None })
}

/// The clouds whose NAT gateways can be watched, as users write them.
const CLOUDS: [(&str, Source); 4] =
    [("aws", Source::Aws), ("azure", Source::Azure), ("gcp", Source::Google), ("alibaba", Source::Alibaba)];

/// A NAT gateway that another resource has.
fn existing_nat_gateway(reading: &mut Reading, place: &Place<'_>, exporters: &Exporters) -> Option<WatchedNat> {
    let source = reading.required(place, "cloud", |reading, at| reading.word(at, &CLOUDS));
    let region = reading.required(place, "region", Reading::any_text);
    let ids = reading.required(place, "ids", |reading, at| {
        let known = reading.is_known(at);
        known.then(|| {
            at.value.elements().into_iter().flatten().filter_map(|id| id.as_str().map(str::to_owned)).collect()
        })
    });
    let addresses = reading.optional(place, "addresses", Reading::positive);
    let ports_per_machine = reading.optional(place, "ports_per_vm", Reading::positive);
    let ids: BTreeSet<String> = ids?;
    if ids.is_empty() {
        reading.mistake(&place.path.field("ids"), "It names no NAT gateway");
    }
    let (exporter, period) = exporters.of(source?);
    Some(WatchedNat {
        exporter,
        region: region?,
        ids,
        period,
        addresses: addresses?,
        ports_per_machine: ports_per_machine?,
    })
}
