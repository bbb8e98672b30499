//! Random histories of what lives in a cluster, on an API server in memory: blocks come and go, are renamed with and without `moved`,
//! replaced in either order, tainted, given another name, namespace, engine and owner; some depend on addresses that are not known yet.
//!
//! Every plan is held to core's rules. What is wholly configured is wholly planned. After a run that succeeds, what is in the state
//! exists, nothing exists that is in no state, and the next plan is empty; a plan that is refused has changed nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Instant;

use acceptance_tests::cloud::{Cloud, instant};
use acceptance_tests::core_driver::{Action, Address, Configuration, Driver, Plan, State};
use acceptance_tests::memory_api::MemoryApi;
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value as Json, json};

use super::{Random, SEED, plain, setting};

/// As many as take less than a minute in a build without optimisation.
const HISTORIES: u64 = 15;
const RUNS: usize = 5;
const BLOCKS: [&str; 3] = ["one", "two", "three"];
const NAMES: [&str; 3] = ["p", "q", "p-deny"];
const NAMESPACES: [&str; 2] = ["shop", "billing"];
const OWNERS: [&str; 2] = ["acme", "globex"];
const LABEL: &str = "egress-owner";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Policy,
    Gateway,
    PodNetwork,
}

/// A block of the configuration.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is drawn by itself")]
struct Block {
    kind: Kind,
    name: &'static str,
    namespace: &'static str,
    engine: usize,
    /// What it says beside: its blocks, ports and keys.
    content: usize,
    labels: usize,
    denies: bool,
    renders: bool,
    /// It has an address of the pool, which is not known before that is made.
    waits: bool,
    create_first: bool,
}

/// What the user runs Terraform with.
#[derive(Clone, Debug)]
struct Command {
    owner: &'static str,
    blocks: BTreeMap<&'static str, Block>,
    /// The keys of the pool.
    keys: usize,
    moved: Vec<(Address, Address)>,
    replaced: BTreeSet<&'static str>,
}

/// What was seen.
#[derive(Debug, Default)]
struct Tally {
    done: usize,
    refused: usize,
    failed: usize,
    /// Plans with a value that was not known.
    open: usize,
    /// Objects that were compared with the state.
    objects: usize,
}

pub(super) fn plans_are_exact(binary: &Path) -> Result<()> {
    let seed = setting("EGRESS_SEED").unwrap_or(SEED).max(1);
    let histories = setting("EGRESS_HISTORIES").unwrap_or(HISTORIES);
    let begun = Instant::now();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let tally = runtime.block_on(async {
        let mut tally = Tally::default();
        for number in 0..histories {
            let seed = seed.wrapping_add(number.wrapping_mul(0x9e37_79b9_7f4a_7c15)).max(1);
            let history = history(binary, seed, &mut tally).await;
            history.with_context(|| format!("EGRESS_SEED={seed} EGRESS_HISTORIES=1"))?;
        }
        anyhow::Ok(tally)
    })?;
    println!("{histories} histories from seed {seed}: {tally:?}, {:.1} s", begun.elapsed().as_secs_f64());
    ensure!(tally.done > tally.refused && tally.objects > 0, "most runs are to succeed: {tally:?}");
    Ok(())
}

fn pick<T: Copy>(random: &mut Random, all: &[T]) -> T {
    all[random.below(all.len())]
}

fn some_block(random: &mut Random) -> Block {
    Block {
        kind: pick(random, &[Kind::Policy, Kind::Policy, Kind::Gateway, Kind::PodNetwork]),
        name: pick(random, &NAMES),
        namespace: pick(random, &NAMESPACES),
        engine: random.below(4),
        content: random.below(3),
        labels: random.below(3),
        denies: random.once_in(3),
        renders: random.once_in(6),
        waits: random.once_in(4),
        create_first: random.once_in(2),
    }
}

/// The command after this one.
fn next(before: &Command, state: &mut State, random: &mut Random) -> Command {
    let mut now = Command { moved: Vec::new(), replaced: BTreeSet::new(), ..before.clone() };
    if random.once_in(8) {
        now.owner = pick(random, &OWNERS);
    }
    now.keys = 1 + random.below(2);
    for block in BLOCKS {
        let Some(drawn) = now.blocks.get(block).cloned() else {
            if random.once_in(3) {
                now.blocks.insert(block, some_block(random));
            }
            continue;
        };
        let other = some_block(random);
        match random.below(13) {
            0 => _ = now.blocks.remove(block),
            1 | 2 => {
                let to = pick(random, &BLOCKS);
                if !now.blocks.contains_key(to) {
                    now.blocks.remove(block);
                    if random.once_in(2) {
                        now.moved.push((address(block, &drawn), address(to, &drawn)));
                    }
                    now.blocks.insert(to, drawn);
                }
            }
            3 => _ = now.blocks.insert(block, Block { name: other.name, ..drawn }),
            4 => _ = now.blocks.insert(block, Block { namespace: other.namespace, ..drawn }),
            5 => _ = now.blocks.insert(block, Block { engine: other.engine, ..drawn }),
            6 => _ = now.blocks.insert(block, Block { content: other.content, denies: other.denies, ..drawn }),
            7 => _ = now.blocks.insert(block, Block { labels: other.labels, waits: other.waits, ..drawn }),
            8 => _ = now.blocks.insert(block, Block { create_first: !drawn.create_first, ..drawn }),
            // What is no longer applied is left where it is, so that another tool can have it.
            9 => _ = now.blocks.insert(block, Block { renders: drawn.renders && other.renders, ..drawn }),
            10 => _ = now.replaced.insert(block),
            11 => {
                if let Some(object) = state.0.get_mut(&address(block, &drawn)) {
                    object.tainted = true;
                }
            }
            _ => {}
        }
    }
    now
}

fn address(block: &str, drawn: &Block) -> Address {
    let type_name = match drawn.kind {
        Kind::Policy => "egress_policy",
        Kind::Gateway => "egress_gateway",
        Kind::PodNetwork => "egress_pod_network",
    };
    Address { type_name: type_name.to_owned(), name: block.to_owned() }
}

fn body(drawn: &Block) -> Json {
    let mut body = json!({ "name": drawn.name, "accept_timeout": "0s" });
    if drawn.labels > 0 {
        body["labels"] = json!({ "generation": drawn.labels.to_string() });
    }
    if drawn.renders {
        body["delivery"] = json!("render");
    }
    match drawn.kind {
        Kind::Policy => {
            let cidrs = match (drawn.waits, drawn.content) {
                (true, _) => json!("${egress_ip_pool.partners.cidrs}"),
                (false, 0) => json!(["203.0.113.0/24"]),
                (false, 1) => json!(["203.0.113.0/24", "!203.0.113.128/25"]),
                (false, _) => json!(["198.51.100.0/24", "192.0.2.0/24"]),
            };
            body["namespace"] = json!(drawn.namespace);
            body["engine"] = json!(["network-policy", "cilium", "calico", "antrea"][drawn.engine]);
            body["pods"] = json!({ "match_labels": { "app": "backend" } });
            body["allow"] = json!({ "partner": { "to_cidrs": cidrs, "ports": [(443 + drawn.content).to_string()] } });
            // A NetworkPolicy denies nothing.
            if drawn.denies && drawn.engine > 0 {
                body["deny"] = json!({ "metadata": { "to_cidrs": ["169.254.169.254/32"], "ports": ["80"] } });
            }
        }
        Kind::Gateway => {
            body["namespace"] = json!(drawn.namespace);
            body["engine"] = json!(["cilium", "antrea", "calico-enterprise", "ovn-kubernetes"][drawn.engine]);
            body["sources"] =
                json!({ "shop": { "namespaces": { "names": ["shop"] }, "pods": { "match_labels": { "app": "a" } } } });
            body["ips"] = json!([format!("192.168.1.{}", 10 + drawn.content)]);
            body["nodes"] = json!({ "match_labels": { "egress": "true" } });
            if drawn.waits {
                body["public_ips"] = json!(["${egress_ip_pool.partners.public_ips[\"a\"]}"]);
            }
        }
        Kind::PodNetwork => {
            let config = json!({ "subnet_id": "subnet-0123456789abcdef0", "security_group_ids": [] });
            let keys = [&["a"][..], &["b"], &["a", "c"]][drawn.content];
            let configs: BTreeMap<&str, &Json> = keys.iter().map(|key| (*key, &config)).collect();
            body["eks"] = json!({ "eni_configs": configs });
        }
    }
    body
}

/// What every run of a history needs.
struct World {
    api: MemoryApi,
    cloud: Cloud,
    driver: Driver,
}

impl World {
    fn document(&self, command: &Command) -> Json {
        let keys: BTreeMap<&str, Json> =
            ["a", "b"].into_iter().take(command.keys).map(|key| (key, json!({ "new": true }))).collect();
        let mut resources = json!({
            "egress_ip_pool": { "partners": {
                "name": "partners", "addresses": keys, "aws": {}, "on_ip_change": "warn", "release_policy": "release",
            } },
        });
        for (block, drawn) in &command.blocks {
            let Address { type_name, name } = address(block, drawn);
            resources[type_name][name] = body(drawn);
        }
        json!({
            "provider": { "egress": {
                "owner": command.owner, "aws": self.cloud.provider_aws(),
                "kubernetes": { "config_path": self.api.kubeconfig() },
            } },
            "resource": resources,
        })
    }

    fn configuration(&self, command: &Command) -> Result<Configuration> {
        let mut configuration = Configuration::parse(&self.document(command))?;
        for (block, drawn) in &command.blocks {
            let address = address(block, drawn);
            if command.replaced.contains(block) {
                configuration = configuration.replacing(address.clone());
            }
            if drawn.create_first {
                configuration = configuration.creating_first(address);
            }
        }
        Ok(configuration)
    }

    /// What exists of any owner.
    fn there(&self) -> BTreeMap<String, Json> {
        OWNERS.iter().flat_map(|owner| self.api.labelled(LABEL, owner)).collect()
    }
}

/// The objects that a state says exist.
fn recorded(state: &State) -> Result<BTreeSet<String>> {
    let mut recorded = BTreeSet::new();
    for (address, object) in state.0.iter().filter(|(address, _)| address.type_name != "egress_ip_pool") {
        let json = object.json()?;
        if json["delivery"] == "render" {
            continue;
        }
        for id in json["manifests"].as_object().context("no manifests")?.keys() {
            ensure!(recorded.insert(id.clone()), "{address} and another resource have {id}");
        }
    }
    Ok(recorded)
}

/// Core destroys what is gone from the configuration at any time beside the rest, nothing of which depends on it.
fn destroys_first(plan: &mut Plan) {
    plan.changes.sort_by_key(|change| change.action != Action::Delete);
}

/// Of what is configured wholly, the plan knows everything.
fn knows_what_is_configured(plan: &Plan) -> Result<usize> {
    let mut open = 0;
    for change in plan.changes.iter().filter(|change| change.address.type_name != "egress_ip_pool") {
        let waits = ["allow", "public_ips"]
            .into_iter()
            .any(|name| change.planned.get(name).is_some_and(|part| !part.is_wholly_known()));
        let known = change.planned.is_wholly_known();
        ensure!(known || waits, "{}: a value is not known: {:?}", change.address, change.planned);
        open += usize::from(!known);
    }
    Ok(open)
}

async fn history(binary: &Path, seed: u64, tally: &mut Tally) -> Result<()> {
    let random = &mut Random(seed);
    let cloud = Cloud::start(instant())?;
    let driver = Driver::new(binary, cloud.environment()).await?;
    let world = World { api: MemoryApi::start(&NAMESPACES)?, cloud, driver };
    let mut state = State::default();
    let mut command = Command {
        owner: OWNERS[0],
        blocks: BTreeMap::from([(BLOCKS[0], some_block(random))]),
        keys: 1,
        moved: Vec::new(),
        replaced: BTreeSet::new(),
    };
    let mut accepted = command.clone();
    for run in 0..RUNS {
        let (before, was) = (world.there(), state.clone());
        let context = || format!("run {run}: {command:#?}\nthere was {:#?}", before.keys());
        for (from, to) in &command.moved {
            if let (false, Some(object)) = (state.0.contains_key(to), state.0.remove(from)) {
                state.0.insert(to.clone(), object);
            }
        }
        let configuration = world.configuration(&command)?;
        let mut plan = world.driver.plan(&configuration, &state).await.with_context(context)?;
        plain(&plan.messages).with_context(context)?;
        if plan.failed() {
            tally.refused += 1;
            ensure!(world.there() == before, "a plan changed something: {}", context());
            // The user takes the change back.
            state = was;
            command = next(&accepted, &mut state, random);
            continue;
        }
        tally.open += knows_what_is_configured(&plan).with_context(context)?;
        if random.once_in(2) {
            destroys_first(&mut plan);
        }
        let applied = world.driver.apply(&configuration, &plan).await.with_context(context)?;
        plain(&applied.messages).with_context(context)?;
        if applied.failed() {
            tally.failed += 1;
            return Ok(());
        }
        tally.done += 1;
        state = applied.state;
        let there: BTreeSet<String> = world.there().into_keys().collect();
        let recorded = recorded(&state).with_context(context)?;
        ensure!(there == recorded, "there is {there:#?}, and the state has {recorded:#?}: {}", context());
        tally.objects += there.len();
        accepted.clone_from(&command);
        let again = world.configuration(&Command { replaced: BTreeSet::new(), ..command.clone() })?;
        let plan = world.driver.plan(&again, &state).await.with_context(context)?.accepted().with_context(context)?;
        let more: Vec<_> = plan.changes.iter().filter(|change| change.action != Action::NoOp).collect();
        ensure!(more.is_empty(), "the second plan is not empty: {more:#?} {}", context());
        // Somebody else deletes something, which the next plan sees.
        if random.once_in(5) {
            let (owner, number) = (accepted.owner, random.below(8));
            world.api.delete_labelled(LABEL, owner, number);
        }
        command = next(&accepted, &mut state, random);
    }
    let configuration = world.configuration(&accepted)?.without_resources();
    let plan = world.driver.plan(&configuration, &state).await?.accepted().context("the destroy")?;
    let state = world.driver.apply(&configuration, &plan).await?.succeeded().context("the destroy")?;
    ensure!(state.is_empty() && world.there().is_empty(), "{:#?} is left of {accepted:#?}", world.there().keys());
    Ok(())
}
