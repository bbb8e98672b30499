//! Resident memory of a provider process after each step of its life.

use std::fs;

use anyhow::{Context as _, Result};
use serde_json::json;
use tfplugin_proto::tfplugin6::get_provider_schema;

use super::startup::name;
use super::{Options, Report, Row, refresh};
use crate::cloud::{Cloud, instant};
use crate::core_driver::{Configuration, Driver, Process, State};

const AFTER_SCHEMA: u64 = 12;
const CONFIGURED: u64 = 20;
const REFRESHED: u64 = 60;

pub(super) async fn measure(options: &Options, report: &mut Report) -> Result<()> {
    for (index, program) in std::iter::once(&options.provider).chain(&options.peers).enumerate() {
        let process = Process::start(program, &[]).await?;
        let schema = process.client().get_provider_schema(get_provider_schema::Request {}).await?;
        drop(schema);
        let limit = (index == 0).then_some(AFTER_SCHEMA);
        add(report, "memory after the schema", &name(program), resident(process.id())?, limit);
        process.shut_down().await;
    }
    let cloud = Cloud::start(instant())?;
    let driver = Driver::new(&options.provider, cloud.environment()).await?;
    let configuration = Configuration::parse(&json!({
        "provider": { "egress": { "owner": "bench", "aws": cloud.provider_aws() } },
        "resource": { "egress_ip_pool": { "one": { "name": "one", "addresses": { "a": { "new": true } }, "aws": {} } } },
    }))?;
    let provider = driver.provider(&configuration).await?;
    // Planning makes the client: a configured process that was asked nothing has not even that.
    provider.plan(&configuration, &State::default()).await?.accepted()?;
    let name = name(&options.provider);
    add(report, "memory configured, AWS in use", &name, resident(provider.process().id())?, Some(CONFIGURED));
    provider.shut_down().await?;

    let (state, configuration) = refresh::many(&cloud, &driver, options.objects / 2).await?;
    let provider = driver.provider(&configuration).await?;
    let objects = state.0.len();
    provider.refresh_all(&state).await?;
    let what = format!("memory with {objects} objects refreshed");
    add(report, &what, &name, resident(provider.process().id())?, Some(REFRESHED));
    provider.shut_down().await
}

fn add(report: &mut Report, what: &str, subject: &str, resident: Resident, limit: Option<u64>) {
    let Resident { all, anonymous } = resident;
    report.add(Row {
        what: what.to_owned(),
        subject: subject.to_owned(),
        value: format!("{}, {} its own", mebibytes(all), mebibytes(anonymous)),
        p99: String::new(),
        target: limit.map(|limit| (format!("<= {limit} MiB"), all <= limit * 1024)),
    });
}

fn mebibytes(kibibytes: u64) -> String {
    let tenths = kibibytes * 10 / 1024;
    format!("{}.{} MiB", tenths / 10, tenths % 10)
}

/// The resident set in KiB, as the kernel counts it.
#[derive(Clone, Copy)]
struct Resident {
    all: u64,
    /// What no file backs: the rest are pages of the program, which its processes share and the kernel can drop.
    anonymous: u64,
}

fn resident(pid: u32) -> Result<Resident> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).context("resident memory is read from /proc")?;
    let field = |name: &str| -> Result<u64> {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let line = line.with_context(|| format!("the kernel gives no {name}"))?;
        Ok(line.trim().trim_end_matches(" kB").parse()?)
    };
    Ok(Resident { all: field("VmRSS:")?, anonymous: field("RssAnon:")? })
}
