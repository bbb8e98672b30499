//! AWS NAT gateways, by `CloudWatch`.
//!
//! Sources: the Amazon VPC User Guide, "NAT gateway metrics and dimensions" (what each metric means and when to worry);
//! yet-another-cloudwatch-exporter's `pkg/promutil/migrate.go` and `cloudwatch_exporter`'s `CloudWatchCollector.java` (names and labels).
//! Sums are of a period, so they are gauges; `cloudwatch_exporter` stamps samples ten minutes back, where a plain selector finds nothing.

use crate::alert::AlertName;
use crate::estate::WatchedNat;
use crate::export::Exports;
use crate::exporter::NatExporter;
use crate::growth;
use crate::nat;
use crate::promql::{Expr, Over, Series, number, series};
use crate::rule::{Collector, Column, Measured, Unit};
use crate::source::Source;
use crate::text::Text;
use crate::topic::Topic;

/// Simultaneous connections per address and destination (Amazon VPC User Guide, "NAT gateway basics").
const CONNECTIONS_PER_ADDRESS: u32 = 55_000;
/// How many minutes back samples are that are stamped with `CloudWatch`'s time: ten, and a period.
const LOOK_BACK: u32 = 15;

/// The source.
pub const COLUMN: Column = Column { source: Source::Aws, measures, alerts: ALERTS, collect };

const ALERTS: &[AlertName] = &[
    AlertName::PortExhaustion,
    AlertName::NatDrops,
    AlertName::NatIdleTimeouts,
    AlertName::NatUnanswered,
    AlertName::NatNearLimit,
    AlertName::NoData,
    AlertName::CostHigh,
];

fn measures(topic: Topic, _: &Exports) -> Measured {
    use Measured::{Degraded, Fully, Not};
    match topic {
        Topic::Traffic => Degraded("by gateway: it sees nodes and no pods"),
        Topic::Success => Degraded("the share of connections that are answered"),
        Topic::Ports => Degraded(
            "exhaustion exactly; the share that is taken counts all destinations together, while the limit is per destination",
        ),
        Topic::NatHealth | Topic::Visibility => Fully,
        Topic::Cost => Degraded("bytes of the gateway itself; transfer out of the region is billed beside"),
        Topic::Destinations => Not("metrics have no destinations; VPC flow logs do"),
        Topic::Latency => Not("a NAT gateway reads no requests"),
        Topic::Denied => Not("a NAT gateway denies nothing; VPC flow logs have what security groups reject"),
        Topic::Unregistered => Not("a NAT gateway has no registry of hosts"),
        Topic::Gateways => Not("it is about gateways in the cluster; those of the cloud are under nat-health"),
        Topic::Dns | Topic::Names => Not("a NAT gateway knows no names"),
        Topic::PolicyState => Not("a NAT gateway has no policies"),
        Topic::Conntrack => Not("a NAT gateway's table is the cloud's own"),
    }
}

/// The label that has the gateway's id.
fn id(nat: &WatchedNat) -> &'static str {
    if nat.exporter == NatExporter::CloudwatchExporter { "nat_gateway_id" } else { "dimension_NatGatewayId" }
}

fn of(nat: &WatchedNat, metric: &'static str) -> Series {
    series(metric).among(id(nat), &nat.ids)
}

/// What a gauge of `CloudWatch` is now.
fn now(nat: &WatchedNat, series: Series) -> Expr {
    if nat.exporter == NatExporter::CloudwatchExporter { series.over(Over::Max, LOOK_BACK) } else { series.now() }
}

fn sum(nat: &WatchedNat, metric: &'static str) -> Expr {
    now(nat, of(nat, metric)).sum([id(nat)])
}

fn per_second(nat: &WatchedNat, period_sum: Expr) -> Expr {
    period_sum.per(number(f64::from(nat.period.as_seconds())))
}

fn billed(nat: &WatchedNat) -> Expr {
    let both = sum(nat, "aws_natgateway_bytes_in_from_source_sum")
        .plus(sum(nat, "aws_natgateway_bytes_in_from_destination_sum"));
    per_second(nat, both)
}

fn packets(nat: &WatchedNat) -> Expr {
    sum(nat, "aws_natgateway_packets_in_from_source_sum")
        .plus(sum(nat, "aws_natgateway_packets_in_from_destination_sum"))
}

fn unanswered(nat: &WatchedNat) -> Expr {
    let attempts = sum(nat, "aws_natgateway_connection_attempt_count_sum");
    sum(nat, "aws_natgateway_connection_established_count_sum").per(attempts).rest_of_one()
}

fn busiest(nat: &WatchedNat) -> Expr {
    now(nat, of(nat, "aws_natgateway_active_connection_count_maximum")).max([id(nat)])
}

fn collect(c: &mut Collector<'_>) {
    let watched: Vec<&WatchedNat> = c.estate().nat_of(Source::Aws).collect();
    for one in &watched {
        alerts(c, one);
        let out = sum(one, "aws_natgateway_bytes_out_to_destination_sum");
        c.record("egress:nat_bytes:rate", Topic::Traffic, per_second(one, out));
    }
    nat::cost_alert(c, Source::Aws, &billed);
    let legend = "{{dimension_NatGatewayId}}{{nat_gateway_id}}";
    let mut panel = |topic, title, unit, of: &dyn Fn(&WatchedNat) -> Expr| {
        nat::panel(c, Source::Aws, (topic, title), unit, legend, of);
    };
    let title = Text { en: "Bytes to the internet", zh: "NAT出口流量" };
    panel(Topic::Traffic, title, Unit::BytesPerSecond, &|nat| {
        per_second(nat, sum(nat, "aws_natgateway_bytes_out_to_destination_sum"))
    });
    let title = Text { en: "Connections without an answer", zh: "无应答的连接比例" };
    panel(Topic::Success, title, Unit::Share, &unanswered);
    let title = Text { en: "Failures to find a source port", zh: "源端口分配失败" };
    panel(Topic::Ports, title, Unit::Count, &|nat| sum(nat, "aws_natgateway_error_port_allocation_sum"));
    let title = Text { en: "Active connections", zh: "活跃连接数" };
    panel(Topic::Ports, title, Unit::Count, &busiest);
    let title = Text { en: "Packets dropped", zh: "丢弃的数据包" };
    panel(Topic::NatHealth, title, Unit::Count, &|nat| sum(nat, "aws_natgateway_packets_drop_count_sum"));
    let title = Text { en: "Idle connections cut off", zh: "空闲超时的连接" };
    panel(Topic::NatHealth, title, Unit::Count, &|nat| sum(nat, "aws_natgateway_idle_timeout_count_sum"));
    let title = Text { en: "Gateways that are seen", zh: "可见的NAT网关" };
    panel(Topic::Visibility, title, Unit::Count, &|nat| busiest(nat).count());
    let title = Text { en: "Billed bytes", zh: "计费流量" };
    panel(Topic::Cost, title, Unit::BytesPerSecond, &billed);
}

fn alerts(c: &mut Collector<'_>, one: &WatchedNat) {
    let by = [id(one)];
    let tuning = c.tuning();
    let exhausted = now(one, of(one, "aws_natgateway_error_port_allocation_sum")).max(by).above(0.0);
    c.alert(AlertName::PortExhaustion, by, Unit::Count, exhausted);
    let name = AlertName::NatDrops;
    let dropped = sum(one, "aws_natgateway_packets_drop_count_sum").per(packets(one));
    c.alert(name, by, Unit::Share, dropped.above(tuning.threshold(name)));
    let name = AlertName::NatIdleTimeouts;
    let idle = "aws_natgateway_idle_timeout_count_sum";
    let grown = growth::above_the_day_before(sum(one, idle), of(one, idle), by, name, tuning, tuning.floor(name));
    c.alert(name, by, Unit::Count, grown);
    let name = AlertName::NatUnanswered;
    let attempts = sum(one, "aws_natgateway_connection_attempt_count_sum").above(tuning.floor(name));
    c.alert(name, by, Unit::Share, unanswered(one).above(tuning.threshold(name)).and(attempts));
    if let Some(addresses) = one.addresses {
        let name = AlertName::NatNearLimit;
        let taken = busiest(one).per(number(nat::capacity(addresses, CONNECTIONS_PER_ADDRESS)));
        c.alert(name, by, Unit::Share, taken.above(tuning.threshold(name)));
    }
    for seen in nat::each(one, id(one), || series("aws_natgateway_active_connection_count_maximum")) {
        // Not the absence of a maximum, which would lose the id.
        let late = one.exporter == NatExporter::CloudwatchExporter;
        let gone = if late { seen.over(Over::Absent, LOOK_BACK) } else { seen.absent() };
        c.alert(AlertName::NoData, by, Unit::Count, gone);
    }
}
