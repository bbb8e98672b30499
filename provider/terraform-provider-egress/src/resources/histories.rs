//! Random histories of a configuration: blocks come and go, are renamed with and without `moved`, replaced in either order, tainted, moved
//! to another place, and given another owner. After every run that ends with exit status 0, what is in the state exists, and nothing exists
//! that is in no state.

mod random;
mod terraform;

use std::collections::{BTreeMap, BTreeSet};

use tfplugin::cty::Value;

use self::random::Random;
use self::terraform::{Ended, State, run};
use crate::resources::instance::Instance;
use crate::resources::registered::{Located, Registered};
use crate::session::Adoption;

const ADDRESSES: [&str; 3] = ["one", "two", "module.three"];
const NAMES: [&str; 2] = ["partners", "customers"];
const OWNERS: [&str; 2] = ["acme", "globex"];
/// Of one history.
const RUNS: usize = 5;

/// The seed of the first one, unless `EGRESS_HISTORIES_SEED` says otherwise: a change is judged by the same histories as the one before.
const SEED: u64 = 1_796_049_946_000_000;

/// What exists, by its place and id: with the owner, the name, the key and the holder that it carries.
pub(crate) type Things = BTreeMap<(String, String), [String; 4]>;

/// A resource type, and what its instances stand for.
pub(crate) trait Subject: Sized {
    /// The resource.
    type Resource: Located;

    /// The places, such as regions: an instance that gets another one is replaced.
    const PLACES: [&'static str; 2];

    /// The keys of its parts.
    const KEYS: &'static [&'static str];

    /// Whether an instance can have no part.
    const CAN_BE_EMPTY: bool;

    /// A world in which there is nothing.
    fn new() -> Self;

    /// The resource in a new process.
    async fn process(&self, owner: &str, adoption: Adoption) -> Registered<Self::Resource>;

    /// What a block says: what it leaves out is null.
    fn written(&self, block: &Block) -> Value;

    /// The place that a value names.
    fn place_of(value: &Value) -> Option<&str>;

    /// The parts that a state has: their keys and ids.
    fn parts(state: &Value) -> Vec<(String, String)>;

    /// What exists with an identity of these configurations.
    fn there(&self) -> Things;
}

/// A block of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) name: &'static str,
    pub(crate) place: &'static str,
    pub(crate) keys: BTreeSet<&'static str>,
    pub(crate) create_first: bool,
}

/// What the user runs Terraform with.
#[derive(Clone, Debug)]
pub(crate) struct Command {
    pub(crate) owner: &'static str,
    pub(crate) adoption: Adoption,
    /// The blocks by address.
    pub(crate) blocks: BTreeMap<String, Block>,
    /// The `moved` blocks.
    pub(crate) moved: Vec<(String, String)>,
    /// What `-replace` names.
    pub(crate) replace: BTreeSet<String>,
}

/// How the runs ended: how often in each way, by the summary of the first error where there is one.
#[derive(Clone, Debug, Default)]
struct Count {
    done: usize,
    refused: BTreeMap<String, usize>,
    failed: BTreeMap<String, usize>,
}

impl Count {
    fn and(mut self, other: Self) -> Self {
        self.done += other.done;
        for (own, others) in [(&mut self.refused, other.refused), (&mut self.failed, other.failed)] {
            for (why, times) in others {
                *own.entry(why).or_default() += times;
            }
        }
        self
    }
}

fn note(ends: &mut BTreeMap<String, usize>, errors: &[String]) {
    let why = errors.first().and_then(|error| error.lines().next()).unwrap_or_default();
    *ends.entry(why.to_owned()).or_default() += 1;
}

fn some_block<S: Subject>(random: &mut Random) -> Block {
    Block {
        name: random.pick(&NAMES),
        place: random.pick(&S::PLACES),
        keys: some_keys::<S>(random),
        create_first: random.once_in(2),
    }
}

fn some_keys<S: Subject>(random: &mut Random) -> BTreeSet<&'static str> {
    let mut keys: BTreeSet<_> = S::KEYS.iter().copied().filter(|_| random.once_in(2)).collect();
    if keys.is_empty() && !S::CAN_BE_EMPTY {
        keys.insert(random.pick(S::KEYS));
    }
    keys
}

/// The command after this one.
fn next<S: Subject>(before: &Command, state: &mut State, random: &mut Random) -> Command {
    let mut now = Command { moved: Vec::new(), replace: BTreeSet::new(), ..before.clone() };
    now.adoption = random.pick(&[Adoption::Recent, Adoption::Recent, Adoption::Automatic]);
    if random.once_in(8) {
        now.owner = random.pick(&OWNERS);
    }
    for address in ADDRESSES {
        let Some(block) = now.blocks.get(address).cloned() else {
            if random.once_in(3) {
                now.blocks.insert(address.to_owned(), some_block::<S>(random));
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
            3 => _ = now.blocks.insert(address.to_owned(), Block { place: random.pick(&S::PLACES), ..block }),
            4 => _ = now.blocks.insert(address.to_owned(), Block { name: random.pick(&NAMES), ..block }),
            5 => _ = now.blocks.insert(address.to_owned(), Block { keys: some_block::<S>(random).keys, ..block }),
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

/// What a state says exists.
fn recorded<S: Subject>(state: &State, owner: &str, seed: u64) -> Things {
    let mut recorded = BTreeMap::new();
    for (address, stored) in &state.current {
        let holder = Instance::of(&stored.private).holder.map(|holder| holder.to_string()).unwrap_or_default();
        let place = S::place_of(&stored.value).expect("a place").to_owned();
        let name = stored.value.get("name").and_then(Value::as_str).expect("a name").to_owned();
        for (key, id) in S::parts(&stored.value) {
            let carried = [owner.to_owned(), name.clone(), key, holder.clone()];
            let twice = recorded.insert((place.clone(), id.clone()), carried);
            assert_eq!(twice, None, "seed {seed}: {address} and another resource have {id}");
        }
    }
    recorded
}

async fn history<S: Subject>(seed: u64, count: &mut Count) {
    let mut random = Random::new(seed);
    let subject = S::new();
    let mut state = State::default();
    let mut command = Command {
        owner: OWNERS[0],
        adoption: Adoption::Recent,
        blocks: BTreeMap::from([(ADDRESSES[0].to_owned(), some_block::<S>(&mut random))]),
        moved: Vec::new(),
        replace: BTreeSet::new(),
    };
    let mut accepted = command.clone();
    for _ in 0..RUNS {
        let (before, was) = (subject.there(), state.clone());
        match run(&subject, &mut state, &command, &mut random).await {
            Ended::Done => {
                count.done += 1;
                accepted.clone_from(&command);
                assert_eq!(
                    recorded::<S>(&state, command.owner, seed),
                    subject.there(),
                    "seed {seed}: {command:#?}\n{was:#?}"
                );
                for (address, block) in &command.blocks {
                    let parts = state.current.get(address).map(|stored| S::parts(&stored.value)).unwrap_or_default();
                    let keys: BTreeSet<&str> = parts.iter().map(|(key, _)| key.as_str()).collect();
                    assert_eq!(keys, block.keys, "seed {seed}: {address}");
                }
                // There is nothing left to do.
                let again = Command { moved: Vec::new(), replace: BTreeSet::new(), ..command.clone() };
                let (before, was) = (subject.there(), state.clone());
                assert_eq!(run(&subject, &mut state, &again, &mut random).await, Ended::Done, "seed {seed}: {was:#?}");
                assert_eq!(subject.there(), before, "seed {seed}: the next run");
            }
            Ended::Refused(errors) => {
                note(&mut count.refused, &errors);
                assert_eq!(subject.there(), before, "seed {seed}: a plan changes nothing");
                // The user takes the change back.
                state = was;
            }
            Ended::Failed(errors) => {
                note(&mut count.failed, &errors);
                return;
            }
        }
        command = next::<S>(&accepted, &mut state, &mut random);
    }
}

/// The histories of every so many seeds.
fn of_every<S: Subject>(first: u64, stride: u64, end: u64) -> Count {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut count = Count::default();
    let mut seed = first;
    while seed < end {
        runtime.block_on(history::<S>(seed, &mut count));
        seed += stride;
    }
    count
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// Plays the history of a seed with which there once was a fault.
pub(crate) fn assert_history<S: Subject>(seed: u64) {
    of_every::<S>(seed, 1, seed + 1);
}

/// Draws and plays histories, so many unless `EGRESS_HISTORIES` says otherwise.
#[allow(clippy::print_stdout, reason = "the seed repeats a failure")]
pub(crate) fn assert_histories<S: Subject>(histories: u64) {
    let first = number("EGRESS_HISTORIES_SEED").unwrap_or(SEED);
    let histories = number("EGRESS_HISTORIES").unwrap_or(histories);
    println!("{histories} histories from the seed {first} (EGRESS_HISTORIES, EGRESS_HISTORIES_SEED)");
    let threads = std::thread::available_parallelism().map_or(1, |threads| threads.get() as u64);
    let count = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|worker| scope.spawn(move || of_every::<S>(first + worker, threads, first + histories)))
            .collect();
        workers.into_iter().map(|worker| worker.join().expect("no history fails")).fold(Count::default(), Count::and)
    });
    println!("{count:#?}");
    let others: usize = count.refused.values().chain(count.failed.values()).sum();
    assert!(count.done > others, "most runs are to succeed: {count:#?}");
}
