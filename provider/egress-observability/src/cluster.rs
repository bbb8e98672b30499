//! What every cluster has, whatever enforces its policies: the kubelet's metrics of containers, kube-state-metrics and the node exporter.
//!
//! Sources: cAdvisor's `docs/storage/prometheus.md`, kube-state-metrics' `docs/metrics/policy/networkpolicy-metrics.md` (experimental),
//! the node exporter's `collector/conntrack_linux.go`. No enforcer of plain `NetworkPolicy` objects counts what it drops.

use std::collections::BTreeSet;

use egress_model::labels::NamespaceName;

use crate::alert::AlertName;
use crate::export::{Export, Exports};
use crate::growth;
use crate::promql::{Series, series};
use crate::rule::{Collector, Column, Measured, PanelKind, Unit};
use crate::source::Source;
use crate::text::Text;
use crate::topic::Topic;

/// The source.
pub const COLUMN: Column = Column { source: Source::Cluster, measures, alerts: ALERTS, collect };

const ALERTS: &[AlertName] =
    &[AlertName::TrafficSpike, AlertName::ConntrackFull, AlertName::PolicyMissing, AlertName::NoData];

fn measures(topic: Topic, exports: &Exports) -> Measured {
    use Measured::{Degraded, Fully, Not};
    let has = |export| exports.contains(&export);
    match topic {
        Topic::Traffic if has(Export::Cadvisor) => {
            Degraded("all that pods send, inside the cluster as well; pods on the node's network show the node's")
        }
        Topic::PolicyState if has(Export::KubeStateMetrics) => {
            Degraded("whether NetworkPolicy objects are there; whether they are enforced is not measured")
        }
        Topic::PolicyState => Not("kube-state-metrics is not scraped"),
        Topic::Conntrack if has(Export::NodeExporter) => Fully,
        Topic::Conntrack => Not("the node exporter is not scraped"),
        Topic::Visibility if has(Export::Cadvisor) => Degraded("whether the kubelets are scraped"),
        Topic::Traffic | Topic::Visibility => Not("the kubelet's metrics of containers are not scraped"),
        Topic::Denied => Not("NetworkPolicy has no metric of what it drops, whichever plugin enforces it"),
        Topic::Destinations => Not("a pod's counters have no destinations"),
        Topic::Success | Topic::Latency => Not("a pod's counters know neither requests nor connections"),
        Topic::Unregistered => Not("NetworkPolicy has no registry of hosts"),
        Topic::Gateways => Not("the gateway's engine has no metric of it that is known"),
        Topic::Ports | Topic::NatHealth => {
            Not("the kernel counts no ports; its table of connections is under conntrack")
        }
        Topic::Dns | Topic::Names => Not("NetworkPolicy knows no names; CoreDNS is a source of its own"),
        Topic::Cost => Not("what is billed is counted at the cloud's NAT gateway"),
    }
}

fn collect(c: &mut Collector<'_>) {
    if c.measures(Topic::Traffic) {
        traffic(c);
    }
    if c.measures(Topic::PolicyState) {
        policies(c);
    }
    if c.measures(Topic::Conntrack) {
        let entries = series("node_nf_conntrack_entries").now().max(["instance"]);
        let taken = entries.per(series("node_nf_conntrack_entries_limit").now().max(["instance"]));
        let title = Text { en: "Connection table taken", zh: "连接跟踪表占用" };
        c.panel(Topic::Conntrack, title, (PanelKind::Lines, Unit::Share), taken.clone(), "{{instance}}");
        let name = AlertName::ConntrackFull;
        c.alert(name, ["instance"], Unit::Share, taken.above(c.tuning().threshold(name)));
    }
}

/// Bytes that pods send.
fn traffic(c: &mut Collector<'_>) {
    let estate = c.estate();
    let policies = estate.policies.values().map(|policy| policy.namespace.as_ref());
    // A policy of the whole cluster is about all namespaces.
    let watched: Option<BTreeSet<&NamespaceName>> = policies.collect();
    let narrowed = |series: Series| match &watched {
        Some(names) if !names.is_empty() => series.among("namespace", names.iter().map(|name| name.as_str())),
        _ => series,
    };
    let sent = || narrowed(series("container_network_transmit_bytes_total"));
    let by = ["namespace", "pod"];
    c.record("egress:pod_bytes:rate5m", Topic::Traffic, sent().rate().sum(by));
    let title = Text { en: "Bytes sent by pods, by namespace", zh: "按命名空间的Pod发送流量" };
    let lines = (PanelKind::Lines, Unit::BytesPerSecond);
    c.panel(Topic::Traffic, title, lines, sent().rate().sum(["namespace"]), "{{namespace}}");
    let title = Text { en: "Top 10 pods by bytes sent", zh: "Top 10 发送流量的Pod" };
    c.panel(Topic::Traffic, title, lines, sent().rate().sum(by).top(10), "{{namespace}}/{{pod}}");
    // Where another source tells egress from other traffic, its alert is the better one.
    let better = estate.sources().into_iter().any(tells_growth);
    if !better {
        let name = AlertName::TrafficSpike;
        let recorded = series("egress:pod_bytes:rate5m").is("source", Source::Cluster.as_str());
        let tuning = c.tuning();
        let spike = growth::of_record(recorded, ["namespace"], tuning, tuning.floor(name));
        c.alert(name, ["namespace"], Unit::BytesPerSecond, spike);
    }
    let title = Text { en: "Pods that are seen", zh: "可见的Pod数量" };
    c.panel(Topic::Visibility, title, (PanelKind::Stat(None), Unit::Count), sent().now().sum(by).count(), "Pods");
    c.alert(AlertName::NoData, [], Unit::Count, series("container_network_transmit_bytes_total").absent());
}

/// Whether a source has an alert about growth, of egress alone.
fn tells_growth(source: Source) -> bool {
    matches!(source, Source::IstioSidecar | Source::IstioAmbient | Source::IstioGateway | Source::Cilium)
}

/// Whether the objects of policies are there.
fn policies(c: &mut Collector<'_>) {
    let mut objects = Vec::new();
    for policy in c.estate().policies.values() {
        for object in &policy.network_policies {
            objects.extend(policy.namespace.as_ref().map(|namespace| (namespace.as_str(), object.as_str())));
        }
    }
    for (namespace, object) in &objects {
        let there = series("kube_networkpolicy_created").is("namespace", *namespace).is("networkpolicy", *object);
        c.alert(AlertName::PolicyMissing, ["namespace", "networkpolicy"], Unit::Count, there.absent());
    }
    let title = Text { en: "NetworkPolicy objects", zh: "NetworkPolicy对象" };
    let number = series("kube_networkpolicy_created").now().sum(["namespace", "networkpolicy"]).count();
    c.panel(Topic::PolicyState, title, (PanelKind::Stat(None), Unit::Count), number, "Objects");
}
