//! Istio's standard metrics: what its data planes have in common.
//!
//! Sources: Istio's documentation, "Istio Standard Metrics" (received bytes are those of the request, so what leaves; sent bytes those of
//! the response); `manifests/addons/dashboards/lib/queries.libsonnet`; ztunnel's `src/proxy/metrics.rs` and `src/dns/metrics.rs`; istiod's
//! `pilot_total_xds_rejects`. Hosts that no `ServiceEntry` knows go to `PassthroughCluster`, or to `BlackHoleCluster` where
//! `outboundTrafficPolicy` is `REGISTRY_ONLY` (istio#7669, #16629).

pub mod ambient;
pub mod gateway;
pub mod sidecar;

use std::collections::BTreeSet;

use egress_model::policy::DomainPattern;

use crate::alert::AlertName;
use crate::pattern::hosts_of;
use crate::promql::{Expr, Series, series};
use crate::rule::{Collector, PanelKind, Unit, share};
use crate::settings::Tuning;
use crate::text::Text;
use crate::topic::Topic;

const SERVICE: &str = "destination_service_name";
const NAMESPACE: &str = "source_workload_namespace";
const WORKLOAD: &str = "source_workload";
/// By what one hop is divided.
const WHO: [&str; 3] = [WORKLOAD, NAMESPACE, SERVICE];
/// Hosts that nobody has registered and that are reached all the same.
const PASSTHROUGH: &str = "PassthroughCluster";
/// Hosts that nobody has registered and that are not reached.
const BLACK_HOLE: &str = "BlackHoleCluster";
/// What a proxy answers when it or the host failed, and when the client went away first.
const FAILED_CODES: &str = "5..|0";
/// The flag of a connection with which nothing is wrong; there may be several flags in one value.
const NO_FLAG: &str = "-";

/// A regular expression for the hosts that some patterns mean, and other names of services beside them.
fn services<'a>(patterns: impl Iterator<Item = &'a DomainPattern>, others: impl IntoIterator<Item = String>) -> String {
    let hosts: BTreeSet<String> = patterns.map(hosts_of).chain(others).collect();
    hosts.into_iter().collect::<Vec<_>>().join("|")
}

/// Series of a metric that one data plane reports of the watched hosts.
struct Hop<'a> {
    narrow: &'a dyn Fn(Series) -> Series,
}

impl Hop<'_> {
    fn of(&self, metric: &'static str) -> Series {
        (self.narrow)(series(metric))
    }

    /// What leaves, in bytes per second: of connections, and of the bodies of requests, which are in no metric of connections.
    fn bytes(&self) -> Expr {
        self.of("istio_tcp_received_bytes_total").rate().or(self.of("istio_request_bytes_sum").rate())
    }

    /// What begins per second: requests, and connections that are not read.
    fn begun(&self) -> Expr {
        self.of("istio_requests_total").rate().or(self.of("istio_tcp_connections_opened_total").rate())
    }

    /// What fails per second.
    fn failed(&self) -> Expr {
        let requests = self.of("istio_requests_total").like("response_code", FAILED_CODES).rate();
        requests.or(self.of("istio_tcp_connections_closed_total").is_not("response_flags", NO_FLAG).rate())
    }

    /// The time that the slowest hundredth of requests takes at least, in milliseconds.
    fn latency<const N: usize>(&self, by: [&'static str; N]) -> Expr {
        self.of("istio_request_duration_milliseconds_bucket").rate().sum(by).quantile(0.99)
    }
}

/// Where the share that fails is too high, and there is enough of it for a share to count.
fn failures<const N: usize>(hop: &Hop<'_>, by: [&'static str; N], tuning: &Tuning) -> Expr {
    let name = AlertName::ConnectionFailures;
    let begun = hop.begun().sum(by);
    hop.failed().sum(by).per(begun.clone()).above(tuning.threshold(name)).and(begun.above(tuning.floor(name)))
}

/// Where the slowest hundredth of requests is too slow, and there are enough of them.
fn slow(hop: &Hop<'_>, tuning: &Tuning) -> Expr {
    let name = AlertName::LatencyHigh;
    let requests = hop.of("istio_requests_total").rate().sum([SERVICE]);
    hop.latency(["le", SERVICE]).above(tuning.threshold(name)).and(requests.above(tuning.floor(name)))
}

/// Configuration that proxies refuse: what was in force stays.
fn refused(c: &mut Collector<'_>) {
    let rejects = || series("pilot_total_xds_rejects");
    let title = Text { en: "Configuration that proxies refuse", zh: "被代理拒绝的配置" };
    c.panel(Topic::PolicyState, title, (PanelKind::Lines, Unit::PerSecond), rejects().rate().sum(["type"]), "{{type}}");
    c.alert(AlertName::PolicyRefused, ["type"], Unit::Count, rejects().increase().sum(["type"]).above(0.0));
}

/// What is recorded of one hop.
fn records(c: &mut Collector<'_>, hop: &Hop<'_>) {
    c.record("egress:bytes:rate5m", Topic::Traffic, hop.bytes().sum(WHO));
    c.record(
        "egress:requests:rate5m",
        Topic::Destinations,
        hop.begun().sum([WORKLOAD, NAMESPACE, SERVICE, "response_code"]),
    );
    c.record("egress:latency_milliseconds:p99_5m", Topic::Latency, hop.latency(["le", WORKLOAD, NAMESPACE, SERVICE]));
}

/// The six panels of the guide to egress traffic, in the right direction, of one hop.
fn overview(
    c: &mut Collector<'_>,
    hop: &Hop<'_>,
    who: &'static str,
    who_legend: &'static str,
    variable: crate::rule::Variable,
) {
    let bytes = Unit::BytesPerSecond;
    let title = Text { en: "Egress overview", zh: "Egress流量概览" };
    let stat = PanelKind::Stat(Some([100_000_000, 500_000_000]));
    c.panel_of(Topic::Traffic, title, (stat, bytes), vec![(hop.bytes().sum([]), "Total egress")], Some(variable));
    let title = Text { en: "Success rate", zh: "出站请求成功率" };
    let success = share(hop.failed().sum([]), &hop.begun().sum([])).rest_of_one();
    let gauge = PanelKind::Gauge([95, 99]);
    c.panel_of(Topic::Success, title, (gauge, Unit::Percent), vec![(success.times(100.0), "Success")], Some(variable));
    let title = Text { en: "Egress by destination", zh: "按目标服务的出站流量" };
    let by_service = vec![(hop.bytes().sum([SERVICE]), "{{destination_service_name}}")];
    c.panel_of(Topic::Traffic, title, (PanelKind::Lines, bytes), by_service, Some(variable));
    let title = Text { en: "Egress by source", zh: "按命名空间的出站流量分布" };
    c.panel_of(
        Topic::Traffic,
        title,
        (PanelKind::Pie, bytes),
        vec![(hop.bytes().sum([who]), who_legend)],
        Some(variable),
    );
    let title = Text { en: "Latency of requests", zh: "出站延迟分布" };
    let buckets = hop.of("istio_request_duration_milliseconds_bucket").rate().sum(["le"]);
    c.panel_of(
        Topic::Latency,
        title,
        (PanelKind::Heatmap, Unit::Milliseconds),
        vec![(buckets, "{{le}}")],
        Some(variable),
    );
    let title = Text { en: "Top 10 destinations", zh: "Top 10 出站目标" };
    let columns = PanelKind::Table(&[(SERVICE, Text { en: "Destination", zh: "目标服务" })]);
    let top = vec![(hop.begun().sum([SERVICE]).top(10), "{{destination_service_name}}")];
    c.panel_of(Topic::Destinations, title, (columns, Unit::PerSecond), top, Some(variable));
}
