//! Cilium's agents and Hubble.
//!
//! Sources: Cilium 1.20.2, `Documentation/observability/metrics.rst`, `pkg/metrics/metrics.go`, `pkg/hubble/metrics/*`,
//! `pkg/maps/nat/stats`, `pkg/monitor/api/drop.go` (the texts of reasons; Hubble spells the same reasons as names of an enumeration).
//! Cilium counts bytes per node and not per pod (cilium#12913). The label `node` is from the chart's own monitors.

use egress_engines::EngineName;

use crate::alert::AlertName;
use crate::export::{Export, Exports};
use crate::growth;
use crate::promql::{Expr, Series, series};
use crate::rule::{Collector, Column, Measured, PanelKind, Unit, Variable, share};
use crate::source::Source;
use crate::text::Text;
use crate::topic::Topic;

/// What `hubble.metrics.enabled` of Cilium's chart has to list for the rules to find their labels. Requests are counted by their answers,
/// of which the outside is the source: only with both contexts does Cilium write it as the destination.
pub const HUBBLE_METRICS: [&str; 5] = [
    "flows-to-world:any-drop;port;labelsContext=source_namespace,source_workload;destinationContext=dns|reserved-identity",
    "drop:labelsContext=source_namespace,source_workload,traffic_direction;destinationContext=dns|reserved-identity",
    "policy:labelsContext=source_namespace,source_workload;destinationContext=dns|reserved-identity",
    "dns:query;ignoreAAAA;labelsContext=source_namespace,source_workload",
    "httpV2:labelsContext=source_namespace,source_workload;sourceContext=dns|reserved-identity;destinationContext=dns|reserved-identity",
];

const NAMESPACE: &str = "source_namespace";
const WORKLOAD: &str = "source_workload";
const DESTINATION: &str = "destination";
/// Growth counts from so many flow events per second on: they are no bytes, so the alert's own floor says nothing of them.
const FLOWS_FLOOR: f64 = 10.0;

const NAMESPACES: Variable = Variable {
    name: "cilium_namespace",
    title: Text { en: "Namespace (Cilium)", zh: "命名空间 (Cilium)" },
    metric: "hubble_flows_to_world_total",
    label: NAMESPACE,
};

/// The source.
pub const COLUMN: Column = Column { source: Source::Cilium, measures, alerts: ALERTS, collect };

const ALERTS: &[AlertName] = &[
    AlertName::TrafficSpike,
    AlertName::Unauthorized,
    AlertName::GatewayDown,
    AlertName::LatencyHigh,
    AlertName::PortExhaustion,
    AlertName::DnsFailures,
    AlertName::SnatTableFull,
    AlertName::ConntrackFull,
    AlertName::PolicyRefused,
    AlertName::FqdnCache,
    AlertName::Blind,
    AlertName::NoData,
];

const NEEDS_HUBBLE: &str = "Hubble's metrics are off, and the agents count neither pods nor destinations";

fn measures(topic: Topic, exports: &Exports) -> Measured {
    use Measured::{Degraded, Fully, Not};
    let hubble = exports.contains(&Export::Hubble);
    match topic {
        Topic::Traffic if hubble => Degraded(
            "flow events by workload, and bytes by node with traffic inside the cluster: Cilium counts no bytes per pod",
        ),
        Topic::Traffic => Degraded("bytes by node with traffic inside the cluster: Cilium counts no bytes per pod"),
        Topic::Destinations if hubble => {
            Degraded("flow events by DNS name; compare them as shares, since one connection is several")
        }
        Topic::Success if hubble => {
            Degraded("the share of flows that policies let through; what a server refuses is not seen")
        }
        Topic::Latency if hubble => Degraded("only of HTTP that a policy's rules make visible"),
        Topic::Destinations | Topic::Success | Topic::Latency => Not(NEEDS_HUBBLE),
        Topic::Denied if hubble => Fully,
        Topic::Denied => Degraded("by node only: Hubble's metrics are off"),
        Topic::Gateways => {
            Degraded("drops for want of a gateway or of its address; no metric says whether a gateway lives")
        }
        Topic::Dns => Degraded("only of pods whose policy has rules of DNS"),
        Topic::Names if exports.contains(&Export::CiliumFqdn) => Fully,
        Topic::Names => Not("cilium_fqdn_semaphore_rejected_total is off unless prometheus.metrics lists it"),
        Topic::Conntrack => Degraded("insertions that fail, which is when the table is full already"),
        Topic::Ports | Topic::PolicyState | Topic::Visibility => Fully,
        Topic::Unregistered => Not("Cilium has no registry of hosts"),
        Topic::NatHealth => Not("packets through a cloud's NAT gateway are counted by the cloud"),
        Topic::Cost => Not("what is billed is counted at the cloud's NAT gateway"),
    }
}

fn drops(reason: &str) -> Series {
    let all = series("cilium_drop_count_total");
    if reason.contains('|') || reason.contains(".*") { all.like("reason", reason) } else { all.is("reason", reason) }
}

fn collect(c: &mut Collector<'_>) {
    let node_bytes = || series("cilium_forward_bytes_total").is("direction", "EGRESS");
    let node = ["node"];
    c.record("egress:node_bytes:rate5m", Topic::Traffic, node_bytes().rate().sum(node));
    if c.measures(Topic::Destinations) {
        hubble(c);
    } else {
        let denied = drops("Policy denied.*").is("direction", "EGRESS").rate().sum(node);
        let title = Text { en: "Denied by policy, by node", zh: "按节点的策略拒绝" };
        c.panel(Topic::Denied, title, (PanelKind::Lines, Unit::PerSecond), denied.clone(), "{{node}}");
        c.alert(AlertName::Unauthorized, node, Unit::PerSecond, denied.above(0.0));
    }
    let title = Text { en: "Bytes leaving pods, by node", zh: "按节点的Pod出向流量" };
    c.panel(Topic::Traffic, title, (PanelKind::Lines, Unit::BytesPerSecond), node_bytes().rate().sum(node), "{{node}}");
    translation(c);
    names(c);
    health(c);
}

/// What Hubble's flows say of who goes where.
fn hubble(c: &mut Collector<'_>) {
    let world = || series("hubble_flows_to_world_total");
    let who = [NAMESPACE, WORKLOAD, DESTINATION];
    c.record("egress:flows:rate5m", Topic::Traffic, world().is("verdict", "FORWARDED").rate().sum(who));
    let here = || world().like(NAMESPACE, NAMESPACES.reference());
    let variable = Some(NAMESPACES);
    let title = Text { en: "Flows to the outside", zh: "Egress流量概览" };
    let stat = (PanelKind::Stat(None), Unit::PerSecond);
    c.panel_of(Topic::Traffic, title, stat, vec![(here().rate().sum([]), "Flows")], variable);
    let title = Text { en: "Share that policies let through", zh: "策略放行比例" };
    let forwarded = share(here().is("verdict", "DROPPED").rate().sum([]), &here().rate().sum([])).rest_of_one();
    let gauge = (PanelKind::Gauge([95, 99]), Unit::Percent);
    c.panel_of(Topic::Success, title, gauge, vec![(forwarded.times(100.0), "Let through")], variable);
    let lines = (PanelKind::Lines, Unit::PerSecond);
    let title = Text { en: "Flows by verdict", zh: "按判定结果的出站流" };
    c.panel_of(Topic::Denied, title, lines, vec![(here().rate().sum(["verdict"]), "{{verdict}}")], variable);
    let title = Text { en: "Flows by namespace", zh: "按命名空间的出站流量分布" };
    let pie = (PanelKind::Pie, Unit::PerSecond);
    c.panel_of(Topic::Traffic, title, pie, vec![(here().rate().sum([NAMESPACE]), "{{source_namespace}}")], variable);
    let title = Text { en: "Top 10 destinations", zh: "Top 10 出站目标" };
    let table = PanelKind::Table(&[(DESTINATION, Text { en: "Destination", zh: "目标服务" })]);
    let top = vec![(here().rate().sum([DESTINATION]).top(10), "{{destination}}")];
    c.panel_of(Topic::Destinations, title, (table, Unit::PerSecond), top, variable);

    let tuning = c.tuning();
    let recorded = series("egress:flows:rate5m").is("source", Source::Cilium.as_str());
    let spike = growth::of_record(recorded, [NAMESPACE], tuning, FLOWS_FLOOR);
    c.alert(AlertName::TrafficSpike, [NAMESPACE], Unit::PerSecond, spike);
    let from = [NAMESPACE, WORKLOAD];
    let denied = series("hubble_drop_total").like("reason", "POLICY_DEN.*").is("traffic_direction", "egress");
    let denied = denied.rate().sum(from);
    let title = Text { en: "Denied by policy, by workload", zh: "按工作负载的策略拒绝" };
    c.panel(Topic::Denied, title, lines, denied.clone(), "{{source_namespace}}/{{source_workload}}");
    c.alert(AlertName::Unauthorized, from, Unit::PerSecond, denied.above(0.0));
    latency(c);
    let lost = series("hubble_lost_events_total").rate().sum(["node"]);
    let title = Text { en: "Events that Hubble lost", zh: "Hubble丢失的事件" };
    c.panel(Topic::Visibility, title, lines, lost.clone(), "{{node}}");
    c.alert(AlertName::Blind, ["node"], Unit::PerSecond, lost.above(0.0));
}

fn latency(c: &mut Collector<'_>) {
    let name = AlertName::LatencyHigh;
    let client = |series: Series| series.is("reporter", "client");
    let buckets = |labels| client(series("hubble_http_request_duration_seconds_bucket")).rate().sum(labels);
    let title = Text { en: "Latency of requests that are visible", zh: "出站延迟分布" };
    let seconds = client(series("hubble_http_request_duration_seconds_bucket")).rate().sum(["le"]).quantile(0.99);
    c.panel(Topic::Latency, title, (PanelKind::Lines, Unit::Milliseconds), seconds.times(1000.0), "p99");
    let requests = client(series("hubble_http_requests_total")).rate().sum([DESTINATION]);
    let slowest = buckets(["le", DESTINATION]).quantile(0.99).times(1000.0);
    let slow = slowest.above(c.tuning().threshold(name)).and(requests.above(c.tuning().floor(name)));
    c.alert(name, [DESTINATION], Unit::Milliseconds, slow);
}

/// Gateways and the tables of translated connections.
fn translation(c: &mut Collector<'_>) {
    let lines = (PanelKind::Lines, Unit::PerSecond);
    let no_gateway = || drops("No Egress IP configured|No egress gateway found");
    let by = ["node", "reason"];
    if c.estate().gateways_of(EngineName::Cilium).next().is_some() {
        let title = Text { en: "Drops for want of a gateway", zh: "缺少网关导致的丢包" };
        c.panel(Topic::Gateways, title, lines, no_gateway().rate().sum(by), "{{node}} {{reason}}");
        c.alert(AlertName::GatewayDown, by, Unit::Count, no_gateway().increase().sum(by).above(0.0));
    }
    let name = AlertName::PortExhaustion;
    let fullest = series("cilium_nat_endpoint_max_connection").now().max(["node", "family"]);
    let title = Text { en: "Source ports taken to the busiest destination", zh: "最繁忙目标的源端口占用" };
    c.panel(Topic::Ports, title, (PanelKind::Lines, Unit::Share), fullest.clone(), "{{node}} {{family}}");
    c.alert(name, ["node", "family"], Unit::Share, fullest.above(PORTS_FULL));
    let full = |reason: &'static str| drops(reason).rate().sum(["node"]).above(0.0);
    c.alert(AlertName::SnatTableFull, ["node"], Unit::PerSecond, full("No mapping for NAT masquerade"));
    c.alert(AlertName::ConntrackFull, ["node"], Unit::PerSecond, full("CT: Map insertion failed"));
    let title = Text { en: "Drops for full tables", zh: "表满导致的丢包" };
    let both = drops("No mapping for NAT masquerade|CT: Map insertion failed").rate().sum(by);
    c.panel(Topic::Conntrack, title, lines, both, "{{node}} {{reason}}");
}

/// From this share of the ports to one destination on the next connection is at risk: the metric is a sample of every 30 seconds.
const PORTS_FULL: f64 = 0.8;

/// The DNS proxy.
fn names(c: &mut Collector<'_>) {
    let name = AlertName::DnsFailures;
    let replies =
        || series("cilium_proxy_upstream_reply_seconds_count").is("protocol_l7", "dns").is("scope", "totalTime");
    let failing = || replies().like("error", "timeout|proxyErr");
    let node = ["node"];
    let title = Text { en: "DNS answers, and failures", zh: "DNS应答与失败" };
    let queries = vec![(replies().rate().sum([]), "answers"), (failing().rate().sum([]), "failures")];
    c.panel_of(Topic::Dns, title, (PanelKind::Lines, Unit::PerSecond), queries, None);
    let asked = replies().rate().sum(node);
    let bad: Expr = failing().rate().sum(node).per(asked.clone()).above(c.tuning().threshold(name));
    c.alert(name, node, Unit::Share, bad.and(asked.above(c.tuning().floor(name))));
    if c.measures(Topic::Names) {
        let lost = || series("cilium_fqdn_semaphore_rejected_total");
        let title = Text { en: "DNS answers that were dropped", zh: "被丢弃的DNS应答" };
        c.panel(Topic::Names, title, (PanelKind::Lines, Unit::PerSecond), lost().rate().sum(node), "{{node}}");
        c.alert(AlertName::FqdnCache, node, Unit::PerSecond, lost().rate().sum(node).above(0.0));
    }
}

/// Policies that were not taken, and whether agents are scraped.
fn health(c: &mut Collector<'_>) {
    let failed = || series("cilium_policy_change_total").is("outcome", "fail");
    let node = ["node"];
    let title = Text { en: "Policies that agents refuse", zh: "被拒绝的策略" };
    c.panel(Topic::PolicyState, title, (PanelKind::Lines, Unit::PerSecond), failed().rate().sum(node), "{{node}}");
    c.alert(AlertName::PolicyRefused, node, Unit::Count, failed().increase().sum(node).above(0.0));
    let title = Text { en: "Agents that are scraped", zh: "已采集的Cilium代理" };
    let agents = series("cilium_forward_count_total").is("direction", "EGRESS").now().sum(node).count();
    c.panel(Topic::Visibility, title, (PanelKind::Stat(None), Unit::Count), agents, "Agents");
    c.alert(AlertName::NoData, [], Unit::Count, series("cilium_forward_count_total").absent());
}
