//! Processes that die, answers that get lost, users who interrupt: the next run ends where it should.

use super::*;

/// What the story of a resource is made of.
fn story(world: &World) -> Vec<Desired> {
    vec![
        wants([world.zone(0, &[0]), world.zone(1, &[1])]),
        wants([world.zone(0, &[0, 2]), world.zone(1, &[3])]),
        wants([]),
    ]
}

/// Applies the story step by step. At the call with this number the process ends in this way; then another applies the same
/// step again with the state from before. Returns the number of calls.
async fn live_through(phase: Option<(HoldPhase, u64)>) -> u64 {
    let timings = Timings { nat_create_ms: 0, nat_delete_ms: 0, nat_address_ms: 0, nat_drain_ms: 0, ..Timings::fast() };
    let world = World::new(Timings { association_lag_ms: 0, release_lag_ms: 0, ..timings }, Quotas::generous());
    if let Some((phase, number)) = phase {
        world.server.hold(Hold { at: Matcher::call(number), phase });
    }
    let mut known = Recorded::default();
    for desired in story(&world) {
        let desired = Desired { recorded: known.clone(), ..desired };
        let outcome = loop {
            let held = async {
                while world.server.held().is_none() {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            };
            // The process dies with the call: its run is dropped where it stands.
            tokio::select! {
                biased;
                () = held => {
                    world.server.resume(Resume::Cut);
                    world.server.disarm();
                }
                outcome = world.apply(&desired) => break outcome,
            }
        };
        assert!(matches!(outcome.end, End::Done), "{phase:?}: {:?}", outcome.end);
        world.check(&desired);
        known = recorded(&outcome.observed, &desired);
    }
    world.server.log().len() as u64
}

#[tokio::test]
async fn survives_a_kill_at_every_call() {
    let calls = live_through(None).await;
    assert!(calls > 20, "{calls}");
    for phase in [HoldPhase::BeforeCommit, HoldPhase::AfterCommit] {
        for number in 1..=calls {
            live_through(Some((phase, number))).await;
        }
    }
}

#[tokio::test]
async fn survives_lost_answers_of_every_write() {
    let writes = [
        "CreateNatGateway",
        "AssociateNatGatewayAddress",
        "DisassociateNatGatewayAddress",
        "CreateRoute",
        "ReplaceRoute",
        "DeleteRoute",
        "DeleteNatGateway",
    ];
    for action in writes {
        for phase in [FaultPhase::BeforeCommit, FaultPhase::AfterCommit] {
            let world = World::fast();
            world.server.set_faults(vec![Fault::once(Matcher::action(action), phase, Effect::Cut)]);
            let mut known = Recorded::default();
            for desired in story(&world) {
                let desired = Desired { recorded: known, ..desired };
                let mut outcome = world.apply(&desired).await;
                if !matches!(outcome.end, End::Done) {
                    outcome = world.apply(&desired).await;
                }
                assert!(matches!(outcome.end, End::Done), "{action} {phase:?}: {:?}", outcome.end);
                world.check(&desired);
                known = recorded(&outcome.observed, &desired);
            }
        }
    }
}

#[tokio::test]
async fn starts_nothing_after_an_interruption_and_knows_what_was_made() {
    let world = World::new(Timings { nat_create_ms: 2_000, ..Timings::fast() }, Quotas::generous());
    let desired = wants([world.zone(0, &[0]), world.zone(1, &[1])]);
    let ec2 = ec2(&world.server);
    let observed = ec2.observe(&desired, Freshness::Now).await.unwrap();
    let limits = limits();
    let interrupt = async {
        while world.inventory().live_nat_gateways().count() < 2 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        limits.stop.cancel();
    };
    let (outcome, ()) = tokio::join!(drive(&ec2, &desired, observed, &limits), interrupt);
    assert!(matches!(outcome.end, End::Stopped(_)), "{:?}", outcome.end);
    assert_eq!(outcome.observed.view().gateways.len(), 2);
    world.settle(&desired).await;
}
