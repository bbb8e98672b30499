//! Kills, interrupts and faults at the EC2 calls of creating, changing and destroying a pool with its gateways.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use acceptance_tests::cloud::{Cloud, ZONES, instant};
use acceptance_tests::core_driver::{Configuration, Driver};
use acceptance_tests::crash_safety::{Matrix, Scenario, Tally, World as _};
use anyhow::{Result, ensure};
use serde_json::{Value as Json, json};

use crate::suite::Suite;

pub(crate) const OWNER: &str = "acme-crash";

pub(crate) fn add_to(suite: &mut Suite) {
    suite.with_provider("crash_safety::kill_at_calls_of_a_create", |binary| kill(binary, create));
    suite.with_provider("crash_safety::kill_at_calls_of_a_change", |binary| kill(binary, change));
    suite.with_provider("crash_safety::kill_at_calls_of_a_destroy", |binary| kill(binary, destroy));
    suite.with_provider("crash_safety::kill_at_calls_of_an_exchange", |binary| kill(binary, exchange));
    suite.with_provider("crash_safety::interrupt_at_calls_of_a_create", |binary| interrupt(binary, create));
    suite.with_provider("crash_safety::interrupt_at_calls_of_a_change", |binary| interrupt(binary, change));
    suite.with_provider("crash_safety::interrupt_at_calls_of_a_destroy", |binary| interrupt(binary, destroy));
    suite.with_provider("crash_safety::faults_at_calls_of_a_create", |binary| faults(binary, create));
    suite.with_provider("crash_safety::faults_at_calls_of_a_change", |binary| faults(binary, change));
    suite.with_provider("crash_safety::faults_at_calls_of_a_destroy", |binary| faults(binary, destroy));
    suite.with_provider("crash_safety::lost_state_of_a_create", |binary| lost_writes(binary, create));
    suite.with_provider("crash_safety::lost_state_of_a_change", |binary| lost_writes(binary, change));
}

/// The routes of a policy.
pub(crate) fn add_routes_to(suite: &mut Suite) {
    suite.with_provider("crash_safety::kill_at_calls_of_routes", |binary| kill(binary, routes));
    suite.with_provider("crash_safety::kill_at_calls_of_a_change_of_routes", |binary| kill(binary, reroute));
    suite.with_provider("crash_safety::faults_at_calls_of_routes", |binary| faults(binary, routes));
    suite.with_provider("crash_safety::faults_at_calls_of_a_change_of_routes", |binary| faults(binary, reroute));
    suite.with_provider("crash_safety::faults_at_calls_of_a_removal_of_routes", |binary| faults(binary, unroute));
    suite.with_provider("crash_safety::kill_at_calls_of_a_removal_of_routes", |binary| kill(binary, unroute));
    suite.with_provider("crash_safety::interrupt_at_calls_of_routes", |binary| interrupt(binary, routes));
}

fn kill(binary: &Path, scenario: fn(&Cloud) -> Result<Scenario>) -> Result<()> {
    with_matrix(binary, scenario, async |matrix| {
        report("killed", &matrix.kill().await?);
        Ok(())
    })
}

fn interrupt(binary: &Path, scenario: fn(&Cloud) -> Result<Scenario>) -> Result<()> {
    with_matrix(binary, scenario, async |matrix| {
        report("interrupted", &matrix.interrupt().await?);
        Ok(())
    })
}

fn faults(binary: &Path, scenario: fn(&Cloud) -> Result<Scenario>) -> Result<()> {
    with_matrix(binary, scenario, async |matrix| {
        report("faults", &matrix.faults().await?);
        Ok(())
    })
}

fn lost_writes(binary: &Path, scenario: fn(&Cloud) -> Result<Scenario>) -> Result<()> {
    with_matrix(binary, scenario, async |matrix| {
        let tally = matrix.lost_writes().await?;
        report("lost writes", &tally);
        ensure!(tally.points > 0, "no write was lost");
        Ok(())
    })
}

/// The points of all matrices, those that were met and those that were left out.
static MET: AtomicUsize = AtomicUsize::new(0);
static LEFT_OUT: AtomicUsize = AtomicUsize::new(0);

fn report(what: &str, tally: &Tally) {
    println!("{what}: {tally}");
    MET.fetch_add(tally.points, Ordering::Relaxed);
    LEFT_OUT.fetch_add(tally.left_out, Ordering::Relaxed);
}

/// How many points the matrices met so far, and how many they left out.
pub(crate) fn extent() -> String {
    let (met, left_out) = (MET.load(Ordering::Relaxed), LEFT_OUT.load(Ordering::Relaxed));
    format!("{met} of {} points of crashes", met + left_out)
}

fn with_matrix(
    binary: &Path,
    scenario: fn(&Cloud) -> Result<Scenario>,
    test: impl AsyncFnOnce(&Matrix<'_, Cloud>) -> Result<()>,
) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let cloud = Cloud::start(instant())?;
        let driver = Driver::new(binary, cloud.environment()).await?;
        let matrix = Matrix::record(&cloud, &driver, scenario(&cloud)?).await?;
        let actions: Vec<&str> = matrix.calls().iter().map(|call| call.action.as_str()).collect();
        println!("{} calls on record: {}", actions.len(), actions.join(" "));
        test(&matrix).await
    })
}

fn create(cloud: &Cloud) -> Result<Scenario> {
    Ok(Scenario { before: small(cloud)?.without_resources(), after: small(cloud)?, owner: OWNER })
}

fn change(cloud: &Cloud) -> Result<Scenario> {
    Ok(Scenario { before: small(cloud)?, after: large(cloud)?, owner: OWNER })
}

/// Another primary address in the second zone, for which its gateway gives way to a new one.
fn exchange(cloud: &Cloud) -> Result<Scenario> {
    let exchanged = Configuration::parse(&document(cloud, &["a", "b", "c"], [&["a"], &["c"]]))?;
    let before = Configuration::parse(&document(cloud, &["a", "b", "c"], [&["a"], &["b"]]))?;
    Ok(Scenario { before, after: exchanged, owner: OWNER })
}

fn destroy(cloud: &Cloud) -> Result<Scenario> {
    Ok(Scenario { before: small(cloud)?, after: small(cloud)?.without_resources(), owner: OWNER })
}

/// A policy gets routes through gateways that are there.
fn routes(cloud: &Cloud) -> Result<Scenario> {
    Ok(Scenario { before: routed(cloud, &[])?, after: routed(cloud, &["203.0.113.0/24"])?, owner: OWNER })
}

/// One of two destinations becomes another.
fn reroute(cloud: &Cloud) -> Result<Scenario> {
    let (before, after) = (["203.0.113.0/24", "198.51.100.0/24"], ["203.0.113.0/24", "192.0.2.0/24"]);
    Ok(Scenario { before: routed(cloud, &before)?, after: routed(cloud, &after)?, owner: OWNER })
}

/// The policy goes, the gateways stay.
fn unroute(cloud: &Cloud) -> Result<Scenario> {
    Ok(Scenario { before: routed(cloud, &["203.0.113.0/24"])?, after: routed(cloud, &[])?, owner: OWNER })
}

/// Gateways without a route of their own, and a policy through them unless it points nowhere.
pub(crate) fn routed(cloud: &Cloud, cidrs: &[&str]) -> Result<Configuration> {
    let mut document = document(cloud, &["a", "b"], [&["a"], &["b"]]);
    document["resource"]["egress_nat_gateway"]["prod"]["aws"]["destination_cidrs"] = json!([]);
    if !cidrs.is_empty() {
        let by_zone = |value: &dyn Fn(&str) -> Json| -> serde_json::Map<String, Json> {
            ZONES.iter().map(|zone| ((*zone).to_owned(), value(zone))).collect()
        };
        let tables = by_zone(&|zone| json!({ "route_table_ids": [cloud.route_table(zone)] }));
        let ids = by_zone(&|zone| json!({ "id": format!("${{egress_nat_gateway.prod.gateways[\"{zone}\"].id}}") }));
        let gateway = json!({ "aws": { "zones": tables, "destination_cidrs": [] }, "gateways": ids });
        document["resource"]["egress_policy"] = json!({ "backend": {
            "name": "backend",
            "namespace": "production",
            "allow": { "partner": { "to_cidrs": cidrs, "ports": ["any"] } },
            "via": { "nat_gateway": gateway },
            "delivery": "render",
        } });
    }
    Configuration::parse(&document)
}

/// Two zones, one of them with a secondary address.
pub(crate) fn small(cloud: &Cloud) -> Result<Configuration> {
    Configuration::parse(&document(cloud, &["a", "b", "c"], [&["a"], &["b", "c"]]))
}

/// One more address in the first zone, another instead of the secondary one in the second.
pub(crate) fn large(cloud: &Cloud) -> Result<Configuration> {
    Configuration::parse(&document(cloud, &["a", "b", "c", "d", "e"], [&["a", "d"], &["b", "e"]]))
}

pub(crate) fn document(cloud: &Cloud, keys: &[&str], zones: [&[&str]; 2]) -> Json {
    let addresses: serde_json::Map<String, Json> =
        keys.iter().map(|key| ((*key).to_owned(), json!({ "new": true }))).collect();
    let zones: serde_json::Map<String, Json> = ZONES
        .iter()
        .zip(zones)
        .map(|(zone, keys)| {
            let ids: Vec<String> =
                keys.iter().map(|key| format!("${{egress_ip_pool.partners.ids[\"{key}\"]}}")).collect();
            let body = json!({
                "subnet_id": cloud.subnet(zone),
                "addresses": ids,
                "primary_address": ids[0],
                "route_table_ids": [cloud.route_table(zone)],
            });
            ((*zone).to_owned(), body)
        })
        .collect();
    json!({
        "provider": { "egress": cloud.provider_block(OWNER) },
        "resource": {
            "egress_ip_pool": { "partners": {
                "name": "partners", "addresses": addresses, "aws": {}, "on_ip_change": "warn", "release_policy": "release",
            } },
            "egress_nat_gateway": { "prod": { "name": "prod", "on_interruption": "warn", "aws": {
                "zones": zones, "destination_cidrs": ["0.0.0.0/0"], "drain_seconds": 1,
            } } },
        },
    })
}
