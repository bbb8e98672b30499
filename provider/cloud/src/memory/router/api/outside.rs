//! What happens to the cloud outside of its calls: by hand, and for tests.

use std::collections::BTreeSet;

use async_trait::async_trait;
use tokio::time::Instant;

use super::{Api, Nat, Region};
use crate::conformance::World;
use crate::marks::Tags;
use crate::memory::served::Served;

impl Api {
    /// A router without NATs, and these addresses. The seed decides how long each call takes.
    pub fn new(seed: u64, addresses: &[String]) -> Self {
        let mut region = Region::default();
        for name in addresses {
            region.insert(name, 1, Tags::new()).expect("an address");
        }
        for address in region.addresses.values_mut() {
            address.due = Instant::now();
        }
        Self(Served::new(region, seed))
    }

    /// Makes a NAT as by hand.
    pub(in super::super) fn put_nat_outside(&self, nat: Nat) {
        self.0.outside(|region| region.nats.push(nat));
    }

    /// The NATs as they are when nothing is under way.
    pub(in super::super) fn nats(&self) -> Vec<Nat> {
        self.0.outside(|region| region.nats.clone())
    }
}

#[async_trait]
impl World for Api {
    async fn lose_next_answer(&self) {
        self.0.lose_next_answer();
    }

    async fn refuse_next_create(&self) {
        self.0.refuse_next_create();
    }

    async fn inventory(&self) -> BTreeSet<String> {
        let there = |region: &mut Region| {
            let addresses = region.addresses.values().map(|address| format!("{address:?}"));
            addresses.chain(region.nats.iter().map(|nat| format!("{nat:?}"))).collect()
        };
        self.0.outside(there)
    }
}
