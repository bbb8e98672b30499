//! What is asked for by name and cannot be measured, and what the coverage says otherwise.

use std::collections::{BTreeMap, BTreeSet};

use egress_observability::alert::AlertName;
use egress_observability::estate::Estate;
use egress_observability::monitor::monitor;
use egress_observability::settings::{AlertSpec, Tuning};
use egress_observability::source::Source;
use egress_observability::topic::Topic;

use crate::estates;

fn asking(alert: AlertName) -> Tuning {
    Tuning::parse(&[(alert, AlertSpec { enabled: Some(true), ..AlertSpec::default() })].into()).expect("good settings")
}

fn refusal(estate: &Estate, tuning: &Tuning, topics: &[Topic]) -> String {
    let refusals = monitor(estate, tuning, &topics.iter().copied().collect()).expect_err("something is refused");
    refusals.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn what_nothing_measures_is_refused_with_who_can() {
    let plain = estates::of(Source::Cluster);
    let text = refusal(&plain, &asking(AlertName::Unauthorized), &[]);
    assert_eq!(
        text,
        "UnauthorizedEgressAttempt cannot fire for what is watched here; cluster: NetworkPolicy has no metric of what it drops, whichever \
         plugin enforces it; coredns: a resolver sees names and no connections. It is measured by istio-sidecar, istio-ambient, cilium, \
         calico-enterprise, antrea"
    );
    let text = refusal(&estates::of(Source::Calico), &asking(AlertName::GatewayDown), &[]);
    assert!(text.contains("calico: open source has no egress gateway"), "{text}");
    let text = refusal(&plain, &Tuning::default(), &[Topic::Latency]);
    assert!(
        text.starts_with("Nothing that is watched here measures latency; cluster: a pod's counters know"),
        "{text}"
    );
    assert!(text.ends_with("It is measured by istio-sidecar, istio-ambient, istio-gateway, cilium"), "{text}");
}

#[test]
fn an_alert_whose_limit_is_not_known_is_refused_when_asked_for_and_left_out_otherwise() {
    let mut unknown = estates::nat("yace", &["nat-1"]);
    unknown.addresses = None;
    let estate = estates::of_nat(unknown);
    let text = refusal(&estate, &asking(AlertName::NatNearLimit), &[]);
    assert!(text.contains("aws: it measures this, but nothing that is watched needs this alert"), "{text}");
    let all = monitor(&estate, &Tuning::default(), &BTreeSet::new()).expect("nothing is refused");
    assert!(all.alerts.iter().all(|alert| alert.name.as_str() != "EgressNATNearPortLimit"));
}

#[test]
fn what_is_not_asked_for_is_in_the_coverage() {
    let all = monitor(&estates::of(Source::Cluster), &Tuning::default(), &BTreeSet::new()).expect("nothing is refused");
    let lines: BTreeMap<Topic, String> =
        Topic::ALL.into_iter().filter_map(|topic| Some((topic, all.coverage_of(topic)?))).collect();
    assert_eq!(lines.len(), Topic::ALL.len());
    assert!(lines[&Topic::Traffic].starts_with("cluster: degraded (all that pods send"), "{}", lines[&Topic::Traffic]);
    assert!(lines[&Topic::Dns].ends_with("coredns: measured"), "{}", lines[&Topic::Dns]);
    assert!(lines[&Topic::Cost].starts_with("cluster: unavailable (what is billed"), "{}", lines[&Topic::Cost]);
}

#[test]
fn what_there_is_none_of_is_not_called_measured() {
    let mut estate = estates::of(Source::Cilium);
    estate.gateways.clear();
    let all = monitor(&estate, &Tuning::default(), &BTreeSet::new()).expect("nothing is refused");
    let gateways: Vec<Source> =
        all.coverage.iter().filter(|one| one.topic == Topic::Gateways).map(|one| one.source).collect();
    assert_eq!(gateways, [Source::Cluster, Source::CoreDns], "no gateway of Cilium is watched");
}

#[test]
fn one_control_plane_of_two_data_planes_is_told_of_once() {
    let all = monitor(&estates::whole(), &Tuning::default(), &BTreeSet::new()).expect("nothing is refused");
    let rejects = all.alerts.iter().filter(|alert| alert.expr.to_string().contains("pilot_total_xds_rejects"));
    assert_eq!(rejects.count(), 1);
}
