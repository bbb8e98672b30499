//! Random policies and flows: what is emitted means what the model means, or a finding says otherwise.

use std::time::{SystemTime, UNIX_EPOCH};

use egress_engines::manifest::yaml_of;
use egress_engines::{ENGINES, Engine, Level, Settings};
use egress_model::policy::verdict::{Flow, Pod, verdict};
use egress_model::policy::{Mode, Policy};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, TestRng, TestRunner};
use serde_json::Value;

use crate::evaluator::{Installation, installations_with, settings};
use crate::generate::{RANDOM, flow, pod, spec_with};

/// Cases that each engine is judged in with each of its settings: a policy that it takes, a pod and a flow. Each policy meets some
/// pods and flows.
const CASES: usize = 15_000;
const SOURCES: usize = 3;
const FLOWS: usize = 12;

/// What was seen of one engine.
#[derive(Debug, Default)]
struct Tally {
    /// Policies that the engine refuses.
    refused: usize,
    /// Policies that a finding calls degraded.
    degraded: usize,
    /// Policy, pod and flow that were judged.
    cases: usize,
    /// Of degraded policies: what passes though the model stops it.
    over_permitted: usize,
    /// Of degraded policies: what is stopped though the model lets it pass.
    under_permitted: usize,
}

/// The seed of this run: `EGRESS_SEED`, or the time.
pub(crate) fn seed() -> u64 {
    let given = std::env::var("EGRESS_SEED").ok().and_then(|seed| seed.parse().ok());
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").subsec_nanos();
    given.unwrap_or_else(|| u64::from(now()))
}

pub(crate) fn runner(seed: u64) -> TestRunner {
    // A seed of zeros only is none.
    let bytes = [seed.to_le_bytes(), [1; 8]].concat();
    TestRunner::new_with_rng(Config::default(), TestRng::from_seed(RANDOM, &bytes))
}

pub(crate) fn sample<T>(strategy: &impl Strategy<Value = T>, runner: &mut TestRunner) -> T {
    strategy.new_tree(runner).expect("a value").current()
}

/// Whether a flow passes where this is the only policy. In mode audit and staged nothing is stopped.
pub(crate) fn lets_pass(policy: &Policy, source: &Pod, flow: &Flow) -> bool {
    policy.mode != Mode::Enforce || verdict(policy, source, flow).passes()
}

fn judge(engine: Engine, settings: &Settings, runner: &mut TestRunner) -> Tally {
    let (specs, pods, flows) = (spec_with(engine, settings), pod(), flow());
    let installations = installations_with(engine.name, settings);
    let mut tally = Tally::default();
    let mut tried = 0;
    while tally.cases < CASES {
        tried += 1;
        assert!(tried < 10_000, "{}: too few policies are emitted to say anything: {tally:?}", engine.name);
        let spec = sample(&specs, runner);
        // Random exceptions are often outside their blocks, which the model refuses.
        let Ok(policy) = Policy::parse(&spec) else { continue };
        let compiled = (engine.compile)(&policy, settings);
        if compiled.manifests.is_empty() {
            assert!(compiled.findings.iter().any(|finding| finding.level == Level::Refused), "{spec:#?}");
            tally.refused += 1;
            continue;
        }
        let degraded = compiled.findings.iter().any(|finding| finding.level == Level::Degraded);
        tally.degraded += usize::from(degraded);
        let objects: Vec<_> = compiled.manifests.iter().map(egress_engines::Manifest::to_json).collect();
        for _ in 0..SOURCES {
            let source = sample(&pods, runner);
            for _ in 0..FLOWS {
                let flow = sample(&flows, runner);
                let meant = lets_pass(&policy, &source, &flow);
                tally.cases += 1;
                for installation in installations.iter().filter(|one| !degraded || one.as_the_model) {
                    let passes = (installation.passes)(&objects, &source, &flow);
                    if passes == meant {
                        continue;
                    }
                    assert!(degraded, "{}", difference(engine, &objects, installation, &source, &flow, passes));
                    tally.over_permitted += usize::from(passes);
                    tally.under_permitted += usize::from(meant);
                }
            }
        }
    }
    tally
}

fn difference(
    engine: Engine,
    objects: &[Value],
    installation: &Installation,
    source: &Pod,
    flow: &Flow,
    passes: bool,
) -> String {
    let yaml: Vec<_> = objects.iter().map(yaml_of).collect();
    let (does, means) = if passes { ("lets pass", "stops") } else { ("stops", "lets pass") };
    format!(
        "{} ({}) {does} what the model {means}:\n{source:#?}\n{flow:#?}\n{}",
        engine.name,
        installation.what,
        yaml.join("---\n")
    )
}

#[test]
fn emitted_objects_mean_what_the_model_means() {
    let seed = seed();
    println!("EGRESS_SEED={seed}");
    let only = std::env::var("EGRESS_ENGINE").ok();
    for engine in ENGINES.iter() {
        if only.as_ref().is_some_and(|only| only != engine.name.as_str()) {
            eprintln!("skipped: {}, because EGRESS_ENGINE names another engine", engine.name);
            continue;
        }
        for settings in &settings(engine.name) {
            let tally = judge(*engine, settings, &mut runner(seed));
            println!("{}: {tally:?}", engine.name);
        }
    }
}
