//! What happens to the cloud outside of its calls: by hand, and for tests.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use tokio::time::Instant;

use super::{Api, Create, NatGateway, Phase, Region};
use crate::conformance::World;
use crate::marks::Tags;

impl Api {
    /// Makes an address as by hand; its id.
    pub fn allocate_outside(&self) -> String {
        self.0.outside(|region| region.allocate(0, None, Tags::new())).expect("an address").id
    }

    /// Makes a gateway in a subnet, as by hand; its id.
    pub fn create_outside(&self, subnet: &str, allocation: &str) -> String {
        let create = Create { subnet: subnet.to_owned(), allocation: allocation.to_owned(), tags: Tags::new() };
        self.0.outside(|region| region.create(format!("{create:?}"), create, Instant::now())).expect("a gateway").id
    }

    /// Makes a route as by hand.
    pub fn route_outside(&self, table: &str, destination: &str, target: &str) {
        let route = (table.to_owned(), destination.to_owned());
        self.0.outside(|region| region.routes.insert(route, target.to_owned()));
    }

    /// Changes the tag of a gateway, as another resource does.
    pub fn tag_outside(&self, gateway: &str, value: &str) {
        let tag = ("changed".to_owned(), value.to_owned());
        self.0.outside(|region| region.gateway(gateway).map(|gateway| gateway.tags.extend([tag]))).expect("a gateway");
    }

    /// Lets the next gateway fail after it was accepted.
    pub fn fail_next_gateway(&self) {
        self.0.outside(|region| region.fails_next_gateway = true);
    }

    /// Where routes to these destinations go now.
    pub fn routes(&self) -> BTreeMap<(String, String), String> {
        self.0.outside(|region| region.routes.clone())
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
            // What failed or is gone is listed for an hour, and is nobody's.
            let lives = |gateway: &&NatGateway| !matches!(gateway.state, Phase::Failed(_) | Phase::Deleted);
            let gateways = region.gateways.values().filter(lives).map(|gateway| format!("{gateway:?}"));
            let routes = region.routes.iter().map(|route| format!("{route:?}"));
            addresses.chain(gateways).chain(routes).collect()
        };
        self.0.outside(there)
    }
}
