//! Alibaba Cloud NAT gateways, by `CloudMonitor`.
//!
//! Sources: Alibaba Cloud's `CloudMonitor`, metrics of the namespace `acs_nat_gateway` (statistic `Value`; the water levels are
//! percentages); Telegraf's `plugins/inputs/aliyuncms/README.md` (names in snake case behind `aliyuncms_<project>_`, with the statistic
//! behind them). No exporter is a standard here, so the prefix is the user's choice.

use crate::alert::AlertName;
use crate::estate::WatchedNat;
use crate::export::Exports;
use crate::exporter::NatExporter;
use crate::nat;
use crate::promql::{Expr, Series, number, series};
use crate::rule::{Collector, Column, Measured, Unit};
use crate::source::Source;
use crate::text::Text;
use crate::topic::Topic;

/// The label that has the gateway's id.
const ID: &str = "instanceId";

/// The source.
pub const COLUMN: Column = Column { source: Source::Alibaba, measures, alerts: ALERTS, collect };

const ALERTS: &[AlertName] =
    &[AlertName::PortExhaustion, AlertName::NatDrops, AlertName::NatNearLimit, AlertName::NoData];

fn measures(topic: Topic, _: &Exports) -> Measured {
    use Measured::{Degraded, Fully, Not};
    match topic {
        Topic::Traffic => Degraded("by gateway: it sees machines and no pods"),
        Topic::Ports | Topic::Visibility => Fully,
        Topic::NatHealth => Degraded("drops; neither idle timeouts nor missing answers are counted"),
        Topic::Cost => Not("an enhanced NAT gateway is billed by capacity units, which no metric has"),
        Topic::Success => Not("connections are counted, their answers are not"),
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

fn named(nat: &WatchedNat, metric: &str) -> Series {
    let prefix = match &nat.exporter {
        NatExporter::Telegraf { prefix } => prefix.to_string(),
        other => other.to_string(),
    };
    series(format!("{prefix}_{metric}_value"))
}

fn max(nat: &WatchedNat, metric: &str) -> Expr {
    named(nat, metric).among(ID, &nat.ids).now().max([ID])
}

fn collect(c: &mut Collector<'_>) {
    let watched: Vec<&WatchedNat> = c.estate().nat_of(Source::Alibaba).collect();
    for one in &watched {
        alerts(c, one);
    }
    let mut panel = |topic, title, unit, of: &dyn Fn(&WatchedNat) -> Expr| {
        nat::panel(c, Source::Alibaba, (topic, title), unit, "{{instanceId}}", of);
    };
    let title = Text { en: "Bits to the internet", zh: "NAT出口带宽" };
    panel(Topic::Traffic, title, Unit::BitsPerSecond, &|nat| max(nat, "bw_rate_out_to_outside"));
    let title = Text { en: "Connections of what the gateway can have", zh: "连接数水位" };
    panel(Topic::Ports, title, Unit::Percent, &|nat| max(nat, "session_active_connection_water_lever"));
    let title = Text { en: "Failures to find a source port", zh: "源端口分配失败" };
    panel(Topic::Ports, title, Unit::Count, &|nat| max(nat, "error_port_allocation_count"));
    let title = Text { en: "Packets dropped", zh: "丢弃的数据包" };
    panel(Topic::NatHealth, title, Unit::PerSecond, &|nat| max(nat, "drop_total_pps"));
    let title = Text { en: "Gateways that are seen", zh: "可见的NAT网关" };
    panel(Topic::Visibility, title, Unit::Count, &|nat| max(nat, "session_active_connection").count());
}

fn alerts(c: &mut Collector<'_>, one: &WatchedNat) {
    let tuning = c.tuning();
    let by = |metric: &str| max(one, metric).above(0.0);
    let exhausted = by("error_port_allocation_count").or(by("session_limit_drop_connection"));
    c.alert(AlertName::PortExhaustion, [ID], Unit::Count, exhausted);
    let name = AlertName::NatDrops;
    let dropped = max(one, "drop_total_pps").per(max(one, "pps_rate_out_to_outside"));
    c.alert(name, [ID], Unit::Share, dropped.above(tuning.threshold(name)));
    let name = AlertName::NatNearLimit;
    let taken = max(one, "session_active_connection_water_lever").per(number(100.0));
    c.alert(name, [ID], Unit::Share, taken.above(tuning.threshold(name)));
    for seen in nat::each(one, ID, || named(one, "session_active_connection")) {
        c.alert(AlertName::NoData, [ID], Unit::Count, seen.absent());
    }
}
