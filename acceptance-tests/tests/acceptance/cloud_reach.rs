//! A cloud that takes connections and calls and never answers, on a real host: one error for a run, however many resources it has, no long
//! wait, and a state that has what there is.

use std::time::{Duration, Instant};

use acceptance_tests::host::unwrapped;
use acceptance_tests::silent_server::SilentServer;
use anyhow::{Result, anyhow, ensure};
use stand_in_cloud::faults::{Effect, Fault, FaultPhase, Matcher};

use crate::cluster_reach::{errors, fails_once};
use crate::suite::{Run, Suite};
use crate::world::{OWNER, World, address_lines, pool, says};

/// As many resources as would show that each waits or reports on its own.
const COUNT: usize = 30;

pub(crate) fn add_to(suite: &mut Suite) {
    let needs = crate::suite::Needs::Host;
    suite.on_one_host("cloud_reach::silence_ends_a_plan_and_an_apply_with_one_error", needs, silence);
}

/// Both wait, and so at the same time.
fn silence(run: &Run<'_>) -> Result<()> {
    std::thread::scope(|scope| {
        let planned = scope.spawn(|| a_plan(run));
        let applied = an_apply(run);
        planned.join().map_err(|_| anyhow!("the plan could not be tried"))?.and(applied)
    })
}

fn a_plan(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    let many = format!("  count = {COUNT}\n");
    let body = pool(&["a"], &many).replace("\"partners\"\n", "\"p${count.index}\"\n");
    world.settle(&body)?;
    let silent = SilentServer::start()?;
    // One attempt of thirty seconds; with two it is a minute.
    let aws = format!("    endpoint_url = \"http://{}\"\n    max_attempts = 1\n", silent.address());
    world.configure_as(OWNER, &aws, "", &body)?;
    let said = [
        "Could not read the pool's addresses",
        "DescribeAddresses failed: no answer",
        "Check the network, a proxy or firewall on the way, and the region and endpoint_url of the provider",
    ];
    fails_once(&world, &said)?;
    ensure!(silent.connections() < 5, "it was asked {} times", silent.connections());
    world.configure(&body)?;
    world.expect_empty_plan()
}

/// The address is allocated, and the answer never comes.
fn an_apply(run: &Run<'_>) -> Result<()> {
    let world = World::new(run)?;
    world.settle(&pool(&["a"], ""))?;
    let ip = world.public_ip("a")?;
    let body = pool(&["a", "b"], "  timeouts { update = \"2s\" }\n");
    world.configure(&body)?;
    world.plan()?;
    let never = Effect::Delay { ms: 3_600_000 };
    let hung = Fault::once(Matcher::action("AllocateAddress"), FaultPhase::AfterCommit, never);
    world.cloud.server.set_faults(vec![Fault { times: None, ..hung }]);
    let begin = Instant::now();
    let said = unwrapped(&world.fail(&["apply", "-no-color", "plan.bin"])?.output);
    ensure!(begin.elapsed() < Duration::from_mins(1), "the apply took {:?}", begin.elapsed());
    ensure!(errors(&said) == 1, "{said}");
    says(&said, &["AllocateAddress failed", &format!("The pool has now: \"a\" = {ip}")])?;
    let state = world.state()?;
    let ids = &acceptance_tests::host::attributes(&state, "egress_ip_pool.partners")["ids"];
    ensure!(ids.as_object().is_some_and(|ids| ids.keys().eq(["a"])), "{ids:#}");
    // What was made is found: there is no second address.
    world.cloud.server.set_faults(Vec::new());
    world.settle(&body)?;
    world.expect_footprint(address_lines(&["a", "b"]))
}
