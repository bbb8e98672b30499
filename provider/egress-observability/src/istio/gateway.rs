//! What Istio's egress gateways report: the second hop, which knows the host and no longer who asked (istio#15188).

use std::collections::BTreeSet;

use egress_engines::EngineName;

use crate::alert::AlertName;
use crate::estate::WatchedGateway;
use crate::export::Exports;
use crate::growth;
use crate::istio::{Hop, NAMESPACE, SERVICE, WHO, WORKLOAD, failures, overview, records, refused, slow};
use crate::job;
use crate::promql::{Series, series};
use crate::rule::{Collector, Column, Measured, PanelKind, Unit, Variable};
use crate::source::Source;
use crate::text::Text;
use crate::topic::Topic;

const GATEWAYS: Variable = Variable {
    name: "egress_gateway",
    title: Text { en: "Egress gateway", zh: "Egress网关" },
    metric: "istio_tcp_connections_opened_total",
    label: WORKLOAD,
};

/// The source.
pub const COLUMN: Column = Column { source: Source::IstioGateway, measures, alerts: ALERTS, collect };

const ALERTS: &[AlertName] = &[
    AlertName::TrafficSpike,
    AlertName::ConnectionFailures,
    AlertName::GatewayDown,
    AlertName::LatencyHigh,
    AlertName::PolicyRefused,
];

fn measures(topic: Topic, _: &Exports) -> Measured {
    use Measured::{Degraded, Fully, Not};
    match topic {
        Topic::Destinations | Topic::Success | Topic::Gateways => Fully,
        Topic::Traffic => Degraded("by gateway and host: which workload asked is known at the first hop alone"),
        Topic::Latency => Degraded("only of HTTP that the gateway reads: TLS that passes through has no latency"),
        Topic::PolicyState => Degraded("configuration that proxies refuse, whichever object it is from"),
        Topic::Denied => Not("what an AuthorizationPolicy denies at a gateway is in its access log alone"),
        Topic::Unregistered => Not("only registered hosts are sent to a gateway"),
        Topic::Ports | Topic::NatHealth => Not("a proxy does not translate addresses"),
        Topic::Dns => Not("the gateway's own resolution exports no failures; CoreDNS is a source of its own"),
        Topic::Names => Not("names are matched in each connection: there is no cache that could lose them"),
        Topic::Conntrack => Not("the node exporter tells it, under cluster"),
        Topic::Visibility => Not("EgressGatewayDown fires also where a gateway is not scraped"),
        Topic::Cost => Not("what is billed is counted at the cloud's NAT gateway"),
    }
}

fn collect(c: &mut Collector<'_>) {
    let gateways: Vec<&WatchedGateway> = c.estate().gateways_of(EngineName::Istio).collect();
    let names: BTreeSet<&str> = gateways.iter().map(|gateway| gateway.name.as_str()).collect();
    let namespaces: BTreeSet<&str> = gateways.iter().map(|gateway| gateway.namespace.as_str()).collect();
    let second_hop = |series: Series| {
        series.like("reporter", "source|waypoint").among(WORKLOAD, &names).among(NAMESPACE, &namespaces)
    };
    let hop = Hop { narrow: &second_hop };
    records(c, &hop);

    let chosen = |series: Series| second_hop(series).like(WORKLOAD, GATEWAYS.reference());
    overview(c, &Hop { narrow: &chosen }, WORKLOAD, "{{source_workload}}", GATEWAYS);
    refused(c);

    let tuning = c.tuning();
    let recorded = series("egress:bytes:rate5m").is("source", Source::IstioGateway.as_str());
    let name = AlertName::TrafficSpike;
    let by = [WORKLOAD, NAMESPACE];
    let spike = growth::of_record(recorded, by, tuning, tuning.floor(name));
    c.alert(name, by, Unit::BytesPerSecond, spike);
    c.alert(AlertName::ConnectionFailures, WHO, Unit::Share, failures(&hop, WHO, tuning));
    c.alert(AlertName::LatencyHigh, [SERVICE], Unit::Milliseconds, slow(&hop, tuning));
    for gateway in gateways {
        let up = || series("up").is("job", job::of_gateway(gateway));
        let down = up().now().sum(["job"]).below(1.0).or(up().absent());
        c.alert(AlertName::GatewayDown, ["job"], Unit::Count, down);
    }
    let title = Text { en: "Gateways that are up", zh: "在线的Egress网关" };
    let up = series("up").like("job", format!("{}/.+", job::GATEWAYS)).now().sum(["job"]);
    c.panel(Topic::Gateways, title, (PanelKind::Lines, Unit::Count), up, "{{job}}");
}
