//! Lists that are just as long as an engine's lists may be, and just longer: what is emitted fits the published definitions and the
//! engines' rules, and what would not fit is split or refused on its attribute.

use std::collections::{BTreeMap, BTreeSet};

use crd_check::{Definitions, MISSING};
use egress_engines::gateway_engine;
use egress_engines::settings::{IstioMode, IstioSettings, NetworkPolicyApiChannel, OvnKubernetesDns};
use egress_engines::{Compiled, ENGINES, EngineName, GATEWAY_ENGINES, Level, Manifest, Settings, engine, rules};
use egress_model::gateway::{Gateway, GatewaySpec};
use egress_model::policy::{Form, HttpSpec, Policy, RuleSpec, SelectorSpec, Spec};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;

use crate::gateways::every_pod;
use crate::meaning::{runner, sample, seed};
use crate::written::{exactly, request, with_requests, with_server_names};

/// Around every limit of a list that a kind has: 16, 25, 40, 64, 100, 128, 256 and 512.
const SIZES: [usize; 19] = [1, 2, 15, 16, 17, 25, 26, 40, 41, 64, 65, 100, 101, 128, 129, 256, 257, 512, 513];

/// Policies that are tried.
const POLICIES: usize = 80;

fn texts(count: usize, one: impl Fn(usize) -> String) -> Vec<String> {
    (0..count).map(one).collect()
}

fn named_ports(count: usize) -> Vec<String> {
    texts(count, |index| (1000 + 2 * index).to_string())
}

/// A rule with long lists: destinations, ports and what is looked into.
fn rule() -> impl Strategy<Value = RuleSpec> {
    let destinations = (select(&["cidrs", "domains", "pods", "except"][..]), select(&SIZES[..]));
    // Two long lists of one rule are multiplied on some engines, and time with them.
    (destinations, select(&SIZES[..]), select(&["", "", "", "http", "headers", "names"][..]), any::<bool>()).prop_map(
        |((kind, count), ports, inside, are_many)| {
            let (count, ports) = if are_many { (count, ports.min(2)) } else { (count.min(2), ports) };
            let block = |index: usize| format!("203.{}.{}.0/25", index / 256, index % 256);
            let mut rule = RuleSpec { ports: Some(named_ports(ports)), ..RuleSpec::default() };
            match kind {
                "cidrs" => rule.to_cidrs = Some(texts(count, block)),
                "except" => {
                    let except = texts(count, |index| format!("!{}", block(index)));
                    rule.to_cidrs = Some(std::iter::once("203.0.0.0/8".to_owned()).chain(except).collect());
                }
                "domains" => rule.to_domains = Some(texts(count, |index| format!("h{index}.example.com"))),
                _ => {
                    let values: Vec<String> = texts(count, |index| format!("v{index}"));
                    let match_expressions = vec![format!("app in ({})", values.join(","))];
                    rule.to_pods = Some(SelectorSpec { match_expressions, ..SelectorSpec::default() });
                }
            }
            let many = if are_many { 2 } else { count.max(ports) };
            if kind == "domains" && inside == "http" {
                rule.ports = Some(vec!["80".to_owned()]);
            }
            match inside {
                "http" => with_requests(rule, (0..many).map(|index| exactly(&format!("/v{index}"))).collect()),
                "headers" => {
                    let headers = (0..many).map(|index| (format!("x-{index}"), "a".to_owned())).collect();
                    with_requests(rule, vec![HttpSpec { headers: Some(headers), ..request() }])
                }
                "names" => {
                    let names = texts(many, |index| format!("h{index}.example.com"));
                    with_server_names(rule, &names.iter().map(String::as_str).collect::<Vec<_>>())
                }
                _ => rule,
            }
        },
    )
}

fn policy() -> impl Strategy<Value = Spec> {
    let rules = select(&[1_usize, 1, 1, 2, 26, 101][..]);
    let whole = (prop::bool::weighted(0.3), prop::bool::weighted(0.3));
    (rules, rule(), select(&SIZES[..]), prop::option::weighted(0.2, 0_i64..90), whole).prop_map(
        |(count, rule, namespaces, priority, (is_of_cluster, has_pods))| {
            let of_ports = rule.ports.as_ref().map_or(0, Vec::len);
            // As many rules as they have ports, each about one of them, so that the sizes add up.
            let rules = (0..count.min(of_ports.max(1))).map(|index| {
                let mut one = rule.clone();
                if count > 1 {
                    one.ports = one.ports.map(|ports| vec![ports[index].clone()]);
                }
                (format!("r{index:03}"), one)
            });
            let pods = Some(SelectorSpec {
                form: Form::Block,
                match_expressions: vec![format!(
                    "app in ({})",
                    texts(namespaces, |index| format!("a{index}")).join(",")
                )],
                ..SelectorSpec::default()
            });
            Spec {
                name: "p".to_owned(),
                namespace: (!is_of_cluster || rule.to_pods.is_some()).then(|| "shop".to_owned()),
                exempt_namespaces: (is_of_cluster && rule.to_pods.is_none())
                    .then(|| texts(namespaces, |index| format!("n{index}"))),
                pods: pods.filter(|_| has_pods),
                allow: rules.collect(),
                priority,
                ..Spec::default()
            }
        },
    )
}

/// Installations that emit different kinds.
fn settings_of(engine: EngineName) -> Vec<Settings> {
    let default = Settings::default;
    match engine {
        EngineName::Istio => {
            let istio = IstioSettings { mode: IstioMode::Ambient, ..IstioSettings::default() };
            vec![default(), Settings { istio, ..default() }]
        }
        EngineName::ClusterNetworkPolicy | EngineName::AdminNetworkPolicy => {
            vec![Settings { network_policy_api: NetworkPolicyApiChannel::Experimental, ..default() }]
        }
        EngineName::OvnKubernetes => {
            vec![Settings { ovn_kubernetes_dns: OvnKubernetesDns::NameResolver, ..default() }]
        }
        _ => vec![default()],
    }
}

/// What is wrong with an object.
fn wrong(definitions: Option<&Definitions>, engine: EngineName, object: &Value) -> Vec<String> {
    let preferred = match engine {
        EngineName::Cilium => "cilium/next",
        EngineName::ClusterNetworkPolicy | EngineName::AdminNetworkPolicy => "network-policy-api/experimental",
        other => other.as_str(),
    };
    let report = definitions.and_then(|definitions| definitions.check(object, Some(preferred)));
    let unfit = report.filter(|report| !report.accepts()).map(|report| report.to_string());
    rules::check(object).iter().map(ToString::to_string).chain(unfit).collect()
}

fn definitions() -> Option<Definitions> {
    let Some(folder) = Definitions::folder() else {
        eprintln!("skipped: {MISSING}");
        return None;
    };
    Some(Definitions::load(&folder).expect("definitions"))
}

#[test]
fn lists_of_every_size_fit_or_are_refused() {
    let seed = seed();
    println!("EGRESS_SEED={seed}");
    let definitions = definitions();
    let (mut runner, policies) = (runner(seed), policy());
    let mut counts: BTreeMap<EngineName, (usize, usize, usize)> = BTreeMap::new();
    let mut faults: BTreeMap<String, String> = BTreeMap::new();
    let mut judged = BTreeSet::new();
    for _ in 0..POLICIES {
        let spec = sample(&policies, &mut runner);
        let policy = Policy::parse(&spec).unwrap_or_else(|wrong| panic!("{wrong:?}: {spec:?}"));
        for engine in ENGINES.iter() {
            for settings in settings_of(engine.name) {
                let compiled = (engine.compile)(&policy, &settings);
                let count = counts.entry(engine.name).or_default();
                if compiled.manifests.is_empty() {
                    count.1 += 1;
                    continue;
                }
                count.0 += 1;
                let ids: BTreeSet<_> = compiled.manifests.iter().map(Manifest::id).collect();
                assert_eq!(ids.len(), compiled.manifests.len(), "{}: two objects of one name: {spec:?}", engine.name);
                // Objects that differ only in where a long list was cut are alike.
                for manifest in compiled.manifests.iter().take(4).chain(compiled.manifests.last()) {
                    count.2 += 1;
                    let object = manifest.to_json();
                    judged.insert((engine.name, manifest.kind.kind));
                    for fault in wrong(definitions.as_ref(), engine.name, &object) {
                        let what: String = fault.chars().filter(|c| !c.is_ascii_digit()).take(120).collect();
                        faults.entry(format!("{} {}: {what}", engine.name, manifest.kind.kind)).or_insert(fault);
                    }
                }
            }
        }
    }
    println!("engine: emitted, refused, objects checked: {counts:?}; kinds {judged:?}");
    let all: Vec<String> = faults
        .iter()
        .map(|(what, fault)| format!("{what}\n    {}", fault.chars().take(600).collect::<String>()))
        .collect();
    assert!(all.is_empty(), "{} faults:\n{}", all.len(), all.join("\n"));
}

fn refusals(compiled: &Compiled) -> Vec<String> {
    let refused = compiled.findings.iter().filter(|finding| finding.level == Level::Refused);
    refused.map(|finding| format!("{}: {}", finding.path, finding.why)).collect()
}

fn on_istio(rule: RuleSpec, mode: IstioMode) -> Compiled {
    let allow = [("r".to_owned(), rule)].into();
    let spec = Spec { name: "p".to_owned(), namespace: Some("shop".to_owned()), allow, ..Spec::default() };
    let settings = Settings { istio: IstioSettings { mode, ..IstioSettings::default() }, ..Settings::default() };
    let engine = engine(EngineName::Istio.as_str()).expect("an engine");
    (engine.compile)(&Policy::parse(&spec).expect("a policy"), &settings)
}

#[test]
fn rules_that_one_authorization_policy_cannot_hold_are_in_several() {
    for mode in [IstioMode::Sidecar, IstioMode::Ambient] {
        for (requests, expected) in [(512, &[512][..]), (513, &[512, 1]), (1100, &[512, 512, 76])] {
            let rule = RuleSpec {
                to_domains: Some(vec!["api.example.com".to_owned()]),
                ports: Some(vec!["80".to_owned()]),
                ..RuleSpec::default()
            };
            let rule = with_requests(rule, (0..requests).map(|index| exactly(&format!("/v{index}"))).collect());
            let compiled = on_istio(rule, mode);
            let of_kind = compiled.manifests.iter().filter(|manifest| manifest.kind.kind == "AuthorizationPolicy");
            let rules: Vec<usize> =
                of_kind.map(|manifest| manifest.to_json()["spec"]["rules"].as_array().expect("rules").len()).collect();
            assert_eq!(rules, expected, "{mode:?}");
            let names: BTreeSet<_> = compiled.manifests.iter().map(Manifest::id).collect();
            assert_eq!(names.len(), compiled.manifests.len());
        }
    }
}

#[test]
fn ports_that_one_service_entry_cannot_hold_are_refused() {
    for (ports, expected) in [(256, &[][..]), (257, &["allow: the rules with to_domains name 257 ports, "])] {
        let rule = RuleSpec {
            to_domains: Some(vec!["api.example.com".to_owned()]),
            ports: Some(named_ports(ports)),
            ..RuleSpec::default()
        };
        for mode in [IstioMode::Sidecar, IstioMode::Ambient] {
            let found = refusals(&on_istio(rule.clone(), mode));
            assert_eq!(found.len(), expected.len(), "{found:?}");
            assert!(found.iter().zip(expected).all(|(found, expected)| found.starts_with(expected)), "{found:?}");
        }
    }
}

#[test]
fn gateways_that_one_policy_of_cilium_cannot_hold_are_refused() {
    let gateway = |ips: Vec<String>| GatewaySpec {
        name: "g".to_owned(),
        namespace: "egress".to_owned(),
        sources: [("all".to_owned(), every_pod())].into(),
        ips,
        nodes: Some(SelectorSpec { match_expressions: vec!["egress".to_owned()], ..SelectorSpec::default() }),
        ..GatewaySpec::default()
    };
    let found = |spec: &GatewaySpec, version: Option<&str>| {
        let settings =
            Settings { version: version.map(|version| version.parse().expect("a version")), ..Settings::default() };
        let engine = gateway_engine(EngineName::Cilium.as_str()).expect("an engine");
        refusals(&(engine.compile)(&Gateway::parse(spec).expect("a gateway"), &settings))
    };
    let addresses = |count| gateway(texts(count, |index| format!("192.0.2.{}", index + 1)));
    assert_eq!(found(&addresses(64), None), [""; 0]);
    let refused = found(&addresses(65), None);
    assert!(
        refused.len() == 1 && refused[0].starts_with("ips: a CiliumEgressGatewayPolicy has at most 64 gateways"),
        "{refused:?}"
    );
    assert_eq!(found(&addresses(65), Some("1.19")), [""; 0], "the limit came with 1.20");
    let names = texts(70, |index| format!("n{index}")).join(",");
    let replicas = |count| GatewaySpec {
        replicas: Some(count),
        nodes: Some(SelectorSpec {
            match_expressions: vec![format!("kubernetes.io/hostname in ({names})")],
            ..SelectorSpec::default()
        }),
        ..gateway(Vec::new())
    };
    assert_eq!(found(&replicas(64), None), [""; 0]);
    let refused = found(&replicas(65), None);
    assert!(refused.len() == 1 && refused[0].starts_with("replicas: a CiliumEgressGatewayPolicy has"), "{refused:?}");
}

#[test]
fn gateways_of_every_size_fit_or_are_refused() {
    let definitions = definitions();
    let (mut emitted, mut faults) = (0, BTreeMap::new());
    for count in SIZES {
        let blocks = texts(count, |index| format!("203.{}.{}.0/25", index / 256, index % 256));
        let sources = (0..count).map(|index| {
            let label = SelectorSpec {
                match_labels: [("app".to_owned(), format!("a{index}"))].into(),
                ..SelectorSpec::default()
            };
            (format!("s{index}"), egress_model::gateway::SourceSpec { pods: Some(label), ..every_pod() })
        });
        let one = || [("all".to_owned(), every_pod())].into();
        let spec = || GatewaySpec {
            name: "g".to_owned(),
            namespace: "egress".to_owned(),
            sources: one(),
            ..GatewaySpec::default()
        };
        let to = |cidrs, domains| Some(egress_model::gateway::DestinationsSpec { cidrs, domains });
        let specs = [
            GatewaySpec { sources: sources.collect(), ..spec() },
            GatewaySpec { to: to(Some(blocks), None), ..spec() },
            GatewaySpec { to: to(None, Some(texts(count, |index| format!("h{index}.example.com")))), ..spec() },
            GatewaySpec { ips: texts(count.min(250), |index| format!("192.0.2.{}", index + 1)), ..spec() },
        ];
        for gateway in specs.iter().map(|spec| Gateway::parse(spec).expect("a gateway")) {
            for engine in GATEWAY_ENGINES.iter() {
                for settings in settings_of(engine.name) {
                    for manifest in (engine.compile)(&gateway, &settings).manifests.iter().take(6) {
                        emitted += 1;
                        for fault in wrong(definitions.as_ref(), engine.name, &manifest.to_json()) {
                            faults.insert(format!("{} {} of {count}", engine.name, manifest.kind.kind), fault);
                        }
                    }
                }
            }
        }
    }
    println!("{emitted} objects of gateways");
    assert!(faults.is_empty() && emitted > 200, "{emitted}: {faults:#?}");
}
