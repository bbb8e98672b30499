//! What a plan wants to know of zones.

use super::*;

#[tokio::test]
async fn counts_gateways_of_all_owners_by_zone() {
    let world = World::fast();
    world.settle(&wants([world.zone(0, &[0])])).await;
    let subnet = world.vpc.public_subnet_ids[ZONES[0]].as_str();
    world.outside("CreateNatGateway", &[("SubnetId", subnet), ("AllocationId", &world.addresses[1])]);
    let counts = region(&world.server).nat_gateways_per_zone().await.unwrap();
    assert_eq!(*counts, BTreeMap::from([(ZONES[0].to_owned(), 2)]));
}

#[tokio::test]
async fn knows_the_border_group_of_zones_that_exist() {
    let world = World::fast();
    let groups = region(&world.server).border_groups(vec![ZONES[0].to_owned(), "us-east-1z".to_owned()]).await.unwrap();
    assert_eq!(groups, BTreeMap::from([(ZONES[0].to_owned(), REGION.to_owned())]));
}
