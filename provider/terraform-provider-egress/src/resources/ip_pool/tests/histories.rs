//! Random histories of a configuration: blocks come and go, are renamed with and without `moved`, replaced in either order, tainted, moved to
//! another region, and given another owner. After every run that ends with exit status 0, what is in the state exists, and nothing exists
//! that is in no state.

mod core;
mod random;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tfplugin::cty::Value;

use self::core::{Block, Clouds, Command, Ended, State, region_of, run};
use self::random::Random;
use crate::resources::instance::Instance;
use crate::session::Adoption;

const ADDRESSES: [&str; 3] = ["one", "two", "module.three"];
const NAMES: [&str; 2] = ["partners", "customers"];
const REGIONS: [&str; 2] = ["here", "there"];
const KEYS: [&str; 3] = ["a", "b", "c"];
const OWNERS: [&str; 2] = ["acme", "globex"];
/// Of one history.
const RUNS: usize = 5;

/// How many histories, unless `EGRESS_HISTORIES` says otherwise.
const HISTORIES: u64 = 2_000;

/// The seed of the first one, unless `EGRESS_HISTORIES_SEED` says otherwise: a change is judged by the same histories as the one before.
const SEED: u64 = 1_796_049_946_000_000;

/// How the runs ended.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    done: usize,
    refused: usize,
    failed: usize,
}

impl Count {
    fn and(self, other: Self) -> Self {
        Self { done: self.done + other.done, refused: self.refused + other.refused, failed: self.failed + other.failed }
    }
}

fn some_block(random: &mut Random) -> Block {
    Block {
        name: random.pick(&NAMES),
        region: random.pick(&REGIONS),
        keys: KEYS.into_iter().filter(|_| random.once_in(2)).collect(),
        create_first: random.once_in(2),
    }
}

/// The command after this one.
fn next(before: &Command, state: &mut State, random: &mut Random) -> Command {
    let mut now = Command { moved: Vec::new(), replace: BTreeSet::new(), ..before.clone() };
    now.adoption = random.pick(&[Adoption::Recent, Adoption::Recent, Adoption::Automatic]);
    if random.once_in(8) {
        now.owner = random.pick(&OWNERS);
    }
    for address in ADDRESSES {
        let Some(block) = now.blocks.get(address).cloned() else {
            if random.once_in(3) {
                now.blocks.insert(address.to_owned(), some_block(random));
            }
            continue;
        };
        match random.below(12) {
            0 => _ = now.blocks.remove(address),
            1 | 2 => {
                // Renamed.
                let to = random.pick(&ADDRESSES);
                if !now.blocks.contains_key(to) {
                    now.blocks.remove(address);
                    now.blocks.insert(to.to_owned(), block);
                    if random.once_in(2) {
                        now.moved.push((address.to_owned(), to.to_owned()));
                    }
                }
            }
            3 => _ = now.blocks.insert(address.to_owned(), Block { region: random.pick(&REGIONS), ..block }),
            4 => _ = now.blocks.insert(address.to_owned(), Block { name: random.pick(&NAMES), ..block }),
            5 => _ = now.blocks.insert(address.to_owned(), Block { keys: some_block(random).keys, ..block }),
            6 => _ = now.blocks.insert(address.to_owned(), Block { create_first: !block.create_first, ..block }),
            7 | 8 => _ = now.replace.insert(address.to_owned()),
            9 => {
                if let Some(stored) = state.current.get_mut(address) {
                    stored.tainted = true;
                }
            }
            _ => {}
        }
    }
    now
}

/// What exists with an identity of these configurations: region and id, with the owner, pool, key and holder that it carries.
fn there(clouds: &Clouds) -> BTreeMap<(String, String), [String; 4]> {
    let mut there = BTreeMap::new();
    for (region, cloud) in clouds {
        for address in cloud.addresses() {
            let Some(mark) = address.mark else { continue };
            let holder = mark.holder.map(|holder| holder.to_string()).unwrap_or_default();
            let carried =
                [mark.identity.owner.to_string(), mark.identity.name.to_string(), mark.key.to_string(), holder];
            there.insert(((*region).to_owned(), address.id.to_string()), carried);
        }
    }
    there
}

/// What a state says exists, in the same form.
fn recorded(state: &State, owner: &str, seed: u64) -> BTreeMap<(String, String), [String; 4]> {
    let mut recorded = BTreeMap::new();
    for (address, stored) in &state.current {
        let holder = Instance::of(&stored.private).holder.map(|holder| holder.to_string()).unwrap_or_default();
        let region = region_of(&stored.value).expect("a region").to_owned();
        let name = stored.value.get("name").and_then(Value::as_str).expect("a name").to_owned();
        for (key, id) in stored.value.get("ids").and_then(Value::as_map).into_iter().flatten() {
            let id = id.as_str().expect("an id").to_owned();
            let carried = [owner.to_owned(), name.clone(), key.clone(), holder.clone()];
            let twice = recorded.insert((region.clone(), id), carried);
            assert_eq!(twice, None, "seed {seed}: {address} and another resource have one address");
        }
    }
    recorded
}

async fn history(seed: u64, count: &mut Count) {
    let mut random = Random::new(seed);
    let clouds: Clouds = REGIONS.into_iter().map(|region| (region, Arc::default())).collect();
    let mut state = State::default();
    let mut command = Command {
        owner: OWNERS[0],
        adoption: Adoption::Recent,
        blocks: BTreeMap::from([(ADDRESSES[0].to_owned(), some_block(&mut random))]),
        moved: Vec::new(),
        replace: BTreeSet::new(),
    };
    let mut accepted = command.clone();
    for _ in 0..RUNS {
        let (before, was) = (there(&clouds), state.clone());
        match run(&clouds, &mut state, &command, &mut random).await {
            Ended::Done => {
                count.done += 1;
                accepted.clone_from(&command);
                assert_eq!(
                    recorded(&state, command.owner, seed),
                    there(&clouds),
                    "seed {seed}: {command:#?}\n{was:#?}"
                );
                for (address, block) in &command.blocks {
                    let ids = state.current.get(address).and_then(|stored| stored.value.get("ids")?.as_map());
                    let keys: BTreeSet<&str> = ids.into_iter().flatten().map(|(key, _)| key.as_str()).collect();
                    assert_eq!(keys, block.keys, "seed {seed}: {address}");
                }
                // There is nothing left to do.
                let again = Command { moved: Vec::new(), replace: BTreeSet::new(), ..command.clone() };
                let (before, was) = (there(&clouds), state.clone());
                assert_eq!(run(&clouds, &mut state, &again, &mut random).await, Ended::Done, "seed {seed}: {was:#?}");
                assert_eq!(there(&clouds), before, "seed {seed}: the next run");
            }
            Ended::Refused(_) => {
                count.refused += 1;
                assert_eq!(there(&clouds), before, "seed {seed}: a plan changes nothing");
                // The user takes the change back.
                state = was;
            }
            Ended::Failed(_) => {
                count.failed += 1;
                return;
            }
        }
        command = next(&accepted, &mut state, &mut random);
    }
}

/// The histories of every so many seeds.
fn of_every(first: u64, stride: u64, end: u64) -> Count {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let mut count = Count::default();
    let mut seed = first;
    while seed < end {
        runtime.block_on(history(seed, &mut count));
        seed += stride;
    }
    count
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

#[test]
#[allow(clippy::print_stdout, reason = "the seed repeats a failure")]
fn what_a_successful_run_leaves_is_what_the_state_has() {
    let first = number("EGRESS_HISTORIES_SEED").unwrap_or(SEED);
    let histories = number("EGRESS_HISTORIES").unwrap_or(HISTORIES);
    println!("{histories} histories from the seed {first} (EGRESS_HISTORIES, EGRESS_HISTORIES_SEED)");
    let threads = std::thread::available_parallelism().map_or(1, |threads| threads.get() as u64);
    let count = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|worker| scope.spawn(move || of_every(first + worker, threads, first + histories)))
            .collect();
        workers.into_iter().map(|worker| worker.join().expect("no history fails")).fold(Count::default(), Count::and)
    });
    println!("{count:?}");
    let runs = count.done + count.refused + count.failed;
    assert!(count.done * 2 > runs, "most runs are to succeed: {count:?}");
}
