//! A regional gateway: its zones come and go with their addresses, and with the network interfaces that carry these.

use super::*;
use crate::nat_gateways::desired::REGIONAL_KEY;

impl World {
    /// One gateway for the network, with these addresses in each zone.
    fn regional(&self, zones: [&[usize]; 2]) -> Desired {
        let ids = |indexes: &[usize]| indexes.iter().map(|index| self.addresses[*index].clone()).collect();
        let zones = ZONES.iter().zip(zones).filter(|(_, indexes)| !indexes.is_empty());
        let kind = Kind::RegionalManual {
            vpc: self.vpc.vpc_id.clone(),
            zones: zones.map(|(zone, indexes)| ((*zone).to_owned(), ids(indexes))).collect(),
        };
        let route_tables = self.vpc.private_route_table_ids.values().cloned().collect();
        wants([(REGIONAL_KEY.parse().unwrap(), Gateway { kind, route_tables, tags: BTreeMap::new() })])
    }
}

/// The gateway lists neither the zone's last address nor its interface any more, and EC2 shows the address there all the same.
#[tokio::test]
async fn the_last_address_of_a_zone_is_free_before_it_is_used_again() {
    // Also where the address has left before the gateway is read for the first time.
    for nat_drain_ms in [0, 30] {
        let world = World::new(Timings { nat_drain_ms, release_lag_ms: 80, ..Timings::fast() }, Quotas::generous());
        let two = world.regional([&[0], &[1]]);
        let first = world.settle(&two).await;
        let mut one = world.regional([&[0, 1], &[]]);
        one.recorded = recorded(&first, &two);
        let second = world.settle(&one).await;
        let mut none = wants([]);
        none.recorded = recorded(&second, &one);
        world.settle(&none).await;
    }
}

/// The same where the address goes to another gateway.
#[tokio::test]
async fn an_address_that_left_at_once_is_free_before_it_is_used_again() {
    let world = World::new(Timings { nat_drain_ms: 0, release_lag_ms: 80, ..Timings::fast() }, Quotas::generous());
    let before = wants([world.zone(0, &[0, 1]), world.zone(1, &[2])]);
    let first = world.settle(&before).await;
    let primary = first.gateways.iter().find_map(|gateway| {
        gateway.allocations().any(|id| id == world.addresses[0]).then(|| gateway.primary()?.allocation.clone())?
    });
    let (stays, moves) = if primary.as_ref() == Some(&world.addresses[0]) { (0, 1) } else { (1, 0) };
    let mut after = wants([world.zone(0, &[stays]), world.zone(1, &[2, moves])]);
    after.recorded = recorded(&first, &before);
    world.settle(&after).await;
}
