//! OVN-Kubernetes: the health of egress addresses, and whether policies are programmed. What is denied is in ACL logs alone.
//!
//! Source: OVN-Kubernetes 1.3.0, `go-controller/pkg/metrics/*.go`; names of the cluster manager are so since 1.0.

use egress_engines::EngineName;

use crate::alert::AlertName;
use crate::export::Exports;
use crate::promql::series;
use crate::rule::{Collector, Column, Measured, PanelKind, Unit};
use crate::source::Source;
use crate::text::Text;
use crate::topic::Topic;

/// The source.
pub const COLUMN: Column = Column { source: Source::OvnKubernetes, measures, alerts: ALERTS, collect };

const ALERTS: &[AlertName] = &[AlertName::GatewayDown, AlertName::PolicyRefused, AlertName::NoData];

fn measures(topic: Topic, _: &Exports) -> Measured {
    use Measured::{Degraded, Fully, Not};
    match topic {
        Topic::Gateways | Topic::PolicyState => Fully,
        Topic::Visibility => {
            Degraded("whether the controllers are scraped; ACL log lines that are lost leave no trace")
        }
        Topic::Denied => {
            Not("what an ACL drops is in its log alone, where the namespace has the annotation k8s.ovn.org/acl-logging")
        }
        Topic::Traffic | Topic::Destinations | Topic::Success | Topic::Latency => {
            Not("no metric counts packets of pods or policies")
        }
        Topic::Unregistered => Not("OVN-Kubernetes has no registry of hosts"),
        Topic::Ports | Topic::NatHealth => {
            Not("addresses are translated by the node's kernel; the node exporter tells its table, under cluster")
        }
        Topic::Dns => {
            Not("it resolves names of EgressFirewall without counting answers; CoreDNS is a source of its own")
        }
        Topic::Names => Not("no metric tells the names of EgressFirewall that are not resolved"),
        Topic::Conntrack => Not("the node exporter tells it, under cluster"),
        Topic::Cost => Not("what is billed is counted at the cloud's NAT gateway"),
    }
}

fn collect(c: &mut Collector<'_>) {
    let ips = || series("ovnkube_clustermanager_num_egress_ips");
    let lines = (PanelKind::Lines, Unit::PerSecond);
    if c.estate().gateways_of(EngineName::OvnKubernetes).next().is_some() {
        let unreachable = || series("ovnkube_clustermanager_egress_ips_node_unreachable_total");
        let moved = series("ovnkube_clustermanager_egress_ips_rebalance_total");
        let title = Text {
            en: "Nodes of egress addresses lost, and addresses moved",
            zh: "Egress节点不可达与地址迁移",
        };
        let queries = vec![(unreachable().rate().sum([]), "unreachable"), (moved.rate().sum([]), "moved")];
        c.panel_of(Topic::Gateways, title, lines, queries, None);
        c.alert(AlertName::GatewayDown, [], Unit::Count, unreachable().increase().sum([]).above(0.0));
        let title = Text { en: "Egress addresses", zh: "Egress地址数量" };
        c.panel(Topic::Gateways, title, (PanelKind::Stat(None), Unit::Count), ips().now().max([]), "Addresses");
    }
    let failures = || series("ovnkube_resource_retry_failures_total");
    let title = Text { en: "Objects that were given up", zh: "放弃处理的对象" };
    c.panel(Topic::PolicyState, title, lines, failures().rate().sum([]), "Failures");
    c.alert(AlertName::PolicyRefused, [], Unit::Count, failures().increase().sum([]).above(0.0));
    let firewalls = series("ovnkube_controller_num_egress_firewalls").now().max([]);
    let title = Text { en: "Egress firewalls", zh: "EgressFirewall数量" };
    c.panel(Topic::Visibility, title, (PanelKind::Stat(None), Unit::Count), firewalls, "Firewalls");
    c.alert(AlertName::NoData, [], Unit::Count, ips().absent());
}
