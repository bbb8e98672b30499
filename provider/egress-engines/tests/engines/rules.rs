//! What is emitted keeps the engines' own rules.

use egress_engines::{Compiled, ENGINES, GATEWAY_ENGINES, Level, rules};
use egress_model::gateway::Gateway;
use egress_model::policy::Policy;

use crate::evaluator::settings;
use crate::{cases, gateways};

/// Unless a finding says that something is not as the model means it: then a rule may say the same.
fn keeps_the_rules(case: &str, compiled: &Compiled) {
    let exact = compiled.findings.iter().all(|finding| finding.level == Level::Exact);
    for manifest in compiled.manifests.iter().filter(|_| exact) {
        let found = rules::check(&manifest.to_json());
        assert!(found.is_empty(), "{case}: {found:#?}\n{}", manifest.to_yaml());
    }
}

#[test]
fn emitted_objects_keep_the_rules_of_their_engines() {
    for (name, spec) in cases::all() {
        let policy = Policy::parse(&spec).expect("a policy");
        for engine in ENGINES.iter() {
            for settings in settings(engine.name) {
                let compiled = (engine.compile)(&policy, &settings);
                keeps_the_rules(&format!("{name} on {}", engine.name), &compiled);
            }
        }
    }
    for (name, spec) in gateways::all() {
        let gateway = Gateway::parse(&spec).expect("a gateway");
        for engine in GATEWAY_ENGINES.iter() {
            for settings in settings(engine.name) {
                let compiled = (engine.compile)(&gateway, &settings);
                keeps_the_rules(&format!("{name} on {}", engine.name), &compiled);
            }
        }
    }
}
