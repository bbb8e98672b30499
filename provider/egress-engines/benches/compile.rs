//! How many objects one core compiles in a second: `cargo bench -p egress-engines`. Fails when the target is missed.
//!
//! The policies are those of the golden files, on every engine that takes them. One thread, and the time that it had a core for
//! (`/proc/thread-self/schedstat` on Linux, else wall-clock time), in the best of several rounds: what else the machine does only
//! adds to it.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a bench's figures are its output")]

#[path = "../tests/engines/cases.rs"]
mod cases;
#[path = "../tests/engines/written.rs"]
mod written;

use std::hint::black_box;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use egress_engines::{Compiled, ENGINES, Engine, Manifest, Settings};
use egress_model::cidr::Cidr;
use egress_model::cidr::set::subtract;
use egress_model::policy::{Peers, Policy, RuleSpec, Spec};

/// Objects per second that compiling must reach, with their text and without.
const TARGET: f64 = 100_000.0;

const ROUNDS: usize = 20;

/// How long a round is at least, so that the clock's resolution does not matter.
const ROUND: Duration = Duration::from_millis(100);

fn main() -> ExitCode {
    // `cargo bench` says so; `cargo test` only wants to know that this runs.
    let measures = std::env::args().any(|argument| argument == "--bench");
    let settings = Settings::default();
    let all: Vec<Policy> = cases::all().iter().map(|(_, spec)| Policy::parse(spec).expect("a policy")).collect();
    let pairs = all.iter().flat_map(|policy| ENGINES.iter().map(move |engine| (engine, policy)));
    let taken: Vec<(&Engine, &Policy)> =
        pairs.filter(|(engine, policy)| !(engine.compile)(policy, &settings).manifests.is_empty()).collect();
    let compile = |(engine, policy): &(&Engine, &Policy)| (engine.compile)(black_box(policy), &settings);
    let silent = |compiled: &Compiled| compiled.manifests.len();
    let written = |compiled: &Compiled| {
        black_box(compiled.manifests.iter().map(Manifest::to_yaml).map(|text| text.len()).sum::<usize>());
        compiled.manifests.len()
    };
    if !measures {
        let objects: usize = taken.iter().map(|pair| written(&compile(pair))).sum();
        println!("{} policies became {objects} objects; not measured: run cargo bench", taken.len());
        return ExitCode::SUCCESS;
    }
    subtraction(EXCEPTIONS);
    if !(difference(EXCEPTIONS) & exceptions(&settings, EXCEPTIONS)) {
        eprintln!("something takes longer than {PATIENCE:?} for {EXCEPTIONS} exceptions");
        return ExitCode::FAILURE;
    }
    for engine in ENGINES.iter() {
        let own: Vec<_> = taken.iter().filter(|(of, _)| of.name == engine.name).copied().collect();
        let rate = best(&own, 3, |pair| silent(&compile(pair)));
        println!("  {:<24}{rate:>12.0} objects/s", engine.name.as_str());
    }
    let compiled = best(&taken, ROUNDS, |pair| silent(&compile(pair)));
    let with_text = best(&taken, ROUNDS, |pair| written(&compile(pair)));
    println!("compile:            {compiled:>12.0} objects/s and core, target {TARGET:.0}");
    println!("compile and YAML:   {with_text:>12.0} objects/s and core, target {TARGET:.0}");
    if compiled.min(with_text) < TARGET {
        eprintln!("the target is missed");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// How many exceptions a block has.
const EXCEPTIONS: usize = 5_000;

/// How long an engine may take for a policy with that many. It is the same for all: what grows with their square takes minutes.
const PATIENCE: Duration = Duration::from_secs(2);

/// A policy that allows all addresses of a family but for blocks that are far from each other.
fn with_exceptions(family: &str, count: usize) -> Policy {
    let except = (0..count).map(|index| match family {
        "0.0.0.0/0" => format!("!{}.{}.{}.0/24", 11 + index % 89, index / 89 % 256, index * 7 % 256),
        _ => format!("!2001:db8:{:x}::/64", index * 13),
    });
    let rule = RuleSpec {
        to_cidrs: Some(std::iter::once(family.to_owned()).chain(except).collect()),
        ports: Some(vec!["443".to_owned()]),
        ..RuleSpec::default()
    };
    let spec = Spec {
        name: "exceptions".to_owned(),
        namespace: Some("shop".to_owned()),
        allow: [("rule".to_owned(), rule)].into(),
        ..Spec::default()
    };
    Policy::parse(&spec).expect("a policy")
}

/// What is left of a block without holes, by looking at every hole for every half: what [`Cidr::without`] is measured against.
fn without_by_looking_at_all(block: Cidr, holes: &[Cidr]) -> Vec<Cidr> {
    let inside: Vec<Cidr> = holes.iter().copied().filter(|hole| block.covers(hole)).collect();
    if holes.iter().any(|hole| hole.covers(&block)) {
        return Vec::new();
    }
    if inside.is_empty() {
        return vec![block];
    }
    let halves = block.halves().into_iter().flatten();
    halves.flat_map(|half| without_by_looking_at_all(half, &inside)).collect()
}

/// Times the subtraction alone, both ways.
fn subtraction(count: usize) {
    for family in ["0.0.0.0/0", "::/0"] {
        let policy = with_exceptions(family, count);
        let Some(Peers::Cidrs(set)) = policy.allow.values().next().map(|rule| &rule.to) else { continue };
        for (block, except) in set.blocks() {
            let start = Instant::now();
            let left = black_box(block.without(black_box(&except)));
            let spent = start.elapsed();
            let start = Instant::now();
            let same = black_box(without_by_looking_at_all(black_box(block), &except));
            let square = start.elapsed();
            assert_eq!(left, same, "both ways leave the same");
            println!(
                "  {block} without {count} blocks: {} blocks in {spent:?}; by looking at all: {square:?}",
                left.len()
            );
        }
    }
}

/// Times the difference of two lists of blocks; whether it was fast enough.
fn difference(count: usize) -> bool {
    let mut fast = true;
    for whole in [Cidr::ALL_IPV4, Cidr::ALL_IPV6] {
        let removed: Vec<Cidr> = (0..u32::try_from(count).expect("few blocks"))
            .map(|number| match whole {
                Cidr::ALL_IPV4 => Cidr::of_address(Ipv4Addr::from_bits(number << 19 | 1).into()),
                _ => Cidr::of_address(Ipv6Addr::from_bits(u128::from(number) << 115 | 1).into()),
            })
            .collect();
        let start = Instant::now();
        let left = black_box(subtract(black_box(&[whole]), &removed));
        let spent = start.elapsed();
        println!("  {whole} minus {count} addresses: {} blocks in {spent:?}", left.len());
        fast &= spent < PATIENCE;
    }
    fast
}

/// Times each engine on blocks with very many exceptions; whether all were fast enough.
fn exceptions(settings: &Settings, count: usize) -> bool {
    let mut fast = true;
    for family in ["0.0.0.0/0", "::/0"] {
        let policy = with_exceptions(family, count);
        for engine in ENGINES.iter() {
            let start = Instant::now();
            let compiled = black_box((engine.compile)(black_box(&policy), settings));
            let spent = start.elapsed();
            println!(
                "  {family} without {count} blocks, {:<24}{:>10.1} ms, {} objects",
                engine.name.as_str(),
                spent.as_secs_f64() * 1e3,
                compiled.manifests.len()
            );
            fast &= spent < PATIENCE;
        }
    }
    fast
}

/// The most objects per second of some rounds.
fn best<T>(of: &[T], rounds: usize, objects: impl Fn(&T) -> usize) -> f64 {
    let round = |_| {
        let (start, busy) = (Instant::now(), on_core());
        let mut count = 0_u32;
        while start.elapsed() < ROUND {
            count += u32::try_from(of.iter().map(&objects).sum::<usize>()).expect("few objects");
        }
        let spent = on_core().zip(busy).map_or_else(|| start.elapsed(), |(now, before)| now.saturating_sub(before));
        f64::from(count) / spent.as_secs_f64()
    };
    (0..rounds).map(round).fold(0.0, f64::max)
}

/// How long this thread had a core for, where the system says so.
fn on_core() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}
