//! Two processes on one router: what each of them makes is there at the end, a thousand times.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;

use super::{destination, identity, key, limits, names, theirs};
use crate::memory::router::api::Nat;
use crate::memory::router::gateways::put;
use crate::memory::router::pools::id_of;
use crate::memory::router::rules::{Observed, with_rules};
use crate::memory::router::{Api, Gateway, Gateways, Router, Rules, Steers};
use crate::memory::served::Random;
use crate::names::part_name;
use crate::{End, Freshness, Reconcile, drive};

/// How many orders in which the processes meet.
const INTERLEAVINGS: u64 = 1000;

/// One resource of the race.
enum Job {
    /// Makes a NAT, or gives one another address.
    Nat(Gateways),
    /// Gives a NAT a rule.
    Rule(Rules),
}

struct Race {
    api: Arc<Api>,
    /// With the process in which each runs: 0 or 1.
    jobs: Vec<(usize, Job)>,
}

fn nat_of(index: usize) -> String {
    part_name(&identity(&format!("nat-{index}")), &key("a"))
}

impl Race {
    /// Two to eight NATs, of which every other is there already and has a policy beside its own resource.
    fn new(seed: u64) -> Self {
        let mut random = Random(seed);
        let nats = 2 + usize::try_from(random.below(7)).expect("a small number");
        let mut side = || usize::from(random.below(2) == 1);
        let of_nat = |index: usize| [format!("ip-{index}-0"), format!("ip-{index}-1"), format!("ip-{index}-2")];
        let own = ["theirs".to_owned(), "theirs-rule".to_owned()];
        let addresses: Vec<String> = (0..nats).flat_map(of_nat).chain(own).collect();
        let api = Arc::new(Api::new(seed, &addresses));
        api.put_nat_outside(theirs());
        let mut jobs = Vec::new();
        for index in 0..nats {
            let [first, second, third] = of_nat(index);
            if index % 2 == 0 {
                let (ips, subnetworks) = (BTreeSet::from([first.clone()]), names(&["a"]));
                api.put_nat_outside(Nat { name: nat_of(index), ips, subnetworks, ..Nat::default() });
                let rules = BTreeMap::from([(destination(index), BTreeSet::from([third]))]);
                jobs.push((side(), Job::Rule(Rules { nat: nat_of(index), rules, recorded: BTreeSet::new() })));
            }
            let addresses = [first, second].iter().map(|name| id_of(name)).collect();
            let wanted = Gateway { subnetworks: names(&["a"]), addresses };
            let gateways = Gateways {
                identity: identity(&format!("nat-{index}")),
                gateways: BTreeMap::from([(key("a"), wanted)]),
                drain: Duration::ZERO,
                draining: BTreeMap::new(),
            };
            jobs.push((side(), Job::Nat(gateways)));
        }
        Self { api, jobs }
    }

    /// How many parts there are to be, and how many of them are not there.
    fn parts(&self) -> (usize, usize) {
        let nats = self.api.nats();
        let find = |name: &str| nats.iter().find(|nat| nat.name == name);
        let is_there = |job: &Job| match job {
            Job::Nat(gateways) => {
                let nat = find(&part_name(&gateways.identity, &key("a")));
                nat.is_some_and(|nat| nat.ips.len() == 2 && nat.drain_ips.is_empty())
            }
            Job::Rule(rules) => find(&rules.nat).is_some_and(|nat| {
                let there: Observed =
                    nat.rules.values().map(|rule| (rule.matches.clone(), rule.active_ips.clone())).collect();
                there == rules.rules
            }),
        };
        let foreign = usize::from(find("theirs") != Some(&theirs()));
        let lost = self.jobs.iter().filter(|(_, job)| !is_there(job)).count();
        (self.jobs.len() + 1, lost + foreign)
    }
}

/// As production does it.
async fn checked(race: &Race) {
    let gateways = [Arc::new(Router::new(&race.api)), Arc::new(Router::new(&race.api))];
    let policies = gateways.each_ref().map(|process| Steers(Arc::clone(process)));
    let runs = race.jobs.iter().map(|(side, job)| {
        let (gateways, policies) = (&gateways[*side], &policies[*side]);
        async move {
            let limits = limits(600);
            let end = match job {
                Job::Nat(desired) => super::apply(gateways, desired, &limits).await,
                Job::Rule(desired) => {
                    let observed = policies.observe(desired, Freshness::Now).await.expect("an observation");
                    drive(policies, desired, observed, &limits).await.end
                }
            };
            assert!(matches!(end, End::Done), "{end:?}");
        }
    });
    runs.collect::<FuturesUnordered<_>>().collect::<()>().await;
}

/// As it is done without a lock and without a second read.
async fn blind(race: &Race) {
    let runs = race.jobs.iter().map(|(_, job)| async move {
        loop {
            let nats = race.api.get_router().await.expect("an answer");
            let changed = match job {
                Job::Nat(desired) => {
                    let name = part_name(&desired.identity, &key("a"));
                    let addresses = desired.gateways[&key("a")].addresses.iter();
                    let addresses = addresses.map(|id| id.rsplit('/').next().expect("a name").to_owned()).collect();
                    put(&nats, &name, &addresses, &names(&["a"]))
                }
                Job::Rule(desired) => {
                    let steps = Steers::plan(desired, &Observed::new());
                    let operation = steps.iter().flatten().next().expect("a step");
                    with_rules(&nats, &desired.nat, operation)
                }
            };
            let Some(changed) = changed else { break };
            // One that is refused, because another change is under way, is made anew.
            if race.api.patch_router(changed).await.is_ok() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(350)).await;
        }
    });
    runs.collect::<FuturesUnordered<_>>().collect::<()>().await;
}

/// All parts and the lost ones of all races.
async fn lost(run: impl AsyncFn(&Race)) -> (usize, usize) {
    let (mut all, mut lost) = (0, 0);
    for seed in 0..INTERLEAVINGS {
        let race = Race::new(seed);
        tokio::time::sleep(Duration::from_secs(1)).await;
        run(&race).await;
        tokio::time::sleep(Duration::from_mins(1)).await;
        let (parts, missing) = race.parts();
        (all, lost) = (all + parts, lost + missing);
    }
    (all, lost)
}

#[tokio::test(start_paused = true)]
async fn no_part_of_a_router_is_lost_between_two_processes() {
    let (parts, lost) = lost(checked).await;
    println!("{INTERLEAVINGS} interleavings: {lost} of {parts} parts were lost");
    assert_eq!(lost, 0);
}

#[tokio::test(start_paused = true)]
async fn parts_are_lost_without_the_lock_and_the_second_read() {
    let (parts, lost) = lost(blind).await;
    println!("{INTERLEAVINGS} interleavings: {lost} of {parts} parts were lost without them");
    assert!(lost > 0, "so the other test can fail");
}
