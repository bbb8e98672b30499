//! Antrea's agents.
//!
//! Source: Antrea 2.7.0, `docs/prometheus-integration.md`, `pkg/agent/metrics/prometheus.go`. The count of denied connections is a gauge.

use crate::alert::AlertName;
use crate::export::{Export, Exports};
use crate::promql::{Over, series};
use crate::rule::{Collector, Column, Measured, PanelKind, Unit};
use crate::source::Source;
use crate::text::Text;
use crate::topic::Topic;

/// The source.
pub const COLUMN: Column = Column { source: Source::Antrea, measures, alerts: ALERTS, collect };

const ALERTS: &[AlertName] =
    &[AlertName::Unauthorized, AlertName::PolicyRefused, AlertName::FqdnCache, AlertName::NoData];

fn measures(topic: Topic, exports: &Exports) -> Measured {
    use Measured::{Degraded, Fully, Not};
    match topic {
        Topic::Denied if exports.contains(&Export::AntreaFlowExporter) => {
            Degraded("by node: the count has neither pods nor policies")
        }
        Topic::Denied => {
            Not("antrea_agent_denied_connection_count needs the feature gate FlowExporter, which is alpha and off")
        }
        Topic::Names | Topic::PolicyState => Fully,
        Topic::Visibility => Degraded("whether the agents are scraped"),
        Topic::Gateways => {
            Not("no metric is about Egress objects; their status names the node, and kube-state-metrics can read it")
        }
        Topic::Traffic | Topic::Destinations | Topic::Success | Topic::Latency => {
            Not("metrics have no packets of pods; flow records of the FlowExporter do")
        }
        Topic::Unregistered => Not("Antrea has no registry of hosts"),
        Topic::Ports | Topic::NatHealth => {
            Not("addresses are translated by the node's kernel; the node exporter tells its table, under cluster")
        }
        Topic::Dns => Not("it reads answers without counting failures; CoreDNS is a source of its own"),
        Topic::Conntrack => Not("the node exporter tells it, under cluster"),
        Topic::Cost => Not("what is billed is counted at the cloud's NAT gateway"),
    }
}

fn collect(c: &mut Collector<'_>) {
    let instance = ["instance"];
    let lines = (PanelKind::Lines, Unit::PerSecond);
    if c.measures(Topic::Denied) {
        let denied = series("antrea_agent_denied_connection_count").over(Over::Delta, 5).sum(instance);
        let title = Text { en: "Connections denied, in five minutes", zh: "五分钟内被拒绝的连接" };
        c.panel(Topic::Denied, title, (PanelKind::Lines, Unit::Count), denied.clone(), "{{instance}}");
        c.alert(AlertName::Unauthorized, instance, Unit::Count, denied.above(0.0));
    }
    let evicted = || series("antrea_agent_fqdn_cache_eviction_count");
    let size = || series("antrea_agent_fqdn_cache_size");
    let title = Text { en: "Names in the cache", zh: "域名缓存条目" };
    c.panel(Topic::Names, title, (PanelKind::Lines, Unit::Count), size().now().sum(instance), "{{instance}}");
    let by = ["instance", "reason"];
    c.alert(AlertName::FqdnCache, by, Unit::Count, evicted().increase().sum(by).above(0.0));
    let errors = || series("antrea_agent_ovs_flow_ops_error_count");
    let by = ["instance", "operation"];
    let title = Text { en: "Flows that were not programmed", zh: "流表下发失败" };
    c.panel(Topic::PolicyState, title, lines, errors().rate().sum(by), "{{instance}} {{operation}}");
    c.alert(AlertName::PolicyRefused, by, Unit::Count, errors().increase().sum(by).above(0.0));
    let title = Text { en: "Agents that are scraped", zh: "已采集的Antrea代理" };
    c.panel(Topic::Visibility, title, (PanelKind::Stat(None), Unit::Count), size().now().count(), "Agents");
    c.alert(AlertName::NoData, [], Unit::Count, size().absent());
}
