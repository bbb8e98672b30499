//! Google Cloud NAT, by Cloud Monitoring.
//!
//! Sources: Google's documentation, "Monitor Cloud NAT" (metrics of the resource `nat_gateway`); `stackdriver_exporter`'s
//! `collectors/monitoring_collector.go` (names; DELTA metrics are gauges of the last minute unless `--monitoring.aggregate-deltas`);
//! Managed Service for Prometheus, "`PromQL` for Cloud Monitoring" (names; DELTA metrics are counters).

use crate::alert::AlertName;
use crate::estate::WatchedNat;
use crate::export::Exports;
use crate::exporter::NatExporter;
use crate::nat;
use crate::promql::{Expr, Over, Series, number, series};
use crate::rule::{Collector, Column, Measured, Unit};
use crate::source::Source;
use crate::text::Text;
use crate::topic::Topic;

/// The label that has the NAT's name.
const ID: &str = "gateway_name";

/// The source.
pub const COLUMN: Column = Column { source: Source::Google, measures, alerts: ALERTS, collect };

const ALERTS: &[AlertName] =
    &[AlertName::PortExhaustion, AlertName::NatDrops, AlertName::NatNearLimit, AlertName::NoData, AlertName::CostHigh];

fn measures(topic: Topic, _: &Exports) -> Measured {
    use Measured::{Degraded, Fully, Not};
    match topic {
        Topic::Traffic => Degraded("by gateway: it sees machines and no pods"),
        Topic::Ports | Topic::Visibility => Fully,
        Topic::NatHealth => Degraded("drops by reason; neither idle timeouts nor missing answers are counted"),
        Topic::Cost => Degraded("bytes of the gateway itself; transfer out of the region is billed beside"),
        Topic::Success => Not("connections are counted, their answers are not"),
        Topic::Destinations => Not("metrics have no destinations; NAT logs do"),
        Topic::Latency => Not("Cloud NAT reads no requests"),
        Topic::Denied => Not("Cloud NAT denies nothing; firewall rules log what they deny"),
        Topic::Unregistered => Not("Cloud NAT has no registry of hosts"),
        Topic::Gateways => Not("it is about gateways in the cluster; those of the cloud are under nat-health"),
        Topic::Dns | Topic::Names => Not("Cloud NAT knows no names"),
        Topic::PolicyState => Not("Cloud NAT has no policies"),
        Topic::Conntrack => Not("Cloud NAT's table is the cloud's own"),
    }
}

fn named(nat: &WatchedNat, metric: &str) -> Series {
    let name = match nat.exporter {
        NatExporter::ManagedPrometheus => format!("router_googleapis_com:nat_{metric}"),
        _ => format!("stackdriver_nat_gateway_router_googleapis_com_nat_{metric}"),
    };
    series(name)
}

fn of(nat: &WatchedNat, metric: &str) -> Series {
    named(nat, metric).among(ID, &nat.ids).is("region", nat.region.as_str())
}

/// How much a count grew lately: in five minutes where it is a counter, in the last minute where it is a gauge.
fn grown(nat: &WatchedNat, series: Series) -> Expr {
    match nat.exporter {
        NatExporter::StackdriverExporter => series.now(),
        _ => series.over(Over::Increase, 5),
    }
}

fn per_second(nat: &WatchedNat, series: Series) -> Expr {
    match nat.exporter {
        NatExporter::StackdriverExporter => series.now().sum([ID]).per(number(60.0)),
        _ => series.rate().sum([ID]),
    }
}

fn billed(nat: &WatchedNat) -> Expr {
    per_second(nat, of(nat, "sent_bytes_count")).plus(per_second(nat, of(nat, "received_bytes_count")))
}

fn drops(nat: &WatchedNat) -> Series {
    of(nat, "dropped_sent_packets_count")
}

fn usage(nat: &WatchedNat) -> Expr {
    of(nat, "port_usage").now().max([ID])
}

const NO_PORTS: &str = "OUT_OF_RESOURCES";

fn collect(c: &mut Collector<'_>) {
    let watched: Vec<&WatchedNat> = c.estate().nat_of(Source::Google).collect();
    for one in &watched {
        alerts(c, one);
        c.record("egress:nat_bytes:rate", Topic::Traffic, per_second(one, of(one, "sent_bytes_count")));
    }
    nat::cost_alert(c, Source::Google, &billed);
    let mut panel = |topic, title, unit, legend, of: &dyn Fn(&WatchedNat) -> Expr| {
        nat::panel(c, Source::Google, (topic, title), unit, legend, of);
    };
    let legend = "{{gateway_name}}";
    let title = Text { en: "Bytes to the internet", zh: "NAT出口流量" };
    panel(Topic::Traffic, title, Unit::BytesPerSecond, legend, &|nat| per_second(nat, of(nat, "sent_bytes_count")));
    let title =
        Text { en: "Most connections of a machine to one destination", zh: "单机到单一目标的最大连接数" };
    panel(Topic::Ports, title, Unit::Count, legend, &usage);
    let title = Text { en: "Open connections", zh: "打开的连接数" };
    panel(Topic::Ports, title, Unit::Count, legend, &|nat| of(nat, "open_connections").now().sum([ID]));
    let title = Text { en: "Packets dropped, by reason", zh: "按原因的丢包" };
    panel(Topic::NatHealth, title, Unit::Count, "{{gateway_name}} {{reason}}", &|nat| {
        grown(nat, drops(nat)).sum([ID, "reason"])
    });
    let title = Text { en: "Gateways that are seen", zh: "可见的NAT网关" };
    panel(Topic::Visibility, title, Unit::Count, "Gateways", &|nat| of(nat, "allocated_ports").now().sum([ID]).count());
    let title = Text { en: "Billed bytes", zh: "计费流量" };
    panel(Topic::Cost, title, Unit::BytesPerSecond, legend, &billed);
}

fn alerts(c: &mut Collector<'_>, one: &WatchedNat) {
    let tuning = c.tuning();
    let dropped = grown(one, drops(one).is("reason", NO_PORTS)).sum([ID]).above(0.0);
    let failed = of(one, "nat_allocation_failed").now().max([ID]).above(0.0);
    c.alert(AlertName::PortExhaustion, [ID], Unit::Count, dropped.or(failed));
    let name = AlertName::NatDrops;
    // What is dropped for want of ports has an alert of its own.
    let others = grown(one, drops(one).is_not("reason", NO_PORTS)).sum([ID]);
    let sent = grown(one, of(one, "sent_packets_count")).sum([ID]);
    c.alert(name, [ID], Unit::Share, others.per(sent).above(tuning.threshold(name)));
    if let Some(ports) = one.ports_per_machine {
        let name = AlertName::NatNearLimit;
        let taken = usage(one).per(number(f64::from(ports.get())));
        c.alert(name, [ID], Unit::Share, taken.above(tuning.threshold(name)));
    }
    for seen in nat::each(one, ID, || named(one, "allocated_ports")) {
        c.alert(AlertName::NoData, [ID], Unit::Count, seen.absent());
    }
}
