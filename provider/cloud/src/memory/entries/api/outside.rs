//! What happens to the cloud outside of its calls: by hand, and for tests.

use std::collections::BTreeSet;

use async_trait::async_trait;

use super::{Api, Entry, NatGateway, Network, Status};
use crate::conformance::World;
use crate::marks::Tags;
use crate::memory::served::Served;

impl Api {
    /// A network without anything. The seed decides how long each call takes.
    pub fn new(seed: u64) -> Self {
        Self(Served::new(Network::default(), seed))
    }

    /// Makes an address as by hand; its id.
    pub fn allocate_outside(&self) -> String {
        let allocate = |network: &mut Network| {
            let token = format!("by hand {}", network.made);
            network.allocate(token, 1, 5, Tags::new())
        };
        self.0.outside(allocate).expect("an address")
    }

    /// Makes a gateway as by hand, which serves a vSwitch with an address.
    pub fn create_outside(&self, vswitch: &str, address: &str) {
        let create = |network: &mut Network| {
            let gateway = network.id("ngw");
            let (status, due) = (Status::There, None);
            let made = NatGateway { id: gateway.clone(), tags: Tags::new(), status, due };
            network.gateways.insert(gateway.clone(), made);
            let eip = network.addresses.get_mut(address).expect("an address");
            (eip.status, eip.gateway) = (status, Some(gateway.clone()));
            let (ips, vswitch, id) = (BTreeSet::from([eip.ip]), vswitch.to_owned(), network.id("snat"));
            network.entries.insert(id.clone(), Entry { id, gateway, vswitch, ips, status, due });
        };
        self.0.outside(create);
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
        let there = |network: &mut Network| {
            let addresses = network.addresses.values().map(|address| format!("{address:?}"));
            let gateways = network.gateways.values().map(|gateway| format!("{gateway:?}"));
            addresses.chain(gateways).chain(network.entries.values().map(|entry| format!("{entry:?}"))).collect()
        };
        self.0.outside(there)
    }
}
