//! Calico's policies together, as one tier asks them, and what only single values decide.

use egress_engines::engines::calico::policy::{ENGINE, ENTERPRISE};
use egress_engines::engines::calico::rules;
use egress_engines::gateway_engine;
use egress_engines::{Engine, Level, Settings};
use egress_model::gateway::{Gateway, GatewaySpec, SourceSpec};
use egress_model::policy::{Mode, NamespaceSelectorSpec, Policy, RuleSpec, SelectorSpec, Spec};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};
use serde_json::Value;

use crate::emitted;
use crate::evaluator::calico::passes;
use crate::generate::{flow, pod, spec};
use crate::order::together;
use crate::written::rule;

/// Three policies that have nothing to do with each other but their pods.
fn policies(engine: Engine) -> impl Strategy<Value = Vec<Spec>> {
    let mode = select(&[None, None, None, Some("staged"), Some("audit")][..]);
    let one = (spec(engine), prop::bool::weighted(0.4), mode);
    let three = prop::collection::vec(one, 3);
    let priorities = Just(vec![0_i64, 999, 1000]).prop_shuffle();
    (three, priorities).prop_map(|(specs, priorities)| {
        let numbered = specs.into_iter().zip(priorities).enumerate();
        let named = numbered.map(|(index, ((spec, has_priority, mode), priority))| Spec {
            name: format!("p{index}"),
            priority: has_priority.then_some(priority),
            mode: mode.map(str::to_owned),
            ..spec
        });
        named.collect()
    })
}

#[test]
fn policies_mean_together_what_the_model_says() {
    let judged = std::cell::Cell::new(0);
    for engine in [ENGINE, ENTERPRISE] {
        let mut runner = TestRunner::new(Config { cases: 300, failure_persistence: None, ..Config::default() });
        let flows = prop::collection::vec((pod(), flow()), 20);
        let tried = runner.run(&(policies(engine), flows), |(specs, flows)| {
            let policies: Vec<Policy> = specs.iter().filter_map(|spec| Policy::parse(spec).ok()).collect();
            let mut exact = Vec::new();
            let mut objects: Vec<Value> = Vec::new();
            for policy in policies {
                let compiled = (engine.compile)(&policy, &Settings::default());
                // That a staged policy reports in its own way says nothing about what passes.
                let differs = |level: Level| level == Level::Degraded && policy.mode == Mode::Enforce;
                if compiled.findings.iter().any(|one| differs(one.level)) || compiled.manifests.is_empty() {
                    continue;
                }
                objects.extend(compiled.manifests.iter().map(egress_engines::Manifest::to_json));
                exact.push(policy);
            }
            for (source, flow) in flows {
                let meant = together(&exact, &source, &flow);
                judged.set(judged.get() + usize::from(exact.len() > 1));
                prop_assert_eq!(passes(&objects, &source, &flow), meant, "{:#?}\n{:#?}\n{:#?}", objects, source, flow);
            }
            Ok(())
        });
        tried.expect("the policies mean together what the model says");
    }
    assert!(judged.get() > 3_000, "only {} flows met several policies", judged.get());
}

#[test]
fn emitted_objects_keep_calicos_rules() {
    let mut checked = 0;
    for emitted in emitted::all() {
        let check = match emitted.engine.as_str() {
            "calico" => rules::check_open_source,
            "calico-enterprise" => rules::check,
            _ => continue,
        };
        let found = check(&emitted.object);
        assert!(found.is_empty(), "{}: {found:#?}", emitted.case);
        checked += 1;
    }
    assert!(checked > 80, "only {checked} objects were checked");
}

fn texts(values: &[&str]) -> Vec<String> {
    values.iter().map(|&value| value.to_owned()).collect()
}

fn with_rule(rule: RuleSpec) -> Spec {
    Spec {
        name: "p".into(),
        namespace: Some("shop".into()),
        allow: [("rule".to_owned(), rule)].into(),
        ..Spec::default()
    }
}

/// What an engine says of a policy: level, path and reason in one line each.
fn findings(engine: Engine, spec: &Spec, settings: &Settings) -> Vec<String> {
    let findings = (engine.compile)(&Policy::parse(spec).expect("a policy"), settings).findings;
    findings.into_iter().map(|one| format!("{:?} {}: {}", one.level, one.path, one.why)).collect()
}

fn assert_findings(found: &[String], expected: &[&str]) {
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (finding, expected) in found.iter().zip(expected) {
        assert!(finding.starts_with(expected), "{finding:?} does not begin with {expected:?}");
    }
}

#[test]
fn findings_that_values_decide() {
    let services = |ports: &[&str]| RuleSpec {
        to_services: Some(texts(&["db"])),
        ports: Some(texts(ports)),
        ..RuleSpec::default()
    };
    let api_server = |ports: &[&str]| RuleSpec {
        to_entities: Some(texts(&["kube-apiserver"])),
        ports: Some(texts(ports)),
        ..RuleSpec::default()
    };
    let to_cidrs = |ports: &[&str]| RuleSpec {
        to_cidrs: Some(texts(&["192.0.2.0/24"])),
        ports: Some(texts(ports)),
        ..RuleSpec::default()
    };
    let own_pods = Spec {
        cluster: egress_model::policy::ClusterSpec {
            cidrs: egress_model::policy::ClusterCidrsSpec {
                pods: texts(&["10.42.0.0/16"]),
                nodes: texts(&["10.42.0.0/20"]),
                ..Default::default()
            },
            ..Default::default()
        },
        ..with_rule(RuleSpec { to_cidrs: Some(texts(&["10.0.0.0/8", "10.42.1.0/24"])), ..rule() })
    };
    for (spec, expected) in [
        (with_rule(services(&["any"])), &["Degraded allow[\"rule\"].to_services: "][..]),
        (
            with_rule(services(&["5432"])),
            &[
                "Degraded allow[\"rule\"].to_services: ",
                "Refused allow[\"rule\"].ports: Calico takes a Service's ports from the Service",
            ],
        ),
        (
            with_rule(api_server(&["any"])),
            &["Degraded allow[\"rule\"].to_entities: becomes the Service kubernetes in default"],
        ),
        (
            with_rule(api_server(&["6443"])),
            &["Refused allow[\"rule\"].to_entities: Calico finds the API server by the Service kubernetes"],
        ),
        (
            with_rule(to_cidrs(&["255/ICMP"])),
            &["Refused allow[\"rule\"].ports[0]: Calico takes the ICMP types 0 to 254"],
        ),
        (
            own_pods,
            &[
                "Degraded allow[\"rule\"].to_cidrs: 10.42.0.0/20 of the nodes has addresses in common",
                "Degraded allow[\"rule\"].to_cidrs: 10.42.1.0/24 is inside the pods' range, and Calico's blocks",
            ],
        ),
        (
            Spec { name: "a.b".into(), ..with_rule(to_cidrs(&["443"])) },
            &["Refused name: Calico reads what stands before a dot"],
        ),
    ] {
        assert_findings(&findings(ENGINE, &spec, &Settings::default()), expected);
    }
}

#[test]
fn staged_policies_came_with_a_version() {
    let spec = Spec {
        mode: Some("staged".into()),
        ..with_rule(RuleSpec { to_external: None, to_entities: Some(texts(&["all"])), ..rule() })
    };
    let older = Settings { version: "3.29".parse().ok(), ..Settings::default() };
    assert_findings(&findings(ENGINE, &spec, &older), &["Refused mode: staged policies came with Calico 3.30"]);
    assert_findings(&findings(ENGINE, &spec, &Settings::default()), &[]);
    assert_findings(&findings(ENTERPRISE, &spec, &older), &[]);
}

#[test]
fn each_pattern_of_a_rule_is_told() {
    let rule = RuleSpec { to_domains: Some(texts(&["**.example.com", "*.example.org"])), ..rule() };
    let found = findings(ENTERPRISE, &with_rule(rule), &Settings::default());
    assert_findings(&found, &["Degraded allow[\"rule\"].to_domains: Calico's * matches one or more labels"]);
}

#[test]
fn a_gateway_attaches_to_namespaces_by_name_and_to_none_when_refused() {
    let named = |names: &[&str]| SourceSpec {
        namespaces: Some(NamespaceSelectorSpec { names: Some(texts(names)), ..NamespaceSelectorSpec::default() }),
        pods: Some(SelectorSpec::all()),
    };
    let gateway = |namespace: &str| {
        let spec = GatewaySpec {
            name: "partners".into(),
            namespace: namespace.into(),
            sources: [("a".to_owned(), named(&["shop", "billing"])), ("b".to_owned(), named(&["shop"]))].into(),
            ips: texts(&["192.0.2.10"]),
            ..GatewaySpec::default()
        };
        let engine = gateway_engine("calico-enterprise").expect("an engine");
        (engine.compile)(&Gateway::parse(&spec).expect("a gateway"), &Settings::default())
    };
    let attached: Vec<String> =
        gateway("egress").attachments.iter().map(|attachment| attachment.id().to_string()).collect();
    assert_eq!(attached, ["Namespace/billing", "Namespace/shop"], "each once");
    let inside = gateway("shop");
    assert!(inside.manifests.is_empty() && inside.attachments.is_empty(), "its own pods would go through it");
}
