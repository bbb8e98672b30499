//! `CoreDNS`: answers of upstream resolvers, which are those for names outside the cluster.
//!
//! Sources: `CoreDNS` 1.14.7, `plugin/forward/README.md` and `plugin/metrics/README.md`. The counters
//! `coredns_forward_{requests,responses}_total` are deprecated; `coredns_dns_responses_total` mixes the cluster's own names in.

use crate::alert::AlertName;
use crate::export::{Export, Exports};
use crate::promql::series;
use crate::rule::{Collector, Column, Measured, PanelKind, Unit};
use crate::source::Source;
use crate::text::Text;
use crate::topic::Topic;

/// The source.
pub const COLUMN: Column = Column { source: Source::CoreDns, measures, alerts: ALERTS, collect };

const ALERTS: &[AlertName] = &[AlertName::DnsFailures, AlertName::NoData];

fn measures(topic: Topic, exports: &Exports) -> Measured {
    use Measured::{Fully, Not};
    let on = exports.contains(&Export::CoreDns);
    match topic {
        Topic::Dns | Topic::Visibility if on => Fully,
        Topic::Dns | Topic::Visibility => Not("CoreDNS is not scraped, or the cluster has another resolver"),
        Topic::Names => Not("the resolver does not know which names policies allow"),
        _ => Not("a resolver sees names and no connections"),
    }
}

fn collect(c: &mut Collector<'_>) {
    if !c.measures(Topic::Dns) {
        return;
    }
    let answers = || series("coredns_proxy_request_duration_seconds_count").is("proxy_name", "forward");
    let name = AlertName::DnsFailures;
    let title = Text { en: "Answers for outside names, by code", zh: "按返回码的外部域名应答" };
    let lines = (PanelKind::Lines, Unit::PerSecond);
    c.panel(Topic::Dns, title, lines, answers().rate().sum(["rcode"]), "{{rcode}}");
    let buckets = series("coredns_proxy_request_duration_seconds_bucket").is("proxy_name", "forward");
    let slowest = buckets.rate().sum(["le", "to"]).quantile(0.99).times(1000.0);
    let title = Text { en: "Latency of upstream resolvers, p99", zh: "上游DNS延迟P99" };
    c.panel(Topic::Dns, title, (PanelKind::Lines, Unit::Milliseconds), slowest, "{{to}}");
    let asked = answers().rate().sum(["to"]);
    let failed = answers().like("rcode", "SERVFAIL|REFUSED").rate().sum(["to"]);
    let bad = failed.per(asked.clone()).above(c.tuning().threshold(name));
    c.alert(name, ["to"], Unit::Share, bad.and(asked.above(c.tuning().floor(name))));
    let title = Text { en: "Resolvers that are scraped", zh: "已采集的CoreDNS" };
    let seen = series("coredns_dns_responses_total").now().sum(["instance"]).count();
    c.panel(Topic::Visibility, title, (PanelKind::Stat(None), Unit::Count), seen, "CoreDNS");
    c.alert(AlertName::NoData, [], Unit::Count, series("coredns_dns_responses_total").absent());
}
