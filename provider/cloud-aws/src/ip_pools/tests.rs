//! Pools on the stand-in EC2, with read lag, quotas, faults and interruptions.

mod releases;
mod silence;
mod sources;
mod tags;
mod throttling;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use cloud::conformance::World;
use cloud::conformance::pools::{self, Subject};
use cloud::ip_pools::{Pools, Request};
use cloud::{Class, End, Freshness, IpPools, Limits, Outcome, Poll, Reconcile as _, drive};
use egress_model::identity::{Identity, Key, ResourceType};
use egress_model::ip_pool::{
    AddressId, Desired, Held, InUse, Observed, Origin, ReleasePolicy, State, Wanted, assign,
};
use stand_in_cloud::ec2::{Config as ServerConfig, Quotas, Server, Settings, Timings};
use stand_in_cloud::faults::{Effect, Fault, FaultPhase, Hold, HoldPhase, Matcher, Resume};
use tokio_util::sync::CancellationToken;

use super::{NAMED_READS, Source};
use crate::client::Client;
use crate::stand_in::{ACCOUNT, REGION, caller, client, limits, region};
use crate::{Config, Region};

fn server(timings: Timings, quotas: Quotas) -> Server {
    let settings = Settings { timings, quotas, ..Settings::default() };
    Server::start(ServerConfig { settings, ..ServerConfig::default() }).expect("a server")
}

fn fast() -> Server {
    server(Timings::fast(), Quotas::generous())
}

fn key(text: &str) -> Key {
    text.parse().expect("a key")
}

fn desired(keys: &[&str], team: &str) -> Desired<Source> {
    let wanted = Wanted {
        origin: Origin::Allocated { source: Source::default(), recover: None },
        settings: (),
        tags: BTreeMap::from([("team".to_owned(), team.to_owned())]),
        stale_tags: BTreeSet::new(),
        release_policy: ReleasePolicy::Release,
    };
    let identity = Identity {
        owner: "acme".parse().expect("an owner"),
        resource_type: ResourceType::IpPool,
        name: "partners".parse().expect("a name"),
    };
    let addresses = keys.iter().map(|text| (key(text), wanted.clone())).collect();
    Desired { identity, former: None, holder: None, takes_over: false, addresses, in_use: InUse::Wait }
}

fn request(desired: &Desired<Source>, state: &State) -> Request<Source> {
    Request { desired: desired.clone(), state: state.clone() }
}

async fn run(client: &Client, desired: &Desired<Source>, state: &State) -> Outcome<Observed<Source>> {
    let (region, request) = (region(client), request(desired, state));
    match Pools(&region).observe(&request, Freshness::Now).await {
        Ok(observed) => drive(&Pools(&region), &request, observed, &limits()).await,
        Err(error) => panic!("could not observe: {error}"),
    }
}

/// What the state says after an apply.
fn recorded(desired: &Desired<Source>, state: &State, observed: &Observed<Source>) -> State {
    let assignment = assign(desired, state, observed);
    let held = |key: &Key| Held { key: key.clone(), current: true, on_leave: ReleasePolicy::Release };
    assignment.kept.iter().map(|(key, address)| (address.id.clone(), held(key))).collect()
}

/// The account holds one address for each wanted key, tagged so, and nothing else.
fn check(server: &Server, desired: &Desired<Source>) {
    let inventory = server.inventory();
    let mut keys: Vec<_> = inventory.addresses.values().map(|address| address.tags["egress-key"].clone()).collect();
    keys.sort_unstable();
    let wanted: Vec<_> = desired.addresses.keys().map(ToString::to_string).collect();
    assert_eq!(keys, wanted, "no orphan, no duplicate");
    for address in inventory.addresses.values() {
        let wanted = &desired.addresses[&key(&address.tags["egress-key"])];
        assert!(wanted.tags.iter().all(|(name, value)| address.tags.get(name) == Some(value)));
    }
}

/// A process that starts now has nothing to do.
async fn check_settled(client: &Client, desired: &Desired<Source>, state: &State) {
    let (region, request) = (region(client), request(desired, state));
    let observed = Pools(&region).observe(&request, Freshness::Now).await.expect("an observation");
    let left: Vec<_> = Pools::<Region>::plan(&request, &observed).into_operations().collect();
    assert_eq!(left, vec![], "the second plan is empty");
}

#[tokio::test]
async fn keeps_the_contract_of_pools() {
    keeps_the_contract(fast()).await;
}

#[tokio::test]
async fn keeps_the_contract_of_pools_though_reads_lag() {
    keeps_the_contract(server(Timings { read_lag_ms: 40, ..Timings::fast() }, Quotas::generous())).await;
}

async fn keeps_the_contract(server: Server) {
    let foreign = server.call_outside(&caller(), "AllocateAddress", [("Domain".to_owned(), "vpc".to_owned())].into_iter().collect());
    assert_eq!(foreign.status, 200, "{}", foreign.body);
    let client = client(&server);
    pools::suite(&Account { server, client }).await;
}

/// An account of the stand-in, as the suite has it.
struct Account {
    server: Server,
    client: Client,
}

/// What changes addresses.
const WRITES: [&str; 4] = ["AllocateAddress", "CreateTags", "DeleteTags", "ReleaseAddress"];

#[async_trait]
impl World for Account {
    async fn lose_next_answer(&self) {
        let lost = |action| Fault::once(Matcher::action(action), FaultPhase::AfterCommit, Effect::Cut);
        self.server.set_faults(WRITES.map(lost).into());
    }

    async fn refuse_next_create(&self) {
        let (code, message) = ("AddressLimitExceeded".to_owned(), "No more.".to_owned());
        let refusal = Effect::Error { status: 400, code, message };
        let at = Matcher::action("AllocateAddress");
        self.server.set_faults(vec![Fault::once(at, FaultPhase::BeforeCommit, refusal)]);
    }

    async fn inventory(&self) -> BTreeSet<String> {
        self.server.inventory().addresses.iter().map(|address| format!("{address:?}")).collect()
    }
}

impl Subject for Account {
    type Cloud = Region;

    fn cloud(&self) -> Region {
        region(&self.client)
    }

    fn source(&self) -> Source {
        Source::default()
    }

    fn exclusive_sources(&self) -> Option<[Source; 2]> {
        Some([sources::byoip(), sources::ipam()])
    }

    fn other_settings(&self) -> Option<()> {
        None
    }
}

/// Create, grow, retag, shrink, destroy.
fn story() -> Vec<Desired<Source>> {
    vec![
        desired(&["a", "b"], "x"),
        desired(&["a", "b", "c"], "x"),
        desired(&["a", "b", "c"], "y"),
        desired(&["a"], "y"),
        desired(&[], "y"),
    ]
}

/// Applies the story step by step. At the call with this number the process ends in this way; then another applies the same
/// step again with the state from before. Returns the number of calls.
async fn live_through(kill: Option<(HoldPhase, u64)>) -> u64 {
    let server = fast();
    let client = client(&server);
    if let Some((phase, number)) = kill {
        server.hold(Hold { at: Matcher::call(number), phase });
    }
    let mut state = State::new();
    for desired in story() {
        let outcome = loop {
            let run = run(&client, &desired, &state);
            let held = async {
                while server.held().is_none() {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            };
            // The process dies with the call: its run is dropped where it stands.
            tokio::select! {
                biased;
                () = held => {
                    server.resume(Resume::Cut);
                    server.disarm();
                }
                outcome = run => break outcome,
            }
        };
        assert!(matches!(outcome.end, End::Done), "{kill:?}: {:?}", outcome.end);
        state = recorded(&desired, &state, &outcome.observed);
        check(&server, &desired);
    }
    server.log().len() as u64
}

#[tokio::test]
async fn survives_a_kill_at_every_call() {
    let calls = live_through(None).await;
    assert!(calls > 20, "{calls}");
    // After the reply is before the next call.
    for phase in [HoldPhase::BeforeCommit, HoldPhase::AfterCommit] {
        for number in 1..=calls {
            live_through(Some((phase, number))).await;
        }
    }
}

#[tokio::test]
async fn survives_lost_answers_of_every_write() {
    let error =
        |status, code: &str| Effect::Error { status, code: code.to_owned(), message: "for the test".to_owned() };
    let effects = || {
        vec![
            Effect::Cut,
            Effect::Truncate,
            Effect::Garbage,
            error(500, "InternalError"),
            error(503, "RequestLimitExceeded"),
        ]
    };
    for action in ["AllocateAddress", "CreateTags", "ReleaseAddress", "DescribeAddresses"] {
        for phase in [FaultPhase::BeforeCommit, FaultPhase::AfterCommit] {
            for effect in effects() {
                // A throttled call has had no effect.
                if phase == FaultPhase::AfterCommit && matches!(&effect, Effect::Error { status: 503, .. }) {
                    continue;
                }
                let server = fast();
                let client = client(&server);
                let mut state = State::new();
                for desired in story() {
                    let at = Matcher { nth: None, ..Matcher::action(action) };
                    server.set_faults(vec![Fault::once(at, phase, effect.clone())]);
                    let outcome = run(&client, &desired, &state).await;
                    assert!(matches!(outcome.end, End::Done), "{action} {phase:?} {effect:?}: {:?}", outcome.end);
                    state = recorded(&desired, &state, &outcome.observed);
                    server.set_faults(vec![]);
                    check(&server, &desired);
                    check_settled(&client, &desired, &state).await;
                }
            }
        }
    }
}

#[tokio::test]
async fn gives_back_the_second_of_two_that_read_lag_let_it_take() {
    // Longer than a busy machine takes to look.
    let server = server(Timings { read_lag_ms: 1_000, ..Timings::fast() }, Quotas::generous());
    let client = client(&server);
    let at = Matcher::action("AllocateAddress");
    server.set_faults(vec![Fault::once(at, FaultPhase::AfterCommit, Effect::Cut)]);
    let desired = desired(&["a"], "x");
    let outcome = run(&client, &desired, &State::new()).await;
    assert!(matches!(outcome.end, End::Done), "{:?}", outcome.end);
    let allocations = server.log().iter().filter(|entry| entry.action == "AllocateAddress").count();
    assert_eq!(allocations, 2, "the lag hid the first");
    let state = recorded(&desired, &State::new(), &outcome.observed);
    check(&server, &desired);
    check_settled(&client, &desired, &state).await;
}

#[tokio::test]
async fn a_full_account_is_said_and_what_fits_is_kept() {
    let server = server(Timings::fast(), Quotas { addresses: 1, ..Quotas::generous() });
    let client = client(&server);
    let desired = desired(&["a", "b"], "x");
    let outcome = run(&client, &desired, &State::new()).await;
    let End::Failed { error, operation, .. } = &outcome.end else { panic!("{:?}", outcome.end) };
    assert_eq!((error.class, error.code.as_str()), (Class::QuotaExceeded, "AddressLimitExceeded"));
    // The two are asked for side by side.
    assert!(operation.starts_with("allocate the address of key "), "{operation}");
    assert_eq!(recorded(&desired, &State::new(), &outcome.observed).len(), 1);
    let quotas = region(&client).quotas().await.expect("an answer");
    assert_eq!(quotas.iter().map(|quota| (quota.limit, quota.used)).collect::<Vec<_>>(), [(1, 1)]);
}

#[tokio::test]
async fn recovers_an_ip_that_was_released() {
    let server = fast();
    let client = client(&server);
    let mut wanted = desired(&["a"], "x");
    let outcome = run(&client, &wanted, &State::new()).await;
    let state = recorded(&wanted, &State::new(), &outcome.observed);
    let ip = outcome.observed.iter().next().expect("an address").public_ips;
    run(&client, &desired(&[], "x"), &state).await;
    assert_eq!(server.inventory().addresses.len(), 0);
    wanted.addresses.get_mut(&key("a")).expect("an address").origin =
        Origin::Allocated { source: Source::default(), recover: ip.single() };
    let outcome = run(&client, &wanted, &State::new()).await;
    assert!(matches!(outcome.end, End::Done), "{:?}", outcome.end);
    assert_eq!(outcome.observed.iter().next().map(|address| address.public_ips), Some(ip));
}

#[tokio::test]
async fn many_reads_at_once_are_one_call_until_something_is_written() {
    // Slow enough that all reads have begun before the first answer comes.
    let server = server(Timings { latency_ms: 100, ..Timings::fast() }, Quotas::generous());
    let client = client(&server);
    run(&client, &desired(&["a", "b"], "x"), &State::new()).await;
    let region = Arc::new(region(&client));
    server.clear_log();
    let read = || {
        let region = Arc::clone(&region);
        let identity = desired(&[], "x").identity;
        tokio::spawn(async move { region.observe(&identity, &[], Freshness::Snapshot).await })
    };
    for reader in (0..10).map(|_| read()).collect::<Vec<_>>() {
        assert_eq!(reader.await.expect("a reader").expect("an observation").iter().count(), 2);
    }
    assert_eq!(server.log().len(), 1, "ten reads at once");
    let identity = desired(&[], "x").identity;
    let missing = [AddressId::new("eipalloc-0")];
    let gone = region.observe(&identity, &missing, Freshness::Snapshot).await.expect("an observation");
    assert_eq!((gone.iter().count(), server.log().len()), (2, 2), "one call more for what is not there");
    region.addresses.clear();
    region.observe(&identity, &[], Freshness::Snapshot).await.expect("an observation");
    assert_eq!(server.log().len(), 3);
}

#[tokio::test]
async fn addresses_of_others_are_read_together_and_all_of_them_once_there_are_many() {
    let server = fast();
    let client = client(&server);
    for _ in 0..60 {
        let reply = server.call_outside(
            &caller(),
            "AllocateAddress",
            [("Domain".to_owned(), "vpc".to_owned())].into_iter().collect(),
        );
        assert_eq!(reply.status, 200, "{}", reply.body);
    }
    let ids: Vec<_> = server.inventory().addresses.into_keys().map(AddressId::new).collect();
    let region = Arc::new(region(&client));
    server.clear_log();
    for ten in ids.chunks(10) {
        let readers = ten.iter().map(|id| {
            let (region, id) = (Arc::clone(&region), id.clone());
            let identity = desired(&[], "x").identity;
            tokio::spawn(async move { region.observe(&identity, &[id], Freshness::Snapshot).await })
        });
        for reader in readers.collect::<Vec<_>>() {
            assert_eq!(reader.await.expect("a reader").expect("an observation").iter().count(), 1);
        }
    }
    let calls = server.log().len();
    assert!(calls <= 2 + NAMED_READS, "{calls} calls for 60 readers");
}

#[tokio::test]
async fn a_change_begins_with_what_is_there_now() {
    let server = fast();
    let client = client(&server);
    let wanted = desired(&["a"], "x");
    let outcome = run(&client, &wanted, &State::new()).await;
    let state = recorded(&wanted, &State::new(), &outcome.observed);
    let ids: Vec<_> = state.keys().cloned().collect();
    let region = region(&client);
    region.observe(&wanted.identity, &ids, Freshness::Snapshot).await.expect("an observation");
    let vpc = server.seed_vpc(&caller()).expect("a network");
    let subnet = vpc.public_subnet_ids["us-east-1a"].clone();
    let parameters = [("SubnetId".to_owned(), subnet), ("AllocationId".to_owned(), ids[0].to_string())];
    let parameters = parameters.into_iter().collect();
    assert_eq!(server.call_outside(&caller(), "CreateNatGateway", parameters).status, 200);
    tokio::time::sleep(Duration::from_millis(50)).await;
    let used = |observed: Observed<Source>| observed.iter().any(|address| !address.users.is_empty());
    let before = region.observe(&wanted.identity, &ids, Freshness::Snapshot).await.expect("an observation");
    assert!(!used(before), "what the snapshot says");
    let now = region.observe(&wanted.identity, &ids, Freshness::Now).await.expect("an observation");
    assert!(used(now), "a gateway of somebody else uses it by now");
}

#[tokio::test]
async fn names_an_address_globally() {
    let server = fast();
    let client = client(&server);
    let name = region(&client).global_id(&AddressId::new("eipalloc-1")).await;
    assert_eq!(name.as_deref(), Some("arn:aws:ec2:us-east-1:123456789012:elastic-ip/eipalloc-1"));
}
