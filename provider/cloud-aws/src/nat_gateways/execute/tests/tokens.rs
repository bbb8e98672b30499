//! Tokens whose gateways came and went.

use super::*;

/// How many tokens the creates used.
fn tokens(world: &World) -> usize {
    let log = world.server.log();
    let creates = log.iter().filter(|entry| entry.action == "CreateNatGateway");
    creates.filter_map(|entry| entry.params.get("ClientToken").map(str::to_owned)).collect::<BTreeSet<_>>().len()
}

#[tokio::test]
async fn a_token_whose_gateway_is_listed_as_deleted_gives_way_to_the_next() {
    let world = World::fast();
    let desired = wants([world.zone(0, &[0])]);
    for generation in 1..=3 {
        world.settle(&desired).await;
        assert_eq!(tokens(&world), generation);
        world.settle(&wants([])).await;
    }
}

/// The gateway is not listed any more, and its token still answers with it, as it was then: pending.
#[tokio::test]
async fn a_token_whose_gateway_is_forgotten_gives_way_to_the_next() {
    let world = World::new(Timings { tombstone_ms: 20, ..Timings::fast() }, Quotas::generous());
    let desired = wants([world.zone(0, &[0])]);
    world.settle(&desired).await;
    world.settle(&wants([])).await;
    // Older than what may be a create of this run, at the pace of this test.
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(world.inventory().nat_gateways.len(), 0, "it is not listed any more");
    world.settle(&desired).await;
    assert_eq!(tokens(&world), 2);
}
