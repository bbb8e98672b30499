//! Policies with an order, on every engine that has one.

use egress_engines::{ENGINES, Engine, Feature, Level, Manifest, Settings, Support};
use egress_model::policy::verdict::{Flow, Pod, Verdict, verdict};
use egress_model::policy::{Mode, Policy, Spec};
use proptest::prelude::*;
use serde_json::Value;

use crate::evaluator::installations;
use crate::generate::{flow, pod, spec};
use crate::meaning::{runner, sample, seed};

/// What policies mean together: the lowest priority that says something decides; then deny rules win over allow rules; what
/// nobody allows of a pod that somebody is about is stopped.
pub(crate) fn together(policies: &[Policy], source: &Pod, flow: &Flow) -> bool {
    let mut enforced: Vec<&Policy> = policies.iter().filter(|policy| policy.mode == Mode::Enforce).collect();
    enforced.sort_by_key(|policy| (policy.priority.is_none(), policy.priority));
    let verdicts: Vec<_> = enforced.iter().map(|policy| (policy.priority, verdict(policy, source, flow))).collect();
    if verdicts.iter().all(|(_, verdict)| *verdict == Verdict::NotSelected) {
        return true;
    }
    let allowed = |verdict: &Verdict<'_>| matches!(verdict, Verdict::Allowed(_) | Verdict::AllowedDns);
    for (_, verdict) in verdicts.iter().filter(|(priority, _)| priority.is_some()) {
        match verdict {
            Verdict::Denied(_) => return false,
            allows if allowed(allows) => return true,
            _ => {}
        }
    }
    let rest = || verdicts.iter().filter(|(priority, _)| priority.is_none()).map(|(_, verdict)| verdict);
    !rest().any(|verdict| matches!(verdict, Verdict::Denied(_))) && rest().any(allowed)
}

/// Flows per engine that meet several policies.
const FLOWS: usize = 3_000;

/// Three policies about pods of one namespace or of the cluster, with priorities that every engine has.
fn policies(engine: Engine) -> impl Strategy<Value = Vec<Policy>> {
    let three = prop::collection::vec(spec(engine), 3);
    (three, Just([3_i64, 50, 97]).prop_shuffle()).prop_map(|(specs, priorities)| {
        let numbered = specs.into_iter().zip(priorities).enumerate();
        let ordered = numbered.map(|(index, (spec, priority))| Spec {
            name: format!("p{index}"),
            priority: Some(priority),
            mode: None,
            ..spec
        });
        ordered.filter_map(|spec| Policy::parse(&spec).ok()).collect()
    })
}

#[test]
fn the_first_policy_that_says_something_decides() {
    let seed = seed();
    println!("EGRESS_SEED={seed}");
    let settings = Settings::default();
    let has_order = |engine: &&Engine| !matches!((engine.support)(Feature::Priority, &settings), Support::Refused(_));
    for engine in ENGINES.iter().filter(has_order) {
        let mut runner = runner(seed);
        let (several, pods, flows) = (policies(*engine), pod(), flow());
        let installations = installations(engine.name);
        let (mut judged, mut tried) = (0, 0);
        while judged < FLOWS {
            tried += 1;
            assert!(tried < 20_000, "{}: only {judged} flows met several exact policies", engine.name);
            let mut exact = Vec::new();
            let mut objects: Vec<Value> = Vec::new();
            for policy in sample(&several, &mut runner) {
                let compiled = (engine.compile)(&policy, &settings);
                if compiled.findings.iter().all(|finding| finding.level == Level::Exact) {
                    objects.extend(compiled.manifests.iter().map(Manifest::to_json));
                    exact.push(policy);
                }
            }
            if exact.len() < 2 {
                continue;
            }
            for _ in 0..20 {
                let (source, flow) = (sample(&pods, &mut runner), sample(&flows, &mut runner));
                let meant = together(&exact, &source, &flow);
                judged += 1;
                for installation in installations.iter().filter(|one| one.as_the_model) {
                    let passes = (installation.passes)(&objects, &source, &flow);
                    let what = (engine.name, &installation.what);
                    assert_eq!(passes, meant, "{what:?}\n{exact:#?}\n{source:#?}\n{flow:#?}");
                }
            }
        }
        println!("{}: {judged} flows met several policies", engine.name);
    }
}
