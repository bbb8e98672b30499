use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use egress_model::identity::{Identity, Key, ResourceType};
use egress_model::ip_pool::{Operation, PublicIps};
use egress_model::nat_gateway::{State, View};
use tokio_util::sync::CancellationToken;

use super::pools::normal;
use super::{Api, Gateway, Gateways, Names, Settings, Zone};
use crate::conformance::gateways::Wanted;
use crate::conformance::{World, gateways, pools};
use crate::{End, Freshness, IpPools, Limits, NatGateways as _, Reconcile, drive};

/// A network with four subnets, four addresses, and things that are not ours.
struct Network(Arc<Api>);

fn id(name: &str) -> String {
    normal(&format!("/subscriptions/s1/resourcegroups/egress/providers/Microsoft.Network/publicIPAddresses/{name}"))
}

impl Network {
    async fn new(seed: u64) -> Self {
        let api = Arc::new(Api::new(seed, &["subnet-0", "subnet-1", "subnet-2", "subnet-3"]));
        for name in ["ip-0", "ip-1", "ip-2", "ip-3", "theirs"] {
            api.put_address_outside(name);
        }
        tokio::time::sleep(Duration::from_secs(5)).await;
        api.put_gateway_outside("theirs", &id("theirs"), "subnet-3");
        tokio::time::sleep(Duration::from_secs(5)).await;
        Self(api)
    }
}

#[async_trait]
impl World for Network {
    async fn lose_next_answer(&self) {
        self.0.lose_next_answer().await;
    }

    async fn refuse_next_create(&self) {
        self.0.refuse_next_create().await;
    }

    async fn inventory(&self) -> BTreeSet<String> {
        self.0.inventory().await
    }
}

impl pools::Subject for Network {
    type Cloud = Names;

    fn cloud(&self) -> Names {
        Names::new(&self.0)
    }

    fn source(&self) -> Zone {
        Zone(1)
    }

    fn exclusive_sources(&self) -> Option<[Zone; 2]> {
        Some([Zone(2), Zone(3)])
    }

    fn other_settings(&self) -> Option<Settings> {
        Some(Settings { ddos: Some("Enabled".to_owned()) })
    }
}

impl gateways::Subject for Network {
    type Cloud = Names;

    fn cloud(&self) -> Names {
        Names::new(&self.0)
    }

    fn desired(&self, identity: &Identity, gateways: &[Wanted], recorded: &View) -> Gateways {
        let wanted = |wanted: &Wanted| {
            let key: Key = format!("k{}", wanted.place).parse().expect("a key");
            let addresses = wanted.addresses.iter().map(|index| id(&format!("ip-{index}"))).collect();
            (key, Gateway { subnet: format!("subnet-{}", wanted.place), addresses })
        };
        let recorded = recorded.gateways.values().map(|gateway| gateway.id.clone()).collect();
        Gateways { identity: identity.clone(), gateways: gateways.iter().map(wanted).collect(), recorded }
    }

    fn addresses(&self) -> Vec<String> {
        (0..4).map(|index| id(&format!("ip-{index}"))).collect()
    }
}

/// As many orders in which processes can meet.
const SEEDS: u64 = 4;

#[tokio::test(start_paused = true)]
async fn keeps_the_contract_of_pools() {
    for seed in 0..SEEDS {
        pools::suite(&Network::new(seed).await).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_gateway_survives_the_end_of_a_process_within_a_call() {
    gateways::survives_an_end_within_a_call(&Network::new(7).await, 7).await;
}

#[tokio::test(start_paused = true)]
async fn keeps_the_contract_of_gateways() {
    for seed in 0..SEEDS {
        let network = Network::new(seed).await;
        let subnets = network.0.subnets();
        gateways::suite(&network).await;
        assert_eq!(network.0.subnets(), subnets, "what no client knows is as it was");
    }
}

fn identity(resource_type: ResourceType) -> Identity {
    let (owner, name) = ("acme".parse().expect("an owner"), "one".parse().expect("a name"));
    Identity { owner, resource_type, name }
}

fn limits() -> Limits {
    Limits::within(CancellationToken::new(), Duration::from_secs(30))
}

async fn apply(process: &Names, desired: &Gateways) -> (View, End) {
    let observed = process.observe_gateways(desired).await;
    let outcome = drive(process, desired, observed, &limits()).await;
    (Names::view(&outcome.observed), outcome.end)
}

impl Names {
    async fn observe_gateways(&self, desired: &Gateways) -> <Self as Reconcile>::Observed {
        Reconcile::observe(self, desired, Freshness::Now).await.expect("an observation")
    }
}

#[tokio::test(start_paused = true)]
async fn a_gateway_whose_update_failed_is_alive_and_is_repaired() {
    let network = Network::new(1).await;
    let process = Names::new(&network.0);
    let identity = identity(ResourceType::NatGateway);
    let wants = |addresses: &'static [usize]| {
        gateways::Subject::desired(&network, &identity, &[Wanted { place: 0, addresses }], &View::default())
    };
    let (made, end) = apply(&process, &wants(&[0])).await;
    assert!(matches!(end, End::Done), "{end:?}");
    // Another process changes it, and dies before it knows what became of that.
    let more = wants(&[0, 1]);
    network.0.fail_next_operation();
    let soon = Limits::within(CancellationToken::new(), Duration::from_millis(100));
    let observed = process.observe_gateways(&more).await;
    drive(&process, &more, observed, &soon).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let view = Names::view(&process.observe_gateways(&more).await);
    let failed = view.gateways.values().next().expect("a gateway");
    assert!(matches!(failed.state, State::Degraded { .. }) && failed.state.is_live(), "{failed:?}");
    let (repaired, end) = apply(&process, &more).await;
    assert!(matches!(end, End::Done), "{end:?}");
    let ids = |view: &View| view.gateways.values().map(|gateway| gateway.id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&repaired), ids(&made), "and not made anew");
    assert!(repaired.gateways.values().all(|gateway| gateway.state == State::Available), "{repaired:?}");
}

#[tokio::test(start_paused = true)]
async fn an_address_without_ip_is_settled_and_one_that_failed_is_repaired() {
    for fails in [false, true] {
        let network = Network::new(1).await;
        let (process, identity) = (Names::new(&network.0), identity(ResourceType::IpPool));
        if fails {
            network.0.fail_next_operation();
        }
        let allocate = Operation::Allocate {
            key: "a".parse().expect("a key"),
            source: Zone(1),
            settings: Settings::default(),
            recover: None,
            tags: std::collections::BTreeMap::new(),
            holder: None,
            except: BTreeSet::new(),
        };
        let soon = Limits::within(CancellationToken::new(), Duration::from_millis(300));
        IpPools::execute(&process, &identity, &allocate, &soon).await.expect_err("no IP in this time");
        let observed = IpPools::observe(&process, &identity, &[], Freshness::Now).await.expect("an observation");
        let address = observed.iter().next().expect("an address").clone();
        assert_eq!(address.public_ips, PublicIps::Pending);
        let settle = Operation::Settle { key: "a".parse().expect("a key"), id: address.id.clone() };
        let settled = IpPools::execute(&process, &identity, &settle, &limits()).await.expect("an address").present;
        assert!(settled.len() == 1 && settled[0].id == address.id, "{settled:?}");
        assert!(settled[0].public_ips.single().is_some(), "{settled:?}");
    }
}

#[test]
fn an_id_is_what_the_cloud_takes_it_for() {
    let text = "/Subscriptions/s1/ResourceGroups/egress/providers/microsoft.network/PublicIPAddresses/IP-0";
    assert_eq!(Names::address_id(text).map(|id| id.to_string()), Ok(id("ip-0")));
    assert!(Names::address_id("203.0.113.7").is_err());
}
