//! Random changes of a pool and its gateways, held to core's rules at every step: what a plan knows is what the apply gives, what it leaves
//! unknown did change or could have, and where the world changed meanwhile the provider says so itself.
//!
//! `EGRESS_SEED` repeats a run, `EGRESS_HISTORIES` sets its size.

mod in_cluster;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use acceptance_tests::cloud::{Cloud, ZONES, instant};
use acceptance_tests::core_driver::{Action, Change, Configuration, Driver, Message, Plan, State};
use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Map, Value as Json, json};
use tfplugin::cty::Value;

use crate::suite::Suite;

const OWNER: &str = "acme-random";
const GATEWAYS: &str = "egress_nat_gateway.prod";
/// As many as take less than a minute in a build without optimisation.
const HISTORIES: u64 = 8;
/// A change is judged by the same histories as the one before, unless `EGRESS_SEED` says otherwise.
const SEED: u64 = 667_192_663;
const STEPS: usize = 5;
const KEYS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

pub(crate) fn add_to(suite: &mut Suite) {
    suite.with_provider("random_changes::plans_are_exact", plans_are_exact);
    suite.with_provider("random_changes::plans_in_a_cluster_are_exact", in_cluster::plans_are_exact);
}

/// A generator of random numbers (`xorshift64*`), so that a seed repeats a run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(high).unwrap_or(0) % limit
    }

    /// Once in so many times.
    fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }
}

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn plans_are_exact(binary: &Path) -> Result<()> {
    let seed = setting("EGRESS_SEED").unwrap_or(SEED).max(1);
    let histories = setting("EGRESS_HISTORIES").unwrap_or(HISTORIES);
    let begun = Instant::now();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let tally = runtime.block_on(async {
        let mut tally = Tally::default();
        for number in 0..histories {
            let seed = seed.wrapping_add(number.wrapping_mul(0x9e37_79b9_7f4a_7c15)).max(1);
            history(binary, seed, &mut tally)
                .await
                .with_context(|| format!("EGRESS_SEED={seed} EGRESS_HISTORIES=1"))?;
        }
        anyhow::Ok(tally)
    })?;
    println!("{histories} histories from seed {seed}: {tally:?}, {:.1} s", begun.elapsed().as_secs_f64());
    ensure!(tally.applied > 0 && tally.known > 0, "nothing was tried: {tally:?}");
    Ok(())
}

/// What was seen.
#[derive(Debug, Default)]
struct Tally {
    /// Plans that were applied.
    applied: usize,
    /// Plans that the provider refused.
    refused: usize,
    /// Applies that the provider refused or that failed.
    failed: usize,
    /// Known values of gateways and addresses in plans.
    known: usize,
    /// Unknown ones.
    unknown: usize,
}

/// What the configuration says.
#[derive(Clone, Debug)]
struct Draft {
    keys: Vec<&'static str>,
    zones: [Option<Zone>; 2],
    tags: usize,
    destinations: usize,
    tag_of_pool: usize,
}

#[derive(Clone, Debug)]
struct Zone {
    addresses: Vec<&'static str>,
    primary: bool,
    other_subnet: bool,
    tables: usize,
    tags: usize,
}

fn draw(random: &mut Random) -> Draft {
    let mut free: Vec<&str> = KEYS.iter().copied().filter(|_| !random.once_in(3)).collect();
    if free.len() < 2 {
        free = KEYS[..2].to_vec();
    }
    let keys = free.clone();
    let zone = |random: &mut Random, free: &mut Vec<&'static str>| {
        if random.once_in(6) || free.is_empty() {
            return None;
        }
        let count = 1 + random.below(free.len().min(3));
        let addresses = (0..count).filter_map(|_| {
            let index = if free.is_empty() { return None } else { random.below(free.len()) };
            Some(free.remove(index))
        });
        let addresses = addresses.collect();
        let (primary, other_subnet) = (random.once_in(3), random.once_in(3));
        Some(Zone { addresses, primary, other_subnet, tables: random.below(4), tags: random.below(3) })
    };
    let mut zones = [zone(random, &mut free), None];
    zones[1] = zone(random, &mut free);
    Draft { keys, zones, tags: random.below(3), destinations: random.below(3), tag_of_pool: random.below(3) }
}

/// What of a draft changes in one step.
fn redraw(random: &mut Random, before: &Draft) -> Draft {
    let other = draw(random);
    match random.below(4) {
        0 => Draft { tags: other.tags, tag_of_pool: other.tag_of_pool, ..before.clone() },
        1 => Draft { destinations: other.destinations, ..before.clone() },
        _ => other,
    }
}

fn tags(generation: usize) -> Json {
    if generation == 0 { Json::Null } else { json!({ "generation": generation.to_string() }) }
}

fn document(cloud: &Cloud, others: &BTreeMap<&str, String>, draft: &Draft) -> Json {
    let id = |key: &&str| format!("${{egress_ip_pool.partners.ids[\"{key}\"]}}");
    let addresses: Map<String, Json> =
        draft.keys.iter().map(|key| ((*key).to_owned(), json!({ "new": true }))).collect();
    let tables: Vec<&str> = ZONES.iter().map(|zone| cloud.route_table(zone)).collect();
    let zones = ZONES.iter().zip(&draft.zones).enumerate().filter_map(|(index, (zone, drawn))| {
        let drawn = drawn.as_ref()?;
        // Its own table, none, or also that of a zone without a gateway.
        let alone = draft.zones.iter().flatten().count() == 1;
        let named = match drawn.tables {
            0 => Vec::new(),
            1 if alone => tables.clone(),
            _ => vec![tables[index]],
        };
        let subnet = if drawn.other_subnet { others[zone].as_str() } else { cloud.subnet(zone) };
        let body = json!({
            "subnet_id": subnet,
            "addresses": drawn.addresses.iter().map(id).collect::<Vec<_>>(),
            "primary_address": drawn.primary.then(|| id(&drawn.addresses[0])),
            "route_table_ids": named,
            "tags": tags(drawn.tags),
        });
        Some(((*zone).to_owned(), body))
    });
    let zones: Map<String, Json> = zones.collect();
    let destinations = [json!(["0.0.0.0/0"]), json!(["203.0.113.0/24"]), json!(["0.0.0.0/0", "203.0.113.0/24"])];
    let mut resources = json!({
        "egress_ip_pool": { "partners": {
            "name": "partners", "addresses": addresses, "aws": {}, "on_ip_change": "warn",
            "release_policy": "release", "tags": tags(draft.tag_of_pool),
        } },
    });
    if !zones.is_empty() {
        let aws = json!({ "zones": zones, "drain_seconds": 1, "destination_cidrs": destinations[draft.destinations] });
        resources["egress_nat_gateway"] =
            json!({ "prod": { "name": "prod", "aws": aws, "on_interruption": "warn", "tags": tags(draft.tags) } });
    }
    json!({ "provider": { "egress": { "owner": OWNER, "aws": cloud.provider_aws() } }, "resource": resources })
}

/// Another public subnet in each zone.
fn other_subnets(cloud: &Cloud) -> Result<BTreeMap<&'static str, String>> {
    let mut others = BTreeMap::new();
    for (zone, block) in ZONES.iter().zip(["10.0.240.0/24", "10.0.241.0/24"]) {
        let subnet = [("VpcId", cloud.vpc.vpc_id.as_str()), ("CidrBlock", block), ("AvailabilityZone", zone)];
        let reply = cloud.call("CreateSubnet", &subnet)?;
        let id = reply.split("<subnetId>").nth(1).and_then(|rest| rest.split('<').next()).context("no subnet")?;
        let table = cloud.vpc.public_route_table_id.as_str();
        cloud.call("AssociateRouteTable", &[("RouteTableId", table), ("SubnetId", id)])?;
        others.insert(*zone, id.to_owned());
    }
    Ok(others)
}

/// Something that somebody else does.
fn disturb(random: &mut Random, cloud: &Cloud) -> Result<()> {
    let inventory = cloud.server.inventory();
    let live: Vec<(&String, _)> = inventory.live_nat_gateways().collect();
    if live.is_empty() {
        return Ok(());
    }
    let (id, gateway) = live[random.below(live.len())];
    let table = cloud.route_table(ZONES[random.below(2)]);
    let route = [("RouteTableId", table), ("DestinationCidrBlock", "0.0.0.0/0")];
    let has_route = inventory.route_tables[table].routes.contains_key("0.0.0.0/0");
    match random.below(4) {
        0 => _ = cloud.call("DeleteNatGateway", &[("NatGatewayId", id)])?,
        1 if has_route => _ = cloud.call("DeleteRoute", &route)?,
        2 if has_route => _ = cloud.call("ReplaceRoute", &[&route[..], &[("NatGatewayId", id)]].concat())?,
        _ => {
            let key = if gateway.tags.contains_key("generation") { "generation" } else { "egress-name" };
            cloud.call("DeleteTags", &[("ResourceId.1", id), ("Tag.1.Key", key)])?;
        }
    }
    Ok(())
}

async fn history(binary: &Path, seed: u64, tally: &mut Tally) -> Result<()> {
    let random = &mut Random(seed);
    let cloud = Cloud::start(instant())?;
    let others = other_subnets(&cloud)?;
    let driver = Driver::new(binary, cloud.environment()).await?;
    let mut state = State::default();
    let mut draft = draw(random);
    for step in 0..STEPS {
        let document = document(&cloud, &others, &draft);
        let configuration = Configuration::parse(&document)?;
        let context = || format!("step {step}: {document:#}");
        if step > 0 && random.once_in(4) {
            disturb(random, &cloud)?;
        }
        let plan = driver.plan(&configuration, &state).await.with_context(context)?;
        plain(&plan.messages).with_context(context)?;
        if plan.failed() {
            tally.refused += 1;
        } else if !plan.is_empty() {
            count(&plan, tally);
            let between = random.once_in(4);
            if between {
                disturb(random, &cloud)?;
            }
            let applied = driver.apply(&configuration, &plan).await.with_context(context)?;
            plain(&applied.messages).with_context(context)?;
            if applied.failed() {
                tally.failed += 1;
                ensure!(between, "{:#?} in {}", applied.messages, context());
            } else {
                tally.applied += 1;
                needed(&plan, &applied.state).with_context(context)?;
            }
            state = applied.state;
            settle(&driver, &configuration, &mut state, between).await.with_context(context)?;
        }
        draft = redraw(random, &draft);
    }
    let configuration = Configuration::parse(&document(&cloud, &others, &draft))?.without_resources();
    let plan = driver.plan(&configuration, &state).await?.accepted().context("the destroy")?;
    let applied = driver.apply(&configuration, &plan).await?.succeeded().context("the destroy")?;
    ensure!(applied.is_empty(), "{applied:?}");
    let left = cloud.footprint();
    ensure!(left.is_empty(), "{left:#?} is left");
    Ok(())
}

/// Plans until nothing is to be done: once, or twice where somebody else changed something, or a pool releases what a gateway let go of.
async fn settle(driver: &Driver, configuration: &Configuration, state: &mut State, disturbed: bool) -> Result<()> {
    for _ in 0..3 {
        let plan = driver.plan(configuration, state).await?;
        plain(&plan.messages)?;
        if plan.is_empty() || plan.failed() {
            ensure!(disturbed || !plan.failed(), "{:#?}", plan.messages);
            return Ok(());
        }
        let only_releases = plan
            .changes
            .iter()
            .all(|change| change.action == Action::NoOp || change.address.type_name == "egress_ip_pool");
        ensure!(disturbed || only_releases, "the second plan is not empty: {:#?}", plan.changes);
        let applied = driver.apply(configuration, &plan).await?;
        plain(&applied.messages)?;
        *state = applied.state;
    }
    bail!("there is always something more to do")
}

/// What went wrong is said in the provider's own words: none of it is a bug.
fn plain(messages: &[Message]) -> Result<()> {
    for message in messages {
        ensure!(!message.detail.contains("bug") && !message.summary.contains("bug"), "{message}");
    }
    Ok(())
}

/// The parts of gateways in a value, by key and attribute.
fn parts(value: &Value) -> BTreeMap<(String, String), Value> {
    let gateways = value.get("gateways").and_then(Value::as_map).into_iter().flatten();
    let parts = gateways.flat_map(|(key, gateway)| {
        let parts = gateway.as_object().into_iter().flatten();
        parts.map(|(name, part)| ((key.clone(), name.clone()), part.clone())).collect::<Vec<_>>()
    });
    parts.collect()
}

fn of_gateways(plan: &Plan) -> Option<&Change> {
    plan.changes.iter().find(|change| change.address.to_string() == GATEWAYS)
}

fn count(plan: &Plan, tally: &mut Tally) {
    for part in of_gateways(plan).map(|change| parts(&change.planned)).unwrap_or_default().into_values() {
        if part.is_wholly_known() { tally.known += 1 } else { tally.unknown += 1 }
    }
}

/// What was not known of a gateway that was there is another now, or could have become another: an id, and what hangs on it.
fn needed(plan: &Plan, state: &State) -> Result<()> {
    let Some(change) = of_gateways(plan).filter(|change| change.action == Action::Update) else { return Ok(()) };
    let before = parts(&change.prior);
    for ((key, name), planned) in parts(&change.planned) {
        let Some(was) = before.get(&(key.clone(), name.clone())) else { continue };
        let pointer = format!("/gateways/{key}/{name}");
        let now = state.attribute(GATEWAYS, &pointer);
        if name == "id" && planned.is_unknown() {
            // Nobody can know an id of a gateway whose primary address is not known yet.
            let open = !change.planned.get("aws").is_some_and(Value::is_wholly_known);
            ensure!(open || was.as_str() != now.as_str(), "{pointer} was not known, and stayed {now}");
        }
    }
    Ok(())
}
