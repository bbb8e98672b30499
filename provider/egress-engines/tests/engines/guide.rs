//! The guide to the engines, as a file to review. `UPDATE_GOLDEN=1 cargo test -p egress-engines` rewrites it.

use std::path::Path;

use egress_engines::gateway_engine;
use egress_engines::{
    ENGINES, EngineName, Finding, GATEWAY_ENGINES, Level, Settings, better_by_table, engine as engine_of, guide,
    name_engines_that_can,
};
use egress_model::gateway::Gateway;
use egress_model::policy::{Policy, RuleSpec, Spec};

use crate::gateways;

#[test]
fn the_guide_is_as_reviewed() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../templates/guides/engines.md");
    let actual = guide::engines();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &actual).expect("the guide can be written");
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(actual == expected, "run with UPDATE_GOLDEN=1 and review {}:\n{actual}", path.display());
}

#[test]
fn every_row_of_a_table_has_a_cell_for_every_engine() {
    let guide = guide::engines();
    let (policies, gateways) = guide.split_once("## Gateways").expect("two parts");
    for (part, engines, rows) in [(policies, ENGINES.len(), 32), (gateways, GATEWAY_ENGINES.len(), 16)] {
        let lines: Vec<&str> = part.lines().filter(|line| line.starts_with('|')).collect();
        assert_eq!(lines.len(), rows + 2, "a heading, a rule and the features");
        for line in lines {
            assert_eq!(line.matches('|').count(), engines + 2, "{line}");
        }
    }
}

/// The engines that are named for what an engine does not do as it is meant.
fn named(engine: &str, policy: &Policy) -> Vec<Finding> {
    let settings = Settings::default();
    let compile = |name: &str| engine_of(name).map(|engine| (engine.compile)(policy, &settings));
    let mut findings = compile(engine).expect("an engine").findings;
    let name = engine_of(engine).expect("an engine").name;
    name_engines_that_can(&mut findings, name, |other| compile(other.as_str()));
    findings.into_iter().filter(|finding| finding.level > Level::Exact).collect()
}

#[test]
fn the_engines_that_are_named_can_do_the_whole_policy() {
    let texts = |values: &[&str]| values.iter().map(|&value| value.to_owned()).collect::<Vec<_>>();
    let policy = |rule: RuleSpec, priority: Option<i64>| {
        let allow = [("rule".to_owned(), rule)].into();
        let spec = Spec { name: "p".into(), namespace: Some("shop".into()), priority, allow, ..Spec::default() };
        Policy::parse(&spec).expect("a policy")
    };
    let names =
        RuleSpec { to_domains: Some(texts(&["api.example.com"])), ports: Some(texts(&["443"])), ..RuleSpec::default() };
    // Cilium has names, but no priority.
    let of_names = named("network-policy", &policy(names.clone(), None));
    assert!(of_names[0].engines_that_can.contains(&EngineName::Cilium), "{of_names:?}");
    for finding in named("network-policy", &policy(names, Some(10))) {
        let engines = &finding.engines_that_can;
        assert_eq!(finding.level, Level::Refused);
        assert!(!engines.contains(&EngineName::Cilium), "{engines:?}");
        assert!(engines.contains(&EngineName::CalicoEnterprise), "{engines:?}");
    }
    // No engine names another that does a part no better.
    let everywhere = policy(
        RuleSpec { to_cidrs: Some(texts(&["0.0.0.0/0"])), ports: Some(texts(&["443"])), ..RuleSpec::default() },
        None,
    );
    let mut judged = 0;
    for engine in ENGINES.iter() {
        for finding in named(engine.name.as_str(), &everywhere) {
            for other in &finding.engines_that_can {
                let back = named(other.as_str(), &everywhere);
                let of_same_part = back.iter().filter(|own| own.path == finding.path && own.level >= finding.level);
                assert_eq!(of_same_part.count(), 0, "{} names {other} for {}", engine.name, finding.path);
            }
            judged += 1;
        }
    }
    assert!(judged > 5, "only {judged} findings");
}

/// Engines name no other for a part of a gateway that does it no better, or that cannot do the gateway at all: whoever follows a name
/// is not sent on.
#[test]
fn the_engines_that_are_named_can_do_the_whole_gateway() {
    let settings = Settings::default();
    let (mut judged, mut kept) = (0, 0);
    for (name, spec) in gateways::all() {
        let gateway = Gateway::parse(&spec).expect("a gateway");
        let compile =
            |name: EngineName| gateway_engine(name.as_str()).map(|engine| (engine.compile)(&gateway, &settings));
        for engine in GATEWAY_ENGINES.iter() {
            let of_table = compile(engine.name).expect("an engine").findings;
            let mut findings = of_table.clone();
            name_engines_that_can(&mut findings, engine.name, compile);
            for (finding, in_table) in findings.iter().zip(&of_table) {
                judged += better_by_table(in_table, engine.name).len();
                kept += finding.engines_that_can.len();
                for other in &finding.engines_that_can {
                    let theirs = compile(*other).expect("an engine");
                    let what = format!("{name}: {} names {other} for {}", engine.name, finding.path);
                    assert!(!theirs.manifests.is_empty(), "{what}, which refuses it");
                    let no_better = |own: &&Finding| own.path == finding.path && own.level >= finding.level;
                    assert_eq!(theirs.findings.iter().find(no_better), None, "{what}");
                }
            }
        }
    }
    assert!(kept > 50 && kept < judged, "{kept} names of {judged} are left");
}
