//! Two states that one owner applies at once, in processes that know nothing of each other: each has a pool and a gateway, in one
//! network, with routes in one table.

use std::path::Path;

use acceptance_tests::cloud::{Cloud, ZONES};
use acceptance_tests::core_driver::{Configuration, Driver, State};
use acceptance_tests::crash_safety::World;
use acceptance_tests::crash_safety::side_by_side::{Side, apply_side_by_side, expect_mingled};
use anyhow::{Context as _, Result, ensure};
use serde_json::{Map, Value as Json, json};
use stand_in_cloud::ec2::Timings;

use crate::suite::Suite;

const OWNER: &str = "acme-side-by-side";
/// Long enough that no pause of this machine's scheduler puts one apply behind the other.
const LATENCY_MS: u64 = 30;

pub(crate) fn add_to(suite: &mut Suite) {
    suite.with_provider("side_by_side::two_gateways_in_one_route_table", two_gateways_in_one_route_table);
}

/// What distinguishes the states.
struct Part {
    name: &'static str,
    zone: &'static str,
    /// The destinations that are routed first, and then.
    destinations: [&'static str; 2],
}

const PARTS: [Part; 2] = [
    Part { name: "harbour", zone: ZONES[0], destinations: ["203.0.113.0/24", "203.0.113.0/25"] },
    Part { name: "airport", zone: ZONES[1], destinations: ["198.51.100.0/24", "198.51.100.0/25"] },
];

/// How far a state has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Create,
    /// One more address, and another destination.
    Change,
    Destroy,
}

fn configuration(cloud: &Cloud, part: &Part, step: Step) -> Result<Configuration> {
    let (keys, destination) = match step {
        Step::Create | Step::Destroy => (&["a"][..], part.destinations[0]),
        Step::Change => (&["a", "b"][..], part.destinations[1]),
    };
    let addresses: Map<String, Json> = keys.iter().map(|key| ((*key).to_owned(), json!({ "new": true }))).collect();
    let ids: Vec<String> = keys.iter().map(|key| format!("${{egress_ip_pool.own.ids[\"{key}\"]}}")).collect();
    let zone = json!({
        "subnet_id": cloud.subnet(part.zone),
        "primary_address": ids[0],
        "addresses": ids,
        "route_table_ids": [cloud.route_table(ZONES[0])],
    });
    let aws = json!({ "zones": { part.zone: zone }, "destination_cidrs": [destination], "drain_seconds": 1 });
    let document = json!({
        "provider": { "egress": cloud.provider_block(OWNER) },
        "resource": {
            "egress_ip_pool": { "own": {
                "name": part.name, "addresses": addresses, "aws": {}, "on_ip_change": "warn", "release_policy": "release",
            } },
            "egress_nat_gateway": { "own": { "name": part.name, "on_interruption": "warn", "aws": aws } },
        },
    });
    let configuration = Configuration::parse(&document)?;
    Ok(if step == Step::Destroy { configuration.without_resources() } else { configuration })
}

fn two_gateways_in_one_route_table(binary: &Path) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let cloud = Cloud::start(Timings { latency_ms: LATENCY_MS, ..Timings::fast() })?;
        let driver = Driver::new(binary, cloud.environment()).await?;
        let empty = cloud.snapshot();
        let mut alone = Vec::new();
        for step in [Step::Create, Step::Change] {
            let mut egress = Vec::new();
            for part in &PARTS {
                cloud.restore(&empty);
                driver.converge(&configuration(&cloud, part, step)?, &State::default()).await?;
                egress.extend(cloud.egress());
            }
            egress.sort();
            alone.push(egress);
        }
        alone.push(Vec::new());

        cloud.restore(&empty);
        let begin = |part: &Part| -> Result<Side> {
            let configuration = configuration(&cloud, part, Step::Create)?;
            Ok(Side { word: part.name, configuration, state: State::default() })
        };
        let mut sides = PARTS.iter().map(begin).collect::<Result<Vec<_>>>()?;
        for (step, alone) in [Step::Create, Step::Change, Step::Destroy].into_iter().zip(alone) {
            for (side, part) in sides.iter_mut().zip(&PARTS) {
                side.configuration = configuration(&cloud, part, step)?;
            }
            apply_side_by_side(&driver, &mut sides).await.with_context(|| format!("{step:?}"))?;
            if step == Step::Create {
                expect_mingled(&cloud, &sides)?;
            }
            let egress = cloud.egress();
            ensure!(egress == alone, "{step:?}: there is {egress:#?}, and each alone makes {alone:#?}");
        }
        Ok(())
    })
}
