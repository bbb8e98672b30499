//! Scenarios on every host that this machine has, each a test named after its host, and the crash matrices.
//!
//! A scenario that cannot run here is listed as `[skipped: <reason>]`, never as passed.

#![allow(clippy::print_stdout, reason = "the matrices print their size, and the harness captures nothing")]

mod cloud_reach;
mod cluster;
mod cluster_reach;
mod computed;
mod core_driver;
mod crash_safety;
mod data_sources;
mod egress_ip_pool;
mod egress_log_collection;
mod egress_monitoring;
mod egress_nat_gateway;
mod egress_pod_network;
mod egress_policy;
mod engine_lifecycle;
mod engine_verdicts;
mod engines;
mod exact_plans;
mod examples;
mod functions;
mod gateway_lifecycle;
mod guides;
mod import;
mod localstack;
mod long_inputs;
mod misspelt;
mod ownership;
mod permissions;
mod plan_text;
mod provider_block;
mod random_changes;
mod readme;
mod refactoring;
mod requirements;
mod secrets;
mod side_by_side;
mod suite;
mod via;
mod world;

use std::thread::available_parallelism;

use libtest_mimic::Arguments;

/// How many scenarios run on a processor at once: for most of its time one waits, for states of the cloud and for processes to start.
const SCENARIOS_PER_PROCESSOR: usize = 2;

fn main() {
    let mut arguments = Arguments::from_args();
    let processors = available_parallelism().map_or(1, usize::from);
    arguments.test_threads.get_or_insert(SCENARIOS_PER_PROCESSOR * processors);
    let mut suite = suite::Suite::new();
    cloud_reach::add_to(&mut suite);
    cluster_reach::add_to(&mut suite);
    computed::add_to(&mut suite);
    core_driver::add_to(&mut suite);
    crash_safety::add_to(&mut suite);
    crash_safety::add_routes_to(&mut suite);
    data_sources::add_to(&mut suite);
    egress_ip_pool::add_to(&mut suite);
    egress_log_collection::add_to(&mut suite);
    egress_monitoring::add_to(&mut suite);
    egress_nat_gateway::add_to(&mut suite);
    egress_pod_network::add_to(&mut suite);
    egress_policy::add_to(&mut suite);
    engine_lifecycle::add_to(&mut suite);
    engine_verdicts::add_to(&mut suite);
    engines::add_to(&mut suite);
    exact_plans::add_to(&mut suite);
    examples::add_to(&mut suite);
    functions::add_to(&mut suite);
    gateway_lifecycle::add_to(&mut suite);
    guides::add_to(&mut suite);
    import::add_to(&mut suite);
    localstack::add_to(&mut suite);
    long_inputs::add_to(&mut suite);
    misspelt::add_to(&mut suite);
    ownership::add_to(&mut suite);
    permissions::add_to(&mut suite);
    plan_text::add_to(&mut suite);
    provider_block::add_to(&mut suite);
    random_changes::add_to(&mut suite);
    readme::add_to(&mut suite);
    refactoring::add_to(&mut suite);
    requirements::add_to(&mut suite);
    secrets::add_to(&mut suite);
    side_by_side::add_to(&mut suite);
    via::add_to(&mut suite);
    let left_out = suite.left_out();
    let conclusion = libtest_mimic::run(&arguments, suite.into_trials());
    suite::stop_shared();
    println!("extent: {}, {left_out} scenarios not on a further host", crash_safety::extent());
    conclusion.exit();
}
