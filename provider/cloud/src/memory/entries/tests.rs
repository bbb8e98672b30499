use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use egress_model::identity::{Identity, Key};
use egress_model::nat_gateway::View;

use super::{Api, Entries, Gateway, Gateways, Line, Settings};
use crate::conformance::gateways::Wanted;
use crate::conformance::{World, gateways, pools};

/// A network with two vSwitches, four addresses, and things that are not ours.
struct Network {
    api: Arc<Api>,
    addresses: Vec<String>,
}

impl Network {
    fn new(seed: u64) -> Self {
        let api = Arc::new(Api::new(seed));
        let addresses = (0..4).map(|_| api.allocate_outside()).collect();
        api.create_outside("vsw-theirs", &api.allocate_outside());
        Self { api, addresses }
    }
}

#[async_trait]
impl World for Network {
    async fn lose_next_answer(&self) {
        self.api.lose_next_answer().await;
    }

    async fn refuse_next_create(&self) {
        self.api.refuse_next_create().await;
    }

    async fn inventory(&self) -> BTreeSet<String> {
        self.api.inventory().await
    }
}

impl pools::Subject for Network {
    type Cloud = Entries;

    fn cloud(&self) -> Entries {
        Entries::new(&self.api)
    }

    fn source(&self) -> Line {
        Line(1)
    }

    fn exclusive_sources(&self) -> Option<[Line; 2]> {
        Some([Line(2), Line(3)])
    }

    fn other_settings(&self) -> Option<Settings> {
        Some(Settings { bandwidth: Some(200) })
    }
}

impl gateways::Subject for Network {
    type Cloud = Entries;

    fn cloud(&self) -> Entries {
        Entries::new(&self.api)
    }

    fn desired(&self, identity: &Identity, gateways: &[Wanted], recorded: &View) -> Gateways {
        let wanted = |wanted: &Wanted| {
            let key: Key = format!("k{}", wanted.place).parse().expect("a key");
            let addresses = wanted.addresses.iter().map(|index| self.addresses[*index].clone()).collect();
            (key, Gateway { vswitch: format!("vsw-{}", wanted.place), addresses })
        };
        let recorded = recorded.gateways.values().map(|gateway| gateway.id.clone()).collect();
        Gateways { identity: identity.clone(), gateways: gateways.iter().map(wanted).collect(), recorded }
    }

    fn addresses(&self) -> Vec<String> {
        self.addresses.clone()
    }
}

/// As many orders in which processes can meet.
const SEEDS: u64 = 4;

#[tokio::test(start_paused = true)]
async fn keeps_the_contract_of_pools() {
    for seed in 0..SEEDS {
        pools::suite(&Network::new(seed)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_gateway_survives_the_end_of_a_process_within_a_call() {
    gateways::survives_an_end_within_a_call(&Network::new(7), 7).await;
}

#[tokio::test(start_paused = true)]
async fn keeps_the_contract_of_gateways() {
    for seed in 0..SEEDS {
        gateways::suite(&Network::new(seed)).await;
    }
}
