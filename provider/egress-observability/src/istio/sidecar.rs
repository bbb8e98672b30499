//! What the proxies beside the pods of a mesh report of traffic to the outside.

use crate::alert::AlertName;
use crate::export::Exports;
use crate::growth;
use crate::istio::{
    BLACK_HOLE, Hop, NAMESPACE, PASSTHROUGH, SERVICE, WHO, WORKLOAD, failures, overview, records, refused, services,
    slow,
};
use crate::job;
use crate::pattern::{literal, one_of};
use crate::promql::{Series, series};
use crate::rule::{Collector, Column, Measured, PanelKind, Unit, Variable};
use crate::source::Source;
use crate::text::Text;
use crate::topic::Topic;
use egress_engines::EngineName;

const NAMESPACES: Variable = Variable {
    name: "istio_namespace",
    title: Text { en: "Namespace (Istio)", zh: "命名空间 (Istio)" },
    metric: "istio_tcp_connections_opened_total",
    label: NAMESPACE,
};

/// The source.
pub const COLUMN: Column = Column { source: Source::IstioSidecar, measures, alerts: ALERTS, collect };

const ALERTS: &[AlertName] = &[
    AlertName::TrafficSpike,
    AlertName::ConnectionFailures,
    AlertName::Unauthorized,
    AlertName::LatencyHigh,
    AlertName::PolicyRefused,
    AlertName::Unregistered,
    AlertName::NoData,
];

fn measures(topic: Topic, _: &Exports) -> Measured {
    use Measured::{Degraded, Fully, Not};
    match topic {
        Topic::Traffic | Topic::Destinations | Topic::Success | Topic::Unregistered => Fully,
        Topic::Latency => Degraded("only of HTTP that the proxy reads: TLS that passes through has no latency"),
        Topic::Denied => Degraded(
            "names outside the registry where outboundTrafficPolicy is REGISTRY_ONLY; what an AuthorizationPolicy denies on a TCP \
             port is in the access log alone",
        ),
        Topic::PolicyState => Degraded("configuration that proxies refuse, whichever object it is from"),
        Topic::Visibility => Degraded("whether the proxies are scraped; a request that is not counted leaves no trace"),
        Topic::Gateways => Not("a sidecar is no gateway; Istio's gateways are a source of their own"),
        Topic::Ports | Topic::NatHealth => Not("a proxy does not translate addresses"),
        Topic::Dns => Not("its DNS proxy exports no failures; CoreDNS is a source of its own"),
        Topic::Names => Not("names are matched in each request or handshake: there is no cache that could lose them"),
        Topic::Conntrack => Not("the node exporter tells it, under cluster"),
        Topic::Cost => Not("what is billed is counted at the cloud's NAT gateway"),
    }
}

fn collect(c: &mut Collector<'_>) {
    let estate = c.estate();
    // With a gateway each byte is counted twice. Here is the first hop, which knows who: to hosts, and to gateways instead of hosts.
    let gateways: Vec<&str> = estate.gateways_of(EngineName::Istio).map(|gateway| gateway.name.as_str()).collect();
    let others = gateways.iter().map(|name| literal(name)).chain([PASSTHROUGH.to_owned()]);
    let hosts = services(estate.policies_of(Source::IstioSidecar).flat_map(|policy| &policy.domains), others);
    let first_hop = |series: Series| {
        let series = series.is("reporter", "source").like(SERVICE, hosts.as_str());
        if gateways.is_empty() { series } else { series.unlike(WORKLOAD, one_of(&gateways)) }
    };
    let hop = Hop { narrow: &first_hop };
    records(c, &hop);

    let of_namespaces = |series: Series| first_hop(series).like(NAMESPACE, NAMESPACES.reference());
    overview(c, &Hop { narrow: &of_namespaces }, NAMESPACE, "{{source_workload_namespace}}", NAMESPACES);
    refused(c);

    let tuning = c.tuning();
    let recorded = series("egress:bytes:rate5m").is("source", Source::IstioSidecar.as_str());
    let name = AlertName::TrafficSpike;
    let spike = growth::of_record(recorded, [NAMESPACE], tuning, tuning.floor(name));
    c.alert(name, [NAMESPACE], Unit::BytesPerSecond, spike);
    c.alert(AlertName::ConnectionFailures, WHO, Unit::Share, failures(&hop, WHO, tuning));
    c.alert(AlertName::LatencyHigh, [SERVICE], Unit::Milliseconds, slow(&hop, tuning));
    to_unregistered(c);
    let proxies = series("up").is("job", job::SIDECARS);
    c.alert(AlertName::NoData, ["job"], Unit::Count, proxies.absent());
    let title = Text { en: "Proxies that are scraped", zh: "已采集的代理" };
    let scraped = series("up").is("job", job::SIDECARS).now().sum([]);
    c.panel(Topic::Visibility, title, (PanelKind::Stat(None), Unit::Count), scraped, "Proxies");
}

/// Traffic to what no `ServiceEntry` knows: let through, or stopped.
fn to_unregistered(c: &mut Collector<'_>) {
    let from = [WORKLOAD, NAMESPACE];
    let to = |cluster: &'static str, metric: &'static str| series(metric).is("reporter", "source").is(SERVICE, cluster);
    let stopped = to(BLACK_HOLE, "istio_requests_total").rate();
    let stopped = stopped.or(to(BLACK_HOLE, "istio_tcp_connections_closed_total").rate()).sum(from);
    let passed = to(PASSTHROUGH, "istio_requests_total").rate();
    let passed = passed.or(to(PASSTHROUGH, "istio_tcp_connections_opened_total").rate()).sum(from);
    let legend = "{{source_workload_namespace}}/{{source_workload}}";
    let lines = (PanelKind::Lines, Unit::PerSecond);
    let title = Text { en: "Stopped: no registered host", zh: "被拒绝的未注册目标" };
    c.panel(Topic::Denied, title, lines, stopped.clone(), legend);
    let title = Text { en: "Let through: no registered host", zh: "放行的未注册目标" };
    c.panel(Topic::Unregistered, title, lines, passed.clone(), legend);
    c.alert(AlertName::Unauthorized, from, Unit::PerSecond, stopped.above(0.0));
    c.alert(AlertName::Unregistered, from, Unit::PerSecond, passed.above(0.0));
}
