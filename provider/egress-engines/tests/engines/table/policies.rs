//! The table of policies.

use egress_engines::settings::{IstioMode, IstioSettings, NetworkPolicyApiChannel, OutboundTraffic, OvnKubernetesDns};
use egress_engines::{ENGINES, EngineName, Feature, Row, Settings, features};
use egress_model::policy::{Form, HttpSpec, NamespaceSelectorSpec, Policy, RuleSpec, Spec};

use super::{Column, Table};
use crate::generate::wild;
use crate::meaning::{runner, sample, seed};
use crate::written::{request, rule, with_requests};

/// Policies that are compiled for every engine with each of its settings.
const POLICIES: usize = 1_500;

/// The settings that decide a cell of an engine, in its newest version.
fn settings_of(engine: EngineName) -> Vec<Settings> {
    let default = Settings::default;
    let mesh = |mode, outbound_traffic| Settings {
        istio: IstioSettings { mode, outbound_traffic, ..IstioSettings::default() },
        ..default()
    };
    match engine {
        EngineName::Istio => vec![
            default(),
            mesh(IstioMode::Ambient, OutboundTraffic::AllowAny),
            mesh(IstioMode::Sidecar, OutboundTraffic::RegistryOnly),
        ],
        EngineName::ClusterNetworkPolicy | EngineName::AdminNetworkPolicy => {
            vec![default(), Settings { network_policy_api: NetworkPolicyApiChannel::Experimental, ..default() }]
        }
        EngineName::OvnKubernetes => {
            vec![default(), Settings { ovn_kubernetes_dns: OvnKubernetesDns::NameResolver, ..default() }]
        }
        _ => vec![default()],
    }
}

/// Policies for exceptions that hardly any random policy meets.
fn rare() -> Vec<Policy> {
    let texts = |values: &[&str]| values.iter().map(|&value| value.to_owned()).collect::<Vec<_>>();
    let to_cidrs = |blocks: &[&str]| RuleSpec { to_cidrs: Some(texts(blocks)), ..rule() };
    let policy = |allow: Vec<RuleSpec>| Spec {
        name: "p".into(),
        namespace: Some("shop".into()),
        allow: allow.into_iter().enumerate().map(|(index, rule)| (format!("r{index}"), rule)).collect(),
        ..Spec::default()
    };
    let multicast = || policy(vec![to_cidrs(&["224.0.0.0/4"])]);
    let ordered = policy((0..101).map(|index| to_cidrs(&[format!("203.0.113.{index}/32").as_str()])).collect());
    let mut overlapping = policy(vec![RuleSpec { to_entities: Some(texts(&["kube-apiserver", "nodes"])), ..rule() }]);
    overlapping.cluster.cidrs.pods = texts(&["10.0.0.0/8"]);
    overlapping.cluster.cidrs.nodes = texts(&["10.0.0.0/16"]);
    overlapping.cluster.cidrs.api_server = texts(&["10.0.0.0/24"]);
    let wide = |name: &str| {
        policy(vec![RuleSpec { to_domains: Some(texts(&[name])), ports: Some(texts(&["443"])), ..rule() }])
    };
    let headers = HttpSpec { headers: Some([("x-a".to_owned(), String::new())].into()), ..request() };
    let to_name = |names: &[&str], ports: &[&str]| RuleSpec {
        to_domains: Some(texts(names)),
        ports: Some(texts(ports)),
        ..rule()
    };
    let namespaces = NamespaceSelectorSpec {
        form: Form::Block,
        match_labels: [("failure-domain.beta.kubernetes.io/zone".to_owned(), "a".to_owned())].into(),
        ..NamespaceSelectorSpec::default()
    };
    let all = [
        Spec { mode: Some("audit".into()), ..multicast() },
        Spec { priority: Some(10), ..ordered },
        overlapping,
        wide("*._a.example.com"),
        wide("**._a.example.com"),
        policy(vec![with_requests(to_name(&["api.example.com"], &["80"]), vec![headers])]),
        Spec { namespace: None, namespaces: Some(namespaces), ..policy(Vec::new()) },
    ];
    all.iter().map(|spec| Policy::parse(spec).expect("a policy")).collect()
}

fn feature_of(row: Row) -> Option<Feature> {
    match row {
        Row::Policy(feature) => Some(feature),
        Row::Gateway(_) => None,
    }
}

#[test]
fn the_table_says_what_the_compilers_do() {
    let seed = seed();
    println!("EGRESS_SEED={seed}");
    let specs = wild();
    let mut runner = runner(seed);
    let policies: Vec<Policy> = std::iter::repeat_with(|| Policy::parse(&sample(&specs, &mut runner)).ok())
        .flatten()
        .take(POLICIES)
        .chain(rare())
        .collect();
    // That blocks never mean pods is said of no part of a policy by itself.
    let rows = Feature::ALL.into_iter().filter(|feature| *feature != Feature::BlocksWithoutPods).collect();
    let table = Table { all: policies, rows, features, feature_of };
    let columns = ENGINES.iter().map(|engine| Column {
        name: engine.name,
        support: engine.support,
        compile: engine.compile,
        exceptions: engine.exceptions,
        settings: settings_of(engine.name),
    });
    table.judge(columns);
}
