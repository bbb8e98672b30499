//! Calico open source, which measures whether policies are programmed and nothing of traffic, and Calico Enterprise, which measures both.
//!
//! Sources: Calico 3.32, `felix/` (names registered with Prometheus) and `goldmane/`; Calico Enterprise 3.24, "Policy metrics", "Felix
//! metrics", "Troubleshoot egress gateways". Series of denied packets go 60 seconds after the last packet, so nothing may ask for their
//! absence.

use egress_engines::EngineName;

use crate::alert::AlertName;
use crate::export::Exports;
use crate::promql::{Over, series};
use crate::rule::{Collector, Column, Measured, PanelKind, Unit};
use crate::source::Source;
use crate::text::Text;
use crate::topic::Topic;

/// Open source.
pub const COLUMN: Column = Column { source: Source::Calico, measures, alerts: ALERTS, collect };

const ALERTS: &[AlertName] = &[AlertName::PolicyRefused, AlertName::Blind, AlertName::NoData];

/// Enterprise.
pub const ENTERPRISE: Column = Column {
    source: Source::CalicoEnterprise,
    measures: enterprise_measures,
    alerts: ENTERPRISE_ALERTS,
    collect: collect_enterprise,
};

const ENTERPRISE_ALERTS: &[AlertName] = &[
    AlertName::Unauthorized,
    AlertName::GatewayDown,
    AlertName::PolicyRefused,
    AlertName::FqdnCache,
    AlertName::Blind,
    AlertName::NoData,
];

const NO_TRAFFIC: &str =
    "Felix of open source has no metric of packets, policies or destinations; verdicts are in Goldmane's gRPC API";

fn measures(topic: Topic, _: &Exports) -> Measured {
    use Measured::{Degraded, Fully, Not};
    match topic {
        Topic::PolicyState => Fully,
        Topic::Visibility => Degraded("log lines of packets that the kernel dropped before Felix read them"),
        Topic::Traffic | Topic::Destinations | Topic::Success | Topic::Latency | Topic::Denied => Not(NO_TRAFFIC),
        Topic::Unregistered => Not("Calico has no registry of hosts"),
        Topic::Gateways => Not("open source has no egress gateway; its addresses are those of pods"),
        Topic::Ports | Topic::NatHealth => {
            Not("addresses are translated by the node's kernel; the node exporter tells its table, under cluster")
        }
        Topic::Dns => Not("open source has no policies of names; CoreDNS is a source of its own"),
        Topic::Names => Not("open source has no policies of names"),
        Topic::Conntrack => Not("the node exporter tells it, under cluster"),
        Topic::Cost => Not("what is billed is counted at the cloud's NAT gateway"),
    }
}

fn enterprise_measures(topic: Topic, _: &Exports) -> Measured {
    use Measured::{Degraded, Fully, Not};
    match topic {
        Topic::Denied | Topic::PolicyState => Fully,
        Topic::Traffic => Degraded("by policy and not by destination, and only while packets flow"),
        Topic::Success => Degraded("the share of packets that policies let through; what a server refuses is not seen"),
        Topic::Gateways => Degraded("only gateways with a health port"),
        Topic::Names => Degraded("answers that were released before the policy was programmed"),
        Topic::Visibility => Degraded("log lines of packets that the kernel dropped before Felix read them"),
        Topic::Destinations => Not("metrics have no destinations; flow logs do"),
        Topic::Latency => Not("metrics have no times of requests"),
        Topic::Unregistered => Not("Calico has no registry of hosts"),
        Topic::Ports | Topic::NatHealth => {
            Not("addresses are translated by the node's kernel; the node exporter tells its table, under cluster")
        }
        Topic::Dns => Not("DNS logs, not metrics, have the answers; CoreDNS is a source of its own"),
        Topic::Conntrack => Not("the node exporter tells it, under cluster"),
        Topic::Cost => Not("what is billed is counted at the cloud's NAT gateway"),
    }
}

fn collect(c: &mut Collector<'_>) {
    felix(c);
}

fn collect_enterprise(c: &mut Collector<'_>) {
    let rules = |metric: &'static str| series(metric).is("traffic_direction", "outbound");
    let policy = ["policy"];
    let bytes = rules("cnx_policy_rule_bytes").rate().sum(policy);
    c.record("egress:bytes:rate5m", Topic::Traffic, bytes.clone());
    let title = Text { en: "Bytes by policy", zh: "按策略的出站流量" };
    c.panel(Topic::Traffic, title, (PanelKind::Lines, Unit::BytesPerSecond), bytes, "{{policy}}");
    let packets = |action: &'static str| rules("cnx_policy_rule_packets").is("action", action).rate().sum([]);
    let all = packets("allow").plus(packets("deny").or(packets("allow").times(0.0)));
    let title = Text { en: "Share of packets that policies let through", zh: "策略放行比例" };
    let passed = packets("allow").per(all).times(100.0);
    c.panel(Topic::Success, title, (PanelKind::Gauge([95, 99]), Unit::Percent), passed, "Let through");
    // Two minutes: a series goes a minute after its last packet.
    let denied = series("calico_denied_packets").over(Over::Rate, 2).sum(["policy", "srcIP"]);
    let title = Text { en: "Denied packets", zh: "被策略拒绝的数据包" };
    c.panel(Topic::Denied, title, (PanelKind::Lines, Unit::PerSecond), denied.clone(), "{{policy}} {{srcIP}}");
    c.alert(AlertName::Unauthorized, ["policy", "srcIP"], Unit::PerSecond, denied.above(0.0));
    if c.estate().gateways_of(EngineName::CalicoEnterprise).next().is_some() {
        let polls = |status: &'static str| series("felix_egress_gateway_remote_polls").is("status", status).now();
        let title = Text { en: "Gateways as nodes see them", zh: "节点视角的Egress网关" };
        let queries = vec![(polls("up").sum([]), "up"), (polls("probe-failed").sum([]), "failed")];
        c.panel_of(Topic::Gateways, title, (PanelKind::Lines, Unit::Count), queries, None);
        let failed = polls("probe-failed").sum(["instance"]).above(0.0);
        c.alert(AlertName::GatewayDown, ["instance"], Unit::Count, failed);
    }
    let late = || series("felix_dns_packet_nfqueue_monitor_packets_released_timeout");
    let instance = ["instance"];
    let title = Text { en: "DNS answers released too early", zh: "过早放行的DNS应答" };
    c.panel(Topic::Names, title, (PanelKind::Lines, Unit::PerSecond), late().rate().sum(instance), "{{instance}}");
    c.alert(AlertName::FqdnCache, instance, Unit::Count, late().increase().sum(instance).above(0.0));
    felix(c);
}

/// Whether policies are programmed, which both editions say.
fn felix(c: &mut Collector<'_>) {
    let failures = || series("felix_int_dataplane_failures");
    let overruns = || series("felix_nflog_buffer_overruns");
    let instance = ["instance"];
    let lines = (PanelKind::Lines, Unit::PerSecond);
    let title = Text { en: "Failures to program policies", zh: "策略下发失败" };
    c.panel(Topic::PolicyState, title, lines, failures().rate().sum(instance), "{{instance}}");
    let title = Text { en: "Policies", zh: "策略数量" };
    let policies = series("felix_cluster_num_policies").now().max([]);
    c.panel(Topic::PolicyState, title, (PanelKind::Stat(None), Unit::Count), policies, "Policies");
    let title = Text { en: "Log lines lost", zh: "丢失的日志行" };
    c.panel(Topic::Visibility, title, lines, overruns().rate().sum(instance), "{{instance}}");
    c.alert(AlertName::PolicyRefused, instance, Unit::Count, failures().increase().sum(instance).above(0.0));
    c.alert(AlertName::Blind, instance, Unit::Count, overruns().increase().sum(instance).above(0.0));
    c.alert(AlertName::NoData, [], Unit::Count, series("felix_cluster_num_policies").absent());
}
