//! Azure NAT gateways, by Azure Monitor.
//!
//! Sources: Microsoft's documentation, "Metrics and alerts for Azure NAT Gateway" and "Azure NAT Gateway resource" (ports per address);
//! azure-metrics-exporter's README and `metrics/insights` (names from the template that [`crate::exporter_job`] writes; with two
//! dimensions or more each has a label of its own). Numbers are of a minute, so they are gauges.

use crate::alert::AlertName;
use crate::estate::WatchedNat;
use crate::export::Exports;
use crate::nat;
use crate::pattern::{literal, one_of};
use crate::promql::{Expr, Series, number, series};
use crate::rule::{Collector, Column, Measured, Unit};
use crate::source::Source;
use crate::text::Text;
use crate::topic::Topic;

/// Source ports per address and destination (Microsoft, "Azure NAT Gateway resource").
const PORTS_PER_ADDRESS: u32 = 64_512;
/// The label that has the gateway's resource id, in whatever case Azure writes it.
const ID: &str = "resourceID";

/// The source.
pub const COLUMN: Column = Column { source: Source::Azure, measures, alerts: ALERTS, collect };

const ALERTS: &[AlertName] = &[
    AlertName::PortExhaustion,
    AlertName::NatDrops,
    AlertName::NatDatapath,
    AlertName::NatNearLimit,
    AlertName::NoData,
    AlertName::CostHigh,
];

fn measures(topic: Topic, _: &Exports) -> Measured {
    use Measured::{Degraded, Fully, Not};
    match topic {
        Topic::Traffic => Degraded("by gateway: it sees nodes and no pods"),
        Topic::Success => {
            Degraded("the share of connections that got a source port; what is not answered is not counted")
        }
        Topic::Ports => Degraded(
            "exhaustion exactly; the share that is taken counts all destinations together, while the limit is per destination",
        ),
        Topic::NatHealth => Degraded("drops and availability; neither idle timeouts nor missing answers are counted"),
        Topic::Visibility => Fully,
        Topic::Cost => Degraded("bytes of the gateway itself; transfer out of the region is billed beside"),
        Topic::Destinations => Not("metrics have no destinations; flow logs do"),
        Topic::Latency => Not("a NAT gateway reads no requests"),
        Topic::Denied => Not("a NAT gateway denies nothing; flow logs have what network security groups reject"),
        Topic::Unregistered => Not("a NAT gateway has no registry of hosts"),
        Topic::Gateways => Not("it is about gateways in the cluster; those of the cloud are under nat-health"),
        Topic::Dns | Topic::Names => Not("a NAT gateway knows no names"),
        Topic::PolicyState => Not("a NAT gateway has no policies"),
        Topic::Conntrack => Not("a NAT gateway's table is the cloud's own"),
    }
}

fn of(nat: &WatchedNat, metric: &'static str) -> Series {
    series(metric).like(ID, format!("(?i:{})", one_of(&nat.ids)))
}

fn connections(nat: &WatchedNat) -> Series {
    of(nat, "azure_natgateway_snatconnectioncount_total_count")
}

fn failed(nat: &WatchedNat) -> Expr {
    connections(nat).is("dimensionConnectionState", "Failed").now().sum([ID])
}

fn bytes(nat: &WatchedNat, series: Series) -> Expr {
    series.now().sum([ID]).per(number(f64::from(nat.period.as_seconds())))
}

fn all_bytes(nat: &WatchedNat) -> Expr {
    bytes(nat, of(nat, "azure_natgateway_bytecount_total_bytes"))
}

fn active(nat: &WatchedNat) -> Expr {
    of(nat, "azure_natgateway_totalconnectioncount_total_count").now().max([ID])
}

fn dropped(nat: &WatchedNat) -> Expr {
    of(nat, "azure_natgateway_packetdropcount_total_count").now().sum([ID])
}

fn available(nat: &WatchedNat) -> Expr {
    of(nat, "azure_natgateway_datapathavailability_average_count").now().max([ID])
}

fn collect(c: &mut Collector<'_>) {
    let watched: Vec<&WatchedNat> = c.estate().nat_of(Source::Azure).collect();
    let out = |nat: &WatchedNat| {
        bytes(nat, of(nat, "azure_natgateway_bytecount_total_bytes").is("dimensionDirection", "Out"))
    };
    for one in &watched {
        alerts(c, one);
        c.record("egress:nat_bytes:rate", Topic::Traffic, out(one));
    }
    nat::cost_alert(c, Source::Azure, &all_bytes);
    let mut panel = |topic, title, unit, of: &dyn Fn(&WatchedNat) -> Expr| {
        nat::panel(c, Source::Azure, (topic, title), unit, "{{resourceName}}{{resourceID}}", of);
    };
    let title = Text { en: "Bytes to the internet", zh: "NAT出口流量" };
    panel(Topic::Traffic, title, Unit::BytesPerSecond, &out);
    let title = Text { en: "Connections without a source port", zh: "未获得源端口的连接比例" };
    panel(Topic::Success, title, Unit::Share, &|nat| failed(nat).per(connections(nat).now().sum([ID])));
    let title = Text { en: "Failures to find a source port", zh: "源端口分配失败" };
    panel(Topic::Ports, title, Unit::Count, &failed);
    let title = Text { en: "Active connections", zh: "活跃连接数" };
    panel(Topic::Ports, title, Unit::Count, &active);
    let title = Text { en: "Packets dropped", zh: "丢弃的数据包" };
    panel(Topic::NatHealth, title, Unit::Count, &dropped);
    let title = Text { en: "Availability", zh: "数据通路可用性" };
    panel(Topic::NatHealth, title, Unit::Percent, &available);
    let title = Text { en: "Gateways that are seen", zh: "可见的NAT网关" };
    panel(Topic::Visibility, title, Unit::Count, &|nat| available(nat).count());
    let title = Text { en: "Billed bytes", zh: "计费流量" };
    panel(Topic::Cost, title, Unit::BytesPerSecond, &all_bytes);
}

fn alerts(c: &mut Collector<'_>, one: &WatchedNat) {
    let tuning = c.tuning();
    c.alert(AlertName::PortExhaustion, [ID], Unit::Count, failed(one).above(0.0));
    let name = AlertName::NatDrops;
    let packets = of(one, "azure_natgateway_packetcount_total_count").now().sum([ID]);
    c.alert(name, [ID], Unit::Share, dropped(one).per(packets).above(tuning.threshold(name)));
    let name = AlertName::NatDatapath;
    c.alert(name, [ID], Unit::Percent, available(one).below(100.0 * tuning.threshold(name)));
    if let Some(addresses) = one.addresses {
        let name = AlertName::NatNearLimit;
        let taken = active(one).per(number(nat::capacity(addresses, PORTS_PER_ADDRESS)));
        c.alert(name, [ID], Unit::Share, taken.above(tuning.threshold(name)));
    }
    // The case of an id is Azure's own, so equality would not find it.
    for id in &one.ids {
        let seen = series("azure_natgateway_datapathavailability_average_count");
        let seen = seen.like(ID, format!("(?i:{})", literal(id)));
        c.alert(AlertName::NoData, [], Unit::Count, seen.absent());
    }
}
