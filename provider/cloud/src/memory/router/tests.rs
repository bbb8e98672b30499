mod races;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use egress_model::identity::{Identity, Key, ResourceType};
use egress_model::nat_gateway::View;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::api::{Nat, Rule};
use super::pools::id_of;
use super::{Api, Gateway, Gateways, Router, Rules, Steers, Tier};
use crate::conformance::gateways::Wanted;
use crate::conformance::{World, gateways, pools, steering};
use crate::steering::Record;
use crate::{End, Freshness, IpPools, Limits, Reconcile, drive};

/// A router with a NAT that is not ours, four free addresses, and some that are in use.
struct Network {
    api: Arc<Api>,
    has_more: AtomicBool,
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// A NAT of somebody else, with what no client of ours knows.
fn theirs() -> Nat {
    let rest = [("logConfig", "{\"enable\": true}"), ("minPortsPerVm", "64"), ("future", "[1,  2]")];
    let rule =
        Rule { matches: "inIpRange(destination.ip, '203.0.113.0/24')".to_owned(), active_ips: names(&["theirs-rule"]) };
    Nat {
        name: "theirs".to_owned(),
        ips: names(&["theirs"]),
        subnetworks: names(&["theirs"]),
        rules: BTreeMap::from([(7, rule)]),
        rest: rest.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        ..Nat::default()
    }
}

impl Network {
    fn new(seed: u64) -> Self {
        let addresses = ["ip-0", "ip-1", "ip-2", "ip-3", "more", "rules", "theirs", "theirs-rule", "shared"];
        let api = Arc::new(Api::new(seed, &addresses.map(str::to_owned)));
        api.put_nat_outside(theirs());
        // The gateway to which policies send, as the resource `shared` has it.
        let name = crate::names::part_name(&identity("shared"), &key("a"));
        let (ips, subnetworks) = (names(&["shared"]), names(&["shared"]));
        api.put_nat_outside(Nat { name, ips, subnetworks, ..Nat::default() });
        Self { api, has_more: AtomicBool::new(false) }
    }
}

fn key(text: &str) -> Key {
    text.parse().expect("a key")
}

fn identity(name: &str) -> Identity {
    let (owner, name) = ("acme".parse().expect("an owner"), name.parse().expect("a name"));
    Identity { owner, resource_type: ResourceType::NatGateway, name }
}

fn limits(seconds: u64) -> Limits {
    Limits::within(CancellationToken::new(), Duration::from_secs(seconds))
}

fn wants(identity: &Identity, gateways: &[(&str, &[&str])]) -> Gateways {
    let wanted = |(place, addresses): &(&str, &[&str])| {
        let addresses = addresses.iter().map(|name| id_of(name)).collect();
        (key(place), Gateway { subnetworks: names(&[place]), addresses })
    };
    Gateways {
        identity: identity.clone(),
        gateways: gateways.iter().map(wanted).collect(),
        drain: Duration::from_secs(1),
        draining: BTreeMap::new(),
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
    type Cloud = Router;

    fn cloud(&self) -> Router {
        Router::new(&self.api)
    }

    fn source(&self) -> Tier {
        Tier(1)
    }

    fn exclusive_sources(&self) -> Option<[Tier; 2]> {
        Some([Tier(2), Tier(3)])
    }

    fn other_settings(&self) -> Option<()> {
        None
    }
}

impl gateways::Subject for Network {
    type Cloud = Router;

    fn cloud(&self) -> Router {
        Router::new(&self.api)
    }

    fn desired(&self, identity: &Identity, gateways: &[Wanted], _: &View) -> Gateways {
        const PLACES: [&str; 2] = ["k0", "k1"];
        const ADDRESSES: [&str; 4] = ["ip-0", "ip-1", "ip-2", "ip-3"];
        let addresses: Vec<Vec<&str>> =
            gateways.iter().map(|wanted| wanted.addresses.iter().map(|index| ADDRESSES[*index]).collect()).collect();
        let wanted = gateways.iter().zip(&addresses).map(|(wanted, addresses)| (PLACES[wanted.place], &addresses[..]));
        wants(identity, &wanted.collect::<Vec<_>>())
    }

    fn addresses(&self) -> Vec<String> {
        ["ip-0", "ip-1", "ip-2", "ip-3"].map(id_of).into()
    }
}

fn destination(index: usize) -> String {
    format!("inIpRange(destination.ip, '192.0.{index}.0/24')")
}

#[async_trait]
impl steering::Subject for Network {
    type Cloud = Steers;

    fn cloud(&self) -> Steers {
        Steers(Arc::new(Router::new(&self.api)))
    }

    fn desired(&self, _: &str, destinations: &[usize], recorded: &Record) -> Rules {
        let nat = crate::names::part_name(&identity("shared"), &key("a"));
        let rules = destinations.iter().map(|index| (destination(*index), names(&["rules"])));
        Rules { nat, rules: rules.collect(), recorded: recorded.keys().cloned().collect() }
    }

    async fn steered(&self) -> BTreeSet<usize> {
        let nat = crate::names::part_name(&identity("shared"), &key("a"));
        let nats = self.api.nats();
        let rules = nats.iter().filter(|there| there.name == nat).flat_map(|nat| nat.rules.values());
        let matches: BTreeSet<&String> = rules.map(|rule| &rule.matches).collect();
        (0..4).filter(|index| matches.contains(&destination(*index))).collect()
    }

    /// The gateway's own resource gives it another address, or takes it away again, in another process.
    async fn change_gateway(&self) {
        let more = !self.has_more.fetch_xor(true, Ordering::SeqCst);
        let addresses: &[&str] = if more { &["more", "shared"] } else { &["shared"] };
        let mut desired = wants(&identity("shared"), &[("a", addresses)]);
        desired.gateways.get_mut(&key("a")).expect("a gateway").subnetworks = names(&["shared"]);
        let end = apply(&Router::new(&self.api), &desired, &limits(60)).await;
        assert!(matches!(end, End::Done), "{end:?}");
    }
}

async fn apply(process: &Router, desired: &Gateways, limits: &Limits) -> End {
    let observed = Reconcile::observe(process, desired, Freshness::Now).await.expect("an observation");
    drive(process, desired, observed, limits).await.end
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
        steering::suite(&Network::new(seed)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_drain_goes_on_after_a_crash() {
    let network = Network::new(1);
    let identity = identity("one");
    let end = apply(&Router::new(&network.api), &wants(&identity, &[("a", &["ip-0"])]), &limits(30)).await;
    assert!(matches!(end, End::Done), "{end:?}");
    let mut desired = Gateways { drain: Duration::from_mins(10), ..wants(&identity, &[("a", &["ip-1"])]) };
    // The process ends in the middle of the drain. What it reached is in the state, or is not.
    let process = Router::new(&network.api);
    let observed = Reconcile::observe(&process, &desired, Freshness::Now).await.expect("an observation");
    let outcome = drive(&process, &desired, observed, &limits(400)).await;
    assert!(!matches!(outcome.end, End::Done), "{:?}", outcome.end);
    let drains = |nat: &Nat| nat.drain_ips == names(&["ip-0"]) && nat.ips == names(&["ip-1"]);
    assert!(network.api.nats().iter().any(drains), "{:?}", network.api.nats());
    let unrecorded = Gateways { draining: BTreeMap::new(), ..desired.clone() };
    let again = Reconcile::observe(&process, &unrecorded, Freshness::Now).await.expect("an observation");
    assert_eq!(again.draining.values().collect::<Vec<_>>(), [&Instant::now()], "without a record it begins anew");
    desired.draining = outcome.observed.draining;
    let start = Instant::now();
    let end = apply(&Router::new(&network.api), &desired, &limits(3000)).await;
    assert!(matches!(end, End::Done), "{end:?}");
    assert!((190..220).contains(&start.elapsed().as_secs()), "the rest of it: {:?}", start.elapsed());
    assert!(network.api.nats().iter().all(|nat| nat.drain_ips.is_empty()));
}

#[test]
fn an_id_is_what_the_cloud_takes_it_for() {
    let link = "https://www.googleapis.com/compute/v1/projects/p1/regions/r1/addresses/ip-0";
    for text in [link, "projects/p1/regions/r1/addresses/ip-0", "ip-0"] {
        assert_eq!(Router::address_id(text).map(|id| id.to_string()), Ok(id_of("ip-0")), "{text}");
    }
    assert!(Router::address_id("projects/p1/regions/r2/addresses/ip-0").is_err());
}
