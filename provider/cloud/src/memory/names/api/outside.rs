//! What happens to the cloud outside of its calls: by hand, and for tests.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;

use super::{AddressBody, Api, Condition, GatewayBody, Group, NAT_GATEWAY, SubnetBody};
use crate::conformance::World;
use crate::marks::Tags;
use crate::memory::served::Served;

impl Api {
    /// A network with these subnets. The seed decides how long each call takes.
    pub fn new(seed: u64, subnets: &[&str]) -> Self {
        let body = |name: &str| {
            // Parts that no client of ours knows.
            let parts =
                [("addressPrefix", name), ("routeTable", "rt-1"), ("delegations", "[ \"x\" ]"), ("future", "{}")];
            parts.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
        };
        let subnets = subnets.iter().map(|name| ((*name).to_owned(), body(name))).collect();
        Self(Served::new(Group { subnets, ..Group::default() }, seed))
    }

    /// Makes an address as by hand; its name.
    pub fn put_address_outside(&self, name: &str) {
        let body = AddressBody { zone: 1, ddos: "VirtualNetworkInherited".to_owned(), tags: Tags::new() };
        self.0.outside(|group| group.put_address(name, body, Condition::Any)).expect("an address");
    }

    /// Makes a gateway as by hand, with an address, and attaches it to a subnet.
    pub fn put_gateway_outside(&self, name: &str, address: &str, subnet: &str) {
        let body = GatewayBody { addresses: BTreeSet::from([address.to_owned()]), tags: Tags::new() };
        let made = self.0.outside(|group| group.put_gateway(name, body, Condition::Any)).expect("a gateway");
        let attach = |group: &mut Group| {
            let subnet = group.subnets.get_mut(subnet).expect("a subnet");
            subnet.insert(NAT_GATEWAY.to_owned(), made.id)
        };
        self.0.outside(attach);
    }

    /// Lets the next operation that is accepted fail.
    pub fn fail_next_operation(&self) {
        self.0.outside(|group| group.fails_next_operation = true);
    }

    /// The subnets as they are.
    pub fn subnets(&self) -> BTreeMap<String, BTreeMap<String, String>> {
        self.0.outside(|group| group.subnets.clone())
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
        let there = |group: &mut Group| {
            let addresses = group.addresses.values().map(|address| format!("{address:?}"));
            let gateways = group.gateways.values().map(|gateway| format!("{gateway:?}"));
            let subnets = group.subnets.iter().map(|subnet: (&String, &SubnetBody)| format!("{subnet:?}"));
            addresses.chain(gateways).chain(subnets).collect()
        };
        self.0.outside(there)
    }
}
