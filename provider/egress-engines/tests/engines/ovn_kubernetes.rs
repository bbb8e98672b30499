//! What only OVN-Kubernetes has to be given, or warns of.

use egress_engines::{DecidedBy, EngineName, Level, Settings, engine};
use egress_model::policy::{ClusterSpec, Policy, ResolverSpec, RuleSpec, Spec};

use crate::written::rule;

fn warnings(spec: &Spec) -> Vec<String> {
    let engine = engine(EngineName::OvnKubernetes.as_str()).expect("an engine");
    let compiled = (engine.compile)(&Policy::parse(spec).expect("a policy"), &Settings::default());
    assert!(!compiled.manifests.is_empty(), "{:?}", compiled.findings);
    let degraded = compiled.findings.into_iter().filter(|finding| finding.level == Level::Degraded);
    let degraded: Vec<_> = degraded.collect();
    assert!(
        degraded.iter().all(|finding| finding.decided_by == DecidedBy::Cluster),
        "no engine knows it better: {degraded:?}"
    );
    degraded.into_iter().map(|finding| format!("{}: {}", finding.path, finding.why)).collect()
}

#[test]
fn a_resolver_that_is_only_assumed_is_told() {
    let of = |cluster: ClusterSpec, allow_dns: bool| Spec {
        name: "p".into(),
        namespace: Some("shop".into()),
        allow_dns: Some(allow_dns),
        cluster,
        ..Spec::default()
    };
    let platform = |name: &str| ClusterSpec { platform: Some(name.to_owned()), ..ClusterSpec::default() };
    let [warning] = &warnings(&of(ClusterSpec::default(), true))[..] else { panic!("one warning") };
    assert!(warning.starts_with("allow_dns: the DNS resolver is taken to be kube-system's on port 53"), "{warning}");
    let resolver = ResolverSpec { namespace: Some("kube-system".into()), ..ResolverSpec::default() };
    let written = ClusterSpec { resolver, ..ClusterSpec::default() };
    for known in [platform("kubernetes"), platform("openshift"), written] {
        assert_eq!(warnings(&of(known, true)), [""; 0]);
    }
    assert_eq!(warnings(&of(ClusterSpec::default(), false)), [""; 0]);
    let asks = RuleSpec { to_entities: Some(vec!["dns".to_owned()]), ..rule() };
    let asks = Spec { allow: [("r".to_owned(), asks)].into(), ..of(ClusterSpec::default(), false) };
    let [warning] = &warnings(&asks)[..] else { panic!("one warning") };
    assert!(warning.starts_with("allow[\"r\"].to_entities: the DNS resolver is taken to be"), "{warning}");
}
