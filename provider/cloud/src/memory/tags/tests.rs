use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use egress_model::identity::{Identity, Key, ResourceType};
use egress_model::nat_gateway::{State, View};
use tokio_util::sync::CancellationToken;

use super::routes::Steers;
use super::{Api, Gateway, Gateways, Pool, Routes, Tags};
use crate::conformance::gateways::Wanted;
use crate::conformance::{World, gateways, pools, steering};
use crate::steering::Record;
use crate::{End, Freshness, Limits, NatGateways as _, Reconcile, drive};

/// A network with two subnets, four addresses, and things that are not ours.
struct Network {
    api: Arc<Api>,
    addresses: Vec<String>,
    gateway: String,
}

impl Network {
    fn new(seed: u64) -> Self {
        let api = Arc::new(Api::new(seed));
        let addresses = (0..4).map(|_| api.allocate_outside()).collect();
        let gateway = api.create_outside("subnet-0", &api.allocate_outside());
        api.route_outside("table-0", "10.0.0.0/8", &gateway);
        api.route_outside("table-9", "0.0.0.0/0", &gateway);
        Self { api, addresses, gateway }
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
        // The other gateway becomes ready by itself.
        tokio::time::sleep(Duration::from_secs(5)).await;
        self.api.inventory().await
    }
}

impl pools::Subject for Network {
    type Cloud = Tags;

    fn cloud(&self) -> Tags {
        Tags::new(&self.api)
    }

    fn source(&self) -> Pool {
        Pool(Some(0))
    }

    fn exclusive_sources(&self) -> Option<[Pool; 2]> {
        Some([Pool(Some(1)), Pool(Some(2))])
    }

    fn other_settings(&self) -> Option<()> {
        None
    }
}

impl gateways::Subject for Network {
    type Cloud = Tags;

    fn cloud(&self) -> Tags {
        Tags::new(&self.api)
    }

    fn desired(&self, identity: &Identity, gateways: &[Wanted], recorded: &View) -> Gateways {
        let wanted = |wanted: &Wanted| {
            let key: Key = format!("zone-{}", wanted.place).parse().expect("a key");
            let addresses = wanted.addresses.iter().map(|index| self.addresses[*index].clone()).collect();
            let (subnet, table) = (format!("subnet-{}", wanted.place), format!("table-{}", wanted.place));
            (key, Gateway { subnet, addresses, table })
        };
        let recorded = recorded.gateways.values().map(|gateway| gateway.id.clone()).collect();
        Gateways { identity: identity.clone(), gateways: gateways.iter().map(wanted).collect(), recorded }
    }

    fn addresses(&self) -> Vec<String> {
        self.addresses.clone()
    }
}

const DESTINATIONS: [&str; 4] = ["192.0.2.0/26", "192.0.2.64/26", "192.0.2.128/26", "192.0.2.192/26"];

#[async_trait]
impl steering::Subject for Network {
    type Cloud = Steers;

    fn cloud(&self) -> Steers {
        Steers(Tags::new(&self.api))
    }

    fn desired(&self, _: &str, destinations: &[usize], recorded: &Record) -> Routes {
        let destinations = destinations.iter().map(|index| DESTINATIONS[*index].to_owned()).collect();
        let recorded = recorded.keys().cloned().collect();
        Routes { table: "table-0".to_owned(), target: self.gateway.clone(), destinations, recorded }
    }

    async fn steered(&self) -> BTreeSet<usize> {
        let routes = self.api.routes();
        let at = |index: &usize| routes.get(&("table-0".to_owned(), DESTINATIONS[*index].to_owned()));
        (0..DESTINATIONS.len()).filter(|index| at(index) == Some(&self.gateway)).collect()
    }

    async fn change_gateway(&self) {
        self.api.tag_outside(&self.gateway, "for a while");
        self.api.tag_outside(&self.gateway, "");
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

#[tokio::test(start_paused = true)]
async fn keeps_the_contract_of_steering() {
    for seed in 0..SEEDS {
        let network = Network::new(seed);
        // What the suite changes has been changed before.
        steering::Subject::change_gateway(&network).await;
        steering::suite(&network).await;
    }
}

fn identity() -> Identity {
    let (owner, name) = ("acme".parse().expect("an owner"), "one".parse().expect("a name"));
    Identity { owner, resource_type: ResourceType::NatGateway, name }
}

fn limits() -> Limits {
    Limits::within(CancellationToken::new(), Duration::from_secs(30))
}

async fn plan(process: &Tags, desired: &Gateways) -> Vec<String> {
    let observed = process.observe(desired, Freshness::Now).await.expect("an observation");
    Tags::plan(desired, &observed).iter().flatten().map(ToString::to_string).collect()
}

async fn apply(process: &Tags, desired: &Gateways) -> End {
    let observed = process.observe(desired, Freshness::Now).await.expect("an observation");
    drive(process, desired, observed, &limits()).await.end
}

/// A gateway in the place 0 with these addresses.
fn wants(network: &Network, addresses: &'static [usize]) -> Gateways {
    gateways::Subject::desired(network, &identity(), &[Wanted { place: 0, addresses }], &View::default())
}

#[tokio::test(start_paused = true)]
async fn what_cannot_change_is_replaced_and_the_route_is_swapped_between() {
    let network = Network::new(1);
    let process = Tags::new(&network.api);
    let end = apply(&process, &wants(&network, &[0, 1])).await;
    assert!(matches!(end, End::Done), "{end:?}");
    let [a, b, c, _] = &network.addresses[..] else { panic!("four addresses") };
    let create = |address: &str| format!("create the gateway of key \"zone-0\" in subnet-0 with {address}");
    let route = "route 0.0.0.0/0 of table-0 to the gateway of key \"zone-0\"".to_owned();
    let old = network.api.routes()[&("table-0".to_owned(), "0.0.0.0/0".to_owned())].clone();
    let delete = format!("delete {old}");
    assert_eq!(plan(&process, &wants(&network, &[2])).await, [create(c), route.clone(), delete.clone()]);
    // The address that stays has to leave the old gateway before the new one can begin with it.
    let frees = format!("disassociate {b} from {old}");
    assert_eq!(plan(&process, &wants(&network, &[1])).await, [frees, create(b), route, delete]);
    assert_eq!(plan(&process, &wants(&network, &[0])).await, [format!("disassociate {b} from {old}")], "{a} stays");
}

#[tokio::test(start_paused = true)]
async fn a_gateway_that_could_not_be_made_is_cleaned_up_and_made_anew() {
    let network = Network::new(2);
    let (process, desired) = (Tags::new(&network.api), wants(&network, &[0]));
    network.api.fail_next_gateway();
    let end = apply(&process, &desired).await;
    let End::Failed { error, .. } = end else { panic!("{end:?}") };
    assert_eq!(error.code, "InternalError", "{error}");
    let observed = process.observe(&desired, Freshness::Now).await.expect("an observation");
    let view = Tags::view(&observed);
    assert!(view.gateways.values().all(|gateway| matches!(gateway.state, State::Dead { .. })), "{view:?}");
    // The token that made it would answer with it again.
    let end = apply(&process, &desired).await;
    assert!(matches!(end, End::Done), "{end:?}");
    let view = Tags::view(&process.observe(&desired, Freshness::Now).await.expect("an observation"));
    assert!(view.gateways.values().all(|gateway| gateway.state == State::Available), "{view:?}");
}
