//! What the node proxies of an ambient mesh (ztunnel) and its waypoints report of traffic to the outside.

use crate::alert::AlertName;
use crate::export::Exports;
use crate::growth;
use crate::istio::{Hop, NAMESPACE, NO_FLAG, SERVICE, WORKLOAD, refused, services, slow};
use crate::job;
use crate::promql::{Expr, Series, series};
use crate::rule::{Collector, Column, Measured, PanelKind, Unit, Variable, share};
use crate::source::Source;
use crate::text::Text;
use crate::topic::Topic;

const NAMESPACES: Variable = Variable {
    name: "ambient_namespace",
    title: Text { en: "Namespace (ambient)", zh: "命名空间 (ambient)" },
    metric: "istio_tcp_connections_opened_total",
    label: NAMESPACE,
};

/// The source.
pub const COLUMN: Column = Column { source: Source::IstioAmbient, measures, alerts: ALERTS, collect };

const ALERTS: &[AlertName] = &[
    AlertName::TrafficSpike,
    AlertName::ConnectionFailures,
    AlertName::Unauthorized,
    AlertName::LatencyHigh,
    AlertName::DnsFailures,
    AlertName::PolicyRefused,
    AlertName::NoData,
];

fn measures(topic: Topic, _: &Exports) -> Measured {
    use Measured::{Degraded, Fully, Not};
    match topic {
        Topic::Traffic | Topic::Destinations | Topic::Success => Fully,
        Topic::Latency => Degraded("only of HTTP that goes through a waypoint: the node proxy does not read requests"),
        Topic::Denied => Degraded("connections that a node proxy denies; what a waypoint denies is a response of it"),
        Topic::Dns => Degraded("only where the mesh captures DNS, and under names that ztunnel calls unstable"),
        Topic::PolicyState => Degraded("configuration that proxies refuse, whichever object it is from"),
        Topic::Visibility => {
            Degraded("whether the node proxies are scraped; a connection that is not counted leaves no trace")
        }
        Topic::Unregistered => Not("to the node proxy a host that nobody has registered is `unknown`, as is much else"),
        Topic::Gateways => Not("the node proxy is no gateway; Istio's gateways are a source of their own"),
        Topic::Ports | Topic::NatHealth => Not("a proxy does not translate addresses"),
        Topic::Names => Not("names are matched in each connection: there is no cache that could lose them"),
        Topic::Conntrack => Not("the node exporter tells it, under cluster"),
        Topic::Cost => Not("what is billed is counted at the cloud's NAT gateway"),
    }
}

fn collect(c: &mut Collector<'_>) {
    let estate = c.estate();
    let hosts = services(estate.policies_of(Source::IstioAmbient).flat_map(|policy| &policy.domains), []);
    // A policy without names is about no host that the mesh could know.
    let hosts = if hosts.is_empty() { ".+".to_owned() } else { hosts };
    // The node proxy counts every connection once; what a waypoint says of it would count it again.
    let nodes = |series: Series| series.is("reporter", "source").like(SERVICE, hosts.as_str());
    let waypoints = |series: Series| series.is("reporter", "waypoint").like(SERVICE, hosts.as_str());
    let who = [WORKLOAD, NAMESPACE, SERVICE];
    let bytes = |narrow: &dyn Fn(Series) -> Series| narrow(series("istio_tcp_received_bytes_total")).rate();
    let opened = |narrow: &dyn Fn(Series) -> Series| narrow(series("istio_tcp_connections_opened_total")).rate();
    c.record("egress:bytes:rate5m", Topic::Traffic, bytes(&nodes).sum(who));
    c.record("egress:requests:rate5m", Topic::Destinations, opened(&nodes).sum(who));
    let of_waypoints = Hop { narrow: &waypoints };
    c.record("egress:latency_milliseconds:p99_5m", Topic::Latency, of_waypoints.latency(["le", SERVICE]));

    let here = |series: Series| nodes(series).like(NAMESPACE, NAMESPACES.reference());
    let variable = Some(NAMESPACES);
    let title = Text { en: "Egress overview", zh: "Egress流量概览" };
    let stat = (PanelKind::Stat(Some([100_000_000, 500_000_000])), Unit::BytesPerSecond);
    c.panel_of(Topic::Traffic, title, stat, vec![(bytes(&here).sum([]), "Total egress")], variable);
    let title = Text { en: "Success rate", zh: "出站请求成功率" };
    let success = share(failed(&here).sum([]), &opened(&here).sum([])).rest_of_one().times(100.0);
    c.panel_of(
        Topic::Success,
        title,
        (PanelKind::Gauge([95, 99]), Unit::Percent),
        vec![(success, "Success")],
        variable,
    );
    let title = Text { en: "Egress by destination", zh: "按目标服务的出站流量" };
    let lines = (PanelKind::Lines, Unit::BytesPerSecond);
    c.panel_of(
        Topic::Traffic,
        title,
        lines,
        vec![(bytes(&here).sum([SERVICE]), "{{destination_service_name}}")],
        variable,
    );
    let title = Text { en: "Egress by source", zh: "按命名空间的出站流量分布" };
    let pie = (PanelKind::Pie, Unit::BytesPerSecond);
    c.panel_of(
        Topic::Traffic,
        title,
        pie,
        vec![(bytes(&here).sum([NAMESPACE]), "{{source_workload_namespace}}")],
        variable,
    );
    let title = Text { en: "Top 10 destinations", zh: "Top 10 出站目标" };
    let columns = PanelKind::Table(&[(SERVICE, Text { en: "Destination", zh: "目标服务" })]);
    let top = vec![(opened(&here).sum([SERVICE]).top(10), "{{destination_service_name}}")];
    c.panel_of(Topic::Destinations, title, (columns, Unit::PerSecond), top, variable);
    let title = Text { en: "Latency of requests", zh: "出站延迟分布" };
    let buckets = waypoints(series("istio_request_duration_milliseconds_bucket")).rate().sum(["le"]);
    c.panel(Topic::Latency, title, (PanelKind::Heatmap, Unit::Milliseconds), buckets, "{{le}}");
    refused(c);

    let tuning = c.tuning();
    let recorded = series("egress:bytes:rate5m").is("source", Source::IstioAmbient.as_str());
    let name = AlertName::TrafficSpike;
    let spike = growth::of_record(recorded, [NAMESPACE], tuning, tuning.floor(name));
    c.alert(name, [NAMESPACE], Unit::BytesPerSecond, spike);
    let name = AlertName::ConnectionFailures;
    let begun = opened(&nodes).sum(who);
    let failing = failed(&nodes).sum(who).per(begun.clone()).above(tuning.threshold(name));
    c.alert(name, who, Unit::Share, failing.and(begun.above(tuning.floor(name))));
    c.alert(AlertName::LatencyHigh, [SERVICE], Unit::Milliseconds, slow(&of_waypoints, tuning));
    denied(c);
    dns(c);
    let proxies = || series("up").is("job", job::ZTUNNEL);
    c.alert(AlertName::NoData, ["job"], Unit::Count, proxies().absent());
    let title = Text { en: "Node proxies that are scraped", zh: "已采集的ztunnel" };
    c.panel(Topic::Visibility, title, (PanelKind::Stat(None), Unit::Count), proxies().now().sum([]), "ztunnel");
}

/// Connections that failed: those that ended with a flag. The node proxy reads no requests, so it has no response codes.
fn failed(narrow: &dyn Fn(Series) -> Series) -> Expr {
    narrow(series("istio_tcp_connections_closed_total")).is_not("response_flags", NO_FLAG).rate()
}

/// What a node proxy denies. It counts with no reporter that could be known beforehand: the one who denies may be at either end.
fn denied(c: &mut Collector<'_>) {
    let from = [WORKLOAD, NAMESPACE];
    let with_flag = |metric: &'static str| series(metric).is("response_flags", "DENY").rate();
    let denied = with_flag("istio_tcp_connections_closed_total").or(with_flag("istio_tcp_connections_failed_total"));
    let denied = denied.sum(from);
    let title = Text { en: "Denied by node proxies", zh: "被ztunnel拒绝的连接" };
    let legend = "{{source_workload_namespace}}/{{source_workload}}";
    c.panel(Topic::Denied, title, (PanelKind::Lines, Unit::PerSecond), denied.clone(), legend);
    c.alert(AlertName::Unauthorized, from, Unit::PerSecond, denied.above(0.0));
}

fn dns(c: &mut Collector<'_>) {
    let name = AlertName::DnsFailures;
    let asked = series("istio_dns_upstream_requests_total").rate().sum([]);
    let failed = series("istio_dns_upstream_failures_total").rate().sum([]);
    let title = Text { en: "Names asked upstream, and failures", zh: "上游DNS请求与失败" };
    let queries = vec![(asked.clone(), "asked"), (failed.clone(), "failed")];
    c.panel_of(Topic::Dns, title, (PanelKind::Lines, Unit::PerSecond), queries, None);
    let bad = failed.per(asked.clone()).above(c.tuning().threshold(name)).and(asked.above(c.tuning().floor(name)));
    c.alert(name, [], Unit::Share, bad);
}
