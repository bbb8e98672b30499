//! The driver does what real hosts do: the same configuration gives the same state.

use acceptance_tests::cloud::{Cloud, instant};
use acceptance_tests::core_driver::{Configuration, Driver, State};
use acceptance_tests::crash_safety::World as _;
use acceptance_tests::host::attributes;
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value as Json, json};

use crate::crash_safety::document;
use crate::suite::{Needs, Run, Suite};

pub(crate) fn add_to(suite: &mut Suite) {
    suite.on_each_host("core_driver::agrees_with_a_real_host", Needs::Host, agrees_with_a_real_host);
}

fn agrees_with_a_real_host(run: &Run<'_>) -> Result<()> {
    let cloud = Cloud::start(instant())?;
    let start = cloud.snapshot();
    let documents =
        [document(&cloud, &["a", "b"], [&["a"], &["b"]]), document(&cloud, &["a", "b", "c"], [&["a", "c"], &["b"]])];
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let driven = runtime.block_on(async {
        let driver = Driver::new(run.binary, cloud.environment()).await?;
        let mut state = State::default();
        let mut states = Vec::new();
        for document in &documents {
            state = driver.converge(&Configuration::parse(document)?, &state).await?;
            states.push(state.clone());
        }
        anyhow::Ok(states)
    })?;
    cloud.restore(&start);
    let mut workspace = run.workspace()?;
    for (name, value) in cloud.environment() {
        workspace.set(&name.to_string_lossy(), value);
    }
    for (document, driven) in documents.iter().zip(&driven) {
        let mut document = document.clone();
        document["terraform"] =
            json!({ "required_providers": { "egress": { "source": crate::suite::PROVIDER_ADDRESS } } });
        workspace.write_json(&document)?;
        workspace.apply()?;
        workspace.expect_empty_plan()?;
        let state = workspace.state()?;
        for address in ["egress_ip_pool.partners", "egress_nat_gateway.prod"] {
            let object = driven.get(address).with_context(|| format!("the driver has no {address}"))?.json()?;
            let (object, real) = (anonymous(&object), anonymous(attributes(&state, address)));
            ensure!(object == real, "{address}: the driver has {object:#}, {} has {real:#}", run.host.name());
        }
    }
    Ok(())
}

/// The value without what the cloud draws for every object.
fn anonymous(value: &Json) -> Json {
    match value {
        Json::String(text) if ["eipalloc-", "eipassoc-", "nat-", "arn:"].iter().any(|kind| text.starts_with(kind)) => {
            json!("an id")
        }
        Json::String(text) if text.trim_end_matches("/32").parse::<std::net::Ipv4Addr>().is_ok() => json!("an address"),
        Json::Array(elements) => elements.iter().map(anonymous).collect(),
        Json::Object(members) => members.iter().map(|(key, value)| (key.clone(), anonymous(value))).collect(),
        other => other.clone(),
    }
}
