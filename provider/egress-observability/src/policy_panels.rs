//! A panel of each policy: what its pods send to where it allows, or what becomes of it.

use crate::estate::{Estate, WatchedPolicy, source_of};
use crate::export::Export;
use crate::pattern::hosts_of;
use crate::promql::{Series, series};
use crate::rule::{Panel, PanelKind, Query, Title, Unit};
use crate::source::Source;
use crate::topic::Topic;

/// The panels, in the order of the policies' keys. A policy of which nothing is measured has none.
pub(crate) fn policy_panels(estate: &Estate) -> Vec<Panel> {
    estate.policies.values().filter_map(|policy| panel(estate, policy)).collect()
}

fn panel(estate: &Estate, policy: &WatchedPolicy) -> Option<Panel> {
    let title = match &policy.namespace {
        Some(namespace) => format!("{namespace}/{}", policy.name),
        None => policy.name.to_string(),
    };
    let shown = |source, topic, unit, expr: crate::promql::Expr, legend| Panel {
        title: Title::Named(title.clone()),
        topic,
        source,
        kind: PanelKind::Lines,
        unit,
        queries: vec![Query { expr: expr.in_panel(), legend }],
        variable: None,
    };
    let has = |export| estate.exports.contains(&export);
    match source_of(policy.engine, policy.dataplane) {
        Some(source @ (Source::IstioSidecar | Source::IstioAmbient)) if !policy.domains.is_empty() => {
            let hosts = policy.domains.iter().map(hosts_of).collect::<Vec<_>>().join("|");
            let record = series("egress:bytes:rate5m").is("source", source.as_str());
            let record =
                of_namespace(record, policy, "source_workload_namespace").like("destination_service_name", hosts);
            let by = ["source_workload", "destination_service_name"];
            let legend = "{{source_workload}} {{destination_service_name}}";
            Some(shown(source, Topic::Traffic, Unit::BytesPerSecond, record.now().sum(by), legend))
        }
        Some(Source::Cilium) if has(Export::Hubble) => {
            let flows = of_namespace(series("hubble_flows_to_world_total"), policy, "source_namespace");
            let flows = flows.rate().sum(["verdict"]);
            Some(shown(Source::Cilium, Topic::Denied, Unit::PerSecond, flows, "{{verdict}}"))
        }
        _ if has(Export::Cadvisor) => {
            let namespace = policy.namespace.as_ref()?;
            let sent = series("container_network_transmit_bytes_total").is("namespace", namespace.as_str());
            let sent = sent.rate().sum(["pod"]).top(10);
            Some(shown(Source::Cluster, Topic::Traffic, Unit::BytesPerSecond, sent, "{{pod}}"))
        }
        _ => None,
    }
}

/// Of the policy's namespace, where it has one.
fn of_namespace(series: Series, policy: &WatchedPolicy, label: &'static str) -> Series {
    match &policy.namespace {
        Some(namespace) => series.is(label, namespace.as_str()),
        None => series,
    }
}
